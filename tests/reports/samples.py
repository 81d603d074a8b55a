"""Plans and outcomes made by hand: together they hold every action, change, status and note there is."""

from __future__ import annotations

from datetime import UTC, date, datetime

from reconciler.errors import Complaint, Location, Problem
from reconciler.language import msg, msg_n
from reconciler.model.change import (
    AdoptGroup,
    Affected,
    Change,
    ChangePeople,
    CreateGroup,
    Invite,
    LeaveGroup,
    RevokeLink,
    SetIcon,
    SetValue,
)
from reconciler.model.desired import Icon, Person
from reconciler.model.live import IconMeta, LiveGroup, LiveIcon
from reconciler.model.outcome import ApplyResult, GroupOutcome, Outcome
from reconciler.model.plan import Action, GroupPlan, Note, Objection, Plan, Unmanaged
from reconciler.report.redact import Redactor
from reconciler.report.section import Run

ACCOUNT = "5519911112222"
ANA, BRUNO, CARLOS, STRANGER = "5519900000001", "551990000002", "5519900000006", "5519988887777"
DORA_OLD, DORA = "5519900000004", "5511900000003"

PEOPLE = {
    "ana": Person((ANA,), "ana", "Ana Souza"),
    "bruno": Person(("5519990000002",), "bruno"),
    "carlos": Person((CARLOS,), "carlos"),
    "dora": Person((DORA, DORA_OLD), "dora", "Dora Magalhães"),
}
BY_NUMBER = Person((STRANGER,))
REDACTOR = Redactor(
    aliases={key: person.alias for person in PEOPLE.values() if person.alias for key in person.keys},
    account=frozenset({ACCOUNT}),
)
OPEN_REDACTOR = Redactor(REDACTOR.aliases, REDACTOR.account, show_numbers=True)

LOGO = Icon("icons/marca.png", "9c07" + "0" * 60, "image/png", 640, 640, 41_000)
PHOTO = Icon("icons/café.jpg", "77ab" + "0" * 60, "image/jpeg", 640, 480, 1_234_567)
JOINED, UNLISTED, OUTSIDE = msg("has joined"), msg("not in the manifest"), msg("not in the group")
LEFT = msg("left ({file}:{line})", file="contacts.yaml", line=14)
NOT_READ = Note(msg("could not be read: {texts[0]}"), texts=("HTTP 500: call +55 19 98888-7777 for help",))
ON_HOLD = Note(
    msg("on hold until {until:%Y-%m-%d}: {{texts[0]}}", until=date(2026, 12, 1)), texts=("Black Friday",)
)
LEFT_AGAIN = Note(msg("joined and has left since, so is not invited again: {people}"), people=(CARLOS,))
INCOMPLETE = Note(
    msg_n(
        "The list of groups leaves out {{ids}}, which exists.",
        "The list of groups leaves out {{ids}}, which exist.",
        1,
    ),
    ids=("120363000000000001",),
)
NO_KEY, NO_NUMBER = msg("{name} is not a key", name="`admin`"), msg("not a phone number")
MEANT = msg("did you mean `{found}`?", found="admins")
"""What the program says, with its very sentences, so that they are said in every language."""

OLD_ICON = LiveIcon(IconMeta("https://cdn.example/a.jpeg?x=1", 2500), "a1f3" + "0" * 60)
UNSEEN_ICON = LiveIcon(IconMeta("https://cdn.example/b.jpeg"))


def mark(name: str, line: int = 1) -> Location:
    return Location(f"groups/{name}.yaml", line)


def live(group_id: str, *admins: str, others: tuple[str, ...] = (), creator: str = ACCOUNT) -> LiveGroup:
    return LiveGroup(group_id, "Suporte Cps", creator, admins, (*admins, *others))


def group(
    name: str,
    action: Action,
    *changes: Change,
    group_id: str | None = None,
    found: LiveGroup | None = None,
    notes: tuple[Note, ...] = (),
    to_invite: tuple[Invite, ...] = (),
    withheld: tuple[Change, ...] = (),
    has_manifest: bool = True,
) -> GroupPlan:
    return GroupPlan(
        name=name,
        action=action,
        id=found.id if found else group_id,
        location=mark(name) if has_manifest else None,
        changes=changes,
        withheld=withheld,
        to_invite=to_invite,
        notes=notes,
        live=found,
    )


