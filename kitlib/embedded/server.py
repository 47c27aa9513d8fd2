"""The composition root of one embedded cluster: every part is made here, and nowhere else."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from kitlib.clock import Clock
from kitlib.embedded import bootstrap
from kitlib.embedded.apimachinery.feature_gates import MAX_UNAVAILABLE_STATEFUL_SET
from kitlib.embedded.apimachinery.status import StatusError
from kitlib.embedded.apiserver.app import ApiServer
from kitlib.embedded.apiserver.authentication import ServiceAccountTokens
from kitlib.embedded.apiserver.endpoint import HttpsEndpoint, listen_on_loopback
from kitlib.embedded.apiserver.pki import Pki
from kitlib.embedded.cluster_shape import ClusterShape, read_shape, write_shape
from kitlib.embedded.controllers.catalogue import build_controllers
from kitlib.embedded.controllers.manager import ControllerManager
from kitlib.embedded.controllers.node_timings import parse_timings
from kitlib.embedded.controllers.taints import taints_of
from kitlib.embedded.kubeconfig import context_name, write_kubeconfig
from kitlib.embedded.kubelet.hollow import HollowRuntime
from kitlib.embedded.kubelet.hollow_worker import HollowWorker
from kitlib.embedded.kubelet.images.store import ImageStore
from kitlib.embedded.kubelet.kubelet import Kubelet
from kitlib.embedded.kubelet.pod_worker import PodWorker
from kitlib.embedded.kubelet.sandboxed import SandboxedRuntime
from kitlib.embedded.kubelet.volumes.node_directories import NodeDirectories
from kitlib.embedded.machines import Machines
from kitlib.embedded.node_identities import CONTROL_PLANE_TAINT, node_identities
from kitlib.embedded.node_network import NodeNetwork
from kitlib.embedded.registry.events import expire
from kitlib.embedded.registry.loopback import LoopbackClient
from kitlib.embedded.registry.registry import Registry
from kitlib.embedded.registry.severable import SeverableClient
from kitlib.embedded.scheduler.scheduler import Scheduler
from kitlib.embedded.storage.journal import JournalUnreadable, SqliteJournal
from kitlib.embedded.storage.store import Store
from kitlib.errors import EnvironmentProblem

__all__ = ["Server", "ServerConfig"]

_EVENT_SWEEP_SECONDS = 60.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """What makes one cluster differ from another.

    Args:
        directory: its state: objects, certificates, volumes, logs.
        name: its name, for the context in the kubeconfig.
        port: on 127.0.0.1; 0 keeps the one it had, or finds a free one.
        shape: its nodes, and how long they may be silent.
        feature_gates: the gates that are on.
    """

    directory: Path
    name: str = "default"
    port: int = 0
    shape: ClusterShape = field(default_factory=ClusterShape)
    feature_gates: frozenset[str] = frozenset()


class Server:
    """One running cluster.

    Args:
        config: which one.
        clock: time for all its parts.
        progress: told of every step of the start.
    """

    def __init__(self, config: ServerConfig, clock: Clock, *, progress: Callable[[str], None]) -> None:
        self._config, self._clock, self._progress = config, clock, progress
        self._cleanup = contextlib.AsyncExitStack()
        self._machines: Machines | None = None
        self._timings = parse_timings(config.shape.node_timeouts)
        self.kubeconfig = config.directory / "kubeconfig"
        self.context = context_name(config.name)
        self.address = ""

    async def start(self) -> None:
        """Start everything; when it returns, the node is Ready and DNS answers.

        Raises:
            EnvironmentProblem: the machine does not allow it.
        """
        registry = self._open_registry()
        pki = Pki(self._config.directory / "pki", self._clock.now())
        tokens = ServiceAccountTokens(pki.read("sa.key"), registry.store, self._clock)
        runtime = SandboxedRuntime(self._config.directory / "runtime")
        # The node agent takes its time in other processes: it starts while the API does.
        starting = asyncio.ensure_future(runtime.start())
        self._cleanup.push_async_callback(runtime.stop)
        try:
            endpoint = await self._serve_api(registry, pki, tokens)
            self._progress(f"API on {self.address}")
            self._start_controllers(registry, pki)
        finally:
            await starting
        self._progress("node agent")
        network = NodeNetwork(self._client(registry, "kube-proxy"), runtime, endpoint)
        await network.open()
        self._cleanup.push_async_callback(network.close)
        self._progress("cluster DNS and services")
        await self._start_nodes(registry, runtime, tokens)
        self._progress("node Ready")

    async def shut_down(self, seconds: float) -> None:
        """End the pods' containers with their grace, in so many seconds at most; `stop` comes next."""
        if self._machines is not None:
            await self._machines.shut_down(seconds)

    async def stop(self) -> None:
        """Stop everything; processes of pods that are left are killed."""
        await self._cleanup.aclose()

    def _open_registry(self) -> Registry:
        path = self._config.directory / "cluster.db"
        try:
            store = Store(SqliteJournal(path))
            self._cleanup.callback(store.close)
            registry = Registry(
                store,
                self._clock,
                gates=self._config.feature_gates,
                toleration_seconds=self._timings.toleration,
            )
            bootstrap.ensure(registry)
        except JournalUnreadable as error:
            raise EnvironmentProblem(
                f"the cluster's objects are damaged: {error}",
                fix=f"put a copy of that file back, or begin anew with kit down --name {self._config.name} --delete",
            ) from error
        except (OSError, StatusError) as error:
            cause = (error.__cause__ or error) if isinstance(error, StatusError) else error
            raise EnvironmentProblem(
                f"the cluster's objects can't be stored: {cause}", fix="free some disk space, or set KIT_STATE_DIR"
            ) from error
        self._progress("objects loaded" if store.revision else "new cluster")
        return registry

    async def _serve_api(self, registry: Registry, pki: Pki, tokens: ServiceAccountTokens) -> HttpsEndpoint:
        wanted = self._config.port or self._last_port()
        listener = listen_on_loopback(wanted, strict=bool(self._config.port))
        port = listener.getsockname()[1]
        if port != self._last_port():  # a file that need not be written can't be lost half-way
            (self._config.directory / "port").write_text(str(port))
        self.address = f"https://127.0.0.1:{port}"
        api = ApiServer(registry, tokens, node=self._kubelet, address=f"127.0.0.1:{port}")
        try:
            endpoint = HttpsEndpoint(api.app, pki)
        except ssl.SSLError as error:
            folder = self._config.directory / "pki"
            raise EnvironmentProblem(
                f"the certificates in {folder} are damaged: {error}", fix=f"remove {folder}: kit up makes new ones"
            ) from error
        await endpoint.start()
        await endpoint.serve(listener)
        self._cleanup.push_async_callback(endpoint.stop)
        write_kubeconfig(self.kubeconfig, cluster=self._config.name, server=self.address, pki=pki)
        return endpoint

    def _start_controllers(self, registry: Registry, pki: Pki) -> None:
        controllers = build_controllers(
            lambda name: self._client(registry, name),
            self._clock,
            certificate=pki.read("ca.crt").decode(),
            directories=NodeDirectories(
                {name: self._node_directory(name) / "hostfs" for name in self._config.shape.names}
            ),
            timings=self._timings,
            max_unavailable=MAX_UNAVAILABLE_STATEFUL_SET in self._config.feature_gates,
        )
        scheduler = Scheduler(self._client(registry, Scheduler.name), self._clock)
        manager = ControllerManager([*controllers, scheduler])
        manager.start()
        self._cleanup.push_async_callback(manager.stop)
        sweeping = asyncio.ensure_future(self._sweep_events(registry))
        self._cleanup.callback(sweeping.cancel)

    async def _start_nodes(self, registry: Registry, runtime: SandboxedRuntime, tokens: ServiceAccountTokens) -> None:
        self._reshape(self._client(registry, "kubeadm"))
        images, shape, hollow = ImageStore(self._config.directory / "images"), self._config.shape, HollowRuntime()
        identities = {node.name: node for node in node_identities(shape, self._timings)}

        def build(name: str) -> tuple[Kubelet, SeverableClient]:
            client = SeverableClient(registry, "kubelet", host=name)
            kubelet = Kubelet(
                client=client,
                runtime=runtime if name in shape.real_names else hollow,
                worker=PodWorker if name in shape.real_names else HollowWorker,
                images=images,
                node=identities[name],
                state_dir=self._node_directory(name),
                clock=self._clock,
                token_source=tokens.for_pod,
            )
            return kubelet, client

        self._machines = Machines(self._client(registry, "machines"), build)
        self._cleanup.push_async_callback(self._machines.stop)
        await self._machines.start(shape.names)
        write_shape(self._config.directory, shape)

    def _reshape(self, client: LoopbackClient) -> None:
        """Take away the Nodes that the cluster had and has no more; pods there are removed as of any deleted node."""
        old, new = read_shape(self._config.directory), self._config.shape
        for name in set(old.names) - set(new.names):
            if client.find("nodes", name) is not None:
                client.delete("nodes", name)
        first = client.find("nodes", new.names[0])
        if first is not None and (old.nodes > 1) != (new.nodes > 1):
            others = [taint for taint in taints_of(first) if taint["key"] != CONTROL_PLANE_TAINT["key"]]
            taints = [*others, CONTROL_PLANE_TAINT] if new.nodes > 1 else others
            client.patch("nodes", new.names[0], {"spec": {"taints": taints}})

    def _kubelet(self, node: str) -> Kubelet | None:
        return self._machines.kubelet(node) if self._machines is not None else None

    async def _sweep_events(self, registry: Registry) -> None:
        while True:
            await self._clock.sleep(_EVENT_SWEEP_SECONDS)
            expire(registry)

    def _node_directory(self, node: str) -> Path:
        return self._config.directory / "nodes" / node

    def _last_port(self) -> int:
        try:
            return int((self._config.directory / "port").read_text())
        except (OSError, ValueError):
            return 0

    @staticmethod
    def _client(registry: Registry, component: str, *, host: str = "") -> LoopbackClient:
        return LoopbackClient(registry, component, host=host)
