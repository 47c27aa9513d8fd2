"""Prepares the volumes of one pod and says where containers mount them.

hostPath and local volumes live below a directory of the node that belongs to the kit: a pod never sees the real host.
Source: Kubernetes' "Volumes" documentation.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from kitlib.clock import Clock
from kitlib.embedded.apimachinery.objects import Object, is_terminating, key
from kitlib.embedded.apimachinery.quantity import parse_quantity
from kitlib.embedded.controllers import podstate
from kitlib.embedded.kubelet.agent.beneath import make_directories, open_beneath, open_in_root
from kitlib.embedded.kubelet.environment import ConfigError, Lookup, expand_known
from kitlib.embedded.kubelet.runtime import Mount
from kitlib.embedded.kubelet.security import fs_group
from kitlib.embedded.kubelet.volumes.atomic import write_files
from kitlib.embedded.kubelet.volumes.host_paths import prepare_host_path
from kitlib.embedded.kubelet.volumes.ownership import GROUP_DIRECTORY, open_to_group
from kitlib.embedded.kubelet.volumes.payload import Missing
from kitlib.embedded.kubelet.volumes.projection import PROJECTED, Projection, TokenSource
from kitlib.embedded.kubelet.volumes.removal import remove_tree, size_of

__all__ = ["MountError", "VolumeManager"]


@dataclass(frozen=True, slots=True)
class _Volume:
    """Where a volume is; the arguments are those of `Mount`."""

    source: Path
    inside: str = ""
    memory: int | None = None


class MountError(Exception):
    """A volume can't be set up (yet); the text is the one of the `FailedMount` event."""