SUPPORT = group(
    "suporte-campinas",
    "update",
    SetValue("subject", "Suporte Cps", "Suporte Campinas", "edited_outside"),
    SetIcon(OLD_ICON, LOGO),
    ChangePeople("promote", (Affected(ANA, JOINED),)),
    ChangePeople("demote", (Affected(CARLOS, LEFT),)),
    found=live("120363000000000001", ACCOUNT, CARLOS, BRUNO, others=(ANA,)),
)
CREATED = group(
    "comunidade-cafe",
    "create",
    CreateGroup("Comunidade do Café ☕"),
    SetIcon(None, PHOTO),
    to_invite=(
        Invite(PEOPLE["ana"], "admin"),
        Invite(PEOPLE["dora"], "member"),
        Invite(BY_NUMBER, "member"),
    ),
)
RENAMED = group(
    "vendas-sudeste",
    "adopt",
    AdoptGroup(f"{ACCOUNT}-1513616971", "state", "vendas"),
    ChangePeople("promote", (Affected(DORA, JOINED),)),
    ChangePeople(
        "demote",
        (
            Affected(DORA_OLD, UNLISTED),
            Affected(STRANGER, UNLISTED, "edited_outside"),
        ),
    ),
    found=live(f"{ACCOUNT}-1513616971", DORA_OLD, STRANGER, ACCOUNT, others=(DORA,)),
    notes=(Note('found by its binding, was "vendas"'),),
)
PRUNED = group(
    "vendas-interno",
    "update",
    SetIcon(OLD_ICON, None, "both"),
    RevokeLink(1, 2),
    ChangePeople(
        "remove_participants",
        (
            Affected(STRANGER, UNLISTED, "edited_outside"),
            Affected(BRUNO, UNLISTED, "not_applied"),
        ),
    ),
    found=live("120363000000000003", ACCOUNT, ANA, BRUNO, others=(STRANGER,), creator=ANA),
)
CLOSED = group(
    "projeto-2025",
    "leave",
    RevokeLink(None, None),
    ChangePeople(
        "remove_participants",
        tuple(Affected(f"55199{90000000 + n}", msg("the group is closed")) for n in range(25)),
    ),
    LeaveGroup(),
    found=live("120363000000000004", ACCOUNT),
)
ORPHAN_LEFT = group("antigo", "leave", LeaveGroup(), found=live("g5", ACCOUNT), has_manifest=False)
ICON_ANEW = group("sem-foto", "update", SetIcon(LiveIcon(None), LOGO), found=live("g6", ACCOUNT))
ICON_UNKNOWN = group("foto", "update", SetIcon(UNSEEN_ICON, LOGO), found=live("g7", ACCOUNT))
BLOCKED = group(
    "cliente-acme",
    "blocked",
    notes=(
        Note(
            msg(
                "{count} groups have this subject: {{ids}}. Say which one it is: add `id:` with one of them "
                "to the manifest.",
                count=2,
            ),
            ids=(f"{ACCOUNT}-1", f"{STRANGER}-1513616971"),
        ),
    ),
    to_invite=(Invite(PEOPLE["dora"], "admin"),),
)
MISSING = group(
    "cliente-beta",
    "missing",
    group_id="120363000000000009",
    notes=(Note("{ids[0]} is not listed, and asking for it answers HTTP 404.", ids=("120363000000000009",)),),
)
UNREADABLE = group(
    "cliente-gama",
    "unreadable",
    group_id="120363000000000010",
    notes=(NOT_READ,),
)
HELD = group(
    "campanha",
    "held",
    found=live("120363000000000011", ACCOUNT),
    notes=(ON_HOLD,),
    withheld=(
        SetValue("subject", "Campanha", "Campanha de Natal"),
        ChangePeople("promote", (Affected(ANA, JOINED),)),
    ),
)
ORPHANED = group(
    "velho",
    "orphaned",
    group_id="120363000000000012",
    has_manifest=False,
    notes=(Note("its manifest is gone. Leave the group: reconciler apply --prune"),),
)
AS_WANTED = group(
    "tranquilo",
    "none",
    found=live("120363000000000013", ACCOUNT),
    notes=(LEFT_AGAIN,),
)

FIELDS = group(
    "bairro-centro",
    "update",
    SetValue("description", "", "Atendimento em dias úteis: @all", "not_applied"),
    SetValue("send_messages", "everyone", "admins", "edited_outside"),
    SetValue("approve_members", False, True, "both"),
    ChangePeople("add_members", (Affected(ANA, OUTSIDE), Affected(STRANGER, OUTSIDE))),
    found=live("120363000000000021", ACCOUNT),
)
"""What only some services have."""
EVERYTHING = Plan(
    groups=(
        ORPHAN_LEFT,
        HELD,
        BLOCKED,
        MISSING,
        UNREADABLE,
        CREATED,
        ICON_UNKNOWN,
        CLOSED,
        ICON_ANEW,
        SUPPORT,
        AS_WANTED,
        ORPHANED,
        PRUNED,
        RENAMED,
    ),
    objections=(
        Objection(
            "demote-many",
            Note(
                msg_n(
                    "{n} of {total} admins would be demoted",
                    "{n} of {total} admins would be demoted",
                    12,
                    total=40,
                )
            ),
            ("suporte-campinas", "vendas"),
            12,
        ),
        Objection(
            "no-account",
            Note("`account` is not set. It is probably {people[0]}.", people=(STRANGER,)),
            ("vendas",),
            1,
        ),
        Objection(
            "create-many",
            Note("25 groups in 24 hours"),
            ("comunidade-cafe",),
            25,
            "allow (reconciler.yaml:12): new team",
        ),
    ),
    unmanaged=(
        Unmanaged("120363000000000099"),
        Unmanaged(f"{STRANGER}-1513616971", "Família 19988887777"),
    ),
    notes=(INCOMPLETE,),
    complete=False,
    digest="a1b2c3",
)

