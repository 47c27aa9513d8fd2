"""The steps of the solved lab, by checkpoint, for attempts to begin where they need to."""

from kitlib.authoring.attempts import Bench


def set_strategy(bench: Bench, strategy: dict) -> None:
    bench.patch("sts", "web", {"spec": {"updateStrategy": strategy}})


def set_partition(bench: Bench, partition: int) -> None:
    set_strategy(bench, {"type": "RollingUpdate", "rollingUpdate": {"partition": partition}})


def start(bench: Bench) -> None:
    bench.apply(bench.text("statefulset"))
    bench.ready()


def roll(bench: Bench) -> None:
    bench.set_image("nginx")
    bench.rolled_out()


def canary(bench: Bench) -> None:
    set_partition(bench, 2)
    bench.set_image("nginx:1.19")
    bench.rolled_out()
    bench.replace("web-0")


def phases(bench: Bench) -> None:
    for partition in (1, 0):
        set_partition(bench, partition)
        bench.rolled_out()


def undo(bench: Bench) -> None:
    bench.set_image("nginx")
    bench.rolled_out()


def on_delete(bench: Bench) -> None:
    set_strategy(bench, {"type": "OnDelete", "rollingUpdate": None})
    bench.set_image("nginx:1.27")
    bench.replace("web-1")


def answer(bench: Bench, text: str = "") -> None:
    """Annotate the set with what became of the field, or with `text`."""
    rolling = bench.cluster.get("sts", "web", namespace=bench.namespace)["spec"]["updateStrategy"]["rollingUpdate"]
    truth = "kept" if rolling.get("maxUnavailable") == 2 else "dropped"
    bench.patch("sts", "web", {"metadata": {"annotations": {"max-unavailable": text or truth}}})


def pace(bench: Bench) -> None:
    bench.apply(bench.text("paced"))
    bench.rolled_out()
    answer(bench)


def break_it(bench: Bench) -> None:
    bench.set_image("nginx:v1.19")
    bench.cluster.wait("pod", "web-2", namespace=bench.namespace, until="Pending")


def stuck(bench: Bench) -> None:
    break_it(bench)
    bench.set_image("nginx:1.19")
    bench.replace("web-2")
    bench.rolled_out()


def limit(bench: Bench) -> None:
    bench.patch("sts", "web", {"spec": {"revisionHistoryLimit": 1}})


MOVES = {
    "one-revision": start,
    "rolling-update": roll,
    "canary": canary,
    "phases": phases,
    "undo": undo,
    "on-delete": on_delete,
    "pace": pace,
    "stuck": stuck,
    "history-limit": limit,
}
