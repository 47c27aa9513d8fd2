# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] id="title"
# # Lab 01: Pets and cattle
#
# You know how to run three copies of a program: a **Deployment** with `replicas: 3`. Kubernetes has a second kind of
# workload that also runs three copies, the **StatefulSet**. Same image, same number, and still another animal.
#
# The old picture for it is *pets and cattle*. Cattle are counted: when a cow is lost, another one takes its place, and
# nobody asks which. Pets have names: when Rex comes home, it had better be Rex.
#
# In this lab you run both side by side, do the same things to both, and compare.
#
# | word | what it is |
# |---|---|
# | **Deployment** | runs pods that are all alike; their names end in random letters. |
# | **ReplicaSet** | what a Deployment uses to run the pods of one version of its template. |
# | **StatefulSet** | runs pods with fixed names: `pets-0`, `pets-1`, … The number is the *ordinal*. |
# | **UID** | tells two objects apart even if one had the other's name before; it is never used again. |
# | **NodePort** | a Service that also listens on a port of every node. |
#
# New to the cells of these labs? [Lab 00](../00-orientation/lab.ipynb) takes a quarter of an hour.

# %% id="open"
from kitlib import open_lab

lab = open_lab("01-stateless-vs-stateful")
lab

# %% [markdown] id="herds-task"
# ## 1. Two herds
#
# **Your turn.** The manifest below holds three objects. Complete the first and the last, which must be alike in all but
# their kind:
#
# * a **Deployment** named `cattle`, with `3` replicas, whose pods carry the label `app: cattle`;
# * a **StatefulSet** named `pets`, with `3` replicas, whose pods carry the label `app: pets`;
# * each pod runs one container `nginx` of the image `nginx:1.27`.
#
# The object between them is a *headless* Service, which a StatefulSet wants for the names of its pods: the field
# `serviceName: pets` refers to it. [Lab 02](../02-headless-services/lab.ipynb) is all about that.
#
# So that there is something to see, the pods are a little slow, as real servers are: they are Ready one second after
# their start at the earliest, and take a second to stop (`preStop`). Each one serves a page with its own name.
#
# First a prediction. Nothing is graded here, but having guessed makes you look.

# %% id="predict-start"
lab.predict("start", "?")

# %% id="herds" solves="two-herds"
# %%manifest manifests/herds.yaml
# apiVersion: apps/v1
# kind: Deployment
# metadata:
#   name: cattle
# spec:
#   ### BEGIN SOLUTION: the number of replicas, and the label by which it finds its pods
#   replicas: 3
#   selector:
#     matchLabels:
#       app: cattle
#   ### END SOLUTION
#   template:
#     metadata:
#       ### BEGIN SOLUTION: the label of the pods
#       labels:
#         app: cattle
#       ### END SOLUTION
#     spec:
#       containers:
#         - name: nginx
#           ### BEGIN SOLUTION: the image
#           image: nginx:1.27
#           ### END SOLUTION
#           command: ["sh", "-c", "hostname > /usr/share/nginx/html/index.html; exec nginx -g 'daemon off;'"]
#           ports:
#             - containerPort: 80
#           readinessProbe:
#             httpGet: {port: 80}
#             initialDelaySeconds: 1
#             periodSeconds: 1
#           lifecycle:
#             preStop:
#               exec: {command: ["sleep", "1"]}
# ---
# apiVersion: v1
# kind: Service
# metadata:
#   name: pets
# spec:
#   clusterIP: None
#   selector:
#     app: pets
#   ports:
#     - port: 80
# ---
# apiVersion: apps/v1
# kind: StatefulSet
# metadata:
#   name: pets
# spec:
#   serviceName: pets
#   ### BEGIN SOLUTION: the same as above, for the pets
#   replicas: 3
#   selector:
#     matchLabels:
#       app: pets
#   ### END SOLUTION
#   template:
#     metadata:
#       ### BEGIN SOLUTION: the label of the pods
#       labels:
#         app: pets
#       ### END SOLUTION
#     spec:
#       containers:
#         - name: nginx
#           ### BEGIN SOLUTION: the image
#           image: nginx:1.27
#           ### END SOLUTION
#           command: ["sh", "-c", "hostname > /usr/share/nginx/html/index.html; exec nginx -g 'daemon off;'"]
#           ports:
#             - containerPort: 80
#           readinessProbe:
#             httpGet: {port: 80}
#             initialDelaySeconds: 1
#             periodSeconds: 1
#           lifecycle:
#             preStop:
#               exec: {command: ["sleep", "1"]}

# %% id="herds-wait" solves="two-herds"
### BEGIN SOLUTION: wait for both: lab.wait("deployment", "cattle"), then the same for the StatefulSet "pets"
lab.wait("deployment", "cattle")
lab.wait("statefulset", "pets")
### END SOLUTION

