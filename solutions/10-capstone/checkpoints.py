"""What lab 10 checks, what it is worth, and the hints. All names are those of the student's variant."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from kitlib.checks import Checkpoint, Criterion, Finding, Mode, Observation, Probe, State, met, pending, unmet
from kitlib.checks.combining import every
from kitlib.checks.evidence import noted
from kitlib.checks.herds import deployment_pods, deployment_ready, set_pods
from kitlib.checks.history import Life
from kitlib.checks.levels import (
    claim_request,
    claims_bound,
    governed_by,
    mounts,
    replicas_ready,
    service_headless,
    service_port,
)
from kitlib.checks.services import selected
from kitlib.checks.traces import claims_kept
from kitlib.client import Change
from kitlib.lab import LabSpec, Prediction

IMAGE = "httpd:2.4"
FOLDER = "/usr/local/apache2/htdocs"
PORT = 80
REPLICAS = 3
ORDINALS = range(REPLICAS)
NOTE = "comparison"
WORDS = ("name", "uid", "ip", "claim", "page")
NOTHING = "nothing"

_SETS = ("harbour", "meadow", "castle", "island", "orchard", "quarry", "lantern", "glacier")
_DEPLOYMENTS = ("ferry", "tractor", "herald", "canoe", "picker", "digger", "moth", "sledge")
_SERVICES = ("berths", "fields", "rooms", "coves", "rows", "pits", "rays", "floes")
_TEMPLATES = ("cargo", "harvest", "scrolls", "nets", "fruit", "stones", "oil", "ice")
_POLICIES = ("OrderedReady", "Parallel")

Variant = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Loss:
    """A pod that was told to go at a revision, and the one that came instead."""

    former: Life
    successor: Life
    revision: int


def values(seed: str) -> Variant:
    """Return the names and numbers of a student's variant: the same seed always gets the same."""
    digest = hashlib.sha256(f"capstone {seed}".encode())
    draw = digest.digest()
    names = (_SETS, _SERVICES, _TEMPLATES, _DEPLOYMENTS)
    name, service, template, deployment = (some[draw[n] % len(some)] for n, some in enumerate(names))
    pages = {f"page-{n}": digest.hexdigest()[16 + 8 * n : 24 + 8 * n] for n in ORDINALS}
    return {
        "set": name,
        "service": service,
        "template": template,
        "storage": f"{16 * (2 + draw[4] % 7)}Mi",
        "policy": _POLICIES[draw[5] % len(_POLICIES)],
        **pages,
        "deployment": deployment,
    }


def mine(make: Callable[[Variant], Callable[[Observation], Finding]]) -> Callable[[Observation], Finding]:
    """Make a predicate for whichever variant is observed."""
    return lambda o: make(values(o.seed))(o)


def pods_of(v: Variant) -> tuple[str, ...]:
    return tuple(f"{v['set']}-{n}" for n in ORDINALS)


def claims_of(v: Variant) -> tuple[str, ...]:
    return tuple(f"{v['template']}-{pod}" for pod in pods_of(v))


def there(kind: str, key: str) -> Callable[[Observation], bool]:
    """Tell whether the object is there, or was."""
    return lambda o: bool(o.history.lives(kind, values(o.seed)[key])) or o.find(kind, values(o.seed)[key]) is not None


def pages_probed(seed: str) -> tuple[Probe, ...]:
    """Ask every pod for its page under its own name, and for the age of the file and what the file holds."""
    v = values(seed)
    ask = "exec 3<>/dev/tcp/{name}/80; printf 'GET / HTTP/1.0\\r\\nHost: {name}\\r\\n\\r\\n' >&3; cat <&3"
    served = (
        Probe(f"served {pod}", pod, ("bash", "-c", ask.format(name=f"{pod}.{v['service']}"))) for pod in pods_of(v)
    )
    stored = (
        Probe(f"stored {pod}", pod, ("sh", "-c", f"stat -c %Y {FOLDER}/index.html && cat {FOLDER}/index.html"))
        for pod in pods_of(v)
    )
    return (*served, *stored)


def policy(v: Variant):
    def test(o: Observation) -> Finding:
        found = o.find("StatefulSet", v["set"])
        seen = (found or {}).get("spec", {}).get("podManagementPolicy", "OrderedReady") if found else "no set"
        return (met if seen == v["policy"] else unmet)(f"podManagementPolicy: {seen}", v["policy"])

    return test


