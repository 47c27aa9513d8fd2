# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] id="title"
# # Lab 07: Updates and canaries
#
# A new version of a stateless program is started beside the old one, and when it runs, the old one goes. That does not
# work for `web-0`: the name can exist only once, and so can the claim that goes with it. A **StatefulSet** has to take
# the old pod away *before* the new one comes, so it matters very much which pod goes first, and when the next one does.
#
# In this lab you update a set five times: the ordinary way, with one replica as a **canary**, backwards, by hand, and
# slowly. The sixth update gets stuck, and you repair it.
#
# | word | what it is |
# |---|---|
# | **pod template** | `spec.template`: the pattern that pods are made from. Changing it is what starts an update. |
# | **ControllerRevision** | an object in which the set keeps a template, so that it can still make pods from an old one. |
# | **partition** | a number: ordinals below it are not updated. |
# | **canary** | one replica with the new version, watched before the others follow. |
# | **available** | Ready for at least `minReadySeconds`. |

# %% id="open"
from kitlib import open_lab

lab = open_lab("07-updates-and-canaries")
lab

# %% [markdown] id="start-task"
# ## 1. Where it begins
#
# The Service is written already, and so is most of the set. Claims would only be in the way here, so the set has none.
#
# **Your turn.** Complete the StatefulSet:
#
# * `3` replicas of the image `nginx:1.27`;
# * the update strategy of the type `RollingUpdate`, with the partition `0`.

# %% id="start" solves="one-revision"
# %%manifest manifests/statefulset.yaml
# apiVersion: v1
# kind: Service
# metadata:
#   name: web
# spec:
#   clusterIP: None
#   selector:
#     app: web
#   ports:
#     - name: http
#       port: 80
# ---
# apiVersion: apps/v1
# kind: StatefulSet
# metadata:
#   name: web
# spec:
#   serviceName: web
#   ### BEGIN SOLUTION: the number of replicas, and the update strategy with its partition
#   replicas: 3
#   updateStrategy:
#     type: RollingUpdate
#     rollingUpdate:
#       partition: 0
#   ### END SOLUTION
#   selector:
#     matchLabels:
#       app: web
#   template:
#     metadata:
#       labels:
#         app: web
#     spec:
#       containers:
#         - name: nginx
#           ### BEGIN SOLUTION: the image
#           image: nginx:1.27
#           ### END SOLUTION
#           ports:
#             - name: http
#               containerPort: 80
#           readinessProbe:
#             tcpSocket:
#               port: 80
#             periodSeconds: 1

# %% id="start-wait" solves="one-revision"
### BEGIN SOLUTION: wait for the set: lab.wait("statefulset", "web")
lab.wait("statefulset", "web")
### END SOLUTION

# %% [markdown] id="start-text"
# Beside the pods there is a ControllerRevision now: the set has put its template away. Each pod carries a label with the
# *name* of the revision that it was made from (`-L` shows a label as a column).

# %% id="start-look"
# %kubectl get controllerrevisions
# %kubectl get pods -L controller-revision-hash

# %% id="check-one-revision" checks="one-revision"
lab.check("one-revision")

# %% [markdown] id="rolling-task"
# ## 2. A rolling update
#
# **Your turn.** Predict, then change the image to `nginx` (no tag means `latest`: fine in a lab, not where you want to
# know what runs). You may use `kubectl set image`, or change the manifest and apply it again.

# %% id="predict-order"
lab.predict("order", "?")

# %% id="rolling-begun"
begun = lab.now()

# %% id="rolling" solves="rolling-update"
### BEGIN SOLUTION: change the image of the container nginx with %kubectl
# %kubectl set image statefulset/web nginx=nginx
### END SOLUTION

# %% [markdown] id="rolling-wait-text"
# `lab.wait` waits until a set is Ready, and a set that has not begun its update *is* Ready. For updates there is a command
# of its own, which ends when the update does:

# %% id="rolling-status"
# %kubectl rollout status statefulset web --timeout=120s

# %% id="rolling-picture"
lab.timeline("web-*", kinds=["Pod"], since=begun)

# %% [markdown] id="rolling-order-text"
# Read it from the bottom: `web-2` goes, comes back as a new pod (the vertical stroke), turns green; only then does `web-1`
# go. Two of three served all the time. The same, from the recorded watch events:

