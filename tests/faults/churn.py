"""Somebody who never stops changing a cluster, and remembers what the API has acknowledged."""

import threading

from kitlib.client import connect
from kitlib.errors import KitError

SET = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  clusterIP: None
  selector: {app: web}
  ports: [{port: 80, name: http}]
---
apiVersion: v1
kind: Service
metadata: {name: front}
spec:
  selector: {app: web}
  ports: [{port: 80}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: web
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: nginx
          image: nginx:1.27
          volumeMounts: [{name: data, mountPath: /data}]
          readinessProbe: {httpGet: {port: 80}, periodSeconds: 1}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
"""


class Churn:
    """Creates, changes, deletes, scales and writes files until told to stop.

    Only what was answered counts: a request that broke off may have happened or not.
    """

    def __init__(self, info, namespace):
        self.cluster, self.namespace = connect(info.kubeconfig, info.context), namespace
        self.created, self.deleted, self.tried_to_delete = {}, set(), set()
        self.counter, self.lines, self.acknowledged = 0, [], 0
        self.failure = None
        self._number = 0
        self._stop = threading.Event()
        self._threads = []

    def __enter__(self):
        self._stop.clear()
        self._threads = [threading.Thread(target=self._run, args=(work,)) for work in (self._objects, self._files)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(30.0)
            assert not thread.is_alive(), "a request hangs"

    def _run(self, work):
        while not self._stop.is_set():
            try:
                work()
                self.acknowledged += 1
            except KitError:  # what a killed server means to a client
                self._stop.wait(0.02)
            except BaseException as error:
                self.failure = error
                return

    def _objects(self):
        self._number += 1
        number, namespace = self._number, self.namespace
        name = f"c{number}"
        made = self.cluster.create(_config_map(name, number), namespace=namespace)
        self.created[name] = made["metadata"]["uid"]
        self.cluster.apply(_config_map("counter", number), namespace=namespace)
        self.counter = number
        if number % 3 == 0:
            self.tried_to_delete.add(f"c{number - 1}")
            self.cluster.delete("configmap", f"c{number - 1}", namespace=namespace)
            self.deleted.add(f"c{number - 1}")
        if number % 10 == 0:
            self.cluster.scale("sts", "web", 2 + number // 10 % 2, namespace=namespace)

    def _files(self):
        line = f"line-{len(self.lines)}-{self.counter}"
        done = self.cluster.exec("web-0", ["sh", "-c", f"echo {line} >> /data/log"], namespace=self.namespace)
        if done.exit_code == 0:
            self.lines.append(line)
        else:
            self._stop.wait(0.02)


def _config_map(name, number):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"n": str(number)}}