def image(kind: str, key: str):
    """Want the one container of a workload to be of the image."""

    def make(v: Variant):
        def test(o: Observation) -> Finding:
            wanted = f"{kind} {v[key]} with a container of {IMAGE}"
            found = o.find(kind, v[key])
            containers = found["spec"]["template"]["spec"]["containers"] if found is not None else []
            images = [one["image"].removeprefix("docker.io/").removeprefix("library/") for one in containers]
            return (met if IMAGE in images else unmet)(", ".join(images) or f"no {kind} {v[key]}", wanted)

        return test

    return mine(make)


def pages_served(v: Variant):
    def test(o: Observation) -> Finding:
        wanted = f"each pod serves its own page as http://POD.{v['service']}/"
        seen, right, waits = [], True, False
        for ordinal, pod in enumerate(pods_of(v)):
            probe = o.probes[f"served {pod}"]
            body = probe.stdout.replace("\r", "").partition("\n\n")[2].strip()
            said = probe.problem or body or (probe.stderr.strip().splitlines() or ["no page"])[0]
            seen.append(f"{pod}: {said[:60]}")
            right = right and not probe.problem and _text(body) == v[f"page-{ordinal}"]
            waits = waits or bool(probe.problem and o.find("Pod", pod))
        return (met if right else pending if waits else unmet)("; ".join(seen), wanted)

    return test


def _text(page: str) -> str:
    """Return what a page says, whether it is bare text or wrapped in HTML."""
    bare, inside = "", False
    for letter in page:
        inside = True if letter == "<" else inside
        bare += "" if inside else letter
        inside = False if letter == ">" else inside
    return bare.strip()


def only_its_own(v: Variant):
    def test(o: Observation) -> Finding:
        wanted = f"Service {v['service']} finds {', '.join(pods_of(v))} and no other pod"
        found = sorted(pod["metadata"]["name"] for pod in selected(o, v["service"]))
        right = found == sorted(pods_of(v))
        coming = set(found) < set(pods_of(v)) and bool(found)
        return (met if right else pending if coming else unmet)(f"it finds {', '.join(found) or 'none'}", wanted)

    return test


def no_claims(v: Variant):
    def test(o: Observation) -> Finding:
        wanted = f"the pods of {v['deployment']} have no claim"
        found = o.find("Deployment", v["deployment"])
        if found is None:
            return unmet(f"no Deployment {v['deployment']}", wanted)
        volumes = found["spec"]["template"]["spec"].get("volumes") or []
        has = [one["name"] for one in volumes if "persistentVolumeClaim" in one or "ephemeral" in one]
        return (unmet if has else met)(f"claims: {', '.join(has) or 'none'}", wanted)

    return test


def losses_of_set(o: Observation, v: Variant) -> list[Loss]:
    """Return every loss of a pod of the set, oldest first: its successor has its name, and is of the same template."""
    found = o.history.living("StatefulSet", v["set"])
    lives = [life for life in o.history.lives("Pod") if found and life.last.state.get("owner") == found.uid]
    pairs = [(a, b) for a in lives for b in lives if a.name == b.name and _follows(b, a)]
    return _losses(pairs)


def losses_of_deployment(o: Observation, v: Variant) -> list[Loss]:
    """Return every loss of a pod of the Deployment, oldest first: its successor is the next of the same ReplicaSet."""
    lives = deployment_pods(o.history, v["deployment"])
    return _losses([(a, b) for a in lives for b in lives if _follows(b, a)])


def _follows(successor: Life, former: Life) -> bool:
    """Tell whether a pod was made because that other one was told to go; an update makes pods of another template."""
    going, same = _going(former), ("owner", "pod_revision")
    return (
        going is not None
        and bool(former.ready() and successor.ready())
        and not successor.first.initial
        and successor.first.revision >= going.revision
        and all(former.last.state.get(key) == successor.last.state.get(key) for key in same)
    )


def _going(life: Life) -> Change | None:
    return life.when(lambda state: bool(state.get("terminating"))) or (life.last if life.ended else None)


def _losses(pairs: list[tuple[Life, Life]]) -> list[Loss]:
    """Return for each pod that was lost the first that came after it."""
    first: dict[str, Loss] = {}
    for former, successor in pairs:
        known, going = first.get(former.uid), _going(former)
        if going is not None and (known is None or successor.first.revision < known.successor.first.revision):
            first[former.uid] = Loss(former, successor, going.revision)
    return sorted(first.values(), key=lambda loss: loss.revision)


