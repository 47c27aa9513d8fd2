"""Attempts at what is built: Service, set, storage, pages, Deployment. Texts are of the variant that is proved."""

import importlib.util
from pathlib import Path

from kitlib.authoring.attempts import Bench, right, wrong
from kitlib.authoring.steps import after, apply
from kitlib.checks import Outcome

_spec = importlib.util.spec_from_file_location("reference", Path(__file__).with_name("reference.py"))
reference = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(reference)
write = reference.write


def with_set(*changes):
    return after("headless", apply("set", *changes))


def with_deployment(*changes):
    return after("own-pages", apply("deployment", *changes))


def other_policy(bench: Bench) -> None:
    """The policy that the variant does not ask for."""
    other = {"OrderedReady": "Parallel", "Parallel": "OrderedReady"}[bench.values["policy"]]
    bench.reach("headless")
    bench.apply(bench.text("set").replace(bench.values["policy"], other))


def somebody_elses(bench: Bench) -> None:
    """The work of another student, copied."""
    bench.seed, own = "carla", bench.seed
    bench.apply(bench.text("service"))
    bench.apply(bench.text("set"))
    bench.seed = own


def without_template(bench: Bench) -> None:
    head, _, _ = bench.text("set").partition("  volumeClaimTemplates:")
    volume = f"      volumes: [{{name: {bench.values['template']}, emptyDir: {{}}}}]\n      containers:"
    bench.reach("headless")
    bench.apply(head.replace("      containers:", volume))


def same_page(bench: Bench) -> None:
    for n in range(3):
        write(bench, n, bench.values["page-0"])


def reversed_pages(bench: Bench) -> None:
    for n in range(3):
        write(bench, n, bench.values[f"page-{2 - n}"])


def html_pages(bench: Bench) -> None:
    for n in range(3):
        write(bench, n, f"<html><body><h1>{bench.values[f'page-{n}']}</h1></body></html>")


def two_pages(bench: Bench) -> None:
    for n in range(2):
        write(bench, n, bench.values[f"page-{n}"])


def other_file(bench: Bench) -> None:
    for n in range(3):
        bench.sh(f"{bench.values['set']}-{n}", f"echo {bench.values[f'page-{n}']} > {reference.FOLDER}/page.html")
    write(bench, 0, "see page.html")


def stranger(bench: Bench) -> None:
    """A pod that has the label of the set's pods, but is none of them."""
    labels = f"{{app: {bench.values['set']}}}"
    pod = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: stranger, labels: {labels}}}\n"
    bench.apply(pod + 'spec: {containers: [{name: httpd, image: "httpd:2.4"}]}\n')


def no_selector(bench: Bench) -> None:
    bench.patch("svc", bench.values["service"], {"spec": {"selector": {"app": "nobody"}}})


def claimed(bench: Bench) -> None:
    """A Deployment whose pods share a claim."""
    claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: shared}\n"
    bench.apply(claim + "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 16Mi}}}\n")
    volume = "      volumes: [{name: shared, persistentVolumeClaim: {claimName: shared}}]\n      containers:"
    bench.apply(bench.text("deployment").replace("      containers:", volume))


PROBE_OFF = (
    "          readinessProbe:\n            tcpSocket:\n              port: 80\n            periodSeconds: 1\n",
    "",
)
MORE_LABELS = ("        app: orchard\n    spec", "        app: orchard\n        tier: pages\n    spec")
UPPER = ('accessModes: ["ReadWriteOnce"]', "accessModes:\n          - ReadWriteOnce")
#: The labels of the Deployment's pods become those of the set's.
SAME_LABELS = (("app: moth", "app: orchard"),)
AND_THEIRS = (("        app: moth\n    spec", "        app: moth\n        of: orchard\n    spec"),)

ATTEMPTS = [
    right("headless", "no name for the port", apply("service", ("- name: http\n      port", "- port"))),
    right("headless", "other labels", apply("service", ("app: orchard", "app: mine"))),
    wrong("headless", "with an address", apply("service", ("  clusterIP: None\n", "")), on="headless"),
    wrong("headless", "port 8080", apply("service", ("port: 80", "port: 8080")), on="port"),
    wrong(
        "headless",
        "another name",
        apply("service", ("name: rays", "name: elsewhere")),
        outcome=Outcome.NOT_ATTEMPTED,
    ),
    right("stateful-set", "more labels than needed", with_set(MORE_LABELS)),
    right("stateful-set", "no probe", with_set(PROBE_OFF)),
    right("stateful-set", "the image's whole name", with_set(("httpd:2.4", "docker.io/library/httpd:2.4"))),
    wrong("stateful-set", "two replicas", with_set(("replicas: 3", "replicas: 2")), on="replicas"),
    wrong("stateful-set", "another Service", with_set(("serviceName: rays", "serviceName: web")), on="identity"),
    wrong("stateful-set", "the other policy", other_policy, on="identity"),
    wrong("stateful-set", "another server", with_set(("httpd:2.4", "nginx:1.27")), on="image"),
    wrong("stateful-set", "somebody else's variant", somebody_elses, outcome=Outcome.NOT_ATTEMPTED),
    right("storage", "modes as a list", with_set(UPPER)),
    right(
        "storage",
        "the class by its name",
        with_set(("accessModes:", "storageClassName: standard\n        accessModes:")),
    ),
    wrong("storage", "another template name", with_set(("name: nets", "name: data")), on="claims"),
    wrong("storage", "a round number", with_set(("storage: 64Mi", "storage: 1Gi")), on="size"),
    wrong("storage", "mounted elsewhere", with_set(("/usr/local/apache2/htdocs", "/var/www/html")), on="mount"),
    wrong("storage", "a volume that goes with its pod", without_template, on="claims"),
    right("own-pages", "as HTML", after("stateful-set", html_pages)),
    wrong("own-pages", "one page for all", after("stateful-set", same_page), on="pages"),
    wrong("own-pages", "in the wrong order", after("stateful-set", reversed_pages), on="pages"),
    wrong("own-pages", "one is missing", after("stateful-set", two_pages), on="pages"),
    wrong("own-pages", "in a file that nobody asks for", after("stateful-set", other_file), on="pages"),
    wrong("own-pages", "a stranger with the same label", after("own-pages", stranger), on="only-own"),
    wrong("own-pages", "a Service for nobody", after("own-pages", no_selector), on="only-own"),
    right("beside", "a label in common that the Service does not ask for", with_deployment(*AND_THEIRS)),
    wrong("beside", "two replicas", with_deployment(("replicas: 3", "replicas: 2")), on="deployment"),
    wrong("beside", "another version", with_deployment(("httpd:2.4", "httpd:2.2")), on="image"),
    wrong("beside", "a claim for all", after("own-pages", claimed), on="no-claims"),
    wrong("beside", "the labels of the set", with_deployment(*SAME_LABELS), on="apart"),
    wrong("beside", "another name", with_deployment(("name: moth", "name: elsewhere")), outcome=Outcome.NOT_ATTEMPTED),
]
