"""What the API server does with an object between decoding and storing: default, prepare, admit, validate."""
