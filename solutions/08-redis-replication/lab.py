# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] id="title"
# # Lab 08: A database and its copies
#
# In the labs before, the pods of a set had names and volumes of their own, but what they *did* was all the same. Now the
# pods get different jobs. One redis takes the writes, others keep a copy of everything and answer readers. They find each
# other by the names that a StatefulSet gives, and they find their data on the claims that go with these names.
#
# You build that in a few minutes. Then you spend the rest of the lab disturbing it, and watch what redis has to copy again,
# what it can continue, and what it loses.
#
# | word | what it is |
# |---|---|
# | **ConfigMap** | files or values for pods, kept in the cluster: here the configurations of redis. |
# | **master** | the redis that takes writes, and passes them on. |
# | **replica** | a redis that follows another one: it copies all data once, then repeats every write. |
# | **snapshot** | all data of a redis in one file, `dump.rdb`. |
# | **offset** | how many bytes of writes a master has sent so far; a replica says how far it has come. |
# | **full resync** | the replica throws its data away and gets a new snapshot. |
# | **partial resync** | the replica gets only the writes that it has missed. |
# | **backlog** | the newest bytes of the stream of writes, which a master keeps for those who have missed some. |

# %% id="open"
from kitlib import open_lab

lab = open_lab("08-redis-replication")
lab

# %% [markdown] id="config-task"
# ## 1. Two configurations, three disks
#
# Master and replicas run the same image and need different configurations. Both go into one **ConfigMap**, a key each. What
# the lines of `master.conf` mean:
#
# * `dir /data`: where `dump.rdb` is written. It will be on a volume.
# * `save 3600 1`: write a snapshot each hour, if anything has changed, *and when redis is told to stop*.
# * `protected-mode no`: other pods may connect.
# * `repl-backlog-size 16kb`: the smallest backlog that redis allows, so that you can overrun it later.
# * `repl-diskless-sync no`: a snapshot for a replica is written to disk first, and sent from there.
#
# **Your turn.** Complete the ConfigMap `redis-config`. Its key `replica.conf` has the same five lines, and a sixth one,
# `replicaof`, which names host and port of the master: the host is `redis-master-0.redis-master` and the port `6379`. Nothing
# of that name is there yet; that does no harm.

# %% id="config" solves="prepared"
# %%manifest manifests/config.yaml
# apiVersion: v1
# kind: ConfigMap
# metadata:
#   name: redis-config
# data:
#   master.conf: |
#     dir /data
#     save 3600 1
#     protected-mode no
#     repl-backlog-size 16kb
#     repl-diskless-sync no
#   ### BEGIN SOLUTION: the key replica.conf with its six lines
#   replica.conf: |
#     dir /data
#     save 3600 1
#     protected-mode no
#     repl-backlog-size 16kb
#     repl-diskless-sync no
#     replicaof redis-master-0.redis-master 6379
#   ### END SOLUTION

# %% [markdown] id="volumes-task"
# The disks are made by hand, as in lab 03: directories on the node, so that you can look at the files later.
#
# Each node has directories of its own, and a pod finds those of the node that it is on. So if your cluster has several nodes
# (`%kubectl get nodes`), as on kind, let one of the workers take all pods of this lab: `%kubectl cordon NODE` for each of the
# other workers. When you are done, `%kubectl uncordon NODE`.
#
# **Your turn.** Complete three volumes `redis-a`, `redis-b` and `redis-c`, each with `64Mi`, `ReadWriteOnce`, the class
# `redis`, the policy `Retain` and a directory of its own below `/srv/lab-08` (for example `/srv/lab-08/a`).

