from __future__ import annotations

import asyncio
import random
import socket

from kitlib.embedded.network.proxy import ServiceProxy
from kitlib.embedded.network.zone import Zone
from tests.unit.network.test_dns import endpoint, put, service, slice_of


class PodNetwork:
    """Stands in for the node agent: addresses are names of loopback sockets."""

    def __init__(self) -> None:
        self.listening: dict[tuple[str, int], int] = {}
        self.dialled: list[tuple[str, int]] = []
        self.refused: set[str] = set()
        self._openings: dict[tuple[str, int], asyncio.Event] = {}

    async def listen(self, address: str, port: int) -> socket.socket:
        server = socket.create_server(("127.0.0.1", 0))
        self.listening[address, port] = server.getsockname()[1]
        self._openings.setdefault((address, port), asyncio.Event()).set()
        return server

    async def opened(self, frontend: tuple[str, int]) -> None:
        await self._openings.setdefault(frontend, asyncio.Event()).wait()

    async def dial(self, address: str, port: int) -> socket.socket:
        self.dialled.append((address, port))
        if address in self.refused:
            raise ConnectionRefusedError
        near, far = socket.socketpair()

        async def echo() -> None:
            reader, writer = await asyncio.open_connection(sock=far)
            writer.write(address.encode() + b" " + await reader.read())
            await writer.drain()
            writer.close()

        self.echo = asyncio.create_task(echo())
        return near


async def call(network: PodNetwork, frontend: tuple[str, int]) -> bytes:
    await asyncio.wait_for(network.opened(frontend), 5)
    reader, writer = await asyncio.open_connection("127.0.0.1", network.listening[frontend])
    try:
        writer.write(b"hello")
        writer.write_eof()
        return await asyncio.wait_for(reader.read(), 5)
    except OSError:
        return b"closed"
    finally:
        writer.close()


def make(network: PodNetwork, **spec: object) -> tuple[Zone, ServiceProxy]:
    zone = Zone()
    ports = [{"name": "http", "port": 80, "protocol": "TCP", "nodePort": 30080}]
    put(zone, "services", service("vip", clusterIP="10.96.0.20", ports=ports, **spec))
    put(zone, "endpointslices.discovery.k8s.io", slice_of("vip", endpoint("10.244.0.5"), endpoint("10.244.0.6")))
    proxy = ServiceProxy(
        zone, listen=network.listen, dial=network.dial, listen_on_host=network.listen, rng=random.Random(1)
    )
    return zone, proxy


async def test_connections_reach_an_endpoint_by_cluster_ip_and_node_port() -> None:
    network = PodNetwork()
    _, proxy = make(network)
    proxy.start()
    answers = {await call(network, ("10.96.0.20", 80)) for _ in range(20)}
    assert answers == {b"10.244.0.5 hello", b"10.244.0.6 hello"}
    assert (await call(network, ("127.0.0.1", 30080))).endswith(b"hello")
    assert {port for _, port in network.dialled} == {8080}
    await proxy.stop()


async def test_a_dead_endpoint_is_passed_over_and_none_closes_the_connection() -> None:
    network = PodNetwork()
    zone, proxy = make(network)
    proxy.start()
    network.refused = {"10.244.0.5"}
    assert {await call(network, ("10.96.0.20", 80)) for _ in range(10)} == {b"10.244.0.6 hello"}
    put(zone, "endpointslices.discovery.k8s.io", slice_of("vip"), kind="MODIFIED")
    assert await call(network, ("10.96.0.20", 80)) in (b"", b"closed")
    await proxy.stop()


async def test_session_affinity_keeps_a_client_on_its_endpoint() -> None:
    network = PodNetwork()
    _, proxy = make(network, sessionAffinity="ClientIP")
    proxy.start()
    assert len({await call(network, ("10.96.0.20", 80)) for _ in range(20)}) == 1
    await proxy.stop()


async def test_a_deleted_service_stops_listening() -> None:
    network = PodNetwork()
    zone, proxy = make(network)
    proxy.start()
    await call(network, ("10.96.0.20", 80))
    put(zone, "services", service("vip"), kind="DELETED")
    await asyncio.sleep(0.05)
    try:
        await asyncio.open_connection("127.0.0.1", network.listening["10.96.0.20", 80])
    except ConnectionRefusedError:
        pass
    else:
        raise AssertionError("still listening")
    await proxy.stop()
