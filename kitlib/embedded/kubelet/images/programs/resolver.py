"""The DNS protocol from a client's side: one question, over UDP or TCP, and the search list of resolv.conf."""

from __future__ import annotations

import secrets
import socket
import struct
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Answer", "Config", "Record", "ask", "read_config", "reverse_name"]

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "TXT": 16, "AAAA": 28, "SRV": 33}
_NAMES = {number: name for name, number in TYPES.items()}
RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}


@dataclass(frozen=True, slots=True)
class Config:
    """What /etc/resolv.conf says."""

    servers: tuple[str, ...]
    search: tuple[str, ...] = ()
    ndots: int = 1

    def candidates(self, name: str, *, always: bool = True) -> list[str]:
        """Return the names to ask for, in order; without `always` only names that are short of dots are completed."""
        if name.endswith("."):
            return [name]
        completed = [f"{name}.{suffix}".rstrip(".") for suffix in self.search]
        enough = name.count(".") >= self.ndots
        if enough:
            return [name, *(completed if always else [])]
        return [*completed, name]


@dataclass(frozen=True, slots=True)
class Record:
    """A resource record, its data as text."""

    name: str
    ttl: int
    type: str
    data: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a question."""

    rcode: str
    answers: list[Record] = field(default_factory=list)
    server: str = ""


def read_config(path: str = "/etc/resolv.conf") -> Config:
    """Read a resolv.conf."""
    servers, search, ndots = list[str](), list[str](), 1
    for line in Path(path).read_text().splitlines():
        word, *rest = line.split() or [""]
        if word == "nameserver":
            servers += rest[:1]
        elif word == "search":
            search = rest
        elif word == "options":
            ndots = next((int(o[6:]) for o in rest if o.startswith("ndots:")), ndots)
    return Config(tuple(servers), tuple(search), ndots)


def reverse_name(address: str) -> str:
    """Return the name under which an address is looked up."""
    return ".".join(reversed(address.split("."))) + ".in-addr.arpa"


def ask(server: str, name: str, kind: str, *, tcp: bool = False, timeout: float = 5, port: int = 53) -> Answer:
    """Ask a server one question.

    Raises:
        OSError: it does not answer.
    """
    number = secrets.randbits(16)
    labels = b"".join(bytes([len(label)]) + label for label in name.rstrip(".").encode("idna").split(b".") if label)
    query = struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", TYPES[kind], 1)
    packet = (_over_tcp if tcp else _over_udp)(server, port, query, timeout)
    _, flags, questions, count, _, _ = struct.unpack("!6H", packet[:12])
    if flags & 0x0200 and not tcp:
        return ask(server, name, kind, tcp=True, timeout=timeout, port=port)
    at = 12
    for _ in range(questions):
        at = _name(packet, at)[1] + 4
    records = []
    for _ in range(count):
        record, at = _record(packet, at)
        records.append(record)
    return Answer(RCODES.get(flags & 15, str(flags & 15)), records, server)


def _over_udp(server: str, port: int, query: bytes, timeout: float) -> bytes:
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.settimeout(timeout)
        client.connect((server, port))
        client.send(query)
        while True:
            packet = client.recv(65536)
            if packet[:2] == query[:2]:
                return packet


def _over_tcp(server: str, port: int, query: bytes, timeout: float) -> bytes:
    with socket.create_connection((server, port), timeout) as client:
        client.sendall(struct.pack("!H", len(query)) + query)
        with client.makefile("rb") as stream:
            (length,) = struct.unpack("!H", stream.read(2))
            return stream.read(length)


def _name(packet: bytes, at: int) -> tuple[str, int]:
    """Return the name at an offset, and the offset behind it."""
    labels: list[str] = []
    end, hops = 0, 0
    while length := packet[at]:
        if length & 0xC0:
            end = end or at + 2
            at = struct.unpack("!H", packet[at : at + 2])[0] & 0x3FFF
            hops += 1
            if hops > 64:
                raise OSError("a name without an end")
            continue
        labels.append(packet[at + 1 : at + 1 + length].decode(errors="replace"))
        at += 1 + length
    return ".".join(labels) + ".", end or at + 1


def _record(packet: bytes, at: int) -> tuple[Record, int]:
    name, at = _name(packet, at)
    number, _, ttl, length = struct.unpack("!2HIH", packet[at : at + 10])
    at += 10
    data, kind = packet[at : at + length], _NAMES.get(number, f"TYPE{number}")
    if kind == "A":
        text = socket.inet_ntoa(data)
    elif kind == "AAAA":
        text = socket.inet_ntop(socket.AF_INET6, data)
    elif kind in ("CNAME", "PTR", "NS"):
        text = _name(packet, at)[0]
    elif kind == "SRV":
        text = "{} {} {} ".format(*struct.unpack("!3H", data[:6])) + _name(packet, at + 6)[0]
    else:
        text = data.hex()
    return Record(name, ttl, kind, text), at + length
