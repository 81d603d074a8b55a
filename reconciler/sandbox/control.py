"""The control API's client for tests: look at what was asked, seed groups, change things by hand."""

from __future__ import annotations

import base64
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence
from typing import Any

from .faults import matches

_POLL = 0.01


class ControlError(Exception):
    """The control API refused; the text is its own."""


class Control:
    """Speaks to one sandbox, which may run in another process. Groups come back as dictionaries of everything
    stored:

    ``id``, ``subject``, ``creator``, ``creation_time``, ``participants``, ``admins``, ``icon`` (``path``,
    ``mime``, ``sha256``, ``size``, or None), ``link``, ``hidden``, ``listed``, ``description``,
    ``permissions``, ``kind``, ``parent``, ``waiting``, ``leavers``, ``messages`` and ``notices``.
    Methods raise ControlError where the sandbox refuses and OSError where it cannot be reached.
    """

    def __init__(self, base_url: str, timeout: float = 30.0) -> None:
        self.base_url = base_url
        self._timeout = timeout
        # Never through a proxy: a sandbox is on this machine.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    # Looking

    def calls(self) -> list[dict[str, Any]]:
        """The API's calls since the start or the last `clear_calls`, oldest first (fields: `log.Call`)."""
        calls: list[dict[str, Any]] = self._ask("GET", "calls")["calls"]
        return calls

    def downloads(self) -> list[dict[str, Any]]:
        """The requests to the CDN (fields: `log.Download`)."""
        downloads: list[dict[str, Any]] = self._ask("GET", "calls")["cdn"]
        return downloads

    def writes(self) -> list[dict[str, Any]]:
        """The calls with a method that writes."""
        return [call for call in self.calls() if call["write"]]

    def clear_calls(self) -> None:
        """Forget calls and downloads so far."""
        self._ask("DELETE", "calls")

    def groups(self) -> list[dict[str, Any]]:
        """Every group as it truly is, those left and hidden ones too."""
        groups: list[dict[str, Any]] = self._ask("GET", "groups")["groups"]
        return groups

    def group(self, group_id: str) -> dict[str, Any]:
        """One group as it truly is. Raises KeyError if there is none."""
        for group in self.groups():
            if group["id"] == group_id:
                return group
        raise KeyError(group_id)

    def messages(self) -> list[dict[str, Any]]:
        """Every message, in groups and to or from persons (fields: `group.Message`), oldest first."""
        messages: list[dict[str, Any]] = self._ask("GET", "messages")["messages"]
        return messages

    def deliveries(self) -> list[dict[str, Any]]:
        """Every MO body (``body``) with what the webhook answered (``status``, ``error``)."""
        deliveries: list[dict[str, Any]] = self._ask("GET", "deliveries")["deliveries"]
        return deliveries

    def webhooks(self, dialect: str = "waha") -> list[dict[str, Any]]:
        """The latest events as that gateway would have posted them: ``headers``, and the ``body`` as sent."""
        webhooks: list[dict[str, Any]] = self._ask("GET", f"webhooks?dialect={dialect}")["webhooks"]
        return webhooks

    def wait_for_call(
        self, method: str, glob: str, nth: int = 1, timeout: float = 10.0, *, pending: bool = False
    ) -> dict[str, Any]:
        """Wait until the `nth` matching call since the last `clear_calls` has been decided on, and return it.

        A call that hangs counts from the moment it hangs, its effect made or not; with `pending` every call
        counts from its arrival, so that one that is delayed is returned meanwhile. `method` and `glob` are
        as in a fault. Raises TimeoutError, listing the calls there were.
        """
        deadline = time.monotonic() + timeout
        while True:
            calls = self.calls()
            found = [call for call in calls if matches(method, glob, call["method"], call["path"])]
            if len(found) >= nth and (pending or found[nth - 1]["outcome"] != "pending"):
                return found[nth - 1]
            if time.monotonic() > deadline:
                seen = ", ".join(f"{call['method']} {call['path']} {call['outcome']}" for call in calls)
                raise TimeoutError(
                    f"no {method} {glob} number {nth} within {timeout:g} s; calls: {seen or 'none'}"
                )
            time.sleep(_POLL)

    # Changing

    def seed(
        self,
        subject: str,
        *,
        creator: str | None = None,
        participants: Sequence[str] = (),
        admins: Sequence[str] = (),
        icon: bytes | None = None,
        count: int = 1,
        account: str | None = None,
        creation_time: int | None = None,
        **more: Any,
    ) -> list[dict[str, Any]]:
        """Make groups that have been there for long; returns them.

        `creator` is the account unless given.  `account` says how the account is in a group of somebody else:
        ``admin``, ``member`` (the default) or ``absent``.  With `count`, ``{n}`` in the subject is 1, 2, …
        `more`: ``description``, ``permissions`` (some of `group.Permissions`), ``kind``, ``parent``.
        """
        body: dict[str, Any] = {"subject": subject, "count": count}
        body |= {"participants": list(participants), "admins": list(admins)}
        optional = {"creator": creator, "account": account, "creation_time": creation_time}
        body |= more | {name: value for name, value in optional.items() if value is not None}
        if icon is not None:
            body["icon"] = base64.b64encode(icon).decode()
        groups: list[dict[str, Any]] = self._ask("POST", "groups", body)["groups"]
        return groups

    def join(self, group_id: str, *numbers: str) -> None:
        """People join, as by the invite link; where admins want to be asked they wait."""
        self._change(group_id, "join", numbers=numbers)

    def approve(self, group_id: str, *numbers: str) -> None:
        """An admin lets in who waits."""
        self._change(group_id, "approve", numbers=numbers)

    def reject(self, group_id: str, *numbers: str) -> None:
        """An admin turns away who waits."""
        self._change(group_id, "reject", numbers=numbers)

    def set_description(self, group_id: str, text: str) -> None:
        """Somebody changes the description; an empty one removes it."""
        self._change(group_id, "description", description=text)

    def permit(self, group_id: str, **permissions: str | bool) -> None:
        """Somebody changes some of the permissions (fields: `group.Permissions`)."""
        self._ask("POST", f"groups/{group_id}/permissions", {"permissions": permissions})

    def place(self, group_id: str, kind: str = "group", parent: str | None = None) -> None:
        """Make a group a ``community``, its ``announcements``, or one of its groups."""
        self._change(group_id, "place", kind=kind, parent=parent)

    def person(
        self,
        number: str,
        *,
        refusal: int | None = None,
        registered: str | None = None,
        hidden: bool = False,
    ) -> None:
        """Say what adding somebody is answered (`group.REFUSALS`), under which number WhatsApp knows them,
        where it is another one, and whether gateways list them by their hidden id alone."""
        body = {"refusal": refusal, "registered": registered, "hidden": hidden}
        self._ask("PUT", f"people/{number}", body)

    def people(self) -> list[dict[str, Any]]:
        """Everybody of whom something special is known, with their ``lid``."""
        people: list[dict[str, Any]] = self._ask("GET", "people")["people"]
        return people

    def remove(self, group_id: str, *numbers: str) -> None:
        """Participants are removed by somebody; the account and the creator too, if asked."""
        self._change(group_id, "remove", numbers=numbers)

    def leave(self, group_id: str, *numbers: str) -> None:
        """Participants leave on their own."""
        self._change(group_id, "leave", numbers=numbers)

    def promote(self, group_id: str, *numbers: str) -> None:
        """Participants become admins."""
        self._change(group_id, "promote", numbers=numbers)

    def demote(self, group_id: str, *numbers: str) -> None:
        """Admins become participants; the account too, if asked."""
        self._change(group_id, "demote", numbers=numbers)

    def set_subject(self, group_id: str, subject: str) -> None:
        """Somebody changes the subject; no limit of length applies."""
        self._change(group_id, "subject", subject=subject)

    def set_icon(self, group_id: str, picture: bytes) -> None:
        """Somebody changes the icon."""
        self._change(group_id, "icon", icon=base64.b64encode(picture).decode())

    def remove_icon(self, group_id: str) -> None:
        """Somebody removes the icon."""
        self._ask("DELETE", f"groups/{group_id}/icon")

    def hide(self, group_id: str, hidden: bool = True) -> None:
        """Leave a group out of the list although it answers: a short list."""
        self._change(group_id, "hide", hidden=hidden)

    def invite(self, group_id: str) -> str:
        """The invite link, made if there is none, without a call of the API."""
        return str(self._change(group_id, "invite")["link"])

    def revoke(self, group_id: str) -> None:
        """Somebody resets the invite link."""
        self._change(group_id, "revoke")

    def write(self, number: str, text: str, group_id: str | None = None) -> None:
        """A person writes: in a group they are in, or to the account."""
        if group_id is None:
            self._ask("POST", f"people/{number}/messages", {"text": text})
        else:
            self._change(group_id, "message", number=number, text=text)

    def add_faults(self, *faults: str) -> None:
        """Put faults in force (text form: `faults.parse_fault`); each counts from now."""
        self._ask("POST", "faults", {"faults": list(faults)})

    def clear_faults(self) -> None:
        """Lift every fault."""
        self._ask("DELETE", "faults")

    def faults(self) -> list[dict[str, Any]]:
        """The faults in force (``fault``) and how many requests each has ``matched``."""
        faults: list[dict[str, Any]] = self._ask("GET", "faults")["faults"]
        return faults

    def set_options(self, **values: Any) -> dict[str, Any]:
        """Change options (`settings.CHANGEABLE`); returns all that can be changed."""
        return self._ask("PATCH", "options", values)

    def _change(self, group_id: str, verb: str, **body: Any) -> dict[str, Any]:
        values = {name: _listed(value) for name, value in body.items()}
        return self._ask("POST", f"groups/{group_id}/{verb}", values)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        headers = {"X-Sandbox-Control": "1", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.base_url}/_sandbox/{path}", data, headers, method=method)  # noqa: S310
        try:
            with self._opener.open(request, timeout=self._timeout) as answer:
                value: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise ControlError(
                    f"{method} {path}: {error.code} {error.read(500).decode(errors='replace')}"
                ) from None
        return value


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, Iterable) and not isinstance(value, str) else value
