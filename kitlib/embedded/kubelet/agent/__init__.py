"""The node agent: the one small process that lives in the node's own namespaces.

It does what needs those namespaces and nothing else: pod sandboxes, containers, exec, and sockets handed out over its
control connection. It knows no pods, no services, no DNS and no API; the kubelet does. It is single-threaded on
purpose, because it changes its own namespaces for the length of a system call or two.
"""
