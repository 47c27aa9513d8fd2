"""`kit why`: the reason for what is there, and for what is not."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from kitlib.client import connect
from kitlib.client.why import Cause, why
from kitlib.errors import UsageError

__all__ = ["register"]


def why_command(
    thing: Annotated[
        list[str], typer.Argument(metavar="KIND/NAME", help="For example pod/web-2, sts/web, pvc www-web-0.")
    ],
    namespace: Annotated[str, typer.Option("--namespace", "-n", help="Where it is.")] = "",
) -> None:
    """Tell why an object is as it is, or why it is not there.

    Shows what controllers, scheduler and kubelet decided about it, with the reason of each, among its events. The last
    lines are what holds now. On a cluster that is not the kit's own, there are only the events.

        kit why pod/web-2
        kit why sts web --namespace shop
    """
    parts = thing[0].split("/", 1) if len(thing) == 1 else thing
    if len(parts) != 2 or not all(parts):
        raise UsageError(f"{' '.join(thing)!r} names no object", fix="write KIND/NAME, for example kit why pod/web-2")
    found = why(connect(), parts[0], parts[1], namespace=namespace or None)
    console = Console(highlight=False, soft_wrap=not typer.get_text_stream("stdout").isatty())
    if not found.exists:
        console.print(f"{found.thing} does not exist", markup=False)
    past = [cause for cause in found.causes if not cause.stands]
    now = [cause for cause in found.causes if cause.stands]
    if not found.causes:
        console.print(
            f"nothing is known about {found.thing}: no component decided anything about it, and it has no events"
        )
    for title, causes in (("before", past), ("now", now)):
        if causes:
            console.print(_table(title, causes))
    for obstacle in found.obstacles:
        console.print(f"{obstacle}", markup=False)


def _table(title: str, causes: list[Cause]) -> Table:
    table = Table(title, "who", "why", box=None, title_justify="left", pad_edge=False, header_style="bold")
    for cause in causes:
        table.add_row(cause.time[11:19], cause.component, cause.text)
    return table


def register(app: typer.Typer) -> None:
    """Add the command to `kit`."""
    app.command(name="why")(why_command)