def replaced_in(kind: str, key: str, losses: Callable[[Observation, Variant], list[Loss]]):
    """Want a pod of a workload to have been lost, and its successor to be Ready."""

    def make(v: Variant):
        def test(o: Observation) -> Finding:
            wanted = f"a pod of {kind} {v[key]} was deleted, and its successor is Ready"
            found = losses(o, v)
            if found:
                last = found[-1]
                seen = f"{last.former.name} ({last.former.uid[:8]}), then {last.successor.name} "
                return met(f"{seen}({last.successor.uid[:8]})", wanted)
            lives = set_pods(o.history, v[key]) if kind == "StatefulSet" else deployment_pods(o.history, v[key])
            serving = [life for life in lives if not _going(life) and life.last.state.get("ready")]
            coming = o.find(kind, v[key]) is not None and len(serving) < REPLICAS
            return (pending if coming else unmet)("no pod was replaced", wanted)

        return test

    return mine(make)


def others_kept(v: Variant):
    def test(o: Observation) -> Finding:
        wanted = "the other pods are those that were there before the loss"
        both = (losses_of_set(o, v), losses_of_deployment(o, v))
        if not all(both):
            return unmet("nothing was lost in one of them", wanted)
        young = []
        for last in (losses[-1] for losses in both):
            owner = last.successor.last.state.get("owner")
            young += [
                life.name
                for life in o.history.lives("Pod")
                if life.last.state.get("owner") == owner
                and life.first.revision >= last.revision
                and life.uid != last.successor.uid
            ]
        return (unmet if young else met)(f"made after the loss, too: {', '.join(young) or 'none'}", wanted)

    return test


def page_survived(v: Variant):
    def test(o: Observation) -> Finding:
        wanted = "the successor has the page that was written before it was made"
        losses = losses_of_set(o, v)
        return _page_of(o, v, losses[-1].successor, wanted) if losses else unmet("no pod was replaced", wanted)

    return test


def _page_of(o: Observation, v: Variant, pod: Life, wanted: str) -> Finding:
    probe = o.probes[f"stored {pod.name}"]
    if probe.problem:
        return pending(probe.problem, wanted)
    written, _, page = probe.stdout.partition("\n")
    if _text(page) != v[f"page-{pod.name.rpartition('-')[2]}"] or not written.isdigit():
        return unmet(f"{pod.name} has {page.strip()[:40] or 'no page'}", wanted)
    if int(written) > _seconds(str(pod.first.state["created"])):
        return unmet(f"the page of {pod.name} was written after the pod was made", wanted)
    return met(f"{pod.name} has {_text(page)}, written before it was made", wanted)


def _seconds(stamp: str) -> int:
    return int(datetime.fromisoformat(stamp).timestamp())


def _facts(life: Life) -> list[str]:
    ips = life.values("ip")
    return [life.name, life.uid, str(ips[-1]) if ips else ""]


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()


def facts(which: str, losses: Callable[[Observation, Variant], list[Loss]]):
    """Want the recorded name, UID and IP of a pod before and of its successor after."""

    def make(v: Variant):
        def test(o: Observation) -> Finding:
            wanted = "name, UID and IP of the pod that was deleted, and of the one that came, as the record has them"
            note = noted(o, NOTE)
            if note is None:
                return unmet(f"no ConfigMap {NOTE}", wanted)
            before, after = _words(note.get(f"{which}-before", "")), _words(note.get(f"{which}-after", ""))
            seen = f"{' '.join(before) or 'nothing written'} → {' '.join(after) or 'nothing written'}"
            known = [(_facts(loss.former), _facts(loss.successor)) for loss in losses(o, v)]
            return (met if (before, after) in known else unmet)(seen, wanted)

        return test

    return mine(make)


def kept(which: str, losses: Callable[[Observation, Variant], list[Loss]]):
    """Want the words for what a successor has in common with the pod before, as the record has it."""

    def make(v: Variant):
        def test(o: Observation) -> Finding:
            wanted = f"what the record shows to have stayed the same, of {', '.join(WORDS)}, or {NOTHING}"
            said = {word.lower() for word in _words((noted(o, NOTE) or {}).get(f"{which}-kept", ""))}
            seen = f"{which}-kept: {', '.join(sorted(said)) or 'nothing written'}"
            found = losses(o, v)
            right = bool(found) and said == (_common(o, v, found[-1]) or {NOTHING})
            return (met if right else unmet)(seen, wanted)

        return test

    return mine(make)


def _common(o: Observation, v: Variant, loss: Loss) -> set[str]:
    """Return what a successor has in common with the pod before it; of the IP, too, only the record can tell."""
    same = {word for word, a, b in zip(WORDS, _facts(loss.former), _facts(loss.successor), strict=False) if a == b}
    claims = set(loss.former.last.state.get("claims") or ()) & set(loss.successor.last.state.get("claims") or ())
    if claims and claims_kept(sorted(claims))(o).state is State.MET:
        same.add("claim")
    if loss.successor.name in pods_of(v) and _page_of(o, v, loss.successor, "").state is State.MET:
        same.add("page")
    return same


