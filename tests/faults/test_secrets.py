"""Nothing leaks: everything that runs print and write is searched for what must not be there (promise 5)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reconciler.cli.formats import serving
from tests.faults.support import Recorder, configure
from tests.support import ACCOUNT, ANA, BRUNO, CARLOS, DORA, ELISA, TOKEN, Repo, picture

USERNAME = "user-name-that-must-not-leak"
NAMED = "5519988887777"  # named in a manifest, without an alias
UNKNOWN = "5519977776666"  # only ever in the live groups
PEOPLE = (ANA, BRUNO, CARLOS, DORA, ELISA, NAMED, UNKNOWN)


def spellings(number: str) -> set[str]:
    """With and without country, area and ninth digit."""
    country, area, rest = number[:2], number[2:4], number[4:]
    return {number, area + rest, country + area + rest[1:], rest, rest[1:]}


def search(text: str, where: str, links: list[str], *, allowed: tuple[str, ...] = ()) -> None:
    """Fail where the text holds the token, the user name, a link, or the number of somebody not allowed."""
    assert TOKEN not in text, where
    assert USERNAME not in text, where
    for link in links:
        assert link.rpartition("/")[2] not in text, where
    # Digests and times are digits as well; ids of groups are judged by their own rule.
    plain = re.sub(r"\b[0-9a-f]{64}\b|\b20\d\d-\d\d-\d\dT[0-9:.]+Z?", " ", text)
    squeezed = re.sub(r"(?<=[0-9)])[ ().-]+(?=[0-9(])", "", plain)
    for number in PEOPLE:
        if number not in allowed:
            for spelling in spellings(number):
                assert spelling not in plain, f"{where}: {number} as {spelling}"
                assert spelling not in squeezed, f"{where}: {number} as {spelling}, with signs between"


@pytest.fixture
def world(repo: Repo) -> Repo:
    """Groups in every condition, some with subjects that hold numbers and links."""
    repo.environment["RECONCILER_USERNAME"] = USERNAME
    configure(repo, retries=1)
    repo.write("groups/icons/i.png", picture("navy", 256))
    (update,) = repo.api.seed(
        "Antes", participants=[ANA, BRUNO, CARLOS, UNKNOWN, NAMED], admins=[BRUNO, UNKNOWN]
    )
    repo.group(
        "update",
        f'id: {update["id"]}\nsubject: Depois\nicon: icons/i.png\nadmins: [ana, elisa, "+{NAMED}"]\n'
        "members: [dora, carlos]\nprune_members: true\nlink_version: 1\n",
    )
    (foreign,) = repo.api.seed("Alheio", creator=UNKNOWN, participants=[ANA])
    repo.group("blocked", f"id: {foreign['id']}\nsubject: Nosso agora\n")
    repo.api.seed("Achado", creator=UNKNOWN, account="admin")
    repo.group("found", "subject: Achado\n")
    repo.api.seed(f"+{UNKNOWN} https://chat.whatsapp.com/AbCdEfGh1234")
    repo.group("create", f'subject: Nova\nadmins: [dora, "+{NAMED}"]\n')
    (unreadable,) = repo.api.seed("Ruim")
    repo.group("unreadable", f"id: {unreadable['id']}\nsubject: Melhor\n")
    (failing,) = repo.api.seed("Falha")
    repo.group("failing", f"id: {failing['id']}\nsubject: Certo\n")
    repo.api.add_faults(
        f"GET /groups/{unreadable['id']} status=500 body=text",
        f"PUT /groups/{failing['id']} status=400 body=errors",
    )
    return repo


def links_of(repo: Repo) -> list[str]:
    return [repo.api.invite(group["id"]) for group in repo.api.groups() if ACCOUNT in group["admins"]]


@pytest.mark.parametrize("name", ["text", "json"])
def test_a_verbose_run_in_every_format_holds_no_secret(world: Repo, name: str) -> None:
    links = links_of(world)
    reports = [f"plan.{other}" for other in serving("plan")] + [
        f"apply.{other}" for other in serving("apply")
    ]

    def arguments(verb: str) -> tuple[str, ...]:
        wanted = [f"--report={other}={verb}.{other}" for other in serving(verb)]
        return (verb, "--verbose", "--format", name, *wanted)

    plan = world.run(*arguments("plan"), "--out", "saved.json")
    apply = world.run(*arguments("apply"), "--yes")
    assert (plan.code, apply.code) == (1, 1), "one could not be read"
    assert world.live("Depois"), "it was applied all the same"
    links += links_of(world)
    again = world.run(*arguments("plan"))
    refused = world.run(*arguments("apply"), "--yes", "--plan", "saved.json")
    assert refused.code == 6
    for where, result in {"plan": plan, "apply": apply, "again": again, "refused": refused}.items():
        search(result.out, f"stdout of {where}", links)
        search(result.err, f"stderr of {where}", links)
    files = [path for path in (world.path / ".reconciler").iterdir() if path.suffix != ".lock"]
    for path in (*(world.path / report for report in reports), world.path / "saved.json"):
        search(path.read_text(), path.name, links)
        assert str(world.path) not in path.read_text()
    for path in files:
        search(path.read_text(), path.name, links, allowed=(NAMED,))
    shown = world.run("state", "show")
    search(shown.out, "state show", links)


def test_show_numbers_shows_numbers_and_still_no_link_and_no_token(world: Repo) -> None:
    links = links_of(world)
    shown = world.run("plan", "--show-numbers", "--verbose")
    assert UNKNOWN in shown.out.replace("+", "")
    assert TOKEN not in shown.out + shown.err
    assert USERNAME not in shown.out + shown.err
    for link in links:
        assert link.rpartition("/")[2] not in shown.out + shown.err


def test_an_answer_that_repeats_the_credentials_is_cut(repo: Repo) -> None:
    """A proxy that quotes the whole request in its error."""
    proxy = Recorder()
    repo.environment |= {
        "RECONCILER_USERNAME": USERNAME,
        "RECONCILER_BASE_URL": f"http://127.0.0.1:{proxy.port}",
        "RECONCILER_STATE": "none",
    }
    repo.group("g1", "subject: Nova\n")
    try:
        for name in ("text", "json"):
            refused = repo.run("plan", "--verbose", "--format", name)
            assert refused.code == 1
            assert "the API refused (HTTP 400)" in refused.err
            assert TOKEN not in refused.out + refused.err
            assert USERNAME not in refused.out + refused.err
    finally:
        proxy.close()
    assert all(TOKEN.encode() in request for request in proxy.seen), "so it was in every answer"


@pytest.mark.parametrize("where", ["token file", "token command"])
def test_the_token_from_elsewhere_is_no_less_secret(repo: Repo, where: str, tmp_path: Path) -> None:
    repo.group("g1", "subject: Nova\n")
    del repo.environment["RECONCILER_TOKEN"]
    secret = tmp_path / "secret"
    secret.write_text(f"{TOKEN}\n")
    secret.chmod(0o600)
    if where == "token file":
        repo.environment["RECONCILER_TOKEN_FILE"] = str(secret)
    else:
        repo.environment["RECONCILER_TOKEN_COMMAND"] = f"cat {secret}"
    done = repo.run("apply", "--yes", "--verbose")
    assert done.code == 0, done.err
    assert TOKEN not in done.out + done.err
    secret.write_text("")
    failed = repo.run("plan", "--verbose")
    assert failed.code == 4
    secret.write_text(f"{TOKEN}\ntwo lines\n")
    failed = repo.run("plan", "--verbose")
    assert failed.code == 4
    assert TOKEN not in failed.out + failed.err
