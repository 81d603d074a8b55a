"""What was meant by an option, a command or a name that there is not: said where it is known, and never more
than what was typed. And what a shell offers before anybody mistypes it."""

from __future__ import annotations

import difflib
import itertools
import shlex

import click
import pytest

from reconciler.cli import suggestions
from reconciler.cli.app import program
from reconciler.cli.common import LazyGroup
from tests.faults.support import each
from tests.support import Repo


@pytest.fixture
def two(repo: Repo) -> Repo:
    repo.group("suporte", "subject: Suporte\nadmins: [ana]\n")
    repo.group("vendas", "subject: Vendas\n")
    return repo


MISTYPED = {
    "apply --dry-run": "No such option '--dry-run'. Use: reconciler plan",
    "apply --check=true": "Use: reconciler plan",
    "invites -n": "No such option '-n'. Without --send it sends nothing.",
    "plan --json": "No such option '--json'. Did you mean --format json?",
    "plan -o json": "No such option '-o'. Did you mean --format json?",
    "plan -ojson": "Did you mean --format json?",
    "plan --output=markdown": "Did you mean --format markdown?",
    "plan -out=plan.bin": "No such option '-out'. Did you mean --out FILE?",
    "drift --output x": "Did you mean --report FORMAT=FILE?",
    "apply --auto-approve": "Did you mean --yes?",
    "apply -auto-approve": "No such option '-auto-approve'. Did you mean --yes?",
    "plan --auto-approve": "This command asks nothing.",
    "plan -target=suporte": "Did you mean --target?",
    "plan -l suporte": "Did you mean --target NAME?",
    "plan -v": "Did you mean --verbose?",
    "plan -vv": "No such option '-vv'. Did you mean --verbose?",
    "-V": "Did you mean --version?",
    "plan --no-color": "Did you mean --color never?",
    "plan --token x": "set RECONCILER_TOKEN_FILE",
    "apply -f groups/": "Use -C DIR",
    "plan --verbos": "Did you mean --verbose?",
    "apply --prun": "Did you mean --prune?",
    "diff": "Did you mean plan?",
    "status": "Did you mean drift?",
    "destroy": "`ensure: closed`",
    "aplly": "Did you mean apply?",
    "apply-dry": "Did you mean plan?",
    "rollback": "reconciler plan",
    "history": "Did you mean state log?",
    "state rm": "Did you mean forget?",
    "state lst": "Did you mean list?",
    "help pln": "Did you mean plan?",
    "help state lg": "Did you mean log?",
    "plan --target supporte": "did you mean `suporte`?",
    "accept venda --yes": "did you mean `vendas`?",
    "send suport Oi --yes": "did you mean `suporte`?",
    "plan --format jsn": "did you mean `json`?",
    "plan --report markdwn=x": "did you mean `markdown`?",
    "plan --report plan.md=markdown": "did you mean --report markdown=plan.md?",
    "plan --target groups/suporte.yaml": "did you mean `suporte`?",
    "plan suporte": "'suporte'. Did you mean --target suporte?",
    "invites suporte 'vendas*'": "Did you mean --target suporte --target 'vendas*'?",
    "apply --lock-timeout 10m": "'10m' is not a valid number of seconds.",
    "sandbox --port abc": "'abc' is not a valid whole number.",
    "plan --allow demote": "did you mean `demote-many`?",
    "plan --allow demote-mny": "did you mean `demote-many`?",
    "schema grup": "did you mean `group`?",
    "import --all --fields subjet": "did you mean `subject`?",
    "invites --person anna": "did you mean `ana`?",
}


def test_what_was_meant(two: Repo) -> None:
    def work(case: tuple[str, str]) -> None:
        words, told = case
        done = two.run(*shlex.split(words))
        assert done.code == 64
        assert told in done.err, done.err

    each(MISTYPED.items(), work)
    assert two.api.calls() == []


@pytest.mark.parametrize("words", ["doctor vendas", "state forget vendas b", "schema plan b", "plan plan.md"])
def test_an_argument_that_is_no_group(two: Repo, words: str) -> None:
    done = two.run(*words.split())
    assert (done.code, "Unexpected argument" in done.err, "mean" in done.err) == (64, True, False), done.err


def test_names_on_record_and_of_accounts(two: Repo) -> None:
    assert two.apply().code == 0
    for words, code in (
        ("state show suport", 1),
        ("state mv suport b", 1),
        ("state forget suport", 1),
        ("invites --rotate suport --yes", 64),
    ):
        done = two.run(*words.split())
        assert (done.code, "did you mean `suporte`?" in done.err) == (code, True), done.err
    two.write(
        "reconciler.yaml",
        "accounts:\n  sales: {account: '+5519911112222', manifests: groups/sales}\n"
        "  support: {account: '+5519911113333', manifests: groups/support}\n",
    )
    for name in ("suporte", "vendas"):
        (two.path / f"groups/{name}.yaml").unlink()
    two.group("sales/vendas", "subject: Vendas\n")
    two.group("support/suporte", "subject: Suporte\n")
    for words, meant in (
        ("plan --account suport", "support"),
        ("plan --target venda", "vendas"),
        ("accept suport --yes", "suporte"),
        ("send suport Oi --yes", "suporte"),
    ):
        done = two.run(*words.split())
        assert (done.code, f"did you mean `{meant}`?" in done.err) == (64, True), done.err


