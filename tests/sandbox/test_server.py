"""Starting, stopping, who is let in, and that it bears many at once."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import requests

from reconciler.sandbox import Options, Server, start

from .conftest import ANA, Client, Connect, Make


def threads() -> int:
    return sum(thread.name.startswith("sandbox") for thread in threading.enumerate())


def test_many_starts_in_one_process(make: Make) -> None:
    make().stop()  # the first one imports the web libraries
    began = time.monotonic()
    for _ in range(10):
        with start(Options(database=":memory:")) as server:
            assert server.control().groups() == []
    assert time.monotonic() - began < 1.5
    assert threads() == 0


def test_several_side_by_side_share_nothing(connect: Connect) -> None:
    apis = [connect() for _ in range(4)]
    for number, api in enumerate(apis):
        api.create(f"only {number}")
    assert [api.control.groups()[0]["subject"] for api in apis] == [f"only {number}" for number in range(4)]
    assert len({url for api in apis for url in (api.server.base_url, api.server.cdn_url)}) == 8


def test_stop_may_be_called_again_and_frees_the_port(make: Make) -> None:
    server = make()
    port = urlsplit(server.base_url).port
    server.stop()
    server.stop()
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(server.base_url, timeout=5)
    assert make(port=port).base_url == server.base_url


def test_a_port_in_use_is_named(make: Make) -> None:
    port = urlsplit(make().base_url).port
    with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1:{port}"):
        start(Options(database=":memory:", port=port or 0))
    assert threads() == 1


def test_idle_connections_do_not_hold_up_the_end(connect: Connect) -> None:
    api = connect()
    api.create()
    began = time.monotonic()
    api.server.stop()
    assert time.monotonic() - began < 1


def test_it_listens_on_loopback_only(make: Make) -> None:
    server = make()
    for url in (server.base_url, server.cdn_url):
        assert urlsplit(url).hostname == "127.0.0.1"
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as other:
        other.settimeout(1)
        assert other.connect_ex(("127.0.0.2", urlsplit(server.base_url).port or 0)) != 0


@pytest.mark.parametrize(
    "path", ["/", "/v1/whatsapp/groups", "/v1/groups", "/_sandbox/calls", "/join/x", "/mark.svg", "cdn"]
)
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "[::1]:{port}"]
)
def test_another_host_is_refused(api: Client, path: str, host: str) -> None:
    url = api.server.cdn_url + "/x" if path == "cdn" else api.server.base_url + path
    port = str(urlsplit(url).port)
    headers = {
        "X-Sandbox-Control": "1",
        "userName": "u",
        "authenticationToken": "t",
        "Authorization": "Bearer t",
    }
    answer = requests.get(url, headers={**headers, "Host": host.replace("{port}", port)}, timeout=10)
    assert answer.status_code == 421
    assert requests.get(url, headers={**headers, "Host": f"localhost:{port}"}, timeout=10).status_code != 421
    assert len(api.control.calls()) == path.startswith("/v1")


def test_a_request_without_a_host_is_refused(api: Client) -> None:
    parts = urlsplit(api.server.base_url)
    with socket.create_connection((parts.hostname, parts.port or 0), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert b" 421 " in connection.recv(200)


def test_sixteen_at_once(connect: Connect) -> None:
    server = connect().server
    clients = [connect(server=server) for _ in range(16)]

    def work(client: Client) -> list[str]:
        made = []
        for number in range(10):
            group_id = client.create(f"g{number}")
            client.control.join(group_id, ANA)
            assert client("PATCH", f"/groups/{group_id}/admins", client.people(ANA)).status_code == 200
            assert client.info(group_id)["admins"][1:] == [ANA]
            made.append(group_id)
        return made

    with ThreadPoolExecutor(16) as pool:
        made = [group_id for ids in pool.map(work, clients) for group_id in ids]
    assert len(set(made)) == 160
    assert sorted(clients[0].listed()) == sorted(made)
    assert len(server.control().calls()) == 16 * 10 * 3 + 1


def test_small_answers_are_not_held_back(api: Client) -> None:
    api.create()
    began = time.monotonic()
    for _ in range(50):
        api.listed()
    assert time.monotonic() - began < 1.5  # with Nagle's delay it is 2.2


def test_it_writes_no_log_and_takes_no_signals(tmp_path: object) -> None:
    script = """
import signal, urllib.request
from reconciler.sandbox import Options, start
before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
with start(Options(database=":memory:")) as server:
    server.control().seed("g")
    urllib.request.urlopen(server.base_url).read()
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
"""
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", script], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_importing_it_is_cheap() -> None:
    script = """
import sys
import reconciler.sandbox
heavy = {"starlette", "uvicorn", "jinja2", "h11", "asyncio", "sqlite3", "PIL", "http", "urllib.request"}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (0, "[]")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("account", "+5519"),
        ("port", 70_000),
        ("latency", -1),
        ("lag", 61),
        ("rate", 0),
        ("rate_status", 200),
        ("retry_after", -1),
        ("subject_limit", 0),
        ("id_style", "modern"),
        ("empty_answers", "both"),
    ],
)
def test_options_that_make_no_sense(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"^{name}: "):
        Options(**{"database": ":memory:", name: value})  # type: ignore[arg-type]


def test_options_are_to_be_seen(make: Make) -> None:
    server: Server = make(latency=0.01)
    assert (server.options.latency, server.options.account) == (0.01, "5519911112222")
