from dataclasses import replace

from kitlib.checks import ProbeResult, State
from kitlib.checks.redis import (
    attached,
    configured,
    counted,
    directives,
    follows,
    info,
    info_probe,
    key_probe,
    parts,
    same_value,
    value,
    values_are,
)
from tests.unit.checks.story import Story

# As redis 6.2 prints it.
MASTER = (
    "# Server\r\nconfig_file:/etc/redis/redis.conf\r\n\r\n# Stats\r\nsync_full:2\r\nsync_partial_ok:1\r\n"
    "# Replication\r\nrole:master\r\nconnected_slaves:2\r\n"
    "slave0:ip=10.1.0.5,port=6379,state=online,offset=615,lag=1\r\n"
    "slave1:ip=10.1.0.6,port=6379,state=wait_bgsave,offset=0,lag=0\r\n"
    "# Commandstats\r\ncmdstat_wait:calls=2,usec=12,usec_per_call=6.00,rejected_calls=0,failed_calls=0\r\n"
    "# Errorstats\r\nerrorstat_READONLY:count=1\r\n"
)
REPLICA = "role:slave\r\nmaster_host:redis-master-0.redis-master\r\nmaster_port:6379\r\nmaster_link_status:up\r\n"


def pod(name, *, leaving=False):
    return {"metadata": {"name": name, **({"deletionTimestamp": "2026-01-01T00:00:00Z"} if leaving else {})}}


def told(probes, **objects):
    """Observe a namespace in which probes gave these outputs."""
    results = {id: text if isinstance(text, ProbeResult) else ProbeResult("uid", text) for id, text in probes.items()}
    return replace(Story().observation(**objects), probes=results)


def of_info(test, text, pod="a-0", **objects):
    return test(told({f"info {pod}": text}, **objects)).state


def test_the_probes_only_read():
    assert info_probe("a-0").command == ("redis-cli", "info", "all")
    assert key_probe("a-0", "k").command == ("redis-cli", "get", "k")


def test_info_is_read_by_field():
    found = info(told({"info a-0": MASTER}), "a-0")
    assert found["role"] == "master" and found["config_file"] == "/etc/redis/redis.conf"
    assert parts(found["slave0"])["state"] == "online"
    assert info(told({}), "a-0") == {}
    assert info(told({"info a-0": ProbeResult("uid", "Could not connect", exit_code=1)}), "a-0") == {}


def test_a_replica_follows_a_name():
    test = follows("a-0", "redis-master-0.redis-master")
    assert of_info(test, REPLICA) is State.MET
    assert of_info(test, REPLICA.replace("redis-master\r", "redis-master.lab.svc.cluster.local\r")) is State.MET
    assert of_info(test, REPLICA.replace("redis-master\r", "redis-master.other\r")) is State.UNMET
    assert of_info(test, REPLICA.replace("redis-master-0.redis-master", "10.1.0.4")) is State.UNMET
    assert of_info(test, REPLICA.replace(":up", ":down")) is State.PENDING
    assert of_info(test, MASTER) is State.UNMET


def test_who_does_not_answer_may_still_come():
    test = follows("a-0", "b")
    stateful = {"metadata": {"name": "a"}, "spec": {"replicas": 1}}
    assert test(told({})).state is State.UNMET
    assert test(told({}, Pod=[pod("a-0")])).state is State.PENDING
    assert test(told({}, Pod=[pod("a-0", leaving=True)])).state is State.UNMET
    assert test(told({}, Pod=[pod("a-0", leaving=True)], StatefulSet=[stateful])).state is State.PENDING
    assert test(told({}, StatefulSet=[stateful | {"spec": {"replicas": 0}}])).state is State.UNMET


