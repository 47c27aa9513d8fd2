# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] id="title"
# # Lab 06: Scaling, out and in
#
# A stateless program is scaled by a number: more copies, fewer copies, nobody asks which. In a database each copy is
# somebody. A new replica may want to copy its data from one that is there already, and a replica that leaves should have
# time to say goodbye. So a **StatefulSet** goes step by step, and it stops when a step does not succeed.
#
# In this lab you scale a set out and in, you see it stop and set it going again, you change what cannot be changed without
# stopping a single pod, and in the end you take everything down in an orderly way.
#
# | word | what it is |
# |---|---|
# | **scale out**, **scale in** | to more replicas, to fewer. |
# | **podManagementPolicy** | `OrderedReady`: one pod at a time. `Parallel`: all at once. |
# | **orphan** | an object whose owner is gone, but which stays. |
# | **adoption** | an orphan gets a new owner. |
# | **retention policy** | what becomes of the claims when pods, or the set, go. |

# %% id="open"
from kitlib import open_lab

lab = open_lab("06-scaling")
lab

# %% [markdown] id="out-task"
# ## 1. Out, one by one
#
# The set below is complete. Two things in its template are there so that you can see more:
#
# * The *readiness probe* looks for a file `broken` on the volume. As long as there is none, the pod is Ready. That gives
#   you a switch.
# * The hook `preStop` lets every pod take a second to stop, as a real database would.

# %% id="out-set"
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
#   replicas: 1
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
#           image: nginx:1.27
#           readinessProbe:
#             exec:
#               command: ["sh", "-c", "test ! -e /usr/share/nginx/html/broken"]
#             periodSeconds: 1
#             failureThreshold: 1
#             timeoutSeconds: 5
#           lifecycle:
#             preStop:
#               exec:
#                 command: ["sleep", "1"]
#           volumeMounts:
#             - name: www
#               mountPath: /usr/share/nginx/html
#   volumeClaimTemplates:
#     - metadata:
#         name: www
#       spec:
#         accessModes: ["ReadWriteOnce"]
#         resources:
#           requests:
#             storage: 16Mi

# %% [markdown] id="out-scale-text"
# Scaling has a door of its own: the **scale subresource**. It shows no more of a set than is needed to scale it, and it
# looks the same for every kind that can be scaled:

# %% id="out-wait"
lab.wait("statefulset", "web")
# %kubectl get statefulset web --subresource=scale -o yaml

# %% [markdown] id="out-turn"
# **Your turn.** Scale the set to `3` replicas through this door: `kubectl scale` uses it. Wait until all three are Ready.

# %% id="out-begun"
begun = lab.now()

# %% id="out" solves="ordered-out"
### BEGIN SOLUTION: scale to 3 with %kubectl, and wait with lab.wait("statefulset", "web")
# %kubectl scale statefulset web --replicas=3
lab.wait("statefulset", "web")
### END SOLUTION

# %% id="out-picture"
lab.timeline("*web-*", since=begun)

# %% [markdown] id="out-seen"
# The claim of `web-1` and the pod itself come together (the claim is first, by a hair: the check below asks the API server's
# own numbering); only when the pod is green, claim and pod of `web-2` follow. And this is how the API server remembers who
# changed the number, and through which door (every object has a list `managedFields`: who has written which of its fields):

# %% id="out-managers"
found = lab.cluster.get("statefulset", "web", namespace=lab.namespace)
for entry in found["metadata"]["managedFields"]:
    print(
        entry["manager"].ljust(26), entry["operation"].ljust(8), "through", entry.get("subresource", "the set itself")
    )

# %% id="check-ordered-out" checks="ordered-out"
lab.check("ordered-out")

# %% [markdown] id="in-task"
# ## 2. In, one by one
#
# **Your turn.** Predict, then scale to `1` replica, and wait until `web-1` and `web-2` are gone. Leave the claims `www-web-0`,
# `www-web-1` and `www-web-2` alone.

# %% id="predict-in"
lab.predict("in", "?")

# %% id="in-begun"
begun = lab.now()

# %% id="in" solves="ordered-in"
### BEGIN SOLUTION: scale to 1, then wait for the set
# %kubectl scale statefulset web --replicas=1
lab.wait("statefulset", "web")
### END SOLUTION

