"""Requests to other systems: whom we may ask, and how.

An address that a person gave could lead into our own network (server-side request forgery), so
only public addresses are asked, unless the operator says otherwise. What is checked is the address
that a name resolves to, and the connection goes to just that one: a name that answers differently
the second time (DNS rebinding) gains nothing. Redirects are never followed, and one that leads
where nobody may ask is refused like an address that does.
"""

import ipaddress
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import SplitResult, urljoin, urlsplit

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

_PORTS = {"http": 80, "https": 443}
_LONGEST_ANSWER = 1024 * 1024  # bytes
_LONGEST_URL = 2_000
_CHUNK = 64 * 1024
# An IPv4 address in an IPv6 one, as translators on the way make it (RFC 6052).
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class NotReached(Exception):
    """No answer came; the message says why, in words for whoever set the address."""


class AddressRefused(NotReached):
    """An address, or the one to which it redirects, is none that may be asked."""


def refusal_behind(error: BaseException) -> AddressRefused | None:
    """The refused address that made somebody say no more than that nobody answered."""
    cause = error.__cause__
    return cause if isinstance(cause, AddressRefused) else None


@dataclass(frozen=True)
class Reach:
    """What may be asked besides public addresses: hosts by name, and parts of our own network."""

    hosts: frozenset[str] = frozenset()
    networks: frozenset[Network] = frozenset()

    def includes(self, host: str, address: Address) -> bool:
        if host in self.hosts or _is_public(address):
            return True
        return any(_same(address) in network for network in self.networks)


PUBLIC = Reach()


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = field(repr=False)
    location: str = ""  # where a redirect leads

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")


@dataclass(frozen=True)
class _Target:
    """Where a request goes: one address of those that the name resolved to."""

    url: SplitResult
    host: str
    port: int
    address: str


