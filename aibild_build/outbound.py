"""Requests to addresses that users and their feeds write: encrypted, timed, bounded, and never into a private network unasked.

Takes a method, an address and where requests may go, yields the whole reply. A name is looked up once and the connection goes to
just that address, so that a name which changes between the look and the call (DNS rebinding) gains nothing. Knows neither feeds
nor hooks, retries nothing by itself but where `patiently` is asked to.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from time import monotonic
from urllib.parse import urljoin, urlsplit

from .errors import OutboundError

_MOST_REDIRECTS = 5
_MOVED = (301, 302, 303, 307, 308)
_LONGEST_WAIT_S = 120.0
_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Where requests may go.

    `hosts` are the only names allowed, none meaning every public one. `private` are `host` or `host:port` that may lie in a
    private network, and may be called without encryption; they are allowed besides `hosts`.
    """

    hosts: tuple[str, ...] = ()
    private: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """`headers` by lower-case name; `url` is where the answer came from in the end."""

    status: int
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`timeout_s` is for the whole answer, redirects included; `max_bytes` for its body."""

    timeout_s: float = 30.0
    max_bytes: int = 64 * 1024 * 1024


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    reach: Reach | None = None,
    limits: Limits | None = None,
) -> Reply:
    """The reply to one request, of whatever status. GET follows up to five redirects, each held against `reach`; a secret header
    (`authorization`) stays with the host that it is for. Raises OutboundError; its `again` says whether another try may succeed.
    """
    reach, limits = reach or Reach(), limits or Limits()
    until = monotonic() + limits.timeout_s
    sent = dict(headers or {})
    for _ in range(_MOST_REDIRECTS + 1):
        reply = _once(method, url, sent, body, reach, limits, until)
        target = reply.headers.get("location", "")
        if method != "GET" or reply.status not in _MOVED or not target:
            return reply
        moved = urljoin(url, target)
        if _place(moved) != _place(url):
            sent = {name: value for name, value in sent.items() if name.lower() != "authorization"}
        url = moved
    raise OutboundError(f"{_shown(url)} redirects more than {_MOST_REDIRECTS} times")


def patiently(ask: Callable[[], Reply], *, attempts: int, sleep: Callable[[float], None], wall: Callable[[], float]) -> Reply:
    """The reply of `ask`, asked again after 408, 425, 429 and 5xx and after broken connections, waiting 1, 2, 4 … seconds or as
    long as the service says (`Retry-After`, RFC 9110, 10.2.3; at most two minutes). The last reply or error is passed on.
    """
    for attempt in range(1, attempts + 1):
        wait_s = 2.0 ** (attempt - 1)
        try:
            reply = ask()
        except OutboundError as error:
            if not error.again or attempt == attempts:
                raise
        else:
            if attempt == attempts or not (reply.status in (408, 425, 429) or reply.status >= 500):
                return reply
            wait_s = _retry_after_s(reply.headers.get("retry-after", ""), wait_s, wall())
        sleep(min(wait_s, _LONGEST_WAIT_S))
    raise AssertionError("attempts is at least 1")


def _retry_after_s(given: str, otherwise: float, now: float) -> float:
    if given.strip().isdigit():
        return float(given)
    try:
        return max(0.0, parsedate_to_datetime(given).timestamp() - now)
    except (TypeError, ValueError):
        return otherwise


def _once(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None, reach: Reach, limits: Limits, until: float
) -> Reply:
    host, port, encrypted = _allowed(url, reach)
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        with closing(_Connection(host, port, _address(host, port, reach), encrypted, _left(url, until))) as connection:
            connection.request(method, path, body, {"User-Agent": "aibild", "Accept-Encoding": "identity", **headers})
            answer = connection.getresponse()
            taken = bytearray()
            while piece := answer.read1(_PIECE):
                taken += piece
                if len(taken) > limits.max_bytes:
                    raise OutboundError(f"{_shown(url)} sent more than {limits.max_bytes} bytes")
                connection.calm(_left(url, until))
            if answer.length:
                raise OutboundError(f"{_shown(url)} broke off its answer", again=True)
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(status=answer.status, url=url, headers=found, body=bytes(taken))
    except TimeoutError as error:
        raise OutboundError(f"{_shown(url)} did not answer within {limits.timeout_s:g} s", again=True) from error
    except ssl.SSLError as error:
        raise OutboundError(f"{_shown(url)} has no valid certificate: {error.reason or error}") from error
    except UnicodeError as error:
        raise OutboundError(f"expected an address in plain letters, got {_shown(url)}") from error
    except (OSError, http.client.HTTPException) as error:
        raise OutboundError(f"{_shown(url)} cannot be reached: {error}", again=True) from error


def _left(url: str, until: float) -> float:
    left = until - monotonic()
    if left <= 0:
        raise TimeoutError(url)
    return left


def _place(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port


def _allowed(url: str, reach: Reach) -> tuple[str, int, bool]:
    """(host, port, whether encrypted). Raises OutboundError."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError as error:
        raise OutboundError(f"expected an address, got {_shown(url)}: {error}") from error
    if parts.scheme not in ("http", "https") or not host or not url.isprintable() or " " in url:
        raise OutboundError(f"expected an address that begins with https://, got {_shown(url)}")
    if parts.username is not None:
        raise OutboundError(f"expected an address without a user's name in it, got one for {host}", hint="use a token instead")
    encrypted = parts.scheme == "https"
    number = port or (443 if encrypted else 80)
    if not _private(host, number, reach):
        if not encrypted:
            raise OutboundError(f"expected an address that begins with https://, got {_shown(url)}")
        if reach.hosts and host not in reach.hosts:
            raise OutboundError(f"{host} is not among the allowed hosts", hint=f"allowed: {', '.join(reach.hosts)}")
    return host, number, encrypted


def _private(host: str, port: int, reach: Reach) -> bool:
    return host in reach.private or f"{host}:{port}" in reach.private


def _address(host: str, port: int, reach: Reach) -> str:
    """The one IP address that will be called. Raises OutboundError for one in a private network that is not named."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    if not _private(host, port, reach):
        for one in addresses:
            if not _public(one):
                raise OutboundError(
                    f"{host} lies in a private network ({one})", hint="name it under `private` if it may be called"
                )
    return addresses[0]


def _public(written: str) -> bool:
    """Whether an address is one of the open network, also where an IPv4 address is wrapped in it (RFC 4291, 6052, 3056, 4380)."""
    address = ipaddress.ip_address(written.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inner is None and address in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None and not _public(str(inner)):
            return False
    return address.is_global and not address.is_multicast


def _shown(url: str) -> str:
    """An address without what may be secret in it: neither user nor query."""
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"[:200]
    except ValueError:
        return "an address"


class _Connection(http.client.HTTPConnection):
    """A connection to one address, whatever its name leads to by then."""

    def __init__(self, host: str, port: int, address: str, encrypted: bool, timeout_s: float) -> None:
        super().__init__(host, port, timeout=timeout_s)
        self._address, self._encrypted = address, encrypted
        self.default_port = 443 if encrypted else 80  # not to be named in the header `Host`

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), self.timeout)
        try:
            self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host) if self._encrypted else plain
        except BaseException:
            plain.close()
            raise

    def calm(self, timeout_s: float) -> None:
        """Less time for the rest of the answer."""
        if self.sock is not None:
            self.sock.settimeout(timeout_s)