# %% id="herds-look"
# %kubectl get pods

# %% [markdown] id="herds-seen"
# Look at the names. A cow's name is made of the Deployment's, a hash of the pod template, and five random letters. A
# pet's is the set's name and a number, from 0 up: `pets-0`, `pets-1`, `pets-2`.

# %% id="check-two-herds" checks="two-herds" tags=["nbval-check-output"]
lab.check("two-herds")

# %% [markdown] id="order-text"
# ### Both starts, side by side
#
# The lab records every change on the cluster. In the picture each lane is a name; a vertical stroke is the birth of an
# object, yellow is *not ready yet*, green is *Ready*. Compare where the lanes begin.

# %% id="order-look"
lab.timeline()

# %% [markdown] id="order-seen"
# The cattle begin at the same moment. The pets make a staircase: `pets-1` is not even created before `pets-0` is Ready.
# Cattle do not need each other. But if `pets-0` were a database and `pets-1` its copy, the copy would have nothing to
# copy from before `pets-0` answers.

# %% id="check-start-order" checks="start-order"
lab.check("start-order")

# %% id="reveal-start"
lab.reveal("start")

# %% [markdown] id="doors-task"
# ## 2. A door for each herd
#
# Clients do not care which cow answers: they talk to a Service. **Your turn.** Create two Services of type `NodePort`,
# so that clients outside the cluster could come in as well:
#
# * `cattle-door` for the pods with the label `app: cattle`, port `80`;
# * `pets-door` for the pods with the label `app: pets`, port `80`.
#
# Leave the field `nodePort` out: then the cluster picks a free port between 30000 and 32767.

# %% id="doors" solves="doors"
# %%manifest manifests/doors.yaml
# apiVersion: v1
# kind: Service
# metadata:
#   name: cattle-door
# spec:
#   ### BEGIN SOLUTION: its type, the pods it selects, its port
#   type: NodePort
#   selector:
#     app: cattle
#   ports:
#     - port: 80
#   ### END SOLUTION
# ---
# apiVersion: v1
# kind: Service
# metadata:
#   name: pets-door
# spec:
#   ### BEGIN SOLUTION: the same for the pets
#   type: NodePort
#   selector:
#     app: pets
#   ports:
#     - port: 80
#   ### END SOLUTION

# %% id="doors-look"
# %kubectl get services,endpointslices

# %% [markdown] id="doors-text"
# Knock six times on each door: at the node's own address, at the node port. (We knock from inside `pets-0`, which can
# reach the node on every kind of cluster.)

# %% id="predict-doors"
lab.predict("doors", "?")

# %% id="doors-knock"
node = lab.cluster.get("pod", "pets-0", namespace=lab.namespace)["status"]["hostIP"]
for door in ("cattle-door", "pets-door"):
    service = lab.cluster.find("service", door, namespace=lab.namespace)
    if service is None:
        print("there is no", door)
        continue
    url = f"http://{node}:{service['spec']['ports'][0].get('nodePort')}"
    knock = f"for n in 1 2 3 4 5 6; do curl -s --max-time 5 {url}; done"
    print(door, url)
    print(lab.cluster.exec("pets-0", ["sh", "-c", knock], namespace=lab.namespace).stdout)

# %% [markdown] id="doors-seen"
# Several names come out of either door: an ordinary Service spreads connections over all its pods, pets or not. For cattle
# that is all one wants. For pets it is not: who writes to a database must reach the one that takes writes.

# %% id="check-doors" checks="doors" tags=["nbval-check-output"]
lab.check("doors")

# %% id="reveal-doors"
lab.reveal("doors")

# %% [markdown] id="replace-task"
# ## 3. One of each is lost
#
# Here is a roll call, to be used from now on. It is plain Python over the API: name, first part of the UID, address.


# %% id="roll-call"
def roll_call():
    """Return the living pods by name: the first part of the UID, and the IP."""
    pods = lab.cluster.list("pods", namespace=lab.namespace)
    return {pod["metadata"]["name"]: (pod["metadata"]["uid"][:8], pod["status"].get("podIP")) for pod in pods}


before = roll_call()
for name, (uid, ip) in before.items():
    print(f"{name:<26} {uid}  {ip}")

# %% [markdown] id="replace-your-turn"
# **Your turn.** Delete one pod of `cattle`, whichever you like, and delete the pod `pets-1`. Then wait until both herds
# have three Ready pods again. `{cow}` in a `%kubectl` line is replaced by your Python variable `cow`.

# %% id="predict-replace"
lab.predict("replace", "?")

# %% id="replace-since"
begun = lab.now()

