from __future__ import annotations

import asyncio
import random
import socket

from kitlib.embedded.network.frontends import of_pod
from kitlib.embedded.network.listeners import Sockets
from kitlib.embedded.network.proxy import ServiceProxy
from kitlib.embedded.network.zone import Zone
from tests.unit.network.test_dns import endpoint, put, service, slice_of


class PodNetwork:
    """Stands in for the node agent: addresses are names of loopback sockets."""

    def __init__(self) -> None:
        self.listening: dict[tuple[str, int], int] = {}
        self.dialled: list[tuple[str, int]] = []
        self.bound: dict[tuple[str, int], tuple[str, int]] = {}
        self.refused: set[str] = set()
        self._openings: dict[tuple[str, int], asyncio.Event] = {}

    async def listen(self, address: str, port: int) -> socket.socket:
        server = socket.create_server(("127.0.0.1", 0))
        self.listening[address, port] = server.getsockname()[1]
        self._openings.setdefault((address, port), asyncio.Event()).set()
        return server

    async def opened(self, frontend: tuple[str, int]) -> None:
        await self._openings.setdefault(frontend, asyncio.Event()).wait()

    async def datagrams(self, address: str, port: int) -> socket.socket:
        sock = socket.socket(type=socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", 0))
        self.bound[address, port] = sock.getsockname()
        self._openings.setdefault((address, port), asyncio.Event()).set()
        return sock

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
    return zone, ServiceProxy(zone, sockets_of(network), rng=random.Random(1))


def sockets_of(network: PodNetwork) -> Sockets:
    return Sockets(
        listen=network.listen,
        dial=network.dial,
        datagrams=network.datagrams,
        listen_on_host=network.listen,
        datagrams_on_host=network.datagrams,
    )


async def test_connections_reach_an_endpoint_by_cluster_ip_and_node_port() -> None:
    network = PodNetwork()
    _, proxy = make(network)
    proxy.start()
    answers = {await call(network, ("10.96.0.20", 80)) for _ in range(20)}
    assert answers == {b"10.244.0.5 hello", b"10.244.0.6 hello"}
    assert (await call(network, ("127.0.0.1", 30080))).endswith(b"hello")
    assert {port for _, port in network.dialled} == {8080}
    await proxy.stop()


async def refused(network: PodNetwork, frontend: tuple[str, int]) -> None:
    """Wait until nothing listens there any more."""
    async with asyncio.timeout(5):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", network.listening[frontend])
            except ConnectionRefusedError:
                return
            except ConnectionResetError:  # it was closed while this connection waited
                continue
            writer.close()


async def test_a_dead_endpoint_is_passed_over_and_a_service_without_any_refuses() -> None:
    network = PodNetwork()
    zone, proxy = make(network)
    proxy.start()
    network.refused = {"10.244.0.5"}
    assert {await call(network, ("10.96.0.20", 80)) for _ in range(10)} == {b"10.244.0.6 hello"}
    put(zone, "endpointslices.discovery.k8s.io", slice_of("vip"), kind="MODIFIED")
    await refused(network, ("10.96.0.20", 80))
    await proxy.stop()


async def test_what_terminates_serves_on_while_nothing_is_ready() -> None:
    network = PodNetwork()
    zone, proxy = make(network)
    proxy.start()
    leaving = endpoint("10.244.0.7", ready=False)
    leaving["conditions"] |= {"serving": True, "terminating": True}
    broken = endpoint("10.244.0.8", ready=False)
    put(zone, "endpointslices.discovery.k8s.io", slice_of("vip", leaving, broken), kind="MODIFIED")
    assert {await call(network, ("10.96.0.20", 80)) for _ in range(10)} == {b"10.244.0.7 hello"}
    put(zone, "endpointslices.discovery.k8s.io", slice_of("vip", leaving, endpoint("10.244.0.6")), kind="MODIFIED")
    assert {await call(network, ("10.96.0.20", 80)) for _ in range(10)} == {b"10.244.0.6 hello"}
    assert zone.endpoints(("default", "vip"))[0].address == "10.244.0.6"
    await proxy.stop()


async def test_session_affinity_keeps_a_client_on_its_endpoint_until_it_was_silent_too_long() -> None:
    network, moment = PodNetwork(), [0.0]
    zone, _ = make(network, sessionAffinity="ClientIP", sessionAffinityConfig={"clientIP": {"timeoutSeconds": 10}})
    proxy = ServiceProxy(zone, sockets_of(network), rng=random.Random(1), now=lambda: moment[0])
    proxy.start()
    seen = set()
    for _ in range(20):
        seen.add(await call(network, ("10.96.0.20", 80)))
        moment[0] += 9
    assert len(seen) == 1
    for _ in range(20):
        moment[0] += 11
        seen.add(await call(network, ("10.96.0.20", 80)))
    assert len(seen) == 2
    await proxy.stop()


async def test_node_ports_listen_on_every_node_and_local_traffic_stays_on_its_node() -> None:
    network = PodNetwork()
    zone, _ = make(network, internalTrafficPolicy="Local", externalTrafficPolicy="Local")
    for number, name in enumerate(("one", "two"), start=1):
        addresses = [{"type": "InternalIP", "address": f"10.244.0.{number}"}]
        put(zone, "nodes", {"metadata": {"name": name}, "status": {"addresses": addresses}})
    here, there = endpoint("10.244.0.5") | {"nodeName": "one"}, endpoint("10.244.0.6") | {"nodeName": "two"}
    put(zone, "endpointslices.discovery.k8s.io", slice_of("vip", here, there), kind="MODIFIED")
    proxy = ServiceProxy(zone, sockets_of(network), node_of={"127.0.0.1": "two"}.get)
    proxy.start()
    assert {await call(network, ("10.244.0.1", 30080)) for _ in range(10)} == {b"10.244.0.5 hello"}
    assert {await call(network, ("10.244.0.2", 30080)) for _ in range(10)} == {b"10.244.0.6 hello"}
    assert {await call(network, ("10.96.0.20", 80)) for _ in range(10)} == {b"10.244.0.6 hello"}
    await proxy.stop()


async def test_datagrams_find_their_backend_and_the_way_back() -> None:
    network, zone = PodNetwork(), Zone()
    loop = asyncio.get_running_loop()
    with socket.socket(type=socket.SOCK_DGRAM) as server, socket.socket(type=socket.SOCK_DGRAM) as client:
        server.bind(("127.0.0.1", 0))
        for sock in (server, client):
            sock.setblocking(False)
        port = {"name": "dns", "port": 53, "protocol": "UDP"}
        behind = [{"name": "dns", "port": server.getsockname()[1], "protocol": "UDP"}]
        put(zone, "services", service("vip", clusterIP="10.96.0.20", ports=[port]))
        put(zone, "endpointslices.discovery.k8s.io", slice_of("vip", endpoint("127.0.0.1"), ports=behind))
        proxy = ServiceProxy(zone, sockets_of(network))
        proxy.start()
        async with asyncio.timeout(5):
            await network.opened(("10.96.0.20", 53))
            for text in (b"one", b"two"):
                await loop.sock_sendto(client, text, network.bound["10.96.0.20", 53])
                data, relay = await loop.sock_recvfrom(server, 100)
                await loop.sock_sendto(server, b"answer to " + data, relay)
                assert await loop.sock_recvfrom(client, 100) == (b"answer to " + text, network.bound["10.96.0.20", 53])
        await proxy.stop()


def test_host_ports_are_on_the_pods_own_node() -> None:
    ports = [{"containerPort": 80, "hostPort": 8080}, {"containerPort": 81, "hostPort": 81, "hostIP": "10.244.9.9"}]
    pod = {
        "metadata": {"name": "p", "namespace": "default"},
        "spec": {"nodeName": "one", "containers": [{"name": "c", "ports": [*ports, {"containerPort": 9}]}]},
        "status": {"phase": "Running", "podIP": "10.244.0.9"},
    }
    found = of_pod(pod, {"10.244.0.1": "one", "10.244.0.2": "two"})
    assert {(f.address, f.number, f.port) for f in found} == {("10.244.0.1", 8080, "80"), ("10.244.9.9", 81, "81")}
    assert of_pod(pod | {"spec": pod["spec"] | {"hostNetwork": True}}, {"10.244.0.1": "one"}) == set()
    assert of_pod(pod | {"status": {"phase": "Succeeded", "podIP": "10.244.0.9"}}, {"10.244.0.1": "one"}) == set()


async def test_a_deleted_service_stops_listening() -> None:
    network = PodNetwork()
    zone, proxy = make(network)
    proxy.start()
    await call(network, ("10.96.0.20", 80))
    put(zone, "services", service("vip"), kind="DELETED")
    await refused(network, ("10.96.0.20", 80))
    await proxy.stop()
