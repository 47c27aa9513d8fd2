# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] id="title"
# # Lab 03: Volumes and claims
#
# Files in a container go when the container goes. What is to stay needs a place with a life of its own, and two people
# who agree on it: an administrator who has disks, and a developer who needs one. Kubernetes gives each of them an object,
# so that they never have to talk: the administrator writes a **volume**, the developer a **claim**, and the cluster
# brings the two together.
#
# In this lab you are both. You watch volumes through their whole lives, and you find out which volume a claim gets, who
# may use it at the same time, and what is left when the claim is gone.
#
# | word | what it is |
# |---|---|
# | **PersistentVolume** (PV) | a piece of storage. It has no namespace: it belongs to the whole cluster. |
# | **PersistentVolumeClaim** (PVC) | a request for storage, in a namespace. |
# | **binding** | a volume and a claim find each other, one to one. |
# | **access mode** | who may use the volume at the same time. |
# | **class** | a name that a volume and a claim must share to find each other. |
# | **reclaim policy** | what becomes of the volume when its claim is deleted. |

# %% id="open"
from kitlib import open_lab

lab = open_lab("03-volumes-and-claims")
lab

# %% [markdown] id="volumes-task"
# ## 1. Three disks
#
# The simplest disk is a directory on the node: `hostPath`. It is fine for learning, and only there: on a cluster of
# several nodes, a pod would find another directory on each of them. So each volume has a `nodeAffinity`, which says on which
# nodes it is to be found, and pods that use it are sent there. (With one node it changes nothing. The names in it are for
# the kit's clusters of three nodes; on another cluster of several nodes, put all its nodes but one there.)
#
# **Your turn**, as the administrator. The first volume is written already; complete the other two:
#
# | volume | capacity | access modes | directory on the node |
# |---|---|---|---|
# | `disk-small` | `64Mi` | `ReadWriteOncePod` | `/srv/lab-03/small` |
# | `disk-medium` | `128Mi` | `ReadWriteOnce` | `/srv/lab-03/medium` |
# | `disk-large` | `256Mi` | `ReadWriteOnce`, `ReadOnlyMany`, `ReadWriteMany` | `/srv/lab-03/large` |
#
# All three have the class `manual`, the reclaim policy `Retain` and the `hostPath` type `DirectoryOrCreate`.

# %% id="volumes-begun"
begun = lab.now()

# %% id="volumes" solves="three-volumes"
# %%manifest manifests/volumes.yaml
# apiVersion: v1
# kind: PersistentVolume
# metadata:
#   name: disk-small
# spec:
#   capacity:
#     storage: 64Mi
#   accessModes: ["ReadWriteOncePod"]
#   storageClassName: manual
#   persistentVolumeReclaimPolicy: Retain
#   hostPath:
#     path: /srv/lab-03/small
#     type: DirectoryOrCreate
#   nodeAffinity:
#     required:
#       nodeSelectorTerms:
#         - matchExpressions:
#             - {key: kubernetes.io/hostname, operator: NotIn, values: [kit-worker2, kit-default-worker2]}
# ---
# apiVersion: v1
# kind: PersistentVolume
# metadata:
#   name: disk-medium
# spec:
#   ### BEGIN SOLUTION: capacity, access modes, class, policy and directory of the medium disk
#   capacity:
#     storage: 128Mi
#   accessModes: ["ReadWriteOnce"]
#   storageClassName: manual
#   persistentVolumeReclaimPolicy: Retain
#   hostPath:
#     path: /srv/lab-03/medium
#     type: DirectoryOrCreate
#   ### END SOLUTION
#   nodeAffinity:
#     required:
#       nodeSelectorTerms:
#         - matchExpressions:
#             - {key: kubernetes.io/hostname, operator: NotIn, values: [kit-worker2, kit-default-worker2]}
# ---
# apiVersion: v1
# kind: PersistentVolume
# metadata:
#   name: disk-large
# spec:
#   ### BEGIN SOLUTION: and those of the large disk
#   capacity:
#     storage: 256Mi
#   accessModes: ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany"]
#   storageClassName: manual
#   persistentVolumeReclaimPolicy: Retain
#   hostPath:
#     path: /srv/lab-03/large
#     type: DirectoryOrCreate
#   ### END SOLUTION
#   nodeAffinity:
#     required:
#       nodeSelectorTerms:
#         - matchExpressions:
#             - {key: kubernetes.io/hostname, operator: NotIn, values: [kit-worker2, kit-default-worker2]}

