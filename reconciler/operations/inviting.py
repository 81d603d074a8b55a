"""`invites`: who has yet to join, and the links that let them in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reconciler.manifests.load import Loaded
from reconciler.messaging.invitations import invitations, nobody_joined, people_only, with_links
from reconciler.model.invitation import Invitations
from reconciler.model.record import State
from reconciler.operations.deciding import decide
from reconciler.planning.group import Context
from reconciler.planning.options import Options
from reconciler.ports import Clock, IconFiles, Progress, Reader


def invites(
    loaded: Loaded,
    state: State,
    *,
    reader: Reader,
    get_link: Callable[[str], str],
    icon_files: IconFiles,
    options: Options,
    people: frozenset[str],
    include_left: bool,
    clock: Clock,
    progress: Progress,
) -> Invitations:
    """Who has yet to join which group, with the links. Changes nothing, except that asking may create a link.

    Of the writer it is handed `get_link` alone. `people`: number keys of those who are asked about, empty
    for everybody. Raises what `plan` raises.
    """
    without_icons = replace(loaded, desired=people_only(loaded.desired))
    made, _ = decide(without_icons, nobody_joined(state), reader, icon_files, options, progress)
    return with_links(
        invitations(
            made,
            state,
            Context.of(loaded.desired, loaded.settings, options),
            people=people,
            include_left=include_left,
        ),
        get_link,
        clock=clock,
        concurrency=loaded.settings.api.write_concurrency,
        progress=progress,
    )
