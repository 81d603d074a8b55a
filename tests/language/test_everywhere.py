"""All verbs and formats in a made-up language and in Portuguese: nothing English is left, nothing is cut, and
what programs read is the same in every language."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import lxml.etree
import lxml.html
import pytest

from reconciler.sandbox import Options, start
from tests.support import ACCOUNT, ANA, BRUNO, DORA, STRANGER, Repo, Result, picture

from . import pseudo

START = """\
import sys
from pathlib import Path
from reconciler import language
language.FOLDER = Path(sys.argv.pop(1))
from reconciler.cli import main
sys.exit(main())
"""
ONE_BY_ONE = START.replace(
    "sys.exit(main())",
    """import io, json
for arguments in json.loads(sys.argv[1]):
    sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
    code = main(arguments)
    print(json.dumps([code, sys.stdout.getvalue(), sys.stderr.getvalue()]), file=sys.__stdout__)""",
)
PROSE = ("text", "html", "markdown", "github", "junit")
MACHINES = ("json", "csv", "gitlab", "codequality", "dotenv", "sarif", "prometheus")
# Words that are nobody's language: commands, formats, keys of files, what the files of these tests say.
STAYS = """
    init validate plan apply drift accept list import invites send inbound comment state doctor schema sandbox
    help show bind forget migrate unlock log text json html csv markdown github gitlab codequality dotenv
    junit sarif prometheus pull request merge branch commit reconciler sinch waha evolution api groups yaml
    jsonl suporte vendas parceiros caixa antigo outro ana bruno carlos dora elisa souza
    subject description icon admins members link ensure join adopt
    internal server error uncommitted recreate none everyone admin member hold
    python linux git http https post get put patch delete
""".split()  # noqa: SIM905


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of catalogues that has the made-up language alone."""
    found = tmp_path_factory.mktemp("locale")
    pseudo.build(found)
    return found


Run = Callable[..., Result]


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    """Runs the command of a repository in the made-up language; returns how it ended."""

    def _run(repo: Repo, *arguments: str, **environment: str) -> Result:
        ended = subprocess.run(
            [sys.executable, "-c", START, str(folder), *arguments],
            cwd=repo.path,
            env=repo.environment
            | {"RECONCILER_LANG": pseudo.TAG, "PYTHONPATH": str(pseudo.ROOT)}
            | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return Result(ended.returncode, ended.stdout, ended.stderr)

    return _run


@pytest.fixture
def world(repo: Repo) -> Repo:
    """Groups of which something has to be told each, and to which something may be done."""
    return with_groups(repo)


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repo]:
    """The same, for many commands that change nothing."""
    server = start(Options(database=":memory:", account=ACCOUNT))
    yield with_groups(Repo(tmp_path_factory.mktemp("looked_at") / "repo", server))
    server.stop()


def with_groups(repo: Repo) -> Repo:
    """Make groups that drifted, wait, are on hold, orphaned, blocked, and new."""
    repo.settle_soon()
    rules = "admins: [ana, bruno]\nmembers: [dora]\nprune_members: true\nlink_version: 1\n"
    repo.group("suporte", f"subject: Suporte\nicon: icons/a.png\n{rules}")
    repo.group("vendas", "subject: Vendas\nadmins: [ana]\nmembers: [carlos, elisa]\n")
    repo.group("caixa", "subject: Caixa\n")
    repo.group("antigo", "subject: Antigo\n")
    repo.write("groups/icons/a.png", picture())
    assert repo.apply().code == 0
    suporte, caixa = repo.live("Suporte")["id"], repo.live("Caixa")["id"]
    repo.api.join(suporte, ANA, BRUNO, DORA)
    assert repo.apply().code == 0
    repo.api.set_subject(suporte, "Outro")
    repo.api.demote(suporte, ANA)
    repo.api.promote(suporte, DORA)
    repo.api.join(suporte, STRANGER)
    repo.api.set_icon(suporte, picture("maroon"))
    repo.api.hide(caixa)
    repo.api.seed("Parceiros", participants=[ANA])
    (repo.path / "groups/antigo.yaml").unlink()
    repo.group("parceiros", "subject: Parceiros\nadmins: [ana]\nhold: {reason: x, until: 2099-01-01}\n")
    repo.group("novo", "subject: Novo\nicon: icons/a.png\nmembers: [ana]\n")
    return repo


def left(result: Result) -> list[str]:
    return [*pseudo.english(_read(result.out), STAYS), *pseudo.english(result.err, STAYS)]