# %% id="volumes" solves="prepared"
# %%manifest manifests/volumes.yaml
# apiVersion: v1
# kind: PersistentVolume
# metadata:
#   name: redis-a
# spec:
#   capacity:
#     storage: 64Mi
#   accessModes: ["ReadWriteOnce"]
#   storageClassName: redis
#   persistentVolumeReclaimPolicy: Retain
#   hostPath:
#     path: /srv/lab-08/a
#     type: DirectoryOrCreate
# ---
# apiVersion: v1
# kind: PersistentVolume
# metadata:
#   name: redis-b
# spec:
#   ### BEGIN SOLUTION: the second disk
#   capacity:
#     storage: 64Mi
#   accessModes: ["ReadWriteOnce"]
#   storageClassName: redis
#   persistentVolumeReclaimPolicy: Retain
#   hostPath:
#     path: /srv/lab-08/b
#     type: DirectoryOrCreate
#   ### END SOLUTION
# ---
# apiVersion: v1
# kind: PersistentVolume
# metadata:
#   name: redis-c
# spec:
#   ### BEGIN SOLUTION: and the third
#   capacity:
#     storage: 64Mi
#   accessModes: ["ReadWriteOnce"]
#   storageClassName: redis
#   persistentVolumeReclaimPolicy: Retain
#   hostPath:
#     path: /srv/lab-08/c
#     type: DirectoryOrCreate
#   ### END SOLUTION

# %% id="config-look"
# %kubectl get configmaps,persistentvolumes

# %% id="check-prepared" checks="prepared"
lab.check("prepared")

# %% [markdown] id="master-task"
# ## 2. The master
#
# **Your turn.** Complete a headless Service and a StatefulSet, both named `redis-master`:
#
# * the Service selects the pods with the label `app: redis-master` and offers port `6379`;
# * the set has `1` replica and belongs to that Service;
# * its claim template is named `data`: `64Mi`, `ReadWriteOnce`, class `redis`; the container mounts it at `/data`.
#   The claim will be called `data-redis-master-0`;
# * the ConfigMap is mounted at `/etc/redis`, but only the key `master.conf`, under the file name `redis.conf`. A volume of the
#   type `configMap` has a field `items` for that: a list of `key` and `path`.

# %% id="master" solves="master"
# %%manifest manifests/master.yaml
# apiVersion: v1
# kind: Service
# metadata:
#   name: redis-master
# spec:
#   ### BEGIN SOLUTION: headless, with selector and port
#   clusterIP: None
#   selector:
#     app: redis-master
#   ports:
#     - name: redis
#       port: 6379
#   ### END SOLUTION
# ---
# apiVersion: apps/v1
# kind: StatefulSet
# metadata:
#   name: redis-master
# spec:
#   ### BEGIN SOLUTION: its Service and the number of replicas
#   serviceName: redis-master
#   replicas: 1
#   ### END SOLUTION
#   selector:
#     matchLabels:
#       app: redis-master
#   template:
#     metadata:
#       labels:
#         app: redis-master
#     spec:
#       containers:
#         - name: redis
#           image: redis:6.2
#           command: ["redis-server", "/etc/redis/redis.conf"]
#           ports:
#             - name: redis
#               containerPort: 6379
#           readinessProbe:
#             tcpSocket:
#               port: 6379
#             periodSeconds: 1
#           volumeMounts:
#             - name: data
#               mountPath: /data
#             - name: config
#               mountPath: /etc/redis
#       volumes:
#         - name: config
#           ### BEGIN SOLUTION: one key of the ConfigMap, under another name
#           configMap:
#             name: redis-config
#             items:
#               - key: master.conf
#                 path: redis.conf
#           ### END SOLUTION
#   ### BEGIN SOLUTION: add the claim template
#   volumeClaimTemplates:
#     - metadata:
#         name: data
#       spec:
#         storageClassName: redis
#         accessModes: ["ReadWriteOnce"]
#         resources:
#           requests:
#             storage: 64Mi
#   ### END SOLUTION

# %% id="master-wait" solves="master"
### BEGIN SOLUTION: wait for the set
lab.wait("statefulset", "redis-master")
### END SOLUTION

# %% id="master-look"
# %kubectl exec redis-master-0 -- ls /etc/redis
# %kubectl get persistentvolumeclaims

# %% [markdown] id="fill-text"
# One file: the item that you named, under the name that you gave. And the claim has one of your volumes.
#
# Now some data: `3000` keys. (`flushall` first: the directories on the node outlive a `lab.reset()`, and so might old keys.)

