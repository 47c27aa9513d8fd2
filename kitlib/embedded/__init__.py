"""The embedded cluster: a Kubernetes-compatible API with real controllers and pods that are real processes.

It is not a mock of a client library and not a kubelet fake: `kubectl` and any other client talk to it over HTTPS,
and a pod of image `nginx` is an nginx process with an IP, a hostname, mounts and DNS of its own.
It knows nothing of labs, checks or grading.
"""
