# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] id="title"
# # Lab 05: A volume for every replica
#
# You know containers: a program, its files, and when the container goes, the files go too. You may know Deployments:
# three pods that are as alike as three eggs, and nobody cares which one answers.
#
# A database cares. Its second copy is not its first copy: it has *its own* files and must find them again after a
# restart. In this lab you give every replica a disk of its own with a **StatefulSet** and a **claim template**, and
# then you take things away, one after the other, to see what stays.
#
# Four words first:
#
# | word | what it is |
# |---|---|
# | **StatefulSet** | runs pods with fixed names: `web-0`, `web-1`, … The number is called the *ordinal*. |
# | **PersistentVolume** | a piece of storage. |
# | **PersistentVolumeClaim** | a request for storage; once a volume is found for it, the claim is *Bound*. |
# | **claim template** | a pattern from which the StatefulSet makes one claim per pod: `www-web-0`, `www-web-1`, … |
#
# Every statement here is one that you will see with your own eyes. Run the cells from top to bottom. Where a cell says
# `TODO`, it is your turn; the cell after it checks the *cluster*, not your text, so any way that leads there is right.

# %% id="open"
from kitlib import open_lab

lab = open_lab("05-volume-claim-templates")
lab

# %% [markdown] id="how"
# You now have a namespace of your own on a running cluster, and three tools:
#
# * `%%manifest` on top of a cell applies the YAML below it.
# * `%kubectl …` runs the real kubectl in your namespace.
# * `lab.check("…")` looks at the cluster. Stuck? `lab.hint("…")` nudges you, and does so again if you ask again.

# %% [markdown] id="service-task"
# ## 1. A Service without an address
#
# An ordinary Service has one virtual IP and spreads connections over all its pods. That is of no use when you want to
# talk to *one* of them. A **headless** Service has no IP of its own; instead every pod behind it gets a DNS name.
#
# **Your turn.** Create a Service
#
# * named `web`,
# * headless (`clusterIP: None`),
# * that selects the pods with the label `app: web`,
# * and offers port `80`.

# %% id="service" solves="headless-service"
# %%manifest manifests/service.yaml
# apiVersion: v1
# kind: Service
# metadata:
#   ### BEGIN SOLUTION: give it its name
#   name: web
#   ### END SOLUTION
# spec:
#   ### BEGIN SOLUTION: make it headless, select the pods, offer the port
#   clusterIP: None
#   selector:
#     app: web
#   ports:
#     - name: http
#       port: 80
#   ### END SOLUTION

# %% id="check-headless-service" checks="headless-service" tags=["nbval-check-output"]
lab.check("headless-service")

# %% [markdown] id="set-task"
# ## 2. Two replicas, a claim each
#
# **Your turn.** Complete the StatefulSet below:
#
# * it is named `web`, its pods belong to the Service `web` (field `serviceName`), and it has `2` replicas;
# * its pods carry the label `app: web` and run one container `nginx` of the image `nginx:1.27` on port `80`;
# * its claim template is named `www` and asks for `64Mi` of storage with the access mode `ReadWriteOnce`;
# * the container mounts `www` at `/usr/share/nginx/html`, the folder that nginx serves.
#
# No storage class is named: the cluster's default one is used.
#
# Before you run it, make a prediction. Nothing is graded here, but having guessed makes you look.

# %% id="predict-start"
lab.predict("start", "?")

# %% id="set" solves="two-replicas"
# %%manifest manifests/statefulset.yaml
# apiVersion: apps/v1
# kind: StatefulSet
# metadata:
#   ### BEGIN SOLUTION: give it its name
#   name: web
#   ### END SOLUTION
# spec:
#   ### BEGIN SOLUTION: name the Service and the number of replicas
#   serviceName: web
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
#           ports:
#             - name: http
#               containerPort: 80
#           readinessProbe:
#             tcpSocket:
#               port: 80
#             periodSeconds: 1
#           ### BEGIN SOLUTION: mount the volume
#           volumeMounts:
#             - name: www
#               mountPath: /usr/share/nginx/html
#           ### END SOLUTION
#   ### BEGIN SOLUTION: add the claim template
#   volumeClaimTemplates:
#     - metadata:
#         name: www
#       spec:
#         accessModes: ["ReadWriteOnce"]
#         resources:
#           requests:
#             storage: 64Mi
#   ### END SOLUTION

# %% id="set-wait" solves="two-replicas"
### BEGIN SOLUTION: once the set is created, wait for it: lab.wait("statefulset", "web")
lab.wait("statefulset", "web")
### END SOLUTION

# %% id="set-look"
# %kubectl get pods,persistentvolumeclaims

# %% [markdown] id="set-seen"
# Two pods with names that end in an ordinal, and two claims whose names say which pod they are for: template `www`, set
# `web`, ordinal `0` and `1`.

# %% id="check-two-replicas" checks="two-replicas"
lab.check("two-replicas")

# %% [markdown] id="order-text"
# ### In which order did that happen?
#
# The lab has recorded every change since you opened it. Each lane below is a name; a vertical stroke marks the birth of
# an object. Look where `web-1` begins: not before `web-0` is green (Ready). And each claim begins before its pod.