# %% id="rolling-order"
for change in lab.timeline(since=begun).changes:
    if change.kind == "Pod" and change.time > begun and change.type != "MODIFIED":
        print(change.type.ljust(8), change.name, change.state["images"][0])

# %% id="rolling-look"
# %kubectl rollout history statefulset web
# %kubectl get controllerrevisions

# %% [markdown] id="rolling-seen"
# Two revisions: the old template is kept, although no pod uses it any more.

# %% id="check-rolling-update" checks="rolling-update"
lab.check("rolling-update")

# %% id="reveal-order"
lab.reveal("order")

# %% [markdown] id="canary-task"
# ## 3. A canary
#
# Miners took a canary with them: if the air was bad, the bird was the first to notice. Here `web-2` is the bird.
#
# **Your turn**, in this order:
#
# 1. Set the partition to `2`. (In a patch, it stands in `spec`, `updateStrategy`, `rollingUpdate`.)
# 2. Change the image to `nginx:1.19`, and wait for the update as above. What does `rollout status` call it when it ends?

# %% id="canary-begun"
begun = lab.now()

# %% id="canary-partition" solves="canary"
### BEGIN SOLUTION: set the partition with %kubectl patch
# %kubectl patch statefulset web -p '{"spec": {"updateStrategy": {"rollingUpdate": {"partition": 2}}}}'
### END SOLUTION

# %% id="canary-image" solves="canary"
### BEGIN SOLUTION: change the image, then wait for the update
# %kubectl set image statefulset/web nginx=nginx:1.19
# %kubectl rollout status statefulset web --timeout=120s
### END SOLUTION

# %% [markdown] id="canary-columns"
# Which pod runs what? kubectl can make a table of any fields:

# %% id="canary-look"
# %kubectl get pods -o custom-columns=NAME:.metadata.name,IMAGE:.spec.containers[0].image,UID:.metadata.uid

# %% id="canary-status"
status = lab.cluster.get("statefulset", "web", namespace=lab.namespace)["status"]
for field in ("currentRevision", "updateRevision", "replicas", "currentReplicas", "updatedReplicas"):
    print(field.rjust(16), status[field])

# %% [markdown] id="canary-delete-task"
# Two revisions live side by side, and the status counts them. Now something goes wrong that has nothing to do with the
# update: a pod is lost.
#
# **Your turn.** Predict, then delete the pod `web-0`, which is *below* the partition, and wait until it is back. Delete
# `web-2` too, if you are curious.

# %% id="predict-canary"
lab.predict("canary", "?")

# %% id="canary-delete" solves="canary"
### BEGIN SOLUTION: delete web-0, and wait for its successor
# %kubectl delete pod web-0
lab.wait("pod", "web-0")
# %kubectl delete pod web-2
lab.wait("pod", "web-2")
### END SOLUTION

# %% id="canary-after"
# %kubectl get pods -o custom-columns=NAME:.metadata.name,IMAGE:.spec.containers[0].image,UID:.metadata.uid

# %% id="canary-picture"
lab.timeline("web-*", kinds=["Pod"], since=begun)

# %% id="check-canary" checks="canary"
lab.check("canary")

# %% id="reveal-canary"
lab.reveal("canary")

# %% [markdown] id="phases-task"
# ## 4. The rest, in phases
#
# The bird sings. **Your turn.** Lower the partition to `1`, wait until `web-1` runs `nginx:1.19` and is Ready, look, and
# only then lower the partition to `0`. Touch nothing else.

# %% id="phases-begun"
begun = lab.now()

# %% id="phases-one" solves="phases"
### BEGIN SOLUTION: partition 1, then wait for the update
# %kubectl patch statefulset web -p '{"spec": {"updateStrategy": {"rollingUpdate": {"partition": 1}}}}'
# %kubectl rollout status statefulset web --timeout=120s
### END SOLUTION

# %% id="phases-look"
# %kubectl get pods -o custom-columns=NAME:.metadata.name,IMAGE:.spec.containers[0].image,UID:.metadata.uid

# %% id="phases-zero" solves="phases"
### BEGIN SOLUTION: partition 0, then wait for the update
# %kubectl patch statefulset web -p '{"spec": {"updateStrategy": {"rollingUpdate": {"partition": 0}}}}'
# %kubectl rollout status statefulset web --timeout=120s
### END SOLUTION