# %% id="in-picture"
lab.timeline("*web-*", since=begun)

# %% [markdown] id="in-seen"
# The grey of `web-1` begins where the grey of `web-2` ends. The claims stay blue: all three are still there, for whoever
# comes back.

# %% id="check-ordered-in" checks="ordered-in"
lab.check("ordered-in")

# %% id="reveal-in"
lab.reveal("in")

# %% [markdown] id="stuck-task"
# ## 3. When the first one fails
#
# **Your turn**, in this order:
#
# 1. Break `web-0`: make the file `/usr/share/nginx/html/broken` in it, and wait until the probe has noticed.
#    (`kubectl wait --for=condition=Ready=false` waits for just that.)
# 2. Predict, then scale to `3` replicas.

# %% id="stuck-break" solves="blocked-out"
### BEGIN SOLUTION: make the file with %kubectl exec web-0 -- touch …, and wait until web-0 is not Ready
# %kubectl exec web-0 -- touch /usr/share/nginx/html/broken
# %kubectl wait pod/web-0 --for=condition=Ready=false --timeout=30s
### END SOLUTION

# %% id="predict-out"
lab.predict("out", "?")

# %% id="stuck-begun"
begun = lab.now()

# %% id="stuck-scale" solves="blocked-out"
### BEGIN SOLUTION: scale to 3
# %kubectl scale statefulset web --replicas=3
### END SOLUTION

# %% id="stuck-look"
import time

time.sleep(1)
# %kubectl get statefulset,pods

# %% id="stuck-why"
lab.why("pod/web-1")

# %% [markdown] id="stuck-repair-text"
# There is no `web-1`: the set waits, for as long as it takes. A new replica that would copy its data from a broken one would only spread the damage.
#
# **Your turn.** Repair `web-0`: remove the file (don't delete the pod: the file is on its volume, and its successor would
# find it again). Then wait for the set.

# %% id="stuck-repair" solves="blocked-out"
### BEGIN SOLUTION: remove the file, and wait for the set
# %kubectl exec web-0 -- rm /usr/share/nginx/html/broken
lab.wait("statefulset", "web")
### END SOLUTION

# %% id="stuck-picture"
lab.timeline("*web-*", since=begun)

# %% [markdown] id="stuck-seen"
# Yellow means: there, but not Ready. Nobody had to ask for `3` again. And look at the claims: `www-web-1` and `www-web-2` were there before, and no stroke marks
# a birth: the new pods use the volumes of their predecessors.

# %% id="check-blocked-out" checks="blocked-out"
lab.check("blocked-out")

# %% id="reveal-out"
lab.reveal("out")

# %% [markdown] id="blocked-task"
# ## 4. When one fails on the way in
#
# **Your turn.** Break `web-0` once more and wait until it is not Ready. Then scale to `2` replicas. It is `web-2` that has
# to go, and that one is well.

# %% id="predict-blocked"
lab.predict("blocked", "?")

# %% id="blocked-begun"
begun = lab.now()

# %% id="blocked" solves="blocked-in"
### BEGIN SOLUTION: break web-0 as before, and only then scale to 2
# %kubectl exec web-0 -- touch /usr/share/nginx/html/broken
# %kubectl wait pod/web-0 --for=condition=Ready=false --timeout=30s
# %kubectl scale statefulset web --replicas=2
### END SOLUTION

# %% id="blocked-look"
time.sleep(1)
# %kubectl get statefulset,pods

# %% id="blocked-why"
lab.why("statefulset/web")

# %% [markdown] id="blocked-repair-text"
# Two are asked for, three are there, and nothing moves: `web-2` might hold the only good copy of what `web-0` has lost.
# (Don't be misled by `2/2`: it counts the pods that are Ready, and here these are `web-1` and `web-2`.)
#
# **Your turn.** Repair `web-0`, and wait until `web-2` is gone.

# %% id="blocked-repair" solves="blocked-in"
### BEGIN SOLUTION: remove the file, and wait with lab.wait("pod", "web-2", until="deleted")
# %kubectl exec web-0 -- rm /usr/share/nginx/html/broken
lab.wait("pod", "web-2", until="deleted")
### END SOLUTION

# %% id="blocked-picture"
lab.timeline("web-*", kinds=["Pod"], since=begun)

