"""What each service can do, as data: what a manifest may ask for is decided by it before any call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from reconciler.model.group import PERMISSIONS, Permission

BackendName = Literal["sinch", "waha", "evolution"]
BACKENDS: tuple[BackendName, ...] = get_args(BackendName)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a service can do. `title` is how it is called in sentences.

    `description`: groups have one; `no_description`: it can be taken away. `permissions`: those that can be
    set. `no_icon`: a picture can be taken away. `adding`: people can be added. `templates`: messages can be
    sent by a template. `subject_limit` in code points. A `gateway` is no official service: it may list
    people by ids that hide their numbers, its lists may be short, its session tells the own account, and its
    group ids end in `@g.us`. `refreshes`: it keeps its list, and can be asked to make it anew, which is all
    that says that a group is gone. `peopled`: no group is created without somebody else in it.
    """

    name: BackendName
    title: str
    description: bool = False
    no_description: bool = False
    permissions: frozenset[Permission] = frozenset()
    no_icon: bool = True
    adding: bool = False
    templates: bool = False
    subject_limit: int = 25
    gateway: bool = False
    refreshes: bool = False
    peopled: bool = False


CAPABILITIES: Mapping[BackendName, Capabilities] = {
    "sinch": Capabilities(name="sinch", title="Sinch", templates=True),
    "waha": Capabilities(
        name="waha",
        title="WAHA",
        description=True,
        no_description=True,
        permissions=frozenset(PERMISSIONS),
        adding=True,
        subject_limit=100,
        gateway=True,
        refreshes=True,
    ),
    "evolution": Capabilities(
        name="evolution",
        title="Evolution API",
        description=True,
        permissions=frozenset({"send_messages", "edit_info"}),
        no_icon=False,
        adding=True,
        subject_limit=100,
        gateway=True,
        peopled=True,
    ),
}
