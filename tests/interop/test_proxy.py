"""The proxy subresource of pods and services: HTTP into the pod network by way of the API."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest
import urllib3
import yaml
from kubernetes import client, config

from kitlib.environments import ClusterInfo
from tests.support.kubectl import Kubectl

MIRROR = """\
apiVersion: v1
kind: Pod
metadata: {name: mirror, labels: {app: mirror}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: main
    image: busybox:1.36
    ports: [{containerPort: 8000}]
    readinessProbe: {tcpSocket: {port: 8000}, periodSeconds: 1}
    command: [perl, -e]
    args:
    - |
      use IO::Socket::INET;
      my $server = IO::Socket::INET->new(LocalPort => 8000, Listen => 9, ReuseAddr => 1) or die;
      while (my $c = $server->accept) {
        my ($first, $length, $auth) = (scalar <$c>, 0, "no");
        next unless defined $first;
        while (defined(my $line = <$c>)) {
          last if $line =~ /^\\r\\n/;
          $length = $1 if $line =~ /^content-length: (\\d+)/i;
          $auth = "yes" if $line =~ /^authorization/i;
        }
        read($c, my $body, $length) if $length;
        $first =~ s/\\s+$//;
        my $extra = $first =~ m{/away} ? "Location: /there?x=1\\r\\n" : "";
        my $code = $extra ? "302 Found" : "200 OK";
        my $page = $first =~ m{/page} ? '<a href="/link">' : "$first|" . ($body // "") . "|$auth";
        my $type = $first =~ m{/page} ? "text/html" : "text/plain";
        print $c "HTTP/1.1 $code\\r\\nContent-Type: $type\\r\\n$extra";
        print $c "Content-Length: " . length($page) . "\\r\\n\\r\\n";
        print $c $page unless $first =~ /^HEAD/;
        close $c;
      }
---
apiVersion: v1
kind: Service
metadata: {name: mirror}
spec:
  selector: {app: mirror}
  ports: [{name: web, port: 80, targetPort: 8000}, {name: other, port: 81, targetPort: 8001}]
"""


class Api:
    """Bare requests with the admin's certificate."""

    def __init__(self, cluster: ClusterInfo, namespace: str) -> None:
        made = config.new_client_from_config(str(cluster.kubeconfig), cluster.context)
        settings = made.configuration
        self.base = f"{settings.host}/api/v1/namespaces/{namespace}"
        self._pool = urllib3.PoolManager(
            ca_certs=settings.ssl_ca_cert, cert_file=settings.cert_file, key_file=settings.key_file, retries=False
        )

    def __call__(self, method: str, path: str, **options: Any) -> urllib3.BaseHTTPResponse:
        return self._pool.request(method, f"{self.base}/{path}", timeout=20, redirect=False, **options)


@pytest.fixture
def api(cluster: ClusterInfo, kubectl: Kubectl) -> Api:
    kubectl("apply", "-f", "-", stdin=MIRROR)
    kubectl("wait", "pod/mirror", "--for=condition=Ready", "--timeout=20s")
    kubectl("wait", "endpoints/mirror", "--for=jsonpath={.subsets[0].addresses}", "--timeout=20s")
    return Api(cluster, kubectl.namespace)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_every_method_is_passed_on_with_query_and_body(api: Api, method: str) -> None:
    body = b"" if method in ("GET", "OPTIONS") else b"a body"
    for where in (
        "pods/mirror",
        "pods/mirror:8000",
        "pods/http:mirror:8000",
        "services/mirror:web",
        "services/mirror:80",
        "services/http:mirror:web",
    ):
        answer = api(method, f"{where}/proxy/some/p%20th?watch=1&x=%2F", body=body)
        assert answer.status == 200, (where, answer.data)
        assert answer.data.decode() == f"{method} /some/p%20th?watch=1&x=%2F HTTP/1.1|{body.decode()}|no"


def test_head_has_no_body(api: Api) -> None:
    answer = api("HEAD", "pods/mirror/proxy/x")
    assert (answer.status, answer.data) == (200, b"")


def test_redirects_and_links_lead_through_the_proxy(api: Api) -> None:
    bare = api("GET", "services/mirror:web/proxy?a=b")
    assert bare.status == 301
    assert bare.headers["Location"].endswith("/services/mirror:web/proxy/?a=b")
    away = api("GET", "pods/mirror/proxy/away")
    assert away.status == 302
    prefix = api.base[api.base.index("/api/v1") :]
    assert away.headers["Location"] == f"{prefix}/pods/mirror/proxy/there?x=1"
    assert api("GET", "pods/mirror/proxy/page").data.decode() == f'<a href="{prefix}/pods/mirror/proxy/link">'


def test_who_can_not_be_reached_is_503(api: Api, kubectl: Kubectl) -> None:
    kubectl("create", "service", "clusterip", "nobody", "--tcp=80")
    for where, code, text in (
        ("pods/mirror:9999/proxy/", 503, "connection refused"),
        ("services/nobody/proxy/", 503, 'no endpoints available for service "nobody"'),
        ("services/mirror:nope/proxy/", 503, 'no endpoints available for service "mirror"'),
        ("services/none/proxy/", 404, 'services "none" not found'),
        ("pods/a:b:c:d/proxy/", 400, "invalid request"),
    ):
        answer = api("GET", where)
        assert (answer.status, text in json.loads(answer.data)["message"]) == (code, True), (where, answer.data)


def test_only_who_may_get_the_proxy_may_use_it(api: Api, cluster: ClusterInfo, kubectl: Kubectl) -> None:
    kubectl("create", "serviceaccount", "reader")
    kubectl("create", "role", "reader", "--verb=get", "--resource=pods/proxy")
    kubectl("create", "rolebinding", "reader", "--role=reader", f"--serviceaccount={kubectl.namespace}:reader")
    token = kubectl("create", "token", "reader").strip()
    server = yaml.safe_load(cluster.kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
    settings = config.new_client_from_config(str(cluster.kubeconfig), cluster.context).configuration
    limited = client.Configuration(host=server)
    limited.ssl_ca_cert = settings.ssl_ca_cert
    pool = urllib3.PoolManager(ca_certs=limited.ssl_ca_cert, headers={"Authorization": f"Bearer {token}"})
    for method, what, code in (("GET", "pods", 200), ("POST", "pods", 403), ("GET", "services", 403)):
        answer = pool.request(method, f"{api.base}/{what}/mirror/proxy/x", timeout=20)
        assert answer.status == code, (method, what, answer.data)
    assert pool.request("GET", f"{api.base}/pods/mirror/proxy/x").data.decode().endswith("|no")  # the token stays here


def test_kubectl_proxy_and_raw(api: Api, kubectl: Kubectl) -> None:
    path = f"/api/v1/namespaces/{kubectl.namespace}/services/mirror:web/proxy/hello"
    assert kubectl("get", "--raw", path).startswith("GET /hello ")
    with kubectl.follow("proxy", "--port=0") as proxy:
        assert proxy.stdout is not None
        port = int(proxy.stdout.readline().rsplit(":", 1)[1])
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
            assert answer.read().startswith(b"GET /hello ")
        proxy.terminate()
