"""What is wrong with the files is said whole in another language; and which language the files ask for."""

from __future__ import annotations

import os
import subprocess
import sys
from gettext import NullTranslations
from pathlib import Path

import pytest
import yaml

from reconciler import language
from reconciler.errors import InputError
from reconciler.language import Message, tr
from reconciler.manifests.starter import Start, starter_files
from tests.manifests.conftest import Folder
from tests.support import Repo


class _Marked(NullTranslations):
    """A language in which every sentence is the English one between brackets, behind its context."""

    def gettext(self, message: str) -> str:
        return f"<{message}>"

    def pgettext(self, context: str, message: str) -> str:
        return f"<({context}) {message}>"


def said(text: str) -> str:
    if not text:
        return ""
    assert isinstance(text, Message)
    return text.said(_Marked())


def portuguese(text: str) -> str:
    language.use("pt-BR")
    try:
        return tr(text)
    finally:
        language.use(language.ENGLISH)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    found = Folder(tmp_path)
    found.write("groups/right.yaml", "subject: Right\n")
    return found


CONTACTS = "people:\n  ana: '+55 19 90000-0001'\n"


@pytest.mark.parametrize(
    ("files", "message", "hint"),
    [
        ({"groups/a.yaml": "subject: ' '\n"}, "<`subject` <is empty>>", "<write what members shall see>"),
        (
            {"groups/a.yaml": "subject: A\nadmins: {}\n"},
            "<`admins` should be <a list>, this is <a mapping>>",
            '<such as ["ana", "cs", "+55 19 90000-0001"]>',
        ),
        (
            {"groups/a.yaml": "subject: A\ndescription: []\n"},
            "<`description` should be <<text> or null>, this is <a list>>",
            "<such as Atendimento em dias úteis>",
        ),
        (
            {"groups/a.yaml": "subject: A\ndescription: ''\n"},
            "<`description` is empty>",
            "<<such as Atendimento em dias úteis>, or null for none>",
        ),
        (
            {"groups/a.yaml": "subject: A\nname: Ação\n"},
            "<`name` <must be 1 to 64 lower-case letters a-z, digits and hyphens, with no hyphen at either "
            "end>>",
            "<such as `acao`>",
        ),
        (
            {"groups/a.yaml": "subject: A\nadmins: [anna]\n", "contacts.yaml": CONTACTS},
            "<<there is no person or team `anna`>: <did you mean `ana`?>>",
            "",
        ),
        (
            {"groups/a.yaml": "subject: A\nicon: ../../logo.png\n"},
            "<`../../logo.png` <leads out of the repository>>",
            "<everything that is read lies below its top folder>",
        ),
        (
            {"groups/a.yaml": "subject: A\nicon: .\n"},
            "<`.` <is <a folder>, not a regular file>>",
            "<name a file in it>",
        ),
        (
            {"groups/a.yaml": f"subject: A #{'x' * 4_400_000}\n"},
            "<this file <is longer than 4 MiB: it has <4.2> MiB>>",
            "",
        ),
        (
            {"groups/a.yaml": "subject: A\nadmins: ['+44 (0) 123 456 7890']\n"},
            "<`••••90`: <a 0 in parentheses may belong to the number or not>>",
            "<<(a zero) leave it out>: +44 •••• 7890>",
        ),
        (
            {"groups/a.yaml": "subject: A\nadmins: ['+351 1']\n"},
            "<`+351 1`: <a number has 8 to 15 digits, this has 4>>",
            "<begin with the country code>",
        ),
        (
            {"reconciler.yaml": "defaults: {description: A}\n"},
            "<<`description` of the defaults> is not possible with Sinch (backend: sinch)>",
            "<<`backend: waha` and `backend: evolution`> can; <leave it out, or let the groups that it "
            "reaches say `unmanaged: [description]`>>",
        ),
        (
            {
                "reconciler.yaml": "kinds: {c: {prune_members: true}}\n",
                "groups/a.yaml": "subject: A\nkind: c\n",
            },
            "<<`prune_members` of the kind `c`> needs `members`>",
            "<say who belongs into the group, or nobody would>",
        ),
        (
            {"reconciler.yaml": "token: x\n"},
            "<`token` cannot stand here>",
            "<only from the environment: <<RECONCILER_TOKEN or RECONCILER_TOKEN_FILE> or "
            "RECONCILER_TOKEN_COMMAND>; configuration is part of a pull request>",
        ),
        (
            {"reconciler.yaml": "language: pt-br\n"},
            "<there is no language `pt-br`>",
            "<<did you mean `pt-BR`?> <languages: en, pt-BR>>",
        ),
        ({"groups/a.yaml": "subject: [\n"}, "<this is not YAML: <did not find expected node content>>", ""),
    ],
)
def test_a_mistake_is_said_whole(folder: Folder, files: dict[str, str], message: str, hint: str) -> None:
    for path, text in files.items():
        folder.write(path, text)
    with pytest.raises(InputError) as caught:
        folder.load()
    (complaint,) = caught.value.complaints
    assert (said(complaint.message), said(complaint.hint)) == (message, hint)


