"""The StatefulSet controller: a pure decision core (`core`), and a thin control that carries its plan out.

`identity`, `claims`, `retention`, `revisions`, `update`, `status` and `core` know no client and no clock.
"""
