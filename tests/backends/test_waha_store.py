"""Without its store a gateway fetches all groups for each question about one: a listing serves several."""

from __future__ import annotations

from pathlib import Path

from reconciler.backends.service import Connection
from reconciler.backends.waha import connect
from reconciler.sandbox import Options, start
from reconciler.sandbox.control import Control
from tests.fakes import ACCOUNT, FakeClock


def test_a_listing_serves_several_groups_until_one_is_changed(tmp_path: Path) -> None:
    clock = FakeClock()
    told: list[str] = []
    options = Options(database=str(tmp_path / "s.db"), account=ACCOUNT, noweb_store=False)
    with start(options) as server:
        control = Control(server.base_url)
        ids = [f"{group['id']}@g.us" for subject in "ABC" for group in control.seed(subject)]
        connection = Connection(base_url=server.base_url, username="default", token="x")
        with connect(connection, clock, told.append) as client:
            client.reader.session()
            before = client.counts["200"]
            assert [client.reader.get_group(each).subject for each in ids] == ["A", "B", "C"]
            assert client.counts["200"] == before + 1, "one listing for three groups"
            clock.sleep(1)
            client.writer.set_subject(ids[0], "A2")
            clock.sleep(1)
            assert client.reader.get_group(ids[0]).subject == "A2", "a listing from before a change is none"
            asked = client.counts["200"]
            assert client.reader.get_group(ids[1]).subject == "B"
            assert client.counts["200"] == asked, "for the others it still serves"
            clock.sleep(3)
            client.reader.get_group(ids[0])
            assert client.counts["200"] == asked + 1, "an effect is looked for in a new one"
            assert told, "that the store is off is told"