# %% id="phases-picture"
lab.timeline("web-*", kinds=["Pod"], since=begun)

# %% [markdown] id="phases-seen"
# Each step moved exactly one pod, `web-1` and then `web-0`; `web-2` stayed what it was. Now that no pod of the old
# revision is left, the new one becomes the *current* one:

# %% id="phases-status"
status = lab.cluster.get("statefulset", "web", namespace=lab.namespace)["status"]
print("currentRevision == updateRevision:", status["currentRevision"] == status["updateRevision"])

# %% id="check-phases" checks="phases"
lab.check("phases")

# %% [markdown] id="undo-task"
# ## 5. Back again
#
# The bird sang too early: `nginx:1.19` is years old. Here are the three templates that the set has kept:

# %% id="undo-before"
for revision in lab.cluster.list("controllerrevisions", namespace=lab.namespace):
    [container] = revision["data"]["spec"]["template"]["spec"]["containers"]
    print(revision["revision"], revision["metadata"]["name"], revision["metadata"]["uid"][:8], container["image"])

# %% [markdown] id="undo-turn"
# **Your turn.** Predict what will become of this list. Then go back to the image `nginx`, the one before the canary's,
# with `kubectl rollout`, and wait for the update.

# %% id="predict-undo"
lab.predict("undo", "?")

# %% id="undo-begun"
begun = lab.now()

# %% id="undo" solves="undo"
### BEGIN SOLUTION: undo the last update, and wait
# %kubectl rollout undo statefulset web
# %kubectl rollout status statefulset web --timeout=120s
### END SOLUTION

# %% id="undo-after"
for revision in lab.cluster.list("controllerrevisions", namespace=lab.namespace):
    [container] = revision["data"]["spec"]["template"]["spec"]["containers"]
    print(revision["revision"], revision["metadata"]["name"], revision["metadata"]["uid"][:8], container["image"])

# %% id="undo-picture"
lab.timeline("web-*", kinds=["Pod"], since=begun)

# %% [markdown] id="undo-seen"
# The same three objects, by name and UID; only a number has changed. And the pods moved as in any other update.

# %% id="check-undo" checks="undo"
lab.check("undo")

# %% id="reveal-undo"
lab.reveal("undo")

# %% [markdown] id="on-delete-task"
# ## 6. OnDelete: when you say so
#
# Some programs must not be restarted at a moment that a controller picks: a leader has to hand over first, a backup has
# to end. The type `OnDelete` leaves the moment, and the order, to you.
#
# **Your turn**, in this order:
#
# 1. Set the type of the update strategy to `OnDelete`. A `rollingUpdate` part is allowed for the other type only, so it
#    has to go: in a patch, by the value `null`.
# 2. Predict, change the image to `nginx:1.27`, and look.
# 3. Delete `web-1`, only that one, and wait until it is back.

# %% id="predict-on-delete"
lab.predict("on-delete", "?")

# %% id="on-delete-begun"
begun = lab.now()

# %% id="on-delete-set" solves="on-delete"
### BEGIN SOLUTION: first the strategy, then the image
# %kubectl patch statefulset web -p '{"spec": {"updateStrategy": {"type": "OnDelete", "rollingUpdate": null}}}'
# %kubectl set image statefulset/web nginx=nginx:1.27
### END SOLUTION

# %% id="on-delete-look"
# %kubectl get pods -o custom-columns=NAME:.metadata.name,IMAGE:.spec.containers[0].image,UID:.metadata.uid

# %% id="on-delete-why"
lab.why("pod/web-2")

# %% id="on-delete-one" solves="on-delete"
### BEGIN SOLUTION: delete web-1, and wait for its successor
# %kubectl delete pod web-1
lab.wait("pod", "web-1")
### END SOLUTION

# %% id="on-delete-picture"
lab.timeline("web-*", kinds=["Pod"], since=begun)

# %% id="check-on-delete" checks="on-delete"
lab.check("on-delete")

# %% id="reveal-on-delete"
lab.reveal("on-delete")

