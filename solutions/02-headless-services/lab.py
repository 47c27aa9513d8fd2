# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] id="title"
# # Lab 02: A name for every pod
#
# In [lab 01](../01-stateless-vs-stateful/lab.ipynb) the pods of a StatefulSet kept their names while their addresses
# changed. A name is of use only if others can turn it into the address of the day. That is what DNS does, and a
# **headless Service** is what puts the pods of a set into it.
#
# You will look names up from inside a pod, see who is listed and who is not, and find out what one wrong word in a
# manifest breaks without any error message.
#
# | word | what it is |
# |---|---|
# | **headless Service** | a Service with `clusterIP: None`: no address of its own, only names for those of its pods. |
# | **A record** | in DNS: from a name to an address. |
# | **SRV record** | in DNS: from the name of a port to port numbers and the names of who offers it. |
# | **PTR record** | in DNS: from an address back to a name (a *reverse lookup*). |
# | **search path** | the endings that a pod tries when it looks up a short name. |
# | **EndpointSlice** | the list of addresses behind a Service; the cluster's DNS reads it. |

# %% id="open"
from kitlib import open_lab

lab = open_lab("02-headless-services")
lab

# %% [markdown] id="how"
# As in the labs before: `%%manifest` applies the YAML below it, `%kubectl …` runs kubectl in your namespace, and
# `lab.check("…")` looks at the cluster. A `TODO` is your turn; `lab.hint("…")` helps if you are stuck.

# %% [markdown] id="set-task"
# ## 1. A set and its Service
#
# **Your turn.** Complete the first two objects:
#
# * a **headless** Service named `web` (`clusterIP: None`) for the pods with the label `app: web`, with one port: its
#   name is `http`, its number `80`;
# * a StatefulSet named `web` with `3` replicas, whose field `serviceName` names that Service `web`.
#
# The third is a pod `client` with the tool `dig`, which asks DNS. You will ask everything from there.

# %% id="set" solves="headless-set"
# %%manifest manifests/web.yaml
# apiVersion: v1
# kind: Service
# metadata:
#   name: web
# spec:
#   ### BEGIN SOLUTION: make it headless, select the pods, offer the port under its name
#   clusterIP: None
#   selector:
#     app: web
#   ports:
#     - name: http
#       port: 80
#   ### END SOLUTION
# ---
# apiVersion: apps/v1
# kind: StatefulSet
# metadata:
#   name: web
# spec:
#   ### BEGIN SOLUTION: name the Service, and the number of replicas
#   serviceName: web
#   replicas: 3
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
#             - containerPort: 80
#           readinessProbe:
#             httpGet: {path: /index.html, port: 80}
#             periodSeconds: 1
#             failureThreshold: 1
#             timeoutSeconds: 5
# ---
# apiVersion: v1
# kind: Pod
# metadata:
#   name: client
# spec:
#   containers:
#     - name: client
#       image: registry.k8s.io/e2e-test-images/agnhost:2.53
#   terminationGracePeriodSeconds: 1

# %% id="set-wait" solves="headless-set"
### BEGIN SOLUTION: wait for the StatefulSet "web" and for the pod "client"
lab.wait("statefulset", "web")
lab.wait("pod", "client")
### END SOLUTION

# %% id="set-look"
# %kubectl get pods -o wide
# %kubectl get services,endpointslices

# %% id="check-headless-set" checks="headless-set" tags=["nbval-check-output"]
lab.check("headless-set")

# %% [markdown] id="names-text"
# ## 2. One name for all, one name for each
#
# `dig(…)` below runs `dig +search +short …` in the pod `client` and returns the lines of the answer; an empty list means
# that there is none. `+search` makes it complete short names, as programs do; `+short` leaves out all but the answer.
# DNS follows the cluster a moment later: if an answer surprises you, ask again.


# %% id="dig"
def dig(*words):
    """Ask DNS from inside the pod client; returns the lines of the answer, sorted."""
    answer = lab.cluster.exec("client", ["dig", "+search", "+short", *words], namespace=lab.namespace)
    return sorted(answer.stdout.splitlines())


# %% id="predict-names"
lab.predict("names", "?")