# %% id="volumes-look"
# %kubectl get persistentvolumes

# %% [markdown] id="volumes-seen"
# `Available`: there, and nobody's. kubectl shortens the modes (`RWO`, `ROX`, `RWX`, `RWOP`). Each volume was `Pending` for
# a moment before. The picture below has yellow for it, but that moment may be too short to be seen.

# %% id="volumes-picture"
lab.timeline("disk-*", kinds=["PersistentVolume"], since=begun)

# %% id="check-three-volumes" checks="three-volumes"
lab.check("three-volumes")

# %% [markdown] id="class-task"
# ## 2. The class must be the same
#
# A developer comes along and asks for very little: `10Mi`, `ReadWriteOnce`. Two of your disks could give that. But the
# claim is of the class `fast`.

# %% id="predict-class"
lab.predict("class", "?")

# %% id="class-claim"
# %%manifest manifests/claim-fast.yaml
# apiVersion: v1
# kind: PersistentVolumeClaim
# metadata:
#   name: fast
# spec:
#   storageClassName: fast
#   accessModes: ["ReadWriteOnce"]
#   resources:
#     requests:
#       storage: 10Mi

# %% id="class-look"
# %kubectl get persistentvolumeclaims
# %kubectl get storageclasses

# %% id="class-why"
lab.why("pvc/fast")

# %% [markdown] id="class-seen"
# The claim waits, and it would wait for ever. Three disks are free, but none of them is called `fast`; so the cluster
# looked for a StorageClass of that name which could *make* a volume, and there is none either. (There is none called
# `manual`: for volumes made by hand the class is a name to match, nothing more. Classes that make volumes are the topic
# of lab 04.)
#
# **Your turn.** A claim cannot change its class, and you cannot ask the developer. Give the cluster what the claim asks
# for: a fourth volume `disk-fast` of the class `fast`, with `32Mi`, `ReadWriteOnce`, the directory `/srv/lab-03/fast`
# (type `DirectoryOrCreate`), and, unlike the others, the reclaim policy `Delete`. Leave the claim and the other disks alone.

# %% id="class" solves="class-decides"
# %%manifest manifests/volume-fast.yaml
# ### BEGIN SOLUTION: write the whole volume
# apiVersion: v1
# kind: PersistentVolume
# metadata:
#   name: disk-fast
# spec:
#   capacity:
#     storage: 32Mi
#   accessModes: ["ReadWriteOnce"]
#   storageClassName: fast
#   persistentVolumeReclaimPolicy: Delete
#   hostPath:
#     path: /srv/lab-03/fast
#     type: DirectoryOrCreate
# ### END SOLUTION

# %% id="class-wait" solves="class-decides"
### BEGIN SOLUTION: wait for the claim: lab.wait("pvc", "fast")
lab.wait("pvc", "fast")
### END SOLUTION

# %% id="class-picture"
lab.timeline("*fast", kinds=["PersistentVolume", "PersistentVolumeClaim"], since=begun)

# %% id="check-class-decides" checks="class-decides"
lab.check("class-decides")

# %% id="reveal-class"
lab.reveal("class")

# %% [markdown] id="claims-task"
# ## 3. Which volume wins?
#
# Now three claims of the class `manual`. A volume fits if it is Available, offers *all* the modes that the claim asks for,
# and is at least as large.
#
# | claim | asks for | access modes |
# |---|---|---|
# | `data` | `100Mi` | `ReadWriteOnce` |
# | `shared` | `10Mi` | `ReadOnlyMany`, `ReadWriteMany` |
# | `single` | `50Mi` | `ReadWriteOncePod` |
#
# **Your turn**, as the developer. Predict first, then complete the claims. Don't name a volume in a claim: let the cluster
# choose.

