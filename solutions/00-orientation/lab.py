# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] id="title"
# # Lab 00: Orientation
#
# Welcome. In a quarter of an hour you get to know the place where you will work: a cluster of your own, the cells of a lab, and
# checks that look over your shoulder and tell you what they see.
#
# You make a pod, lose it, repair one that was written badly, and clear up after yourself. Nothing that you do here can
# break anything: at the end, one call puts everything back to its beginning.
#
# Run the cells from top to bottom (Shift+Enter). Where a cell says `TODO`, it is your turn. The first one starts the
# cluster, if it is not up yet, and opens the lab:

# %% id="open"
from kitlib import open_lab

lab = open_lab("00-orientation")
lab

# %% [markdown] id="cluster"
# ## 1. Your cluster
#
# `lab` has told you three things: the lab, your **namespace**, and the cluster. Everything you make goes into that namespace,
# so that labs don't get into each other's way.
#
# `%kubectl` in front of a line runs the real kubectl, in your namespace. What you know from the terminal works here:

# %% id="cluster-look"
# %kubectl get nodes
# %kubectl get pods

# %% [markdown] id="cluster-explain"
# Nodes (the kit's own cluster has one), and no pods yet. And when you don't remember what a field is for, ask the cluster itself:

# %% id="cluster-field"
# %kubectl explain pod.spec.containers.image

# %% [markdown] id="reset-task"
# ## 2. Nothing can go wrong
#
# Make something, anything. This pod, for example:

# %% id="reset-draft"
# %kubectl run draft --image=nginx:1.27
lab.wait("pod", "draft")

# %% [markdown] id="reset-turn"
# And now get rid of it. You could delete it. But when a lab is in a state that you don't understand any more, or when you want to take
# it again, there is something better: `lab.reset()` removes everything that this lab has made, forgets its points, and touches
# nothing else.
#
# **Your turn.** Reset the lab. There are no points to lose yet.

# %% id="reset-now" solves="first-pod"
### BEGIN SOLUTION: lab.reset()
lab.reset()
### END SOLUTION

# %% id="reset-look"
# %kubectl get pods

# %% [markdown] id="first-task"
# ## 3. Your first manifest
#
# `%%manifest` on top of a cell applies the YAML below it. (The file name after it is optional: that is where the YAML is kept.)
#
# **Your turn.** Complete the pod: its name is `hello`, and its container runs the image `busybox:1.36`. Then run the three
# cells below it. The last one checks that `hello` runs, and that the pod `draft` is gone.

# %% id="first" solves="first-pod"
# %%manifest manifests/hello.yaml
# apiVersion: v1
# kind: Pod
# metadata:
#   ### BEGIN SOLUTION: the name
#   name: hello
#   ### END SOLUTION
# spec:
#   terminationGracePeriodSeconds: 1
#   containers:
#     - name: box
#       ### BEGIN SOLUTION: the image
#       image: busybox:1.36
#       ### END SOLUTION
#       command: ["sh", "-c", "echo hello from $(hostname); sleep 3600"]

# %% id="first-wait"
lab.wait("pod", "hello")

# %% id="first-look"
# %kubectl get pods
# %kubectl logs hello

# %% id="check-first-pod" checks="first-pod"
lab.check("first-pod")

# %% [markdown] id="first-seen"
# That was a **checkpoint**. For each criterion it says what it *observed*, what it *wanted*, and when something is missing also why
# that matters. Run it as often as you like; it only looks.
#
# If you are stuck, there are hints, from a nudge to nearly there. Each call gives the next one; here is the first:

# %% id="first-hint"
lab.hint("first-pod", 1)

# %% [markdown] id="past-task"
# ## 4. What a checkpoint sees
#
# It does not read your cells. It looks at the **cluster**, so every way that leads there is right: YAML, kubectl in a cell, or kubectl
# in a terminal. And it looks at the **record** of everything that happened since the lab began, so it knows what was there before:
#
# | it asks | for example |
# |---|---|
# | is it true now? | the pod is Ready |
# | has it happened? | the volume was Released once |
# | in which order, with what? | the new pod came after the old one was gone, under the same name |
#
# Before something happens, a lab often asks what you expect. Nobody grades it; but who has guessed looks more closely.
# Replace the `?` by a letter.

# %% id="predict-alone"
lab.predict("alone", "?")

# %% [markdown] id="past-turn"
# **Your turn.** Delete the pod `hello`, look whether it comes back, and then make it again, with the same name. (Running the cell
# with the manifest once more is enough.) Each pod has a **UID** that no other object ever had: note both.

# %% id="past-before"
begun = lab.now()
first = lab.uid("pod", "hello")

# %% id="past-delete" solves="second-pod"
### BEGIN SOLUTION: delete the pod with %kubectl
# %kubectl delete pod hello
### END SOLUTION

# %% id="past-look"
# %kubectl get pods

# %% id="past-again" solves="second-pod"
### BEGIN SOLUTION: make it again: %kubectl apply -f, with the file that %%manifest has kept, and wait for it
# %kubectl apply -f manifests/hello.yaml
lab.wait("pod", "hello")
### END SOLUTION

# %% id="past-uids"
print("first ", first)
print("second", lab.uid("pod", "hello"))

