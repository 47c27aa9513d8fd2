"""The API machinery without a socket: a registry in memory, for tests of what stands on it."""

from __future__ import annotations

import random

from kitlib.embedded import bootstrap
from kitlib.embedded.registry.loopback import LoopbackClient
from kitlib.embedded.registry.registry import Registry
from kitlib.embedded.storage.journal import MemoryJournal
from kitlib.embedded.storage.store import Store
from tests.support.clock import ManualClock


class MemoryCluster:
    """`cluster.client(component)` is an in-process client; `cluster.clock` is moved by hand."""

    def __init__(self, *, seed: int = 0, gates: frozenset[str] = frozenset()) -> None:
        self.clock = ManualClock()
        self.store = Store(MemoryJournal())
        self.registry = Registry(self.store, self.clock, rng=random.Random(seed), gates=gates)
        bootstrap.ensure(self.registry)

    def client(self, component: str = "test", *, host: str = "") -> LoopbackClient:
        return LoopbackClient(self.registry, component, host=host)
