"""What lab 02 checks, what it is worth, and the hints."""

from collections.abc import Iterator

from kitlib.checks import Checkpoint, Criterion, Finding, Life, Mode, Observation, Predicate, Probe, met, pending, unmet
from kitlib.checks.combining import every
from kitlib.checks.levels import governed_by, replicas_ready, service_headless, service_port, service_selects
from kitlib.checks.services import endpoints_ready, listed, named_port
from kitlib.client.readiness import pod_ready
from kitlib.lab import LabSpec, Prediction

PODS = ("web-0", "web-1", "web-2")
PAGE = "/usr/share/nginx/html/index.html"


def entries(observation: Observation, name: str) -> dict[str, str]:
    """What a ConfigMap holds, without the white space around it."""
    data = (observation.find("ConfigMap", name) or {}).get("data") or {}
    return {key: str(value).strip() for key, value in data.items()}


def kept(name: str):
    """Whether a ConfigMap holds anything."""
    return lambda observation: any(entries(observation, name).values())


def all_names(observation: Observation) -> Finding:
    wanted = f"an entry for each of {', '.join(PODS)}"
    book = entries(observation, "phonebook")
    missing = [pod for pod in PODS if not book.get(pod)]
    return (unmet if missing else met)(f"entries: {', '.join(book) or 'none'}", wanted)


def right_addresses(observation: Observation) -> Finding:
    """Each address is the one that the pod had when the book was written: it may have another one since."""
    wanted = "each pod's own address"
    book, found = entries(observation, "phonebook"), observation.find("ConfigMap", "phonebook")
    written = int(found["metadata"]["resourceVersion"]) if found else 0
    seen = []
    for pod in PODS:
        then = observation.history.at("Pod", pod, written)
        had = then.state.get("ip", "no address") if then else "no address"
        if book.get(pod) != had:
            return unmet(f"{pod}: {book.get(pod) or 'nothing'} in the book, {had} in the cluster", wanted)
        seen.append(f"{pod}: {had}")
    return met("; ".join(seen), wanted)


def found_out(key: str, answer: str) -> Predicate:
    """Want an entry of `findings` with that value."""
    wanted = "what DNS answers"

    def test(observation: Observation) -> Finding:
        given = entries(observation, "findings").get(key, "")
        return (met if given == answer else unmet)(f"{key}: {given or 'nothing'}", wanted)

    return test


def name_below(key: str, first: str, wanted: str) -> Predicate:
    """Want an entry of `findings` with a name that begins so and goes on with the namespace, with or without a dot."""

    def test(observation: Observation) -> Finding:
        given = entries(observation, "findings").get(key, "").rstrip(".").lower()
        begin = f"{first}.{observation.namespace}.svc.".lstrip(".")
        return (met if given.startswith(begin) and " " not in given else unmet)(f"{key}: {given or 'nothing'}", wanted)

    return test


def spells(life: Life) -> list[tuple[int, int]]:
    """When a pod that had been Ready was not, although it ran: from one revision to another."""
    found, begun, was_ready = [], 0, False
    for change in life.changes:
        ready = bool(change.state.get("ready"))
        over = change.type == "DELETED" or change.state.get("terminating") or change.state.get("phase") != "Running"
        if begun and (ready or over):
            found.append((begun, change.revision))
            begun = 0
        elif was_ready and not ready and not over and not begun:
            begun = change.revision
        was_ready = was_ready or ready
    return [*found, (begun, life.last.revision + 10**12)] if begun else found


def moments(observation: Observation) -> Iterator[tuple[str, int]]:
    """The address of web-1 and the revisions at which it was known not to be Ready, after it had been listed."""
    history = observation.history
    changes = [change.revision for life in history.lives("EndpointSlice") for change in life.changes]
    for life in history.lives("Pod", "web-1"):
        address = life.values("ip")[-1] if life.values("ip") else ""
        for begun, end in spells(life):
            if address in listed(history, "web", begun - 1):
                yield from ((address, revision) for revision in changes if begun <= revision < end)


def unready_now(observation: Observation) -> bool:
    living = observation.history.living("Pod", "web-1")
    return living is not None and bool(spells(living)) and not living.last.state.get("ready")


def page_lost(observation: Observation) -> bool:
    """Whether web-1 is still Ready, but not for long."""
    return observation.probes["page"].exit_code != 0


def was_unready(observation: Observation) -> Finding:
    wanted = "web-1 was Ready, and then ran without being Ready"
    for life in observation.history.lives("Pod", "web-1"):
        if spells(life):
            return met(f"web-1 ({life.uid[:8]}) was not Ready for a while", wanted)
    if page_lost(observation):
        return pending("the readiness probe has not failed yet", wanted)
    return unmet("web-1 was never seen so", wanted)