# %% id="order-look"
lab.timeline()

# %% id="check-ordered-start" checks="ordered-start"
lab.check("ordered-start")

# %% id="reveal-start"
lab.reveal("start")

# %% [markdown] id="up-task"
# ## 3. A third replica
#
# **Your turn.** Scale the set to `3` replicas, and leave `web-0` and `web-1` alone. A new ordinal appears for the
# first time, so there is no claim `www-web-2` yet: watch the template make one.

# %% id="up-begun"
begun = lab.now()

# %% id="up" solves="scale-up"
### BEGIN SOLUTION: scale the set to 3 replicas with %kubectl, and wait for it
# %kubectl scale statefulset web --replicas=3
lab.wait("statefulset", "web")
### END SOLUTION

# %% id="up-look"
# %kubectl get pods,persistentvolumeclaims

# %% id="up-picture"
lab.timeline("*web-*", since=begun)

# %% id="check-scale-up" checks="scale-up"
lab.check("scale-up")

# %% [markdown] id="uid-text"
# ### Names and UIDs
#
# A name can be used again; a **UID** never. Two objects with one name and different UIDs are two objects. Note the UIDs
# of the pod and the claim that belong to ordinal 2: you will want them later.

# %% id="uid-note" solves="claim-reused"
### BEGIN SOLUTION: note them: pod_before = lab.uid("pod", "web-2"), and the same for the claim
pod_before = lab.uid("pod", "web-2")
claim_before = lab.uid("pvc", "www-web-2")
print("pod  ", pod_before)
print("claim", claim_before)
### END SOLUTION

# %% [markdown] id="down-task"
# ## 4. Back to two
#
# **Your turn.** Predict first, then scale the set to `2` replicas. Do not touch any claim.

# %% id="predict-down"
lab.predict("scale-down", "?")

# %% id="down-begun"
begun = lab.now()

# %% id="down" solves="scale-down"
### BEGIN SOLUTION: scale the set to 2 replicas, and wait: lab.wait("pod", "web-2", until="deleted")
# %kubectl scale statefulset web --replicas=2
lab.wait("pod", "web-2", until="deleted")
### END SOLUTION

# %% id="down-look"
# %kubectl get pods,persistentvolumeclaims

# %% [markdown] id="down-seen"
# `web-2` is gone: a set always removes the highest ordinal first. But `www-web-2` is still there, still Bound, with the
# volume and all that is on it. Kubernetes would rather keep data that nobody needs than lose data that somebody does.

# %% id="down-picture"
lab.timeline("*web-*", since=begun)

# %% id="check-scale-down" checks="scale-down"
lab.check("scale-down")

# %% id="reveal-down"
lab.reveal("scale-down")

# %% [markdown] id="again-task"
# ## 5. And up again
#
# **Your turn.** Scale to `3` once more. Is it the same pod? Is it the same claim? Compare the UIDs with those you noted.

# %% id="again-begun"
begun = lab.now()

# %% id="again" solves="claim-reused"
### BEGIN SOLUTION: scale to 3 again and wait, then compare lab.uid(…) with what you noted
# %kubectl scale statefulset web --replicas=3
lab.wait("statefulset", "web")
print("same pod object:  ", lab.uid("pod", "web-2") == pod_before)
print("same claim object:", lab.uid("pvc", "www-web-2") == claim_before)
### END SOLUTION

# %% id="again-picture"
lab.timeline("*web-2", since=begun)

# %% id="check-claim-reused" checks="claim-reused"
lab.check("claim-reused")

# %% [markdown] id="pages-task"
# ## 6. A page of its own
#
# Three pods run the same program from the same image. What makes each of them somebody is what is on its volume, and the
# name under which it can be asked for it.
#
# **Your turn.** Predict first. Then write a page into each pod's volume, as the file `/usr/share/nginx/html/index.html`:
#
# | pod | page |
# |---|---|
# | `web-0` | `123` |
# | `web-1` | `456` |
# | `web-2` | `789` |
#
# and ask each pod for its page by its own DNS name: from `web-0`, `curl -s http://web-0.web`, and so on.

# %% id="predict-pages"
lab.predict("pages", "?")

# %% id="pages-write" solves="own-pages"
### BEGIN SOLUTION: write the three files with %kubectl exec … -- sh -c '…'
# %kubectl exec web-0 -- sh -c 'echo 123 > /usr/share/nginx/html/index.html'
# %kubectl exec web-1 -- sh -c 'echo 456 > /usr/share/nginx/html/index.html'
# %kubectl exec web-2 -- sh -c 'echo 789 > /usr/share/nginx/html/index.html'
### END SOLUTION

# %% id="pages-ask" solves="own-pages"
### BEGIN SOLUTION: ask the three names, from web-0
# %kubectl exec web-0 -- curl -s http://web-0.web
# %kubectl exec web-0 -- curl -s http://web-1.web
# %kubectl exec web-0 -- curl -s http://web-2.web
### END SOLUTION