# %% [markdown] id="pace-task"
# ## 7. Slower, and perhaps faster
#
# Two fields set the pace of a rolling update.
#
# * `minReadySeconds`, in the set's `spec`: a pod counts as *available* only when it has been Ready for so long, and the
#   next one goes only then.
# * `maxUnavailable`, beside `partition`: how many pods may be out at the same time. This one is behind a *feature gate*,
#   `MaxUnavailableStatefulSet`, which is on in some versions of Kubernetes and off in others. An API server whose
#   gate is off drops the field without a word. Which kind is yours?
#
# **Your turn.** Complete the manifest: type `RollingUpdate` again, with partition `0` and a `maxUnavailable` of `2`;
# `minReadySeconds` is `2`; and the image is `nginx:1.19`. Don't touch the pods. The update takes some seconds now.

# %% id="pace-begun"
begun = lab.now()

# %% id="pace" solves="pace"
# %%manifest manifests/paced.yaml
# apiVersion: apps/v1
# kind: StatefulSet
# metadata:
#   name: web
# spec:
#   serviceName: web
#   replicas: 3
#   ### BEGIN SOLUTION: the seconds, and the strategy
#   minReadySeconds: 2
#   updateStrategy:
#     type: RollingUpdate
#     rollingUpdate:
#       partition: 0
#       maxUnavailable: 2
#   ### END SOLUTION
#   selector:
#     matchLabels:
#       app: web
#   template:
#     metadata:
#       labels:
#         app: web
#     spec:
#       containers:
#         - name: nginx
#           ### BEGIN SOLUTION: the image
#           image: nginx:1.19
#           ### END SOLUTION
#           ports:
#             - name: http
#               containerPort: 80
#           readinessProbe:
#             tcpSocket:
#               port: 80
#             periodSeconds: 1

# %% id="pace-status"
# %kubectl rollout status statefulset web --timeout=120s

# %% id="pace-picture"
lab.timeline("web-*", kinds=["Pod"], since=begun)

# %% [markdown] id="pace-seen"
# Green comes soon; the next grey waits. In the set's status you can see what it waits for: pods that are Ready, but not
# yet available. (In the first lines these may also be old pods that had not been Ready for 2 seconds when you set the field.)

# %% id="pace-counts"
shown = None
for change in lab.timeline(since=begun).changes:
    if change.kind == "StatefulSet" and change.time > begun:
        counts = change.state["ready_replicas"], change.state["available_replicas"]
        if counts != shown:
            shown = counts
            print(f"{change.time - begun:5.1f} s  Ready: {counts[0]}  available: {counts[1]}")

# %% [markdown] id="pace-answer-task"
# And `maxUnavailable`? **Your turn.** Read the set back from the API server: is the `2` still there? Write your answer
# onto the set, as an annotation `max-unavailable` with the value `kept` or `dropped`
# (`kubectl annotate statefulset NAME KEY=VALUE`). The picture above confirms it: a server that kept the field took two
# pods out together, one that dropped it only ever one.

# %% id="pace-answer" solves="pace"
### BEGIN SOLUTION: look at the field with %kubectl or in Python, then annotate the set
strategy = lab.cluster.get("statefulset", "web", namespace=lab.namespace)["spec"]["updateStrategy"]
print(strategy)
answer = "kept" if strategy["rollingUpdate"].get("maxUnavailable") == 2 else "dropped"
# %kubectl annotate statefulset web max-unavailable={answer} --overwrite
### END SOLUTION

# %% id="check-pace" checks="pace"
lab.check("pace")

# %% [markdown] id="stuck-task"
# ## 8. Stuck
#
# Somebody writes `v1.19` where the tag is called `1.19`. It happens. First the pace back to what it was, so that one pod is at
# stake and not two:

# %% id="stuck-pace"
# %kubectl patch sts web -p '{"spec": {"minReadySeconds": 0, "updateStrategy": {"rollingUpdate": {"maxUnavailable": 1}}}}'

# %% [markdown] id="stuck-turn"
# **Your turn.** Change the image to `nginx:v1.19`, which does not exist.

# %% id="stuck-begun"
begun = lab.now()

# %% id="stuck" solves="stuck"
### BEGIN SOLUTION: change the image, and wait with lab.wait("pod", "web-2", until="Pending")
# %kubectl set image statefulset/web nginx=nginx:v1.19
lab.wait("pod", "web-2", until="Pending")
### END SOLUTION

# %% id="stuck-look"
# %kubectl get pods

# %% id="stuck-why"
lab.why("pod/web-2")

# %% [markdown] id="stuck-repair-task"
# The damage is one pod: `web-1` and `web-0` serve, because their turn has not come, and it never will as long as `web-2`
# is not Ready. That is the point of the order.
#
# **Your turn.** Predict, then undo the update with `kubectl rollout`, and give the controller a few seconds.

