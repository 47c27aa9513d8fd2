# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] id="title"
# # Lab 04: Dynamic provisioning
#
# In [lab 03](../03-volumes-and-claims/lab.ipynb) an administrator wrote a volume for every claim. Three claims are three
# volumes; nobody wants to do that for three hundred. So a program does it: it watches claims, and makes a volume for each one
# that asks for it. The administrator writes down *once* what to do, in a **class**.
#
# You first watch the program that your cluster has already. Then you bring one of your own, and you meet what everybody
# meets who does so: it is not allowed to do anything.
#
# | word | what it is |
# |---|---|
# | **StorageClass** | says who makes the volumes of this class, and how. It has no namespace. |
# | **provisioner** | the program that makes the volumes of a class; the class knows it by its name. |
# | **default class** | the class that a claim gets if it names none. |
# | **binding mode** | when a volume is made: at once (`Immediate`) or for the first pod (`WaitForFirstConsumer`). |
# | **ServiceAccount** | who a program in a pod is when it talks to the API server. |
# | **ClusterRole**, **ClusterRoleBinding** | a list of rights in the whole cluster, and who has them. |

# %% id="open"
from kitlib import open_lab

lab = open_lab("04-dynamic-provisioning")
lab

# %% [markdown] id="waits-task"
# ## 1. The class that is there already
#
# Your cluster comes with one class:

# %% id="waits-classes"
# %kubectl get storageclasses

# %% [markdown] id="waits-turn"
# `standard` is the default class; the program behind it is called `rancher.io/local-path`, and it makes directories on the
# node.
#
# **Your turn.** Write the claim `later`: `10Mi`, `ReadWriteOnce`, and no class at all: leave `storageClassName` out. Make
# no pod yet.

# %% id="predict-waits"
lab.predict("waits", "?")

# %% id="waits-begun"
begun = lab.now()

# %% id="waits-claim" solves="first-consumer"
# %%manifest manifests/later.yaml
# apiVersion: v1
# kind: PersistentVolumeClaim
# metadata:
#   name: later
# spec:
#   ### BEGIN SOLUTION: access mode and size, no class
#   accessModes: ["ReadWriteOnce"]
#   resources:
#     requests:
#       storage: 10Mi
#   ### END SOLUTION

# %% id="waits-look"
# %kubectl get persistentvolumeclaim later

# %% id="waits-why"
lab.why("pvc/later")

# %% [markdown] id="waits-seen"
# Two things happened. The column STORAGECLASS says `standard`: the API server wrote the default class into your claim when
# you created it. And the claim waits, because the binding mode of that class is `WaitForFirstConsumer`: a directory is on
# *one* node, so the cluster first wants to know on which node the pod will be.
#
# **Your turn.** Complete the pod `user`, which mounts the claim `later` at `/data`.

# %% id="waits-pod" solves="first-consumer"
# %%manifest manifests/user.yaml
# apiVersion: v1
# kind: Pod
# metadata:
#   name: user
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
#       persistentVolumeClaim: {claimName: later}
#   ### END SOLUTION

# %% id="waits-wait" solves="first-consumer"
### BEGIN SOLUTION: wait for the pod: lab.wait("pod", "user")
lab.wait("pod", "user")
### END SOLUTION

# %% id="waits-events"
# %kubectl events --for persistentvolumeclaim/later

# %% id="waits-picture"
lab.timeline(kinds=["PersistentVolume", "PersistentVolumeClaim", "Pod"], since=begun)

# %% [markdown] id="waits-after"
# The events tell it in order: waiting for a consumer, then asking the *external provisioner*, which is provisioning, and then
# has succeeded. Nobody wrote that volume; its name is `pvc-` and the UID of the claim.

# %% id="check-first-consumer" checks="first-consumer"
lab.check("first-consumer")

# %% id="reveal-waits"
lab.reveal("waits")

# %% [markdown] id="class-task"
# ## 2. A class with nobody behind it
#
# Directories of one node are of little use to pods on several. A shared disk (NFS, for example) is better: a provisioner
# for it makes one directory there for every claim. You are going to run such a program. First its class.
#
# **Your turn.** Complete
#
# * the StorageClass `stateful-nfs`, with the provisioner `lab-04/subdir`, the `reclaimPolicy` `Retain` and the
#   `volumeBindingMode` `Immediate`;
# * the claim `data` of this class: `20Mi`, `ReadWriteMany`.

# %% id="predict-nobody"
lab.predict("nobody", "?")

# %% id="class-begun"
begun = lab.now()

