"""`kit`: one file per command group. No logic lives here."""