def test_how_many_replicas_are_attached():
    online = MASTER.replace("wait_bgsave", "online")
    assert of_info(attached("a-0", 2, role="master"), online) is State.MET
    assert of_info(attached("a-0", 2, role="master"), MASTER) is State.PENDING
    assert of_info(attached("a-0", 3, role="master"), online) is State.UNMET
    assert of_info(attached("a-0", 3, role="master"), MASTER) is State.PENDING
    assert of_info(attached("a-0", 1, role="master"), online) is State.UNMET
    assert of_info(attached("a-0", 2, role="slave"), online) is State.UNMET
    assert of_info(attached("a-0", 0, role="slave"), REPLICA) is State.MET


def test_counters_are_numbers():
    assert of_info(counted("a-0", (("sync_full", 2), ("sync_partial_ok", 1))), MASTER) is State.MET
    assert of_info(counted("a-0", (("sync_full", 3),)), MASTER) is State.UNMET
    assert of_info(counted("a-0", (("sync_full", 3),)), MASTER.replace("sync_full:2", "sync_full:10")) is State.MET
    assert of_info(counted("a-0", (("cmdstat_wait", 2), ("errorstat_READONLY", 1))), MASTER) is State.MET
    assert of_info(counted("a-0", (("cmdstat_wait", 3),)), MASTER) is State.UNMET
    assert of_info(counted("a-0", (("errorstat_READONLY", 1),)), REPLICA) is State.UNMET


def test_values_in_several_pods():
    both = {"get k a-0": "paid\n", "get k a-1": "paid\n"}
    assert values_are(("a-0", "a-1"), "k", "paid")(told(both)).state is State.MET
    assert values_are(("a-0", "a-1"), "k", "paid")(told(both | {"get k a-1": "\n"})).state is State.UNMET
    assert values_are(("a-0", "a-1"), "k", "")(told(both)).state is State.UNMET
    assert values_are(("a-0",), "k", "")(told({"get k a-0": "\n"})).state is State.MET
    assert values_are(("a-0", "a-2"), "k", "paid")(told(both, Pod=[pod("a-2")])).state is State.PENDING
    assert value(told(both), "a-0", "k") == "paid"
    assert value(told(both), "a-9", "k") is None


def test_a_copy_may_lag_behind():
    test = same_value(("a-0", "a-1"), "k")
    assert test(told({"get k a-0": "7\n", "get k a-1": "7\n"})).state is State.MET
    assert test(told({"get k a-0": "7\n", "get k a-1": "6\n"})).state is State.PENDING
    assert test(told({"get k a-0": "\n", "get k a-1": "\n"})).state is State.UNMET
    assert test(told({"get k a-0": "7\n", "get k a-1": "\n", "info a-1": REPLICA})).state is State.PENDING
    assert test(told({"get k a-0": "7\n", "get k a-1": "\n", "info a-1": MASTER})).state is State.UNMET


def test_a_configuration_is_read_as_redis_reads_it():
    text = '# a comment\n\nRepl-Backlog-Size 16kb\nsave 3600 1\nslaveof "redis-0.redis" 6379\n'
    assert directives(text) == {"repl-backlog-size": "16384", "save": "3600 1", "replicaof": "redis-0.redis 6379"}


def test_what_a_config_map_asks_for():
    def state(text, **settings):
        config = {"metadata": {"name": "conf"}, "data": {"master.conf": text}}
        names = [(name.replace("_", "-"), *setting.split()) for name, setting in settings.items()]
        return configured("conf", "master.conf", names)(told({}, ConfigMap=[config])).state

    assert state("repl-backlog-size 16384", repl_backlog_size="16kb") is State.MET
    assert state("repl-backlog-size 16k", repl_backlog_size="16kb") is State.UNMET
    assert state("replicaof m-0.m.lab.svc 6379", replicaof="m-0.m 6379") is State.MET
    assert state("replicaof m-0.m 6380", replicaof="m-0.m 6379") is State.UNMET
    assert state("dir /data", dir="/data", save="3600 1") is State.UNMET
    assert configured("conf", "other.conf", ())(told({}, ConfigMap=[])).state is State.UNMET
    empty = {"metadata": {"name": "conf"}}
    assert configured("conf", "other.conf", ())(told({}, ConfigMap=[empty])).state is State.UNMET
