"""Defaults of a pod spec, in a Pod and in every template of one (`SetDefaults_*` of core/v1)."""

from __future__ import annotations

from collections.abc import Iterator

from kitlib.embedded.apimachinery.objects import Object

__all__ = ["all_containers", "default_claim_spec", "default_pod_spec", "default_template"]

_FILE_MODE = 0o644
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HOOKS = ("postStart", "preStop")
_VOLUME_SOURCES = ("secret", "configMap", "downwardAPI", "projected")


def all_containers(spec: Object) -> Iterator[Object]:
    """Yield init and main containers, in the order they start."""
    yield from spec.get("initContainers") or ()
    yield from spec.get("containers") or ()
    yield from spec.get("ephemeralContainers") or ()


def default_template(template: Object) -> None:
    """Default a pod template."""
    template.setdefault("metadata", {})
    default_pod_spec(template.setdefault("spec", {}))


def default_pod_spec(spec: Object) -> None:
    """Fill in what every pod spec has.

    Example:
        >>> spec = {"containers": [{"name": "web", "image": "nginx:1.27"}]}
        >>> default_pod_spec(spec)
        >>> spec["restartPolicy"], spec["containers"][0]["imagePullPolicy"]
        ('Always', 'IfNotPresent')
    """
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("schedulerName", "default-scheduler")
    spec.setdefault("securityContext", {})
    spec.setdefault("terminationGracePeriodSeconds", 30)
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        spec["serviceAccountName"] = spec["serviceAccount"] = account
    for container in all_containers(spec):
        _default_container(container, host_network=bool(spec.get("hostNetwork")))
    for volume in spec.get("volumes") or ():
        _default_volume(volume)


def default_claim_spec(spec: Object) -> None:
    """Fill in what every claim spec has."""
    spec.setdefault("volumeMode", "Filesystem")
    spec.setdefault("resources", {})


def _default_container(container: Object, *, host_network: bool) -> None:
    container.setdefault("resources", {})
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    if "imagePullPolicy" not in container:
        container["imagePullPolicy"] = _pull_policy(container.get("image", ""))
    for port in container.get("ports") or ():
        port.setdefault("protocol", "TCP")
        if host_network and "containerPort" in port:
            port.setdefault("hostPort", port["containerPort"])
    for variable in container.get("env") or ():
        _default_field_reference(variable.get("valueFrom"))
    for name in _PROBES:
        if probe := container.get(name):
            _default_probe(probe)
    for name in _HOOKS:
        if hook := (container.get("lifecycle") or {}).get(name):
            _default_http(hook.get("httpGet"))


def _pull_policy(image: str) -> str:
    """`Always` for the tag `latest` or none; a digest counts as a tag."""
    if "@" in image:
        return "IfNotPresent"
    _, _, tag = image.rpartition("/")[2].partition(":")
    return "Always" if tag in ("", "latest") else "IfNotPresent"


def _default_probe(probe: Object) -> None:
    probe.setdefault("timeoutSeconds", 1)
    probe.setdefault("periodSeconds", 10)
    probe.setdefault("successThreshold", 1)
    probe.setdefault("failureThreshold", 3)
    _default_http(probe.get("httpGet"))
    if "grpc" in probe:
        probe["grpc"].setdefault("service", "")


def _default_http(action: Object | None) -> None:
    if action is not None:
        action.setdefault("path", "/")
        action.setdefault("scheme", "HTTP")


def _default_field_reference(source: Object | None) -> None:
    if source and source.get("fieldRef"):
        source["fieldRef"].setdefault("apiVersion", "v1")


def _default_volume(volume: Object) -> None:
    if len(volume) == 1 and "name" in volume:
        volume["emptyDir"] = {}
    for name in _VOLUME_SOURCES:
        if name in volume:
            volume[name].setdefault("defaultMode", _FILE_MODE)
    if "hostPath" in volume:
        volume["hostPath"].setdefault("type", "")
    if "ephemeral" in volume:
        default_claim_spec(volume["ephemeral"].setdefault("volumeClaimTemplate", {}).setdefault("spec", {}))
    _default_downward_items(volume.get("downwardAPI"))
    for source in (volume.get("projected") or {}).get("sources") or ():
        _default_downward_items(source.get("downwardAPI"))
        if "serviceAccountToken" in source:
            source["serviceAccountToken"].setdefault("expirationSeconds", 3600)


def _default_downward_items(source: Object | None) -> None:
    for item in (source or {}).get("items") or ():
        _default_field_reference(item)