# %% id="names-ask"
def look_up(*names):
    """Print what DNS answers for each name."""
    for name in names:
        print(f"{name:<40} {', '.join(dig(name)) or '-'}")


look_up("web", "web-0.web", "web-1.web", "web-2.web")

# %% [markdown] id="names-seen"
# `web`, the name of the Service, has three addresses. Compare them with the column IP in section 1: they are those of
# the pods. And each pod has a name of its own, the pod's name before the Service's, with a dot between them.

# %% id="reveal-names"
lab.reveal("names")

# %% [markdown] id="search-text"
# ### How does a short name become a long one?
#
# The whole name of a pod is `web-0.web.NAMESPACE.svc.cluster.local`. Every pod has a file `/etc/resolv.conf`: its line
# `search` holds the endings that are tried, one after the other, for a name with few dots (`ndots:5`: fewer than five).

# %% id="search-look"
# %kubectl exec client -- cat /etc/resolv.conf

# %% id="search-ask"
look_up("web-0", "web-0.web", f"web-0.web.{lab.namespace}", f"web-0.web.{lab.namespace}.svc.cluster.local")
look_up("kubernetes", "kubernetes.default")

# %% [markdown] id="search-seen"
# * `web-0` is the pod's *hostname*, but alone it is no name in DNS: the Service's is missing.
# * The next three lead to the same pod. The first ending holds your own namespace, so here `web-0.web` is enough.
# * `kubernetes` is a Service in the namespace `default`. From your namespace you must say `kubernetes.default`, and the
#   second ending does the rest.
#
# The pod itself knows its whole name, too:

# %% id="search-host"
# %kubectl exec web-0 -- hostname -f

# %% [markdown] id="book-task"
# **Your turn.** Write a phone book: a ConfigMap named `phonebook` whose `data` has one entry for each of the pods
# `web-0`, `web-1` and `web-2`: the key is the pod's name, the value is its address *as DNS says*. Below, fill the
# dictionary `book`; the last line makes the ConfigMap of it, again and again if you like.

# %% id="keep"
import json


def keep(name, entries):
    """Make a ConfigMap of a dictionary, or change the one that is there."""
    data = {key: str(value) for key, value in entries.items()}
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}
    print(*lab.apply(json.dumps(config_map)), data)


# %% id="book" solves="phonebook"
book = {}
### BEGIN SOLUTION: look each pod's name up with dig, and put the address (not the list) into book
for pod in ("web-0", "web-1", "web-2"):
    [book[pod]] = dig(f"{pod}.web")
### END SOLUTION
keep("phonebook", book)

# %% id="check-phonebook" checks="phonebook"
lab.check("phonebook")

# %% [markdown] id="srv-text"
# ## 3. Ports, and the way back
#
# DNS knows more than addresses. An **SRV** query for a port by its name, `_http._tcp.web`, tells its number, and the
# names of all who offer it: a client can find all members of a set without knowing how many there are. And a **reverse**
# lookup tells whose address it is.

# %% id="srv-look"
for record in dig("_http._tcp.web", "SRV"):
    print(record)

# %% [markdown] id="srv-task"
# Each record reads: priority, weight, port, name. And `dig("-x", address)` looks an address up in reverse.
#
# **Your turn.** Create a ConfigMap named `findings`, in the same way as before. Its `data` has four entries:
#
# * `search`: the first ending in the search path of the pod `client`;
# * `srv-count`: how many SRV records `_http._tcp.web` has;
# * `srv-port`: the port number in them;
# * `reverse`: the name that a reverse lookup of the address of `web-2` gives. Your phone book has the address.

# %% id="srv" solves="findings"
findings = {}
### BEGIN SOLUTION: fill in the four entries, by hand or with what dig returns
records = dig("_http._tcp.web", "SRV")
findings["search"] = f"{lab.namespace}.svc.cluster.local"
findings["srv-count"] = len(records)
findings["srv-port"] = records[0].split()[2]
[findings["reverse"]] = dig("-x", book["web-2"])
### END SOLUTION
keep("findings", findings)

# %% id="check-findings" checks="findings"
lab.check("findings")