# %% id="check-blocked-in" checks="blocked-in"
lab.check("blocked-in")

# %% id="reveal-blocked"
lab.reveal("blocked")

# %% [markdown] id="adopt-task"
# ## 5. Another set, the same pods
#
# All this caution has a price: time. Many programs, for example those that find each other by name and vote, need all their
# replicas at once. For them there is the policy `Parallel`. But this field of a set cannot be changed:

# %% id="adopt-try"
from kitlib.client import ApiError

try:
    lab.cluster.patch("statefulset", "web", {"spec": {"podManagementPolicy": "Parallel"}}, namespace=lab.namespace)
except ApiError as error:
    print(error.message)

# %% [markdown] id="adopt-turn"
# You could delete the set and make another one. Deleting takes the pods along, unless you ask for *orphans*: then the pods
# stay, without an owner, and go on serving. A set that is created later, with the same name and selector, takes them in.
#
# **Your turn**, in this order:
#
# 1. Delete the StatefulSet `web` with `--cascade=orphan`.
# 2. Look at the pods: who owns them now?
# 3. Predict. Then complete the manifest of the new set: `podManagementPolicy` is `Parallel`, and `replicas` is as many as
#    there are pods: `2`.

# %% id="adopt-before"
before = {name: lab.uid("pod", name) for name in ("web-0", "web-1")}

# %% id="adopt-begun"
begun = lab.now()

# %% id="adopt-orphan" solves="adopted"
### BEGIN SOLUTION: delete the set, and leave its pods as orphans
# %kubectl delete statefulset web --cascade=orphan
### END SOLUTION

# %% id="adopt-look"
# %kubectl get statefulsets
# %kubectl get pods -o custom-columns=NAME:.metadata.name,OWNER:.metadata.ownerReferences[*].kind,PHASE:.status.phase

# %% id="predict-adopt"
lab.predict("adopt", "?")

# %% id="adopt" solves="adopted"
# %%manifest manifests/parallel.yaml
# apiVersion: apps/v1
# kind: StatefulSet
# metadata:
#   name: web
# spec:
#   serviceName: web
#   ### BEGIN SOLUTION: the policy, and the number of replicas
#   podManagementPolicy: Parallel
#   replicas: 2
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
#           image: nginx:1.27
#           readinessProbe:
#             exec:
#               command: ["sh", "-c", "test ! -e /usr/share/nginx/html/broken"]
#             periodSeconds: 1
#             failureThreshold: 1
#             timeoutSeconds: 5
#           lifecycle:
#             preStop:
#               exec:
#                 command: ["sleep", "1"]
#           volumeMounts:
#             - name: www
#               mountPath: /usr/share/nginx/html
#   volumeClaimTemplates:
#     - metadata:
#         name: www
#       spec:
#         accessModes: ["ReadWriteOnce"]
#         resources:
#           requests:
#             storage: 16Mi

# %% id="adopt-wait" solves="adopted"
### BEGIN SOLUTION: wait for the set, and compare the pods' UIDs with `before`
lab.wait("statefulset", "web")
print({name: lab.uid("pod", name) == before[name] for name in before})
### END SOLUTION

# %% id="adopt-after"
# %kubectl get pods -o custom-columns=NAME:.metadata.name,OWNER:.metadata.ownerReferences[*].kind,PHASE:.status.phase

# %% id="adopt-picture"
lab.timeline("web-*", kinds=["Pod"], since=begun)

# %% id="check-adopted" checks="adopted"
lab.check("adopted")

# %% id="reveal-adopt"
lab.reveal("adopt")

# %% [markdown] id="parallel-task"
# ## 6. All at once
#
# **Your turn.** Scale to `5` replicas, wait, and then back to `2`. Compare the picture with those of steps 1 and 2: how do
# `web-2`, `web-3` and `web-4` come and go?

# %% id="parallel-begun"
begun = lab.now()

# %% id="parallel" solves="parallel"
### BEGIN SOLUTION: scale to 5, wait for the set, scale to 2, wait again
# %kubectl scale statefulset web --replicas=5
lab.wait("statefulset", "web")
# %kubectl scale statefulset web --replicas=2
lab.wait("statefulset", "web")
### END SOLUTION

# %% id="parallel-picture"
lab.timeline("*web-*", since=begun)