# %% [markdown] id="pages-all-text"
# For contrast, look up the name of the Service without a pod in front. It has the addresses of all three, and which of them
# is asked is up to the client:

# %% id="pages-all"
# %kubectl exec web-0 -- sh -c 'getent ahostsv4 web | cut -d " " -f 1 | sort -u'
# %kubectl exec web-0 -- sh -c 'getent ahostsv4 web-1.web | cut -d " " -f 1 | sort -u'

# %% id="check-own-pages" checks="own-pages"
lab.check("own-pages")

# %% id="reveal-pages"
lab.reveal("pages")

# %% [markdown] id="file-task"
# ## 7. A pod dies, a file lives
#
# Now the heart of the matter. **Your turn**, in this order:
#
# 1. Note the UID of `web-1`.
# 2. In `web-1`, write that UID into the file `/usr/share/nginx/html/writer.txt`: the file says who wrote it.
# 3. Only then delete the pod `web-1`, and wait until a pod of that name is Ready again.
#
# `{writer}` in a `%kubectl` line is replaced by your Python variable `writer`.

# %% id="predict-replace"
lab.predict("replace", "?")

# %% id="file-write" solves="pod-replaced"
### BEGIN SOLUTION: note the UID in `writer`, and write it into the file with %kubectl exec web-1 -- sh -c '…'
writer = lab.uid("pod", "web-1")
# %kubectl exec web-1 -- sh -c 'echo {writer} > /usr/share/nginx/html/writer.txt'
### END SOLUTION

# %% id="file-look"
# %kubectl get pods -o wide

# %% id="file-begun"
begun = lab.now()

# %% id="file-delete" solves="pod-replaced"
### BEGIN SOLUTION: delete the pod, then wait for its successor with lab.wait("pod", "web-1")
# %kubectl delete pod web-1
lab.wait("pod", "web-1")
### END SOLUTION

# %% id="file-after"
# %kubectl get pods -o wide

# %% id="file-picture"
lab.timeline("*web-1", since=begun)

# %% [markdown] id="file-seen"
# The same name, but a new IP. Does the DNS name lead to the new address? Ask from `web-0`; and read the file.

# %% id="file-name" solves="pod-replaced"
### BEGIN SOLUTION: look up web-1.web from web-0 with getent hosts, and show the file in web-1 with cat
# %kubectl exec web-0 -- getent hosts web-1.web
# %kubectl exec web-1 -- cat /usr/share/nginx/html/writer.txt
### END SOLUTION

# %% [markdown] id="file-page-text"
# And the page that you gave to `web-1`? A client that knows only the name has not noticed anything:

# %% id="file-page"
# %kubectl exec web-0 -- curl -s http://web-1.web

# %% id="check-pod-replaced" checks="pod-replaced"
lab.check("pod-replaced")

# %% id="reveal-replace"
lab.reveal("replace")

# %% [markdown] id="delete-task"
# ## 8. Without the set
#
# **Your turn.** Delete the StatefulSet `web`, and nothing else. Its pods go with it. What about the claims?

# %% id="predict-delete"
lab.predict("delete", "?")

# %% id="delete-begun"
begun = lab.now()

# %% id="delete" solves="claims-outlive-set"
### BEGIN SOLUTION: delete the StatefulSet, and wait until its pods are gone
# %kubectl delete statefulset web
lab.wait("pod", "web-0", until="deleted")
lab.wait("pod", "web-1", until="deleted")
lab.wait("pod", "web-2", until="deleted")
### END SOLUTION

# %% id="delete-look"
# %kubectl get pods,persistentvolumeclaims

# %% id="delete-picture"
lab.timeline("*web-*", since=begun)

# %% id="check-claims-outlive-set" checks="claims-outlive-set"
lab.check("claims-outlive-set")

# %% id="reveal-delete"
lab.reveal("delete")

# %% [markdown] id="summary"
# ## What you have seen
#
# | you took away | pod's name | pod's UID and IP | claim, volume, files |
# |---|---|---|---|
# | a replica, and gave it back | the same | new | **the same** |
# | a pod | the same | new | **the same** |
# | the whole set | – | – | **still there** |
#
# So a StatefulSet's identity is a *name* and the *claim* that goes with the name. Deleting data is always a decision of
# its own: `kubectl delete pvc …`, or a set whose `persistentVolumeClaimRetentionPolicy` says so, as in
# [lab 06](../06-scaling/lab.ipynb).
#
# Here is the whole story in one picture.

# %% id="story"
lab.timeline()

# %% id="scores" tags=["nbval-check-output"]
lab.scores()

# %% [markdown] id="end"
# Done? The next cell removes everything this lab has made, and nothing else. And should you want to see how a step can be
# done, `lab.solution("scale-up", confirm=True)` shows it; hints come first.
#
# Where the default class gets its volumes from was the topic of [lab 04](../04-dynamic-provisioning/lab.ipynb), and what a
# name under a headless Service is worth that of [lab 02](../02-headless-services/lab.ipynb). Next:
# [lab 06, scaling](../06-scaling/lab.ipynb), where the order of things is put to the test.

# %% id="reset"
# lab.reset()