def commands() -> dict[str, click.Command]:
    """Every command by its name, as `state log`."""
    found = {"": program}
    root = click.Context(program)
    for name in program.list_commands(root):
        command = program.get_command(root, name)
        assert command is not None
        found[name] = command
        if isinstance(command, LazyGroup):
            context = click.Context(command, parent=root)
            subcommands = ((f"{name} {each}", command.get_command(context, each)) for each in command.lazy)
            found |= {full: sub for full, sub in subcommands if sub is not None}
    return found


WIDER = ("--yes", "--prune", "--allow", "--send", "--rotate", "--all", "--drop-pending", "--show-numbers")


def test_no_suggestion_does_more_than_what_was_typed() -> None:
    """Words that negate an option, or only look like one that does more, lead to none that does."""
    for verb, command in commands().items():
        options = [each for param in command.params for each in param.opts]
        words = [each.lstrip("-") for each in options]
        negated = (f"{no}{word}" for no, word in itertools.product(("no-", "dont-", "skip-", "un"), words))
        for word in (*negated, *words, "dry-run", "json", "nope", "pure", "prone", "test", "sent", "less"):
            hint = suggestions.option(f"--{word}", "", verb, options)
            for wide in WIDER:
                if f"{wide}?" in hint:
                    alike = difflib.SequenceMatcher(None, word, wide.lstrip("-")).ratio()
                    assert alike >= 0.85, (verb, word, hint)
            # what is suggested is there
            suggested = hint.removeprefix("Did you mean ").rstrip("?").split(" ")[0]
            assert not hint.startswith("Did you mean -") or suggested in options, (verb, word, hint)


def test_a_command_that_changes_nothing_leads_to_none_that_does() -> None:
    names = list(program.lazy)
    for word in (
        "plan-only",
        "apply-preview",
        "dry-apply",
        "check-apply",
        "invalid",
        "seen",
        "except",
    ):
        hint = suggestions.command(word, "", names)
        assert not {"apply?", "accept?", "send?", "import?", "state?"} & set(hint.split()), (word, hint)


# Short forms and help


def test_y_is_yes_wherever_there_is_a_question(two: Repo) -> None:
    for command in commands().values():
        for param in command.params:
            assert ("--yes" in param.opts) is ("-y" in param.opts)
    assert two.run("apply", "-y").code == 0
    assert len(two.api.groups()) == 2


@pytest.mark.parametrize("words", ["", "plan", "state", "state log", "invites"])
def test_help_is_what_help_shows(two: Repo, words: str) -> None:
    asked = two.run("help", *words.split())
    assert (asked.code, asked.err) == (0, "")
    assert asked.out == two.run(*words.split(), "--help").out == two.run(*words.split(), "-h").out


def test_help_of_what_has_no_commands(two: Repo) -> None:
    done = two.run("help", "plan", "more")
    assert (done.code, "has no commands" in done.err) == (64, True)


# Completion


OFFERED = {
    "pl": {"plan"},
    "he": {"help"},
    "plan --format j": {"json", "junit"},
    "validate --format s": {"sarif"},
    "--format ht": {"html"},
    "state list --format ": {"text", "json"},
    "plan --report m": {"markdown="},
    "plan --target ": {"suporte", "vendas"},
    "plan --target v": {"vendas"},
    "accept s": {"suporte"},
    "send s": {"suporte"},
    "invites --rotate ": {"suporte", "vendas", "recorded"},
    "state forget r": {"recorded"},
    "plan --allow dem": {"demote-many"},
    "inbound x --allow older": {"older-commit"},
    "schema gr": {"group"},
    "-C sub plan --target ": {"other"},
    "plan --account ": set(),
    "import --all --fields ": set(),
}


def test_what_a_shell_offers(two: Repo) -> None:
    assert two.apply().code == 0
    assert two.run("state", "mv", "suporte", "recorded").code == 0
    two.group("wrong", "subject: [\n")  # of which nothing is known, and which hinders nothing
    two.write("sub/.git/HEAD", "")
    two.write("sub/groups/other.yaml", "subject: Outro\n")

    def work(case: tuple[str, set[str]]) -> None:
        typed, offered = case
        words = f"reconciler {typed}"
        done = two.run(
            _RECONCILER_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(len(words.split(" ")) - 1)
        )
        assert (done.code, done.err) == (0, "")
        assert {line.partition(",")[2] for line in done.out.splitlines() if line} == offered

    each(OFFERED.items(), work)


def test_accounts_are_offered(two: Repo) -> None:
    two.write(
        "reconciler.yaml",
        "accounts:\n  sales: {account: '+5519911112222', manifests: groups/sales}\n"
        "  support: {account: '+5519911113333', manifests: groups/support}\n",
    )
    two.group("sales/a", "subject: A\n")
    two.group("support/b", "subject: B\n")
    for typed, offered in (("--account s", ["sales", "support"]), ("--target ", ["a", "b"])):
        words = f"reconciler plan {typed}"
        done = two.run(_RECONCILER_COMPLETE="zsh_complete", COMP_WORDS=words, COMP_CWORD="3")
        assert done.out.split()[1::3] == offered


def test_a_shell_that_there_is_not(two: Repo) -> None:
    done = two.run(_RECONCILER_COMPLETE="nonsense")
    assert (done.code, "zsh_source" in done.err) == (64, True)
