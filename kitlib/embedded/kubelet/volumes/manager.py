"""Prepares the volumes of one pod and says where containers mount them.

hostPath and local volumes live below a directory of the node that belongs to the kit: a pod never sees the real host.
Source: Kubernetes' "Volumes" documentation.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath

from kitlib.clock import Clock
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.kubelet.environment import ConfigError, Lookup, expand, field_value, resource_value
from kitlib.embedded.kubelet.runtime import Mount
from kitlib.embedded.kubelet.volumes.atomic import write_files
from kitlib.embedded.kubelet.volumes.payload import File, Missing, select
from kitlib.embedded.kubelet.volumes.removal import remove_tree

__all__ = ["MountError", "VolumeManager", "below"]

_MODE = 0o644
_PROJECTED = ("configMap", "secret", "projected", "downwardAPI")


class MountError(Exception):
    """A volume can't be set up (yet); the text is the one of the `FailedMount` event."""


class VolumeManager:
    """The volumes of one pod.

    Args:
        directory: the pod's own; it vanishes with the pod.
        host_files: what hostPath volumes see as `/`.
        lookup: ConfigMaps, Secrets and claims of the pod's namespace; volumes by ("persistentvolumes", name).
        token: makes the pod's service-account token.
        clock: names versions of projected volumes.
    """

    def __init__(
        self, directory: Path, *, host_files: Path, lookup: Lookup, token: Callable[[Object], str], clock: Clock
    ) -> None:
        self._directory, self._host_files = directory, host_files
        self._lookup, self._token, self._clock = lookup, token, clock
        self._sources: dict[str, Path] = {}
        self._generated: set[str] = set()  # made from API objects: read-only for containers, whatever they ask for

    def set_up(self, pod: Object) -> None:
        """Make every volume of the pod ready.

        Raises:
            MountError: one of them can't be; call again later.
        """
        for volume in pod["spec"].get("volumes") or []:
            if any(kind in volume for kind in _PROJECTED):
                self._generated.add(volume["name"])
            try:
                self._sources[volume["name"]] = self._set_up(pod, volume)
            except (Missing, ConfigError, ValueError) as error:
                name = volume["name"]
                raise MountError(f'MountVolume.SetUp failed for volume "{name}" : {error}') from error
            except OSError as error:
                raise MountError(f'MountVolume.SetUp failed for volume "{volume["name"]}" : {error}') from error

    def refresh(self, pod: Object) -> None:
        """Bring projected volumes up to date; what is missing now stays as it was."""
        for volume in pod["spec"].get("volumes") or []:
            if any(kind in volume for kind in _PROJECTED):
                try:
                    self._set_up(pod, volume)
                except (Missing, ConfigError, ValueError, OSError):
                    continue

    def mounts(self, container: Object, env: dict[str, str]) -> list[Mount]:
        """Return the mounts of a container, parents before children.

        Raises:
            ConfigError: a subPath leaves its volume.
        """
        mounts = []
        for mount in container.get("volumeMounts") or []:
            source = self._sources[mount["name"]]
            sub_path = mount.get("subPath") or expand(mount.get("subPathExpr", ""), env)
            if sub_path:
                source = below(source, sub_path)
            read_only = bool(mount.get("readOnly")) or mount["name"] in self._generated
            mounts.append(Mount(source, mount["mountPath"].rstrip("/") or "/", read_only))
        return sorted(mounts, key=lambda m: m.destination.count("/"))

    def tear_down(self) -> None:
        """Remove what belongs to the pod alone."""
        remove_tree(self._directory)

    def _set_up(self, pod: Object, volume: Object) -> Path:
        own: Path = self._directory / volume["name"]
        if claim := volume.get("persistentVolumeClaim"):
            return self._claimed(claim["claimName"])
        if host_path := volume.get("hostPath"):
            return self._host_path(host_path)
        if not any(kind in volume for kind in _PROJECTED):
            if "emptyDir" not in volume and set(volume) != {"name"}:
                kind = next(key for key in volume if key != "name")
                raise Missing(f"volumes of type {kind} are not supported by this node")
            own.mkdir(parents=True, exist_ok=True)
            own.chmod(0o777)
            return own
        write_files(own, self._projected(pod, volume), self._clock.now())
        return own

    def _projected(self, pod: Object, volume: Object) -> dict[str, File]:
        if "projected" in volume:
            projected = volume["projected"]
            mode, files = projected.get("defaultMode", _MODE), dict[str, File]()
            for source in projected.get("sources") or []:
                files |= self._source(pod, source, mode)
            return files
        kind = next(kind for kind in _PROJECTED if kind in volume)
        source = volume[kind]
        named = {**source, "name": source.get("secretName", "")} if kind == "secret" else source
        return self._source(pod, {kind: named}, source.get("defaultMode", _MODE))

    def _source(self, pod: Object, source: Object, mode: int) -> dict[str, File]:
        if token := source.get("serviceAccountToken"):
            return {token["path"]: File(self._token(pod).encode(), 0o600 if mode == 0o600 else mode)}
        if downward := source.get("downwardAPI"):
            return {item["path"]: File(_downward(pod, item), item.get("mode", mode)) for item in downward["items"]}
        kind, resource = ("configMap", "configmaps") if "configMap" in source else ("secret", "secrets")
        reference = source[kind]
        found = self._lookup(resource, reference["name"])
        if found is None:
            if reference.get("optional"):
                return {}
            raise Missing(f'{resource[:-1]} "{reference["name"]}" not found')
        return select(found, reference, mode)

    def _claimed(self, name: str) -> Path:
        claim = self._lookup("persistentvolumeclaims", name)
        if claim is None:
            raise Missing(f'persistentvolumeclaim "{name}" not found')
        volume = self._lookup("persistentvolumes", claim["spec"].get("volumeName", ""))
        if claim.get("status", {}).get("phase") != "Bound" or volume is None:
            raise Missing(f"PVC is not bound: {name}")
        spec = volume["spec"]
        if host_path := spec.get("hostPath"):
            return self._host_path(host_path)
        if local := spec.get("local"):
            return self._host_path({"path": local["path"], "type": "Directory"})
        raise Missing("the volume's source is not supported by this node: only hostPath and local are")

    def _host_path(self, source: Object) -> Path:
        path, kind = below(self._host_files, source["path"]), source.get("type") or ""
        if kind in ("", "DirectoryOrCreate"):
            # A container engine makes a missing hostPath directory too, when no type is asked for.
            if not path.exists():
                path.mkdir(parents=True)
                path.chmod(0o777)
        elif kind == "FileOrCreate":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        elif (kind == "Directory" and not path.is_dir()) or (kind == "File" and not path.is_file()):
            raise Missing(f"hostPath type check failed: {source['path']} is not a {kind.lower()}")
        return path


def _downward(pod: Object, item: Object) -> bytes:
    if field := item.get("fieldRef"):
        return field_value(pod, field["fieldPath"]).encode()
    wanted = item["resourceFieldRef"]
    containers = {c["name"]: c for c in pod["spec"]["containers"]}
    return resource_value(containers[wanted["containerName"]], wanted).encode()


def below(root: Path, path: str) -> Path:
    """Return `path` below `root`, with no way out by `..` or by a symlink that a pod has made.

    Raises:
        ConfigError: it leads out.
    """
    parts = [part for part in PurePosixPath(path).parts if part != "/"]
    target: Path = root.joinpath(*parts)
    if ".." in parts or not target.resolve().is_relative_to(root.resolve()):
        raise ConfigError(f"path {path!r} leaves its volume")
    return target