# %% [markdown] id="gate-text"
# ## 4. Only who is ready is listed
#
# A pod that is not Ready is of no use to a client, so clients should not get its address. The readiness probe of these
# pods asks nginx for `/index.html` every second.
#
# **Your turn.** Make `web-1` unready without deleting it: in its container, move the file
# `/usr/share/nginx/html/index.html` to `/tmp/`. Wait until the probe has failed (`kubectl wait` can wait for the condition
# `Ready=false`), then look the names up again.

# %% id="predict-gate"
lab.predict("gate", "?")

# %% id="gate-since"
begun = lab.now()

# %% id="gate" solves="not-ready"
### BEGIN SOLUTION: move the page away with %kubectl exec web-1 -- …, then wait with %kubectl wait pod/web-1 --for=condition=…
# %kubectl exec web-1 -- mv /usr/share/nginx/html/index.html /tmp/
# %kubectl wait pod/web-1 --for=condition=Ready=false --timeout=60s
### END SOLUTION

# %% id="gate-look"
# %kubectl get pods -o wide
look_up("web", "web-0.web", "web-1.web")

# %% id="gate-why"
lab.why("pod/web-1")

# %% [markdown] id="gate-seen"
# The pod runs and has its address, but it is not Ready: so neither its own name is to be found, nor its address under
# `web`. (Some clusters keep an answer for up to thirty seconds: ask again if you still see it. And `lab.why` knows less
# on other clusters than the kit's: only what the events say.)
#
# For clients that is right. But think of a database that is being set up: its members have to find each other *before*
# they can be ready. If nobody is found before being ready, nobody ever is.

# %% id="check-not-ready" checks="not-ready"
lab.check("not-ready")

# %% id="reveal-gate"
lab.reveal("gate")

# %% [markdown] id="publish-task"
# ## 5. Listed all the same
#
# A Service has a field for such members: `publishNotReadyAddresses`. **Your turn.** Set it to `true` in the Service
# `web`, and leave `web-1` as it is: change the manifest above and apply it again, or use `kubectl patch`.

# %% id="predict-publish"
lab.predict("publish", "?")

# %% id="publish" solves="published"
### BEGIN SOLUTION: set the field, for example with %kubectl patch service web -p '…'
# %kubectl patch service web -p '{"spec": {"publishNotReadyAddresses": true}}'
### END SOLUTION

# %% id="publish-look"
# %kubectl get pods
look_up("web", "web-1.web")

# %% [markdown] id="publish-seen"
# The pod is still not Ready, but it has its name back. What was on the list of addresses behind `web` in the meantime?
# In the picture, the lane `endpoints` is the Service's EndpointSlice, with the number of addresses that it calls ready.

# %% id="publish-picture"
lab.timeline("web-*", kinds=["Pod", "EndpointSlice"], since=begun)

# %% [markdown] id="publish-picture-seen"
# The pod turned yellow, and a moment later one address was off the list. `publishNotReadyAddresses` put it on again: for
# this Service, everybody counts as ready now.

# %% id="check-published" checks="published"
lab.check("published")

# %% id="reveal-publish"
lab.reveal("publish")

# %% [markdown] id="vip-text"
# ## 6. For contrast: a Service with an address
#
# **Your turn**, in this order:
#
# 1. Repair `web-1`: move the page back, and wait until the pod is Ready. Set `publishNotReadyAddresses` to `false` again.
# 2. Create a second, ordinary Service named `web-vip` for the same pods (label `app: web`), with one port: name `http`,
#    number `80`. The cluster chooses its cluster IP. (VIP stands for *virtual IP*: it belongs to none of the pods.)

# %% id="predict-vip"
lab.predict("vip", "?")

# %% id="vip-repair" solves="cluster-ip"
### BEGIN SOLUTION: move the page back, lab.wait for the pod, set the field to false
# %kubectl exec web-1 -- mv /tmp/index.html /usr/share/nginx/html/
lab.wait("pod", "web-1")
# %kubectl patch service web -p '{"spec": {"publishNotReadyAddresses": false}}'
### END SOLUTION

# %% id="vip" solves="cluster-ip"
# %%manifest manifests/web-vip.yaml
# apiVersion: v1
# kind: Service
# metadata:
#   name: web-vip
# spec:
#   ### BEGIN SOLUTION: the pods it selects, its port
#   selector:
#     app: web
#   ports:
#     - name: http
#       port: 80
#   ### END SOLUTION

