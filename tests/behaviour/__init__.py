"""What Kubernetes promises, tested through the API alone on any cluster.

One test per scenario of upstream's own end-to-end suite, under the same name. `KIT_TEST_KUBECONFIG=file` lets the same
tests judge another cluster; without it they run on an embedded one.
"""
