from __future__ import annotations

import asyncio
import random
import socket
import struct
from typing import Any

import pytest
from dnslib import RCODE, DNSRecord

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.network.dns import Question, Reply, resolve
from kitlib.embedded.network.dns_server import DnsServer
from kitlib.embedded.network.zone import Zone
from kitlib.embedded.storage.event import Event


def service(name: str, **spec: Any) -> Object:
    return {"metadata": {"name": name, "namespace": "default"}, "spec": spec}


def slice_of(name: str, *endpoints: Object, ports: list[Object] | None = None) -> Object:
    return {
        "metadata": {
            "name": f"{name}-abcde",
            "namespace": "default",
            "labels": {"kubernetes.io/service-name": name},
        },
        "endpoints": list(endpoints),
        "ports": ports if ports is not None else [{"name": "http", "port": 8080, "protocol": "TCP"}],
    }


def endpoint(address: str, hostname: str = "", *, ready: bool = True) -> Object:
    found: Object = {"addresses": [address], "conditions": {"ready": ready}}
    return found | ({"hostname": hostname} if hostname else {})


def put(zone: Zone, resource: str, *objs: Object, kind: Any = "ADDED") -> None:
    for obj in objs:
        zone.apply(Event(kind, resource, obj, None, 1))


@pytest.fixture
def zone() -> Zone:
    zone = Zone()
    put(zone, "namespaces", {"metadata": {"name": "default"}})
    port = {"name": "http", "port": 80, "protocol": "TCP"}
    put(
        zone,
        "services",
        service("vip", clusterIP="10.96.0.20", ports=[port]),
        service("nginx", clusterIP="None", ports=[port]),
        service("empty", clusterIP="None", ports=[port]),
        service("portless", clusterIP="None"),
        service("ext", type="ExternalName", externalName="example.org"),
        service("alias", type="ExternalName", externalName="vip.default.svc.cluster.local"),
        service("loop", type="ExternalName", externalName="loop.default.svc.cluster.local"),
    )
    put(
        zone,
        "endpointslices.discovery.k8s.io",
        slice_of(
            "nginx",
            endpoint("10.244.0.5", "web-0"),
            endpoint("10.244.0.6", "web-1", ready=False),
            endpoint("10.244.0.7"),
        ),
        slice_of("empty", endpoint("10.244.0.6", "web-1", ready=False)),
        slice_of("portless", endpoint("10.244.0.5", "web-0"), ports=[]),
    )
    return zone


S = "default.svc.cluster.local"
NODATA: list[str] = []
CASES: list[tuple[str, str, list[str] | None]] = [
    (f"vip.{S}", "A", ["10.96.0.20"]),
    (f"VIP.{S}.", "A", ["10.96.0.20"]),
    (f"vip.{S}", "AAAA", NODATA),
    (f"nginx.{S}", "A", ["10.244.0.5", "10.244.0.7"]),
    (f"nginx.{S}", "AAAA", NODATA),
    (f"empty.{S}", "A", None),
    (f"empty.{S}", "AAAA", None),
    (f"unknown.{S}", "A", None),
    (f"web-0.nginx.{S}", "A", ["10.244.0.5"]),
    (f"web-0.nginx.{S}", "AAAA", NODATA),
    (f"web-1.nginx.{S}", "A", None),
    (f"10-244-0-7.nginx.{S}", "A", ["10.244.0.7"]),
    (f"10-244-0-5.nginx.{S}", "A", None),
    (f"portless.{S}", "A", ["10.244.0.5"]),
    (f"portless.{S}", "SRV", NODATA),
    (f"_other._tcp.nginx.{S}", "SRV", None),
    (f"_http._udp.nginx.{S}", "SRV", None),
    (f"ext.{S}", "A", ["example.org"]),
    (f"alias.{S}", "A", ["vip.default.svc.cluster.local", "10.96.0.20"]),
    ("10-244-9-9.default.pod.cluster.local", "A", ["10.244.9.9"]),
    ("10-244-9-9.nowhere.pod.cluster.local", "A", None),
    ("word.default.pod.cluster.local", "A", None),
    ("20.0.96.10.in-addr.arpa", "PTR", [f"vip.{S}"]),
    ("5.0.244.10.in-addr.arpa", "PTR", [f"web-0.nginx.{S}", f"web-0.portless.{S}"]),
    ("99.0.244.10.in-addr.arpa", "PTR", None),
    (S, "A", NODATA),
    ("nowhere.svc.cluster.local", "A", None),
    ("cluster.local", "A", NODATA),
    ("a.b.c.d.e.svc.cluster.local", "A", None),
    ("example.org", "A", None),
]


