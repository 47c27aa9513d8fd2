"""SPDY/3.1, the server's side: what clients of Kubernetes speak for port-forward, and for exec before WebSockets.

`frames` and `headers` are pure; `connection` is the protocol's state over whatever carries its bytes.
It is not HTTP: requests and responses as SPDY maps them are of no use here, only streams that have headers.
"""
