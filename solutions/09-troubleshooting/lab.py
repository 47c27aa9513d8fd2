# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] id="title"
# # Lab 09: Six things that go wrong, and one that must not
#
# So far you have built things that work. Most of an operator's time goes into things that do not. In this lab six people
# come to you, each with a StatefulSet that is broken in another way. You find out why, **prove it**, and repair it.
#
# The seventh story is different: nothing in it is broken but a node. There the cluster refuses to help, and you will see
# why it is right.
#
# The way to a diagnosis is always the same:
#
# | question | where the answer is |
# |---|---|
# | Which object is the first that is not as it should be? | `kubectl get pods,persistentvolumeclaims` |
# | What does the word in STATUS say? | `Pending`: it has no node, or no storage. `ContainerCreating`: a volume. `ErrImagePull`: the image. `Running`, but `0/1`: the readiness probe. |
# | What has the cluster tried, and what was the answer? | `kubectl events`, `kubectl describe` |
# | What does the program say? | `kubectl logs` |
# | Is the fault where it shows? | read the manifest of what the program *depends on* |

# %% id="open"
from time import sleep

from kitlib import open_lab
from kitlib.errors import KitError

lab = open_lab("09-troubleshooting")
lab

# %% [markdown] id="how"
# This lab needs three nodes: `kit up --nodes 3 --node-timeouts fast`. (If no cluster runs, `open_lab` has just started one.)
#
# ## The diagnosis
#
# `lab.scenario("…")` sets up what is broken; in a terminal, `kit break …` does the same. The manifests are in the folder
# `scenarios`, beside this notebook. For each of the six you first write a **diagnosis**, as a ConfigMap with four entries:
#
# | entry | what it says | for example |
# |---|---|---|
# | `object` | the object that the telling event is about: a Pod, a PersistentVolumeClaim, … | `Pod/web-0` |
# | `evidence` | a quote from a *Warning* event about that object, a dozen characters or more, copied as it is | `container has runAsNonRoot` |
# | `culprit` | the object in whose definition somebody made the mistake. A pod or a claim is never one: they are made from a template | `StatefulSet/web` |
# | `field` | the field that is wrong | `securityContext` |
#
# The field is one of these: `clusterIP`, `command`, `data`, `image`, `readinessProbe`, `replicas`, `resources`, `selector`,
# `serviceName`, `storageClassName`, `volumes`.
#
# Write the diagnosis before you repair: some repairs destroy the evidence. On a real cluster everything takes some seconds
# longer: when a cell shows nothing yet, run it again.

# %% [markdown] id="archive-task"
# ## 1. The archive

# %% id="archive-break"
begun = lab.now()
lab.scenario("archive")

# %% id="archive-look"
sleep(1)
# %kubectl get pods,persistentvolumeclaims -l app=archive
# %kubectl events --types=Warning

# %% [markdown] id="archive-text"
# Two objects complain. The pod says that it waits for its claim: that is what *follows*. What does the claim say, and is
# there what it asks for?

# %% id="archive-classes"
# %kubectl describe persistentvolumeclaim papers-archive-0
# %kubectl get storageclasses

# %% [markdown] id="archive-write"
# **Your turn.** Write the diagnosis `diagnosis-archive`. The set-up consists of `Service/archive` and `StatefulSet/archive`.
# Should the quote hold a colon or quotation marks: `evidence: >-`, and the text indented in the line below, needs no quoting.

# %% id="archive-note" solves="claim-pending"
# %%manifest manifests/diagnosis-archive.yaml
# apiVersion: v1
# kind: ConfigMap
# metadata:
#   name: diagnosis-archive
# data:
#   ### BEGIN SOLUTION: object, evidence, culprit, field
#   object: PersistentVolumeClaim/papers-archive-0
#   evidence: >-
#     storageclass.storage.k8s.io "fast" not found
#   culprit: StatefulSet/archive
#   field: storageClassName
#   ### END SOLUTION

# %% [markdown] id="archive-predict-text"
# The repair seems plain: use a class that exists, in the set's claim template.

# %% id="predict-archive"
lab.predict("archive", "?")

