"""The `kit` program: finds the command group that is meant, and turns errors into one line."""

from __future__ import annotations

import importlib
import sys

import typer
from typer.exceptions import TyperException

from kitlib import __version__
from kitlib.errors import KitError

__all__ = ["build_app", "main"]

# Which module has which commands: `kit status` must not wait for what only `kit grade` imports.
_GROUPS = {
    "clusters": ("up", "down", "status", "kubeconfig", "doctor"),
    "node": ("node",),
    "why": ("why",),
    "jupyter": ("jupyter",),
    "labs": ("lab", "break"),
    "grading": ("grade", "verify"),
    "authoring": ("author",),
}


def _version(value: bool) -> None:
    if value:
        typer.echo(f"kit {__version__}")
        raise typer.Exit


def build_app(arguments: list[str]) -> typer.Typer:
    """Return the program with the commands that `arguments` may need.

    Args:
        arguments: of the command line; when the first names a command, only its group is loaded.
    """
    app = typer.Typer(
        name="kit",
        help="The StatefulSet Lab Kit: a Kubernetes cluster in a second, labs on stateful workloads, their grading.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    def kit(
        version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print it."),
    ) -> None:
        """Start with `kit up`, then `kit status`; `kit lab list` shows the course."""

    wanted = [name for name, commands in _GROUPS.items() if arguments[:1] and arguments[0] in commands]
    for name in wanted or _GROUPS:
        importlib.import_module(f"kitlib.cli.{name}").register(app)
    return app


def main() -> None:
    """Run `kit`; a user's mistake ends in one line on stderr and exit code 1, never in a traceback."""
    try:
        code = build_app(sys.argv[1:])(standalone_mode=False)
    except KitError as error:
        typer.echo(f"kit: {error}", err=True)
        sys.exit(1)
    except TyperException as error:  # wrong options; without a message, the help was shown
        if message := error.format_message():
            typer.echo(f"kit: {message.rstrip('.')}. Fix: see kit --help", err=True)
        sys.exit(2)
    except (typer.Abort, KeyboardInterrupt):
        typer.echo("kit: stopped", err=True)
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)
