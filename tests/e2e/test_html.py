"""Pages as the commands write them: which pictures are fetched for them, what is in the file, whose it is."""

from __future__ import annotations

import re
import stat

from tests.support import Repo, picture


def test_only_pictures_that_differ_are_fetched_and_only_for_a_page(repo: Repo) -> None:
    for name, colour in (("suporte", "teal"), ("vendas", "navy")):
        repo.group(name, f"subject: {name}\nicon: icons/{name}.png\n")
        repo.write(f"groups/icons/{name}.png", picture(colour))
    assert repo.apply().code == 0
    changed = picture("maroon", kind="JPEG")
    repo.api.set_icon(repo.live("suporte")["id"], changed)

    repo.api.clear_calls()
    assert repo.run("drift").code == 2
    without = len(repo.api.downloads())  # to compare what is served now
    repo.api.clear_calls()
    result = repo.run("drift", "--report", "html=drift.html", "--report", "json=drift.json")
    assert result.code == 2, result.err
    assert len(repo.api.downloads()) == without + 1
    assert repo.writes() == []

    page = (repo.path / "drift.html").read_text()
    assert stat.S_IMODE((repo.path / "drift.html").stat().st_mode) == 0o600
    assert len(set(re.findall(r"data:image/webp;base64,[A-Za-z0-9+/=]+", page))) == 2
    assert "Drift: 1 drifted" in page
    assert f"{len(changed) / 1000:.0f} KB" in page
    assert "<dt>Requests</dt>" in page
    assert "<dt>Account</dt><dd><bdi>+55 19 •••• 2222</bdi>" in page

    repo.write("groups/icons/vendas.png", picture("olive"))
    repo.api.clear_calls()
    plan = repo.run("plan", "--format", "html")
    assert plan.code == 0, plan.err
    assert plan.out.startswith("<!DOCTYPE html>")
    assert len(set(re.findall(r"data:image/webp;base64,[A-Za-z0-9+/=]+", plan.out))) == 4
    assert "2 groups would change" in plan.out


def test_a_run_that_fails_leaves_no_page_of_an_earlier_one(repo: Repo) -> None:
    repo.group("suporte", "subject: Suporte\n")
    assert repo.run("plan", "--report", "html=page.html").code == 0
    assert "1 group would change" in (repo.path / "page.html").read_text()
    repo.group("suporte", "subject: [no\n")
    assert repo.run("plan", "--report", "html=page.html").code == 1
    page = (repo.path / "page.html").read_text()
    assert "The run ended with an error" in page
    assert "groups/suporte.yaml:" in page
    assert repo.run("validate", "--report", "html=page.html").code == 1
    assert "1 mistake in 1 file" in (repo.path / "page.html").read_text()