# %% id="fill"
fill = "for i = 1, 3000 do redis.call('set', 'key:' .. i, i) end return redis.call('dbsize')"
# %kubectl exec redis-master-0 -- redis-cli flushall
# %kubectl exec redis-master-0 -- redis-cli eval "{fill}" 0
# %kubectl exec redis-master-0 -- redis-cli info keyspace
# %kubectl exec redis-master-0 -- redis-cli info replication

# %% [markdown] id="snapshot-text"
# `INFO keyspace` counts the keys; `INFO replication` says who this redis is: a master whom nobody follows. The keys are in its
# memory only. The file on the claim is the empty one that `flushall` has left, until there is a new snapshot:

# %% id="snapshot"
# %kubectl exec redis-master-0 -- ls -l /data
# %kubectl exec redis-master-0 -- redis-cli save
# %kubectl exec redis-master-0 -- ls -l /data

# %% id="check-master" checks="master"
lab.check("master")

# %% [markdown] id="first-task"
# ## 3. The first copy
#
# **Your turn.** Complete the Service and the set `redis-replica`. They are like those of the master, with `redis-replica` for
# every name and label, and the key `replica.conf` under the file name `redis.conf`. But the set begins with `0` replicas: you
# will want to look at once when the first one comes.

# %% id="replica" solves="first-sync"
# %%manifest manifests/replica.yaml
# apiVersion: v1
# kind: Service
# metadata:
#   name: redis-replica
# spec:
#   clusterIP: None
#   selector:
#     app: redis-replica
#   ports:
#     - name: redis
#       port: 6379
# ---
# apiVersion: apps/v1
# kind: StatefulSet
# metadata:
#   name: redis-replica
# spec:
#   ### BEGIN SOLUTION: its Service, and no replica yet
#   serviceName: redis-replica
#   replicas: 0
#   ### END SOLUTION
#   selector:
#     matchLabels:
#       app: redis-replica
#   template:
#     metadata:
#       labels:
#         app: redis-replica
#     spec:
#       containers:
#         - name: redis
#           image: redis:6.2
#           command: ["redis-server", "/etc/redis/redis.conf"]
#           ports:
#             - name: redis
#               containerPort: 6379
#           readinessProbe:
#             tcpSocket:
#               port: 6379
#             periodSeconds: 1
#           volumeMounts:
#             - name: data
#               mountPath: /data
#             - name: config
#               mountPath: /etc/redis
#       volumes:
#         - name: config
#           ### BEGIN SOLUTION: the other key of the ConfigMap
#           configMap:
#             name: redis-config
#             items:
#               - key: replica.conf
#                 path: redis.conf
#           ### END SOLUTION
#   ### BEGIN SOLUTION: the claim template
#   volumeClaimTemplates:
#     - metadata:
#         name: data
#       spec:
#         storageClassName: redis
#         accessModes: ["ReadWriteOnce"]
#         resources:
#           requests:
#             storage: 64Mi
#   ### END SOLUTION

# %% [markdown] id="first-tools"
# A first copy of 3000 keys takes milliseconds. To see it, make the master save slowly: one millisecond per key. The cell below
# also has two functions that you will use until the end of the lab: `info(pod)` gives what redis says of itself, and
# `watch_sync(pod)` writes the key `ticks` on the master, over and over, while it watches how the copy comes along.

# %% id="first-watch-code"
import time


def redis(pod, *command):
    """Run redis-cli in a pod."""
    return lab.cluster.exec(pod, ["redis-cli", *command], namespace=lab.namespace).stdout.strip()


def info(pod, section="replication"):
    """What redis in a pod says of itself, as a dict."""
    return dict(line.split(":", 1) for line in redis(pod, "info", section).splitlines() if ":" in line)


def pairs(text, separator):
    """Read `a=1,b=2` or `a=1 b=2`."""
    return dict(one.split("=", 1) for one in text.split(separator) if "=" in one)


