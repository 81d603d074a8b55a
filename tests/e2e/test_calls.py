"""Exactly which calls a run makes: what need not be known is not asked for, and nothing is asked twice."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.support import ANA, Repo, picture

NAMES = ("campinas", "santos", "sumare", "valinhos")
STRAYS = 3


class Calls:
    """The repository of four groups with icons that were applied, three live groups that nobody manages, and
    what is asked since."""

    def __init__(self, repo: Repo) -> None:
        self.repo = repo
        repo.write("groups/icon.png", picture())
        for name in NAMES:
            self.want(name, name.title())
        assert repo.apply().code == 0
        self.ids = {repo.live(name.title())["id"]: name for name in NAMES}
        for number in range(STRAYS):
            (stray,) = repo.api.seed(f"Stray {number}", participants=[ANA], icon=picture("navy"))
            self.ids[stray["id"]] = f"stray-{number}"
        self.forget()

    def want(self, name: str, subject: str) -> None:
        self.repo.group(name, f"subject: {subject}\nicon: icon.png\nadmins: []\n")

    def forget(self) -> None:
        self.repo.api.clear_calls()
        self.before = len(self.repo.api.downloads())

    def made(self) -> Counter[str]:
        """Every call as `METHOD name/rest`, `GET groups` being the list, and every download as `icon`."""
        found: Counter[str] = Counter()
        for call in self.repo.api.calls():
            rest = call["path"].partition("groups")[2].strip("/")
            group_id, _, below = rest.partition("/")
            place = "/".join(filter(None, (self.ids.get(group_id, group_id) or "groups", below)))
            found[f"{call['method']} {place}"] += 1
        if downloads := len(self.repo.api.downloads()) - self.before:
            found["icon"] = downloads
        return found


@pytest.fixture
def calls(repo: Repo) -> Calls:
    return Calls(repo)


def reads(*names: str) -> Counter[str]:
    """One list, and info and icon metadata of each."""
    return Counter({"GET groups": 1} | {f"GET {name}{below}": 1 for name in names for below in ("", "/icon")})


STRANGERS = Counter({f"GET stray-{number}": 1 for number in range(STRAYS)})


def plan(calls: Calls, *arguments: str, **environment: str) -> Counter[str]:
    done = calls.repo.plan("--detailed-exitcode", *arguments, **environment)
    assert done.code == 0, done.out + done.err
    return calls.made()


def test_steady_state_one_list_and_two_reads_a_group(calls: Calls) -> None:
    assert plan(calls) == reads(*NAMES)
    assert calls.made().total() == 2 * len(NAMES) + 1


def test_a_target_is_read_alone(calls: Calls) -> None:
    assert plan(calls, "--target", "santos") == reads("santos")


def test_without_state_everything_listed_is_looked_at_once_and_each_icon_compared_once(calls: Calls) -> None:
    calls.repo.state.unlink()
    found = calls.repo.apply()
    assert found.json["summary"]["done"] == len(NAMES)
    assert calls.made() == reads(*NAMES) + STRANGERS + Counter(icon=len(NAMES))
    calls.forget()
    assert plan(calls) == reads(*NAMES)


def test_stateless_every_run_is_a_first_one(calls: Calls) -> None:
    expected = reads(*NAMES) + STRANGERS + Counter(icon=len(NAMES))
    for _ in range(2):
        assert plan(calls, RECONCILER_STATE="none") == expected
        calls.forget()


def again(name: str) -> Counter[str]:
    """What is read again of a group just before its first write."""
    return Counter({f"GET {name}": 1, f"GET {name}/icon": 1})


def seen(name: str) -> Counter[str]:
    """The look whether a change took effect."""
    return Counter({f"GET {name}": 1})


def test_one_changed_group_is_read_before_and_after_and_nothing_else_is(calls: Calls) -> None:
    calls.want("santos", "Praia")
    assert calls.repo.apply().code == 0
    assert calls.made() == reads(*NAMES) + again("santos") + seen("santos") + Counter({"PUT santos": 1})
    calls.forget()
    assert plan(calls) == reads(*NAMES)


def test_a_new_icon_is_downloaded_once_and_no_other(calls: Calls) -> None:
    calls.repo.write("groups/new.png", picture("crimson"))
    calls.repo.group("santos", "subject: Santos\nicon: new.png\nadmins: []\n")
    assert calls.repo.apply().code == 0
    sent = Counter({"POST santos/icon": 1, "GET santos/icon": 1, "icon": 1})
    assert calls.made() == reads(*NAMES) + again("santos") + sent
    calls.forget()
    assert plan(calls) == reads(*NAMES)


def test_an_icon_changed_by_hand_is_downloaded_to_be_sure_and_no_other(calls: Calls) -> None:
    changed = next(group_id for group_id, name in calls.ids.items() if name == "santos")
    calls.repo.api.set_icon(changed, picture("navy"))
    assert calls.repo.plan("--detailed-exitcode").code == 2
    assert calls.made() == reads(*NAMES) + Counter(icon=1)


def test_a_new_group_is_listed_for_made_read_and_given_its_icon(calls: Calls) -> None:
    """What it costs beside the plan, which has to read every stray while a name is searched for."""
    calls.want("nova", "Nova")
    assert calls.repo.apply().code == 0
    calls.ids[calls.repo.live("Nova")["id"]] = "nova"
    made = Counter(
        {"GET groups": 1, "POST groups": 1, "GET nova": 1, "POST nova/icon": 1, "GET nova/icon": 1}
    )
    assert calls.made() == reads(*NAMES) + STRANGERS + made + Counter(icon=1)
    calls.forget()
    assert plan(calls) == reads(*NAMES, "nova")
