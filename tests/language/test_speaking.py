"""Which language is spoken, wherever it is asked for; and what happens when it cannot be spoken."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler import language
from reconciler.cli import app
from reconciler.errors import Exit
from reconciler.language import Message, of_system, tr
from tests.support import TOKEN, Repo

CATALOGUE = Path(language.FOLDER) / "pt_BR/LC_MESSAGES/reconciler.mo"
BROKEN = {
    "empty": lambda whole: b"",
    "cut": lambda whole: whole[: len(whole) // 3],
    "another": lambda whole: b"PK" * 5000,
    "garbled": lambda whole: whole.replace("ç".encode(), b"\xff\xff"),
}


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LANGUAGE", "")
    monkeypatch.chdir(tmp_path)


def _broken(tmp_path: Path, how: str) -> Path:
    folder = tmp_path / "locale/pt_BR/LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "reconciler.mo").write_bytes(BROKEN[how](CATALOGUE.read_bytes()))
    return tmp_path / "locale"


@pytest.mark.parametrize("asked", ["environment", "configuration"])
@pytest.mark.parametrize("how", BROKEN)
def test_a_damaged_catalogue_is_no_bug(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    how: str,
    asked: str,
) -> None:
    monkeypatch.setattr(language, "FOLDER", str(_broken(tmp_path, how)))
    if asked == "environment":
        monkeypatch.setenv("RECONCILER_LANG", "pt-BR")
    else:
        (tmp_path / "reconciler.yaml").write_text("language: pt-BR\n")
    assert app.run(["validate"]) == Exit.ERROR
    assert capsys.readouterr().err == (
        "Error: the words of the language pt-BR are damaged\n  install the package again\n"
    )


@pytest.mark.parametrize("folder", [".", "none"])
def test_without_its_catalogue_a_language_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: str
) -> None:
    monkeypatch.setattr(language, "FOLDER", str(tmp_path / folder))
    monkeypatch.setenv("RECONCILER_LANG", "pt-BR")
    assert app.run(["validate"]) == Exit.USAGE
    assert "there is no language 'pt-BR'\n  languages: en\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["-C", "below"],
        ["-Cbelow"],
        ["-C", "none", "-Cbelow"],
        ["--config", "below/reconciler.yaml"],
        ["--config=below/reconciler.yaml"],
        ["-Cbelow", "--config=reconciler.yaml"],
    ],
    ids=" ".join,
)
def test_a_mistake_is_told_in_the_language_of_the_files_that_are_meant(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below/reconciler.yaml").write_text("language: pt-BR\n")
    assert app.run([*arguments, "plan", "--nonsense"]) == Exit.USAGE
    assert "Erro: A opção '--nonsense' não existe." in capsys.readouterr().err


def test_one_process_speaks_one_language_after_the_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    helps = []
    for tag in ("en", "pt-BR", "en", "pt-BR"):
        monkeypatch.setenv("RECONCILER_LANG", tag)
        assert app.run(["plan", "--help"]) == Exit.OK
        helps.append(capsys.readouterr().out)
        assert app.run(["plan", "--color"]) == Exit.USAGE  # in click's own words
        helps.append(capsys.readouterr().err)
    assert helps[:4] == helps[4:]
    assert "\nUsage: " in helps[0]
    assert "\nUso: " in helps[2]
    assert "requires an argument" in helps[1]
    assert "requires an argument" not in helps[3]


def test_the_command_for_a_token_is_run_in_the_language_of_its_user(repo: Repo) -> None:
    command = repo.write("token.sh", f'#!/bin/sh\n[ "${{LANGUAGE-none}}" = none ] && echo {TOKEN}\n')
    command.chmod(0o755)
    del repo.environment["RECONCILER_TOKEN"]
    for tag in ("en", "pt-BR"):
        result = repo.run("list", RECONCILER_TOKEN_COMMAND=str(command), RECONCILER_LANG=tag)
        assert result.code == Exit.OK, result.err


def test_a_system_that_says_nothing_is_said_so() -> None:
    language.use("pt-BR")
    assert tr(of_system(OSError(""))) == ""
    assert tr("{why}", why=Message("", {})) == ""