def watch_sync(pod, master="redis-master-0"):
    """Write to the master while a replica gets its first copy, and show each step."""
    begun, shown, rows_after = time.time(), "", 0
    print("second  master says   bytes waiting   link at replica   keys there   ticks: master, replica")
    while rows_after < 3 and time.time() - begun < 60:
        ticks = redis(master, "incr", "ticks")
        state = pairs(info(master).get("slave0", ""), ",").get("state", "-")
        client = pairs(redis(master, "client", "list", "type", "replica"), " ")
        waiting = int(client.get("obl", 0)) + int(client.get("omem", 0))
        link, keys, copied = "-", "-", "-"
        try:
            found = info(pod, "all")
            link, keys = found["master_link_status"], pairs(found.get("db0", ""), ",").get("keys", "0")
            copied = redis(pod, "get", "ticks") if link == "up" else "-"
        except Exception:  # the pod has only just been asked for
            pass
        if state == "online" or state != shown or int(ticks) % 4 == 0:
            row = f"{state:13} {waiting:13}   {link:15} {keys:>12}   {ticks:>13}, {copied}"
            print(f"{time.time() - begun:6.1f}  {row}")
        shown, rows_after = state, rows_after + (link == "up")
        time.sleep(0.1)


# %kubectl exec redis-master-0 -- redis-cli config set rdb-key-save-delay 1000

# %% id="predict-first"
lab.predict("first", "?")

# %% [markdown] id="first-run-text"
# **Your turn.** In *one* cell: scale `redis-replica` to `1`, and call `watch_sync("redis-replica-0")` right after.

# %% id="first-run" solves="first-sync"
### BEGIN SOLUTION: scale the set with %kubectl, then watch
# %kubectl scale statefulset redis-replica --replicas=1
watch_sync("redis-replica-0")
### END SOLUTION

# %% [markdown] id="first-seen"
# Read the table from the top. These are the three phases of a first sync:
#
# 1. **Full copy.** `wait_bgsave`: the master writes a snapshot of that one moment, and the replica waits with no keys at all.
# 2. **Buffered writes.** The ticks that come meanwhile are not in the snapshot. The column "bytes waiting" grows with each of
#    them: the master keeps them back for this replica.
# 3. **Stream.** `online`: the snapshot is loaded, what was kept back has been sent, nothing waits any more, and each new tick
#    is at the replica when you look.
#
# The replica's log tells the same from the other side. The master counts full copies: `sync_full` in `INFO stats`.

# %% id="first-log"
# %kubectl exec redis-master-0 -- redis-cli config set rdb-key-save-delay 0
# %kubectl logs redis-replica-0 --tail=12
print("sync_full:", info("redis-master-0", "stats")["sync_full"])

# %% id="check-first-sync" checks="first-sync"
lab.check("first-sync")

# %% id="reveal-first"
lab.reveal("first")

# %% [markdown] id="two-task"
# ## 4. A second copy, and only copies
#
# **Your turn.**
#
# 1. Scale `redis-replica` to `2`, and wait for the set.
# 2. Try to write a key in `redis-replica-1` (`redis-cli set mine 1`).

# %% id="two" solves="two-replicas"
### BEGIN SOLUTION: scale to 2, wait, and try to write on a replica
# %kubectl scale statefulset redis-replica --replicas=2
lab.wait("statefulset", "redis-replica")
# %kubectl exec redis-replica-1 -- redis-cli set mine 1
### END SOLUTION

# %% [markdown] id="two-seen"
# `READONLY`: a replica repeats its master's writes and takes none of its own. redis counts such errors: `errorstat_READONLY`
# in `INFO errorstats`. The master now names two replicas, and how far each has come (`offset`). In `INFO`, redis still uses an
# old word for them: the role of a replica is `slave` there.

# %% id="two-look"
time.sleep(1)  # a replica reports its offset each second
# %kubectl exec redis-replica-1 -- redis-cli info errorstats
# %kubectl exec redis-master-0 -- redis-cli info replication