def not_listed(observation: Observation) -> Finding:
    wanted = "the address of web-1, listed before, was not listed under web while the pod was not Ready"
    for address, revision in moments(observation):
        if address not in listed(observation.history, "web", revision):
            return met(f"{address} was taken off the list", wanted)
    published = ((observation.find("Service", "web") or {}).get("spec") or {}).get("publishNotReadyAddresses")
    coming = page_lost(observation) or (unready_now(observation) and not published)
    return (pending if coming else unmet)("it was listed all the time", wanted)


def others_listed(observation: Observation) -> Finding:
    wanted = "web-0 and web-2 were still listed then"
    seen = "there was no such moment"
    for address, revision in moments(observation):
        now = listed(observation.history, "web", revision)
        if address in now:
            continue
        others = [observation.history.at("Pod", name, revision) for name in ("web-0", "web-2")]
        if all(pod is not None and pod.state.get("ip") in now for pod in others):
            return met(f"{len(now)} addresses were listed", wanted)
        seen = f"{len(now)} addresses were listed"
    coming = page_lost(observation) or unready_now(observation)
    return (pending if coming and seen.startswith("there") else unmet)(seen, wanted)


def ever_published(observation: Observation) -> bool:
    return any(change.state.get("publish") for life in observation.history.lives("Service") for change in life.changes)


def published(observation: Observation) -> Finding:
    wanted = "publishNotReadyAddresses: true in the Service web"
    lives = observation.history.lives("Service", "web")
    done = any(change.state.get("publish") for life in lives for change in life.changes)
    return (met if done else unmet)("it was set" if done else "it was never set", wanted)


def listed_unready(observation: Observation) -> Finding:
    wanted = "with the field set, the address of web-1 was listed under web while the pod was not Ready"
    history = observation.history
    for address, revision in moments(observation):
        service = history.at("Service", "web", revision)
        if service and service.state.get("publish") and address in listed(history, "web", revision):
            return met(f"{address} was listed", wanted)
    spec = (observation.find("Service", "web") or {}).get("spec") or {}
    coming = (unready_now(observation) or page_lost(observation)) and spec.get("publishNotReadyAddresses")
    return (pending if coming else unmet)("this was never seen", wanted)


def not_published(observation: Observation) -> Finding:
    wanted = "the Service web lists only who is ready"
    spec = (observation.find("Service", "web") or {}).get("spec") or {}
    still = bool(spec.get("publishNotReadyAddresses"))
    return (unmet if still else met)(f"publishNotReadyAddresses: {str(still).lower()}", wanted)


def own_address(observation: Observation) -> Finding:
    wanted = "the Service web-vip has a cluster IP"
    spec = (observation.find("Service", "web-vip") or {}).get("spec") or {}
    address = spec.get("clusterIP") or "none"
    return (met if "." in address or ":" in address else unmet)(f"clusterIP: {address}", wanted)


def any_lost(observation: Observation) -> bool:
    return any(
        life.ended or life.last.state.get("terminating")
        for name in PODS
        for life in observation.history.lives("Pod", name)
    )


def web_1_lost(observation: Observation) -> bool:
    lives = observation.history.lives("Pod", "web-1")
    return any(life.ended or life.last.state.get("terminating") for life in lives)


def will_be_back(observation: Observation) -> bool:
    found = observation.find("StatefulSet", "web")
    return found is not None and found["spec"].get("replicas", 1) >= 2 and web_1_lost(observation)


def another_web_1(observation: Observation) -> Finding:
    wanted = "web-1 was deleted, and another pod of that name is Ready"
    lives = [life for life in observation.history.lives("Pod", "web-1") if life.ready()]
    seen = "UIDs of web-1: " + (", then ".join(life.uid[:8] for life in lives) or "none")
    if len(lives) < 2 or not lives[-1].last.state.get("ready"):
        return (pending if will_be_back(observation) else unmet)(seen, wanted)
    return met(seen, wanted)


def another_address(observation: Observation) -> Finding:
    wanted = "the new web-1 has another address than the one before"
    addresses = [ip[-1] for life in observation.history.lives("Pod", "web-1") if (ip := life.values("ip"))]
    seen = "addresses of web-1: " + (", then ".join(addresses) or "none")
    if observation.find("Pod", "web-1") is None or len(addresses) < 2:
        return (pending if will_be_back(observation) else unmet)(seen, wanted)
    return (met if addresses[-1] != addresses[-2] else unmet)(seen, wanted)


