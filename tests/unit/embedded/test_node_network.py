"""The node's network opens again when the runtime was lost, however often that happens while it opens."""

import asyncio
import socket

from kitlib.embedded.kubelet.runtime import RuntimeLost
from kitlib.embedded.node_network import NodeNetwork
from tests.support.cluster import MemoryCluster


class _Runtime:
    """Gives sockets of this machine; `failures` are raised first."""

    def __init__(self):
        self.failures, self.callbacks, self.opened, self.dead = [], [], [], []

    def on_restart(self, callback):
        self.callbacks.append(callback)

    async def datagrams(self, address, port):
        return self._bound(address, port, socket.SOCK_DGRAM)

    async def listen(self, address, port):
        sock = self._bound(address, port, socket.SOCK_STREAM)
        sock.listen()
        return sock

    async def dial(self, address, port):
        raise ConnectionRefusedError

    def _bound(self, address, port, kind):
        if self.failures:
            raise self.failures.pop(0)
        sock = socket.socket(type=kind)
        sock.setblocking(False)
        sock.bind(("127.0.0.1", 0))
        self.opened.append((address, port, kind, sock))
        return sock

    def lost(self):
        """The sockets stay ours, but nobody reaches them any more."""
        self.dead += [sock for *_, sock in self.opened]
        self.opened.clear()
        for callback in self.callbacks:
            callback()

    def serves_everything(self):
        return self.answers() >= DNS | API and not any(sock.fileno() >= 0 for sock in self.dead)

    def answers(self):
        return {(address, port, kind) for address, port, kind, sock in self.opened if sock.fileno() >= 0}


class _Site:
    def __init__(self, listener):
        self.listener = listener

    async def stop(self):
        self.listener.close()


class _Endpoint:
    async def serve(self, listener):
        return _Site(listener)


DNS = {("10.96.0.10", 53, socket.SOCK_DGRAM), ("10.96.0.10", 53, socket.SOCK_STREAM)}
API = {("10.244.0.1", 6443, socket.SOCK_STREAM)}


async def _until(holds):
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 -- what is waited for tells nobody
            await asyncio.sleep(0.01)


async def _opened():
    runtime = _Runtime()
    network = NodeNetwork(MemoryCluster().client(), runtime, _Endpoint())
    await network.open()
    return runtime, network


async def test_everything_is_served_again_after_a_loss():
    runtime, network = await _opened()
    await _until(lambda: runtime.serves_everything())
    runtime.lost()
    await _until(lambda: runtime.serves_everything())
    await network.close()
    await _until(lambda: not (DNS | API) & runtime.answers())


async def test_a_loss_while_opening_waits_for_the_next_start():
    runtime, network = await _opened()
    runtime.failures = [RuntimeLost("gone")]
    runtime.lost()
    await _until(lambda: not runtime.failures)
    runtime.lost()
    await _until(lambda: runtime.serves_everything())
    await network.close()


async def test_a_socket_that_can_not_be_had_is_tried_again():
    runtime, network = await _opened()
    runtime.failures = [OSError(98, "Address already in use")]
    runtime.lost()
    await _until(lambda: runtime.serves_everything())
    await network.close()


async def test_two_losses_at_once_open_everything_once():
    runtime, network = await _opened()
    runtime.lost()
    runtime.lost()
    await _until(lambda: runtime.serves_everything())
    assert sum(port == 6443 for _, port, _, sock in runtime.opened if sock.fileno() >= 0) == 1
    await network.close()