# %% [markdown] id="disk-task"
# And the files? You told only the master to save. Look at the disks themselves, with a pod that mounts their directory on the
# node. **Your turn.** Complete the pod `disks`: it mounts the node's directory `/srv/lab-08` (a volume of the type `hostPath`) at
# `/srv`.

# %% id="disk" solves="two-replicas"
# %%manifest manifests/disks.yaml
# apiVersion: v1
# kind: Pod
# metadata:
#   name: disks
# spec:
#   terminationGracePeriodSeconds: 1
#   containers:
#     - name: box
#       image: busybox:1.36
#       command: ["sleep", "3600"]
#       ### BEGIN SOLUTION: mount the volume
#       volumeMounts:
#         - {name: srv, mountPath: /srv}
#       ### END SOLUTION
#   ### BEGIN SOLUTION: the node's directory as a volume
#   volumes:
#     - name: srv
#       hostPath: {path: /srv/lab-08}
#   ### END SOLUTION

# %% id="disk-look" solves="two-replicas"
### BEGIN SOLUTION: wait for the pod, and list the files: ls -lR /srv
lab.wait("pod", "disks")
# %kubectl exec disks -- ls -lR /srv
# %kubectl get persistentvolumes
### END SOLUTION

# %% [markdown] id="disk-seen"
# Three directories, each with a `dump.rdb`: a replica keeps the snapshot that it was sent. The list of volumes says which
# directory belongs to which claim, and so to which pod.

# %% id="check-two-replicas" checks="two-replicas"
lab.check("two-replicas")

# %% [markdown] id="short-task"
# ## 5. Away for a moment
#
# Three counters tell what a master had to do so far:


# %% id="short-counters"
def counters(*pods):
    """Show how often each redis has sent a full copy, continued, or refused to continue."""
    for pod in pods:
        found = info(pod, "stats")
        shown = ", ".join(f"{name} {found[name]}" for name in ("sync_full", "sync_partial_ok", "sync_partial_err"))
        print(f"{pod}: {shown}")


counters("redis-master-0")

# %% [markdown] id="short-turn"
# Two full copies, one per replica. Now a replica goes away and comes back.
#
# **Your turn.** Predict first, then, in this order:
#
# 1. Scale `redis-replica` to `1`, and wait until `redis-replica-1` is gone.
# 2. Write a key `news` on the master, with any short value.
# 3. Scale to `2` again, and wait for the set. Leave the claim `data-redis-replica-1` alone.

# %% id="predict-short"
lab.predict("short", "?")

# %% id="short-begun"
begun = lab.now()

# %% id="short-down" solves="short-disconnect"
### BEGIN SOLUTION: scale down and wait for the pod to be deleted, with lab.wait(…, until="deleted")
# %kubectl scale statefulset redis-replica --replicas=1
lab.wait("pod", "redis-replica-1", until="deleted")
### END SOLUTION

# %% id="short-up" solves="short-disconnect"
### BEGIN SOLUTION: write on the master, scale up again, and wait
# %kubectl exec redis-master-0 -- redis-cli set news fresh
# %kubectl scale statefulset redis-replica --replicas=2
lab.wait("statefulset", "redis-replica")
### END SOLUTION

# %% id="short-look"
time.sleep(1)  # a replica connects within a second
counters("redis-master-0")
# %kubectl logs redis-master-0 --tail=3
# %kubectl logs redis-replica-1 --tail=4
# %kubectl exec redis-replica-1 -- redis-cli get news

# %% id="short-picture"
lab.timeline("*redis-replica-1", since=begun)

# %% [markdown] id="short-seen"
# The pod's lane has a gap, the claim's lane goes through. When redis was told to stop, it wrote its data *and the offset it had
# reached* to the claim. The next `redis-replica-1` found the file there and asked for what came after that offset. The master
# sent some bytes of its backlog, with `news` in them, instead of everything: `sync_partial_ok`.
#
# That is what the claim is for. On a disk that goes with the pod, there would be nothing to continue from.

# %% id="check-short-disconnect" checks="short-disconnect"
lab.check("short-disconnect")

# %% id="reveal-short"
lab.reveal("short")

