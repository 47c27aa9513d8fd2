"""The one door to any cluster: connect, apply, wait, exec, logs, timeline.

It knows Kubernetes, not labs. What it imports is counted in milliseconds, because a learner's kernel starts with it.
"""
