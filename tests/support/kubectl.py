"""The real kubectl, as a learner types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class KubectlFailed(AssertionError):
    """kubectl ended with another exit code than the test expects."""


@dataclass(frozen=True)
class Kubectl:
    """kubectl with one kubeconfig and one namespace.

    `kubectl("get", "pods")` returns what it prints; `kubectl.fails("get", "pod", "x")` returns what it says on stderr.
    """

    kubeconfig: Path
    home: Path
    namespace: str = "default"
    variables: dict[str, str] = field(default_factory=dict)
    seconds: float = 30

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "KUBECONFIG": str(self.kubeconfig), "HOME": str(self.home), **self.variables}

    def command(self, *arguments: str) -> list[str]:
        return [str(Path(sys.executable).with_name("kubectl")), f"--namespace={self.namespace}", *arguments]

    def run(
        self, *arguments: str, stdin: str | None = None, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        given = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
        command = self.command(*arguments)
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=self.seconds, cwd=cwd, **given
        )

    def __call__(self, *arguments: str, stdin: str | None = None) -> str:
        done = self.run(*arguments, stdin=stdin)
        if done.returncode:
            raise KubectlFailed(f"kubectl {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def fails(self, *arguments: str, code: int = 1, stdin: str | None = None) -> str:
        done = self.run(*arguments, stdin=stdin)
        if done.returncode != code:
            raise KubectlFailed(
                f"kubectl {' '.join(arguments)}: exit {done.returncode}, not {code}\n{done.stdout}{done.stderr}"
            )
        return done.stderr

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "-o", "json"))

    def follow(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command that goes on by itself; its output is read line by line."""
        return subprocess.Popen(
            self.command(*arguments),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
