"""`apply --ready` as a process: its exit codes, what it says, and what it leaves alone."""

from __future__ import annotations

from tests.support import ACCOUNT, ANA, BRUNO, STRANGER, Repo


def test_the_hourly_job(repo: Repo) -> None:
    repo.group("suporte", "subject: Suporte\nadmins: [ana, bruno]\n")
    repo.group("vendas", "subject: Vendas\nmembers: [carlos]\n")
    assert repo.apply().code == 0
    group_id = repo.live("Suporte")["id"]
    repo.group("novo", "subject: Novo\nadmins: [dora]\n")  # merged, and not applied yet
    repo.group("vendas", "subject: Vendas 2\nmembers: [carlos]\n")
    repo.api.join(group_id, ANA, STRANGER)
    repo.api.promote(group_id, STRANGER)
    repo.api.clear_calls()

    promoted = repo.run("apply", "--ready", "--yes")
    assert promoted.code == 0, promoted.err
    assert repo.writes() == [("PATCH", f"/groups/{group_id}/admins")]
    assert set(repo.live("Suporte")["admins"]) == {ACCOUNT, ANA, STRANGER}, "nobody was demoted"
    assert "novo" not in repo.state.read_text()
    assert "1 done" in promoted.out
    assert repo.plan("--detailed-exitcode").code == 2, "the rest still waits for a full apply"

    repo.api.clear_calls()
    again = repo.apply("--ready")
    assert (again.code, repo.writes()) == (0, [])
    assert [group["name"] for group in again.json["groups"]] == ["novo", "suporte"]
    nobody = repo.run("apply", "--ready", "--yes", "--target", "suporte")
    assert nobody.out.endswith("Nobody to promote: looked at 1 group that waits for an admin.\n")

    repo.api.join(group_id, BRUNO)
    asked = repo.run("apply", "--ready")
    assert (asked.code, repo.writes()) == (64, []), "there is no terminal to ask on"
    repo.api.add_faults("GET /groups/* status=500 body=text")
    repo.write("reconciler.yaml", 'account: "+5519911112222"\napi: {retries: 0}\n')
    assert repo.run("apply", "--ready", "--yes").code == 1, "what cannot be read is not green"
    for meaningless in (("--prune",), ("--plan", "plan.json")):
        refused = repo.run("apply", "--ready", "--yes", *meaningless)
        assert (refused.code, refused.out) == (64, "")