def test_the_configuration_names_a_language_for_all_accounts(folder: Folder) -> None:
    assert folder.load().config.language == "en"
    folder.write("reconciler.yaml", "language: pt-BR\n")
    assert folder.load().config.language == "pt-BR"
    folder.write("groups/sales/a.yaml", "subject: A\n")
    (folder.root / "groups/right.yaml").unlink()
    folder.write("reconciler.yaml", "language: pt-BR\naccounts: {sales: {account: '+55 19 91111-2222'}}\n")
    assert folder.load(only="sales").config.language == "pt-BR"
    folder.write("reconciler.yaml", "accounts: {sales: {language: pt-BR}}\n")
    assert folder.complaints(only="sales") == [
        "reconciler.yaml:1:20: `language` cannot stand here (it is shared by all accounts: write it at the "
        "top of the file)"
    ]


EMPTY = "there is no manifest in this folder"


@pytest.mark.parametrize(
    ("configured", "environment", "spoken"),
    [
        ("", {}, "en"),
        ("language: pt-BR\n", {}, "pt-BR"),
        ("", {"RECONCILER_LANG": "pt-BR"}, "pt-BR"),
        ("language: pt-BR\n", {"RECONCILER_LANG": "en"}, "en"),
        ("language: pt-BR\n", {"RECONCILER_LANG": ""}, "pt-BR"),
    ],
)
def test_the_environment_outweighs_the_configuration(
    repo: Repo, configured: str, environment: dict[str, str], spoken: str
) -> None:
    repo.write("reconciler.yaml", configured)
    repo.write("groups/none.txt", "")

    result = repo.run("validate", **environment)

    assert result.code == 1
    assert (EMPTY if spoken == "en" else portuguese(EMPTY)) in result.out


def test_that_a_configuration_is_not_there_is_said_in_the_language_of_the_one_that_is(repo: Repo) -> None:
    repo.write("reconciler.yaml", "language: pt-BR\n")
    repo.write("english.yaml", "state: file:state.json\n")

    assert "other.yaml:1:1: erro: " in repo.run("plan", "--config", "other.yaml").err
    assert repo.run("plan", "--config", "english.yaml").err.startswith("groups:1:1: error: ")


def test_a_language_that_there_is_not_is_refused(repo: Repo) -> None:
    result = repo.run("validate", RECONCILER_LANG="pt")

    assert result.code == 64
    assert "RECONCILER_LANG: there is no language 'pt'" in result.err
    assert "languages: en, pt-BR" in result.err


@pytest.mark.parametrize("host", ["github", "gitlab"])
def test_what_a_repository_begins_with_says_the_same_in_another_language(host: str, tmp_path: Path) -> None:
    """But for comments, the words of the example, and the language itself."""

    def files() -> dict[str, str]:
        start = Start(host=host, home="https://git.example.org/a/b", release="1.2.3")  # type: ignore[arg-type]
        return {file.path: file.text for file in starter_files(start)}

    english = files()
    language.use("pt-BR")
    try:
        other = files()
    finally:
        language.use(language.ENGLISH)
    assert other.keys() == english.keys()
    variable = "${{ vars.RECONCILER_LANG }}"
    asking = sum(text.count(variable) for text in english.values())
    assert asking == (2 if host == "github" else 0)
    for path, text in other.items():
        assert variable not in text
        found, before = yaml.safe_load(text), yaml.safe_load(english[path].replace(variable, "pt-BR"))
        if path == ".gitlab-ci.yml":
            assert found.pop("variables") == {"RECONCILER_LANG": "pt-BR"}
        if path == "reconciler.yaml":
            assert found.pop("language") == "pt-BR"
        if path == "groups/first-group.yaml":
            for document in (found, before):
                del document["subject"], document["hold"]["reason"]
        assert found == before, path


def test_init_asks_for_the_language_that_it_was_run_in(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "reconciler", "init", "--yes", "--backend", "sinch", "--ci", "none")
    environment = {**os.environ, "RECONCILER_LANG": "pt-BR"}
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, env=environment)
    assert yaml.safe_load((tmp_path / "reconciler.yaml").read_text())["language"] == "pt-BR"


@pytest.mark.parametrize("drawn", ["json", "sarif", "codequality"])
def test_programs_read_the_same_of_a_mistake_in_every_language(repo: Repo, drawn: str) -> None:
    repo.write(
        "groups/a.yaml", "subject: A\nadmins: ana\nicon: x.png\nhold: {reason: x, until: 2026-13-01}\n"
    )
    english = repo.run("validate", "--format", drawn)
    assert english.code == 1
    assert repo.run("validate", "--format", drawn, RECONCILER_LANG="pt-BR").out == english.out
