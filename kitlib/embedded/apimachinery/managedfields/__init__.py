"""Who owns which field: `metadata.managedFields`, and the server-side apply that depends on it.

`update` records a create, update or patch; `apply` merges an applied configuration. Sets of fields are kept in their
`FieldsV1` form (see `fieldset`), so that nothing is converted on the way in or out.
"""

from __future__ import annotations

from kitlib.embedded.apimachinery.managedfields.apply import apply
from kitlib.embedded.apimachinery.managedfields.update import update

__all__ = ["apply", "update"]
