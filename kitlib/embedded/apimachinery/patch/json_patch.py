"""RFC 6902 JSON patch, with the API server's limits and failures."""

from __future__ import annotations

from typing import Any, cast

import jsonpatch
import jsonpointer

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import bad_request, generic

__all__ = ["MAX_OPERATIONS", "json_patch"]

MAX_OPERATIONS = 10_000


def json_patch(current: Object, patch: Any) -> Object:
    """Apply operations in order, all or nothing; `current` is not changed.

    Raises:
        StatusError: 400 when `patch` is no list of operations, 413 for more than 10000, 422 when one cannot be applied
            (a failed `test` too).

    Example:
        >>> json_patch({"spec": {"replicas": 1}}, [{"op": "replace", "path": "/spec/replicas", "value": 2}])
        {'spec': {'replicas': 2}}
    """
    if not isinstance(patch, list) or not all(isinstance(operation, dict) for operation in patch):
        raise bad_request("error decoding patch: json: cannot unmarshal into Go value of type jsonpatch.Patch")
    if len(patch) > MAX_OPERATIONS:
        message = f"The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {len(patch)}"
        raise generic(413, "RequestEntityTooLarge", message)
    try:
        patched = jsonpatch.apply_patch(current, patch)
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError) as error:
        raise generic(422, "Invalid", "the server rejected our request due to an error in our request") from error
    if not isinstance(patched, dict):
        raise bad_request("the patched document is not an object")
    return cast("Object", patched)
