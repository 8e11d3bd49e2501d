"""Webhooks go where they may, and nothing that answers them does harm."""

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from requests_hardened.ip_filter import InvalidIPAddress, get_ip_address

from orderhub.adapters.webhook_client import HttpWebhookClient, is_public
from orderhub.ports import EndpointFailed, EndpointRefused
from tests.support import endpoints
from tests.support.endpoints import OK, Behaviour, endpoint
from tests.support.properties import examples

LOOPBACK = ("127.0.0.0/8",)
PUBLIC = "93.184.215.14"
QUICKLY = 0.4
"""A deadline, in seconds, that tests can wait for."""
WITHIN = 2.0
"""Seconds after which something was plainly not cut off at ``QUICKLY``."""


def client(
    networks: Sequence[str] = LOOPBACK,
    *,
    resolve: Callable[[str], Sequence[str]] | None = None,
    deadline: float = 5,
    trust: Callable[[], ssl.SSLContext] | None = None,
) -> HttpWebhookClient:
    return HttpWebhookClient(networks, deadline=deadline, resolve=resolve, trust=trust)


def stranger(*addresses: str) -> HttpWebhookClient:
    """A client that may go to public addresses only, in a world where every name has these."""
    return client((), resolve=lambda _: addresses or (PUBLIC,))


def refusal(url: str, sender: HttpWebhookClient, *, allow_http: bool = False) -> str:
    """Why ``url`` is refused, the same whether it is checked or sent to."""
    with pytest.raises(EndpointRefused) as checked:
        sender.check(url, allow_http=allow_http)
    with pytest.raises(EndpointRefused) as sent:
        sender.post(url, {}, b"", allow_http=allow_http)
    assert checked.value.reason == sent.value.reason
    return sent.value.reason


def failure(behave: Behaviour, *, reads: bool = True, body: bytes = b"{}") -> str:
    """How a post to such an endpoint fails, soon after the deadline at the latest."""
    with endpoint(behave, reads=reads) as there:
        started = time.monotonic()
        with pytest.raises(EndpointFailed) as failed:
            client(deadline=QUICKLY).post(there.url(), {}, body)
        assert time.monotonic() - started < WITHIN
        return failed.value.reason


# -- what is sent and what comes back --------------------------------------------------------------


def test_a_message_arrives_as_it_was_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And as nothing else: no credentials, cookies or proxies of the environment go along."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password open-sesame\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with endpoint(endpoints.hangs_up) as proxy, endpoint(endpoints.answers(OK)) as there:
        monkeypatch.setenv("http_proxy", proxy.url())
        monkeypatch.setenv("HTTP_PROXY", proxy.url())
        headers = {"Content-Type": "application/json", "webhook-id": "evt_1_2"}
        body = '{"name": "韩梅梅"}'.encode()

        answer = client().post(there.url("/hook?shop=1&a[]=%2F"), headers, body)

        assert (answer.status, answer.excerpt) == (200, "ok")
        assert 0 < answer.seconds < 5
        assert proxy.connections == 0
    [request] = there.requests
    head, _, sent = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    assert first == "POST /hook?shop=1&a[]=%2F HTTP/1.1"
    assert sent == body
    assert dict(line.split(": ", 1) for line in lines) == {
        **headers,
        "Host": f"127.0.0.1:{there.port}",
        "User-Agent": "OrderHub-Webhooks/1",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
        "Content-Length": str(len(body)),
    }


@pytest.mark.parametrize("status", [200, 204, 301, 304, 400, 410, 429, 500, 503, 599])
def test_any_status_is_an_answer(status: int) -> None:
    text = f"HTTP/1.1 {status} Whatever\r\nContent-Length: 0\r\n\r\n".encode()
    with endpoint(endpoints.answers(text)) as there:
        assert client().post(there.url(), {}, b"{}").status == status