def resolves(name: str, service: str) -> Predicate:
    """Want a pod's name below a Service to lead to that pod's address, as seen from the pod `client`."""
    wanted = f"in the pod client, {name}.{service} leads to the address of {name}"

    def test(observation: Observation) -> Finding:
        probe, pod = observation.probes[name], observation.find("Pod", name)
        if probe.problem:
            asking = observation.find("Pod", "client")
            return (unmet if asking is None else pending)(probe.problem, wanted)
        answer = ", ".join(probe.stdout.split())
        if pod is not None and answer and answer == (pod.get("status") or {}).get("podIP"):
            return met(f"{name}.{service} is {answer}", wanted)
        here = observation.find("Service", service)
        selector = ((here or {}).get("spec") or {}).get("selector") or {}
        labels = ((pod or {}).get("metadata") or {}).get("labels") or {}
        named = pod is not None and pod["spec"].get("subdomain") == service
        coming = bool(named and selector and selector.items() <= labels.items())
        return (pending if coming else unmet)(f"{name}.{service} is {answer or 'unknown'}", wanted)

    return test


def lookup(name: str, service: str) -> Probe:
    return Probe(name, "client", ("dig", "+search", "+short", f"{name}.{service}"))


def repair_begun(observation: Observation) -> bool:
    """Whether the learner did more than run the colleague's manifest."""
    history = observation.history
    lives = [*history.lives("StatefulSet", "lost"), *history.lives("Pod", "lost-0"), *history.lives("Pod", "lost-1")]
    touched = any(life.ended or life.last.state.get("terminating") for life in lives)
    right = any(life.last.state.get("service") == "lost" for life in history.lives("StatefulSet", "lost"))
    return touched or right or observation.find("Service", "lots") is not None


def was_misnamed(observation: Observation) -> Finding:
    wanted = "a Ready pod lost-0 of a set whose serviceName was lots"
    for life in observation.history.lives("Pod", "lost-0"):
        if life.ready() and life.last.state.get("subdomain") == "lots":
            return met(f"lost-0 ({life.uid[:8]}) had the subdomain lots", wanted)
    return unmet("this was never seen", wanted)


SET = Checkpoint(
    id="headless-set",
    covers=("serviceName", "replicas"),
    title="A set and its Service",
    attempted=lambda o: o.find("Service", "web") is not None or o.find("StatefulSet", "web") is not None,
    criteria=(
        Criterion(
            "headless",
            "The Service has no address of its own",
            2,
            service_headless("web"),
            "Only then does its name stand for the pods, and not for something before them.",
        ),
        Criterion(
            "selector",
            "The Service selects the pods",
            1,
            service_selects("web", {"app": "web"}),
            "DNS knows only the pods that the selector finds.",
        ),
        Criterion(
            "port",
            "The Service offers a port with a name",
            1,
            named_port("web", "http", 80),
            "An SRV query asks for a port by its name.",
        ),
        Criterion(
            "service-name",
            "The set names its Service",
            1,
            governed_by("web", "web"),
            "It is this field that puts each pod below the Service's name.",
        ),
        Criterion(
            "replicas",
            "Three pods are Ready",
            1,
            replicas_ready("web", 3),
            "Only ready pods are to be found in DNS.",
        ),
    ),
    hints=(
        "Compare your manifest with the list above it: what is missing, and what is spelt differently?",
        "A port is an item of a list, with a number and a name; an address can be refused by a special word.",
        "`%kubectl explain service.spec` and `%kubectl explain statefulset.spec` describe every field.",
    ),
)

BOOK = Checkpoint(
    id="phonebook",
    title="A phone book",
    attempted=kept("phonebook"),
    criteria=(
        Criterion("names", "Every pod is in the book", 1, all_names, "Each replica is somebody, not just anybody."),
        Criterion(
            "addresses",
            "With its own address",
            2,
            right_addresses,
            "The name of a pod leads to that pod and to no other.",
            Mode.TRACE,
        ),
    ),
    hints=(
        "The name of a pod alone is not enough: what did the table of names above have behind the dot?",
        "`dig(…)` returns a list. You want its only item as the value, not the list.",
        "One entry per pod: a loop over their names, or three lines.",
    ),
)