# %% id="predict-fit"
lab.predict("fit", "?")

# %% id="claims-begun"
begun = lab.now()

# %% id="claims" solves="smallest-fits"
# %%manifest manifests/claims.yaml
# apiVersion: v1
# kind: PersistentVolumeClaim
# metadata:
#   name: data
# spec:
#   storageClassName: manual
#   accessModes: ["ReadWriteOnce"]
#   resources:
#     requests:
#       storage: 100Mi
# ---
# apiVersion: v1
# kind: PersistentVolumeClaim
# metadata:
#   name: shared
# spec:
#   ### BEGIN SOLUTION: class, access modes and size of the second claim
#   storageClassName: manual
#   accessModes: ["ReadOnlyMany", "ReadWriteMany"]
#   resources:
#     requests:
#       storage: 10Mi
#   ### END SOLUTION
# ---
# apiVersion: v1
# kind: PersistentVolumeClaim
# metadata:
#   name: single
# spec:
#   ### BEGIN SOLUTION: and of the third
#   storageClassName: manual
#   accessModes: ["ReadWriteOncePod"]
#   resources:
#     requests:
#       storage: 50Mi
#   ### END SOLUTION

# %% id="claims-wait" solves="smallest-fits"
### BEGIN SOLUTION: wait until each of the three is bound, with lab.wait as above
for claim in ("data", "shared", "single"):
    lab.wait("pvc", claim)
### END SOLUTION

# %% id="claims-look"
# %kubectl get persistentvolumeclaims

# %% id="claims-picture"
lab.timeline(kinds=["PersistentVolume", "PersistentVolumeClaim"], since=begun)

# %% [markdown] id="claims-seen"
# Each bar says who has whom. Two things to notice in the table above it:
#
# * `data` got `disk-medium`: of all that fit, the **smallest** wins. `shared` had no choice: one disk alone offers its modes.
# * The column CAPACITY shows `256Mi` for a claim that asked for `10Mi`. A claim gets a volume **whole**; the rest is
#   nobody else's.

# %% id="check-smallest-fits" checks="smallest-fits"
lab.check("smallest-fits")

# %% id="reveal-fit"
lab.reveal("fit")

# %% [markdown] id="modes-task"
# ## 4. Who may use it at the same time
#
# | mode | short | meaning |
# |---|---|---|
# | `ReadWriteOnce` | RWO | one **node** may mount it: any number of pods, as long as they are there |
# | `ReadOnlyMany` | ROX | many nodes, for reading |
# | `ReadWriteMany` | RWX | many nodes, for reading and writing |
# | `ReadWriteOncePod` | RWOP | one **pod** in the whole cluster; a volume with this mode can have no other |
#
# **Your turn.** Below are three pods. `writer` is complete. Complete
#
# * `reader`, which mounts the claim `data` at `/data` and the claim `shared` at `/shared`, but `shared` **read-only**: write
#   `readOnly: true` at the claim in `volumes`, beside `claimName`;
# * `second`, which mounts the claim `single` at `/single`, as `writer` does already.

# %% id="predict-modes"
lab.predict("modes", "?")