def reach(text: str) -> Reach:
    """``STEADYHAND_OUTBOUND_ALLOW``: hosts and networks (CIDR), with commas between.

    ``ValueError`` for what is neither.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    networks = {part: _network(part) for part in parts}
    hosts = {_host(part) for part, network in networks.items() if network is None}
    return Reach(frozenset(hosts), frozenset(n for n in networks.values() if n is not None))


def as_set_by_operator(url: str, also: Reach = PUBLIC) -> Reach:
    """The reach for an address of the environment, which allows its host by being there."""
    host = urlsplit(url).hostname
    return replace(also, hosts=also.hosts | {_host(host)}) if host else also


def send(
    method: str,
    url: str,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    within: Reach = PUBLIC,
    seconds: float = 10.0,
) -> Answer:
    """Send one request and take its answer, of 1 MB and ``seconds`` at most.

    ``AddressRefused`` before anything is sent if the host is outside of ``within``, ``NotReached``
    if nobody answers. A redirect is an answer like any other, unless it leads out of ``within``.
    """
    deadline = time.monotonic() + seconds
    answer = _ask_each(_targets(url, within), method, body, headers or {}, deadline)
    _require_no_way_out(url, answer, within)
    return answer


def _targets(url: str, within: Reach) -> list[_Target]:
    """Every address of the host; all of them must be allowed, or none is asked."""
    parts, host, port = _read(url)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotReached(f"There is no host “{host}”.") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        if not within.includes(host, ipaddress.ip_address(address)):
            raise AddressRefused(
                f"“{host}” is {address}, which is not a public address. If it is meant, allow it "
                "in STEADYHAND_OUTBOUND_ALLOW."
            )
    return [_Target(parts, host, port, address) for address in addresses]


def _ask_each(
    targets: list[_Target],
    method: str,
    body: bytes | None,
    headers: Mapping[str, str],
    deadline: float,
) -> Answer:
    """The answer of the first address at which somebody listens."""
    problem: Exception | None = None
    for target in targets:
        try:
            return _ask(target, method, body, headers, deadline)
        except (NewConnectionError, ConnectTimeoutError) as error:
            problem = error  # the name may have another address that answers
        except HTTPError as error:
            raise NotReached(f"{target.host} does not answer: {error}") from error
    raise NotReached(f"{targets[0].host} cannot be reached: {problem}") from problem


def _require_no_way_out(url: str, answer: Answer, within: Reach) -> None:
    """Of a redirect that would be asked for something inside, somebody should hear."""
    if answer.status // 100 != 3 or not answer.location:
        return
    try:
        _targets(_joined(url, answer.location), within)
    except AddressRefused as error:
        raise AddressRefused(f"“{_host_of(url)}” redirects elsewhere. {error}") from error
    except NotReached:
        return  # it leads nowhere


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        return location  # which nobody reads, and is refused for that


def _read(url: str) -> tuple[SplitResult, str, int]:
    # Other readers of addresses see other hosts in these; urlsplit leaves some of them out.
    if len(url) > _LONGEST_URL or any(c <= " " or c in "\\\x7f" for c in url):
        raise AddressRefused("This is no address: it holds what an address cannot hold.")
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
        host = _host(parts.hostname or "")
    except (ValueError, KeyError) as error:
        raise AddressRefused("An address begins with https:// or http:// and a host.") from error
    if parts.username is not None or parts.password is not None:
        raise AddressRefused("An address holds no username and no password.")
    return parts, host, port


def _ask(
    target: _Target, method: str, body: bytes | None, headers: Mapping[str, str], deadline: float
) -> Answer:
    left = max(deadline - time.monotonic(), 0.1)
    path = target.url.path or "/"
    with _pool(target, left) as pool:
        answer = pool.urlopen(
            method,
            f"{path}?{target.url.query}" if target.url.query else path,
            body=body,
            headers={**headers, "Host": _named(target)},
            retries=False,
            redirect=False,
            preload_content=False,
        )
        try:
            location = answer.headers.get("Location", "")
            return Answer(answer.status, _read_all(answer, deadline), location)
        finally:
            answer.close()


def _pool(target: _Target, seconds: float) -> urllib3.HTTPConnectionPool:
    """Connections to the address that was checked, by the name that the certificate must show."""
    timeout = urllib3.Timeout(total=seconds)
    if target.url.scheme == "http":
        return urllib3.HTTPConnectionPool(target.address, target.port, timeout=timeout)
    return urllib3.HTTPSConnectionPool(
        target.address,
        target.port,
        timeout=timeout,
        cert_reqs="CERT_REQUIRED",
        server_hostname=target.host,
        assert_hostname=target.host,
    )


def _read_all(answer: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
    got = bytearray()
    # By what has come, not by full chunks: who sends a byte a second is not waited for.
    while part := answer.read1(_CHUNK):
        got += part
        if len(got) > _LONGEST_ANSWER:
            raise NotReached("The answer is too long.")
        if time.monotonic() > deadline:
            raise NotReached("The answer takes too long.")
    return bytes(got)


def _named(target: _Target) -> str:
    host = f"[{target.host}]" if ":" in target.host else target.host
    return host if target.port == _PORTS[target.url.scheme] else f"{host}:{target.port}"


def _is_public(address: Address) -> bool:
    inner = _same(address)
    is_local = isinstance(inner, IPv6Address) and inner.is_site_local
    return inner.is_global and not (inner.is_multicast or inner.is_reserved or is_local)


def _same(address: Address) -> Address:
    """The IPv4 address to which an IPv6 address leads in the end."""
    if isinstance(address, IPv4Address):
        return address
    teredo = address.teredo[1] if address.teredo else None
    translated = IPv4Address(int(address) & 0xFFFFFFFF) if address in _TRANSLATED else None
    return address.ipv4_mapped or address.sixtofour or teredo or translated or address


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None


def _host(name: str) -> str:
    """A host as it is compared: ASCII, in lower case, without a last dot."""
    if any(c in "/@?#*" for c in name):
        raise ValueError(f"“{name}” is neither a host nor a network.")
    host = name.rstrip(".").lower()
    if not host:
        raise ValueError("There is no host.")
    return host if host.isascii() else host.encode("idna").decode()


def _host_of(url: str) -> str:
    return urlsplit(url).hostname or ""
