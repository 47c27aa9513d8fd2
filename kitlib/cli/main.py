"""The `kit` program: registers the command groups and turns errors into one line."""

from __future__ import annotations

import sys

import click
import typer

from kitlib import __version__
from kitlib.cli import clusters
from kitlib.errors import KitError

__all__ = ["app", "main"]

app = typer.Typer(
    name="kit",
    help="The StatefulSet Lab Kit: a Kubernetes cluster in a second, labs on stateful workloads, and their grading.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
clusters.register(app)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"kit {__version__}")
        raise typer.Exit


@app.callback()
def kit(version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print it.")) -> None:
    """Start with `kit up`, then `kit status`; `kit lab list` shows the course."""


def main() -> None:
    """Run `kit`; a user's mistake ends in one line on stderr and exit code 1, never in a traceback."""
    try:
        code = app(standalone_mode=False)
    except KitError as error:
        typer.echo(f"kit: {error}", err=True)
        sys.exit(1)
    except click.UsageError as error:
        error.show()
        sys.exit(2)
    except (click.exceptions.Abort, KeyboardInterrupt):
        typer.echo("kit: stopped", err=True)
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)