# %% id="modes" solves="who-may-use"
# %%manifest manifests/pods.yaml
# apiVersion: v1
# kind: Pod
# metadata:
#   name: writer
# spec:
#   terminationGracePeriodSeconds: 1
#   containers:
#     - name: box
#       image: busybox:1.36
#       command: ["sleep", "3600"]
#       volumeMounts:
#         - {name: data, mountPath: /data}
#         - {name: shared, mountPath: /shared}
#         - {name: single, mountPath: /single}
#   volumes:
#     - name: data
#       persistentVolumeClaim: {claimName: data}
#     - name: shared
#       persistentVolumeClaim: {claimName: shared}
#     - name: single
#       persistentVolumeClaim: {claimName: single}
# ---
# apiVersion: v1
# kind: Pod
# metadata:
#   name: reader
# spec:
#   terminationGracePeriodSeconds: 1
#   containers:
#     - name: box
#       image: busybox:1.36
#       command: ["sleep", "3600"]
#       ### BEGIN SOLUTION: mount both volumes
#       volumeMounts:
#         - {name: data, mountPath: /data}
#         - {name: shared, mountPath: /shared}
#       ### END SOLUTION
#   ### BEGIN SOLUTION: say which claims they are, one of them read-only
#   volumes:
#     - name: data
#       persistentVolumeClaim: {claimName: data}
#     - name: shared
#       persistentVolumeClaim: {claimName: shared, readOnly: true}
#   ### END SOLUTION
# ---
# apiVersion: v1
# kind: Pod
# metadata:
#   name: second
# spec:
#   terminationGracePeriodSeconds: 1
#   containers:
#     - name: box
#       image: busybox:1.36
#       command: ["sleep", "3600"]
#       ### BEGIN SOLUTION: mount the volume of the claim
#       volumeMounts:
#         - {name: single, mountPath: /single}
#       ### END SOLUTION
#   ### BEGIN SOLUTION: say which claim it is
#   volumes:
#     - name: single
#       persistentVolumeClaim: {claimName: single}
#   ### END SOLUTION

# %% id="modes-wait" solves="who-may-use"
### BEGIN SOLUTION: wait for the pods that you expect to run
lab.wait("pod", "writer")
lab.wait("pod", "reader")
### END SOLUTION

# %% id="modes-look"
# %kubectl get pods -o wide

# %% id="modes-why"
lab.why("pod/second")

# %% [markdown] id="modes-seen"
# `writer` and `reader` share a ReadWriteOnce claim, for they are on one node. `second` is not even given a node: its claim
# is ReadWriteOncePod, and a pod has it. Now write something, read it from the other pod, and try to change it there:

# %% id="modes-try"
# %kubectl exec writer -- sh -c 'echo from the writer > /shared/note.txt'
# %kubectl exec reader -- cat /shared/note.txt
# %kubectl exec reader -- sh -c 'echo from the reader > /shared/note.txt || true'

# %% [markdown] id="modes-note"
# What makes the mount read-only is the pod that asks for it so, not the mode: modes decide which volume fits and, for
# RWOP, which pod may start. They don't guard files.

# %% id="check-who-may-use" checks="who-may-use"
lab.check("who-may-use")

# %% id="reveal-modes"
lab.reveal("modes")

# %% [markdown] id="protect-task"
# ## 5. Deleted while in use
#
# **Your turn**, in this order:
#
# 1. In `writer`, write the pod's UID into the file `/data/hello.txt`. You will look for it later, when pod and claim are gone.
# 2. Delete the claim `data` while both pods run. Use `--wait=false`, or kubectl will wait until the claim is really gone.

# %% id="predict-protect"
lab.predict("protect", "?")

# %% id="protect-begun"
begun = lab.now()

# %% id="protect-write" solves="claim-protected"
### BEGIN SOLUTION: note the UID in `writer`, and write it into the file with %kubectl exec writer -- sh -c '…'
writer = lab.uid("pod", "writer")
# %kubectl exec writer -- sh -c 'echo {writer} > /data/hello.txt'
### END SOLUTION

# %% id="protect-delete" solves="claim-protected"
### BEGIN SOLUTION: delete the claim, without waiting
# %kubectl delete persistentvolumeclaim data --wait=false
### END SOLUTION

# %% id="protect-look"
# %kubectl get persistentvolumeclaim data
# %kubectl get persistentvolumeclaim data -o jsonpath='{.metadata.finalizers}'
# %kubectl exec writer -- cat /data/hello.txt

# %% [markdown] id="protect-seen"
# Terminating, yet the pods work on. The *finalizer* `kubernetes.io/pvc-protection` holds the claim: an object with
# finalizers stays until each of them has been taken off, and this one is taken off when no pod uses the claim any more.
#
# **Your turn.** Delete the pods `writer` and `reader`, and wait until the claim is gone. Watch `second` meanwhile.