def replaced(o: Observation) -> bool:
    """Tell whether a pod of either workload was deleted."""
    v = values(o.seed)
    lives = (*set_pods(o.history, v["set"]), *deployment_pods(o.history, v["deployment"]))
    both = bool(o.history.lives("Deployment", v["deployment"])) and bool(o.history.lives("StatefulSet", v["set"]))
    return both and any(life.ended or life.last.state.get("terminating") for life in lives)


def written(o: Observation) -> bool:
    """Tell whether any page is there."""
    return any(probe.stdout.strip() for id, probe in o.probes.items() if id.startswith("stored"))


HEADLESS = Checkpoint(
    id="headless",
    title="A Service that gives names",
    attempted=there("Service", "service"),
    criteria=(
        Criterion(
            "headless",
            "The Service has no address of its own",
            2,
            mine(lambda v: service_headless(v["service"])),
            "Names of single pods come from a headless Service.",
        ),
        Criterion(
            "port",
            "It offers port 80",
            1,
            mine(lambda v: service_port(v["service"], PORT)),
            "httpd listens on port 80.",
        ),
    ),
    hints=(
        "Which Services were there in labs 02 and 05?",
        "A Service has a name, a port, a selector, and in this case something that it lacks.",
        "`kubectl explain service.spec.clusterIP` says how a Service says that it wants no address.",
    ),
)

SET = Checkpoint(
    id="stateful-set",
    title="A StatefulSet of three",
    covers=("replicas", "selector", "template", "serviceName", "podManagementPolicy"),
    attempted=there("StatefulSet", "set"),
    criteria=(
        Criterion(
            "identity",
            "It names its Service and its policy",
            2,
            mine(lambda v: every(governed_by(v["set"], v["service"]), policy(v))),
            "Both are for life: they can't be changed later.",
        ),
        Criterion(
            "replicas",
            "Three pods are Ready and stay so",
            3,
            mine(lambda v: replicas_ready(v["set"], REPLICAS)),
            "A pod that is Ready for a moment only is not serving.",
            hold=1.0,
        ),
        Criterion(
            "image",
            "They run httpd",
            1,
            image("StatefulSet", "set"),
            "A tag that is named is the same tomorrow.",
        ),
    ),
    hints=(
        "Begin with the skeleton that every workload has: its kind, its name, its selector, its template.",
        "The selector and the labels of the template must agree, and the Service looks for the same labels.",
        "Compare each value with your variant; two of them are fields of the set that have nothing to do with its pods' spec.",
    ),
)

STORAGE = Checkpoint(
    id="storage",
    title="A volume for each",
    covers=("volumeClaimTemplates",),
    attempted=there("StatefulSet", "set"),
    criteria=(
        Criterion(
            "claims",
            "Each pod has a claim of its own",
            3,
            mine(lambda v: claims_bound(claims_of(v))),
            "The claim's name is made of the template, the set and the ordinal.",
        ),
        Criterion(
            "size",
            "The claims ask for the right storage",
            1,
            mine(lambda v: claim_request(claims_of(v), v["storage"], ["ReadWriteOnce"])),
            "The template decides it once and for all.",
        ),
        Criterion(
            "mount",
            "httpd serves from the volume",
            2,
            mine(lambda v: mounts(v["set"], v["template"], FOLDER)),
            "What is written elsewhere is gone with the pod.",
        ),
    ),
    hints=(
        "Which field of a set makes claims, and how is the name of such a claim composed?",
        "A claim that nobody mounts holds nothing: where does httpd look for its pages?",
        "If the template was wrong: it can't be changed. Delete the set and its claims, and create it anew.",
    ),
)

PAGES = Checkpoint(
    id="own-pages",
    title="Three pages under three names",
    attempted=written,
    probes=pages_probed,
    criteria=(
        Criterion(
            "pages",
            "Each pod serves its own page under its own name",
            4,
            mine(pages_served),
            "That is what a client of a database does: it speaks to one member, not to any.",
        ),
        Criterion(
            "only-own",
            "The Service finds the pods of the set and no others",
            2,
            mine(only_its_own),
            "A selector that finds strangers gives them the name as well.",
        ),
    ),
    hints=(
        "Three files, one in each pod, in the folder that is on the volume.",
        "httpd serves a file of a certain name when it is asked for nothing in particular.",
        "`kubectl exec` runs a command in one pod; does the name in it match the page?",
    ),
)