# %% [markdown] id="parallel-seen"
# Three births at one moment, three ends at one moment. Names and claims are what they are with the other policy: only
# the waiting is gone.

# %% id="check-parallel" checks="parallel"
lab.check("parallel")

# %% [markdown] id="scaled-task"
# ## 7. Claims that go with their pods
#
# Five claims for two pods: they are kept for a return. Not every replica's data is worth that; a cache, for example, is
# filled again. `persistentVolumeClaimRetentionPolicy` says what is to become of the claims:
#
# | field | when | values |
# |---|---|---|
# | `whenScaled` | a replica is scaled away | `Retain` (if you say nothing), `Delete` |
# | `whenDeleted` | the set is deleted | `Retain` (if you say nothing), `Delete` |
#
# **Your turn**, in this order:
#
# 1. Scale to `3` replicas, and wait. Note the UID of the claim `www-web-2`.
# 2. Set `whenScaled` to `Delete`, leave `whenDeleted` at `Retain`.
# 3. Predict, then scale to `2`, and wait until the claim `www-web-2` is deleted.

# %% id="scaled-out" solves="when-scaled"
### BEGIN SOLUTION: scale to 3, wait, and keep the claim's UID in `claim_before`
# %kubectl scale statefulset web --replicas=3
lab.wait("statefulset", "web")
claim_before = lab.uid("pvc", "www-web-2")
### END SOLUTION

# %% id="predict-scaled"
lab.predict("scaled", "?")

# %% id="scaled-begun"
begun = lab.now()

# %% id="scaled-in" solves="when-scaled"
### BEGIN SOLUTION: set the policy with %kubectl patch, scale to 2, wait for the claim to be deleted
# %kubectl patch statefulset web -p '{"spec": {"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete"}}}'
# %kubectl scale statefulset web --replicas=2
lab.wait("pvc", "www-web-2", until="deleted")
### END SOLUTION

# %% id="scaled-picture"
lab.timeline("*web-*", since=begun)

# %% [markdown] id="scaled-seen"
# `www-web-2` went after its pod. `www-web-3` and `www-web-4` are still there: they were left behind before the policy was
# changed, and it is asked only when a pod is scaled away.
#
# **Your turn.** Scale to `3` again. Is it the same claim?

# %% id="scaled-again" solves="when-scaled"
### BEGIN SOLUTION: scale to 3, wait, and compare the claim's UID with `claim_before`
# %kubectl scale statefulset web --replicas=3
lab.wait("statefulset", "web")
print("same claim object:", lab.uid("pvc", "www-web-2") == claim_before)
### END SOLUTION

# %% id="check-when-scaled" checks="when-scaled"
lab.check("when-scaled")

# %% id="reveal-scaled"
lab.reveal("scaled")

# %% [markdown] id="start-task"
# ## 8. Counting from another number
#
# `ordinals.start` moves the whole row of names: with 3 replicas and the start `3`, the pods are `web-3`, `web-4` and `web-5`.
# That is how a set can be moved to another cluster piece by piece, without two pods of one name: one cluster counts from
# the bottom while the other has the top.
#
# **Your turn**, in this order:
#
# 1. Set `whenScaled` back to `Retain`: nobody wants to lose data while moving.
# 2. Predict, then set `start` in the set's `ordinals` to `3`, and wait until `web-0`, `web-1` and `web-2` are gone.

# %% id="predict-start"
lab.predict("start", "?")

# %% id="start-retain" solves="start-at-three"
### BEGIN SOLUTION: the retention policy first
# %kubectl patch statefulset web -p '{"spec": {"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Retain"}}}'
### END SOLUTION

# %% id="start-begun"
begun = lab.now()

# %% id="start" solves="start-at-three"
### BEGIN SOLUTION: then the start, and wait for the set and for the end of the old pods
# %kubectl patch statefulset web -p '{"spec": {"ordinals": {"start": 3}}}'
lab.wait("statefulset", "web")
for name in ("web-0", "web-1", "web-2"):
    lab.wait("pod", name, until="deleted")
### END SOLUTION

# %% id="start-look"
# %kubectl get pods,persistentvolumeclaims

# %% id="start-picture"
lab.timeline("*web-*", since=begun)