FINDINGS = Checkpoint(
    id="findings",
    title="Ports, endings, and the way back",
    attempted=kept("findings"),
    criteria=(
        Criterion(
            "search",
            "The search path",
            1,
            name_below("search", "", "the first ending on the line search of resolv.conf"),
            "It makes long names of short ones.",
        ),
        Criterion(
            "srv-count",
            "How many offer the port",
            1,
            found_out("srv-count", "3"),
            "A client learns how many members there are without being told.",
        ),
        Criterion(
            "srv-port",
            "Which port it is",
            1,
            found_out("srv-port", "80"),
            "A port's number can change; its name is what clients rely on.",
        ),
        Criterion(
            "reverse",
            "Whose address it is",
            2,
            name_below("reverse", "web-2.web", "the whole name that the address of web-2 leads to"),
            "Servers use this to tell in their logs who called.",
        ),
    ),
    hints=(
        "Print the answers first, and look at them: which of the numbers is what?",
        "A record of the SRV answer has four parts with spaces between them. The name that leads back comes from DNS as a whole.",
        "`print(dig(…))` with the type as a second word asks for records of that type.",
    ),
)

NOT_READY = Checkpoint(
    id="not-ready",
    title="Only who is ready is listed",
    attempted=lambda o: (
        any(spells(life) for name in PODS for life in o.history.lives("Pod", name)) or web_1_lost(o) or page_lost(o)
    ),
    probes=(Probe("page", "web-1", ("test", "-e", PAGE)),),
    criteria=(
        Criterion(
            "unready",
            "web-1 ran, but was not Ready",
            2,
            was_unready,
            "Running and being of use are two things: the readiness probe tells them apart.",
            Mode.EDGE,
        ),
        Criterion(
            "unlisted",
            "It was taken off the list",
            2,
            not_listed,
            "Who asks DNS should get only addresses that answer.",
            Mode.TRACE,
        ),
        Criterion(
            "others",
            "The others stayed on it",
            1,
            others_listed,
            "One pod in trouble must not take the rest with it.",
            Mode.TRACE,
        ),
    ),
    hints=(
        "The probe asks for a page once a second. What would make it fail while the pod lives on?",
        "`%kubectl exec POD -- COMMAND` runs a command in a pod; the file has to be somewhere else afterwards.",
        "Deleting the pod is no way: the set replaces it at once, by one that is Ready.",
    ),
)

PUBLISHED = Checkpoint(
    id="published",
    title="Listed all the same",
    attempted=ever_published,
    probes=(Probe("page", "web-1", ("test", "-e", PAGE)),),
    criteria=(
        Criterion(
            "field",
            "The Service publishes unready pods",
            1,
            published,
            "It is the Service that decides about names, not the pod.",
            Mode.EDGE,
        ),
        Criterion(
            "listed",
            "web-1 was listed while it was not Ready",
            3,
            listed_unready,
            "Members that have to find each other first can do so.",
            Mode.TRACE,
        ),
        Criterion(
            "headless", "The Service is still headless", 1, service_headless("web"), "One field changes, nothing else."
        ),
    ),
    hints=(
        "Leave the pod in its trouble; it is the Service that changes.",
        "The field stands in the Service's `spec`, beside its selector, and takes true or false.",
        "If web-1 is Ready again, move its page away once more: the check wants to have seen the pod listed while it is not Ready.",
    ),
)

CLUSTER_IP = Checkpoint(
    id="cluster-ip",
    title="A Service with an address",
    attempted=lambda o: o.find("Service", "web-vip") is not None,
    timeout=30.0,
    criteria=(
        Criterion(
            "repaired",
            "web is as it was",
            1,
            every(replicas_ready("web", 3), not_published),
            "All three are Ready again, and only ready ones are listed.",
        ),
        Criterion(
            "address",
            "web-vip has an address of its own",
            2,
            own_address,
            "Clients get this one address, whoever stands behind it.",
        ),
        Criterion(
            "port", "It offers port 80", 1, service_port("web-vip", 80), "That is where nginx listens, and clients ask."
        ),
        Criterion(
            "behind",
            "The three pods stand behind it",
            1,
            endpoints_ready("web-vip", 3),
            "The same pods can stand behind as many Services as you like.",
        ),
    ),
    hints=(
        "Two Services may select the same pods; they differ in name and address.",
        "What does a Service get if you do not say anything about its address?",
        "If web-1 is not Ready: where is its page now, and where does the probe look for it?",
    ),
)

STAYS = Checkpoint(
    id="name-stays",
    title="The name stays",
    attempted=any_lost,
    probes=(lookup("web-1", "web"),),
    criteria=(
        Criterion(
            "another-pod",
            "web-1 is another pod",
            1,
            another_web_1,
            "Only then is it worth asking what has stayed.",
            Mode.TRACE,
        ),
        Criterion(
            "another-address",
            "It has another address",
            1,
            another_address,
            "An address belongs to one pod, and goes with it.",
            Mode.TRACE,
        ),
        Criterion(
            "name",
            "Its name leads to the new address",
            3,
            resolves("web-1", "web"),
            "Clients that know the name do not notice; clients that noted the address do.",
        ),
    ),
    hints=(
        "Which command removes one pod? The set does the rest.",
        "If the name leads nowhere, is the Service `web` still there, and is the pod Ready?",
        "The pod `client` does the asking: if it is gone, apply the first manifest again.",
    ),
)