# %% [markdown] id="long-task"
# ## 6. Away for too long
#
# The same once more, and only one thing is different: how much is written. The backlog holds 16 KiB.
#
# **Your turn**, in this order:
#
# 1. Scale `redis-replica` to `1`, and wait until `redis-replica-1` is gone.
# 2. On the master, write a key `filler` of `40000` bytes:
#    `sh -c 'head -c 40000 /dev/zero | tr "\0" x | redis-cli -x set filler'`
# 3. Scale to `2` again, and wait for the set.

# %% id="predict-long"
lab.predict("long", "?")

# %% id="long-begun"
begun = lab.now()

# %% id="long-down" solves="backlog-overrun"
### BEGIN SOLUTION: scale down and wait for the pod to be deleted
# %kubectl scale statefulset redis-replica --replicas=1
lab.wait("pod", "redis-replica-1", until="deleted")
### END SOLUTION

# %% id="long-write" solves="backlog-overrun"
### BEGIN SOLUTION: write the key on the master
# %kubectl exec redis-master-0 -- sh -c 'head -c 40000 /dev/zero | tr "\0" x | redis-cli -x set filler'
### END SOLUTION

# %% id="long-up" solves="backlog-overrun"
### BEGIN SOLUTION: scale up again, and wait
# %kubectl scale statefulset redis-replica --replicas=2
lab.wait("statefulset", "redis-replica")
### END SOLUTION

# %% id="long-look"
time.sleep(1)
counters("redis-master-0")
# %kubectl exec redis-master-0 -- redis-cli info replication
# %kubectl logs redis-replica-1 --tail=9

# %% id="long-picture"
lab.timeline("*redis-replica-1", since=begun)

# %% [markdown] id="long-seen"
# The cluster did the same as before, as the picture says. The replica asked to go on where it had been, as before. But
# `repl_backlog_first_byte_offset` is beyond that place by now: the master no longer has what comes next. So it refused (`sync_partial_err`) and sent everything (`sync_full` is 3). That is right,
# and for a large database it is slow; how large a backlog must be follows from how much is written while a pod restarts.

# %% id="check-backlog-overrun" checks="backlog-overrun"
lab.check("backlog-overrun")

# %% id="reveal-long"
lab.reveal("long")

# %% [markdown] id="cascade-task"
# ## 7. A copy of a copy
#
# Each replica costs its master a stream. But a replica can have replicas too.
#
# **Your turn.** Tell `redis-replica-1` to follow `redis-replica-0.redis-replica`, port 6379, instead of the master: the command is
# `redis-cli replicaof HOST PORT`. Then write a key on the master, and read it at the end of the chain.

# %% id="cascade" solves="cascade"
### BEGIN SOLUTION: replicaof in redis-replica-1, then write at the top and read at the end
# %kubectl exec redis-replica-1 -- redis-cli replicaof redis-replica-0.redis-replica 6379
time.sleep(1)
# %kubectl exec redis-master-0 -- redis-cli set chain whole
# %kubectl exec redis-replica-1 -- redis-cli get chain
### END SOLUTION

# %% id="cascade-look"
for pod in ("redis-master-0", "redis-replica-0", "redis-replica-1"):
    found = info(pod)
    host = found.get("master_host", "nobody")
    print(f"{pod}: {found['role']}, follows {host}, replicas of its own: {found['connected_slaves']}")
counters("redis-master-0", "redis-replica-0")

# %% [markdown] id="cascade-seen"
# The master has one replica now, and no new full copy was needed: `redis-replica-0` knows the same stream with the same
# offsets, so it could continue where the master had stopped (its own `sync_partial_ok`).
#
# What you have just said is in the memory of one process, not in the ConfigMap. A new `redis-replica-1` would read its
# configuration, and follow the master again, as it did whenever you scaled up.

# %% id="check-cascade" checks="cascade"
lab.check("cascade")