@pytest.mark.parametrize(
    "location", ["http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "/again"]
)
def test_redirects_are_not_followed(location: str) -> None:
    text = f"HTTP/1.1 307 Go\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
    with endpoint(endpoints.answers(text)) as there:
        assert client().post(there.url(), {}, b"{}").status == 307
        assert there.connections == 1


def test_the_excerpt_is_the_beginning_and_printable() -> None:
    body = b"\x1b[31mno\r\n\xff" + 10_000 * b"x"
    text = b"HTTP/1.1 500 Oops\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with endpoint(endpoints.answers(text)) as there:
        excerpt = client().post(there.url(), {}, b"{}").excerpt
    assert excerpt.startswith(" [31mno  \N{REPLACEMENT CHARACTER}xxx")
    assert len(excerpt) == 500


def test_what_claims_to_be_compressed_is_not_unpacked() -> None:
    text = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nbomb"
    with endpoint(endpoints.answers(text)) as there:
        assert client().post(there.url(), {}, b"{}").excerpt == "bomb"


def test_many_threads_may_send_at_once() -> None:
    def slowly(connection: socket.socket) -> None:
        time.sleep(0.2)
        connection.sendall(OK)

    with endpoint(slowly) as there, ThreadPoolExecutor(10) as pool:
        sender = client()
        bodies = [str(number).encode() for number in range(10)]
        started = time.monotonic()
        answers = list(pool.map(lambda body: sender.post(there.url(), {}, body), bodies))
        assert time.monotonic() - started < 1.5
    assert [answer.status for answer in answers] == [200] * 10
    assert sorted(request.rpartition(b"\r\n\r\n")[2] for request in there.requests) == bodies


# -- endpoints that behave badly -------------------------------------------------------------------


@pytest.mark.parametrize(
    "behave",
    [
        pytest.param(endpoints.is_silent, id="silent"),
        pytest.param(endpoints.drips(b"", b"H"), id="a byte at a time"),
        pytest.param(endpoints.drips(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n"), id="headers for ever"),
        pytest.param(endpoints.drips(b"", b"HTTP/1.1 100 Go on\r\n\r\n"), id="always go on"),
    ],
)
def test_a_slow_answer_is_waited_for_until_the_deadline(behave: Behaviour) -> None:
    assert failure(behave) == "timeout"


def test_what_is_not_read_is_sent_until_the_deadline() -> None:
    assert failure(endpoints.is_silent, reads=False, body=bytes(16 * 1024 * 1024)) == "timeout"


@pytest.mark.parametrize(
    "behave",
    [
        pytest.param(endpoints.floods(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n"), id="many headers"),
        pytest.param(endpoints.floods(b"HTTP/1.1 200 OK\r\na: ", b"b" * 999), id="a long header"),
        pytest.param(endpoints.floods(b"HTTP/1.1 200 ", b"OK" * 999), id="a long status line"),
        pytest.param(endpoints.floods(b"", b"HTTP/1.1 100 Go on\r\n\r\n"), id="always go on"),
    ],
)
def test_headers_past_all_bounds_are_not_read(behave: Behaviour) -> None:
    # On a slow machine the deadline is the first bound that they meet.
    assert failure(behave) in {"too_large", "protocol", "timeout"}


@pytest.mark.parametrize("text", [b"SSH-2.0-OpenSSH_9.9\r\n", b"\r\n\r\n", b"HTTP/1.1 OK\r\n\r\n"])
def test_what_is_not_http_is_told_apart(text: bytes) -> None:
    assert failure(endpoints.answers(text)) == "protocol"


@pytest.mark.parametrize("reads", [True, False])
@pytest.mark.parametrize("behave", [endpoints.hangs_up, endpoints.resets])
def test_a_connection_that_breaks_off_is_a_failure(behave: Behaviour, *, reads: bool) -> None:
    # One that breaks off at once may not even look as if it had been there.
    assert failure(behave, reads=reads) in ({"closed"} if reads else {"closed", "connect"})


def test_where_nobody_listens_nothing_is_sent() -> None:
    with endpoint(endpoints.hangs_up) as there:
        pass
    with pytest.raises(EndpointFailed) as failed:
        client().post(there.url(), {}, b"{}")
    assert failed.value.reason == "connect"


ACCEPTED = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "behave",
    [
        pytest.param(endpoints.drips(ACCEPTED + b"\r\n", b"x"), id="dripping"),
        pytest.param(endpoints.floods(ACCEPTED + b"\r\n", b"x" * 999), id="endless"),
        pytest.param(
            endpoints.drips(ACCEPTED + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
            id="dripping in chunks",
        ),
        pytest.param(
            endpoints.floods(ACCEPTED + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
            id="endless in chunks",
        ),
        pytest.param(
            endpoints.answers(ACCEPTED + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nx\r\n"),
            id="of negative length",
        ),
        pytest.param(endpoints.answers(ACCEPTED + b"Content-Length: 99\r\n\r\nx"), id="broken off"),
        pytest.param(
            endpoints.answers(ACCEPTED + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\nx"),
            id="of a length beyond numbers",
        ),
    ],
)
def test_a_body_without_end_takes_nothing_back(behave: Behaviour) -> None:
    with endpoint(behave) as there:
        started = time.monotonic()
        assert client(deadline=QUICKLY).post(there.url(), {}, b"{}").status == 200
        assert time.monotonic() - started < WITHIN


def test_no_more_of_a_body_is_read_than_its_bound() -> None:
    counted: list[int] = []

    def count(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        with suppress(OSError):
            while True:
                counted.append(connection.send(b"x" * 1024))

    with endpoint(count) as there:
        client().post(there.url(), {}, b"{}")
    # The rest is what the system took in by itself.
    assert sum(counted) < 16 * 1024 * 1024


ANSWERS = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from([
            b"HTTP/1.1 200 OK", b"HTTP/1.0 ", b"\r\n", b"\n", b": ", b"Content-Length: ", b"5",
            b"Transfer-Encoding: chunked", b"Content-Type: text/plain; charset=", b"\x00", b"\xff",
            b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/2 200\r\n", b"0\r\n\r\n", b"fffffffff\r\n",
        ]),
    ),
    max_size=12,
).map(b"".join)  # fmt: skip


def test_whatever_is_answered_is_an_answer_or_a_failure() -> None:
    text = b""

    @given(drawn=ANSWERS)
    @examples(300)
    def answer(drawn: bytes) -> None:
        nonlocal text
        text = drawn
        with suppress(EndpointFailed):
            answer = client(deadline=QUICKLY).post(there.url(), {}, b"{}")
            assert answer.status in range(100, 1000)

    with endpoint(lambda connection: connection.sendall(text)) as there:
        answer()


# -- TLS -------------------------------------------------------------------------------------------


HOST = "hooks.example.com"


@pytest.fixture(scope="module")
def hook_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return endpoints.self_signed(tmp_path_factory.mktemp("tls") / "hooks.pem", HOST)


def test_the_certificate_is_that_of_the_urls_host_whatever_the_address(
    hook_certificate: Path,
) -> None:
    def trust() -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(hook_certificate))

    asked_for: list[str | None] = []
    sender = client(resolve=lambda _: ["127.0.0.1"], trust=trust)
    with endpoints.tls_endpoint(hook_certificate, asked_for) as there:
        url = there.url(host="Hooks.Example.com.", scheme="https")
        assert sender.post(url, {}, b"{}").status == 200
        assert asked_for == ["hooks.example.com"]
        assert f"\r\nHost: hooks.example.com:{there.port}\r\n".encode() in there.requests[0]
        for host in ("other.example.com", "127.0.0.1"):
            with pytest.raises(EndpointFailed) as failed:
                sender.post(there.url(host=host, scheme="https"), {}, b"{}")
            assert failed.value.reason == "tls"
        assert len(there.requests) == 1


def test_a_certificate_that_nobody_vouches_for_is_refused(hook_certificate: Path) -> None:
    sender = client(resolve=lambda _: ["127.0.0.1"])
    with endpoints.tls_endpoint(hook_certificate, []) as there:
        with pytest.raises(EndpointFailed) as failed:
            sender.post(there.url(host=HOST, scheme="https"), {}, b"{}")
        assert failed.value.reason == "tls"
        assert there.requests == []


@pytest.mark.parametrize(
    ("behave", "reason"),
    [
        (endpoints.is_silent, "timeout"),
        (endpoints.drips(b"", b"\x16"), "tls"),
        (endpoints.answers(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "tls"),
        (endpoints.hangs_up, "tls"),
        (endpoints.resets, "connect"),
    ],
)
def test_what_does_not_speak_tls_is_told_apart(behave: Behaviour, reason: str) -> None:
    with endpoint(behave, reads=False) as there:
        with pytest.raises(EndpointFailed) as failed:
            client(deadline=QUICKLY).post(there.url(scheme="https"), {}, b"{}")
        assert failed.value.reason in {reason, "closed"}


# -- which URLs ------------------------------------------------------------------------------------

GOOD_URLS = (
    "https://hooks.example.com",
    "https://hooks.example.com/",
    "https://hooks.example.com./a/b;c=d/%20?e=f&g[]=h%5B",
    "HTTPS://HOOKS.EXAMPLE.COM:8443/A?B",
    "https://xn--fiqs8s.example:443/",
    "https://a_b.example.com?x",
    "https://8.8.8.8/hook",
    "https://[2606:4700:4700::1111]:8080/hook",
)


@pytest.mark.parametrize("url", GOOD_URLS)
def test_public_endpoints_may_be_subscribed(url: str) -> None:
    stranger().check(url)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        # What is no URL, or not one that everybody reads alike.
        ("", "url"),
        ("hooks.example.com", "url"),
        ("//hooks.example.com/", "url"),
        ("https:hooks.example.com", "url"),
        ("https:/hooks.example.com", "url"),
        ("https:///hooks.example.com", "url"),
        ("ftp://hooks.example.com/", "url"),
        ("file:///etc/passwd", "url"),
        ("gopher://127.0.0.1:25/_HELO", "url"),
        ("javascript:alert(1)", "url"),
        ("https://user@hooks.example.com/", "url"),
        ("https://user:password@hooks.example.com/", "url"),
        ("https://hooks.example.com@127.0.0.1/", "url"),
        ("https://127.0.0.1\\@hooks.example.com/", "url"),
        ("https://hooks.example.com\\.evil.example/", "url"),
        ("https://hooks.example.com/#fragment", "url"),
        ("https://127.0.0.1#@hooks.example.com/", "url"),
        (" https://hooks.example.com/", "url"),
        ("https://hooks.example.com/ ", "url"),
        ("https://hooks.example.com/a b", "url"),
        ("https://hooks.example.com/\n", "url"),
        ("https://hooks.example.com/\r\nX: y", "url"),
        ("https://hooks.exa\tmple.com/", "url"),
        ("https://hooks.example.com\x00.evil.example/", "url"),
        ("https://h%6Foks.example.com/", "url"),
        ("https://hooks.example.com/é", "url"),
        ("https://中国.example/", "url"),
        ("https://１２７.０.０.１/", "url"),
        ("https://127。0。0。1/", "url"),
        ("https://ⓛocalhost/", "url"),
        ("httpſ://hooks.example.com/", "url"),
        ("https://hooks.example.com/" + 2048 * "a", "url"),
        ("https://[::1/", "url"),
        ("https://[::1]x/", "url"),
        ("https://evil.example[::1]/", "url"),
        ("https://[fe80::1%25eth0]/", "url"),
        # Ports of other protocols.
        ("https://hooks.example.com:0/", "port"),
        ("https://hooks.example.com:22/", "port"),
        ("https://hooks.example.com:25/", "port"),
        ("https://hooks.example.com:6667/", "port"),
        ("https://hooks.example.com:10080/", "port"),
        ("https://hooks.example.com:65536/", "port"),
        ("https://hooks.example.com:99999/", "port"),
        ("https://hooks.example.com:443443/", "url"),
        ("https://hooks.example.com:-1/", "url"),
        # Names that no public host has.
        ("https://localhost/", "host"),
        ("https://localhost./", "host"),
        ("https://LOCALHOST/", "host"),
        ("https://a.localhost/", "host"),
        ("https://printer.local/", "host"),
        ("https://printer.local./", "host"),
        ("https://metadata.google.internal/", "host"),
        ("https://ip-10-0-0-1.ec2.internal/", "host"),
        ("https://router.home.arpa/", "host"),
        ("https://hidden.onion/", "host"),
        ("https://intranet/", "host"),
        ("https://.example.com/", "host"),
        ("https://hooks..example.com/", "host"),
        ("https://hooks.example.com../", "host"),
        ("https://-hooks.example.com/", "host"),
        ("https://hooks-.example.com/", "host"),
        (f"https://{64 * 'a'}.example.com/", "host"),
        (f"https://{60 * 'a.'}{60 * 'b.'}{60 * 'c.'}example.com/", "host"),
        ("https://./", "host"),
        # Other spellings of 127.0.0.1, and addresses that are none.
        ("https://127.1/", "host"),
        ("https://127.0.1/", "host"),
        ("https://0x7f.1/", "host"),
        ("https://0x7f.0x0.0x0.0x1/", "host"),
        ("https://0x7f000001/", "host"),
        ("https://2130706433/", "host"),
        ("https://017700000001/", "host"),
        ("https://0177.0.0.1/", "host"),
        ("https://127.0.0.01/", "host"),
        ("https://127.0.0.0x1/", "host"),
        ("https://127.0.0.1./", "host"),
        ("https://256.256.256.256/", "host"),
        ("https://1.2.3.4.5/", "host"),
        ("https://a.b.0x/", "host"),
        ("https://[127.0.0.1]/", "host"),
        ("https://[::ffff:127.1]/", "host"),
        ("https://[1:2:3]/", "host"),
        ("https://[]/", "url"),
        # Addresses as they are usually written.
        ("https://127.0.0.1/", "address"),
        ("https://169.254.169.254/latest/meta-data/", "address"),
        ("https://[fd00:ec2::254]/latest/meta-data/", "address"),
        ("https://[::1]/", "address"),
        ("https://[::ffff:127.0.0.1]/", "address"),
        ("https://[::ffff:7f00:1]/", "address"),
        ("https://[0:0:0:0:0:0:0:1]/", "address"),
        # Plain HTTP.
        ("http://hooks.example.com/", "scheme"),
        ("http://8.8.8.8/", "scheme"),
    ],
)  # fmt: skip
def test_unsafe_urls_are_refused(url: str, reason: str) -> None:
    assert refusal(url, stranger()) == reason


URLS = st.one_of(
    st.text(max_size=60).map("https://".__add__),
    st.from_regex(r"(?s)https?://.{0,60}", fullmatch=True),
    st.lists(
        st.sampled_from([
            *"/:@?#[]\\.%-_ \t\n0", "http", "https", "://", "//", "127.0.0.1", "::1", "localhost",
            "hooks.example.com", "0x7f", "169.254", "8.8.8.8", "8443", "user", "é", "%00",
        ]),
        max_size=10,
    ).map("".join),
    st.sampled_from(GOOD_URLS).flatmap(
        lambda url: st.tuples(st.integers(0, len(url)), st.text(max_size=3)).map(
            lambda change: url[: change[0]] + change[1] + url[change[0] :]
        )
    ),
)  # fmt: skip


@given(url=URLS)
@examples(500)
def test_a_url_is_refused_or_read_as_others_read_it(url: str) -> None:
    asked: list[str] = []

    def resolve(host: str) -> Sequence[str]:
        asked.append(host)
        return [PUBLIC]

    with suppress(EndpointRefused):
        client((), resolve=resolve).check(url, allow_http=True)
        parts = urlsplit(url)
        assert parts.hostname
        assert parts.username is None
        assert asked == [parts.hostname.removesuffix(".")] or is_public(
            ipaddress.ip_address(parts.hostname)
        )


def test_plain_http_goes_where_it_is_allowed() -> None:
    stranger().check("http://hooks.example.com/", allow_http=True)
    inside = client(("10.1.0.0/16",), resolve=lambda _: ["10.1.2.3"])
    inside.check("http://orders.internal/hook")
    both = client(("10.1.0.0/16",), resolve=lambda _: ["10.1.2.3", PUBLIC])
    assert refusal("http://hooks.example.com/", both) == "scheme"
    elsewhere = client(("10.1.0.0/16",), resolve=lambda _: ["10.2.0.1"])
    assert refusal("http://hooks.example.com/", elsewhere) == "scheme"


@pytest.mark.parametrize("networks", [(), ("10.1.0.0/16",)])
def test_that_https_is_wanted_is_said_of_names_that_nobody_knows_too(
    networks: tuple[str, ...],
) -> None:
    with pytest.raises(EndpointRefused, match="must be https"):
        client(networks, resolve=lambda _: []).check("http://nosuch.example.com/")


def test_allowed_networks_open_nothing_but_themselves() -> None:
    sender = client(("10.1.0.0/16", "fd12::/48"))
    sender.check("https://10.1.255.255/")
    sender.check("https://[fd12::1]/")
    for host in ("10.2.0.1", "127.0.0.1", "169.254.169.254", "[::1]", "[::ffff:10.1.0.1]"):
        assert refusal(f"https://{host}/", sender) == "address"


def test_what_is_no_network_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="host bits"):
        client(("10.1.2.3/16",))


def test_failures_and_refusals_say_nothing_of_the_url() -> None:
    with pytest.raises(EndpointRefused) as refused:
        stranger("10.0.0.1").check("https://hooks.example.com/?token=open-sesame")
    assert str(refused.value) == "a webhook's endpoint is refused: address"
    assert "open-sesame" not in repr(refused.value)


# -- which addresses -------------------------------------------------------------------------------

NOT_PUBLIC = (
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1",  # noqa: S104
    "127.255.255.255", "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255",
    "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1",
    "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1", "2001:20::1", "2001:db8::1",
    "2002:7f00:1::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%lo",
    "fec0::1", "ff02::1", "ff0e::1",
)  # fmt: skip
ANYBODYS = ("1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.32.0.1", "192.0.1.1",
            "223.255.255.255", "2606:4700:4700::1111", "2a00:1450:4001::1", "240e::1")  # fmt: skip


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_a_name_with_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert refusal("https://hooks.example.com/", stranger(address)) == "address"


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_one_such_address_among_good_ones_is_enough(address: str) -> None:
    assert refusal("https://hooks.example.com/", stranger(PUBLIC, address)) == "address"
    assert refusal("https://hooks.example.com/", stranger(address, PUBLIC)) == "address"


@pytest.mark.parametrize("address", ANYBODYS)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


ADDRESSES = st.one_of(
    st.ip_addresses(v=4),
    st.ip_addresses(v=6),
    st.sampled_from([ipaddress.ip_address(text.partition("%")[0]) for text in NOT_PUBLIC]),
    st.ip_addresses(v=6, network="2000::/3"),
)


@given(address=ADDRESSES)
@example(address=ipaddress.ip_address("192.0.0.170"))
@examples(500)
def test_nothing_is_public_that_requests_hardened_refuses(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    assume(is_public(address))
    with suppress(InvalidIPAddress):
        get_ip_address(str(address), 443, allow_loopback=False)
        return
    pytest.fail(f"{address} is refused elsewhere")


# -- names -----------------------------------------------------------------------------------------


def test_the_name_is_asked_once_and_its_answer_is_where_the_message_goes() -> None:
    """A name that stands for another address a moment later (DNS rebinding) gains nothing."""
    asked: list[str] = []

    def rebound(host: str) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    with endpoint(endpoints.answers(OK)) as there:
        url = there.url(host="hooks.example.com")
        assert client(resolve=rebound).post(url, {}, b"{}").status == 200
        assert asked == ["hooks.example.com"]
        assert f"Host: hooks.example.com:{there.port}".encode() in there.requests[0]


def test_what_a_name_stood_for_when_it_was_subscribed_counts_for_nothing_later() -> None:
    addresses = iter([[PUBLIC], ["127.0.0.1"]])
    with endpoint(endpoints.answers(OK)) as there:
        url = there.url(host="hooks.example.com", scheme="https")
        sender = client((), resolve=lambda _: next(addresses))
        sender.check(url)
        with pytest.raises(EndpointRefused):
            sender.post(url, {}, b"{}")
        assert there.connections == 0


def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    with endpoint(endpoints.answers(OK)) as there:
        sender = client(resolve=lambda _: ["127.0.0.2", "127.0.0.1"])
        assert sender.post(there.url(host="hooks.example.com"), {}, b"{}").status == 200


def test_the_systems_resolver_is_asked() -> None:
    sender = HttpWebhookClient(("127.0.0.0/8", "::1/128"))
    sender.check("http://localhost/")


@pytest.mark.parametrize(
    "resolve",
    [
        pytest.param(lambda _: [], id="no address"),
        pytest.param(lambda host: socket.getaddrinfo("a..b", None), id="no name to the resolver"),
    ],
)
def test_a_name_without_addresses_is_refused_at_first_and_a_failure_later(
    resolve: Callable[[str], Sequence[str]],
) -> None:
    """The domain name system may be out of order for a while."""
    sender = client((), resolve=resolve)
    with pytest.raises(EndpointRefused) as refused:
        sender.check("https://hooks.example.com/")
    assert refused.value.reason == "unresolved"
    with pytest.raises(EndpointFailed) as failed:
        sender.post("https://hooks.example.com/", {}, b"")
    assert failed.value.reason == "dns"


def test_a_resolver_that_hangs_is_waited_for_until_the_deadline() -> None:
    is_over = threading.Event()

    def hang(_host: str) -> Sequence[str]:
        is_over.wait(10)
        return [PUBLIC]

    started = time.monotonic()
    with pytest.raises(EndpointFailed) as failed:
        client((), resolve=hang, deadline=0.2).post("https://hooks.example.com/", {}, b"")
    is_over.set()
    assert failed.value.reason == "dns"
    assert time.monotonic() - started < WITHIN
