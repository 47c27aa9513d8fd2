"""What a Kubernetes API object is and how it may change: pure functions over JSON dicts.

No input or output, no state, no time but what is passed in. Everything else in the embedded cluster builds on it.
"""
