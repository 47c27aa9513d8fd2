# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] id="title"
# # Lab 10: Capstone
#
# No stubs any more. You build two workloads from blank files, a stateful one and a stateless one, let both suffer the same
# loss, and report what you have seen, as data.
#
# Everybody builds something a little different: the names, the sizes and the pages come from a **seed**, which is yours. The
# checks look for *your* values.
#
# In an examination (`KIT_EXAM=1`) there are no hints, no solutions and no answers to predictions, only checks, and the grade is made by running this notebook on
# a fresh cluster. So when you are done, run it once from top to bottom, after `lab.reset()`: it must lead to the same end
# without your help.

# %% id="open"
from kitlib import open_lab

lab = open_lab("10-capstone")  # With a seed: open_lab("10-capstone", seed="…"), unless KIT_SEED is set for you.
lab

# %% id="variant"
lab.variant()

# %% [markdown] id="how"
# From here on, a word in `code` that stands in this table, such as `set` or `page-0`, means the value of your variant. All
# objects live in your own namespace, which `%%manifest` and `%kubectl` use anyway.
#
# | value | it is |
# |---|---|
# | `set`, `deployment`, `service` | the names of the three objects that you make |
# | `template` | the name of the claim template |
# | `storage` | how much each claim asks for |
# | `policy` | the set's `podManagementPolicy` |
# | `page-0`, `page-1`, `page-2` | what the pods of ordinal 0, 1 and 2 say |

# %% [markdown] id="service-task"
# ## 1. A Service that gives names
#
# A Service with the name `service`, headless, on port `80`, for the pods of the set that comes next and for no others.
# You choose the labels.

# %% id="service" solves="headless"
# %%manifest manifests/service.yaml
# ### BEGIN SOLUTION: a blank file
# apiVersion: v1
# kind: Service
# metadata:
#   name: rays
# spec:
#   clusterIP: None
#   selector:
#     app: orchard
#   ports:
#     - name: http
#       port: 80
# ### END SOLUTION

# %% id="check-headless" checks="headless" tags=["nbval-check-output"]
lab.check("headless")

# %% [markdown] id="set-task"
# ## 2. A StatefulSet with storage
#
# A StatefulSet with the name `set`:
#
# * `3` replicas, governed by the Service `service`, with the policy `policy`;
# * one container of the image `httpd:2.4`, which listens on port `80`; let its readiness be probed;
# * a claim template `template` that asks for `storage` and the access mode `ReadWriteOnce`, mounted at
#   `/usr/local/apache2/htdocs`, the folder whose pages httpd serves.

# %% id="set-begun"
begun = lab.now()

# %% id="set" solves="stateful-set"
# %%manifest manifests/set.yaml
# ### BEGIN SOLUTION: a blank file
# apiVersion: apps/v1
# kind: StatefulSet
# metadata:
#   name: orchard
# spec:
#   serviceName: rays
#   replicas: 3
#   podManagementPolicy: OrderedReady
#   selector:
#     matchLabels:
#       app: orchard
#   template:
#     metadata:
#       labels:
#         app: orchard
#     spec:
#       terminationGracePeriodSeconds: 5
#       containers:
#         - name: httpd
#           image: httpd:2.4
#           ports:
#             - name: http
#               containerPort: 80
#           readinessProbe:
#             tcpSocket:
#               port: 80
#             periodSeconds: 1
#           volumeMounts:
#             - name: nets
#               mountPath: /usr/local/apache2/htdocs
#   volumeClaimTemplates:
#     - metadata:
#         name: nets
#       spec:
#         accessModes: ["ReadWriteOnce"]
#         resources:
#           requests:
#             storage: 64Mi
# ### END SOLUTION

# %% id="set-wait" solves="stateful-set"
### BEGIN SOLUTION: wait until it is Ready
lab.wait("statefulset", "orchard")
### END SOLUTION

# %% id="check-stateful-set" checks="stateful-set"
lab.check("stateful-set")

# %% id="set-look"
# %kubectl get pods,persistentvolumeclaims

# %% id="check-storage" checks="storage"
lab.check("storage")

# %% id="set-picture"
lab.timeline(since=begun)

# %% [markdown] id="pages-task"
# ## 3. Three pages under three names
#
# Give each pod a page of its own: `index.html` in `/usr/local/apache2/htdocs` says `page-0` in the pod of ordinal 0, `page-1` and
# `page-2` in the others (that word alone, or within HTML). Each pod must serve its page under its own DNS name; and `service`
# must find these three pods and no others.
#
# (The image has no `curl` and no `wget`. From another pod with one of them, or with `bash` and `/dev/tcp`, you can look for
# yourself; the check does the latter.)

# %% id="pages" solves="own-pages"
### BEGIN SOLUTION: write the three pages
folder = "/usr/local/apache2/htdocs"
for n, page in enumerate(["c2b50f8e", "dddef5ce", "1b5539f4"]):
    lab.kubectl(f"exec orchard-{n} -- sh -c 'echo {page} > {folder}/index.html'")
