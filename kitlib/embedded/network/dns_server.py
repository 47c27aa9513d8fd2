"""The DNS server: wire format and sockets around `dns.resolve`.

The sockets are made elsewhere (inside the pod network) and handed in, already bound.
"""

from __future__ import annotations

import asyncio
import logging
import random
import socket
import struct
from typing import cast

from dnslib import CNAME, PTR, QTYPE, RCODE, RR, SOA, SRV, A, DNSHeader, DNSRecord

from kitlib.embedded.network import dns
from kitlib.embedded.network.dns import Question, Record, Reply
from kitlib.embedded.network.zone import Zone

__all__ = ["DnsServer", "answer"]

_log = logging.getLogger(__name__)

TTL = 5
_UDP_LIMIT = 512
_IDLE = 10.0


def answer(zone: Zone, packet: bytes, rng: random.Random) -> DNSRecord | None:
    """Answer one query packet, or None when it is not a query.

    Args:
        zone: what is known.
        packet: the query in wire format.
        rng: rotates the addresses of headless services.
    """
    try:
        query = DNSRecord.parse(packet)
    except Exception:
        # dnslib raises anything from struct.error to its own classes on garbage; there is nobody to answer then.
        _log.debug("not a DNS packet: %r", packet[:64])
        return None
    if query.header.qr:
        return None
    response = DNSRecord(DNSHeader(id=query.header.id, qr=1, aa=1, ra=1, rd=query.header.rd), q=query.q)
    if query.header.opcode or not query.questions:
        response.header.rcode = RCODE.NOTIMP
        return response
    question = Question(str(query.q.qname).rstrip("."), QTYPE.get(query.q.qtype))
    _fill(response, dns.resolve(zone, question), rng)
    return response


def _fill(response: DNSRecord, reply: Reply, rng: random.Random) -> None:
    response.header.rcode = getattr(RCODE, reply.rcode)
    records = list(reply.answers)
    if all(record.type == "A" for record in records):
        rng.shuffle(records)
    response.add_answer(*map(_record, records))
    response.add_ar(*map(_record, reply.additional))
    if not records:
        # A negative answer names who says so and for how long.
        times = (1, 7200, 1800, 86400, TTL)
        soa = SOA(f"ns.dns.{dns.DOMAIN}", f"hostmaster.{dns.DOMAIN}", times)
        response.add_auth(RR(dns.DOMAIN, QTYPE.SOA, ttl=TTL, rdata=soa))


def _record(record: Record) -> RR:
    match record.type:
        case "A":
            data = A(record.data)
        case "CNAME":
            data = CNAME(record.data)
        case "PTR":
            data = PTR(record.data)
        case _:
            data = SRV(priority=0, weight=record.weight, port=record.port, target=record.data)
    return RR(record.name, getattr(QTYPE, record.type), ttl=TTL, rdata=data)


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, zone: Zone, rng: random.Random) -> None:
        self._zone = zone
        self._rng = rng
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The selector loop's transport is one without being a subclass.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        response = answer(self._zone, data, self._rng)
        if response is None or self._transport is None:
            return
        packed = response.pack()
        if len(packed) > _UDP_LIMIT:
            # Too big for plain UDP: say so, and the resolver asks again over TCP.
            packed = response.truncate().pack()
        self._transport.sendto(packed, addr)


class DnsServer:
    """Serves a zone.

    Args:
        zone: what is known; it changes while serving.
        udp: a bound UDP socket.
        tcp: a bound and listening TCP socket.
        rng: rotates addresses.
    """

    def __init__(self, zone: Zone, *, udp: socket.socket, tcp: socket.socket, rng: random.Random | None = None) -> None:
        self._zone = zone
        self._udp = udp
        self._tcp = tcp
        self._rng = rng or random.Random()
        self._transport: asyncio.DatagramTransport | None = None
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Begin to serve on the running loop."""
        self._udp.setblocking(False)
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: _Udp(self._zone, self._rng), sock=self._udp)
        self._server = await asyncio.start_server(self._serve, sock=self._tcp)

    async def stop(self) -> None:
        """Stop and close the sockets."""
        if self._transport is not None:
            self._transport.close()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                async with asyncio.timeout(_IDLE):
                    (length,) = struct.unpack("!H", await reader.readexactly(2))
                    packet = await reader.readexactly(length)
                response = answer(self._zone, packet, self._rng)
                if response is None:
                    return
                packed = response.pack()
                writer.write(struct.pack("!H", len(packed)) + packed)
                await writer.drain()
        except (asyncio.IncompleteReadError, TimeoutError, ConnectionError):
            return
        finally:
            writer.close()
