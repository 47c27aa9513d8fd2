"""What every namespace is born with: the ServiceAccount `default` and the ConfigMap `kube-root-ca.crt`.

Source: `serviceaccounts_controller.go` and the root CA publisher of Kubernetes.
"""

from __future__ import annotations

from kitlib.clock import Clock
from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.controllers.controller import Controller
from kitlib.embedded.registry.client import Client

__all__ = ["RootCertificatePublisher", "ServiceAccountController"]


class ServiceAccountController(Controller):
    """Keeps a ServiceAccount `default` in every active namespace."""

    name = "serviceaccount-controller"

    def register(self) -> None:
        """Watch namespaces, and accounts that are deleted."""
        self.watch_own("namespaces")
        self.watch(
            "serviceaccounts",
            lambda event: [objects.namespace(event.object)] if objects.name(event.object) == "default" else [],
        )

    def reconcile(self, key: str) -> None:
        """Create the account of one namespace if it is missing."""
        if _is_active(self.client, key) and self.client.find("serviceaccounts", "default", key) is None:
            account: Object = {
                "apiVersion": "v1",
                "kind": "ServiceAccount",
                "metadata": {"name": "default", "namespace": key},
            }
            self.client.create("serviceaccounts", account)


class RootCertificatePublisher(Controller):
    """Keeps the cluster's CA certificate in every active namespace, whatever anybody does to it.

    Args:
        client: the door to the API.
        clock: for retries.
        certificate: the CA in PEM.
    """

    name = "root-ca-certificate-publisher-controller"
    config_map = "kube-root-ca.crt"

    def __init__(self, client: Client, clock: Clock, *, certificate: str) -> None:
        super().__init__(client, clock)
        self._certificate = certificate

    def register(self) -> None:
        """Watch namespaces and the published ConfigMaps."""
        self.watch_own("namespaces")
        self.watch(
            "configmaps",
            lambda event: [objects.namespace(event.object)] if objects.name(event.object) == self.config_map else [],
        )

    def reconcile(self, key: str) -> None:
        """Publish into one namespace."""
        if not _is_active(self.client, key):
            return
        data = {"ca.crt": self._certificate}
        present = self.client.find("configmaps", self.config_map, key)
        if present is None:
            note = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints."
            self.client.create(
                "configmaps",
                {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {
                        "name": self.config_map,
                        "namespace": key,
                        "annotations": {"kubernetes.io/description": note},
                    },
                    "data": data,
                },
            )
        elif present.get("data") != data:
            self.client.update("configmaps", objects.deep_copy(present) | {"data": data})


def _is_active(client: Client, name: str) -> bool:
    namespace = client.find("namespaces", name)
    return namespace is not None and not objects.is_terminating(namespace)