# %% [markdown] id="master-lost-task"
# ## 8. The master dies
#
# **Your turn**, in this order:
#
# 1. Write the UID of the pod `redis-master-0` into the key `writer`, on the master.
# 2. Delete the pod `redis-master-0`, and in the same cell call `watch_link()` from below. Don't touch the replicas.


# %% id="master-lost-code"
def watch_link():
    """Show what the replicas say, whenever it changes, until both have the history of the new master."""
    begun, shown, done = time.time(), None, False
    while not done and time.time() - begun < 60:
        try:
            history = info("redis-master-0")["master_replid"]
        except Exception:  # it is not there, or does not answer yet
            history = "none"
        found = {pod: info(pod) for pod in ("redis-replica-0", "redis-replica-1")}
        rows = [
            f"{pod}: link {one['master_link_status']}, history {one['master_replid'][:8]}" for pod, one in found.items()
        ]
        if rows != shown:
            print(f"{time.time() - begun:5.1f} s  master's history {history[:8]:8}  " + "  ".join(rows))
        shown = rows
        done = all(one["master_link_status"] == "up" and one["master_replid"] == history for one in found.values())
        time.sleep(0.1)


# %% id="predict-master"
lab.predict("master", "?")

# %% id="master-lost-begun"
begun = lab.now()

# %% id="master-lost-write" solves="master-replaced"
### BEGIN SOLUTION: note the UID in `writer`, and write it into the key
writer = lab.uid("pod", "redis-master-0")
# %kubectl exec redis-master-0 -- redis-cli set writer {writer}
### END SOLUTION

# %% id="master-lost" solves="master-replaced"
### BEGIN SOLUTION: delete the pod, and watch
# %kubectl delete pod redis-master-0
watch_link()
### END SOLUTION

# %% id="master-lost-look"
lab.wait("pod", "redis-master-0")
# %kubectl exec redis-master-0 -- redis-cli get writer
# %kubectl exec redis-replica-1 -- redis-cli get writer
counters("redis-master-0", "redis-replica-0")

# %% id="master-lost-picture"
lab.timeline("*redis-*", since=begun)

# %% [markdown] id="master-lost-seen"
# * **The data survived.** redis saved when it was told to stop, and the new pod found `dump.rdb` on the claim
#   `data-redis-master-0`, as you can see: the claim's lane goes through.
# * **The replicas came back by themselves.** Nobody told them the new IP. They know a *name*, and ask for it again on each
#   attempt. (That takes a second here, and longer where DNS answers are cached.)
# * **They had to copy everything.** A restarted master begins a new history (`master_replid`; another one still when its first
#   replica comes), and nobody can continue an old one in it. The counters say who sent full copies: the master one, to
#   `redis-replica-0`, and that one another, to `redis-replica-1`.

# %% id="check-master-replaced" checks="master-replaced"
lab.check("master-replaced")

# %% id="reveal-master"
lab.reveal("master")

# %% [markdown] id="wait-task"
# ## 9. OK, and lost
#
# Replication is *asynchronous*: the master says `OK` first and passes the write on after that. Whoever wants to know whether a
# copy has it must ask: `WAIT 1 1000` waits until one replica has confirmed all writes of *this connection*, for at most
# 1000 ms, and returns how many have. Write and `WAIT` must therefore go through one redis-cli:

# %% id="wait-first"
# %kubectl exec redis-master-0 -- sh -c 'printf "SET order:1 paid\nWAIT 1 1000\nWAIT 2 1000\n" | redis-cli'

# %% [markdown] id="wait-turn"
# `1`: a copy has `order:1`. The second answer came after a second, and is `1` again, for `WAIT 2`: the replica of a replica does
# not count. (redis counts commands: `INFO commandstats` has a line `cmdstat_wait`, which should say `3` calls after this step.)
#
# Now a failover that goes wrong. Somebody believes that the master is dead, and makes `redis-replica-0` the new master. But the
# old one lives, and a client still talks to it. **Your turn**, in this order:
#
# 1. In `redis-replica-0`: `redis-cli replicaof no one`, and then `redis-cli config resetstat`, which sets its counters to zero.
# 2. In `redis-master-0`, through one redis-cli: write `order:2` with the value `paid`, then `WAIT 1 1000`. Look at both answers.
# 3. Read `order:2` in both.

