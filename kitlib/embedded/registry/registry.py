"""The generic registry: every write to every kind runs this one pipeline.

decode (by the caller) -> default -> prepare -> validate -> managedFields -> store. What is special to a kind is in its
strategy; what is special to metadata is in `metadata`; what DELETE means is in `deletion`.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from kitlib.clock import Clock
from kitlib.embedded.apimachinery import managedfields, naming, patch
from kitlib.embedded.apimachinery.decoding import decode
from kitlib.embedded.apimachinery.objects import Object, deep_copy
from kitlib.embedded.apimachinery.resources import Resource, by_name
from kitlib.embedded.apimachinery.status import (
    FieldError,
    StatusError,
    already_exists,
    conflict,
    forbidden,
    generic,
    invalid,
    not_found,
)
from kitlib.embedded.registry import deletion, metadata
from kitlib.embedded.registry.client import PatchType
from kitlib.embedded.registry.explanations import Explanations
from kitlib.embedded.registry.listing import ListOptions, Page, list_page
from kitlib.embedded.registry.options import DeleteOptions, WriteOptions
from kitlib.embedded.registry.strategies import Context, strategy_for
from kitlib.embedded.storage.store import Store

__all__ = ["Registry"]

_GENERATE_TRIES = 8
_PATCH_TRIES = 5
_IMMORTAL_NAMESPACES = ("default", "kube-public", "kube-system", "kube-node-lease")


class Registry:
    """Create, read, change and delete objects as the Kubernetes API does.

    Args:
        store: where objects are kept.
        clock: gives creation and deletion times.
        rng: chooses generated names, service IPs and node ports.
        gates: the feature gates that are on.
        toleration_seconds: what admission lets pods tolerate of a lost node.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        rng: random.Random | None = None,
        gates: frozenset[str] = frozenset(),
        toleration_seconds: int = 300,
    ) -> None:
        self.store = store
        self.clock = clock
        self.explanations = Explanations(clock)
        self._random = rng or random.Random()
        self._toleration_seconds = toleration_seconds
        self._gates = gates

    # -- reading -----------------------------------------------------------------------------------------------------

    def get(self, resource: Resource, name: str, namespace: str = "") -> Object:
        """Return one object, shared and frozen.

        Raises:
            StatusError: 404 NotFound.
        """
        obj = self.find(resource, name, namespace)
        if obj is None:
            raise not_found(resource.qualified, name)
        return obj

    def find(self, resource: Resource, name: str, namespace: str = "") -> Object | None:
        """Return one object or None."""
        return self.store.get(resource.qualified, f"{namespace}/{name}" if namespace else name)

    def list(self, resource: Resource, namespace: str = "", options: ListOptions | None = None) -> Page:
        """Return one page of objects; an empty namespace means all."""
        return list_page(self.store, resource.qualified, namespace, options or ListOptions())

    # -- writing -----------------------------------------------------------------------------------------------------

    def create(self, resource: Resource, obj: Object, *, namespace: str, options: WriteOptions) -> Object:
        """Create an object; `obj` becomes the registry's. Returns what was stored.

        Raises:
            StatusError: 400, 403, 404, 409 or 422 as the API answers.
        """
        strategy = strategy_for(resource)
        self._check_namespace(resource, namespace, obj)
        meta = obj.setdefault("metadata", {})
        generated = not meta.get("name") and meta.get("generateName")
        metadata.fill(obj, resource, namespace=namespace, now=self.clock.now())
        obj["apiVersion"], obj["kind"] = resource.api_version, resource.kind
        if generated:
            self._generate_name(resource, obj, namespace)
        elif not meta.get("name"):
            error = FieldError("FieldValueRequired", "metadata.name", "name or generateName is required")
            raise invalid(resource.group_kind, "", [error])
        self._refuse_existing(resource, obj, namespace)
        context = self._context(options, meta["generateName"] if generated else meta["name"])
        strategy.default(obj)
        strategy.prepare_for_create(obj, context)
        if errors := strategy.validate(obj, context):
            raise invalid(resource.group_kind, meta["name"], errors)
        self._manage(None, obj, resource, options, subresource="")
        return obj if options.dry_run else self._put(resource, obj)

    def update(
        self,
        resource: Resource,
        name: str,
        obj: Object,
        *,
        namespace: str,
        options: WriteOptions,
        subresource: str = "",
    ) -> Object:
        """Replace an object, or its status; `obj` becomes the registry's. Returns what was stored.

        Raises:
            StatusError: 404 when it is not there, 409 when it changed meanwhile, 422 when it is invalid.
        """
        old = self.get(resource, name, namespace)
        meta = obj.setdefault("metadata", {})
        metadata.check_addressed(resource, meta, name=name, namespace=namespace)
        metadata.check_preconditions(
            resource, old, uid=meta.get("uid", ""), resource_version=meta.get("resourceVersion", "")
        )
        return self._replace(resource, old, obj, options=options, subresource=subresource)

    def patch(
        self,
        resource: Resource,
        name: str,
        body: Any,
        *,
        namespace: str,
        patch_type: PatchType,
        options: WriteOptions,
        subresource: str = "",
        check: Callable[[Object], None] | None = None,
    ) -> Object:
        """Apply a patch to an object or its status; server-side apply creates what is missing.

        Args:
            resource: what kind.
            name: which object.
            body: the decoded patch.
            namespace: where it lives.
            patch_type: one of the four.
            options: who, how.
            subresource: "" or "status".
            check: called with the patched object before it is processed (schema checks of the HTTP layer).
        """
        if patch_type == "apply":
            return self._apply(resource, name, body, namespace=namespace, options=options, subresource=subresource)
        old = self.get(resource, name, namespace)
        new: Object = patch.apply(patch_type, deep_copy(old), body, resource)
        if check is not None:
            check(new)
        meta = new.setdefault("metadata", {})
        metadata.check_preconditions(
            resource, old, uid=meta.get("uid", ""), resource_version=meta.get("resourceVersion", "")
        )
        metadata.check_identity(resource, new, old)
        return self._replace(resource, old, new, options=options, subresource=subresource)

    def delete(self, resource: Resource, name: str, *, namespace: str, options: DeleteOptions) -> tuple[Object, bool]:
        """Delete an object. Returns it, and whether it is gone (False: it waits for grace or finalizers).

        Raises:
            StatusError: 404, 409 (preconditions) or 403 (a namespace that must stay).
        """
        old = self.get(resource, name, namespace)
        metadata.check_delete_preconditions(resource, old, uid=options.uid, resource_version=options.resource_version)
        if resource.qualified == "namespaces" and name in _IMMORTAL_NAMESPACES:
            raise forbidden(resource.qualified, name, "this namespace may not be deleted")
        grace = strategy_for(resource).grace_period(old, options.grace_period_seconds)
        marked = deletion.mark(old, resource, now=self.clock.now(), grace=grace, policy=options.propagation_policy)
        if options.dry_run:
            return marked, deletion.finished(marked)
        if deletion.finished(marked):
            return self._remove(resource, old), True
        if marked != old:
            marked = self._put(resource, marked)
        return marked, False

    def delete_collection(
        self, resource: Resource, namespace: str, selection: ListOptions, options: DeleteOptions
    ) -> Page:
        """Delete everything a list would show; return that list."""
        page = self.list(resource, namespace, selection)
        for obj in page.items:
            name, space = obj["metadata"]["name"], obj["metadata"].get("namespace", "")
            try:
                self.delete(resource, name, namespace=space, options=options)
            except StatusError as error:
                if error.code != 404:
                    raise
        return page

    # -- the pipeline ------------------------------------------------------------------------------------------------

    def _replace(
        self, resource: Resource, old: Object, new: Object, *, options: WriteOptions, subresource: str
    ) -> Object:
        strategy, name = strategy_for(resource), old["metadata"]["name"]
        metadata.carry_over(new, old)
        metadata.check_finalizers(resource, new, old)
        new["apiVersion"], new["kind"] = resource.api_version, resource.kind
        _only_asked_for(new, old, resource, subresource)
        context = self._context(options, subresource=subresource)
        strategy.default(new)
        strategy.prepare_for_update(new, old, context)
        if errors := strategy.validate_update(new, old, context):
            raise invalid(resource.group_kind, name, errors)
        if resource.has_generation and any(new.get(part) != old.get(part) for part in ("spec", "template")):
            new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
        new["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"]
        self._manage(old, new, resource, options, subresource=subresource)
        return self._finish(resource, old, new, options)

    def _finish(self, resource: Resource, old: Object, new: Object, options: WriteOptions) -> Object:
        """Store an update, unless it changes nothing; complete a deletion that it makes possible."""
        if metadata.same_but_bookkeeping(new, old) and _same_managers(new, old):
            return old
        if options.dry_run:
            return new
        if deletion.finished(new):
            self._remove(resource, old)
            return new
        return self._put(resource, new)

    def _apply(
        self, resource: Resource, name: str, applied: Object, *, namespace: str, options: WriteOptions, subresource: str
    ) -> Object:
        live = self.find(resource, name, namespace)
        applied.setdefault("metadata", {})
        merged: Object = managedfields.apply(
            live,
            applied,
            resource,
            manager=options.manager,
            force=options.force,
            now=self.clock.now(),
            subresource=subresource,
        )
        decode(merged, resource)  # now it must say all that Go writes
        # managedFields are settled by the merge itself: the write must not record an Update on top.
        quiet = WriteOptions(user=options.user, dry_run=options.dry_run)
        if live is None:
            if subresource:
                raise not_found(resource.qualified, name)
            if uid := applied["metadata"].get("uid"):
                why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
                raise conflict(resource.qualified, name, why)
            merged["metadata"]["name"] = name
            return self.create(resource, merged, namespace=namespace, options=quiet)
        metadata.check_preconditions(
            resource, live, resource_version=applied.get("metadata", {}).get("resourceVersion", "")
        )
        return self._replace(resource, live, merged, options=quiet, subresource=subresource)

    def _check_namespace(self, resource: Resource, namespace: str, obj: Object) -> None:
        if not resource.namespaced:
            return
        found = self.store.get("namespaces", namespace)
        if found is None:
            raise not_found("namespaces", namespace)
        if found["metadata"].get("deletionTimestamp"):
            why = f"unable to create new content in namespace {namespace} because it is being terminated"
            cause = {
                "reason": "NamespaceTerminating",
                "message": f"namespace {namespace} is being terminated",
                "field": "metadata.namespace",
            }
            meta = obj.get("metadata") or {}
            raise forbidden(
                resource.qualified, meta.get("name") or meta.get("generateName") or "Unknown", why, causes=[cause]
            )

    def _generate_name(self, resource: Resource, obj: Object, namespace: str) -> None:
        base = obj["metadata"]["generateName"]
        for _ in range(_GENERATE_TRIES):
            name = naming.generate_name(base, self._random)
            if self.find(resource, name, namespace) is None:
                obj["metadata"]["name"] = name
                return
        message = f'{resource.qualified} "{base}" already exists, the server was not able to generate a unique name'
        raise already_exists(resource.qualified, base, message=f"{message} for the object")

    def _refuse_existing(self, resource: Resource, obj: Object, namespace: str) -> None:
        name = obj["metadata"]["name"]
        existing = self.find(resource, name, namespace)
        if existing is None:
            return
        message = ""
        if existing["metadata"].get("deletionTimestamp"):
            message = f'object is being deleted: {resource.qualified} "{name}" already exists'
        raise already_exists(resource.qualified, name, message=message)

    def _manage(
        self, old: Object | None, new: Object, resource: Resource, options: WriteOptions, *, subresource: str
    ) -> None:
        if not options.manager:
            return
        managedfields.update(old, new, resource, manager=options.manager, now=self.clock.now(), subresource=subresource)

    def _context(self, options: WriteOptions, asked_name: str = "", *, subresource: str = "") -> Context:
        return Context(
            now=self.clock.now(),
            user=options.user,
            lookup=lambda name, obj, space: self.find(by_name(name), obj, space),
            objects=lambda name, space: self.list(by_name(name), space).items,
            random=self._random,
            toleration_seconds=self._toleration_seconds,
            gates=self._gates,
            asked_name=asked_name,
            subresource=subresource,
        )

    def _put(self, resource: Resource, obj: Object) -> Object:
        try:
            return self.store.put(resource.qualified, obj)
        except OSError as error:
            raise generic(500, "InternalError", f"{error}. Fix: free some disk space") from error

    def _remove(self, resource: Resource, obj: Object) -> Object:
        meta = obj["metadata"]
        object_key = f"{meta['namespace']}/{meta['name']}" if meta.get("namespace") else meta["name"]
        try:
            return self.store.remove(resource.qualified, object_key)
        except OSError as error:
            raise generic(500, "InternalError", f"{error}. Fix: free some disk space") from error