# %% id="replace" solves="replaced"
### BEGIN SOLUTION: put the name of one cow into the variable cow, delete it and pets-1, then lab.wait for both herds
cow = next(name for name in before if name.startswith("cattle-"))
# %kubectl delete pod {cow} pets-1
lab.wait("deployment", "cattle")
lab.wait("statefulset", "pets")
### END SOLUTION

# %% id="replace-look"
after = roll_call()
print(f"{'name':<26} {'UID':<8}  {'IP'}")
for name in sorted({*before, *after}):
    for when, pods in (("before", before), ("after", after)):
        if name in pods and before.get(name) != after.get(name):
            print(f"{name:<26} {pods[name][0]}  {pods[name][1]}  {when}")

# %% [markdown] id="replace-seen"
# A cow is replaced by a cow with another name. A pet is replaced by a pod with the *same name*, which is nevertheless
# another pod: another UID, and another IP address. So even a pet's address is nothing to rely on; its name is.

# %% id="replace-picture"
lab.timeline(since=begun)

# %% [markdown] id="replace-picture-seen"
# The replacement of the cow has a lane of its own, and it was born at once, while the old one was still stopping (grey).
# The new `pets-1` stands in the lane of the old one, and had to wait until that one was really gone: there are never
# two pods of one name. In a cluster that lost a node this matters very much:
# [lab 09](../09-troubleshooting/lab.ipynb) comes back to it.

# %% id="check-replaced" checks="replaced"
lab.check("replaced")

# %% id="reveal-replace"
lab.reveal("replace")

# %% [markdown] id="rollback-task"
# ## 4. Forward and back again
#
# A new version for the cattle. **Your turn**, in this order:
#
# 1. Change the image of the Deployment `cattle` to `nginx:1.28`, and wait until all three pods run it
#    (`kubectl rollout status deployment/cattle` waits).
# 2. Customers complain. Go back to `nginx:1.27`: `kubectl rollout` has a command for that. Wait again.

# %% id="predict-rollback"
lab.predict("rollback", "?")

# %% id="rollback-since"
begun = lab.now()

# %% id="forward" solves="rolled-back"
### BEGIN SOLUTION: change the image of cattle's container nginx to nginx:1.28, and wait
# %kubectl set image deployment/cattle nginx=nginx:1.28
# %kubectl rollout status deployment/cattle
### END SOLUTION

# %% id="forward-look"
# %kubectl get replicasets

# %% id="back" solves="rolled-back"
### BEGIN SOLUTION: undo the rollout, and wait
# %kubectl rollout undo deployment/cattle
# %kubectl rollout status deployment/cattle
### END SOLUTION

# %% id="back-look"
# %kubectl get replicasets
# %kubectl rollout history deployment/cattle

# %% [markdown] id="rollback-seen"
# There are two ReplicaSets, one per version of the template, and none is added on the way back: the old one, which had
# been kept with no pods, gets them again. Its revision number 1 is gone from the history, because it is now number 3.

# %% id="rollback-picture"
lab.timeline("cattle-*", since=begun)

# %% [markdown] id="rollback-picture-seen"
# Twice the herd is replaced by a new one: first a cow more, then one less, under new names each time. Which cow goes is
# of no interest, for whoever is there is as good as any other. A StatefulSet updates its pets by name, from the highest
# ordinal down, and can be told to stop half-way: [lab 07](../07-updates-and-canaries/lab.ipynb) shows it.

# %% id="check-rolled-back" checks="rolled-back"
lab.check("rolled-back")

# %% id="reveal-rollback"
lab.reveal("rollback")

# %% [markdown] id="down-task"
# ## 5. All go home
#
# **Your turn.** Scale the Deployment `cattle` and the StatefulSet `pets` to `0` replicas, both in one command
# (`kubectl scale` takes several `TYPE/NAME`), and wait until no pod is left: `until_gone()` below does that.


# %% id="until-gone"
def until_gone():
    """Wait until no pod is left, and return how many seconds that took."""
    start = lab.now()
    for name in roll_call():
        lab.cluster.wait("pod", name, until="deleted", namespace=lab.namespace)
    return round(lab.now() - start, 1)


took = {}

# %% id="predict-down"
lab.predict("down", "?")

# %% id="down-since"
begun = lab.now()

# %% id="down" solves="scaled-to-none"
### BEGIN SOLUTION: scale both to 0 in one command, then took["scale to 0"] = until_gone()
# %kubectl scale deployment/cattle statefulset/pets --replicas=0
took["scale to 0"] = until_gone()
### END SOLUTION

# %% id="down-picture"
lab.timeline(since=begun)

# %% [markdown] id="down-seen"
# The cows leave together. The pets leave one by one, the highest number first: the staircase, the other way round.
# (All pods take a second to stop. Elsewhere everything may take longer, but in the same order. And if you were quick, you
# also see a last cow of the version before, grey from the beginning.)

