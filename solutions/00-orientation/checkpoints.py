"""What lab 00 checks, what it is worth, and the hints."""

from itertools import pairwise

from kitlib.checks import Checkpoint, Criterion, Finding, Mode, Observation, Probe, State, met, pending, unmet
from kitlib.client.readiness import pod_ready, pod_reason
from kitlib.lab import LabSpec, Prediction

BOX, WEB = "busybox:1.36", "nginx:1.27"


def pod_runs(name: str, image: str):
    """Want a Ready pod whose only container has that image."""
    wanted = f"the pod {name} is Ready, with the image {image}"

    def test(observation: Observation) -> Finding:
        pod = observation.find("Pod", name)
        if pod is None:
            return unmet(f"no pod {name}", wanted)
        images = [container["image"] for container in pod["spec"]["containers"]]
        state = "Ready" if pod_ready(pod) else pod_reason(pod)
        seen = f"{name} is {state}, with {', '.join(images)}"
        if not all(same_image(one, image) for one in images):
            return unmet(seen, wanted)
        return (met if pod_ready(pod) else pending)(seen, wanted)

    return test


def image_of(pod: dict) -> str:
    """Return the image of a pod's first container."""
    return str(pod["spec"]["containers"][0]["image"])


def same_image(one: str, other: str) -> bool:
    """Whether two names mean the same image: Docker Hub is the registry of names that have none."""
    return one.removeprefix("docker.io/").removeprefix("library/") == other


def two_pods(observation: Observation) -> Finding:
    wanted = "two pods were called hello, each with a UID of its own"
    lives = observation.history.lives("Pod", "hello")
    seen = ", then ".join(life.uid[:8] for life in lives) or "none"
    return (met if len(lives) > 1 else unmet)(f"pods called hello: {seen}", wanted)


def one_after_the_other(observation: Observation) -> Finding:
    wanted = "the second hello came when the first, which had been Ready, was gone"
    lives = observation.history.lives("Pod", "hello")
    for former, later in pairwise(lives):
        if former.ready() and former.ended and former.last.revision < later.first.revision:
            return met("so it was", wanted)
    return unmet("the first was never Ready" if len(lives) > 1 else "there was only one", wanted)


def pod_accepted(observation: Observation) -> Finding:
    wanted = "a pod shop with one container, web"
    pod = observation.find("Pod", "shop")
    if pod is None:
        return unmet("no pod shop", wanted)
    names = [container["name"] for container in pod["spec"]["containers"]]
    return (met if names == ["web"] else unmet)(f"containers: {', '.join(names)}", wanted)


def service_accepted(observation: Observation) -> Finding:
    wanted = "a Service shop for the label app: shop, with port 80"
    service = observation.find("Service", "shop")
    if service is None:
        return unmet("no Service shop", wanted)
    spec = service["spec"]
    ports = [port.get("port") for port in spec.get("ports") or []]
    selector = ", ".join(f"{key}: {value}" for key, value in (spec.get("selector") or {}).items()) or "nothing"
    seen = f"it selects {selector}; ports: {', '.join(map(str, ports)) or 'none'}"
    return (met if spec.get("selector") == {"app": "shop"} and 80 in ports else unmet)(seen, wanted)


def service_found_it(observation: Observation) -> Finding:
    wanted = "the Service shop has found the pod shop"
    pod = observation.find("Pod", "shop")
    if pod is None or observation.find("Service", "shop") is None:
        return unmet("one of them is not there", wanted)
    address = (pod.get("status") or {}).get("podIP")
    found = [
        one["addresses"][0]
        for piece in observation.all("EndpointSlice")
        if (piece["metadata"].get("labels") or {}).get("kubernetes.io/service-name") == "shop"
        for one in piece.get("endpoints") or []
        if (one.get("conditions") or {}).get("ready")
    ]
    if address and address in found:
        return met(f"it has {address}", wanted)
    labels = pod["metadata"].get("labels") or {}
    coming = labels.get("app") == "shop" and same_image(image_of(pod), WEB)
    seen = f"it has {', '.join(found) or 'nobody'}; the pod's label is app: {labels.get('app', 'none')}"
    return (pending if coming else unmet)(seen, wanted)


def page_served(observation: Observation) -> Finding:
    wanted = "hello gets the page of http://shop"
    page = observation.probes["page"]
    if page.problem:
        return unmet(page.problem, wanted)
    if "nginx" in page.stdout:
        return met("it gets the page of nginx", wanted)
    coming = all(test(observation).state is State.MET for test in (service_accepted, service_found_it))
    answer = page.stderr.strip() or "nothing"
    return (pending if coming else unmet)(f"it gets: {answer[:80]}", wanted)


def draft_gone(observation: Observation) -> Finding:
    draft = observation.find("Pod", "draft")
    doomed = draft is not None and draft["metadata"].get("deletionTimestamp")
    seen = "it is still there" if draft else "it is not there"
    return (met if draft is None else pending if doomed else unmet)(seen, "the pod draft is gone")


