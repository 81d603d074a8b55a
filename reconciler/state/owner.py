"""Whose a state is: the service, and the account there where the service tells it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reconciler.errors import StateError
from reconciler.language import msg
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
        return msg(
            "the gateway was at another address when the state was written last: {theirs}, not {ours}",
            theirs=was,
            ours=self.base_url,
        )

    def check(self, state: State, display: str, elsewhere: str) -> State:
        """Return the state, at the present address; `display` names it in messages, `elsewhere` says how to
        keep another one. Raises `StateError` for that of another service or account."""
        if state.backend != self.backend:
            theirs, ours = state.backend or "sinch", self.backend or "sinch"
            raise StateError(
                msg(
                    "the state {state} belongs to another service: {theirs}, not {ours}",
                    state=display,
                    theirs=theirs[:40],
                    ours=ours,
                ),
                msg(
                    "groups have other ids there. Say `backend: {theirs}`, or {elsewhere}",
                    theirs=theirs[:40],
                    elsewhere=elsewhere,
                ),
            )
        if self.backend is None and state.base_url != self.base_url:
            raise StateError(
                msg(
                    "the state {state} belongs to another API: {theirs}, not {ours}",
                    state=display,
                    theirs=state.base_url[:200],
                    ours=self.base_url[:200],
                ),
                msg("set RECONCILER_BASE_URL to that one, or {elsewhere}", elsewhere=elsewhere),
            )
        if state.account and self.account and number.key(state.account) != number.key(self.account):
            raise StateError(
                msg(
                    "the state {state} belongs to another account: {theirs}, not {ours}",
                    state=display,
                    theirs=number.mask(state.account),
                    ours=number.mask(self.account),
                ),
                msg("log in with that one at the gateway, or {elsewhere}", elsewhere=elsewhere),
            )
        return replace(state, base_url=self.base_url)
