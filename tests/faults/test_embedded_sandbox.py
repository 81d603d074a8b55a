"""`--sandbox` reaches nothing real, whatever the environment says; and keeps what was made in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.support import Recorder
from tests.support import ANA, CONTACTS, TOKEN, Repo


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    listening = Recorder()
    yield listening
    listening.close()


def production(recorder: Recorder) -> dict[str, str]:
    """As a shell that is set up for the real account."""
    url = f"http://127.0.0.1:{recorder.port}"
    return {
        "RECONCILER_BASE_URL": url,
        "RECONCILER_USERNAME": "production",
        "RECONCILER_TOKEN": TOKEN,
        "RECONCILER_TOKEN_COMMAND": "",
        "RECONCILER_STATE": "file:production-state.json",
        "RECONCILER_ACCOUNT": "+55 11 4444-3333",
        "RECONCILER_PLAN_KEY": "production-key",
        "HTTP_PROXY": url,
        "http_proxy": url,
        "HTTPS_PROXY": url,
        "ALL_PROXY": url,
    }


LINES = (
    "plan --sandbox --out p.json",
    "--sandbox apply --yes",
    "apply --yes --sandbox --format json",
    "apply --sandbox --yes --plan p.json",
    "state list --sandbox",
    "state show --sandbox",
    "validate --sandbox",
)


def test_nothing_connects_elsewhere(repo: Repo, recorder: Recorder) -> None:
    repo.environment |= production(recorder)
    repo.group("g1", "subject: Grupo\nadmins: [ana]\n")
    for line in LINES:
        done = repo.run(*line.split())
        assert done.code == (6 if "--plan" in line else 0), (line, done.err)  # applied already
        assert TOKEN not in done.out + done.err
    assert recorder.seen == []
    assert repo.api.calls() == []
    assert not (repo.path / "production-state.json").exists()
    # The same shell without --sandbox does go there, so the recorder would have seen it.
    assert repo.run("plan").code == 1
    assert recorder.seen


@pytest.mark.parametrize("token", [{}, {"RECONCILER_TOKEN_COMMAND": "touch was-run", "RECONCILER_TOKEN": ""}])
def test_credentials_are_not_even_looked_at(repo: Repo, token: dict[str, str]) -> None:
    repo.environment = {"PATH": repo.environment["PATH"], "HOME": repo.environment["HOME"], **token}
    repo.group("g1", "subject: Grupo\n")
    assert repo.run("plan", "--sandbox").code == 0
    assert not (repo.path / "was-run").exists()


def test_the_account_of_the_environment_is_not_the_sandboxs(repo: Repo) -> None:
    repo.write("reconciler.yaml", "")
    repo.group("g1", "subject: Grupo\n")
    done = repo.run("apply", "--sandbox", "--yes", RECONCILER_ACCOUNT="+55 11 4444-3333")
    assert done.code == 0, done.err
    again = repo.run("plan", "--sandbox", "--detailed-exitcode", RECONCILER_ACCOUNT="nonsense")
    assert again.code == 0, again.err


def test_it_lasts_from_run_to_run_and_lives_in_a_folder_of_its_own(repo: Repo) -> None:
    repo.group("g1", "subject: Grupo\n")
    before = {path.name for path in repo.path.iterdir()}
    assert repo.run("apply", "--sandbox", "--yes").code == 0
    assert {path.name for path in repo.path.iterdir()} - before == {".reconciler"}
    assert repo.run("plan", "--sandbox", "--detailed-exitcode").code == 0
    repo.group("g1", "subject: Novo\n")
    assert repo.run("plan", "--sandbox", "--detailed-exitcode").code == 2
    assert (repo.path / ".reconciler").stat().st_mode & 0o077 == 0
    assert not repo.state.exists(), "the real state is another"


def test_two_at_once_are_told_apart_from_a_bug(repo: Repo) -> None:
    """The database belongs to one sandbox at a time."""
    repo.group("g1", "subject: Grupo\n")
    serving = repo.start("sandbox")
    assert serving.stdout is not None
    try:
        assert serving.stdout.readline().startswith("export RECONCILER_BASE_URL=http://127.0.0.1:")
        second = repo.run("plan", "--sandbox")
        assert second.code == 1
        assert "in use by another sandbox" in second.err
        port = repo.server.base_url.rpartition(":")[2]
        taken = repo.run("sandbox", "--database", "other.sqlite3", "--port", port)
        assert taken.code == 1
        assert "cannot listen" in taken.err
    finally:
        serving.terminate()
        serving.communicate(timeout=30)
    assert serving.returncode == 0


def test_what_a_served_sandbox_prints_makes_it_the_api(repo: Repo) -> None:
    repo.group("g1", "subject: Grupo\nadmins: [ana]\n")
    repo.write("contacts.yaml", CONTACTS)
    serving = repo.start("sandbox", "--token", "abc", "--username", "me")
    assert serving.stdout is not None
    try:
        lines = [serving.stdout.readline().strip() for _ in range(4)]
        exported = dict(line.removeprefix("export ").split("=", 1) for line in lines)
        assert list(exported) == [
            "RECONCILER_BASE_URL", "RECONCILER_USERNAME", "RECONCILER_TOKEN", "RECONCILER_ACCOUNT"
        ]  # fmt: skip
        repo.environment |= exported
        done = repo.apply()
        assert done.code == 0, done.err
        assert done.json["groups"][0]["to_invite"] == [{"person": "ana", "as": "admin"}]
        assert ANA not in done.out
        assert repo.run("plan", RECONCILER_TOKEN="wrong").code == 4
    finally:
        serving.terminate()
        serving.communicate(timeout=30)
