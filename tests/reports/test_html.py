"""Pages of HTML as text: what is in them, what is not, and how large they get. See `test_page.py` for how a
browser takes them."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace

import pytest

from reconciler.errors import Complaint, Location
from reconciler.model.change import SetValue
from reconciler.model.drift import Drift
from reconciler.model.live import Thumbnail, Thumbnails
from reconciler.model.plan import Plan
from reconciler.report import apply, drift, validate
from reconciler.report.section import Run

from . import based, drifts, large, samples
from .runs import Look, draw_plan, render
from .samples import ACCOUNT, LOGO, OPEN_REDACTOR, REDACTOR, RUN, STRANGER

CSP = re.compile(
    r'<meta http-equiv="Content-Security-Policy" content="'
    r"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'nonce-([^']+)'; "
    r"base-uri 'none'; form-action 'none'\">"
)


def thumbnail(words: str, size: int = 3000) -> Thumbnail:
    data = hashlib.sha256(words.encode()).digest() * (size // 32)
    return Thumbnail(data, "image/webp", 640, 640, 41_000, hashlib.sha256(data).hexdigest())


SHOWN = Thumbnails(files={LOGO.sha256: thumbnail("file")}, live={"suporte-campinas": thumbnail("live")})


def page_of(found: Drift, thumbnails: Thumbnails | None = None, run: Run = RUN) -> str:
    look = Look(thumbnails=thumbnails)
    return render("html", "drift", drift.told(found, REDACTOR), run, look)


def drift_html(thumbnails: Thumbnails = SHOWN) -> str:
    return page_of(drifts.EVERYTHING, thumbnails)


def test_the_policy_comes_first_and_names_the_one_script() -> None:
    page = drift_html()
    found = CSP.search(page)
    assert found is not None
    assert page.index(found[0]) < page.index("<style>")
    scripts = re.findall(r"<script[^>]*>", page)
    assert scripts == [f'<script nonce="{found[1]}">']
    assert len(base64.urlsafe_b64decode(found[1])) == 18
    assert not re.search(r"\son[a-z]+=|javascript:|https?://(?!www\.w3\.org)", page.partition("<script")[0])


def test_the_same_view_gives_the_same_page_and_another_another_nonce() -> None:
    page = drift_html()
    assert page == drift_html()
    other = page_of(drifts.IN_SYNC, SHOWN)
    nonces = {match[1] for text in (page, other) if (match := CSP.search(text))}
    assert len(nonces) == 2


def test_facts_of_the_run() -> None:
    page = re.sub(r"<[^>]+>", "|", drift_html())
    for fact in (
        "3f9c2ab77ee0",
        "+55 19 •••• 2222",
        "api.example",
        "reconciler 1.2.3",
        "2026-11-22 02:00:30 UTC",
        "6.4 s",
        "37",
        "complete",
    ):
        assert f"|{fact}|" in page
    cut = re.sub(r"<[^>]+>", "|", page_of(drifts.EVERYTHING, run=replace(RUN, complete=False)))
    assert "|incomplete|" in cut


def test_commands_stand_beside_the_groups_that_drifted() -> None:
    page = re.sub(r"</?span>", "", drift_html())
    assert "<code>reconciler apply --target suporte-campinas</code>" in page
    assert "<code>reconciler accept suporte-campinas</code>" in page
    assert "accept cliente-beta" not in page  # it is gone: there is nothing to keep
    assert "<code>reconciler apply --target atendimento</code>" in page
    assert "accept atendimento" not in page


def test_people_and_ids_are_masked_everywhere() -> None:
    for page in (
        drift_html(),
        draw_plan("html", samples.EVERYTHING, run=RUN, look=Look(thumbnails=SHOWN)),
        render("html", "apply", run=RUN),
    ):
        assert STRANGER not in page.replace(" ", "")
        assert "19988887777" not in page.replace(" ", "")
        assert "+55 19 •••• 7777" in page
    assert ACCOUNT + "-1513616971" in drift_html()  # the account's own number in an id is nobody's secret
    assert STRANGER in render("html", "drift", drift.told(drifts.EVERYTHING, OPEN_REDACTOR), RUN)


def test_a_picture_that_is_shown_often_is_in_the_page_once() -> None:
    page = drift_html()
    file, live = (
        base64.b64encode(shown.data).decode()
        for shown in (SHOWN.files[LOGO.sha256], SHOWN.live["suporte-campinas"])
    )
    assert page.count(file) == 1
    assert page.count(live) == 1
    assert f'<img class="frame" src="data:image/webp;base64,{live}" alt="icon as it is live">' in page
    assert page.count('role="img" aria-label="icon in the files"') >= 2


def test_a_picture_that_cannot_be_shown_says_why() -> None:
    page = drift_html(Thumbnails(absent={"suporte-campinas": "not shown: the picture is damaged"}))
    assert "not shown: the picture is damaged" in page
    assert "data:image" not in page


@pytest.mark.parametrize("text", ["::error::x", "##[group]x"])
def test_a_log_takes_no_order_and_a_reader_sees_the_words(text: str) -> None:
    plan = samples.group(
        "a", "update", samples.SetValue("subject", "x", text), found=samples.live("g", samples.ACCOUNT)
    )
    page = draw_plan("html", samples.Plan(groups=(plan,)), run=RUN)
    assert text not in page
    assert text in page.replace("&#58;", ":").replace("&#35;", "#")


def test_ten_thousand_groups_stay_under_ten_megabytes() -> None:
    live = {name: thumbnail(name, 5000) for name in large.DRIFTED}
    page = page_of(large.drift(), Thumbnails(files=SHOWN.files, live=live))
    assert len(page.encode()) < 10_000_000
    assert page.count("<article") == 500
    assert page.count("<li><bdi>cliente-") == 9_500


def test_of_ten_thousand_changed_groups_the_first_thousand_are_shown_in_full() -> None:
    groups = tuple(
        samples.group(f"novo-{n:05}", "create", samples.CreateGroup(f"Novo {n}")) for n in range(10_000)
    )
    page = draw_plan("html", samples.Plan(groups=groups), run=RUN)
    assert len(page.encode()) < 5_000_000
    assert page.count("<article") == 1_000
    assert page.count("<li><bdi>novo-") == 9_000
    assert "… and 9000 more, by name at the end of the page" in page
    assert '<span class="number">10000</span></h2>' in page


def test_a_base_comes_with_its_verdict_and_with_what_moves_protection() -> None:
    page = re.sub(r"<[^>]+>", "|", draw_plan("html", samples.EVERYTHING, based.BASE, run=RUN))
    assert "origin/main (bbbbbbbbbbbb)" in page
    assert page.index("This change moves what protects people") < page.index("Caused by this change")
    assert "guard demote_share: 0.25 → 0.9" in page
    assert page.index("Caused by this change") < page.index("Merging also makes these")
    assert "|Called off by this change|" in page
    nothing = draw_plan("html", samples.EVERYTHING, based.NOTHING_NEW, run=RUN)
    assert "This change causes no changes" in nothing
    assert "its files are wrong" in draw_plan("html", samples.EVERYTHING, based.BROKEN, run=RUN)


def test_other_runs_have_pages_too() -> None:
    page = render("html", "validate", validate.told(samples.COMPLAINTS, None), RUN)
    assert "2 mistakes and 1 warning in 3 files" in page
    assert "groups/a.yaml:10:3" in page
    assert "1 change failed, 8 done" in render("html", "apply", run=RUN)
    assert "6 changes done" in render("html", "apply", apply.told(samples.ALL_DONE, REDACTOR), RUN)
    assert "Nothing to do" in render("html", "apply", apply.told(samples.NOTHING_DONE, REDACTOR), RUN)


def test_one_mistake_is_no_mistakes() -> None:
    wrong = Complaint(Location("groups/a.yaml", 3, 5), "`admin` is not a key")
    page = render("html", "validate", validate.told([wrong], None))
    assert '<span class="word">Mistake</span>' in page
    assert "None: warnings." in page


def test_a_group_is_titled_by_its_name_and_subject() -> None:
    named = replace(drifts.SUPPORT, subject="Suporte Campinas 19 98888-7777")
    page = page_of(replace(drifts.EVERYTHING, groups=(named,)))
    assert (
        '<h3><bdi>suporte-campinas</bdi></h3><span class="subject"><q><bdi>Suporte Campinas ••••77</bdi>'
        in page
    )


def test_a_permission_is_titled_in_words() -> None:
    change = SetValue("send_messages", "everyone", "admins")
    page = draw_plan("html", Plan(groups=(samples.group("g1", "update", change),)))
    assert '<span class="field">Send messages</span>' in page