# %% id="class" solves="own-class"
# %%manifest manifests/class.yaml
# apiVersion: storage.k8s.io/v1
# kind: StorageClass
# metadata:
#   name: stateful-nfs
# ### BEGIN SOLUTION: provisioner, reclaim policy and binding mode: they stand at the top, there is no spec
# provisioner: lab-04/subdir
# reclaimPolicy: Retain
# volumeBindingMode: Immediate
# ### END SOLUTION
# ---
# apiVersion: v1
# kind: PersistentVolumeClaim
# metadata:
#   name: data
# spec:
#   ### BEGIN SOLUTION: class, access mode and size
#   storageClassName: stateful-nfs
#   accessModes: ["ReadWriteMany"]
#   resources:
#     requests:
#       storage: 20Mi
#   ### END SOLUTION

# %% id="class-look"
# %kubectl get storageclasses
# %kubectl get persistentvolumeclaim data

# %% id="class-events"
# %kubectl events --for persistentvolumeclaim/data

# %% [markdown] id="class-seen"
# The name of a provisioner is a name, nothing more; the cluster does not know whether anybody has it. It writes down who is
# asked, in an annotation of the claim, and leaves it at that:

# %% id="class-annotation"
lab.cluster.get("pvc", "data", namespace=lab.namespace)["metadata"]["annotations"]

# %% id="check-own-class" checks="own-class"
lab.check("own-class")

# %% id="reveal-nobody"
lab.reveal("nobody")

# %% [markdown] id="refused-task"
# ## 3. A provisioner of your own
#
# The image `subdir-provisioner:1.0` has a small program that watches claims which ask for it, makes a directory below
# `/persistentvolumes`, and a volume for it. It works as the well-known
# [nfs-subdir-external-provisioner](https://github.com/kubernetes-sigs/nfs-subdir-external-provisioner) does, with the same
# parameters and the same rights; but it takes a directory of the node, so that you need no NFS server. (On kind, build this
# image once, with the two commands at the top of `environments/kind/subdir-provisioner.Dockerfile`.)
#
# The program talks to the API server, so the server wants to know who it is. A pod is whoever its ServiceAccount is.
#
# **Your turn.** Write the ServiceAccount `provisioner`. In the Deployment `provisioner`, say in the pod's template that
# the pod uses it (`serviceAccountName`), and set the environment variable `PROVISIONER_NAME` to the name that your class uses. (Two fields are there for a reason: with the strategy
# `Recreate` there are never two provisioners at a time, and `minReadySeconds` gives a new one a second to show what it is worth.
# And from `NODE_NAME` it learns where its directory is, so that pods can be sent there.)

# %% id="predict-refused"
lab.predict("refused", "?")

# %% id="refused" solves="refused"
# %%manifest manifests/provisioner.yaml
# ### BEGIN SOLUTION: the ServiceAccount: it needs nothing but a name
# apiVersion: v1
# kind: ServiceAccount
# metadata:
#   name: provisioner
# ### END SOLUTION
# ---
# apiVersion: apps/v1
# kind: Deployment
# metadata:
#   name: provisioner
# spec:
#   replicas: 1
#   minReadySeconds: 1
#   strategy:
#     type: Recreate
#   selector:
#     matchLabels: {app: provisioner}
#   template:
#     metadata:
#       labels: {app: provisioner}
#     spec:
#       ### BEGIN SOLUTION: who the pod is
#       serviceAccountName: provisioner
#       ### END SOLUTION
#       terminationGracePeriodSeconds: 1
#       containers:
#         - name: provisioner
#           image: subdir-provisioner:1.0
#           env:
#             - name: HOST_PATH
#               value: /srv/lab-04
#             - name: NODE_NAME
#               valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
#             - name: PROVISIONER_NAME
#               ### BEGIN SOLUTION: its name, as the class has it
#               value: lab-04/subdir
#               ### END SOLUTION
#           volumeMounts:
#             - {name: root, mountPath: /persistentvolumes}
#       volumes:
#         - name: root
#           hostPath: {path: /srv/lab-04, type: DirectoryOrCreate}

# %% id="refused-wait" solves="refused"
### BEGIN SOLUTION: wait for the Deployment: %kubectl rollout status
# %kubectl rollout status deployment/provisioner
### END SOLUTION

# %% id="refused-look"
# %kubectl get pods,persistentvolumeclaims
# %kubectl logs deployment/provisioner

# %% [markdown] id="refused-seen"
# The pod runs and is Ready; as far as Kubernetes can tell, all is well. What is wrong is in its **log**: `403 Forbidden`, and a
# sentence that is worth reading slowly. It names *who* was refused (`system:serviceaccount:`, then namespace and account), *what*
# (`list`), of *which* resource, and *where* (`at the cluster scope`). Those are just the things to write into a role.