# %% id="past-picture"
lab.timeline("hello", since=begun)

# %% [markdown] id="past-seen"
# A picture of the record: a lane for each name, and a thick black line wherever a new object begins. Two pods, one name. A pod
# that nobody looks after stays away when it is gone; you made the second one yourself. Pods that come back by themselves, and keep
# their name and their files, are what the rest of this course is about.

# %% id="check-second-pod" checks="second-pod"
lab.check("second-pod")

# %% id="reveal-alone"
lab.reveal("alone")

# %% [markdown] id="broken-task"
# ## 5. Mistakes
#
# You will make some; everybody does. There are two kinds. Some are refused, and the answer names the line, the cause and a fix.
# Others are accepted, because what is written is possible, only not what was meant.
#
# **Your turn.** Somebody wrote the manifest below in a hurry. Run it, read the answer, repair that one mistake, and run it again, until it
# is accepted: a Service `shop` and a pod `shop` with one container, `web`. Don't look for more than the answers tell you, for now.

# %% id="broken" solves="accepted"
# %%manifest manifests/shop.yaml
# apiVersion: v1
# kind: Service
# metadata:
#   name: shop
# spec:
#   selector:
#     app: shop
#   ports:
#     ### BEGIN BROKEN
#     - prot: 80
#     ### REPAIRED
#     - port: 80
#     ### END BROKEN
# ---
# apiVersion: v1
# ### BEGIN BROKEN
# kind: Pods
# ### REPAIRED
# kind: Pod
# ### END BROKEN
# metadata:
#   name: shop
#   labels:
#     app: shpo
# spec:
#   terminationGracePeriodSeconds: 1
#   ### BEGIN BROKEN
#   contianers:
#   ### REPAIRED
#   containers:
#   ### END BROKEN
#     - name: web
#       image: ngnix:1.27

# %% id="check-accepted" checks="accepted"
lab.check("accepted")

# %% [markdown] id="why-task"
# Accepted. Does it work? Predict first.

# %% id="predict-image"
lab.predict("image", "?")

# %% id="why-look"
# %kubectl get pods,endpointslices

# %% id="why"
lab.why("pod/shop")

# %% [markdown] id="why-seen"
# `lab.why` tells why an object is as it is; in a terminal, `kit why pod/shop -n lab-00` does the same. The name of the image is misspelt.
#
# **Your turn.** The image should be `nginx:1.27`. Repair it (in the manifest, or with `%kubectl set image`), and wait until the pod is
# Ready.

# %% id="repair-image" solves="image"
### BEGIN SOLUTION: another image for the container web of the pod shop; then lab.wait
# %kubectl set image pod/shop web=nginx:1.27
lab.wait("pod", "shop")
### END SOLUTION

# %% id="check-image" checks="image"
lab.check("image")

# %% id="reveal-image"
lab.reveal("image")

# %% [markdown] id="label-task"
# The pod is Ready. Still nobody reaches it: a Service finds its pods by their labels, and the column ENDPOINTS shows which it has found.

# %% id="label-look"
# %kubectl get endpointslices
# %kubectl get pods --show-labels
# %kubectl get service shop -o wide

# %% [markdown] id="label-turn"
# **Your turn.** Compare the label with the selector, and give the pod the label `app: shop`. Then let the pod `hello` ask for the
# page of `http://shop`.

# %% id="repair-label" solves="label"
### BEGIN SOLUTION: change the label: in the manifest, or with %kubectl label (it wants --overwrite)
# %kubectl label pod shop app=shop --overwrite
### END SOLUTION

# %% id="repair-look"
# %kubectl get endpointslices
# %kubectl exec hello -- sh -c 'wget -qO- -T 3 http://shop | grep title || true'

# %% id="repair-picture"
lab.timeline("shop")

# %% id="check-label" checks="label"
lab.check("label")

# %% [markdown] id="summary"
# ## What you have seen
#
# | in a cell | what it does |
# |---|---|
# | `%kubectl …` | the real kubectl, in your namespace; `{name}` puts in the value of a Python variable |
# | `%%manifest FILE` | applies the YAML below it; a mistake is answered with line, cause and fix |
# | `lab.wait("pod", "hello")` | waits, says what happens, and after a minute what holds it up |
# | `lab.check("…")` | looks at the cluster and its record: observed, wanted, why |
# | `lab.hint("…")`, `lab.solution("…")` | nudges; and the solution, once you confirm that you want it |
# | `lab.predict("…", "a")`, `lab.reveal("…")` | what you expect, and what it was |
# | `lab.timeline()` | a picture of what happened |
# | `lab.why("pod/shop")` | why something is as it is |
# | `lab.uid("pod", "hello")` | tells two objects of the same name apart |
# | `lab.reset()` | back to the beginning of this lab |
#
# Your points are kept, also when you close the notebook or start the kernel anew:

# %% id="scores" tags=["nbval-check-output"]
lab.scores()

# %% [markdown] id="end"
# That is all you need. Go on with [lab 01, pets and cattle](../01-stateless-vs-stateful/lab.ipynb): the same program as a Deployment and as a
# StatefulSet, side by side. In a terminal, `kit lab status` shows how far you are in the whole course.
#
# As in every lab, the last cell removes what this lab has made:

# %% id="reset"
# lab.reset()
