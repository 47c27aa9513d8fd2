"""`kit up`, `down`, `status`, `kubeconfig`, `doctor`: the life of a cluster."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from kitlib.cli.progress import stopwatch
from kitlib.environments import Provider
from kitlib.environments.embedded import EmbeddedProvider
from kitlib.environments.kind import KindProvider
from kitlib.environments.kubeconfig import KubeconfigProvider
from kitlib.errors import ClusterError, UsageError
from kitlib.settings import settings

__all__ = ["register"]

_Name = Annotated[str, typer.Option("--name", "-n", help="Which cluster.", default_factory=lambda: settings().cluster)]
_Kind = Annotated[bool, typer.Option("--kind", help="A cluster of kind (needs kind and Docker), not the embedded one.")]
_TIMEOUTS = (
    "How long a silent node is waited for. real: NotReady after 50 s, its pods evicted 300 s later, as upstream. "
    "fast: 2 s and 5 s. Or two numbers of seconds, such as 10,30. Kept until given anew."
)


def _provider(kind: bool) -> Provider:
    """Return where the cluster comes from: kind, the kubeconfig that the user names, else the kit itself."""
    found = settings()
    if kind:
        return KindProvider()
    return KubeconfigProvider(found.kubeconfig, found.context) if found.kubeconfig else EmbeddedProvider()


def up(
    name: _Name,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 keeps the cluster's port, or finds one.")] = 0,
    nodes: Annotated[
        int | None, typer.Option(min=1, max=20, help="Number of nodes; by default as many as before, or one.")
    ] = None,
    hollow_nodes: Annotated[
        int | None,
        typer.Option(help="Nodes whose pods only pretend to run, for tests of scale; tainted kit.embedded/hollow."),
    ] = None,
    node_timeouts: Annotated[str, typer.Option(metavar="real|fast|GRACE,TOLERATION", help=_TIMEOUTS)] = "",
    feature_gates: Annotated[str, typer.Option(help="Such as MaxUnavailableStatefulSet=true.")] = "",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    kind: _Kind = False,
) -> None:
    """Start the embedded cluster in the background, with the objects, volumes and nodes it had.

    With fewer nodes than before, the last workers are removed like any deleted node: their pods go, and are made anew
    elsewhere where a controller wants them; local volumes stay on disk for the day the node is back.
    """
    tell = stopwatch(quiet=quiet)
    if kind:
        info = KindProvider().create(name, progress=tell)
    else:
        info = EmbeddedProvider().create(
            name,
            progress=tell,
            port=port,
            nodes=nodes,
            hollow_nodes=hollow_nodes,
            node_timeouts=node_timeouts,
            feature_gates=feature_gates,
        )
    if not info.created:
        typer.echo(f"cluster {name} runs already on {info.server}", err=True)
    if not quiet:
        typer.echo(f"kubectl --kubeconfig {info.kubeconfig} get nodes", err=True)


def down(
    name: _Name,
    delete: Annotated[bool, typer.Option("--delete", help="Remove its objects and volumes too.")] = False,
    now: Annotated[bool, typer.Option("--now", help="Give its pods no time to end.")] = False,
    kind: _Kind = False,
) -> None:
    """Stop the embedded cluster; its objects and volumes stay unless --delete is given.

    Its pods get up to 10 seconds to end; Ctrl-C, --now and --delete end them at once.
    """
    if kind and not delete:
        raise UsageError("kind cannot stop a cluster and keep it", fix="kit down --kind --delete removes it")
    provider = KindProvider() if kind else EmbeddedProvider()
    if delete:
        gone = provider.delete(name)
        typer.echo(f"cluster {name} and its data are removed" if gone else f"there is no cluster {name}")
    elif EmbeddedProvider().stop(name, now=now, progress=lambda text: typer.echo(text, err=True)):
        typer.echo(f"cluster {name} is stopped; kit up brings it back")
    else:
        typer.echo(f"cluster {name} does not run")


def status(
    name: _Name,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    kind: _Kind = False,
) -> None:
    """Tell how the cluster is; exit code 1 when it does not run."""
    found = _provider(kind).status(name)
    server = found.info.server if found.info else ""
    if as_json:
        kubeconfig = str(found.info.kubeconfig) if found.info else ""
        typer.echo(json.dumps({"name": found.name, "state": found.state, "server": server, "kubeconfig": kubeconfig}))
    else:
        typer.echo(f"cluster {found.name}: {found.state}{' on ' + server if server else ''}\n{found.detail}")
    if found.state != "running":
        raise typer.Exit(1)


def kubeconfig(name: _Name, kind: _Kind = False) -> None:
    """Print the path of the kit's kubeconfig, for kubectl --kubeconfig $(kit kubeconfig)."""
    found = _provider(kind).status(name)
    if found.info is None:
        raise ClusterError(f"cluster {found.name} does not run", fix="kit up" if not kind else "kit up --kind")
    typer.echo(found.info.kubeconfig)


def doctor(kind: _Kind = False) -> None:
    """Check what this machine offers; every problem comes with its fix. Exit code 1 if something needed is missing."""
    findings = _provider(kind).doctor()
    for finding in findings:
        typer.echo(
            f"{'ok  ' if finding.ok else 'FAIL'}  {finding.check}{': ' + finding.detail if finding.detail else ''}"
        )
        if not finding.ok and finding.fix:
            typer.echo(f"      fix: {finding.fix}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add these commands to `kit`."""
    for command in (up, down, status, kubeconfig, doctor):
        app.command()(command)