BESIDE = Checkpoint(
    id="beside",
    title="A Deployment beside it",
    attempted=there("Deployment", "deployment"),
    criteria=(
        Criterion(
            "deployment",
            "Its three pods are Ready",
            2,
            mine(lambda v: deployment_ready(v["deployment"], REPLICAS)),
            "The same number, for a fair comparison.",
            hold=0.5,
        ),
        Criterion("image", "They run httpd", 1, image("Deployment", "deployment"), "The same image, too."),
        Criterion(
            "no-claims", "They have no claims", 1, mine(no_claims), "A Deployment's pods have nothing of their own."
        ),
        Criterion(
            "apart",
            "The set's Service does not find them",
            2,
            mine(only_its_own),
            "Two workloads with the same labels get into each other's Services, and into each other's way.",
        ),
    ),
    hints=(
        "A Deployment's manifest is the set's with a few things taken away.",
        "Which labels does the set's Service look for? The Deployment's pods must have others.",
        "`kubectl get endpointslices` shows who is behind a Service.",
    ),
)

LOSS = Checkpoint(
    id="one-of-each",
    title="One of each is lost",
    attempted=replaced,
    probes=pages_probed,
    criteria=(
        Criterion(
            "set-replaced",
            "A pod of the set came back",
            2,
            replaced_in("StatefulSet", "set", losses_of_set),
            "Same name, other UID: another object in the same place.",
            Mode.TRACE,
        ),
        Criterion(
            "deployment-replaced",
            "A pod of the Deployment was replaced",
            2,
            replaced_in("Deployment", "deployment", losses_of_deployment),
            "The place of a Deployment's pod has no name.",
            Mode.TRACE,
        ),
        Criterion(
            "others-kept",
            "Nothing else was touched",
            2,
            mine(others_kept),
            "One loss at a time, or you can't say what followed from what.",
            Mode.TRACE,
        ),
        Criterion(
            "page-survived",
            "The page is still there",
            3,
            mine(page_survived),
            "What was written before the loss is what counts.",
        ),
    ),
    hints=(
        "Note what you want to compare before you delete anything.",
        "Delete two pods, one of each workload, by name; the workloads do the rest.",
        "If too much was deleted: `lab.reset()`, apply your files again, and take this step once.",
    ),
)

COMPARISON = Checkpoint(
    id="comparison",
    title="The comparison, as data",
    attempted=lambda o: noted(o, NOTE) is not None,
    probes=pages_probed,
    criteria=(
        Criterion(
            "set-facts",
            "The facts about the set's pod",
            3,
            facts("set", losses_of_set),
            "Three words each: name, UID, IP.",
            Mode.TRACE,
        ),
        Criterion(
            "deployment-facts",
            "The facts about the Deployment's pod",
            3,
            facts("deployment", losses_of_deployment),
            "A pod that is gone can't be asked any more: whoever has not noted it has lost it.",
            Mode.TRACE,
        ),
        Criterion(
            "set-kept",
            "What the set's pod has kept",
            3,
            kept("set", losses_of_set),
            "This is what stateful means.",
            Mode.TRACE,
        ),
        Criterion(
            "deployment-kept",
            "What the Deployment's pod has kept",
            3,
            kept("deployment", losses_of_deployment),
            "And this is what stateless means.",
            Mode.TRACE,
        ),
    ),
    hints=(
        "`lab.timeline()` shows names and the beginnings of UIDs of pods that are gone, if you forgot to note them.",
        "For each of the five words, compare what you noted before with what is there now.",
        "A page is kept where the volume is kept. Which of the two workloads has volumes of its own?",
    ),
)

LAB = LabSpec(
    slug="10-capstone",
    title="Lab 10: Capstone",
    namespace="lab-10",
    minutes=60,
    objectives=(
        "write a headless Service, a StatefulSet with storage and a Deployment from a blank file",
        "show by experiment what a StatefulSet's pod keeps that a Deployment's pod loses",
        "report an experiment as data that somebody else can check",
    ),
    kinds=("Deployment", "ReplicaSet", "ConfigMap"),
    values=values,
    checkpoints=(HEADLESS, SET, STORAGE, PAGES, BESIDE, LOSS, COMPARISON),
    predictions=(
        Prediction(
            "loss",
            "You delete one pod of each workload. In which will the successor have something in common with its predecessor?",
            {"a": "in both", "b": "in the set only", "c": "in the Deployment only"},
            "b",
            "The set's pod comes back to its place, with name, claim and page. The Deployment's is a new one altogether.",
        ),
    ),
)