class VolumeManager:
    """The volumes of one pod.

    Args:
        directory: the pod's own; it vanishes with the pod.
        host_files: what hostPath volumes see as `/`.
        lookup: ConfigMaps, Secrets and claims of the pod's namespace; volumes by ("persistentvolumes", name).
        token: makes the pod's service-account tokens.
        clock: names versions of projected volumes.
    """

    def __init__(self, directory: Path, *, host_files: Path, lookup: Lookup, token: TokenSource, clock: Clock) -> None:
        self._directory, self._host_files = directory, host_files
        self._lookup, self._clock = lookup, clock
        self._projection = Projection(lookup, token, clock)
        self._volumes: dict[str, _Volume] = {}
        self._gone = False
        self._read_only: set[str] = set()  # made from API objects, or said to be so: whatever containers ask for

    def set_up(self, pod: Object) -> None:
        """Make every volume of the pod ready.

        Raises:
            MountError: one of them can't be; call again later.
        """
        for volume in pod["spec"].get("volumes") or []:
            if any(kind in volume for kind in PROJECTED) or (volume.get("persistentVolumeClaim") or {}).get("readOnly"):
                self._read_only.add(volume["name"])
            try:
                self._volumes[volume["name"]] = self._set_up(pod, volume)
            except (Missing, ConfigError, ValueError) as error:
                name = volume["name"]
                raise MountError(f'MountVolume.SetUp failed for volume "{name}" : {error}') from error
            except OSError as error:
                raise MountError(f'MountVolume.SetUp failed for volume "{volume["name"]}" : {error}') from error

    def refresh(self, pod: Object) -> None:
        """Bring projected volumes up to date; what is missing now stays as it was, and so does what was torn down."""
        if self._gone:
            return
        for volume in pod["spec"].get("volumes") or []:
            if any(kind in volume for kind in PROJECTED):
                try:
                    self._set_up(pod, volume)
                except (Missing, ConfigError, ValueError, OSError):
                    continue

    def renew_tokens(self, pod: Object) -> None:
        """Write new tokens for those whose life is mostly over."""
        if self._projection.outdated:
            self.refresh(pod)

    def overfull(self, pod: Object) -> str:
        """Return why the pod must go when an emptyDir holds more than it may, else "". Those in memory can't."""
        for volume in pod["spec"].get("volumes") or []:
            empty = volume.get("emptyDir") or {}
            limit = empty.get("sizeLimit")
            if (
                limit
                and empty.get("medium") != "Memory"
                and size_of(self._directory / volume["name"]) > int(parse_quantity(limit).value)
            ):
                return f'Usage of EmptyDir volume "{volume["name"]}" exceeds the limit "{limit}". '
        return ""

    def mounts(self, container: Object, env: dict[str, str]) -> list[Mount]:
        """Return the mounts of a container, parents before children.

        Raises:
            ConfigError: a subPath leaves its volume, or can't be made.
        """
        mounts = []
        for mount in container.get("volumeMounts") or []:
            volume = self._volumes[mount["name"]]
            sub_path = mount.get("subPath") or expand_known(mount.get("subPathExpr", ""), env)
            if sub_path.startswith("/"):
                raise ConfigError(f"error SubPath `{sub_path}` must not be an absolute path")
            if ".." in sub_path.split("/"):
                raise ConfigError(f"unable to provision SubPath `{sub_path}`: must not contain '..'")
            if sub_path and volume.memory is None:
                _prepare_sub_path(volume, sub_path, f'"{mount["name"]}" of container "{container["name"]}"')
            read_only = bool(mount.get("readOnly")) or mount["name"] in self._read_only
            where = mount["mountPath"].rstrip("/") or "/"
            mounts.append(Mount(volume.source, where, read_only, volume.inside, sub_path, volume.memory))
        return sorted(mounts, key=lambda m: m.destination.count("/"))

    def tear_down(self) -> None:
        """Remove what belongs to the pod alone, for good."""
        self._gone = True
        remove_tree(self._directory)

    def _set_up(self, pod: Object, volume: Object) -> _Volume:
        own: Path = self._directory / volume["name"]
        if claim := podstate.claim_name(pod, volume):
            return self._claimed(pod, volume["name"], claim)
        if host_path := volume.get("hostPath"):
            return self._host_path(host_path)
        if any(kind in volume for kind in PROJECTED):
            write_files(own, self._projection.files(pod, volume), self._clock.now())
            return _Volume(own)
        if "emptyDir" not in volume and set(volume) != {"name"}:
            kind = next(key for key in volume if key != "name")
            raise Missing(f"volumes of type {kind} are not supported by this node")
        own.mkdir(parents=True, exist_ok=True)
        own.chmod(0o777 if fs_group(pod) is None else 0o777 | GROUP_DIRECTORY)
        empty = volume.get("emptyDir") or {}
        if empty.get("medium") != "Memory":
            return _Volume(own)
        return _Volume(own, memory=int(parse_quantity(empty.get("sizeLimit") or "0").value))

    def _claimed(self, pod: Object, volume_name: str, claim_name: str) -> _Volume:
        claim = self._lookup("persistentvolumeclaims", claim_name)
        if claim is None:
            raise Missing(f'persistentvolumeclaim "{claim_name}" not found')
        if is_terminating(claim) and volume_name not in self._volumes:
            raise Missing(f"error processing PVC {key(claim)}: PVC is being deleted")
        volume = self._lookup("persistentvolumes", claim["spec"].get("volumeName", ""))
        if claim.get("status", {}).get("phase") != "Bound" or volume is None:
            raise Missing(f"error processing PVC {key(claim)}: PVC is not bound")
        spec = volume["spec"]
        _check_mode(pod, volume_name, spec.get("volumeMode") or "Filesystem")
        if host_path := spec.get("hostPath"):
            return self._host_path(host_path)
        if local := spec.get("local"):
            return self._local(pod, local["path"], read_only=volume_name in self._read_only)
        raise Missing("the volume's source is not supported by this node: only hostPath and local are")

    def _local(self, pod: Object, path: str, *, read_only: bool) -> _Volume:
        """A directory like that of a hostPath volume, but one that fsGroup is for."""
        found = self._host_path({"path": path, "type": "Directory"})
        if fs_group(pod) is not None and not read_only:
            policy = pod["spec"]["securityContext"].get("fsGroupChangePolicy")
            open_to_group(found.source, found.inside, only_if_needed=policy == "OnRootMismatch")
        return found

    def _host_path(self, source: Object) -> _Volume:
        return _Volume(self._host_files, inside=prepare_host_path(self._host_files, source))


def _check_mode(pod: Object, name: str, mode: str) -> None:
    """Refuse a device that is mounted as a file system, the reverse, and devices at all."""
    containers = [*(pod["spec"].get("initContainers") or ()), *(pod["spec"].get("containers") or ())]
    for use, wanted in (("volumeMounts", "Filesystem"), ("volumeDevices", "Block")):
        used = any(each["name"] == name for container in containers for each in container.get(use) or ())
        if used and mode != wanted:
            raise Missing(f"volume {name} has volumeMode {mode}, but is specified in {use}")
    if mode == "Block":
        raise Missing("block devices are not supported by this node")


def _prepare_sub_path(volume: _Volume, sub_path: str, where: str) -> None:
    """Make a subPath that is not there yet, with its volume's mode; what it is bound from is opened again later."""
    try:
        if volume.inside:
            top = open_in_root(volume.source, volume.inside)
        else:
            top = os.open(volume.source, os.O_PATH | os.O_CLOEXEC)
        try:
            try:
                os.close(open_beneath(top, sub_path))
            except FileNotFoundError:
                os.close(make_directories(top, sub_path, mode=os.fstat(top).st_mode & 0o7777))
        finally:
            os.close(top)
    except OSError as error:
        raise ConfigError(f"failed to prepare subPath for volumeMount {where}: {error.strerror}") from error