# %% id="vip-look"
# %kubectl get services
look_up("web", "web-vip", "web-0.web-vip")
print("SRV records of the port:", dig("_http._tcp.web-vip", "SRV"))

# %% [markdown] id="vip-seen"
# One name and one address for all three pods, and no names for single ones. The SRV record leads back to the Service's
# own name. That is all that a client needs who does not care which pod answers.

# %% id="check-cluster-ip" checks="cluster-ip"
lab.check("cluster-ip")

# %% id="reveal-vip"
lab.reveal("vip")

# %% [markdown] id="stay-task"
# ## 7. The name stays
#
# **Your turn.** Delete the pod `web-1`, wait until it is Ready again, and look up `web-1.web`. Compare the answer with your
# phone book: `book["web-1"]`.

# %% id="predict-stay"
lab.predict("stay", "?")

# %% id="stay-since"
vip_before = dig("web-vip")
begun = lab.now()

# %% id="stay" solves="name-stays"
### BEGIN SOLUTION: delete the pod, lab.wait for it, look its name up, compare
# %kubectl delete pod web-1
lab.wait("pod", "web-1")
print("in the phone book:", book["web-1"])
print("in DNS:           ", *dig("web-1.web"))
### END SOLUTION

# %% id="stay-picture"
lab.timeline("web-*", kinds=["Pod", "EndpointSlice"], since=begun)

# %% id="stay-vip"
print("web-vip before:", *vip_before)
print("web-vip now:   ", *dig("web-vip"))

# %% [markdown] id="stay-seen"
# Both Services lost an address and got another one, and nobody had to tell them. (Point at a piece of the lane to see
# which addresses were on the list.) The name `web-1.web` now leads to the new pod, while your phone book is wrong. The
# address of `web-vip` is the same as before.
#
# So configure names in your clients, never the address of a pod, and let them look the name up again when a connection
# breaks.

# %% id="check-name-stays" checks="name-stays"
lab.check("name-stays")

# %% id="reveal-stay"
lab.reveal("stay")

# %% [markdown] id="lost-text"
# ## 8. One wrong word
#
# A colleague has written the next manifest: a headless Service `lost`, and two StatefulSets for it. Look at the field
# `serviceName`: in the set `lost` it has a typing error, `lots`, and the set `nameless` has no such field at all. Predict,
# and run the cell as it is: nothing complains.

# %% id="predict-lost"
lab.predict("lost", "?")

# %% id="lost"
# %%manifest manifests/lost.yaml
# apiVersion: v1
# kind: Service
# metadata:
#   name: lost
# spec:
#   clusterIP: None
#   selector:
#     family: lost
#   ports:
#     - name: http
#       port: 80
# ---
# apiVersion: apps/v1
# kind: StatefulSet
# metadata:
#   name: lost
# spec:
#   serviceName: lots
#   replicas: 2
#   selector:
#     matchLabels:
#       app: lost
#   template:
#     metadata:
#       labels:
#         app: lost
#         family: lost
#     spec:
#       containers:
#         - name: nginx
#           image: nginx:1.27
# ---
# apiVersion: apps/v1
# kind: StatefulSet
# metadata:
#   name: nameless
# spec:
#   replicas: 1
#   selector:
#     matchLabels:
#       app: nameless
#   template:
#     metadata:
#       labels:
#         app: nameless
#         family: lost
#     spec:
#       containers:
#         - name: nginx
#           image: nginx:1.27

# %% id="lost-look"
lab.wait("statefulset", "lost")
lab.wait("statefulset", "nameless")
# %kubectl get pods -l family=lost
look_up("lost", "lost-0.lost", "lost-1.lost", "nameless-0.lost")

# %% id="lost-pods"
# %kubectl get pods -l family=lost -o custom-columns=POD:.metadata.name,HOSTNAME:.spec.hostname,SUBDOMAIN:.spec.subdomain
for pod in ("lost-0", "nameless-0"):
    print(pod, "calls itself", lab.cluster.exec(pod, ["hostname", "-f"], namespace=lab.namespace).stdout.strip())

# %% id="lost-why"
lab.why("pod/lost-0")

