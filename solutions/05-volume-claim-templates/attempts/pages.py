"""Attempts at the pages: each pod's own content, under its own name."""

from kitlib.authoring.attempts import Bench, right, wrong
from kitlib.authoring.steps import after
from kitlib.checks import Outcome

PAGES = ("123", "456", "789")
FOLDER = "/usr/share/nginx/html"


def three(*parts):
    """Begin with three running replicas."""
    return after("scale-up", *parts)


def write(*pages, file="index.html"):
    def run(bench: Bench) -> None:
        for ordinal, page in enumerate(pages):
            bench.sh(f"web-{ordinal}", f"printf '%s' '{page}' > {FOLDER}/{file}")

    return run


def all_in_web_0(bench: Bench) -> None:
    for page in PAGES:
        bench.sh("web-0", f"echo {page} > {FOLDER}/index.html")


def replace(bench: Bench) -> None:
    bench.replace("web-1")


def no_such_service(bench: Bench) -> None:
    """Without the Service no pod has a name."""
    bench.delete("svc", "web")


def beside_the_volume(bench: Bench) -> None:
    """The claims are mounted elsewhere, so the pages are lost with the pods."""
    bench.reach("headless-service")
    bench.apply(bench.text("statefulset", ("replicas: 2", "replicas: 3"), (FOLDER, "/data")))
    bench.ready()
    write(*PAGES)(bench)


ATTEMPTS = [
    right("own-pages", "without a newline", three(write(*PAGES))),
    right("own-pages", "as HTML", three(write(*(f"<html><body><h1>{page}</h1></body></html>" for page in PAGES)))),
    right("own-pages", "a pod replaced afterwards", three(write(*PAGES), replace)),
    wrong("own-pages", "the same page for all", three(write("123", "123", "123")), on="names"),
    wrong("own-pages", "the wrong way round", three(write("789", "456", "123")), on="pages"),
    wrong("own-pages", "all in one pod", three(write(*PAGES), all_in_web_0), on="pages"),
    wrong("own-pages", "one is missing", three(write("123", "456")), on="pages"),
    wrong("own-pages", "beside the volume", beside_the_volume, on="pages"),
    wrong("own-pages", "no Service any more", three(write(*PAGES), no_such_service), on="names"),
    wrong(
        "own-pages", "under another file name", three(write(*PAGES, file="page.html")), outcome=Outcome.NOT_ATTEMPTED
    ),
]
