"""Webhooks out, to URLs that strangers chose.

Whoever may subscribe could otherwise have this program call what only it can reach: the metadata
service, a neighbour's console, itself. So that he can't:

- a URL has one reading, by one strict pattern, and no spelling of an address but the usual one;
- every address that the host resolves to must be public, and the connection goes to one of those
  very addresses: the name is not asked again;
- redirects are an answer, not an order; proxies, netrc, cookies and content codings don't exist;
- one deadline holds for all of it, and so does one bound on what is read.
"""

import http.client
import io
import ipaddress
import queue
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final, cast

from orderhub.domain.dataclass import dataclass
from orderhub.ports import EndpointFailed, EndpointRefused, WebhookAnswer

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

DEADLINE: Final = 10.0
"""Seconds for everything, from the name's resolution to the answer's end."""
CONNECT_SECONDS: Final = 3.0
"""For one address; the next one is tried then."""
HEAD_BYTES: Final = 64 * 1024
BODY_BYTES: Final = 16 * 1024
EXCERPT_LENGTH: Final = 500

_LONGEST_URL: Final = 2048
# The characters that RFC 3986 allows in a path and a query, and brackets, which many put there.
_URL: Final = re.compile(
    r"""
    (?P<scheme> https? ) ://
    (?P<host> \[ [0-9a-f:.]+ \] | [0-9a-z_.-]+ )
    (?: : (?P<port> [0-9]{1,5} ) )?
    (?P<path> / [0-9a-z._~!$&'()*+,;=:@%/-]* )?
    (?P<query> \? [0-9a-z._~!$&'()*+,;=:@%/?\[\]-]* )?
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_LONGEST_NAME: Final = 253
_LABEL: Final = re.compile(r"(?!-)[0-9a-z_-]{1,63}(?<!-)")
# No public name ends so, but `inet_aton` and browsers read many that do as IPv4 addresses:
# 127.1, 0x7f.1, 017700000001, 2130706433.
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_NOT_PUBLIC_NAMES: Final = ("localhost", "local", "internal", "home.arpa", "onion", "alt")
"""RFC 6761, 6762, 8375, 7686, 9476, and ICANN's resolution 2024.07.29.06."""
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_FIRST_FREE_PORT: Final = 1024
_PORTS_OF_OTHERS: Final = frozenset(
    {1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6679, 6697, 10080}
    | set(range(6665, 6670))
)
"""From 1024 on, those that the Fetch standard calls bad: they speak other protocols."""

_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
"""All of IPv6 that IANA has given out. What maps or translates to IPv4 is elsewhere
(``::ffff:0:0/96``, ``64:ff9b::/96``) or below."""
_NOT_PUBLIC: Final[tuple[IPNetwork, ...]] = tuple(
    ipaddress.ip_network(network)
    # What older Pythons' `is_global` doesn't know of IANA's special-purpose registries.
    for network in (
        "100.64.0.0/10",  # carriers' NAT; Alibaba Cloud's metadata service
        "192.0.0.0/24",  # protocol assignments; Oracle Cloud's metadata service
        "192.88.99.0/24",  # 6to4 relays
        "2001::/23",  # protocol assignments, Teredo among them
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
    )
)

Resolve = Callable[[str], Sequence[str]]
"""All addresses of a name, as texts. Raises ``OSError`` or ``UnicodeError``."""


@dataclass(frozen=True, slots=True)
class _Endpoint:
    is_tls: bool
    host: str
    """In lower case, without brackets or a last dot."""
    address: IPAddress | None
    """Where the host is one."""
    port: int
    target: str

    @property
    def authority(self) -> str:
        """As the header ``Host`` has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        is_default = self.port == _DEFAULT_PORTS["https" if self.is_tls else "http"]
        return host if is_default else f"{host}:{self.port}"


class HttpWebhookClient:
    """:class:`orderhub.ports.WebhookClient`.

    ``private_networks`` (CIDR) may be reached although they are not public. ``resolve`` and
    ``trust``, which makes the TLS context, stand in for the system's resolver and for Mozilla's
    authorities; times are in seconds.
    """

    def __init__(
        self,
        private_networks: Iterable[str] = (),
        *,
        deadline: float = DEADLINE,
        connect_seconds: float = CONNECT_SECONDS,
        resolve: Resolve | None = None,
        trust: Callable[[], ssl.SSLContext] | None = None,
    ) -> None:
        """Raises ``ValueError`` for what is no network."""
        self._private = tuple(ipaddress.ip_network(network) for network in private_networks)
        self._seconds = deadline
        self._connect_seconds = connect_seconds
        self._resolve = resolve or _system_addresses
        self._trust = trust or _public_trust

    def check(self, url: str, *, allow_http: bool = False) -> None:
        try:
            self._admitted(url, _Deadline(self._seconds), allow_http=allow_http)
        except EndpointFailed as failure:
            # Plain HTTP is for private addresses, and this name has none.
            is_safe = allow_http or url.lower().startswith("https:")
            raise EndpointRefused("unresolved" if is_safe else "scheme") from failure

    def post(
        self, url: str, headers: Mapping[str, str], body: bytes, *, allow_http: bool = False
    ) -> WebhookAnswer:
        deadline = _Deadline(self._seconds)
        endpoint, addresses = self._admitted(url, deadline, allow_http=allow_http)
        with self._connected(endpoint, addresses, deadline) as wire:
            return _exchange(_Channel(wire, deadline), endpoint, headers, body, deadline)

    def _admitted(
        self, url: str, deadline: "_Deadline", *, allow_http: bool
    ) -> tuple[_Endpoint, Sequence[IPAddress]]:
        """The endpoint of ``url`` and the addresses that it may be reached at: all that it has."""
        endpoint = _read(url, names_may_be_private=bool(self._private))
        is_safe = endpoint.is_tls or allow_http
        if not is_safe and not self._private:
            raise EndpointRefused("scheme")
        addresses = (
            [endpoint.address] if endpoint.address else self._addresses(endpoint.host, deadline)
        )
        are_private = [self._is_private(address) for address in addresses]
        if not is_safe and not all(are_private):
            raise EndpointRefused("scheme")
        for address, is_private in zip(addresses, are_private, strict=True):
            if not is_private and not is_public(address):
                raise EndpointRefused("address")
        return endpoint, addresses

    def _is_private(self, address: IPAddress) -> bool:
        return any(address in network for network in self._private)

    def _addresses(self, host: str, deadline: "_Deadline") -> Sequence[IPAddress]:
        """Of which there is at least one. The system's resolver knows no deadline, so that it is
        waited for in a thread of its own, which ends when it does."""
        answers: queue.SimpleQueue[Sequence[str] | None] = queue.SimpleQueue()

        def resolve() -> None:
            try:
                answers.put(self._resolve(host))
            except (OSError, UnicodeError):
                answers.put(None)

        threading.Thread(target=resolve, name="resolve", daemon=True).start()
        try:
            found = answers.get(timeout=deadline.left())
        except (queue.Empty, TimeoutError):
            found = None
        if not found:
            raise EndpointFailed("dns")
        return [ipaddress.ip_address(address) for address in found]

    def _connected(
        self, endpoint: _Endpoint, addresses: Sequence[IPAddress], deadline: "_Deadline"
    ) -> socket.socket:
        """A connection to the first address that answers."""
        failure: OSError | None = None
        for address in addresses:
            wire = self._socket(endpoint, address)
            try:
                wire.settimeout(min(self._connect_seconds, deadline.left()))
                # An address is not resolved.
                wire.connect((str(address), endpoint.port))
            except OSError as error:
                wire.close()
                failure = error
                continue
            try:
                wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if isinstance(wire, ssl.SSLSocket):
                    wire.settimeout(deadline.left())
                    wire.do_handshake()
            except OSError as error:
                wire.close()
                raise EndpointFailed(_reason(error)) from error
            return wire
        reason = "timeout" if isinstance(failure, TimeoutError) else "connect"
        raise EndpointFailed(reason) from failure

    def _socket(self, endpoint: _Endpoint, address: IPAddress) -> socket.socket:
        wire = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6)
        if not endpoint.is_tls:
            return wire
        # Wrapped before it is connected: wrapping one that was reset meanwhile loses it unclosed.
        return self._tls.wrap_socket(
            wire, server_hostname=endpoint.host, do_handshake_on_connect=False
        )

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return self._trust()


def is_public(address: IPAddress) -> bool:
    """Whether it is a unicast address that anybody can reach, and no way to another one that
    isn't."""
    if address.version == 6 and address not in _GLOBAL_UNICAST:
        return False
    return (
        address.is_global
        and not address.is_multicast
        and not any(address in network for network in _NOT_PUBLIC)
    )


def _read(url: str, *, names_may_be_private: bool) -> _Endpoint:
    """Raises :class:`EndpointRefused`."""
    found = _URL.fullmatch(url) if len(url) <= _LONGEST_URL else None
    if found is None:
        raise EndpointRefused("url")
    scheme = found["scheme"].lower()
    port = int(found["port"] or _DEFAULT_PORTS[scheme])
    if port not in _DEFAULT_PORTS.values() and not (
        _FIRST_FREE_PORT <= port < 2**16 and port not in _PORTS_OF_OTHERS
    ):
        raise EndpointRefused("port")
    host = found["host"].lower()
    address = _literal(host)
    if address is None:
        host = host.removesuffix(".")
        _require_name(host, may_be_private=names_may_be_private)
    return _Endpoint(
        is_tls=scheme == "https",
        host=host if address is None else str(address),
        address=address,
        port=port,
        target=(found["path"] or "/") + (found["query"] or ""),
    )


def _literal(host: str) -> IPAddress | None:
    try:
        if host.startswith("["):
            return ipaddress.IPv6Address(host[1:-1])
        return ipaddress.IPv4Address(host)
    except ValueError:
        return None


def _require_name(host: str, *, may_be_private: bool) -> None:
    labels = host.split(".")
    is_name = (
        len(host) <= _LONGEST_NAME
        and all(map(_LABEL.fullmatch, labels))
        and not _NUMBER.fullmatch(labels[-1])
    )
    is_public_name = len(labels) > 1 and not host.endswith(
        tuple(f".{name}" for name in _NOT_PUBLIC_NAMES)
    )
    if not is_name or not (is_public_name or may_be_private):
        raise EndpointRefused("host")


def _system_addresses(host: str) -> Sequence[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def _public_trust() -> ssl.SSLContext:
    # In a layer of its own, which only the function that delivers has.
    import certifi  # noqa: PLC0415

    context = ssl.create_default_context(cafile=certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context


class _Deadline:
    def __init__(self, seconds: float) -> None:
        self._start = time.monotonic()
        self._seconds = seconds

    def passed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._start

    def left(self) -> float:
        """Seconds, more than none. Raises ``TimeoutError``."""
        left = self._seconds - self.passed()
        if left <= 0:
            raise TimeoutError
        return left


class _TooMuch(OSError):
    """More was sent than is read."""


class _Incoming(io.RawIOBase):
    """What a connection brings until the deadline, and at most so many bytes. A socket's own
    timeout begins anew with each byte."""

    def __init__(self, wire: socket.socket, deadline: _Deadline) -> None:
        super().__init__()
        self._wire = wire
        self._deadline = deadline
        self._left = HEAD_BYTES + BODY_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        if not self._left:
            raise _TooMuch
        self._wire.settimeout(self._deadline.left())
        count = self._wire.recv_into(memoryview(buffer)[: self._left])
        self._left -= count
        return count


def _reason(error: OSError) -> str:
    """Why a connection that was there came to nothing."""
    match error:
        case TimeoutError():
            return "timeout"
        case ssl.SSLError():
            return "tls"
        case _TooMuch():
            return "too_large"
        case _:
            return "closed"


class _Channel:
    """As much of a socket as :mod:`http.client` uses, under a deadline."""

    def __init__(self, wire: socket.socket, deadline: _Deadline) -> None:
        self._wire = wire
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            self._wire.settimeout(self._deadline.left())
            rest = rest[self._wire.send(rest) :]

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Incoming(self._wire, self._deadline))

    def close(self) -> None:
        """Nothing: what was opened is closed by whoever opened it."""


def _exchange(
    channel: _Channel,
    endpoint: _Endpoint,
    headers: Mapping[str, str],
    body: bytes,
    deadline: _Deadline,
) -> WebhookAnswer:
    connection = http.client.HTTPConnection(endpoint.host, endpoint.port)
    connection.sock = cast("socket.socket", channel)
    own = {
        "Host": endpoint.authority,
        "User-Agent": "OrderHub-Webhooks/1",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    try:
        connection.request("POST", endpoint.target, body, {**headers, **own})
        response = connection.getresponse()
    except OSError as error:
        raise EndpointFailed(_reason(error)) from error
    except http.client.LineTooLong as error:
        raise EndpointFailed("too_large") from error
    except http.client.HTTPException as error:
        raise EndpointFailed("protocol") from error
    with response:
        seconds = deadline.passed()
        return WebhookAnswer(response.status, seconds, _excerpt(_beginning(response)))


def _beginning(response: http.client.HTTPResponse) -> bytes:
    """The body, as far as it is read and came in time. Its status is what a subscriber answers;
    a body that breaks off takes nothing back."""
    taken = b""
    try:
        while len(taken) < BODY_BYTES and (piece := response.read1(BODY_BYTES - len(taken))):
            taken += piece
    except (OSError, http.client.HTTPException):
        pass
    return taken


def _excerpt(body: bytes) -> str:
    text = body[: 4 * EXCERPT_LENGTH].decode(errors="replace")[:EXCERPT_LENGTH]
    return "".join(character if character.isprintable() else " " for character in text)
