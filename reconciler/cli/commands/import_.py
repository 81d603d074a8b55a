"""`reconciler import`."""

from __future__ import annotations

from contextlib import nullcontext

import click

from reconciler.cli import exits, loading, wiring
from reconciler.cli.accounts import PerAccount, verb
from reconciler.cli.common import Common, lock_timeout_option
from reconciler.cli.files import find_root
from reconciler.cli.outputs import running
from reconciler.errors import Exit, UsageError
from reconciler.language import msg, msg_p
from reconciler.manifests.complaints import guessed
from reconciler.manifests.output import Output
from reconciler.model.adoption import DEFAULT_FIELDS, IMPORT_FIELDS, ImportField, ImportRequest
from reconciler.model.capabilities import CAPABILITIES, BackendName
from reconciler.report import importing as report
from reconciler.state.memory import MemoryJournal

EXAMPLES = msg(
    "\nreconciler import --all --dry-run           what would be written?\n"
    "reconciler import --all                     a manifest and an icon for every "
    "group that has none\nreconciler import 'Suporte*' 'Vendas*'      those with "
    "such a subject\nreconciler import 5519911112222-1513616971\nreconciler import "
    "--all --contacts          give people who have no alias yet one in "
    "contacts.yaml\nreconciler import --all --fields subject,icon,admins,members\n"
    "reconciler import --moved-from "
    "file:.reconciler/state.json\n                                            the "
    "groups were managed at another service before\n"
)


@verb(
    "import",
    EXAMPLES,
    PerAccount(groups=False, alone=msg("an id or a subject is a group of one account"), when="groups"),
)
@click.argument("groups", nargs=-1, metavar="[ID|SUBJECT]...")
@click.option("--all", "everything", is_flag=True, help=msg("Every live group that has no manifest."))
@click.option(
    "--fields",
    metavar="FIELDS",
    default=",".join(field for field in IMPORT_FIELDS if field in DEFAULT_FIELDS),
    show_default=True,
    help=msg("What the manifests shall manage, of subject, description, icon, permissions, admins, members."),
)
@click.option(
    "--contacts", is_flag=True, help=msg("Add unknown numbers to the contacts, under aliases to be renamed.")
)
@click.option(
    "--moved-from",
    "place",
    metavar="STATE",
    help=msg("The groups that this state of another service or account knows; as `state:` names it."),
)
@click.option("--dry-run", is_flag=True, help=msg("Read and report; write nothing."))
@lock_timeout_option
def command(
    common: Common,
    groups: tuple[str, ...],
    everything: bool,
    fields: str,
    contacts: bool,
    place: str | None,
    dry_run: bool,
    lock_timeout: float,
) -> int:
    """Write manifests and icons for live groups, and bind them in state. No group is changed.

    A group is named by its id, or by its subject, in which * and ? stand for anything. Nothing that is there
    is overwritten. A group that has a manifest keeps it as it is, and is bound if an earlier run was ended
    before that; so it can be run again.

    With --moved-from no manifest is written: those that are there are bound to their groups at this service,
    all or none, with what that state has of people: who came, and who was sent which link when.
    """
    from reconciler.operations.import_ import import_groups
    from reconciler.operations.moving import move_groups

    if everything + bool(groups) + (place is not None) != 1:
        raise UsageError(
            msg("which groups?"), msg("name ids or subjects, or say --all, or --moved-from STATE")
        )
    if place is not None and contacts:
        raise UsageError(
            msg("--contacts: with --moved-from no manifest is written"), msg_p("an option", "leave it out")
        )
    common.refuse("target")
    request = ImportRequest(patterns=groups, everything=everything, fields=_fields(fields), contacts=contacts)
    with running(common, "import") as (clock, outputs):
        with wiring.workspace(common, clock, groups=False) as work:
            _check_fields(request.fields, work.loaded.settings.backend)
            options = work.options()
            moved = None if place is None else work.store.elsewhere(place)
            dry = nullcontext(MemoryJournal(work.store.read())) if dry_run else None
            with dry or work.store.lock(lock_timeout, clock, moving=moved is not None) as journal:
                # another import may have written since
                loaded = loading.load_again(common, clock, work.loaded.settings)
                if moved is not None:
                    result = move_groups(
                        loaded, journal, options, work.read_ports(), moved=moved, dry_run=dry_run
                    )
                else:
                    result = import_groups(
                        loaded,
                        journal,
                        options,
                        work.read_ports(),
                        tree=loading.tree(),
                        output=None if dry_run else Output(find_root(wiring.here())),
                        request=request,
                    )
            told = report.told(result, work.redactor())
        code = exits.of_import(result)
        outputs.write(told, code, complete=code == Exit.OK)
        return code


def _check_fields(fields: frozenset[ImportField], backend: BackendName) -> None:
    """Refuse fields that were asked for by name and that groups of this service do not have."""
    can = CAPABILITIES[backend]
    lacking = {"description": not can.description, "permissions": not can.permissions}
    for field in IMPORT_FIELDS:
        if fields != DEFAULT_FIELDS and field in fields and lacking.get(field):
            raise UsageError(
                msg("--fields: groups have no {field} with {title}", field=field, title=can.title),
                msg("leave {field!r} out", field=field),
            )


def _fields(text: str) -> frozenset[ImportField]:
    given = [word.strip() for word in text.split(",") if word.strip()]
    known = {str(field): field for field in IMPORT_FIELDS}
    for word in given:
        if word not in known:
            raise UsageError(
                msg("--fields: there is no field {word!r:.40}", word=word),
                guessed(word, known, msg("fields: {known}", known=", ".join(known))),
            )
    return frozenset(known[word] for word in given)