def _keep(new: Object, old: Object, field: str) -> None:
    if field in old:
        new[field] = old[field]
    else:
        new.pop(field, None)


def _only_asked_for(new: Object, old: Object, resource: Resource, subresource: str) -> None:
    """Undo what this endpoint may not change: the spec through /status, the status through the object."""
    if subresource == "status":
        _only_status(new, old)
    elif resource.has_status:
        _keep(new, old, "status")
    if resource.qualified == "namespaces" and subresource != "finalize":
        _keep(new, old, "spec")  # spec.finalizers belong to /finalize


def _only_status(new: Object, old: Object) -> None:
    """A write to /status changes the status and, as upstream allows, labels and annotations; nothing else."""
    for field in old:
        if field not in ("metadata", "status"):
            new[field] = old[field]
    for field in [f for f in new if f not in old and f not in ("metadata", "status")]:
        del new[field]
    for field in ("ownerReferences", "finalizers"):
        _keep(new["metadata"], old["metadata"], field)


def _same_managers(new: Object, old: Object) -> bool:
    """Compare managedFields without their times: a repeated apply that owns the same fields is no change."""

    def bare(obj: Object) -> list[Object]:
        return [{k: v for k, v in entry.items() if k != "time"} for entry in obj["metadata"].get("managedFields") or []]

    return bare(new) == bare(old)
