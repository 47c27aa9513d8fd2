"""What lab 05 checks, what it is worth, and the hints."""

import re
from datetime import datetime

from kitlib.checks import Checkpoint, Criterion, Finding, Mode, Observation, Probe, met, pending, unmet
from kitlib.checks.levels import (
    claim_request,
    claims_bound,
    governed_by,
    mounts,
    replicas_ready,
    service_headless,
    service_port,
    service_selects,
)
from kitlib.checks.traces import claims_before_pods, claims_kept, pods_kept, started_in_order
from kitlib.lab import LabSpec, Prediction

FOLDER = "/usr/share/nginx/html"
FILE = f"{FOLDER}/writer.txt"
CLAIMS = ("www-web-0", "www-web-1", "www-web-2")
PAGE = f"{FOLDER}/index.html"
PAGES = ("123", "456", "789")


#: Asks each pod by its name; a character that no page has stands after each answer.
_ASK_ALL = "for n in 0 1 2; do curl -s --max-time 5 http://web-$n.web/; printf '\\036'; done"


def replica_counts(observation: Observation) -> list[int]:
    """The numbers of replicas that any set `web` asked for, in order."""
    counts: list[int] = []
    for life in observation.history.lives("StatefulSet", "web"):
        for change in life.changes:
            if change.type != "DELETED" and counts[-1:] != [change.state["replicas"]]:
                counts.append(change.state["replicas"])
    return counts


def came_back(observation: Observation) -> bool:
    """Whether the set asked for 3, then for less, then for 3 or more again."""
    counts = replica_counts(observation)
    if 3 not in counts:
        return False
    later = counts[counts.index(3) :]
    fewer = next((n for n, count in enumerate(later) if count < 3), None)
    return fewer is not None and any(count >= 3 for count in later[fewer:])


def web_2_is_gone(observation: Observation) -> Finding:
    wanted = "web-2 was Ready once, then deleted because the set asks for 2"
    lives = observation.history.lives("Pod", "web-2")
    if not any(life.ready() for life in lives):
        return unmet("web-2 was never seen Ready", wanted)
    if not lives[-1].ended:
        shrunk = replica_counts(observation)[-1:] == [2]
        return (pending if shrunk else unmet)("web-2 is still there", wanted)
    return met(f"web-2 ({lives[-1].uid[:8]}) was Ready, and is gone", wanted)


def two_pods_named_web_2(observation: Observation) -> Finding:
    wanted = "a web-2 before the scale-down, and another one, Ready, after it"
    lives = [life for life in observation.history.lives("Pod", "web-2") if life.ready()]
    seen = ", then ".join(life.uid[:8] for life in lives) or "none"
    if len(lives) < 2:
        living = observation.history.living("Pod", "web-2")
        coming = replica_counts(observation)[-1:] == [3] and not (living and living.ready())
        return (pending if coming else unmet)(f"pods named web-2 that were Ready: {seen}", wanted)
    return met(f"pods named web-2, by UID: {seen}", wanted)


def words_of(page: str) -> str:
    """The text of a page, without markup."""
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def pages_seen(observation: Observation, wanted: str, found: list[tuple[str, str, str]]) -> Finding:
    """Compare pages, each with (where, problem, text), with those that are asked for."""
    seen = [f"{where}: {problem or repr(words_of(text)[:30])}" for where, problem, text in found]
    if any(problem for _, problem, _ in found):
        coming = (observation.find("StatefulSet", "web") or {"spec": {}})["spec"].get("replicas", 1) >= 3
        return (pending if coming else unmet)("; ".join(seen), wanted)
    right = [words_of(text) for _, _, text in found] == list(PAGES)
    return (met if right else unmet)("; ".join(seen), wanted)


def pages_on_volumes(observation: Observation) -> Finding:
    wanted = f"{PAGE} holds 123 in web-0, 456 in web-1, 789 in web-2, each on the pod's own volume"
    found = []
    for ordinal in range(3):
        probe = observation.probes[f"page-{ordinal}"]
        folder, _, text = probe.stdout.partition("\n")
        if not probe.problem and folder != FOLDER:
            return unmet(f"web-{ordinal}: no page on the volume", wanted)
        found.append((f"web-{ordinal}", probe.problem, text))
    return pages_seen(observation, wanted, found)