# %% id="protect-release" solves="claim-protected"
### BEGIN SOLUTION: delete both pods, then wait with lab.wait("pvc", "data", until="deleted")
# %kubectl delete pod writer reader
lab.wait("pvc", "data", until="deleted")
lab.wait("pod", "second")
### END SOLUTION

# %% id="protect-picture"
lab.timeline(kinds=["PersistentVolume", "PersistentVolumeClaim", "Pod"], since=begun)

# %% [markdown] id="protect-after"
# Read it from below: the pods go, and only then the claim `data`, grey since you deleted it, is gone. At that moment
# `disk-medium` turns purple: **Released**. And `second` starts at last, for nobody else has `single` now.

# %% id="check-claim-protected" checks="claim-protected"
lab.check("claim-protected")

# %% id="reveal-protect"
lab.reveal("protect")

# %% [markdown] id="again-task"
# ## 6. Released is not Available
#
# The policy of `disk-medium` is `Retain`: the volume stays, and so do the files. The developer notices the mistake and asks
# for the same again.
#
# **Your turn.** Predict, then make the claim `data` again, just as it was: class `manual`, `100Mi`, `ReadWriteOnce`.

# %% id="predict-again"
lab.predict("again", "?")

# %% id="again-begun"
begun = lab.now()

# %% id="again" solves="rebound"
# %%manifest manifests/claim-again.yaml
# ### BEGIN SOLUTION: write the whole claim
# apiVersion: v1
# kind: PersistentVolumeClaim
# metadata:
#   name: data
# spec:
#   storageClassName: manual
#   accessModes: ["ReadWriteOnce"]
#   resources:
#     requests:
#       storage: 100Mi
# ### END SOLUTION

# %% id="again-look"
# %kubectl get persistentvolumeclaim data
# %kubectl get persistentvolume disk-medium

# %% id="again-uids"
volume = lab.cluster.get("pv", "disk-medium")
print("disk-medium is reserved for the claim", volume["spec"]["claimRef"]["name"], volume["spec"]["claimRef"]["uid"])
print("the claim that is there now is       ", "data", lab.uid("pvc", "data"))

# %% [markdown] id="again-seen"
# The same name, but another object. `spec.claimRef` of the volume holds the *UID* of the claim it belonged to, so that
# nobody comes into somebody else's data by choosing the right name. Only an administrator can say that it is all right.
#
# **Your turn**, as the administrator: make `disk-medium` available by removing `claimRef` from its `spec` (`kubectl patch`
# with `--type=json` can remove a field). Then, as the developer, complete the pod `heir`, which mounts the claim `data` at
# `/data`, and look whether `/data/hello.txt` is there.

# %% id="again-clear" solves="rebound"
### BEGIN SOLUTION: remove the field with %kubectl patch, then wait for the claim
# %kubectl patch persistentvolume disk-medium --type=json -p '[{"op": "remove", "path": "/spec/claimRef"}]'
lab.wait("pvc", "data")
### END SOLUTION

# %% id="again-heir" solves="rebound"
# %%manifest manifests/heir.yaml
# apiVersion: v1
# kind: Pod
# metadata:
#   name: heir
# spec:
#   terminationGracePeriodSeconds: 1
#   containers:
#     - name: box
#       image: busybox:1.36
#       command: ["sleep", "3600"]
#       ### BEGIN SOLUTION: mount the volume
#       volumeMounts:
#         - {name: data, mountPath: /data}
#       ### END SOLUTION
#   ### BEGIN SOLUTION: say which claim it is
#   volumes:
#     - name: data
#       persistentVolumeClaim: {claimName: data}
#   ### END SOLUTION

# %% id="again-read" solves="rebound"
### BEGIN SOLUTION: wait for the pod, and show the file
lab.wait("pod", "heir")
# %kubectl exec heir -- cat /data/hello.txt
### END SOLUTION

# %% id="again-picture"
lab.timeline(kinds=["PersistentVolume", "PersistentVolumeClaim"], since=begun)

# %% id="check-rebound" checks="rebound"
lab.check("rebound")

# %% id="reveal-again"
lab.reveal("again")

