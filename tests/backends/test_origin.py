"""Where calls go: base URLs, credentials, proxies, certificates, and icons on other people's servers."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.backends.network import Network
from reconciler.backends.origin import Base, checked_base, is_public
from reconciler.backends.service import Connection
from reconciler.backends.sinch import connect
from reconciler.errors import CredentialsError, NotSent, RateLimited, ReconcilerError, Refused, Unclear
from reconciler.model.live import IconMeta
from tests.backends.conftest import TOKEN, USERNAME, Connect
from tests.backends.server import RawServer, raw, reply, tunnel
from tests.fakes import FakeClock

EMPTY_LIST = reply(200, b'{"groups":[]}')


@pytest.mark.parametrize(
    ("url", "base", "loopback"),
    [
        ("https://api-messaging.wavy.global", "https://api-messaging.wavy.global", False),
        ("https://api.example/", "https://api.example", False),
        ("https://api.example:8443", "https://api.example:8443", False),
        ("HTTPS://API.example", "https://API.example", False),
        ("http://127.0.0.1:8600", "http://127.0.0.1:8600", True),
        ("http://localhost:8600/", "http://localhost:8600", True),
        ("http://[::1]:8600", "http://[::1]:8600", True),
        ("https://127.0.0.1", "https://127.0.0.1", True),
    ],
)
def test_base_urls(url: str, base: str, loopback: bool) -> None:
    assert checked_base(url) == Base(base, loopback)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.example",
        "ftp://api.example",
        "file:///etc/passwd",
        "http://api.example",
        "http://10.0.0.1",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "https://",
        "https://:443",
        "https://api.example/v1",
        "https://api.example//",
        "https://api.example?x=1",
        "https://api.example/?",
        "https://api.example#",
        "https://ana:senha@api.example",
        "https://@api.example",
        "https://api.example:99999",
        "https://api.example:0",
        "https://api.example:porta",
        "https://api.example\\@evil.example",
        "https://api.example\n",
        "https://api .example",
        " https://api.example",
        "https://ápi.example",
        "https://[::1",
        "http://0.0.0.0:8600",
    ],
)
def test_base_urls_that_are_refused(url: str, clock: FakeClock) -> None:
    with pytest.raises(ReconcilerError, match="RECONCILER_BASE_URL") as caught:
        connect(Connection(base_url=url, username="ana", token=TOKEN), clock)
    assert type(caught.value) is ReconcilerError
    assert "senha" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("value", ["", " ", "a\nb", "a\r", "tok\0", "tok ", "\ttok", "tok\x1b[0m"])
@pytest.mark.parametrize("field", ["username", "token"])
def test_credentials_that_cannot_be_sent(field: str, value: str, clock: FakeClock) -> None:
    values: dict[str, Any] = {"username": USERNAME, "token": TOKEN, field: value}
    with pytest.raises(CredentialsError, match=f"RECONCILER_{field.upper()}") as caught:
        connect(Connection(base_url="https://api.example", **values), clock)
    assert TOKEN not in f"{caught.value} {caught.value.hint}"


def test_credentials_do_not_show() -> None:
    assert TOKEN not in repr(Connection(base_url="https://api.example", username=USERNAME, token=TOKEN))
    assert USERNAME not in repr(Connection(base_url="https://api.example", username=USERNAME, token=TOKEN))


def test_credentials_in_any_script(server: RawServer, clock: FakeClock) -> None:
    server.default = EMPTY_LIST
    with connect(Connection(base_url=server.url, username="José", token="日本"), clock) as client:
        client.reader.list_groups()
    assert server.seen[0].headers["username"].encode("latin-1").decode() == "José"


def test_what_is_sent_is_framed(server: RawServer, client_for: Connect) -> None:
    """A write without a body says that it has none: some servers ask for a length (411)."""
    server.default = reply(200, b"null")
    writer = client_for(server.url).writer
    writer.leave("5519-1")
    writer.remove_icon("5519-1")
    writer.promote("5519-1", ["5519900000001"])
    writer.set_icon("5519-1", b"picture", "image/png")

    left, removed, promoted, drawn = server.seen
    assert (left.headers["content-length"], left.body) == ("0", b"")
    assert "content-length" not in removed.headers
    assert promoted.body == b'{"waIds": ["5519900000001"]}'
    assert (drawn.headers["content-type"], drawn.body) == ("image/png", b"picture")
    for seen in server.seen:
        assert seen.headers["host"] == server.url.removeprefix("http://")
        assert "transfer-encoding" not in seen.headers


def test_no_netrc(
    server: RawServer, client_for: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login outro password segredo\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server.default = EMPTY_LIST
    client_for(server.url).reader.list_groups()
    assert "authorization" not in server.seen[0].headers


# Proxies


def test_loopback_is_never_proxied(
    server: RawServer, client_for: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.default = EMPTY_LIST
    with RawServer() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        client_for(server.url).reader.list_groups()
        server.default = reply(200, b"picture")
        client_for(server.url).reader.fetch_icon(IconMeta(f"{server.url}/icon.jpeg"))
        assert proxy.connections == 0


def test_nor_is_it_by_way_of_tls(
    certificate: Path, secure: RawServer, client_for: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with RawServer() as proxy:
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert client_for(f"https://localhost:{secure.port}").reader.list_groups().ids == ()
        assert proxy.connections == 0


def test_the_proxy_of_the_environment_is_used_and_sees_no_credentials(
    client_for: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(raw(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        client = client_for("https://api.example", retries=1)
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")  # too late: it was resolved at the start
        with pytest.raises(NotSent) as caught:
            client.reader.list_groups()
        assert caught.value.code == "proxy"
        assert [(seen.method, seen.path) for seen in proxy.seen] == [("CONNECT", "api.example:443")] * 2
        assert not any(
            "token" in name or "user" in name for name in proxy.seen[0].headers if name != "user-agent"
        )


@pytest.mark.parametrize("login", ["", "joe:pw@"])
def test_a_proxy_may_be_a_short_name_and_a_port(login: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As curl takes it; `proxy:` is no scheme."""
    monkeypatch.setenv("HTTPS_PROXY", f"{login}proxy:3128")
    assert Network().proxy_for("https://api.example/v1") == f"http://{login}proxy:3128"