def pages_by_name(observation: Observation) -> Finding:
    wanted = "http://web-0.web answers 123, http://web-1.web 456, http://web-2.web 789"
    probe = observation.probes["names"]
    if probe.problem:
        return pages_seen(observation, wanted, [("web-0", probe.problem, "")])
    answers = probe.stdout.split("\x1e")[:3]
    found = [(f"web-{ordinal}.web", "", text) for ordinal, text in enumerate(answers)]
    return pages_seen(observation, wanted, found)


def another_web_1(observation: Observation) -> Finding:
    wanted = "web-1 was deleted, and a pod with the same name but another UID is Ready"
    lives = observation.history.lives("Pod", "web-1")
    seen = "UIDs of web-1: " + ", then ".join(life.uid[:8] for life in lives)
    if lives[-1].ended or not lives[-1].ready() or len(lives) < 2:
        return (unmet if not_coming(observation) else pending)(f"{seen}; none is Ready now", wanted)
    return met(seen, wanted)


def another_ip(observation: Observation) -> Finding:
    wanted = "the new web-1 has another IP than the old one"
    lives = observation.history.lives("Pod", "web-1")
    ips = [life.values("ip")[-1] for life in lives if life.values("ip")]
    seen = "IPs of web-1: " + ", then ".join(ips)
    if len(ips) < 2 or lives[-1].ended:
        return (unmet if not_coming(observation) else pending)(seen, wanted)
    return (met if ips[-1] != ips[-2] else unmet)(seen, wanted)


def file_survived(observation: Observation) -> Finding:
    wanted = f"{FILE} holds the UID of the former web-1, and is older than the new pod"
    probe = observation.probes["file"]
    if probe.problem:
        return (unmet if not_coming(observation) else pending)(probe.problem, wanted)
    if probe.exit_code:
        return unmet(f"no {FILE} in web-1", wanted)
    written, *lines = probe.stdout.split("\n")
    content = "".join(lines).strip()
    former = [life.uid for life in observation.history.gone("Pod", "web-1")]
    if content not in former:
        known = ", ".join(uid[:8] for uid in former)
        return unmet(f"the file holds {content[:36]!r}; the former web-1 was {known}", wanted)
    pod = observation.find("Pod", "web-1")
    if pod is None:
        return pending("web-1 is not there", wanted)
    if int(written) > _seconds(pod["metadata"]["creationTimestamp"]):
        return unmet("the file was written after the new pod was created", wanted)
    return met(f"the file holds {content}, the UID of the former web-1", wanted)


def set_deleted(observation: Observation) -> Finding:
    wanted = "StatefulSet web deleted"
    living = observation.history.living("StatefulSet", "web")
    if living is not None:
        going = living.last.state.get("terminating")
        return (pending if going else unmet)("a StatefulSet web is there", wanted)
    return met("the StatefulSet is gone", wanted)


def pods_gone(observation: Observation) -> Finding:
    wanted = "no pod of the set is left"
    left = [pod for pod in observation.all("Pod") if pod["metadata"]["name"].startswith("web-")]
    shown = ", ".join(pod["metadata"]["name"] for pod in left)
    if not left:
        return met("no pod is left", wanted)
    # A pod whose owner has just gone is about to be collected; an orphan stays, and so do the pods of a living set.
    no_set = observation.find("StatefulSet", "web") is None
    going = all(
        pod["metadata"].get("deletionTimestamp") or (no_set and pod["metadata"].get("ownerReferences")) for pod in left
    )
    return (pending if going else unmet)(f"still there: {shown}", wanted)


def ended(observation: Observation, kind: str, name: str) -> bool:
    """Whether an object of that name was deleted, or is on its way out."""
    lives = observation.history.lives(kind, name)
    return any(life.ended or life.last.state.get("terminating") for life in lives)


def not_coming(observation: Observation) -> bool:
    """Whether no set is there that would bring web-1 back."""
    found = observation.find("StatefulSet", "web")
    return found is None or found["spec"].get("replicas", 1) < 2


def _seconds(stamp: str) -> int:
    return int(datetime.fromisoformat(stamp).timestamp())


