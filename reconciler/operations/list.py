"""The verb that shows what there is: `list`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.planning.bindings import left_ids, recorded_ids
from reconciler.planning.listing import ListingFilter, filtered, listing
from reconciler.reading import survey

if TYPE_CHECKING:
    from reconciler.manifests.load import Loaded
    from reconciler.model.adoption import Listing
    from reconciler.model.record import State
    from reconciler.planning.options import Options
    from reconciler.ports import ReadPorts


def list_groups(
    loaded: Loaded, state: State, options: Options, ports: ReadPorts, *, wanted: ListingFilter
) -> Listing:
    """Read every live group, and say of each which manifest it belongs to. Changes nothing: it is handed no
    writer. Raises `ApiError` where the list cannot be read, `CredentialsError`, `Interrupted`."""
    known = sorted(recorded_ids(loaded.desired.groups, state))
    reading = survey(ports, loaded.settings, known=known, left=left_ids(state))
    return filtered(listing(loaded.desired, state, reading, loaded.settings), wanted, options)