def test_no_proxy(client_for: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "api.invalid")
        monkeypatch.setattr(socket, "getaddrinfo", _unknown_host)
        with pytest.raises(NotSent) as caught:
            client_for("https://api.invalid").reader.list_groups()
        assert caught.value.code == "dns"
        assert proxy.connections == 0


def _unknown_host(*args: object, **kwargs: object) -> list[object]:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


# Certificates


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for localhost and icons.example, with its key, in one file."""
    folder = tmp_path_factory.mktemp("tls")
    bundle, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command += ["-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", str(key), "-out", str(bundle)]
    command += ["-addext", "subjectAltName=DNS:localhost,DNS:icons.example"]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    return bundle


@pytest.fixture
def secure(certificate: Path) -> Iterator[RawServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    with RawServer(EMPTY_LIST, tls=context) as running:
        yield running


def test_an_untrusted_certificate_is_not_tried_twice(
    secure: RawServer, client_for: Connect, clock: FakeClock
) -> None:
    with pytest.raises(NotSent) as caught:
        client_for(f"https://localhost:{secure.port}", retries=5).reader.list_groups()
    assert caught.value.code == "certificate"
    assert "REQUESTS_CA_BUNDLE" in caught.value.hint
    assert clock.slept == []
    assert secure.seen == []


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_the_ca_bundle_of_the_environment(
    variable: str,
    certificate: Path,
    secure: RawServer,
    client_for: Connect,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, str(certificate))
    client = client_for(f"https://localhost:{secure.port}")
    assert client.reader.list_groups().ids == ()
    assert client.reader.list_groups().ids == ()
    assert secure.connections == 1
    with pytest.raises(NotSent) as caught:  # trusted, but not for this name
        client_for(f"https://127.0.0.1:{secure.port}").reader.list_groups()
    assert caught.value.code == "certificate"


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_ca_bundle_that_is_none(
    content: str | None, tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_text(content)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with pytest.raises(ReconcilerError, match="CA bundle"):
        connect(Connection(base_url="https://api.example", username="ana", token=TOKEN), clock)


def test_http_spoken_to_a_tls_client(client_for: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.recv(1)  # the beginning of what was said will do: it is no request that could be read
                peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(NotSent) as caught:
            client_for(f"https://localhost:{listener.getsockname()[1]}").reader.list_groups()
        thread.join(10)
    assert caught.value.code in ("tls", "no_connection")


@pytest.mark.parametrize("login", ["", "ana:p%40ss@"])
def test_through_a_proxy_that_connects(
    login: str, certificate: Path, secure: RawServer, client_for: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The credentials go inside TLS alone, and the certificate has to be the server's."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with RawServer(tunnel(secure.port)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("://", f"://{login}"))
        client = client_for("https://icons.example")
        assert client.reader.list_groups().ids == ()
        assert client.reader.list_groups().ids == ()
        assert (proxy.connections, secure.connections) == (1, 1)
        assert [seen.headers["authenticationtoken"] for seen in secure.seen] == [TOKEN, TOKEN]
        assert [(seen.method, seen.path) for seen in proxy.seen] == [("CONNECT", "icons.example:443")]
        assert TOKEN not in str(proxy.seen)
        found = proxy.seen[0].headers.get("proxy-authorization")
        assert found == (f"Basic {b64encode(b'ana:p@ss').decode()}" if login else None)
        with pytest.raises(NotSent) as caught:
            client_for("https://other.example").reader.list_groups()
        assert caught.value.code == "certificate"
        client.close()


# Icons


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("192.0.2.1", False),
        ("::", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("::127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("2002:7f00:1::", False),
        ("2002:a9fe:a9fe::1", False),
    ],
)
def test_public_addresses(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.fixture
def resolved(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Names and where they lead; every name that is asked for is taken note of under `""`."""
    names: dict[str, list[str]] = {"": []}
    real = socket.getaddrinfo

    def fake(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        if host not in names:
            return real(host, port, *args, **kwargs)
        names[""].append(host)
        addresses = names[host]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", fake)
    return names


LINKS = [
    "http://cdn.example/icon.jpeg",
    "ftp://cdn.example/icon.jpeg",
    "file:///etc/passwd",
    "https:///icon.jpeg",
    "https://ana:senha@cdn.example/",
    "https://cdn.example:99999/",
    "https://[::1/",
    "https://cdn.example\\@127.0.0.1/",
    "https://127.0.0.1/",
    "https://localhost/",
    "https://10.0.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://2130706433/",
    "https://0/",
    "https://inside.example/",
    "https://mixed.example/",
]


@pytest.mark.parametrize("link", LINKS)
def test_links_that_lead_inside_are_not_followed(
    link: str, client_for: Connect, resolved: dict[str, list[str]], clock: FakeClock
) -> None:
    resolved |= {"inside.example": ["192.168.0.7"], "mixed.example": ["93.184.216.34", "127.0.0.1"]}
    client = client_for("https://api.example", retries=5)
    with pytest.raises(Unclear) as caught:
        client.reader.fetch_icon(IconMeta(link))
    assert caught.value.code == "unsafe_link"
    assert link not in caught.value.message
    assert clock.slept == []


@pytest.mark.parametrize("link", LINKS)
def test_a_sandbox_allows_loopback_and_nothing_more(
    link: str, client_for: Connect, server: RawServer, resolved: dict[str, list[str]]
) -> None:
    resolved |= {"inside.example": ["192.168.0.7"], "cdn.example": ["93.184.216.34"]}
    resolved |= {"mixed.example": ["127.0.0.1", "192.168.0.7"]}
    client = client_for(server.url, timeout=0.5)
    with pytest.raises((Unclear, NotSent)) as caught:
        client.reader.fetch_icon(IconMeta(link))
    on_loopback = any(part in link for part in ("//127.0.0.1/", "//localhost/", "[::1]/", "2130706433"))
    assert (caught.value.code == "unsafe_link") is not on_loopback


def test_the_address_that_was_checked_is_connected_to(
    client_for: Connect, server: RawServer, resolved: dict[str, list[str]]
) -> None:
    """A name is resolved once: what it says a moment later does not matter."""
    resolved["icons.example"] = ["127.0.0.1"]
    server.default = reply(200, b"picture")
    client = client_for(server.url)
    url = f"http://icons.example:{server.port}/a/b.jpeg?signature=1%2B2#top"
    assert client.reader.fetch_icon(IconMeta(url)) == b"picture"
    assert resolved[""] == ["icons.example"]
    seen = server.seen[0]
    assert (seen.path, seen.headers["host"]) == ("/a/b.jpeg?signature=1%2B2", f"icons.example:{server.port}")
    assert not {"username", "authenticationtoken", "authorization", "cookie"} & set(seen.headers)
    assert TOKEN not in str(seen)


def test_a_pinned_address_is_asked_for_the_name_on_its_certificate(
    certificate: Path,
    secure: RawServer,
    client_for: Connect,
    resolved: dict[str, list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    resolved |= {"icons.example": ["127.0.0.1"], "other.example": ["127.0.0.1"]}
    client = client_for(f"https://localhost:{secure.port}")
    secure.default = reply(200, b"picture")
    assert client.reader.fetch_icon(IconMeta(f"https://icons.example:{secure.port}/")) == b"picture"
    with pytest.raises(NotSent) as caught:
        client.reader.fetch_icon(IconMeta(f"https://other.example:{secure.port}/"))
    assert caught.value.code == "certificate"


def test_a_second_address_is_tried(
    client_for: Connect, server: RawServer, resolved: dict[str, list[str]]
) -> None:
    resolved["icons.example"] = ["::1", "127.0.0.1"]
    server.default = reply(200, b"picture")
    url = f"http://icons.example:{server.port}/"
    assert client_for(server.url).reader.fetch_icon(IconMeta(url)) == b"picture"


def test_redirects_of_icons_are_not_followed(client_for: Connect, server: RawServer) -> None:
    server.default = reply(302, b"", {"Location": f"{server.url}/elsewhere"})
    with pytest.raises(Unclear) as caught:
        client_for(server.url).reader.fetch_icon(IconMeta(f"{server.url}/icon.jpeg"))
    assert caught.value.code == "http_302"
    assert len(server.seen) == 1


def test_a_refusal_of_the_icons_server_does_not_pace_the_api(
    client_for: Connect, server: RawServer, clock: FakeClock
) -> None:
    client = client_for(server.url)
    server.script.append(reply(429, b"", {"Retry-After": "60"}))
    with pytest.raises(RateLimited):
        client.reader.fetch_icon(IconMeta(f"{server.url}/icon.jpeg"))
    server.default = EMPTY_LIST
    client.reader.list_groups()
    assert clock.slept == []


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_what_the_icons_server_refuses_says_nothing_of_group_or_credentials(
    status: int, client_for: Connect, server: RawServer
) -> None:
    server.default = reply(status)
    with pytest.raises(Refused):
        client_for(server.url).reader.fetch_icon(IconMeta(f"{server.url}/icon.jpeg"))


def test_icons_through_a_proxy(
    client_for: Connect, monkeypatch: pytest.MonkeyPatch, resolved: dict[str, list[str]]
) -> None:
    """The proxy connects; what is known to lead inside is refused before it is asked."""
    resolved |= {"cdn.example": ["93.184.216.34"], "inside.example": ["10.0.0.1"]}
    with RawServer(raw(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        client = client_for("https://api.example")
        with pytest.raises(NotSent):
            client.reader.fetch_icon(IconMeta("https://cdn.example/icon.jpeg"))
        with pytest.raises(Unclear):
            client.reader.fetch_icon(IconMeta("https://inside.example/icon.jpeg"))
        assert [seen.path for seen in proxy.seen] == ["cdn.example:443"]