HEADLESS = Checkpoint(
    id="headless-service",
    title="A headless Service",
    attempted=lambda o: o.find("Service", "web") is not None,
    criteria=(
        Criterion(
            "headless",
            "The Service has no cluster IP",
            2,
            service_headless("web"),
            "A cluster IP would spread connections over all pods; here every pod must be reachable by its own name.",
        ),
        Criterion(
            "selector",
            "The Service selects the pods",
            1,
            service_selects("web", {"app": "web"}),
            "Only pods that the selector finds get a DNS name under the Service.",
        ),
        Criterion("port", "The Service offers port 80", 1, service_port("web", 80), "nginx listens on port 80."),
    ),
    hints=(
        "Which field of a Service holds its virtual address, and what would it be if there were none?",
        "Besides the address, a Service needs to know which pods it is for, and which port it offers.",
        "`kubectl explain service.spec.clusterIP` tells which special value makes a Service headless.",
    ),
)

REPLICAS = Checkpoint(
    id="two-replicas",
    covers=("serviceName", "replicas", "selector", "template", "volumeClaimTemplates"),
    title="Two replicas, a claim each",
    attempted=lambda o: o.find("StatefulSet", "web") is not None,
    criteria=(
        Criterion(
            "service-name",
            "The set names its Service",
            1,
            governed_by("web", "web"),
            "The pods' DNS names are made under this Service.",
        ),
        Criterion(
            "replicas",
            "Two pods are Ready and stay so",
            2,
            replicas_ready("web", 2),
            "A pod that is Ready for a moment only is not serving.",
            hold=1.0,
        ),
        Criterion(
            "claims",
            "Each pod has a claim of its own",
            2,
            claims_bound(CLAIMS[:2]),
            "The claim's name is made of the template, the set and the ordinal: that is how a pod finds it again.",
        ),
        Criterion(
            "size",
            "The claims ask for the right storage",
            1,
            claim_request(CLAIMS[:2], "64Mi", ["ReadWriteOnce"]),
            "The template decides what every claim asks for, and cannot be changed later.",
        ),
        Criterion(
            "mount",
            "nginx serves from the volume",
            2,
            mounts("web", "www", FOLDER),
            "A volume that is not mounted where the program writes keeps nothing.",
        ),
    ),
    hints=(
        "Compare your manifest with the list above it, line by line: what is missing or spelt differently?",
        "The claim template stands beside `template:` in the set's spec, not inside it.",
        "The container's mount and the claim template find each other by name.",
    ),
)

ORDER = Checkpoint(
    id="ordered-start",
    title="Created in order",
    attempted=lambda o: bool(o.history.lives("Pod", "web-0")),
    criteria=(
        Criterion(
            "claim-first",
            "Each claim was there before its pod",
            2,
            claims_before_pods("web", "www", 2),
            "The controller makes the storage first, so that a pod never starts without it.",
            Mode.TRACE,
        ),
        Criterion(
            "one-by-one",
            "web-1 was created after web-0 was Ready",
            2,
            started_in_order("web", 2),
            "A second database may join only once the first one answers.",
            Mode.TRACE,
        ),
    ),
    hints=(
        "Look at `lab.timeline()`: when did web-1's lane begin, and what colour did web-0 have then?",
        "Some field of the set's spec says whether pods wait for each other. What is its default?",
        "What was recorded stays recorded: `lab.reset()`, then create the set again.",
    ),
)

SCALE_UP = Checkpoint(
    id="scale-up",
    title="A third replica, a third volume",
    attempted=lambda o: (
        any(count >= 3 for count in replica_counts(o)) or o.find("PersistentVolumeClaim", "www-web-2") is not None
    ),
    criteria=(
        Criterion(
            "three-ready",
            "Three pods are Ready",
            2,
            replicas_ready("web", 3),
            "Scaling is done when the new pod serves, not when it is asked for.",
            hold=0.5,
        ),
        Criterion(
            "new-claim",
            "The new pod has a volume of its own",
            2,
            claims_bound(CLAIMS),
            "A new ordinal has no claim yet, so the template makes one.",
        ),
        Criterion(
            "others-kept",
            "web-0 and web-1 were not touched",
            2,
            pods_kept(("web-0", "web-1")),
            "Scaling changes how many pods there are, never those that are there.",
            Mode.TRACE,
        ),
    ),
    hints=(
        "One field of the set has to change, nothing else; nothing has to be deleted.",
        "kubectl has a command of its own for changing the number of replicas.",
        "`kubectl scale --help` shows examples with a StatefulSet.",
    ),
)