def _read(out: str) -> str:
    """What people read of an output: of a page and of JUnit the texts without the marks."""
    if out.startswith("<!DOCTYPE html>"):
        page = lxml.html.fromstring(out)
        for dead in page.xpath("//style|//script"):
            dead.drop_tree()
        said = page.xpath(
            "//@alt|//@title|//@aria-label|//@placeholder|//@data-word|//body//text()|//title/text()"
        )
        return "\n".join(map(str, said))
    if out.startswith("<?xml"):
        cases = lxml.etree.fromstring(out.encode())
        return "\n".join(map(str, cases.xpath("//@message|//failure/text()|//error/text()|//skipped/text()")))
    return re.sub(
        r"^::(error|warning|notice) [^:]*(title=)[^:]*::|%0A|</?[a-z][^>]*>|\[![A-Z]+\]",
        "\n",
        out,
        flags=re.M,
    )


READS = [
    ["validate"],
    ["plan"],
    ["plan", "--show-numbers"],
    ["drift"],
    ["list"],
    ["list", "--unmanaged"],
    ["import", "--all", "--dry-run"],
    ["invites"],
    ["accept", "suporte"],
    ["doctor"],
    ["state", "list"],
]
FORMATS = [
    [verb, "--format", each]
    for verb, formats in {
        "validate": ("html", "markdown", "github"),
        "plan": ("html", "markdown", "github", "junit"),
        "drift": ("html", "markdown", "github", "junit"),
        "invites": ("html", "markdown"),
    }.items()
    for each in formats
]
WRONG = [
    ["zznon"],
    ["plan", "--nonsense"],
    ["plan", "zzext"],
    ["plan", "--format", "zznon"],
    ["plan", "--format", "sarif"],
    ["plan", "--target", "zznob"],
    ["plan", "--allow", "zznon"],
    ["plan", "--base", "HEAD"],
    ["apply"],
    ["apply", "--plan", "zzmis.json"],
    ["apply", "--lock-timeout", "soon"],
    ["send", "suporte"],
    ["invites", "--rotate", "zznob"],
    ["state", "bind", "suporte", "1"],
    ["state", "forget", "zznob"],
    ["state", "unlock"],
    ["import"],
    ["schema", "zznon"],
    ["comment", "zzmis.md"],
    ["-C", "zzmis", "plan"],
    ["--config", "zzmis.yaml", "plan"],
]


@pytest.mark.parametrize("name", ["html", "markdown", "github", "junit"])
def test_nothing_english_is_left_of_an_apply(world: Repo, run: Run, name: str) -> None:
    assert left(run(world, "apply", "--yes", "--format", name)) == []


COMMANDS = [[], *([each] for each in STAYS[:17])]
COMMANDS += (["state", each] for each in ("list", "show", "bind", "mv", "forget", "migrate", "unlock", "log"))


GROUPS = {
    "reads": READS,
    "formats": FORMATS,
    "wrong": WRONG,
    "help": [[*each, "--help"] for each in COMMANDS],
}