# %% [markdown] id="policy-task"
# ## 7. When the policy is Delete
#
# `Retain` keeps. `Delete` asks whoever *made* the storage to remove it. See it twice: once with a volume that a program
# made, once with one that you made.
#
# First the program. The claim `scratch` names no class, so it gets the cluster's default one (the one that
# `kubectl get storageclasses` marks), which makes a volume as soon as a pod uses the claim.

# %% id="policy-scratch"
# %%manifest manifests/scratch.yaml
# apiVersion: v1
# kind: PersistentVolumeClaim
# metadata:
#   name: scratch
# spec:
#   accessModes: ["ReadWriteOnce"]
#   resources:
#     requests:
#       storage: 10Mi
# ---
# apiVersion: v1
# kind: Pod
# metadata:
#   name: scratch
# spec:
#   terminationGracePeriodSeconds: 1
#   containers:
#     - name: box
#       image: busybox:1.36
#       command: ["sleep", "3600"]
#       volumeMounts:
#         - {name: scratch, mountPath: /scratch}
#   volumes:
#     - name: scratch
#       persistentVolumeClaim: {claimName: scratch}

# %% id="policy-scratch-wait"
lab.wait("pod", "scratch")
# %kubectl get persistentvolumes

# %% [markdown] id="policy-turn"
# The volume whose name begins with `pvc-` has the policy `Delete`, as has `disk-fast`.
#
# **Your turn.** Delete the pod `scratch`, and then the claims `scratch` and `fast`. What becomes of the two volumes?

# %% id="predict-policy"
lab.predict("policy", "?")

# %% id="policy-begun"
begun = lab.now()

# %% id="policy-delete" solves="delete-policy"
### BEGIN SOLUTION: delete the pod, then both claims
# %kubectl delete pod scratch
# %kubectl delete persistentvolumeclaim scratch fast
### END SOLUTION

# %% id="policy-wait" solves="delete-policy"
### BEGIN SOLUTION: wait until the phase of disk-fast is another one: lab.wait("pv", "disk-fast", until="…")
lab.wait("pv", "disk-fast", until="Failed")
### END SOLUTION

# %% id="policy-look"
# %kubectl get persistentvolumes
# %kubectl get persistentvolume disk-fast -o jsonpath='{.status.message}'

# %% id="policy-picture"
lab.timeline(kinds=["PersistentVolume", "PersistentVolumeClaim"], since=begun)

# %% [markdown] id="policy-seen"
# The provisioner that made the `pvc-` volume has removed it, directory and all. Nobody made `disk-fast` but you, nobody
# feels responsible for a directory in `/srv`, and the volume has **Failed**: the claim is gone, and the volume can neither be
# used nor vanish. So a volume made by hand should say `Retain`.
#
# **Your turn.** Repair `disk-fast`: set its `persistentVolumeReclaimPolicy` to `Retain` and make it `Available` again.

# %% id="policy-repair" solves="delete-policy"
### BEGIN SOLUTION: two changes of the volume's spec, with one %kubectl patch or with two
# %kubectl patch persistentvolume disk-fast -p '{"spec": {"persistentVolumeReclaimPolicy": "Retain", "claimRef": null}}'
lab.wait("pv", "disk-fast", until="Available")
### END SOLUTION

# %% [markdown] id="recycle-text"
# A third policy, `Recycle`, once wiped a volume and offered it to the next claim. Ask the API server what it thinks of it
# today; `--dry-run=server` lets it look without storing anything:

# %% id="recycle-look"
# %kubectl patch persistentvolume disk-fast --dry-run=server -p '{"spec": {"persistentVolumeReclaimPolicy": "Recycle"}}'

# %% [markdown] id="recycle-seen"
# It is deprecated in favour of volumes that are made on demand: making a fresh one is safer than cleaning a used one.

# %% id="check-delete-policy" checks="delete-policy"
lab.check("delete-policy")

# %% id="reveal-policy"
lab.reveal("policy")

# %% [markdown] id="volume-task"
# ## 8. A volume is protected as well
#
# `second` still runs, with the claim `single` on `disk-small`.
#
# **Your turn.** Delete the volume `disk-small` under it, with `--wait=false`. Look. Then delete the pod `second` and the claim
# `single`, and wait until the volume is gone.