SCALE_DOWN = Checkpoint(
    id="scale-down",
    title="The pod goes, the claim stays",
    attempted=lambda o: ended(o, "Pod", "web-2") or (3 in replica_counts(o) and replica_counts(o)[-1] < 3),
    criteria=(
        Criterion(
            "pod-gone",
            "web-2 was running, and is gone",
            1,
            web_2_is_gone,
            "To see what stays, the pod must have been there.",
            Mode.EDGE,
        ),
        Criterion(
            "two-left",
            "Two pods are left",
            2,
            replicas_ready("web", 2),
            "A set removes its highest ordinals first.",
        ),
        Criterion(
            "claim-kept",
            "Claim www-web-2 and its volume stayed",
            3,
            claims_kept(("www-web-2",)),
            "Data outlives pods: by default a set never deletes a claim.",
            Mode.TRACE,
        ),
    ),
    hints=(
        "Do to the set what you did before, with another number.",
        "Deleting the pod by hand is not scaling: the set still wants three.",
        "Leave the claims alone; if one is gone, `lab.reset()` and take the steps again.",
    ),
)

REUSED = Checkpoint(
    id="claim-reused",
    title="The claim is used again",
    attempted=came_back,
    criteria=(
        Criterion(
            "three-again",
            "Three pods are Ready again",
            1,
            replicas_ready("web", 3),
            "The new web-2 must be Ready to show which storage it uses.",
        ),
        Criterion(
            "another-pod",
            "The new web-2 is another pod",
            2,
            two_pods_named_web_2,
            "A name that comes back is not the object that comes back: compare UIDs.",
            Mode.TRACE,
        ),
        Criterion(
            "same-claim",
            "It uses the very same claim",
            4,
            claims_kept(("www-web-2",)),
            "The claim's UID is the proof that it was kept, not made anew.",
            Mode.TRACE,
        ),
    ),
    hints=(
        "Go back to the number of replicas that you had before.",
        "Compare `metadata.uid` of the pod and of the claim with what you noted.",
        "If the claim's UID has changed, it was deleted in between: `lab.reset()` and take the steps again.",
    ),
)

OWN_PAGES = Checkpoint(
    id="own-pages",
    title="A page of its own, under a name of its own",
    covers=("serviceName", "volumeClaimTemplates"),
    attempted=lambda o: any(words_of(o.probes[f"page-{n}"].stdout).endswith(PAGES) for n in range(3)),
    probes=(
        # The first line is where the file's volume is mounted, so that a file beside the volume is told from one on it.
        *(Probe(f"page-{n}", f"web-{n}", ("sh", "-c", f"stat -c %m {PAGE} && cat {PAGE}")) for n in range(3)),
        Probe("names", "web-0", ("sh", "-c", _ASK_ALL)),
    ),
    criteria=(
        Criterion(
            "pages",
            "Each volume has a page of its own",
            2,
            pages_on_volumes,
            "Three replicas of one program, three different contents: that is what a Deployment cannot do.",
        ),
        Criterion(
            "names",
            "Each pod serves its page under its own DNS name",
            3,
            pages_by_name,
            "Who wants this very replica needs a name that leads to it, and only to it.",
        ),
    ),
    hints=(
        "The folder that the volume is mounted at is the folder that nginx serves; a page without a name is the index.",
        "Three pods, three volumes: each file has to be written in the pod that it belongs to.",
        "Does one of the names not answer? Ask for `http://web-0.web` from web-0 first, then for the others.",
    ),
)

