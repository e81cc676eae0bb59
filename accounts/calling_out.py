"""The socket to other people's servers: one POST to a public address, and what it answers.

Whoever names an address must not be able to reach, through us, what only we can reach: the name
is looked up once, every address behind it must be public, and that very address is called.
"""

from __future__ import annotations

import http.client
import ipaddress
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Timer
from urllib.parse import urlsplit

from django.conf import settings

# Standard Webhooks asks for 15 to 30; a slow receiver holds up the others of its sweep.
SECONDS = 15
EXCERPT = 500
LONGEST_URL = 500
LONGEST_PAUSE = 86_400
PORTS = {"https": 443, "http": 80}
VISIBLE = re.compile(r"[!-~]+")
# IPv4 within IPv6: what a translator on the way would make of it is what counts.
TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
# All that is handed out to the public so far; beyond it are forms that a network may keep for
# itself, and more that hide an IPv4 address.
UNICAST = ipaddress.IPv6Network("2000::/3")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotAllowed(Exception):
    """An address that is not called, with the reason in words."""


class NoAnswer(Exception):
    """Nothing came back that can be used, with the reason in words."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered: its status, the first words of its body, how long it asks to wait."""

    status: int
    excerpt: str
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A URL taken apart."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def name(self) -> str:
        """The host as the header of a request has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def check(url: str) -> None:
    """Refuse a URL that would not be called.

    :raises NotAllowed: not https, with a password in it, unknown, or not public.
    """
    _addresses(_place(url))


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Send a body; redirects are not followed, and of the answer only the beginning is read.

    :raises NotAllowed: it is not, or no longer, an address that may be called.
    :raises NoAnswer: nobody answered in time, or not in HTTP.
    """
    place = _place(url)
    try:
        with _connected(place, _addresses(place)) as stream:
            return _exchange(place, stream, body, headers)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NoAnswer(f"{type(error).__name__}: {error}"[:EXCERPT]) from error


def _place(url: str) -> Place:
    if len(url) > LONGEST_URL or not VISIBLE.fullmatch(url) or "\\" in url:
        raise NotAllowed(f"An address is at most {LONGEST_URL} visible ASCII characters.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise NotAllowed("This is no address.") from error
    if parts.scheme not in (PORTS if settings.DEMO else ("https",)) or not host:
        raise NotAllowed("An address begins with https:// and a host.")
    if parts.username is not None or parts.password is not None or "#" in url:
        raise NotAllowed("An address has no user, password or fragment.")
    query = f"?{parts.query}" if parts.query else ""
    return Place(parts.scheme, host, port or PORTS[parts.scheme], f"{parts.path or '/'}{query}")


def _addresses(place: Place) -> list[Address]:
    """Answer what the name stands for, all of it public."""
    try:
        found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotAllowed(f"The host {place.host} is not known.") from error
    addresses = [ipaddress.ip_address(str(sockaddr[0])) for *_, sockaddr in found]
    for address in addresses:
        if not _may_be_called(address, place.scheme):
            raise NotAllowed(f"The host {place.host} is not on the public internet.")
    return addresses


def _may_be_called(address: Address, scheme: str) -> bool:
    meant = _embedded(address)
    if settings.DEMO and meant.is_loopback:
        return True
    handed_out = meant.version == 4 or meant in UNICAST
    return scheme == "https" and handed_out and meant.is_global and not meant.is_multicast


def _embedded(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


@contextmanager
def _connected(place: Place, addresses: list[Address]) -> Iterator[socket.socket]:
    """Connect to the first of the addresses that answers, and hang up when the time is over."""
    stream = _connect(place, addresses)
    timer = Timer(SECONDS, _hang_up, [stream])
    timer.daemon = True
    timer.start()
    try:
        if isinstance(stream, ssl.SSLSocket):
            stream.do_handshake()
        yield stream
    finally:
        timer.cancel()
        stream.close()


def _connect(place: Place, addresses: list[Address]) -> socket.socket:
    refused: OSError = TimeoutError("no address")
    for address in addresses[:2]:
        try:
            plain = _open(address, place.port)
            break
        except OSError as error:
            refused = error
    else:
        raise refused
    if place.scheme == "http":
        return plain
    context = ssl.create_default_context()
    return context.wrap_socket(plain, server_hostname=place.host, do_handshake_on_connect=False)


def _open(address: Address, port: int) -> socket.socket:
    """Connect to an address; nothing is looked up any more."""
    stream = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6)
    # Half of it for each of two addresses; then the whole for the answer.
    stream.settimeout(SECONDS / 2)
    try:
        stream.connect((str(address), port))
        stream.settimeout(SECONDS)
    except OSError:
        stream.close()
        raise
    return stream


def _hang_up(stream: socket.socket) -> None:
    """End both directions, so that whoever reads hears the end; the TLS of it stays untouched."""
    try:
        socket.socket.shutdown(stream, socket.SHUT_RDWR)
    except OSError:
        # It hung up first.
        return


def _exchange(
    place: Place, stream: socket.socket, body: bytes, headers: Mapping[str, str]
) -> Answer:
    connection = http.client.HTTPConnection(place.host, place.port)
    connection.sock = stream
    connection.request("POST", place.target, body, {"Host": place.name, **headers})
    response = connection.getresponse()
    # No Content-Length or a long one: what is not read is not waited for.
    excerpt = response.read(EXCERPT).decode(errors="replace").replace("\x00", "")
    return Answer(response.status, excerpt, _seconds(response.getheader("Retry-After")))


def _seconds(header: str | None) -> int | None:
    if header is None or not re.fullmatch("[0-9]{1,9}", header.strip()):
        return None
    return min(int(header), LONGEST_PAUSE)
