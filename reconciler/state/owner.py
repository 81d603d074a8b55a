"""Whose a state is: the service, and the account there where the service tells it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reconciler.errors import StateError
from reconciler.model import number
from reconciler.model.record import State


@dataclass(frozen=True, slots=True)
class Owner:
    """`base_url` is the service's address, or what stands for it. `backend` is named where that is a gateway,
    which may be reached at another address tomorrow: its state belongs to the `account` (digits), None where
    that is not known."""

    base_url: str
    backend: str | None = None
    account: str | None = None

    def new(self) -> State:
        """Return a state in which nothing is recorded yet."""
        return State(base_url=self.base_url, backend=self.backend, account=self.account)

    def owns(self, state: State) -> bool:
        """Return whether a state is of this service and account."""
        try:
            self.check(state, "", "")
        except StateError:
            return False
        return True

    def note(self, state: State) -> str:
        """Return what is to be said of a gateway's state that was written for another address; else ""."""
        if self.backend is None or state.base_url == self.base_url:
            return ""
        was = state.base_url[:200]
        return (
            f"the gateway was at another address when the state was written last: {was}, not {self.base_url}"
        )

    def check(self, state: State, display: str, elsewhere: str) -> State:
        """Return the state, at the present address; `display` names it in messages, `elsewhere` says how to
        keep another one. Raises `StateError` for that of another service or account."""
        if state.backend != self.backend:
            theirs, ours = state.backend or "sinch", self.backend or "sinch"
            raise StateError(
                f"the state {display} belongs to another service: {theirs[:40]}, not {ours}",
                f"groups have other ids there. Say `backend: {theirs[:40]}`, or {elsewhere}",
            )
        if self.backend is None and state.base_url != self.base_url:
            raise StateError(
                f"the state {display} belongs to another API: {state.base_url[:200]}, "
                f"not {self.base_url[:200]}",
                f"set RECONCILER_BASE_URL to that one, or {elsewhere}",
            )
        if state.account and self.account and number.key(state.account) != number.key(self.account):
            raise StateError(
                f"the state {display} belongs to another account: {number.mask(state.account)}, not "
                f"{number.mask(self.account)}",
                f"log in with that one at the gateway, or {elsewhere}",
            )
        return replace(state, base_url=self.base_url)