MISNAMED = Checkpoint(
    id="misnamed",
    covers=("serviceName",),
    title="One wrong word",
    attempted=repair_begun,
    probes=(lookup("lost-0", "lost"), lookup("lost-1", "lost")),
    criteria=(
        Criterion(
            "broken-first",
            "The set ran with the wrong name",
            1,
            was_misnamed,
            "To repair something, you must have seen it broken.",
            Mode.TRACE,
        ),
        Criterion(
            "service-name",
            "The set names the right Service",
            1,
            governed_by("lost", "lost"),
            "This one word decides below which name its pods can be found.",
        ),
        Criterion("replicas", "Two pods are Ready", 1, replicas_ready("lost", 2), "A repair must not lose anybody."),
        Criterion(
            "names",
            "Both have names",
            3,
            every(resolves("lost-0", "lost"), resolves("lost-1", "lost")),
            "A pod gets its subdomain when it is created and keeps it: old pods have the old one.",
        ),
    ),
    hints=(
        "What did the cluster say when the field was to be changed? Then there must be another set.",
        "A set cannot be changed there, but deleted and created again. Nothing is lost here, as it has no data.",
        "If the set is right and the names are not: when were its pods created, before or after?",
    ),
)

LAB = LabSpec(
    slug="02-headless-services",
    title="Lab 02: A name for every pod",
    namespace="lab-02",
    minutes=45,
    objectives=(
        "look up a Service, one of its pods, a port and an address in the cluster's DNS",
        "tell what a headless Service answers, and what one with a cluster IP does",
        "say when a pod is listed, and list it before it is ready where that is needed",
        "connect clients to one pod of a set so that they survive its replacement",
        "find out why a pod has no name",
    ),
    kinds=("EndpointSlice", "ConfigMap"),
    checkpoints=(SET, BOOK, FINDINGS, NOT_READY, PUBLISHED, CLUSTER_IP, STAYS, MISNAMED),
    predictions=(
        Prediction(
            "names",
            "What does DNS answer if you ask for `web`, the name of the headless Service?",
            {
                "a": "nothing: it has no address",
                "b": "one address, that of the Service",
                "c": "three addresses, those of the pods",
            },
            "c",
            "Without an address of its own, the Service's name stands for all of its ready pods.",
        ),
        Prediction(
            "gate",
            "web-1 goes on running, but is not Ready any more. What can still be looked up?",
            {
                "a": "everything as before",
                "b": "`web-1.web` still has its address, but `web` leaves it out",
                "c": "`web-1.web` is unknown, and `web` has two addresses",
                "d": "`web-1.web` is unknown, and so is `web`",
            },
            "c",
            "Being Ready decides about both: the pod's own name, and its address below the Service's.",
        ),
        Prediction(
            "publish",
            "The field `publishNotReadyAddresses` of the Service is set, and web-1 is still in trouble. What changes?",
            {
                "a": "web-1 counts as Ready",
                "b": "`web` and `web-1.web` lead to web-1 again, which is still not Ready",
                "c": "`web-1.web` leads to web-1 again, but `web` leaves it out",
            },
            "b",
            "The Service lists the pod under both names. About the pod itself nothing has changed.",
        ),
        Prediction(
            "vip",
            "A second Service with a cluster IP selects the same pods. What does `web-0.web-vip` lead to?",
            {"a": "to pod web-0", "b": "to the cluster IP", "c": "to nothing"},
            "c",
            "Pods have names only below the Service that their set names, and only if it is headless.",
        ),
        Prediction(
            "stay",
            "web-1 is deleted and comes back. What will `web-1.web` lead to?",
            {"a": "to the old address", "b": "to a new address", "c": "to nothing, until somebody tells DNS"},
            "b",
            "The name follows the pod: as soon as the new one is Ready, it leads to its address.",
        ),
        Prediction(
            "lost",
            "The set `lost` has `serviceName: lots`, and there is no such Service. What happens?",
            {
                "a": "the API server refuses the set",
                "b": "the set is created, but its pods do not start",
                "c": "the pods run and are Ready, but `lost-0.lost` leads nowhere",
                "d": "everything works, as the Service selects the pods",
            },
            "c",
            "Nobody checks the field. The pods run, the Service finds them, and yet none has a name.",
        ),
    ),
)