FIRST = Checkpoint(
    id="first-pod",
    title="Your first pod",
    attempted=lambda o: any(pod["metadata"]["name"] != "draft" for pod in o.all("Pod")),
    criteria=(
        Criterion("runs", "hello runs", 2, pod_runs("hello", BOX), "Ready is what counts: it does its work."),
        Criterion("reset", "draft is gone", 1, draft_gone, "What is gone can't get in the way."),
    ),
    hints=(
        "Two fields are missing: what the pod is called, and what its container runs.",
        "Fields stand below the word they belong to, two spaces further in.",
        "Both are a key, a colon, a space and a value; the keys are `name` and `image`. And `draft`? See section 2.",
    ),
)

SECOND = Checkpoint(
    id="second-pod",
    title="Two pods, one name",
    attempted=lambda o: bool(o.history.gone("Pod", "hello")),
    criteria=(
        Criterion("two", "Two UIDs", 1, two_pods, "A name can be used again, a UID never is.", Mode.TRACE),
        Criterion(
            "order",
            "One after the other",
            1,
            one_after_the_other,
            "The record knows the order: nobody has to look at the right moment.",
            Mode.TRACE,
        ),
        Criterion("runs", "hello runs again", 1, pod_runs("hello", BOX), "The second one is as good as the first."),
    ),
    hints=(
        "First one has to go, then another one has to come.",
        "kubectl has a verb for each of both: what is the opposite of `apply`?",
        "The manifest is in the folder `manifests`, and kubectl takes a file with `-f`.",
    ),
)

ACCEPTED = Checkpoint(
    id="accepted",
    title="Accepted",
    attempted=lambda o: o.find("Pod", "shop") is not None or o.find("Service", "shop") is not None,
    criteria=(
        Criterion("service", "The Service", 1, service_accepted, "What was not meant to change should stay."),
        Criterion("pod", "The pod", 1, pod_accepted, "What is refused is not made, until it is right."),
    ),
    hints=(
        "The answer names a line, and the excerpt below it marks it.",
        "Read the marked word letter by letter. What would it be in a manifest that works?",
        "There are three: one in the Service, two in the pod. Compare with the manifest of `hello`.",
    ),
)

IMAGE = Checkpoint(
    id="image",
    title="An image that exists",
    attempted=lambda o: (pod := o.find("Pod", "shop")) is not None and image_of(pod) != "ngnix:1.27",
    criteria=(Criterion("runs", "shop runs", 2, pod_runs("shop", WEB), "An image that nobody has can't be started."),),
    hints=(
        "Compare the two names letter by letter.",
        "`%kubectl describe pod shop` tells of the image at its end, in the events.",
        "The image can be changed while the pod is there: `%kubectl set --help`.",
    ),
)

LABEL = Checkpoint(
    id="label",
    title="A Service that finds its pod",
    attempted=lambda o: (
        (pod := o.find("Pod", "shop")) is not None and (pod["metadata"].get("labels") or {}).get("app") != "shpo"
    ),
    probes=(Probe("page", "hello", ("wget", "-qO-", "-T", "3", "http://shop")),),
    criteria=(
        Criterion(
            "found",
            "The Service has found it",
            2,
            service_found_it,
            "Service and pods know each other by labels alone.",
        ),
        Criterion("page", "It answers", 1, page_served, "Seen from where it matters: from another pod."),
    ),
    hints=(
        "Selector and label must be the same, key and value.",
        "It is the pod that should change: others may rely on the Service as it is.",
        "Labels can be changed while the pod is there: `%kubectl label --help`.",
    ),
)

LAB = LabSpec(
    slug="00-orientation",
    title="Lab 00: Orientation",
    namespace="lab-00",
    minutes=15,
    objectives=(
        "use the cells of a lab: kubectl, manifests, checkpoints, hints, predictions, pictures",
        "say what a checkpoint looks at",
        "find mistakes that are refused, and mistakes that are accepted",
        "bring a lab back to its beginning",
    ),
    checkpoints=(FIRST, SECOND, ACCEPTED, IMAGE, LABEL),
    kinds=("EndpointSlice",),
    predictions=(
        Prediction(
            "alone",
            "You delete the pod `hello`. What happens?",
            {
                "a": "it is gone, and stays away",
                "b": "the cluster makes a new one of the same name",
                "c": "the cluster makes a new one with another name",
            },
            "a",
            "Nobody looks after a pod that was made by hand. Deployments and StatefulSets do that for theirs.",
        ),
        Prediction(
            "image",
            "The pod `shop` asks for the image `ngnix:1.27`. What happens?",
            {
                "a": "the API server refuses the pod",
                "b": "the pod is there, but cannot start",
                "c": "it gets the image with the most similar name",
            },
            "b",
            "Whether an image exists is known only when a node tries to get it, and by then the pod is there.",
        ),
    ),
)