# %% [markdown] id="start-seen"
# `web-3` and `web-4` took the claims that step 6 had left; only `www-web-5` is new. The old pods went at the moment the new
# ones came: that is the policy `Parallel`, which waits for nobody.

# %% id="check-start-at-three" checks="start-at-three"
lab.check("start-at-three")

# %% id="reveal-start"
lab.reveal("start")

# %% [markdown] id="end-task"
# ## 9. Lights out, in order
#
# Deleting a set deletes its pods too, but only as a clean-up: the set is gone first, then all its pods stop together, and
# nobody waits for them. If the order matters, scale to 0, wait, and delete an empty set. (This one is `Parallel`, so its pods
# still go together, but before the set. With `OrderedReady` they would go one by one, as in step 2.)
#
# And the data? Six claims are there. Let the set take its own along this time.
#
# **Your turn**, in this order:
#
# 1. Set `whenDeleted` to `Delete`, while the pods are still there. Look at the owners of the claims.
# 2. Scale to `0`, and wait.
# 3. Predict. Delete the StatefulSet, and wait until `www-web-5` is gone.

# %% id="end-policy" solves="graceful-removal"
### BEGIN SOLUTION: set the policy
# %kubectl patch statefulset web -p '{"spec": {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}}}'
### END SOLUTION

# %% id="end-owners"
# %kubectl wait pvc/www-web-5 --for=jsonpath='{.metadata.ownerReferences[0].kind}'=StatefulSet --timeout=10s
# %kubectl get persistentvolumeclaims -o custom-columns=NAME:.metadata.name,OWNER:.metadata.ownerReferences[*].kind

# %% [markdown] id="end-owners-seen"
# The claims of the three pods belong to the set now: what deletes them later is the same garbage collection that deletes
# pods. The claims of `web-0`, `web-1` and `web-2` have no pod, so nobody looked at them.

# %% id="end-begun"
begun = lab.now()

# %% id="end-scale" solves="graceful-removal"
### BEGIN SOLUTION: scale to 0, and wait for the set
# %kubectl scale statefulset web --replicas=0
lab.wait("statefulset", "web")
### END SOLUTION

# %% id="predict-end"
lab.predict("end", "?")

# %% id="end-delete" solves="graceful-removal"
### BEGIN SOLUTION: delete the set, and wait for the claim to be deleted
# %kubectl delete statefulset web
lab.wait("pvc", "www-web-5", until="deleted")
### END SOLUTION

# %% id="end-picture"
lab.timeline("*web-*", since=begun)

# %% id="end-look"
# %kubectl get persistentvolumeclaims

# %% id="check-graceful-removal" checks="graceful-removal"
lab.check("graceful-removal")

# %% id="reveal-end"
lab.reveal("end")

# %% [markdown] id="summary"
# ## What you have seen
#
# | you did | what happened | and the claims |
# |---|---|---|
# | scaled out | from the lowest ordinal up, each after the one before it was Ready | made, or found again |
# | scaled in | from the highest down, each after the one before it was gone | kept |
# | scaled while a lower pod was broken | nothing, in both directions, until it was repaired | – |
# | deleted the set with `--cascade=orphan` | the pods stayed, and a new set adopted them | kept |
# | scaled with the policy `Parallel` | all at once | the same as ever |
# | scaled in with `whenScaled: Delete` | the pod went, then the claim | that one deleted |
# | moved `ordinals.start` | new names came, old ones went | kept, and found again |
# | scaled to 0, then deleted, with `whenDeleted: Delete` | an orderly end | the set's own deleted |
#
# The whole story:

# %% id="story"
lab.timeline("web-*", kinds=["Pod"])

# %% id="scores" tags=["nbval-check-output"]
lab.scores()

# %% [markdown] id="end-links"
# What a claim is for, and what a pod's identity consists of, is [lab 05](../05-volume-claim-templates/lab.ipynb). The next
# one, [lab 07, updates and canaries](../07-updates-and-canaries/lab.ipynb), changes what the pods *are* instead of how
# many: there too, one broken pod stops everything. In [lab 08](../08-redis-replication/lab.ipynb) the replicas copy
# their data from each other, and the order gets its meaning.
#
# The next cell removes everything this lab has made, and nothing else.

# %% id="reset"
# lab.reset()