### END SOLUTION

# %% id="check-own-pages" checks="own-pages"
lab.check("own-pages")

# %% [markdown] id="beside-task"
# ## 4. A Deployment beside it
#
# A Deployment with the name `deployment`: `3` replicas, one container of the same image `httpd:2.4`, no claims. Its pods must
# not stand behind `service`.

# %% id="beside" solves="beside"
# %%manifest manifests/deployment.yaml
# ### BEGIN SOLUTION: a blank file
# apiVersion: apps/v1
# kind: Deployment
# metadata:
#   name: moth
# spec:
#   replicas: 3
#   selector:
#     matchLabels:
#       app: moth
#   template:
#     metadata:
#       labels:
#         app: moth
#     spec:
#       terminationGracePeriodSeconds: 5
#       containers:
#         - name: httpd
#           image: httpd:2.4
#           ports:
#             - name: http
#               containerPort: 80
#           readinessProbe:
#             tcpSocket:
#               port: 80
#             periodSeconds: 1
# ### END SOLUTION

# %% id="beside-wait" solves="beside"
### BEGIN SOLUTION: wait until it is Ready
lab.wait("deployment", "moth")
### END SOLUTION

# %% id="check-beside" checks="beside"
lab.check("beside")

# %% [markdown] id="loss-task"
# ## 5. One of each is lost
#
# Read the whole of this part and of the next one before you begin: what is gone can't be asked any more.
#
# Delete one pod of the set and one pod of the Deployment, whichever you like, and nothing else. Wait until both workloads are
# complete again. Beforehand, note of each of the two pods its name, its UID and its IP.

# %% id="predict-loss"
lab.predict("loss", "?")


# %% id="loss-note" solves="one-of-each"
### BEGIN SOLUTION: note what you will want to compare
def facts(pod):
    found = lab.cluster.get("pod", pod, namespace=lab.namespace)
    return f"{pod} {found['metadata']['uid']} {found['status']['podIP']}"


def pods(label):
    found = lab.cluster.list("pods", namespace=lab.namespace, labels=f"app={label}")
    return [pod["metadata"]["name"] for pod in found if not pod["metadata"].get("deletionTimestamp")]


before = pods("moth")
of_set, of_deployment = "orchard-1", before[0]
noted = {"set-before": facts(of_set), "deployment-before": facts(of_deployment)}
print(noted)
### END SOLUTION

# %% id="loss" solves="one-of-each"
### BEGIN SOLUTION: delete the two pods, and wait for both workloads
begun = lab.now()
# %kubectl delete pod {of_set} {of_deployment}
lab.wait("statefulset", "orchard")
lab.wait("deployment", "moth")
### END SOLUTION

# %% id="loss-picture"
lab.timeline(kinds=["Pod"], since=begun)

# %% id="check-one-of-each" checks="one-of-each"
lab.check("one-of-each")

# %% id="reveal-loss"
lab.reveal("loss")

# %% [markdown] id="comparison-task"
# ## 6. The comparison, as data
#
# Write a ConfigMap named `comparison` with these six entries:
#
# | entry | what it holds |
# |---|---|
# | `set-before`, `set-after` | name, UID and IP of the set's pod that you deleted, and of the one that came in its place, with spaces between |
# | `deployment-before`, `deployment-after` | the same of the Deployment's |
# | `set-kept`, `deployment-kept` | which of these five the successor has in common with its predecessor: `name`, `uid`, `ip`, `claim`, `page`; or `nothing` |
#
# With `%kubectl create configmap`, in a `%%manifest`, or in Python: `lab.apply` takes YAML, and JSON is YAML.

# %% id="comparison" solves="comparison"
### BEGIN SOLUTION: write the ConfigMap
import json

came = next(pod for pod in pods("moth") if pod not in before)
noted |= {"set-after": facts(of_set), "deployment-after": facts(came)}
noted |= {"set-kept": "name, claim, page", "deployment-kept": "nothing"}
lab.apply(json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "comparison"}, "data": noted}))
# %kubectl get configmap comparison -o yaml
### END SOLUTION

# %% id="check-comparison" checks="comparison"
lab.check("comparison")

# %% [markdown] id="summary"
# ## What you have seen
#
# This time the summary is yours: the six entries of `comparison` are the course in a nutshell. The story of your work:

# %% id="story"
lab.timeline(kinds=["Pod", "PersistentVolumeClaim"])

# %% id="scores" tags=["nbval-check-output"]
lab.scores()

# %% [markdown] id="end"
# The two workloads met for the first time in [lab 01](../01-stateless-vs-stateful/lab.ipynb), names were the topic of
# [lab 02](../02-headless-services/lab.ipynb), claims of [lab 05](../05-volume-claim-templates/lab.ipynb). The lab before this one was
# [lab 09, troubleshooting](../09-troubleshooting/lab.ipynb). There is no next one: build something.
#
# The next cell removes everything this lab has made, and nothing else.

# %% id="reset"
# lab.reset()