# %% id="predict-volume"
lab.predict("volume", "?")

# %% id="volume-begun"
begun = lab.now()

# %% id="volume-delete" solves="volume-protected"
### BEGIN SOLUTION: delete the volume, without waiting
# %kubectl delete persistentvolume disk-small --wait=false
### END SOLUTION

# %% id="volume-look"
# %kubectl get persistentvolume disk-small
# %kubectl get persistentvolumeclaim single
# %kubectl get pod second

# %% id="volume-release" solves="volume-protected"
### BEGIN SOLUTION: delete the pod and the claim, then wait for the volume to be deleted
# %kubectl delete pod second
# %kubectl delete persistentvolumeclaim single
lab.wait("pv", "disk-small", until="deleted")
### END SOLUTION

# %% id="volume-picture"
lab.timeline(kinds=["PersistentVolume", "PersistentVolumeClaim", "Pod"], since=begun)

# %% id="check-volume-protected" checks="volume-protected"
lab.check("volume-protected")

# %% id="reveal-volume"
lab.reveal("volume")

# %% [markdown] id="node-text"
# ### And the directory?
#
# The object `disk-small` is gone. A volume made by hand only *describes* storage, so let a pod look at the node itself (the
# same node as before: this pod has no volume that would send it there):

# %% id="node-pod"
# %%manifest
# apiVersion: v1
# kind: Pod
# metadata:
#   name: node
# spec:
#   terminationGracePeriodSeconds: 1
#   containers:
#     - name: box
#       image: busybox:1.36
#       command: ["sleep", "3600"]
#       volumeMounts:
#         - {name: srv, mountPath: /srv}
#   volumes:
#     - name: srv
#       hostPath: {path: /srv/lab-03}
#   affinity:
#     nodeAffinity:
#       requiredDuringSchedulingIgnoredDuringExecution:
#         nodeSelectorTerms:
#           - matchExpressions:
#               - {key: kubernetes.io/hostname, operator: NotIn, values: [kit-worker2, kit-default-worker2]}

# %% id="node-look"
lab.wait("pod", "node")
# %kubectl exec node -- ls /srv

# %% [markdown] id="summary"
# The directory of `disk-small` is still there: what nobody was asked to delete, nobody deletes. (And there is none for
# `disk-fast`. A volume was promised, claimed and failed, but no pod ever mounted it, and only then is the directory made.)
#
# ## What you have seen
#
# | event | claim | volume | files |
# |---|---|---|---|
# | a claim fits several volumes | Bound | the smallest that fits, whole | – |
# | no volume of its class | Pending | stays Available | – |
# | claim deleted while a pod uses it | Terminating, until the pods are gone | stays Bound | safe |
# | claim gone, policy Retain | – | Released, for nobody | kept |
# | same claim made again | Pending | stays Released | kept |
# | `claimRef` cleared | Bound | Available, then Bound | **the same files** |
# | claim gone, policy Delete, made by a provisioner | – | gone | deleted |
# | claim gone, policy Delete, made by hand | – | Failed | kept |
# | volume deleted while Bound | stays Bound | Terminating, until the claim is gone | kept |
#
# The whole story, volumes above their claims:

# %% id="story"
lab.timeline(kinds=["PersistentVolume", "PersistentVolumeClaim"])

# %% id="scores" tags=["nbval-check-output"]
lab.scores()

# %% [markdown] id="end"
# Making a volume by hand for every claim is work that a program can do: that is
# [lab 04, dynamic provisioning](../04-dynamic-provisioning/lab.ipynb). Claims made by a StatefulSet, one per replica, come
# in [lab 05](../05-volume-claim-templates/lab.ipynb). The lab before this one was
# [lab 02, names for pods](../02-headless-services/lab.ipynb).
#
# The next cell removes the objects of this lab, also the volumes, and nothing else. The directories in `/srv/lab-03` stay on
# the node, as you have just seen.

# %% id="reset"
# lab.reset()