# %% id="check-scaled-to-none" checks="scaled-to-none"
lab.check("scaled-to-none")

# %% id="reveal-down"
lab.reveal("down")

# %% [markdown] id="delete-task"
# ## 6. The herds themselves are deleted
#
# Scaling is one way to be rid of pods. Deleting their owner is another. **Your turn**, in this order:
#
# 1. Scale both back to `3` replicas and wait until they are Ready.
# 2. Predict.
# 3. Delete the Deployment `cattle` and the StatefulSet `pets`, both in one command, and wait until no pod is left.

# %% id="back-up" solves="deleted"
### BEGIN SOLUTION: scale both to 3, and wait for both
# %kubectl scale deployment/cattle statefulset/pets --replicas=3
lab.wait("deployment", "cattle")
lab.wait("statefulset", "pets")
### END SOLUTION

# %% id="predict-delete"
lab.predict("delete", "?")

# %% id="delete-since"
begun = lab.now()

# %% id="delete" solves="deleted"
### BEGIN SOLUTION: delete both in one command, then took["delete"] = until_gone()
# %kubectl delete deployment/cattle statefulset/pets
took["delete"] = until_gone()
### END SOLUTION

# %% id="delete-picture"
lab.timeline(since=begun)

# %% id="delete-took"
for what, seconds in took.items():
    print(f"{what:<12} {seconds} s")

# %% [markdown] id="delete-seen"
# Surprised? A StatefulSet keeps its order as long as it *exists*. Once it is deleted, nobody is left to keep it: the
# garbage collector removes the pods that have lost their owner, all at once. So if your pets must go in order (the
# copies before the original, say), scale to 0 first, and delete the set when it is empty.

# %% id="check-deleted" checks="deleted"
lab.check("deleted")

# %% id="reveal-delete"
lab.reveal("delete")

# %% [markdown] id="choose-task"
# ## 7. Which workload needs which?
#
# A rule of thumb. Use a **Deployment** if any copy can do the work of any other, and a lost copy is not missed. Use a
# **StatefulSet** if a copy needs one of these: a name that others know, files that are its own, or its turn in an order.
#
# **Your turn.** Create a ConfigMap named `choices`. Under `data` it has one entry per workload below, each with the
# value `Deployment` or `StatefulSet`:
#
# | key | the workload |
# |---|---|
# | `web-frontend` | serves the same pages and scripts from its image to everybody |
# | `postgresql` | a primary that takes writes, and two copies that follow it by name |
# | `rest-api` | keeps no session itself: all of that is in a Redis elsewhere |
# | `kafka` | brokers; each holds its own part of the messages on its own disk |
# | `thumbnails` | takes pictures from a queue, and puts small ones into an object store |
# | `zookeeper` | members that list each other's names in their configuration and vote |

# %% id="choose" solves="choices"
# %%manifest manifests/choices.yaml
# apiVersion: v1
# kind: ConfigMap
# metadata:
#   name: choices
# ### BEGIN SOLUTION: one entry per workload
# data:
#   web-frontend: Deployment
#   postgresql: StatefulSet
#   rest-api: Deployment
#   kafka: StatefulSet
#   thumbnails: Deployment
#   zookeeper: StatefulSet
# ### END SOLUTION

# %% id="check-choices" checks="choices" tags=["nbval-check-output"]
lab.check("choices")

# %% [markdown] id="summary"
# ## What you have seen
#
# | | Deployment (cattle) | StatefulSet (pets) |
# |---|---|---|
# | names | hash and random letters | name and ordinal, from 0 |
# | start | all at once | in order, each when the one before is Ready |
# | a pod is lost | another name, another IP, at once | **the same name**, another IP, when the old pod is gone |
# | a Service before it | any pod answers | any pod answers; for one pod you need its name (lab 02) |
# | scale to 0 | all at once | in reverse order |
# | object deleted | all at once | all at once! |
# | back to the former version | `rollout undo`: the old ReplicaSet again | by name, one by one (lab 07) |
#
# Here is the whole story in one picture; a dotted line is a pause that is drawn shorter than it was.

# %% id="story"
lab.timeline()

# %% id="scores" tags=["nbval-check-output"]
lab.scores()

# %% [markdown] id="end"
# **Before:** [Lab 00: Orientation](../00-orientation/lab.ipynb). **Next:**
# [Lab 02: A name for every pod](../02-headless-services/lab.ipynb), how to reach one pet by its name. **Related:**
# [Lab 05](../05-volume-claim-templates/lab.ipynb) gives each pet a disk of its own,
# [Lab 06](../06-scaling/lab.ipynb) has more on order.
#
# Done? The next cell removes everything this lab has made, and nothing else. And should you want to see how a step can be
# done, `lab.solution("doors", confirm=True)` shows it; hints come first.

# %% id="reset"
# lab.reset()