# %% [markdown] id="lost-seen"
# All three pods run, and the Service `lost` finds them: its name has three addresses. Yet no pod has a name of its own.
# The controller copies `serviceName` into each pod, where it is called `subdomain`; and DNS gives a pod a name only
# below the Service that the pod itself names. `lost-0` calls itself by a name that nobody else knows.
#
# Nothing checks that the Service exists, as it may be created later. So this mistake shows only when somebody asks for a
# name. Can the word be corrected in place?

# %% id="reveal-lost"
lab.reveal("lost")

# %% id="lost-try"
from kitlib.client import ApiError

try:
    lab.cluster.patch("statefulset", "lost", {"spec": {"serviceName": "lost"}}, namespace=lab.namespace)
except ApiError as refused:
    print(refused.message)

# %% [markdown] id="lost-task"
# It cannot; `kubectl edit` or `kubectl apply` would be told the same.
#
# **Your turn.** Repair the set `lost`, so that `lost-0.lost` and `lost-1.lost` can be looked up: there must be a StatefulSet
# of the same name with `2` replicas and `serviceName: lost`, and no pod may be left that was made by the old one. You may
# leave `nameless` as it is.

# %% id="lost-delete" solves="misnamed"
### BEGIN SOLUTION: make room for the right set, and wait until the old pods are gone
# %kubectl delete statefulset lost
lab.wait("pod", "lost-0", until="deleted")
lab.wait("pod", "lost-1", until="deleted")
### END SOLUTION

# %% id="found" solves="misnamed"
# %%manifest manifests/found.yaml
# apiVersion: apps/v1
# kind: StatefulSet
# metadata:
#   name: lost
# spec:
#   ### BEGIN SOLUTION: the right name
#   serviceName: lost
#   ### END SOLUTION
#   replicas: 2
#   selector:
#     matchLabels:
#       app: lost
#   template:
#     metadata:
#       labels:
#         app: lost
#         family: lost
#     spec:
#       containers:
#         - name: nginx
#           image: nginx:1.27

# %% id="found-wait" solves="misnamed"
### BEGIN SOLUTION: wait for the StatefulSet "lost"
lab.wait("statefulset", "lost")
### END SOLUTION

# %% id="found-look"
look_up("lost-0.lost", "lost-1.lost")

# %% [markdown] id="found-seen"
# The way of a name, then:
#
# 1. the **set** names a Service;
# 2. each **pod** gets that name as its subdomain when it is created;
# 3. the **Service** of that name is headless and selects the pod;
# 4. the pod is **Ready**, or the Service publishes unready ones.
#
# If a name cannot be found, go through these four in this order.

# %% id="check-misnamed" checks="misnamed"
lab.check("misnamed")

# %% [markdown] id="summary"
# ## What you have seen
#
# | question to DNS | headless Service `web` | Service `web-vip` |
# |---|---|---|
# | the Service's name | the addresses of all ready pods | one virtual address |
# | `web-0.` and the Service's name | that pod's address | nothing |
# | SRV of the port | one record per pod, with its name | one record with the Service's name |
# | the name of a pod that is not Ready | nothing, unless `publishNotReadyAddresses` | nothing |
# | after a pod was replaced | its name leads to its new address | the same virtual address |
#
# And the one word that the names of pods hang on: `serviceName`. Here is the whole story in one picture; a dotted line is
# a pause that is drawn shorter than it was.

# %% id="story"
lab.timeline(kinds=["Pod", "EndpointSlice"])

# %% id="scores" tags=["nbval-check-output"]
lab.scores()

# %% [markdown] id="end"
# **Before:** [Lab 01: Pets and cattle](../01-stateless-vs-stateful/lab.ipynb). **Next:**
# [Lab 03: Volumes and claims](../03-volumes-and-claims/lab.ipynb). **Related:**
# [Lab 05](../05-volume-claim-templates/lab.ipynb) adds a disk to every name, and
# [lab 08](../08-redis-replication/lab.ipynb) lets database servers find each other by these names.
#
# Done? The next cell removes everything this lab has made, and nothing else. And should you want to see how a step can be
# done, `lab.solution("published", confirm=True)` shows it; hints come first.

# %% id="reset"
# lab.reset()