REPLACED = Checkpoint(
    id="pod-replaced",
    title="Same name, same claim, same file, new pod",
    attempted=lambda o: ended(o, "Pod", "web-1"),
    probes=(Probe("file", "web-1", ("sh", "-c", f"stat -c %Y {FILE} && cat {FILE}")),),
    criteria=(
        Criterion(
            "another-pod",
            "web-1 is back as another pod",
            2,
            another_web_1,
            "The set replaces a pod by one of the same name; the UID tells them apart.",
            Mode.TRACE,
        ),
        Criterion(
            "another-ip",
            "web-1 has a new IP",
            1,
            another_ip,
            "Addresses are not part of a pod's identity: clients must use the name.",
            Mode.TRACE,
        ),
        Criterion(
            "same-claim",
            "web-1 uses the very same claim",
            3,
            claims_kept(("www-web-1",)),
            "Name and claim belong together for as long as the claim exists.",
            Mode.TRACE,
        ),
        Criterion(
            "file-survived",
            "The file of the former pod is there",
            3,
            file_survived,
            "What was written to the volume is what a database would find again.",
        ),
    ),
    hints=(
        "Order matters: note who writes, write, and only then delete the pod.",
        "What does `df` or `mount` inside the pod say: which folder is on the volume?",
        "The file has one line: the `metadata.uid` of the pod that was web-1 when you wrote it.",
    ),
)

OUTLIVE = Checkpoint(
    id="claims-outlive-set",
    title="The claims outlive the set",
    attempted=lambda o: ended(o, "StatefulSet", "web"),
    criteria=(
        Criterion(
            "set-deleted",
            "The set is deleted",
            1,
            set_deleted,
            "Only then is it seen what it leaves behind.",
            Mode.EDGE,
        ),
        Criterion(
            "pods-gone",
            "Its pods are gone",
            2,
            pods_gone,
            "Pods belong to the set, and are collected with it.",
        ),
        Criterion(
            "claims-kept",
            "All three claims and their volumes stayed",
            3,
            claims_kept(CLAIMS),
            "Deleting a set must never delete data by accident; you delete claims when you mean to.",
            Mode.TRACE,
        ),
    ),
    hints=(
        "Delete one object only; see what happens to the others by itself.",
        "By default kubectl deletes what belongs to an object too. Do claims belong to the set?",
        "If pods stay behind, they were left as orphans on purpose: delete without any extra option.",
    ),
)

LAB = LabSpec(
    slug="05-volume-claim-templates",
    title="Lab 05: A volume for every replica",
    namespace="lab-05",
    minutes=45,
    objectives=(
        "give every replica of a StatefulSet a volume of its own",
        "say what stays, and what does not, when a pod, a replica or the whole set goes",
        "reach one replica of several by its name",
        "prove with UIDs whether something is the same object or only has the same name",
    ),
    checkpoints=(HEADLESS, REPLICAS, ORDER, SCALE_UP, SCALE_DOWN, REUSED, OWN_PAGES, REPLACED, OUTLIVE),
    predictions=(
        Prediction(
            "start",
            "Two replicas and a claim template: in which order will things appear?",
            {
                "a": "both pods at once, then both claims",
                "b": "claim and pod 0, and only when pod 0 is Ready, claim and pod 1",
                "c": "pod 1 first, then pod 0",
            },
            "b",
            "A StatefulSet starts its pods one by one, from ordinal 0 up, and makes each pod's claim just before it.",
        ),
        Prediction(
            "scale-down",
            "You go from three replicas to two. What becomes of pod web-2 and claim www-web-2?",
            {
                "a": "both are deleted",
                "b": "both stay, the pod is only stopped",
                "c": "the pod is deleted, the claim stays",
            },
            "c",
            "The pod of the highest ordinal is deleted. The claim and its volume stay, in case the ordinal comes back.",
        ),
        Prediction(
            "pages",
            "Three pods of one image, each with a page of its own. What does http://web-1.web answer?",
            {
                "a": "the page of web-1, every time",
                "b": "one of the three pages, each time another",
                "c": "the page that was written last",
            },
            "a",
            "The name web-1.web leads to one pod. The name web alone leads to all of them, and the client picks one.",
        ),
        Prediction(
            "replace",
            "You delete pod web-1. What will be different about the web-1 that comes back?",
            {"a": "its UID and its IP", "b": "its name and its claim", "c": "everything, the file is lost too"},
            "a",
            "Name, claim and file stay; UID and IP are new. That is why clients use the name, never the IP.",
        ),
        Prediction(
            "delete",
            "You delete the whole StatefulSet. What stays?",
            {"a": "nothing", "b": "the pods", "c": "the three claims and their volumes"},
            "c",
            "Pods belong to the set and go with it. Claims do not, unless its retention policy says so.",
        ),
    ),
)