CUSTOMERS = Plan(
    groups=(
        *(
            group(
                f"cliente-{n:02}",
                "update",
                SetIcon(OLD_ICON, LOGO),
                ChangePeople("demote", (Affected(CARLOS, LEFT),)),
                *((SetValue("subject", f"Cliente {n}", f"Cliente nº {n}"),) if n == 7 else ()),
                found=live(f"g{n}", ACCOUNT, CARLOS, *((ANA,) if n % 2 else ())),
                to_invite=(Invite(PEOPLE["bruno"], "admin"),),
            )
            for n in range(1, 13)
        ),
        *(
            group(
                f"novo-{n}",
                "create",
                CreateGroup(f"Novo {n}"),
                SetIcon(None, LOGO),
                to_invite=tuple(
                    Invite(Person((f"55199{80000000 + n * 10 + m}",)), "member") for m in range(6)
                ),
            )
            for n in range(1, 6)
        ),
        *(
            group(f"parado-{n}", "none", notes=(Note("the icon looks the same as the file"),))
            for n in range(1, 9)
        ),
    ),
    digest="d1",
)

NOTHING = Plan(groups=tuple(group(f"grupo-{n}", "none") for n in range(5)), digest="d2")
ONE_AS_WANTED = Plan(
    groups=(
        group("grupo", "none", to_invite=(Invite(PEOPLE["dora"], "admin"),)),
        group("outro", "blocked", notes=(Note("the account is no admin of this group"),)),
    ),
    unmanaged=(Unmanaged("g"),),
)


def _outcomes(planned: GroupPlan, *ends: tuple[str, Problem | None]) -> GroupOutcome:
    assert len(ends) == len(planned.changes)
    return GroupOutcome(
        name=planned.name,
        action=planned.action,
        id=planned.id,
        outcomes=tuple(
            Outcome(change, status, problem)  # type: ignore[arg-type]
            for change, (status, problem) in zip(planned.changes, ends, strict=True)
        ),
        notes=planned.notes,
        plan=planned,
    )


DONE = ("done", None)
REFUSED = Problem("http_400", "HTTP 400: number 5519988887777 not found", "see whether they are in the group")
STOPPED = Problem("interrupted", "interrupted before it was sent", msg("run apply again"), retry=True)
TIMEOUT = Problem("timeout", "no answer in 30 s", "run apply again: it looks first", retry=True)

MIXED = ApplyResult(
    plan=EVERYTHING,
    groups=(
        _outcomes(ORPHAN_LEFT, ("unknown", TIMEOUT)),
        GroupOutcome(name=HELD.name, action="held", notes=HELD.notes, plan=HELD),
        GroupOutcome(name=BLOCKED.name, action="blocked", notes=BLOCKED.notes, plan=BLOCKED),
        GroupOutcome(name=MISSING.name, action="missing", id=MISSING.id, notes=MISSING.notes, plan=MISSING),
        _outcomes(CREATED, DONE, DONE),
        _outcomes(SUPPORT, DONE, DONE, ("failed", REFUSED), ("skipped", STOPPED)),
        _outcomes(RENAMED, DONE, ("skipped", STOPPED), ("skipped", STOPPED)),
        _outcomes(PRUNED, DONE, DONE, DONE),
        GroupOutcome(name=AS_WANTED.name, action="none", plan=AS_WANTED),
        GroupOutcome(name=UNREADABLE.name, action="unreadable", notes=UNREADABLE.notes, plan=UNREADABLE),
    ),
    complete=False,
    interrupted=True,
    unsaved=Problem(
        "state",
        msg(
            "the state {state} cannot be written: {why}", state=".reconciler/state.json", why="No space left"
        ),
        "free space",
    ),
    bind=(("comunidade-cafe", f"{ACCOUNT}-1700000000"),),
)
ALL_DONE = ApplyResult(
    plan=Plan(groups=(CREATED, SUPPORT)),
    groups=(_outcomes(CREATED, DONE, DONE), _outcomes(SUPPORT, DONE, DONE, DONE, DONE)),
)
NOTHING_DONE = ApplyResult(
    plan=NOTHING,
    groups=tuple(GroupOutcome(name=item.name, action="none", plan=item) for item in NOTHING.groups),
)

COMPLAINTS = (
    Complaint(Location("groups/b.yaml", 2, 1), NO_KEY, MEANT),
    Complaint(Location("groups/a.yaml", 10, 3), "the icon is not square (640×480)", warning=True),
    Complaint(Location("contacts.yaml", 4, 12), NO_NUMBER, "write it as +55 19 90000-0001"),
)

RUN = Run(
    verb="plan",
    version="1.2.3",
    started=datetime(2026, 11, 22, 2, 0, 30, tzinfo=UTC),
    duration=6.42,
    exit_code=2,
    complete=True,
    commit="3f9c2ab77ee01d5c8a4b6f0e2d1c3b5a79860f4e",
    account="+55 19 •••• 2222",
    api="https://api.example",
    requests=(("200", 36), ("429", 1)),
)
