"""What groups and people have beyond the first service: descriptions, permissions, communities, refusals."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.sandbox.control import ControlError

from .conftest import ANA, BRUNO, Client, Connect


def test_description_and_permissions_are_changed_each_by_itself(api: Client) -> None:
    (group,) = api.control.seed(
        "Suporte", description="Só urgências", permissions={"send_messages": "admins"}
    )
    api.control.permit(group["id"], approve_members=True)
    api.control.permit(group["id"], approve_members=True)
    truth = api.truth(group["id"])
    assert truth["description"] == "Só urgências"
    assert truth["permissions"] == {
        "send_messages": "admins",
        "edit_info": "everyone",
        "add_members": "everyone",
        "approve_members": True,
    }
    assert sum("changed what members may do" in notice for notice in truth["notices"]) == 1
    api.control.set_description(group["id"], "")
    assert api.truth(group["id"])["description"] is None


@pytest.mark.parametrize(
    "permissions",
    [{"send_messages": "nobody"}, {"approve_members": "yes"}, {"fly": True}, {"edit_info": None}],
)
def test_permissions_that_there_are_not(api: Client, permissions: dict[str, Any]) -> None:
    with pytest.raises(ControlError, match="400"):
        api.control.permit(api.create(), **permissions)


def test_who_comes_by_the_link_waits_where_admins_want_to_be_asked(api: Client) -> None:
    (group,) = api.control.seed("Suporte", permissions={"approve_members": True})
    api.control.join(group["id"], ANA, BRUNO)
    api.control.join(group["id"], ANA)
    truth = api.truth(group["id"])
    assert [entry["number"] for entry in truth["waiting"]] == [ANA, BRUNO]
    assert ANA not in truth["participants"]
    api.control.approve(group["id"], ANA)
    api.control.reject(group["id"], BRUNO)
    truth = api.truth(group["id"])
    assert (truth["participants"][1:], truth["waiting"]) == ([ANA], [])


def test_somebody_is_known_under_a_number_without_the_ninth_digit(connect: Connect) -> None:
    api = connect()
    full, short = "5531900000001", "553100000001"
    api.control.person(full, registered=short)
    group_id = api.create()
    api.control.join(group_id, full)
    assert api.info(group_id)["participants"][1:] == [short]


def test_a_group_of_a_community(api: Client) -> None:
    (parent,) = api.control.seed("Bairro", kind="community")
    (group,) = api.control.seed("Rua", parent=parent["id"])
    assert api.truth(group["id"])["parent"] == parent["id"]
    api.control.place(group["id"])
    assert api.truth(group["id"])["parent"] is None
    with pytest.raises(ControlError, match="no community"):
        api.control.place(parent["id"], parent=group["id"])


@pytest.mark.parametrize("refusal", [200, 500, "403"])
def test_a_refusal_that_no_service_answers(api: Client, refusal: Any) -> None:
    with pytest.raises(ControlError, match="refusal: one of 401, 403"):
        api.control.person(ANA, refusal=refusal)