# %% id="predict-stuck"
lab.predict("stuck", "?")

# %% id="stuck-undo" solves="stuck"
### BEGIN SOLUTION: undo the update
# %kubectl rollout undo statefulset web
### END SOLUTION

# %% id="stuck-undo-wait"
import time

time.sleep(3)
found = lab.cluster.get("statefulset", "web", namespace=lab.namespace)
print("the set's generation:        ", found["metadata"]["generation"])
print("seen by the controller:      ", found["status"]["observedGeneration"])
print("image in the template:       ", found["spec"]["template"]["spec"]["containers"][0]["image"])
pod = lab.cluster.get("pod", "web-2", namespace=lab.namespace)
print("image of web-2:              ", pod["spec"]["containers"][0]["image"])

# %% id="stuck-undo-why"
lab.why("statefulset/web")

# %% [markdown] id="stuck-force-task"
# The controller has seen the good template, and does nothing. With the policy `OrderedReady` it waits for `web-2` before
# it does anything else, and `web-2` waits for an image that nobody has. The documentation calls what is needed now a
# *forced rollback*.
#
# **Your turn.** Delete the broken `web-2`, and wait until all three pods are Ready again.

# %% id="stuck-force" solves="stuck"
### BEGIN SOLUTION: take the broken pod out of the way, and wait for the set
# %kubectl delete pod web-2
lab.wait("statefulset", "web")
### END SOLUTION

# %% id="stuck-picture"
lab.timeline("web-*", kinds=["Pod"], since=begun)

# %% id="check-stuck" checks="stuck"
lab.check("stuck")

# %% id="reveal-stuck"
lab.reveal("stuck")

# %% [markdown] id="history-task"
# ## 9. How much past to keep
#
# Four templates are kept by now, also the broken one:

# %% id="history-before"
# %kubectl get controllerrevisions
# %kubectl rollout history statefulset web

# %% [markdown] id="history-turn"
# `revisionHistoryLimit` says how many *unused* revisions a set keeps, in addition to those that its pods were made from.
# Without the field it is 10.
#
# **Your turn.** Set it to `1`. Nothing else; the template stays as it is.

# %% id="history-begun"
begun = lab.now()

# %% id="history" solves="history-limit"
### BEGIN SOLUTION: set the field with %kubectl patch
# %kubectl patch statefulset web -p '{"spec": {"revisionHistoryLimit": 1}}'
### END SOLUTION

# %% id="check-history-limit" checks="history-limit"
lab.check("history-limit")

# %% id="history-after"
# %kubectl rollout history statefulset web
# %kubectl get pods

# %% [markdown] id="history-seen"
# Left are the live revision and the newest of the others, which happens to be the broken one. The way back to `nginx:1.27`
# is closed now, or rather: it leads through your own files. ControllerRevisions are a convenience; the manifests in
# version control are the record.
#
# ## What you have seen
#
# | you changed | which pods moved | in which order |
# |---|---|---|
# | the template | all | from the highest ordinal down, one at a time |
# | the template, with partition 2 | web-2 | the others stayed, even when deleted |
# | the partition, from 2 to 1 to 0 | web-1, then web-0 | one per step |
# | the template, back to an old one | all | from the top; the old ControllerRevision got a new number |
# | the template, with OnDelete | those that you deleted | yours |
# | the template, with `minReadySeconds` | all | each after the one before was *available* |
# | the template, to something broken | web-2, and nothing after it | undone by template **and** deletion |
# | the partition, the strategy, the limit | none | only a new template replaces pods |
#
# The whole story:

# %% id="story"
lab.timeline("web-*", kinds=["Pod"])

# %% id="scores" tags=["nbval-check-output"]
lab.scores()

# %% [markdown] id="end"
# The lab before this one is [lab 06, scaling](../06-scaling/lab.ipynb); its sets are ordered for the same reasons. How
# a Deployment undoes an update, which needs no help even when it is stuck, is part of
# [lab 01](../01-stateless-vs-stateful/lab.ipynb). Next comes a real database:
# [lab 08, redis with replicas](../08-redis-replication/lab.ipynb).
#
# The next cell removes everything this lab has made, and nothing else.

# %% id="reset"
# lab.reset()