# %% id="check-refused" checks="refused"
lab.check("refused")

# %% id="reveal-refused"
lab.reveal("refused")

# %% [markdown] id="rights-task"
# ## 4. Rights
#
# Nobody may do anything, unless a role says so: RBAC has no rule that forbids. Claims are in all namespaces and volumes in none,
# so a Role of your namespace would not do; it takes a **Cluster**Role. The program needs this:
#
# | resource | API group | verbs | what for |
# |---|---|---|---|
# | `persistentvolumeclaims` | the core group, `""` | `get`, `list`, `watch` | to see who asks |
# | `persistentvolumes` | the core group, `""` | `get`, `list`, `watch`, `create`, `delete` | to make volumes, and remove them |
# | `storageclasses` | `storage.k8s.io` | `get`, `list`, `watch` | to read what to do |
# | `events` | the core group, `""` | `create` | to say what it did |
#
# **Your turn.** Write the ClusterRole `stateful-nfs-provisioner` with these rights and no others: no `*`, and not the role
# `cluster-admin`. A program with too many rights is a risk for everybody. Then bind it to the ServiceAccount `provisioner` of
# your namespace, by a ClusterRoleBinding of the same name. In `%kubectl`, `{lab.namespace}` is your namespace.

# %% id="predict-rights"
lab.predict("rights", "?")

# %% id="rights-begun"
begun = lab.now()

# %% id="rights" solves="rights"
# %%manifest manifests/role.yaml
# apiVersion: rbac.authorization.k8s.io/v1
# kind: ClusterRole
# metadata:
#   name: stateful-nfs-provisioner
# ### BEGIN SOLUTION: rules: for each row of the table its apiGroups, resources and verbs, all three of them lists
# rules:
#   - apiGroups: [""]
#     resources: ["persistentvolumeclaims"]
#     verbs: ["get", "list", "watch"]
#   - apiGroups: [""]
#     resources: ["persistentvolumes"]
#     verbs: ["get", "list", "watch", "create", "delete"]
#   - apiGroups: ["storage.k8s.io"]
#     resources: ["storageclasses"]
#     verbs: ["get", "list", "watch"]
#   - apiGroups: [""]
#     resources: ["events"]
#     verbs: ["create"]
# ### END SOLUTION

# %% id="rights-bind" solves="rights"
### BEGIN SOLUTION: the binding, with %kubectl create clusterrolebinding (--help tells the options)
# %kubectl create clusterrolebinding stateful-nfs-provisioner --clusterrole=stateful-nfs-provisioner --serviceaccount={lab.namespace}:provisioner
### END SOLUTION

# %% id="rights-wait" solves="rights"
### BEGIN SOLUTION: wait for the claim
lab.wait("pvc", "data")
### END SOLUTION

# %% id="rights-look"
# %kubectl logs deployment/provisioner --tail=3
# %kubectl events --for persistentvolumeclaim/data

# %% id="rights-picture"
lab.timeline("*", kinds=["PersistentVolume", "PersistentVolumeClaim", "Pod"], since=begun)

# %% [markdown] id="rights-seen"
# The same pod tried again, and this time it was allowed. (Rights are looked up at every request, so nobody has to be started
# anew.) And see what is missing in the picture: no pod uses `data`. `Immediate` means that the volume is made as soon as
# the claim is there.

# %% id="check-rights" checks="rights"
lab.check("rights")

# %% id="reveal-rights"
lab.reveal("rights")

# %% [markdown] id="directory-task"
# ## 5. Where the files are
#
# **Your turn.** Complete the pod `writer`, which mounts the claim `data` at `/data`. When it runs, write the UID of the claim
# `data` into `/data/proof.txt` there.

# %% id="directory-pod" solves="directory"
# %%manifest manifests/writer.yaml
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
#       ### BEGIN SOLUTION: mount the volume
#       volumeMounts:
#         - {name: data, mountPath: /data}
#       ### END SOLUTION
#   ### BEGIN SOLUTION: say which claim it is
#   volumes:
#     - name: data
#       persistentVolumeClaim: {claimName: data}
#   ### END SOLUTION

# %% id="directory-write" solves="directory"
### BEGIN SOLUTION: wait for the pod; lab.uid("pvc", "data") is the UID; write it with %kubectl exec writer -- sh -c '…'
lab.wait("pod", "writer")
uid = lab.uid("pvc", "data")
# %kubectl exec writer -- sh -c 'echo {uid} > /data/proof.txt'
### END SOLUTION