@pytest.mark.parametrize(("name", "kind", "expected"), CASES, ids=[f"{name} {kind}" for name, kind, _ in CASES])
def test_table(zone: Zone, name: str, kind: str, expected: list[str] | None) -> None:
    reply = resolve(zone, Question(name, kind))
    if expected is None:
        assert reply == Reply("NXDOMAIN")
    else:
        assert reply.rcode == "NOERROR"
        assert [record.data for record in reply.answers] == expected


def test_srv_of_a_headless_service(zone: Zone) -> None:
    for name in (f"_http._tcp.nginx.{S}", f"nginx.{S}"):
        reply = resolve(zone, Question(name, "SRV"))
        assert [(r.data, r.port, r.weight) for r in reply.answers] == [
            (f"web-0.nginx.{S}", 8080, 50),
            (f"10-244-0-7.nginx.{S}", 8080, 50),
        ]
        assert [r.data for r in reply.additional] == ["10.244.0.5", "10.244.0.7"]


def test_srv_of_a_cluster_ip_names_the_service(zone: Zone) -> None:
    reply = resolve(zone, Question(f"_http._tcp.vip.{S}", "SRV"))
    assert [(r.data, r.port, r.weight) for r in reply.answers] == [(f"vip.{S}", 80, 100)]


def test_a_loop_of_external_names_ends(zone: Zone) -> None:
    assert resolve(zone, Question(f"loop.{S}", "A")).rcode == "NOERROR"


def test_changes_are_seen_at_once(zone: Zone) -> None:
    ready = slice_of("empty", endpoint("10.244.0.6", "web-1"))
    put(zone, "endpointslices.discovery.k8s.io", ready, kind="MODIFIED")
    assert [r.data for r in resolve(zone, Question(f"web-1.empty.{S}", "A")).answers] == ["10.244.0.6"]
    put(zone, "endpointslices.discovery.k8s.io", ready, kind="DELETED")
    assert resolve(zone, Question(f"empty.{S}", "A")) == Reply("NXDOMAIN")
    put(zone, "services", service("vip"), kind="DELETED")
    assert resolve(zone, Question(f"vip.{S}", "A")) == Reply("NXDOMAIN")


async def test_the_server_answers_over_udp_and_tcp(zone: Zone) -> None:
    many = slice_of("empty", *(endpoint(f"10.244.1.{n}") for n in range(60)))
    put(zone, "endpointslices.discovery.k8s.io", many, kind="MODIFIED")
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    tcp = socket.create_server(("127.0.0.1", 0))
    udp_address, tcp_address = udp.getsockname(), tcp.getsockname()
    server = DnsServer(zone, udp=udp, tcp=tcp, rng=random.Random(1))
    await server.start()
    loop = asyncio.get_running_loop()
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.setblocking(False)

            async def ask(packet: bytes) -> DNSRecord:
                await loop.sock_sendto(client, packet, udp_address)
                return DNSRecord.parse(await asyncio.wait_for(loop.sock_recv(client, 4096), 5))

            await loop.sock_sendto(client, b"garbage", udp_address)
            answer = await ask(DNSRecord.question(f"vip.{S}").pack())
            assert (str(answer.a.rdata), answer.a.ttl) == ("10.96.0.20", 5)
            missing = await ask(DNSRecord.question("example.org").pack())
            assert missing.header.rcode == RCODE.NXDOMAIN
            assert missing.auth
            assert (await ask(DNSRecord.question(f"empty.{S}").pack())).header.tc
        reader, writer = await asyncio.open_connection(*tcp_address)
        packet = DNSRecord.question(f"empty.{S}").pack()
        writer.write(struct.pack("!H", len(packet)) + packet)
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        assert len(DNSRecord.parse(await reader.readexactly(length)).rr) == 60
        writer.close()
    finally:
        await server.stop()