# %% id="wait-split" solves="acknowledged-and-lost"
### BEGIN SOLUTION: promote redis-replica-0, write on the old master, and read in both
# %kubectl exec redis-replica-0 -- redis-cli replicaof no one
# %kubectl exec redis-replica-0 -- redis-cli config resetstat
# %kubectl exec redis-master-0 -- sh -c 'printf "SET order:2 paid\nWAIT 1 1000\n" | redis-cli'
print("old master:", redis("redis-master-0", "get", "order:2") or "nothing")
print("new master:", redis("redis-replica-0", "get", "order:2") or "nothing")
### END SOLUTION

# %% [markdown] id="wait-second"
# `OK`, but `WAIT` says `0`: the client could have known that nobody else has it. Now the mistake is noticed, and the old master
# is told who is master now.
#
# **Your turn.** Let `redis-master-0` follow `redis-replica-0.redis-replica`, port 6379.

# %% id="predict-lost"
lab.predict("lost", "?")

# %% id="wait-join" solves="acknowledged-and-lost"
### BEGIN SOLUTION: replicaof in redis-master-0
# %kubectl exec redis-master-0 -- redis-cli replicaof redis-replica-0.redis-replica 6379
### END SOLUTION

# %% id="wait-look"
time.sleep(2)
for pod in ("redis-master-0", "redis-replica-0", "redis-replica-1"):
    orders = {key: redis(pod, "get", key) or "nothing" for key in ("order:1", "order:2")}
    print(f"{pod}: {info(pod)['role']}, {orders}")
counters("redis-replica-0")
# %kubectl logs redis-replica-0 --tail=7

# %% [markdown] id="wait-seen"
# `order:2` was answered with `OK`, and is nowhere. The old master asked to continue at an offset that the new one had never
# reached: the proof that the two histories had parted (`sync_partial_err`). So it threw its own away, and `order:2` with it.
#
# And look at the roles: `redis-master-0` is a replica. A StatefulSet keeps *names and disks*; who is master is for the database to
# decide, or for a program that watches it, such as redis Sentinel or an operator.

# %% id="check-acknowledged-and-lost" checks="acknowledged-and-lost"
lab.check("acknowledged-and-lost")

# %% id="reveal-lost"
lab.reveal("lost")

# %% [markdown] id="summary"
# ## What you have seen
#
# | event | what is sent | counter | data |
# |---|---|---|---|
# | a new replica | a snapshot, then what was written meanwhile, then the stream | `sync_full` | complete |
# | a replica away for a moment, its claim kept | the bytes it has missed | `sync_partial_ok` | complete |
# | away while more than the backlog was written | everything | `sync_partial_err`, `sync_full` | complete |
# | a replica of a replica | the same stream, from the one in the middle | `sync_partial_ok` there | complete |
# | the master's pod deleted, its claim kept | everything, for a new history | `sync_full` | complete |
# | two masters | everything, for histories that have parted | `sync_partial_err` | **a write with `OK` is lost** |
#
# What Kubernetes gave: names that stay, claims that stay, an order. What it did not give: the replication, and the decision
# who is master.

# %% id="story"
lab.timeline("*redis-*")

# %% id="scores" tags=["nbval-check-output"]
lab.scores()

# %% [markdown] id="end"
# How a set rolls out a new version of its pods was [lab 07, updates and canaries](../07-updates-and-canaries/lab.ipynb); static
# volumes were [lab 03](../03-volumes-and-claims/lab.ipynb), and names for pods
# [lab 02](../02-headless-services/lab.ipynb). Next comes finding out what is wrong:
# [lab 09, troubleshooting](../09-troubleshooting/lab.ipynb).
#
# The next cell removes the objects of this lab, also the volumes, and nothing else. The directories in `/srv/lab-08` stay on
# the node. If you have cordoned nodes, uncordon them now: the next lab needs them.

# %% id="reset"
# lab.reset()