# %% [markdown] id="directory-find"
# Now look from the other side, through the eyes of the provisioner: it sees the directory of the node in which it makes all the
# others, `/srv/lab-04`, as `/persistentvolumes`.

# %% id="directory-look"
# %kubectl exec deployment/provisioner -- ls /persistentvolumes

# %% [markdown] id="directory-name"
# The name has three parts: the namespace, the name of the claim, and the name of the volume. Whoever has to find somebody's files
# on a full disk will be grateful for it. Put it together from the objects, and read the file there:

# %% id="directory-file"
claim = lab.cluster.get("pvc", "data", namespace=lab.namespace)
folder = f"{lab.namespace}-{claim['metadata']['name']}-{claim['spec']['volumeName']}"
print(folder)
# %kubectl exec deployment/provisioner -- cat /persistentvolumes/{folder}/proof.txt

# %% id="check-directory" checks="directory"
lab.check("directory")

# %% [markdown] id="legacy-task"
# ## 6. The class in an annotation
#
# Before there was `storageClassName`, claims named their class in an annotation, `volume.beta.kubernetes.io/storage-class`. Old
# manifests still do. What if a claim says both?
#
# **Your turn.** Give the claim `legacy` the annotation with the value `stateful-nfs`; its `storageClassName` stays `standard`.

# %% id="predict-legacy"
lab.predict("legacy", "?")

# %% id="legacy" solves="legacy"
# %%manifest manifests/legacy.yaml
# apiVersion: v1
# kind: PersistentVolumeClaim
# metadata:
#   name: legacy
#   ### BEGIN SOLUTION: the annotation
#   annotations:
#     volume.beta.kubernetes.io/storage-class: stateful-nfs
#   ### END SOLUTION
# spec:
#   storageClassName: standard
#   accessModes: ["ReadWriteMany"]
#   resources:
#     requests:
#       storage: 5Mi

# %% id="legacy-wait" solves="legacy"
### BEGIN SOLUTION: wait for the claim
lab.wait("pvc", "legacy")
### END SOLUTION

# %% id="legacy-look"
# %kubectl get persistentvolumeclaim legacy
# %kubectl get persistentvolumeclaim legacy -o jsonpath='{.spec.storageClassName}'

# %% [markdown] id="legacy-seen"
# The annotation wins, kubectl shows its class, and the field means nothing. That is why the API server warned when you applied the
# manifest: write `storageClassName`, and only that.

# %% id="check-legacy" checks="legacy"
lab.check("legacy")

# %% id="reveal-legacy"
lab.reveal("legacy")

# %% [markdown] id="default-task"
# ## 7. Which class is the default?
#
# The default class is one with a mark: the annotation `storageclass.kubernetes.io/is-default-class` with the value `true`.
#
# **Your turn.** Mark `stateful-nfs` too, and leave `standard` as it is. Then complete the two claims, both with `5Mi` and
# `ReadWriteMany`: `plain` has no `storageClassName` at all; that of `none` is `""`, an empty text.

# %% id="predict-default"
lab.predict("default", "?")

# %% id="default-mark" solves="default-class"
### BEGIN SOLUTION: set the annotation: %kubectl annotate
# %kubectl annotate storageclass stateful-nfs storageclass.kubernetes.io/is-default-class=true
### END SOLUTION

# %% id="default-claims" solves="default-class"
# %%manifest manifests/defaults.yaml
# apiVersion: v1
# kind: PersistentVolumeClaim
# metadata:
#   name: plain
# spec:
#   ### BEGIN SOLUTION: no class here
#   accessModes: ["ReadWriteMany"]
#   resources:
#     requests:
#       storage: 5Mi
#   ### END SOLUTION
# ---
# apiVersion: v1
# kind: PersistentVolumeClaim
# metadata:
#   name: none
# spec:
#   ### BEGIN SOLUTION: the class is an empty text
#   storageClassName: ""
#   accessModes: ["ReadWriteMany"]
#   resources:
#     requests:
#       storage: 5Mi
#   ### END SOLUTION

# %% id="default-wait" solves="default-class"
### BEGIN SOLUTION: wait for the claim that will be bound
lab.wait("pvc", "plain")
### END SOLUTION

# %% id="default-look"
# %kubectl get storageclasses
# %kubectl get persistentvolumeclaims plain none

# %% id="default-why"
lab.why("pvc/none")

# %% [markdown] id="default-seen"
# Of several default classes the **newest** counts, here yours. And an empty class is not the same as no class: it says "I want a
# volume that somebody made by hand, don't make one for me".
#
# **Your turn.** Two default classes puzzle everybody who comes later: take the mark off `stateful-nfs` again. Look at
# `plain` afterwards.

