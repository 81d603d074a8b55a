"""The example for WAHA becomes groups, and the page of services agrees with what the program knows."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import yaml

from reconciler.model.capabilities import BACKENDS, CAPABILITIES
from reconciler.model.group import PERMISSIONS
from tests.support import Repo

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "waha"


def test_the_example_for_waha_becomes_groups(gateway: Repo) -> None:
    shutil.copytree(EXAMPLE, gateway.path, dirs_exist_ok=True)
    assert gateway.run("validate").out == "No mistakes in 3 groups.\n"

    planned = gateway.plan()
    assert (planned.code, [group["action"] for group in planned.json["groups"]]) == (0, ["create"] * 3)
    assert gateway.writes() == []

    applied = gateway.apply()
    assert applied.code == 0, applied.err
    acme, sun, news = map(
        gateway.live, ("Cliente Acme Logística e Transportes", "Cliente Padaria do Sol", "Avisos Vendas")
    )
    assert acme["description"].startswith("Atendimento em dias úteis")
    assert acme["permissions"] == {
        "send_messages": "everyone",
        "edit_info": "admins",
        "add_members": "admins",
        "approve_members": True,
    }
    assert sun["description"] == "Pedidos até as 16h saem no mesmo dia."
    assert news["permissions"]["send_messages"] == "admins"
    assert (len(acme["participants"]), len(sun["participants"]), len(news["participants"])) == (1, 1, 5)

    again = gateway.plan("--detailed-exitcode")
    assert (again.code, [group["changes"] for group in again.json["groups"]]) == (0, [[]] * 3)


def test_its_container_is_pinned_and_on_loopback() -> None:
    (service,) = yaml.safe_load((EXAMPLE / "docker-compose.yml").read_text(encoding="utf-8"))[
        "services"
    ].values()
    assert re.fullmatch(r"devlikeapro/waha:noweb-20\d\d\.\d+\.\d+", service["image"])
    assert service["ports"] == ["127.0.0.1:3000:3000"]
    assert service["environment"]["WAHA_API_KEY"] == "${WAHA_API_KEY:?}"


def test_that_of_evolution_is_pinned_on_loopback_and_keeps_no_messages() -> None:
    text = (ROOT / "examples" / "evolution" / "docker-compose.yml").read_text(encoding="utf-8")
    services = yaml.safe_load(text)["services"]
    gateway, database = services["evolution"], services["database"]
    assert re.fullmatch(r"evoapicloud/evolution-api:v2\.\d+\.\d+", gateway["image"])
    assert gateway["ports"] == ["127.0.0.1:8080:8080"]
    assert "ports" not in database
    told = gateway["environment"]
    assert told["AUTHENTICATION_API_KEY"] == "${EVOLUTION_KEY:?}"
    kept = {name for name, value in told.items() if name.startswith("DATABASE_SAVE_") and value != "false"}
    assert kept == {"DATABASE_SAVE_DATA_INSTANCE"}


def test_the_page_of_services_says_what_the_program_knows_of_them() -> None:
    page = (ROOT / "docs" / "backends.md").read_text(encoding="utf-8")
    table = page.split("\n\n")[2]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    names = [name.strip("`").partition("`")[0] for name in rows[0][1:]]
    assert names == list(BACKENDS)
    told = {what: dict(zip(names, cells, strict=True)) for what, *cells in rows[2:]}
    for name, can in CAPABILITIES.items():
        assert told["subject"][name] == f"{can.subject_limit} characters"
        for what, whether in (
            ("icon: null", can.no_icon),
            ("description", can.description),
            ("description: null", can.no_description),
        ):
            assert told[f"`{what}`"][name] == ("yes" if whether else "–")
        assert ("wants" in told["a new group"][name]) is can.peopled
        permissions = [f"`{each}`" for each in PERMISSIONS if each in can.permissions]
        assert told["`permissions`"][name] == (", ".join(permissions) or "–")
        assert ("join: add" in told["people who are missing"][name]) is can.adding
        assert ("template" in told["messages"][name]) is can.templates
        assert (told["official"][name] == "yes") is not can.gateway
