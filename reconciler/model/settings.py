"""What `reconciler.yaml` and its defaults settle for a run, as data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from reconciler.errors import Location
from reconciler.language import msg
from reconciler.model import number
from reconciler.model.capabilities import CAPABILITIES, BackendName

GUARD_CODES = (
    "no-account",
    "demote-many",
    "remove-many",
    "no-admin-left",
    "leave-many",
    "leave-no-admin",
    "create-many",
    "add-many",
    "older-commit",
    "uncommitted",
)
"""The guards' codes. `recreate` can be allowed as well, on the command line only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """`timeout` in seconds; `rate` in requests a second, None for no limit of our own. `create_patience`:
    seconds after which a group that an unclear create may have made would be listed. `write_pause`: seconds
    between two writes, at random from the first number to the second."""

    timeout: float = 30.0
    concurrency: int = 8
    write_concurrency: int = 4
    rate: float | None = None
    retries: int = 5
    create_patience: float = 60.0
    subject_limit: int = 25
    write_pause: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardSettings:
    """Limits of the guards: shares are fractions of 1, the others counts that may not be exceeded."""

    demote_share: float = 0.25
    demote_count: int = 3
    remove_share: float = 0.25
    remove_count: int = 3
    leave_count: int = 3
    create_count: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """An entry of `allow:`: lifts `code` up to and including `max` people or groups and the day `until`."""

    code: str
    reason: str = ""
    max: int | None = None
    until: date | None = None
    location: Location | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class InviteSettings:
    """`resend_after` in seconds; `per_person` a day; `budget` a run; `template` as the API takes it. `pause`:
    seconds between two messages, at random from the first number to the second."""

    resend_after: float = 7 * 86400.0
    max_sends: int = 3
    per_person: int = 3
    budget: int = 100
    text: str | None = None
    template: Mapping[str, object] | None = None
    pause: tuple[float, float] | None = None


def default_settings(backend: BackendName) -> tuple[ApiSettings, InviteSettings]:
    """Return how a service is called, and written to people with, where the configuration does not say so: a
    gateway acts for a telephone, whose number is banned if it acts as no person would."""
    can = CAPABILITIES[backend]
    api, invites = ApiSettings(subject_limit=can.subject_limit), InviteSettings()
    if not can.gateway:
        return api, invites
    return (
        replace(api, concurrency=2, write_concurrency=1, write_pause=(2.0, 5.0)),
        replace(invites, budget=20, pause=(30.0, 60.0)),
    )


def template_gap(template: Mapping[str, object]) -> tuple[str, str] | None:
    """What a template lacks to be sent, and the mend; None where nothing is known to be missing."""
    for key in ("namespace", "elementName", "languageCode"):
        if not isinstance(template.get(key), str) or not template[key]:
            return msg("the template has no `{key}`", key=key), msg("take it from the approved template")
    if "{link}" not in json.dumps(template):
        return msg("the template does not hold {link}, where the invite link goes"), msg(
            "put it into a parameter"
        )
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSettings:
    """What one of several accounts has of its own, as in `Settings`; the rest is shared, and so are
    `contacts` and `backend` where it has none."""

    name: str
    backend: BackendName | None = None
    account: tuple[str, ...] = ()
    manifests: str
    contacts: str | None = None
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One run's configuration. `account`: digits, the present number first; paths relative to the root.
    `ignore`: ids of live groups that are never looked at. `lids`: ids by which the service hides the
    account's number."""

    account: tuple[str, ...] = ()
    backend: BackendName = "sinch"
    api: ApiSettings = ApiSettings()
    manifests: str = "groups"
    contacts: str | None = None
    state: str = "file:.reconciler/state.json"
    guards: GuardSettings = GuardSettings()
    allow: tuple[Allowance, ...] = ()
    invites: InviteSettings = InviteSettings()
    ignore: tuple[str, ...] = ()
    lids: tuple[str, ...] = ()

    @property
    def account_keys(self) -> frozenset[str]:
        """Keys of all numbers of the account, the earlier ones included, and of the ids that hide them."""
        return frozenset(map(number.key, (*self.account, *self.lids)))
