"""What the command line says, asks and refuses is said in the language that is spoken; what is recorded, and
what keys are made of, is not."""

from __future__ import annotations

import errno
import io
from collections.abc import Callable, Iterator
from datetime import date
from gettext import textdomain
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from reconciler import language
from reconciler.cli import app, environment, files, terminal
from reconciler.cli.base import opened
from reconciler.errors import CredentialsError, ReconcilerError
from reconciler.language import msg, of_system, tr
from reconciler.manifests.files import WorkTree
from reconciler.manifests.load import LoadOptions, load
from tests import gitrepo

Speak = Callable[..., None]


@pytest.fixture
def speak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Speak]:
    """Speak a language that has these sentences and no others. `click` asks for them by the environment."""
    monkeypatch.setenv("LANGUAGE", "")

    def use(sentences: dict[str, str], answer: str = "") -> None:
        catalogue = Catalog(locale="pt_BR")
        for english, other in sentences.items():
            catalogue.add(english, other)
        if answer:
            catalogue.add("yes", answer, context="typed as an answer")
        folder = tmp_path / "locale/pt_BR/LC_MESSAGES"
        folder.mkdir(parents=True)
        (folder / "reconciler.po").touch()
        compiled = io.BytesIO()
        write_mo(compiled, catalogue)
        (folder / "reconciler.mo").write_bytes(compiled.getvalue())
        monkeypatch.setattr(language, "FOLDER", tmp_path / "locale")
        monkeypatch.setenv("RECONCILER_LANG", "pt-BR")
        language.use("pt-BR")

    yield use
    language.use(language.ENGLISH)
    textdomain(None)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ["plan", "--jsn"],
            "Uso: reconciler plan [OPÇÕES]\nVeja 'reconciler plan --help'.\n\nErro: Não há '--jsn'.",
        ),
        (["plan", "--dry-run"], "Erro: Não há '--dry-run'. Nada é alterado por este comando."),
        (["apply", "--lock-timeout", "x"], "Erro: '--lock-timeout': 'x' não é um número de segundos."),
        (["destroy"], "Erro: Não há 'destroy'. Nenhum apaga um grupo."),
        (["plan", "--report", "x"], "Erro: falta algo em --report\n  como --report json=plan.json"),
    ],
)
def test_a_wrong_command_line_is_refused_in_the_language_spoken(
    speak: Speak, capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str
) -> None:
    speak(
        {
            "Usage:": "Uso:",
            "[OPTIONS]": "[OPÇÕES]",
            "Try '{command} {option}' for help.": "Veja '{command} {option}'.",
            "Error": "Erro",
            "Error: {message}": "Erro: {message}",
            "No such option {option!r:.40}. {hint}": "Não há {option!r:.40}. {hint}",
            "This command changes no group.": "Nada é alterado por este comando.",
            "Use: reconciler plan": "Nada é alterado por este comando.",
            "No such command {command!r:.40}. {hint}": "Não há {command!r:.40}. {hint}",
            "No command deletes a group: its manifest says `ensure: closed`.": "Nenhum apaga um grupo.",
            "Invalid value for {param_hint}: {message}": "{param_hint}: {message}",
            "{value!r} is not a valid {number_type}.": "{value!r} não é um {number_type}.",
            "number of seconds": "número de segundos",
            "--report takes FORMAT=FILE": "falta algo em --report",
            "for example: --report json=plan.json": "como --report json=plan.json",
        }
    )
    assert app.run(arguments) == 64
    said = capsys.readouterr()
    assert said.out == ""
    assert expected in said.err


@pytest.mark.parametrize(
    ("typed", "in_english", "in_the_other"),
    [("yes", True, True), ("sim", False, True), ("SIM!", False, False), ("", False, False)],
)
def test_a_question_takes_the_yes_of_either_language(
    speak: Speak, monkeypatch: pytest.MonkeyPatch, typed: str, in_english: bool, in_the_other: bool
) -> None:
    def answered() -> bool:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{typed}\n"))
        return terminal.ask("?", lambda: False)

    assert answered() is in_english
    speak({}, answer="sim")
    assert answered() is in_the_other


def test_an_accounts_variables_are_named_in_every_language(speak: Speak) -> None:
    error = ReconcilerError(msg("set RECONCILER_TOKEN"), "RECONCILER_TOKENS")
    environment.speak_of("sales", error)
    assert (error.message, error.hint) == ("set RECONCILER_SALES_TOKEN", "RECONCILER_TOKENS")
    speak({"set RECONCILER_TOKEN": "defina RECONCILER_TOKEN"})
    assert tr(error.message) == "defina RECONCILER_SALES_TOKEN"