# %% id="archive-refused"
template = {"metadata": {"name": "papers"}, "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "standard"}}
template["spec"]["resources"] = {"requests": {"storage": "64Mi"}}
try:
    lab.cluster.patch("statefulset", "archive", {"spec": {"volumeClaimTemplates": [template]}}, namespace=lab.namespace)
except KitError as refusal:
    print(refusal)

# %% [markdown] id="archive-repair-text"
# The template of claims is for life, and so is the class of a claim. What is wrong at birth has to be made anew.
#
# **Your turn.** `archive` must have `2` replicas that are Ready, each with a claim that is Bound (`papers-archive-0`,
# `papers-archive-1`). No data is lost: nothing has ever been written. Think of *everything* that was made from the wrong
# template.

# %% id="archive-delete" solves="claim-pending"
### BEGIN SOLUTION: remove what was made from the wrong template
# %kubectl delete statefulset archive
# %kubectl delete persistentvolumeclaim papers-archive-0
### END SOLUTION

# %% id="archive-set" solves="claim-pending"
# %%manifest manifests/archive.yaml
# ### BEGIN SOLUTION: the StatefulSet archive as it should be (begin with a copy of scenarios/archive.yaml)
# apiVersion: apps/v1
# kind: StatefulSet
# metadata:
#   name: archive
# spec:
#   serviceName: archive
#   replicas: 2
#   selector:
#     matchLabels:
#       app: archive
#   template:
#     metadata:
#       labels:
#         app: archive
#     spec:
#       terminationGracePeriodSeconds: 1
#       containers:
#         - name: nginx
#           image: nginx:1.27
#           ports:
#             - name: http
#               containerPort: 80
#           readinessProbe:
#             tcpSocket:
#               port: 80
#             periodSeconds: 1
#           volumeMounts:
#             - name: papers
#               mountPath: /usr/share/nginx/html
#   volumeClaimTemplates:
#     - metadata:
#         name: papers
#       spec:
#         accessModes: ["ReadWriteOnce"]
#         resources:
#           requests:
#             storage: 64Mi
# ### END SOLUTION

# %% id="archive-wait" solves="claim-pending"
### BEGIN SOLUTION: wait for the set
lab.wait("statefulset", "archive")
### END SOLUTION

# %% id="archive-picture"
lab.timeline("*archive*", since=begun)

# %% id="check-claim-pending" checks="claim-pending"
lab.check("claim-pending")

# %% id="reveal-archive"
lab.reveal("archive")

# %% [markdown] id="ledger-task"
# ## 2. The ledger
#
# Its owners say that it is a Redis which must run with `appendonly yes`, or the auditors will come.

# %% id="ledger-break"
begun = lab.now()
lab.scenario("ledger")

# %% id="ledger-look"
sleep(1)
# %kubectl get pods,persistentvolumeclaims -l app=ledger
# %kubectl describe pod ledger-0

# %% [markdown] id="ledger-write"
# The claim is Bound, the pod has a node, the image is not even asked for yet: volumes come first. The pod has two, and
# the event names the one that cannot be mounted.
#
# **Your turn.** Look at what that volume is made from, and write the diagnosis `diagnosis-ledger`. The set-up consists of
# `Service/ledger`, `ConfigMap/ledger-settings` and `StatefulSet/ledger`: either side of the disagreement counts as the
# culprit, with its own field.

# %% id="ledger-look-closer" solves="mount-fails"
### BEGIN SOLUTION: look at the ConfigMap, and at the volumes of the set
# %kubectl get configmap ledger-settings -o jsonpath='{.data}'
# %kubectl get statefulset ledger -o jsonpath='{.spec.template.spec.volumes}'
### END SOLUTION

# %% id="ledger-note" solves="mount-fails"
# %%manifest manifests/diagnosis-ledger.yaml
# apiVersion: v1
# kind: ConfigMap
# metadata:
#   name: diagnosis-ledger
# data:
#   ### BEGIN SOLUTION: object, evidence, culprit, field
#   object: Pod/ledger-0
#   evidence: >-
#     references non-existent config key: redis.conf
#   culprit: ConfigMap/ledger-settings
#   field: data
#   ### END SOLUTION

# %% [markdown] id="ledger-repair-text"
# **Your turn.** Repair it on either side. `ledger-0` must become Ready, and its Redis must run with `appendonly yes`
# (`redis-cli config get appendonly` in the pod tells). Predict first what happens if you correct the ConfigMap only.

# %% id="predict-ledger"
lab.predict("ledger", "?")

# %% id="ledger-repair" solves="mount-fails"
### BEGIN SOLUTION: repair it, and wait for ledger-0
# %kubectl patch configmap ledger-settings -p '{"data": {"redis.conf": "appendonly yes\n"}}'
lab.wait("pod", "ledger-0")
# %kubectl exec ledger-0 -- redis-cli config get appendonly
### END SOLUTION

# %% id="ledger-picture"
lab.timeline("*ledger*", since=begun)

# %% id="check-mount-fails" checks="mount-fails"
lab.check("mount-fails")

# %% id="reveal-ledger"
lab.reveal("ledger")

# %% [markdown] id="front-task"
# ## 3. The front page

# %% id="front-break"
begun = lab.now()
lab.scenario("front")

# %% id="front-look"
sleep(1)
# %kubectl get pods -l app=front
# %kubectl events --for=pod/front-0 --types=Warning

# %% [markdown] id="front-write"
# One of these Warnings says what is wrong, the others only that it still is. **Your turn.** Write the diagnosis
# `diagnosis-front`; the quote must name what could not be had. The set-up: `Service/front`, `StatefulSet/front`.

# %% id="front-note" solves="image-pull"
# %%manifest manifests/diagnosis-front.yaml
# apiVersion: v1
# kind: ConfigMap
# metadata:
#   name: diagnosis-front
# data:
#   ### BEGIN SOLUTION: object, evidence, culprit, field
#   object: Pod/front-0
#   evidence: >-
#     Failed to pull image "ngnix:1.27"
#   culprit: StatefulSet/front
#   field: image
#   ### END SOLUTION

# %% [markdown] id="front-repair-text"
# This field of a set *can* be changed. **Your turn.** Predict, then correct the image: `nginx:1.27`.

# %% id="predict-front"
lab.predict("front", "?")

# %% id="front-image" solves="image-pull"
### BEGIN SOLUTION: correct the image in the set
# %kubectl set image statefulset/front nginx=nginx:1.27
### END SOLUTION

# %% id="front-still"
sleep(1)
columns = "NAME:.metadata.name,IMAGE:.spec.containers[0].image,READY:.status.containerStatuses[0].ready"
# %kubectl get pods -l app=front -o custom-columns={columns}

# %% id="front-why"
lab.why("pod/front-0")

# %% [markdown] id="front-force-text"
# The set is right now, but the pod is still made from the old template. The controller goes in order: it does not begin
# with an update while a pod is not Ready, and this pod will never be. The two wait for each other until a person steps in.
#
# **Your turn.** Bring `front` to `2` Ready replicas, both of the image `nginx:1.27`.

# %% id="front-force" solves="image-pull"
### BEGIN SOLUTION: remove the pod that is in the way, and wait for the set
# %kubectl delete pod front-0
lab.wait("statefulset", "front")
### END SOLUTION

# %% id="front-picture"
lab.timeline("front-*", since=begun)

# %% id="check-image-pull" checks="image-pull"
lab.check("image-pull")

# %% id="reveal-front"
lab.reveal("front")

# %% [markdown] id="gate-task"
# ## 4. The gate

# %% id="gate-break"
begun = lab.now()
lab.scenario("gate")

# %% [markdown] id="gate-predict-text"
# It runs, but it is not Ready. Before you look closer:

# %% id="predict-gate"
lab.predict("gate", "?")

# %% id="gate-look"
sleep(2)
# %kubectl get pods -l app=gate
columns = "ADDRESS:.endpoints[*].addresses,READY:.endpoints[*].conditions.ready"
# %kubectl get endpointslices -l kubernetes.io/service-name=gate -o custom-columns={columns}
# %kubectl events --for=pod/gate-0 --types=Warning
# %kubectl logs gate-0

# %% [markdown] id="gate-write"
# Nobody restarts the container (RESTARTS is 0), but its address is not ready, so its Service sends nobody there, and
# `gate-1` is not created at all. And nginx itself has no complaint. So who is wrong: the program, or the one who asks it?
#
# **Your turn.** Write the diagnosis `diagnosis-gate`. The set-up: `Service/gate`, `StatefulSet/gate`.

# %% id="gate-note" solves="never-ready"
# %%manifest manifests/diagnosis-gate.yaml
# apiVersion: v1
# kind: ConfigMap
# metadata:
#   name: diagnosis-gate
# data:
#   ### BEGIN SOLUTION: object, evidence, culprit, field
#   object: Pod/gate-0
#   evidence: >-
#     connect: connection refused
#   culprit: StatefulSet/gate
#   field: readinessProbe
#   ### END SOLUTION

# %% [markdown] id="gate-repair-text"
# **Your turn.** nginx listens on port `80`. Bring `gate` to `2` Ready replicas. Its container must still have a
# `readinessProbe`: without one, every container counts as ready as soon as it runs, and that is how broken pods get requests.
#
# You have seen in the last story what else has to be done.

# %% id="gate-repair" solves="never-ready"
### BEGIN SOLUTION: correct the probe in the set, remove the pod that is in the way, wait for the set
# %kubectl patch statefulset gate --type=json -p '[{"op": "replace", "path": "/spec/template/spec/containers/0/readinessProbe/httpGet/port", "value": 80}]'
# %kubectl delete pod gate-0
lab.wait("statefulset", "gate")
### END SOLUTION

# %% id="gate-endpoints"
# %kubectl get endpointslices -l kubernetes.io/service-name=gate -o custom-columns={columns}

# %% id="gate-picture"
lab.timeline("gate-*", since=begun)

# %% id="check-never-ready" checks="never-ready"
lab.check("never-ready")

# %% id="reveal-gate"
lab.reveal("gate")

# %% [markdown] id="queue-task"
# ## 5. The queue
#
# A true story, told again and again: a Kafka cluster grows, and one day a broker does not come up. All its logs speak of
# its ZooKeeper, which closes the connection. ZooKeeper is healthy; the others are served. But it has a setting,
# `maxClientCnxns`, and the number is reached. Here a Redis plays ZooKeeper's part, and workers play the brokers.

# %% id="queue-break"
begun = lab.now()
lab.scenario("queue")

# %% id="predict-queue"
lab.predict("queue", "?")

# %% id="queue-look"
lab.wait("pod", "worker-1")
sleep(2)
# %kubectl get pods -l 'app in (queue, worker)'
# %kubectl events --for=pod/worker-2 --types=Warning
# %kubectl logs worker-2 --tail=2

# %% [markdown] id="queue-text"
# `worker-2` is made from the same template as its two sisters, and they work. It reaches the queue: a name that is not
# known or a port where nobody listens would look different. It gets an answer, and the answer is no. Can *you* still
# talk to the queue?

# %% id="queue-ask"
# %kubectl exec queue-0 -- redis-cli ping
# %kubectl get statefulset queue -o jsonpath='{.spec.template.spec.containers[0].command}'

# %% [markdown] id="queue-write"
# Not even from inside its own pod. **Your turn.** Write the diagnosis `diagnosis-queue`. The set-up: `Service/queue`,
# `StatefulSet/queue`, `Service/worker`, `StatefulSet/worker`. The evidence is where it shows, the culprit where it comes from.

# %% id="queue-note" solves="refused"
# %%manifest manifests/diagnosis-queue.yaml
# apiVersion: v1
# kind: ConfigMap
# metadata:
#   name: diagnosis-queue
# data:
#   ### BEGIN SOLUTION: object, evidence, culprit, field
#   object: Pod/worker-2
#   evidence: >-
#     ERR max number of clients reached
#   culprit: StatefulSet/queue
#   field: command
#   ### END SOLUTION

# %% [markdown] id="queue-repair-text"
# **Your turn.** All `3` replicas of `worker` must be Ready. The repair must last: it has to be in the set `queue`, and
# `queue-0` must be made from it. A setting that you change in a running process is gone with the process.

# %% id="queue-repair" solves="refused"
### BEGIN SOLUTION: let the queue take more clients, and wait until everybody is served
# %kubectl patch statefulset queue --type=json -p '[{"op": "replace", "path": "/spec/template/spec/containers/0/command/4", "value": "100"}]'
lab.wait("pod", "worker-2")
lab.wait("statefulset", "worker")
### END SOLUTION

# %% id="queue-picture"
lab.timeline("[qw]*-?", since=begun)

# %% [markdown] id="queue-seen"
# `queue-0` was Ready, so the update replaced it at once; its clients lost their connections and came back by themselves.
# And nobody has touched `worker-2`.

# %% id="check-refused" checks="refused"
lab.check("refused")

# %% id="reveal-queue"
lab.reveal("queue")

# %% [markdown] id="shop-task"
# ## 6. The shop

# %% id="shop-break"
begun = lab.now()
lab.scenario("shop")

# %% id="shop-look"
lab.wait("statefulset", "shop")
sleep(2)
# %kubectl get pods -l 'app in (shop, buyer)'
# %kubectl events --for=pod/buyer-0 --types=Warning

# %% [markdown] id="shop-ask-text"
# Both shops are Ready, so the Service should know them. Ask from the buyer's pod: first for the Service, then for one shop.

# %% id="shop-ask"
# %kubectl exec buyer-0 -- getent ahostsv4 shop
# %kubectl exec buyer-0 -- sh -c 'getent hosts shop-0.shop || echo no such name'
# %kubectl get pod shop-0 -o jsonpath='{.spec.hostname}.{.spec.subdomain}'
# %kubectl get services

# %% [markdown] id="shop-write"
# The Service finds its pods by their labels, so its own name works. But the name of a single pod is made of what stands
# *in the pod*: its hostname and its subdomain. The name that the third command shows is one that nobody serves.
#
# **Your turn.** Write the diagnosis `diagnosis-shop`. The set-up: `Service/shop`, `StatefulSet/shop`, `Service/buyer`,
# `StatefulSet/buyer`. (The evidence is an event about a Pod again.)

# %% id="shop-note" solves="wrong-name"
# %%manifest manifests/diagnosis-shop.yaml
# apiVersion: v1
# kind: ConfigMap
# metadata:
#   name: diagnosis-shop
# data:
#   ### BEGIN SOLUTION: object, evidence, culprit, field
#   object: Pod/buyer-0
#   evidence: >-
#     there is no address for shop-0.shop
#   culprit: StatefulSet/shop
#   field: serviceName
#   ### END SOLUTION

# %% [markdown] id="shop-repair-text"
# **Your turn.** Make the set right: its `serviceName` must be `shop`, its `2` replicas must be Ready, and each pod must carry
# the subdomain `shop`. The buyer stays as it is; `buyer-0` must become Ready. Like a claim template, a set's `serviceName` is
# for life. Predict first:

# %% id="predict-shop"
lab.predict("shop", "?")

# %% id="shop-delete" solves="wrong-name"
### BEGIN SOLUTION: remove the set, with its pods
# %kubectl delete statefulset shop
lab.wait("pod", "shop-0", until="deleted")
lab.wait("pod", "shop-1", until="deleted")
### END SOLUTION

# %% id="shop-set" solves="wrong-name"
# %%manifest manifests/shop.yaml
# ### BEGIN SOLUTION: the StatefulSet shop as it should be (begin with a copy from scenarios/shop.yaml)
# apiVersion: apps/v1
# kind: StatefulSet
# metadata:
#   name: shop
# spec:
#   serviceName: shop
#   replicas: 2
#   selector:
#     matchLabels:
#       app: shop
#   template:
#     metadata:
#       labels:
#         app: shop
#     spec:
#       terminationGracePeriodSeconds: 1
#       containers:
#         - name: nginx
#           image: nginx:1.27
#           ports:
#             - name: http
#               containerPort: 80
#           readinessProbe:
#             tcpSocket:
#               port: 80
#             periodSeconds: 1
# ### END SOLUTION

# %% id="shop-wait" solves="wrong-name"
### BEGIN SOLUTION: wait for the set and for the buyer
lab.wait("statefulset", "shop")
lab.wait("pod", "buyer-0")
# %kubectl exec buyer-0 -- getent hosts shop-0.shop
### END SOLUTION

# %% id="shop-picture"
lab.timeline("[sb]*-?", since=begun)

# %% id="check-wrong-name" checks="wrong-name"
lab.check("wrong-name")

# %% id="reveal-shop"
lab.reveal("shop")

# %% [markdown] id="node-task"
# ## 7. A node falls silent
#
# Six times the repair was to do something. Now a case in which the cluster does *nothing*, and is right.
#
# `keeper-0` writes into a register that it is alive, twice a second. There must never be two keepers: think of two masters
# of one database, writing to one disk. The register notes who wrote, by the pod's UID.

# %% id="register"
# %%manifest
# apiVersion: v1
# kind: Service
# metadata:
#   name: register
# spec:
#   clusterIP: None
#   selector:
#     app: register
#   ports:
#     - name: redis
#       port: 6379
# ---
# apiVersion: apps/v1
# kind: StatefulSet
# metadata:
#   name: register
# spec:
#   serviceName: register
#   selector:
#     matchLabels:
#       app: register
#   template:
#     metadata:
#       labels:
#         app: register
#     spec:
#       terminationGracePeriodSeconds: 1
#       containers:
#         - name: redis
#           image: redis:7
#           readinessProbe:
#             tcpSocket:
#               port: 6379
#             periodSeconds: 1

# %% id="register-wait"
lab.wait("statefulset", "register")

# %% [markdown] id="keeper-text"
# When a node falls silent, the cluster waits. First it waits for the node to answer again: 50 seconds on a real cluster, two
# here, and then calls it NotReady. Then each pod waits as long as *it* tolerates a node that cannot be reached: 300 seconds
# unless it says otherwise.
#
# **Your turn.** Complete the set: its pods tolerate `node.kubernetes.io/unreachable` (operator `Exists`, effect `NoExecute`)
# for `5` seconds (`tolerationSeconds`). The rest is given; its `affinity` asks for a node without the register, which must not
# fall silent with the keeper.

# %% id="keeper" solves="at-most-one"
# %%manifest manifests/keeper.yaml
# apiVersion: v1
# kind: Service
# metadata:
#   name: keeper
# spec:
#   clusterIP: None
#   selector:
#     app: keeper
#   ports:
#     - name: none
#       port: 9
# ---
# apiVersion: apps/v1
# kind: StatefulSet
# metadata:
#   name: keeper
# spec:
#   serviceName: keeper
#   replicas: 1
#   selector:
#     matchLabels:
#       app: keeper
#   template:
#     metadata:
#       labels:
#         app: keeper
#     spec:
#       terminationGracePeriodSeconds: 1
#       ### BEGIN SOLUTION: tolerate an unreachable node for five seconds
#       tolerations:
#         - key: node.kubernetes.io/unreachable
#           operator: Exists
#           effect: NoExecute
#           tolerationSeconds: 5
#       ### END SOLUTION
#       affinity:
#         podAntiAffinity:
#           preferredDuringSchedulingIgnoredDuringExecution:
#             - weight: 100
#               podAffinityTerm:
#                 topologyKey: kubernetes.io/hostname
#                 labelSelector:
#                   matchLabels:
#                     app: register
#       containers:
#         - name: keeper
#           image: redis:7
#           env:
#             - name: POD_UID
#               valueFrom:
#                 fieldRef:
#                   fieldPath: metadata.uid
#           command:
#             - sh
#             - -c
#             - |
#               while true; do
#                 redis-cli -h register-0.register hincrby writes $POD_UID 1
#                 redis-cli -h register-0.register hset last $POD_UID $(date +%s)
#                 sleep 0.5
#               done

# %% id="keeper-look"
lab.wait("statefulset", "keeper")
sleep(1)
# %kubectl get pods -l 'app in (register, keeper)' -o wide
# %kubectl exec register-0 -- redis-cli hgetall writes

# %% [markdown] id="silence-text"
# Now the node of `keeper-0` loses its network to the control plane. What runs on it goes on, but nobody hears of it.
#
# The next cell does it on the kit's own cluster, by an annotation (`kit node stop …` in a terminal writes the same one). On
# kind, run `docker pause <node>` in a terminal beside it: everything on the node stands still then, and goes on when
# you say `docker unpause`. On a cluster where you may not stop nodes, the annotation does nothing and the node stays Ready: read
# this part without running it. Its two checkpoints will say that no node was lost; the other six do not need it.

# %% id="predict-silence"
lab.predict("silence", "?")

# %% id="silence"
begun = lab.now()
former = lab.uid("pod", "keeper-0")
node = lab.cluster.get("pod", "keeper-0", namespace=lab.namespace)["spec"]["nodeName"]
# %kubectl annotate node {node} kit.embedded/machine=unreachable

# %% id="silence-wait"
# %kubectl wait node/{node} --for=condition=Ready=Unknown --timeout=100s
lab.wait("pod", "keeper-0", until="Terminating")

# %% id="silence-look"
sleep(1)
# %kubectl get nodes
# %kubectl get pods -l 'app in (register, keeper)' -o wide
# %kubectl get statefulset keeper

# %% id="silence-why"
lab.why("pod/keeper-0")

# %% [markdown] id="silence-seen"
# The cluster has marked the pod for deletion, and that is all. Nobody can say that it has ended, so it stays Terminating, and as
# long as it is there, the set makes no other `keeper-0`. A Deployment would have: its new pod has another name. **At most
# one** pod of a name: that is what a StatefulSet promises, and it would rather have none than two.
#
# Is it overcautious? Ask the register:

# %% id="silence-writes"
# %kubectl exec register-0 -- redis-cli hgetall writes
sleep(1)
# %kubectl exec register-0 -- redis-cli hgetall writes

# %% [markdown] id="silence-proof"
# The keeper that the cluster has lost sight of is alive, and it writes. (On kind, paused, it waits.)

# %% id="check-at-most-one" checks="at-most-one"
lab.check("at-most-one")

# %% id="reveal-silence"
lab.reveal("silence")

# %% [markdown] id="force-task"
# ## 8. Force
#
# `kubectl delete pod --force --grace-period=0` removes the *object*, at once and without asking the node. It is how you tell
# the cluster: I know that this pod has ended. You know it when the machine is off, or gone. Here you know the opposite, so
# this is your only chance to see what must never happen.
#
# **Your turn.** Predict. Then, while the node is silent, delete `keeper-0` by force, and wait for the new one.

# %% id="predict-force"
lab.predict("force", "?")

# %% id="force" solves="forced"
### BEGIN SOLUTION: delete the pod by force, and wait for keeper-0
# %kubectl delete pod keeper-0 --force --grace-period=0
lab.wait("pod", "keeper-0")
### END SOLUTION

# %% id="force-look"
print("former", former)
print("now   ", lab.uid("pod", "keeper-0"))
sleep(1)
# %kubectl exec register-0 -- redis-cli hgetall writes
sleep(1)
# %kubectl exec register-0 -- redis-cli hgetall writes

# %% [markdown] id="force-seen"
# Both numbers grow. Two processes believe that they are `keeper-0`, and both write: a **split brain**. kubectl has warned
# you. Had there been a volume that both can reach, both would be writing to it now.
#
# **Your turn.** Give the node back, with `%kubectl annotate node {node} kit.embedded/machine-` (on kind: `docker unpause`), and
# wait until it is Ready. Its kubelet then learns that its `keeper-0` is no more.

# %% id="force-end" solves="forced"
### BEGIN SOLUTION: give the node back and wait for it
# %kubectl annotate node {node} kit.embedded/machine-
lab.wait("node", node)
### END SOLUTION

# %% id="force-after"
sleep(2)
# %kubectl exec register-0 -- redis-cli hgetall writes
sleep(1)
# %kubectl exec register-0 -- redis-cli hgetall writes

# %% id="force-picture"
lab.timeline("k*", kinds=["Node", "Pod"], since=begun)

# %% [markdown] id="force-why"
# In the picture there is one `keeper-0` after the other: that is what the cluster *believed*. The register knows better.

# %% id="check-forced" checks="forced"
lab.check("forced")

# %% id="reveal-force"
lab.reveal("force")

# %% [markdown] id="summary"
# ## What you have seen
#
# | what shows | what it was | what tells | repair |
# |---|---|---|---|
# | Pending | a class that does not exist | the *claim's* events | set and claims made anew: both are for life |
# | ContainerCreating | a volume that cannot be mounted | the pod's events | the missing key; the kubelet tries again by itself |
# | ErrImagePull, ImagePullBackOff | a typing error | the pod's first Warning | the template, **and** the pod that is in the way |
# | Running, 0/1 | a probe that asks at the wrong port | the pod's events; the log is clean | the template, and the pod |
# | Running, 0/1, one of three | somebody *else's* limit | the answer in the log | the dependency, not the one who complains |
# | all is Ready, one name is unknown | wrong `serviceName` | hostname and subdomain in the pod | the set and its pods made anew |
# | Terminating, for ever | a node that nobody can ask | `get nodes` | make sure that the machine is off; only then force |

# %% id="story"
lab.timeline(kinds=["Pod"])

# %% id="scores" tags=["nbval-check-output"]
lab.scores()

# %% [markdown] id="end"
# Everything that you need for the examination is together now: [lab 10, the capstone](../10-capstone/lab.ipynb), begins with a
# blank file. Names and Services were the topic of [lab 02](../02-headless-services/lab.ipynb), claims and classes of
# [lab 04](../04-dynamic-provisioning/lab.ipynb), stuck rollouts of [lab 07](../07-updates-and-canaries/lab.ipynb). The lab before this
# one was [lab 08, replication](../08-redis-replication/lab.ipynb).
#
# The next cell removes everything this lab has made, and nothing else. A node that is still silent is given back first
# (on kind, only you can do that).

# %% id="reset"
# lab.reset()
