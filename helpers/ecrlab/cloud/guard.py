"""No connection leaves the machine while a Mode Mock lab is open.

Python announces every look-up, connection and datagram to its audit hooks before the operating system hears of it
(PEP 578). Ours answers with an exception unless the address is this machine's loopback. An audit hook can not be
taken out again, so it is installed once and asks a switch.

Two things happen without an announcement, and are watched where they begin. A socket that is given a name instead of
an address asks the resolver first and announces afterwards. And botocore keeps connections open between calls, so a
client that was made before the lab may have one to AWS.

What the guard can not see: programs that a cell starts (they find fake credentials, see ``credentials.py``), libraries
that open sockets from C without telling Python, and what other libraries than botocore connected to before.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any
from urllib.parse import urlsplit

from ecrlab.errors import NetworkRefused

__all__ = ["guarded", "is_guarding", "is_local"]

_LOCAL_FAMILIES = frozenset(
    getattr(socket, name) for name in ("AF_UNIX", "AF_NETLINK", "AF_ALG") if hasattr(socket, name)
)
_LOCAL_NAMES = frozenset({"", "localhost"})  # "" and the unspecified addresses are where servers listen


def is_local(host: object) -> bool:
    """Say whether a host name or address can only mean this machine. Whatever is not understood can not."""
    name = _text(host)
    if name is None or name.lower() in _LOCAL_NAMES:
        return True
    address = _address(name)
    return address is not None and (address.is_loopback or address.is_unspecified)


def _text(host: object) -> str | None:
    if isinstance(host, bytes | bytearray):
        return host.decode("latin-1")
    return None if host is None else str(host)


def _address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(name.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _is_foreign_name(host: object) -> bool:
    """Say whether somebody else would have to be asked what a host's address is."""
    return isinstance(host, str | bytes | bytearray) and not is_local(host) and _address(str(_text(host))) is None


def _refusal(host: object) -> NetworkRefused:
    return NetworkRefused(
        f"connection to {_text(host)!r}",
        "no connection leaves this machine while a lab in Mode Mock is open",
        "lab.close() first, or open_lab(Aws(profile=…, account_id=…)) to work on a real account",
    )


def _check_host(host: object, *_: object) -> None:
    if not is_local(host):
        raise _refusal(host)


def _check_socket(sock: socket.socket, address: Any) -> None:
    if address is None or sock.family in _LOCAL_FAMILIES:  # None: a datagram socket that is connected already
        return
    _check_host(address[0] if isinstance(address, tuple) and address else address)


def _check_sockaddr(address: Any) -> None:
    _check_host(address[0])


_CHECKS: dict[str, Callable[..., None]] = {
    "socket.connect": _check_socket,
    "socket.sendto": _check_socket,
    "socket.sendmsg": _check_socket,
    "socket.getaddrinfo": _check_host,
    "socket.gethostbyname": _check_host,
    "socket.gethostbyaddr": _check_host,
    "socket.getnameinfo": _check_sockaddr,
}
"""Audit events that can put a packet on a wire, by their names in the documentation of ``socket``."""


class _Switch:
    """Whether the guard is on; and whether its hook is in place, since that can happen only once."""

    on = False
    installed = False


def _audit(event: str, args: tuple[Any, ...]) -> None:
    # Called for every import, open and compile of the process: one attribute and one look-up, then out.
    if _Switch.on and (check := _CHECKS.get(event)):
        check(*args)


def is_guarding() -> bool:
    """Say whether connections are refused at the moment."""
    return _Switch.on


@contextmanager
def guarded() -> Iterator[None]:
    """Refuse every connection that would leave the machine, in all threads, until the block ends.

    Raises:
        NetworkRefused: From the socket call itself, in whatever code makes it.
    """
    if not _Switch.installed:
        sys.addaudithook(_audit)
        _Switch.installed = True
    before, _Switch.on = _Switch.on, True
    try:
        with _names_watched(), _botocore_watched():
            yield
    finally:
        _Switch.on = before


_METHODS_THAT_RESOLVE = {"bind": 1, "connect": 1, "connect_ex": 1, "sendto": 2, "sendmsg": 4}
"""Socket methods that look up a name -> how many arguments they have at least when the last one is an address."""


@contextmanager
def _names_watched() -> Iterator[None]:
    def watched(method: Callable[..., Any], count: int) -> Callable[..., Any]:
        def call(sock: socket.socket, *args: Any) -> Any:
            address = args[-1] if len(args) >= count else None
            if address and isinstance(address, tuple) and _is_foreign_name(address[0]):
                raise _refusal(address[0])
            return method(sock, *args)

        return call

    for name, count in _METHODS_THAT_RESOLVE.items():
        setattr(socket.socket, name, watched(getattr(socket.socket, name), count))
    try:
        yield
    finally:
        for name in _METHODS_THAT_RESOLVE:
            delattr(socket.socket, name)  # what is inherited from C shows again


@contextmanager
def _botocore_watched() -> Iterator[None]:
    from botocore.httpsession import URLLib3Session

    send = URLLib3Session.send

    def guarded_send(self: URLLib3Session, request: Any) -> Any:
        _check_host(urlsplit(request.url).hostname)
        return send(self, request)

    URLLib3Session.send = guarded_send  # type: ignore[method-assign]
    try:
        yield
    finally:
        URLLib3Session.send = send  # type: ignore[method-assign]