def test_what_the_system_says_is_said(speak: Speak) -> None:
    missing = OSError(errno.ENOENT, "No such file or directory")
    ours = OSError(errno.EADDRINUSE, msg("port {port}", port=1))
    without_errno = OSError(msg("port {port}", port=2))
    assert [of_system(each) for each in (missing, ours, without_errno, OSError())] == [
        "No such file or directory",
        "port 1",
        "port 2",
        "OSError",
    ]
    speak({"No such file or directory": "não existe", "port {port}": "porta {port}"})
    assert [tr(of_system(each)) for each in (missing, ours, without_errno)] == [
        "não existe",
        "porta 1",
        "porta 2",
    ]


def test_why_a_file_cannot_be_written_is_said_whole(
    speak: Speak, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ReconcilerError) as caught:
        files.check_writable("a/b.json")
    assert caught.value.message == "a/b.json cannot be written: there is no folder a"
    speak(
        {
            "{path} cannot be written: {why}": "{why}, por isso {path} não",
            "there is no folder {folder}": "falta a pasta {folder}",
        }
    )
    assert tr(caught.value.message) == "falta a pasta a, por isso a/b.json não"


def test_what_is_wrong_with_credentials_is_said_whole(speak: Speak) -> None:
    with pytest.raises(CredentialsError) as caught:
        environment.check_secret("ab\t", msg("what {variable} prints", variable="X"))
    assert caught.value.message == "what X prints ends with a tab (U+0009), which cannot stand in a header"
    speak(
        {
            "{source} ends with {character}, which cannot stand in a header": "{character} em {source}",
            "what {variable} prints": "saída de {variable}",
            "a tab": "tabulação",
        }
    )
    assert tr(caught.value.message) == "tabulação (U+0009) em saída de X"


def test_what_is_recorded_and_what_keys_are_made_of_are_english(
    speak: Speak, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_JOB_ID", "7")
    before = environment.holder(), environment.this_run().name, environment.plan_key("t", "sales")
    assert before[0].startswith("job 7 (process ")
    speak(dict.fromkeys(("group-reconciler plan{account}", "job {job}", "GitLab job {job}"), "x"))
    assert (environment.holder(), environment.this_run().name, environment.plan_key("t", "sales")) == before


def test_mistakes_of_a_base_are_all_said(
    speak: Speak, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    manifest = tmp_path / "groups/a.yaml"
    manifest.parent.mkdir()
    manifest.write_text("name: a\nsubject: A\n" + "".join(f"x{n}: 1\n" for n in range(5)))
    gitrepo.start(tmp_path)
    gitrepo.commit(tmp_path)
    manifest.write_text("name: a\nsubject: A\n")
    work = WorkTree(tmp_path, tmp_path)
    options = LoadOptions(config_path=None, today=date(2026, 11, 30))
    with opened("HEAD", load(work, options), work, options) as base:
        problem = base.files.problem
    assert problem.startswith(
        "its files are wrong, so everything counts as this change's: groups/a.yaml:3:1: "
    )
    assert problem.endswith("; … and 2 more")
    speak(
        {
            "its files are wrong, so everything counts as this change's: {mistakes}": "erros: {mistakes}",
            "{before}; {one}": "{before} | {one}",
        }
    )
    assert tr(problem).startswith("erros: groups/a.yaml:3:1: ")
    assert tr(problem).count(" | groups/a.yaml:") == 2


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--latency", "999"], "sem sandbox: latency: até 60 segundos"),
        (["--database", "notes.txt"], "sem sandbox: notes.txt é outra coisa"),
    ],
)
def test_why_the_sandbox_cannot_start_is_said_whole(
    speak: Speak,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    expected: str,
) -> None:
    (tmp_path / "notes.txt").write_text("not a database\n" * 100)
    speak(
        {
            "the sandbox cannot start: {error}": "sem sandbox: {error}",
            "{option}: seconds from 0 to {most:g}": "{option}: até {most:g} segundos",
            "{database} is not a sandbox's database: name another file": "{database} é outra coisa",
        }
    )
    monkeypatch.chdir(tmp_path)
    assert app.run(["sandbox", *arguments]) == 64
    assert expected in capsys.readouterr().err