# %% id="default-unmark" solves="default-class"
### BEGIN SOLUTION: a minus sign at the end of its name removes an annotation
# %kubectl annotate storageclass stateful-nfs storageclass.kubernetes.io/is-default-class-
### END SOLUTION

# %% id="default-after"
# %kubectl get storageclasses
# %kubectl get persistentvolumeclaim plain

# %% [markdown] id="default-note"
# `plain` keeps its class: the mark is only looked at while a claim has none.

# %% id="check-default-class" checks="default-class"
lab.check("default-class")

# %% id="reveal-default"
lab.reveal("default")

# %% [markdown] id="retain-task"
# ## 8. What stays
#
# The class decides about the end as well: its `reclaimPolicy` goes into every volume of the class. `standard` says `Delete`, yours
# says `Retain`.
#
# **Your turn.** Delete the pods `writer` and `user`, then the claims `data` and `later`. Predict first: what becomes of the
# two volumes, and of their directories?

# %% id="predict-retain"
lab.predict("retain", "?")

# %% id="retain-begun"
begun = lab.now()
volume = lab.cluster.get("pvc", "data", namespace=lab.namespace)["spec"]["volumeName"]

# %% id="retain-delete" solves="retained"
### BEGIN SOLUTION: first both pods, then both claims
# %kubectl delete pod writer user
# %kubectl delete persistentvolumeclaim data later
### END SOLUTION

# %% id="retain-wait" solves="retained"
### BEGIN SOLUTION: wait until the volume of data has another phase: lab.wait("pv", volume, until="…")
lab.wait("pv", volume, until="Released")
### END SOLUTION

# %% id="retain-look"
# %kubectl get persistentvolumes

# %% id="retain-picture"
lab.timeline(kinds=["PersistentVolume", "PersistentVolumeClaim"], since=begun)

# %% [markdown] id="retain-seen"
# The volume of `later` is gone: its provisioner removed it, and the directory. The one of `data` is **Released**, with your
# file in it.
#
# **Your turn.** Nobody needs the volume any more: delete it, too (its name is in the variable `volume`). Then look for its
# directory.

# %% id="retain-remove" solves="retained"
### BEGIN SOLUTION: delete the PersistentVolume of that name, and wait until it is deleted
# %kubectl delete persistentvolume {volume}
lab.wait("pv", volume, until="deleted")
### END SOLUTION

# %% id="retain-files"
# %kubectl exec deployment/provisioner -- sh -c 'cd /persistentvolumes && ls && cat */proof.txt'

# %% [markdown] id="retain-after"
# `Retain` means it: claim and volume are gone, the file is not. Only somebody with access to the disk can remove it now, or give it
# to a new volume, made by hand as in lab 03.

# %% id="check-retained" checks="retained"
lab.check("retained")

# %% id="reveal-retain"
lab.reveal("retain")

# %% [markdown] id="summary"
# ## What you have seen
#
# | event | what happened |
# |---|---|
# | a claim without a class | the default class was written into it when it was created |
# | class with `WaitForFirstConsumer` | Pending until a pod used the claim, then a volume on that pod's node |
# | class with `Immediate` | a volume as soon as the provisioner could make one, without any pod |
# | nobody has the provisioner's name | Pending; the claim's annotation says who was asked |
# | the provisioner has no rights | its pod Ready, `403 Forbidden` in its log, the claim Pending |
# | ClusterRole and ClusterRoleBinding | the same pod goes on, the claim is bound |
# | annotation and field name different classes | the annotation wins |
# | two default classes | the newest counts |
# | class `""` | Pending: nothing is made |
# | claim deleted, policy `Delete` | volume and directory gone |
# | claim deleted, policy `Retain` | volume Released; the directory outlives even the volume |
#
# The whole story:

# %% id="story"
lab.timeline(kinds=["PersistentVolume", "PersistentVolumeClaim", "Pod"])

# %% id="scores" tags=["nbval-check-output"]
lab.scores()

# %% [markdown] id="end"
# So far you wrote every claim yourself. A StatefulSet writes them for you, one for each replica:
# [lab 05, a volume for every replica](../05-volume-claim-templates/lab.ipynb). The lab before this one was
# [lab 03, volumes and claims](../03-volumes-and-claims/lab.ipynb); a claim that names a class which is not there is one of the broken
# set-ups of [lab 09](../09-troubleshooting/lab.ipynb).
#
# The next cell removes the objects of this lab, also class, roles and volumes, and nothing else. The directories in `/srv/lab-04`
# stay on the node, as you have just seen.

# %% id="reset"
# lab.reset()
