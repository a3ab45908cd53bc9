"""Run in a process of its own: try to reach the network from an open lab, in every way that Python has.

A second audit hook stands behind the guard's. Hooks run in the order in which they were added, so it is reached only
if the guard lets an attempt pass, and then it stops the attempt itself: no packet can leave, whatever the guard does.
The addresses are of TEST-NET-1 (RFC 5737) and the documentation prefix of IPv6 (RFC 3849), which nobody has.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import threading
import urllib.request
from collections.abc import Callable

import boto3
import botocore.config
import requests

OUTSIDE = "192.0.2.1"
OUTSIDE_6 = "2001:db8::1"
NO_NAME = "ä..example"  # cannot be encoded as a host name, so Python gives up before it asks a resolver

# Made before the lab and before moto is imported, with keys that look real: nothing intercepts this client.
EARLY = boto3.Session("AKIAREALLOOKING00000", "real-looking-secret", region_name="us-east-1").client(
    "ecr", config=botocore.config.Config(retries={"total_max_attempts": 1})
)

from ecrlab import open_lab  # noqa: E402
from ecrlab.errors import NetworkRefused  # noqa: E402

WATCHED = ("socket.connect", "socket.send", "socket.getaddrinfo", "socket.gethost", "socket.getnameinfo")


class PassedTheGuardError(BaseException):
    """Not an Exception, so that nothing on the way takes it for an ordinary failure."""


def backstop(event: str, args: tuple[object, ...]) -> None:
    """Stop what should never have come this far."""
    if event.startswith(WATCHED) and not any(local in repr(args) for local in ("127.0.0.1", "::1", "localhost", "/")):
        raise PassedTheGuardError(f"{event} {args[1:]}")


def tcp(address: tuple, family: int = socket.AF_INET) -> None:
    """Connect a stream."""
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.connect(address)


def tcp_without_waiting(address: tuple) -> None:
    """Start a connection with connect_ex, which reports errors as numbers."""
    with socket.socket() as sock:
        sock.setblocking(False)
        sock.connect_ex(address)


def datagram(send: Callable[[socket.socket], object]) -> None:
    """Send a datagram, and see that the kernel was never asked to: it would have bound the socket to a port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            send(sock)
        finally:
            bound = sock.getsockname()
            if bound != ("0.0.0.0", 0):
                raise PassedTheGuardError(f"the kernel bound the socket to {bound}")


def in_a_thread(attempt: Callable[[], object]) -> None:
    """Run in another thread, and raise here what it raised there."""
    caught: list[BaseException] = []

    def run() -> None:
        try:
            attempt()
        except BaseException as exc:  # noqa: BLE001
            caught.append(exc)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if caught:
        raise caught[0]


async def stream(host: str) -> None:
    """Open an asyncio stream."""
    await asyncio.open_connection(host, 443)


ATTEMPTS: dict[str, Callable[[], object]] = {
    "tcp": lambda: tcp((OUTSIDE, 443)),
    "tcp over IPv6": lambda: tcp((OUTSIDE_6, 443, 0, 0), socket.AF_INET6),
    "tcp to an IPv4 address written as IPv6": lambda: tcp((f"::ffff:{OUTSIDE}", 443, 0, 0), socket.AF_INET6),
    "tcp by name": lambda: tcp((NO_NAME, 443)),
    "tcp without waiting": lambda: tcp_without_waiting((OUTSIDE, 443)),
    "create_connection": lambda: socket.create_connection((OUTSIDE, 443), timeout=1),
    "instance metadata": lambda: tcp(("169.254.169.254", 80)),
    "container credentials": lambda: tcp(("169.254.170.2", 80)),
    "udp sendto": lambda: datagram(lambda sock: sock.sendto(b"x", (OUTSIDE, 53))),
    "udp sendmsg": lambda: datagram(lambda sock: sock.sendmsg([b"x"], [], 0, (OUTSIDE, 53))),
    "udp sendto by name": lambda: datagram(lambda sock: sock.sendto(b"x", (NO_NAME, 53))),
    "udp sendmsg by name": lambda: datagram(lambda sock: sock.sendmsg([b"x"], [], 0, (NO_NAME, 53))),
    "bind to a name": lambda: datagram(lambda sock: sock.bind((NO_NAME, 0))),
    "udp broadcast": lambda: datagram(lambda sock: sock.sendto(b"x", ("<broadcast>", 53))),
    "udp connect": lambda: datagram(lambda sock: sock.connect((OUTSIDE, 53))),
    "getaddrinfo": lambda: socket.getaddrinfo("registry.example.com", 443),
    "gethostbyname": lambda: socket.gethostbyname("registry.example.com"),
    "gethostbyname_ex": lambda: socket.gethostbyname_ex("registry.example.com"),
    "gethostbyaddr": lambda: socket.gethostbyaddr(OUTSIDE),
    "getnameinfo": lambda: socket.getnameinfo((OUTSIDE, 53), 0),
    "a thread": lambda: in_a_thread(lambda: tcp((OUTSIDE, 443))),
    "asyncio": lambda: asyncio.run(stream(OUTSIDE)),
    "urllib": lambda: urllib.request.urlopen(f"http://{OUTSIDE}/"),
    "requests": lambda: requests.get("https://registry.example.com/v2/", timeout=1),
    "requests to an address": lambda: requests.get(f"http://{OUTSIDE}/", timeout=1),
    "a boto3 client from before the lab": lambda: EARLY.describe_repositories(),
    "a boto3 client of an endpoint outside": lambda: boto3.client(
        "ecr", endpoint_url=f"https://{OUTSIDE}"
    ).describe_repositories(),
}


def refusal(error: BaseException | None) -> str | None:
    """Find the guard's own exception in a chain of causes."""
    while error is not None:
        if isinstance(error, NetworkRefused):
            return str(error)
        reason = getattr(error, "reason", None)
        error = error.__cause__ or error.__context__ or (reason if isinstance(reason, BaseException) else None)
    return None


def outcome(attempt: Callable[[], object]) -> dict[str, str | None]:
    """Say what came of an attempt: the exception that was raised, and the guard's words if they are behind it."""
    try:
        attempt()
    except (Exception, PassedTheGuardError) as exc:  # noqa: BLE001
        return {"raised": type(exc).__name__, "refusal": refusal(exc)}
    return {"raised": None, "refusal": None}


def reached_over_loopback() -> bool:
    """Talk to a listener of our own by address and by name, over TCP, UDP and a local socket pair."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        for host in ("127.0.0.1", "localhost"):
            with socket.create_connection((host, port), timeout=5) as client:
                accepted, _ = listener.accept()
                with accepted:
                    client.sendall(b"hello")
                    if accepted.recv(5) != b"hello":
                        return False
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as inbox,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outbox,
    ):
        inbox.bind(("127.0.0.1", 0))
        outbox.sendto(b"hello", inbox.getsockname())
        return inbox.recv(5) == b"hello"


def main() -> None:
    """Try everything, and print what came of it as JSON."""
    with open_lab() as lab:
        sys.addaudithook(backstop)
        outcomes = {name: outcome(attempt) for name, attempt in ATTEMPTS.items()}
        loopback = reached_over_loopback()
        emulated = lab.client("ecr").describe_repositories()["repositories"] == []
    after = outcome(lambda: tcp((OUTSIDE, 443)))  # the guard is off again: now the backstop must be what stops it
    json.dump({"outcomes": outcomes, "loopback": loopback, "emulated": emulated, "after": after}, sys.stdout)


if __name__ == "__main__":
    main()
