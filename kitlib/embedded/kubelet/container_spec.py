"""From a pod's container to what the runtime runs: command, environment, mounts, nothing left to resolve."""

from __future__ import annotations

from pathlib import Path

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.quantity import parse_quantity
from kitlib.embedded.kubelet.environment import ConfigError, container_environment, expand, service_variables
from kitlib.embedded.kubelet.images.store import PulledImage
from kitlib.embedded.kubelet.pod_context import PodContext
from kitlib.embedded.kubelet.record import ContainerRecord
from kitlib.embedded.kubelet.runtime import ContainerSpec, Mount
from kitlib.embedded.kubelet.security import capabilities, user
from kitlib.embedded.kubelet.termination import message_file

__all__ = ["container_spec", "kernel_hostname", "memory_limit", "write_network_files"]

_DNS = "10.96.0.10"
_ZONE = "cluster.local"
_HOSTS_TITLE = "# Kubernetes-managed hosts file."
_LONGEST_HOSTNAME = 64  # the kernel's


def container_spec(
    context: PodContext, record: ContainerRecord, image: PulledImage, *, container_id: str, sandbox_id: str
) -> ContainerSpec:
    """Resolve a container.

    Raises:
        ConfigError: something it refers to is not there.
    """
    container = record.spec
    env = container_environment(
        context.pod,
        container,
        image_env=image.image.env,
        services=_services(context),
        lookup=context.lookup,
    )
    uid, gid = user(context.pod, container)
    if uid and env["HOME"] == "/root":
        env["HOME"] = "/"
    command = [expand(part, env) for part in container.get("command") or ()]
    arguments = [expand(part, env) for part in container.get("args") or ()]
    if not command:
        command = list(image.image.entrypoint)
        arguments = arguments or list(image.image.command)
    return ContainerSpec(
        id=container_id,
        sandbox_id=sandbox_id,
        command=(*command, *arguments),
        env=env,
        cwd=container.get("workingDir") or image.image.working_dir,
        layers=image.layers,
        mounts=(*image.mounts, *_own_files(context, record), *context.volumes.mounts(container, env)),
        capabilities=capabilities(container, uid),
        read_only_root=bool((container.get("securityContext") or {}).get("readOnlyRootFilesystem")),
        uid=uid,
        gid=gid,
        memory_limit=memory_limit(record),
        terminal=bool(container.get("tty")),
        target=_target(context, container),
    )


def memory_limit(record: ContainerRecord) -> int:
    """Return the bytes that a container may hold; 0 is any number."""
    limit = (record.actual.get("limits") or {}).get("memory")
    return int(parse_quantity(limit).value) if limit else 0


def _target(context: PodContext, container: Object) -> str:
    """Return the running container whose processes this one is to see, or ""."""
    wanted = container.get("targetContainerName")
    found = (record.execution for record in context.records if record.name == wanted and record.execution)
    return next((execution.id for execution in found), context.processes)


def _services(context: PodContext) -> dict[str, str]:
    services = context.client.list("services", context.namespace)
    if context.namespace != "default":
        services = [*services, *filter(None, [context.client.find("services", "kubernetes", "default")])]
    return service_variables(services, only_kubernetes=context.pod["spec"].get("enableServiceLinks") is False)


def _own_files(context: PodContext, record: ContainerRecord) -> list[Mount]:
    """What the kubelet adds; a container that mounts something over /etc/hosts gets just that."""
    etc = context.directory / "etc"
    message = message_file(context, record)
    message.parent.mkdir(parents=True, exist_ok=True)
    message.write_bytes(b"")
    files = [Mount(etc / name, f"/etc/{name}") for name in ("hosts", "hostname", "resolv.conf")]
    asked = {mount["mountPath"].rstrip("/") for mount in record.spec.get("volumeMounts") or []}
    files = [file for file in files if file.destination not in asked]
    return [*files, Mount(message, record.spec.get("terminationMessagePath") or "/dev/termination-log")]


def write_network_files(directory: Path, pod: Object, ip: str) -> None:
    """Write the pod's /etc/hosts, hostname and resolv.conf.

    Source: Kubernetes' "DNS for Services and Pods" and "HostAliases" documentation.
    """
    spec, namespace = pod["spec"], pod["metadata"]["namespace"]
    hostname = pod_hostname(pod)
    full = _full_name(pod)
    names = f"{full}\t{hostname}" if full else hostname
    title = "# Kubernetes-managed hosts file (host network)." if spec.get("hostNetwork") else _HOSTS_TITLE
    lines = [title, "127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback"]
    lines += ["fe00::\tip6-localnet", "fe00::\tip6-mcastprefix", "fe00::1\tip6-allnodes", "fe00::2\tip6-allrouters"]
    lines.append(f"{ip}\t{names}")
    if aliases := spec.get("hostAliases"):
        lines += ["", "# Entries added by HostAliases."]
        lines += [f"{alias['ip']}\t" + "\t".join(alias.get("hostnames") or []) for alias in aliases]
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "hosts").write_text("\n".join(lines) + "\n")
    (directory / "hostname").write_text(kernel_hostname(pod) + "\n")
    (directory / "resolv.conf").write_text(_resolv_conf(spec, namespace))


def pod_hostname(pod: Object) -> str:
    """Return the hostname of a pod: as asked for, else its name cut to what a hostname may be."""
    wanted = pod["spec"].get("hostname") or pod["metadata"]["name"]
    return str(wanted)[:63].rstrip("-.")


def kernel_hostname(pod: Object) -> str:
    """Return what `hostname` prints in a pod: its hostname, or its full name if it is to be that.

    Raises:
        ConfigError: the full name is longer than the kernel takes.
    """
    full = _full_name(pod) if pod["spec"].get("setHostnameAsFQDN") else ""
    if len(full) > _LONGEST_HOSTNAME:
        raise ConfigError(
            f"Failed to construct FQDN from pod hostname and cluster domain, FQDN {full} is too long "
            f"({_LONGEST_HOSTNAME} characters is the max, {len(full)} characters requested)."
        )
    return full or pod_hostname(pod)


def _full_name(pod: Object) -> str:
    subdomain, namespace = pod["spec"].get("subdomain"), pod["metadata"]["namespace"]
    return f"{pod_hostname(pod)}.{subdomain}.{namespace}.svc.{_ZONE}" if subdomain else ""


def _resolv_conf(spec: Object, namespace: str) -> str:
    servers, searches, options = [_DNS], [f"{namespace}.svc.{_ZONE}", f"svc.{_ZONE}", _ZONE], ["ndots:5"]
    # A pod on the node's network uses the node's DNS, unless it asks for the cluster's.
    on_host = spec.get("hostNetwork") and spec.get("dnsPolicy") == "ClusterFirst"
    if spec.get("dnsPolicy") in ("None", "Default") or on_host:
        servers, searches, options = [], [], []
    config = spec.get("dnsConfig") or {}
    servers += config.get("nameservers") or []
    searches += config.get("searches") or []
    added = [f"{o['name']}:{o['value']}" if o.get("value") else o["name"] for o in config.get("options") or []]
    options = [o for o in options if o.partition(":")[0] not in {a.partition(":")[0] for a in added}] + added
    lines = [f"search {' '.join(searches)}"] if searches else []
    lines += [f"nameserver {server}" for server in servers]
    lines += [f"options {' '.join(options)}"] if options else []
    return "\n".join(lines) + "\n"