@pytest.mark.parametrize("name", GROUPS)
def test_nothing_english_is_left(looked_at: Repo, folder: Path, name: str) -> None:
    """One process for many commands: most of the time of each would go into its start."""
    ended = subprocess.run(
        [sys.executable, "-c", ONE_BY_ONE, str(folder), json.dumps(GROUPS[name])],
        cwd=looked_at.path,
        env=looked_at.environment | {"RECONCILER_LANG": pseudo.TAG, "PYTHONPATH": str(pseudo.ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
    )
    results = [Result(*json.loads(line)) for line in ended.stdout.splitlines()]
    assert len(results) == len(GROUPS[name]), ended.stderr
    assert all(result.out or result.err for result in results)
    found = [
        f"{' '.join(arguments)}: {each}"
        for arguments, result in zip(GROUPS[name], results, strict=True)
        for each in left(result)
    ]
    assert found == []


@pytest.mark.parametrize("typed", ["", "plan --", "state "])
def test_no_english_is_left_of_what_a_shell_offers(looked_at: Repo, run: Run, typed: str) -> None:
    words = f"reconciler {typed}"
    offered = run(
        looked_at,
        _RECONCILER_COMPLETE="zsh_complete",
        COMP_WORDS=words,
        COMP_CWORD=str(len(words.split(" ")) - 1),
    )
    told = offered.out.splitlines()[2::3]  # behind the kind and the word
    assert len(told) > 5
    assert list(pseudo.english("\n".join(told), STAYS)) == []


def test_nothing_english_is_left_of_what_is_written(world: Repo, run: Run) -> None:
    found = []
    for arguments in (
        ["apply", "--yes"],
        ["apply", "--ready", "--yes"],
        ["invites", "--send", "--yes"],
        ["invites", "--rotate", "vendas", "--yes"],
        ["send", "vendas", "Bom dia", "--yes"],
        ["state", "forget", "antigo", "--yes"],
        ["state", "mv", "novo", "vendas2"],
        ["accept", "suporte", "--yes"],
        ["import", "--all"],
    ):
        found += [f"{arguments}: {each}" for each in left(run(world, *arguments))]
    assert found == []


def test_nothing_english_is_left_of_mistakes(repo: Repo, run: Run) -> None:
    repo.write(
        "contacts.yaml",
        'people:\n  ana: "12"\n  bia: {numbers: []}\n  x y: "+5519900000001"\nteams: {t: [zoe]}\n',
    )
    repo.group("um", "subject: x\nadmins: ana\nmembers: [zznob]\nicon: gone.png\nhold: 3\nzznon: 1\n")
    repo.group("dois", "subject: [")
    repo.group("tres", "subject: x\nsubject: y\nname: A B\n")
    repo.write("reconciler.yaml", "account: x\nguards: {demote_share: 7}\nlanguage: xx\nstate: ftp\n")
    assert left(run(repo, "validate")) == []


def test_nothing_english_is_left_when_nobody_answers(world: Repo, run: Run) -> None:
    closed = "http://127.0.0.1:9"
    assert left(run(world, "plan", RECONCILER_BASE_URL=closed)) == []
    assert left(run(world, "plan", RECONCILER_TOKEN="")) == []
    assert left(run(world, "plan", RECONCILER_BASE_URL="ftp://x")) == []
    world.api.add_faults("GET /groups status=500 times=100")
    assert left(run(world, "plan")) == []


def test_nothing_english_is_left_of_what_an_apply_holds_back(repo: Repo, run: Run) -> None:
    repo.group("um", "subject: Um\nadmins: [ana]\n")
    repo.api.seed("Um", participants=[ANA, BRUNO], admins=[BRUNO])
    repo.api.add_faults("PATCH /groups/*/admins status=500")
    result = run(repo, "apply", "--yes")
    assert pseudo.pseudo("promote") in result.out  # by what `demote` was held back
    assert left(result) == []


@pytest.mark.parametrize("manifest", ["ensure: left", "hold: {reason: x, until: 2099-01-01}", ""])
def test_nothing_english_is_left_where_there_is_nothing_to_accept(
    repo: Repo, run: Run, manifest: str
) -> None:
    repo.group("um", f"subject: Um\n{manifest}\n")
    result = run(repo, "accept", "um", "--yes")
    assert pseudo.pseudo("the group is {status}: there is nothing live to accept")[-10:] in result.out
    assert "in_sync" not in result.out
    assert left(result) == []


def test_init_writes_its_files_in_the_language(repo: Repo, run: Run) -> None:
    result = run(repo, "init", "novo", "--yes", "--backend", "waha", "--ci", "github")
    assert left(result) == []
    found = []
    for path in (repo.path / "novo").rglob("*.yaml"):
        lines = (
            line.strip().lstrip("# ")
            for line in path.read_text().splitlines()
            if line.strip().startswith("#")
        )
        found += [f"{path.name}: {each}" for line in lines for each in pseudo.english(line, STAYS)]
    assert found == []


# --- what programs read -----------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["validate", "plan", "drift", "list", "invites"])
def test_what_programs_read_is_the_same_in_every_language(looked_at: Repo, verb: str) -> None:
    reports = [each for each in MACHINES if each in _formats(looked_at, verb)]
    found = {}
    for tag in ("en", "pt-BR"):
        options = [f"--report={each}={tag}.{each}" for each in reports]
        result = looked_at.run(verb, *options, RECONCILER_LANG=tag)
        assert result.code in (0, 1, 2), result.err
        found[tag] = {each: _timeless((looked_at.path / f"{tag}.{each}").read_text()) for each in reports}
    assert found["pt-BR"] == found["en"]


def _formats(repo: Repo, verb: str) -> str:
    return repo.run(verb, "--help").out.partition("Formats:")[2]


def _timeless(text: str) -> str:
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z?|(_seconds|_timestamp\w*)(\{[^}]*\})? [\d.e+]+", "…", text)


def test_an_apply_tells_programs_the_same_in_every_language(make_repo: Callable[..., Repo]) -> None:
    repo = make_repo()
    documents = []
    for tag in ("en", "pt-BR"):
        repo.group(tag.lower(), "subject: S\nadmins: [ana]\nmembers: [bruno]\n".replace("S", tag))
        found = repo.run(
            "apply", "--yes", "--target", tag.lower(), "--format", "json", RECONCILER_LANG=tag
        ).out
        documents.append(re.sub(r"[0-9a-f]{64}|\d{6,}-\d+|en|pt-br|pt-BR", "…", _timeless(found)))
    assert json.loads(documents[0])
    assert documents[0] == documents[1]
