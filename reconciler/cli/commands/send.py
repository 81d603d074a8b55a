"""`reconciler send`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from reconciler.cli import exits, files, terminal, wiring
from reconciler.cli.accounts import PerAccount, verb
from reconciler.cli.common import Common, offering
from reconciler.cli.outputs import running
from reconciler.errors import ReconcilerError, UsageError
from reconciler.language import msg, tr, tr_n
from reconciler.manifests.complaints import did_you_mean, quote
from reconciler.model.messages import MOST_TEXT
from reconciler.report import sending as report
from reconciler.report.escape import for_terminal

if TYPE_CHECKING:
    from reconciler.model.messages import GroupDelivery

EXAMPLES = (
    "reconciler send suporte-campinas 'Bom dia! O plantão de hoje é da Ana.'\n"
    "reconciler send suporte-campinas --file aviso.txt\n"
    "echo 'Voltamos às 14h.' | reconciler send suporte-campinas - --yes\n"
    "reconciler send suporte-campinas Teste --sandbox"
)

_MOST_BYTES = 64 * 1024


@verb("send", EXAMPLES, PerAccount(alone=msg("send writes to a group of one account"), names="name"))
@click.argument("name", shell_complete=offering("groups"))
@click.argument("text", required=False)
@click.option("--file", "file", metavar="FILE", default=None, help=msg("Send the text of this file."))
@click.option("--yes", "-y", is_flag=True, help=msg("Do not ask."))
def command(common: Common, name: str, text: str | None, file: str | None, yes: bool) -> int:
    """Send TEXT to the group that manifest NAME declares; `-` reads it from stdin.

    Everybody in the group is notified, so it asks first, and is never sent twice: after an unclear answer
    look into the group. At most 4,096 characters.
    """
    from reconciler.operations.people import send_to_group

    common.refuse("target")
    common = replace(common, target=(name,))
    terminal.check_can_ask("send", yes=yes)
    words = _words(text, file)  # here, because a signal has to end a read of stdin
    with running(common, "send") as (clock, outputs):
        with wiring.workspace(common, clock) as work:
            names = frozenset(group.name for group in work.loaded.desired.groups)
            if name not in names:
                hint = did_you_mean(name, names) or msg("names are what `name:` in the manifests says")
                raise UsageError(msg("there is no manifest {name}", name=quote(name)), hint)
            redactor = work.redactor()

            def approve(to: GroupDelivery) -> bool:
                if yes:
                    return True
                terminal.say("\n".join(f"  {for_terminal(line)}" for line in words.split("\n")))
                people = tr_n("{n} person", "{n} people", to.people)
                subject = for_terminal(redactor.untrusted(to.subject))
                question = tr(
                    'Send this to "{subject}" ({name}, {people})?', subject=subject, name=name, people=people
                )
                return terminal.ask(question, lambda: clock.stopping)

            sent = send_to_group(
                work.loaded,
                work.store.read(),
                work.options(),
                work.read_ports(),
                text=words,
                send=work.client.writer.send_to_group,
                approve=approve,
            )
        code = exits.of_message(sent)
        outputs.write(report.told_of_message(sent, redactor), code, complete=True)
        return code


def _words(text: str | None, file: str | None) -> str:
    """The text from wherever it comes, without the newlines at its end. Raises `UsageError` for a text that
    cannot be sent."""
    if (text is None) == (file is None):
        raise UsageError(msg("give either TEXT or --file FILE"), msg("`-` as TEXT reads from stdin"))
    if file is not None:
        words = files.read_text(file, _MOST_BYTES)
    elif text == "-":
        words = _from_stdin()
    else:
        words = text or ""
    words = words.replace("\r\n", "\n").rstrip("\n")
    if not words.strip():
        raise UsageError(msg("the text is empty"))
    if len(words) > MOST_TEXT:
        raise UsageError(
            msg(
                "the text has {characters} characters, {most} can be sent",
                characters=len(words),
                most=MOST_TEXT,
            ),
            msg("shorten it"),
        )
    strange = sorted(
        {char for char in words if (ord(char) < 32 and char not in "\n\t") or 0xD800 <= ord(char) < 0xE000}
    )
    if strange:
        raise UsageError(
            msg("the text holds a character that cannot be sent (U+{code:04X})", code=ord(strange[0]))
        )
    return words


def _from_stdin() -> str:
    """Read stdin, which has to be UTF-8. Raises `ReconcilerError` when it is not."""
    try:
        return files.read_stdin(_MOST_BYTES).decode()
    except UnicodeDecodeError:
        raise ReconcilerError(msg("what stands on stdin is no UTF-8 text")) from None
