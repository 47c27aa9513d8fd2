"""The standard streams of one instance of a container: output to its log, input from whoever attaches."""

from __future__ import annotations

import os

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.kubelet.descriptors import set_terminal_size, write_all
from kitlib.embedded.kubelet.logs import ContainerLog
from kitlib.embedded.kubelet.runtime import ExecStreams

__all__ = ["ContainerIO"]


class ContainerIO:
    """Makes a container's streams as its spec asks (`stdin`, `stdinOnce`, `tty`).

    Args:
        container: of the pod's spec.
        log: gets the output.
    """

    def __init__(self, container: Object, log: ContainerLog) -> None:
        self.log = log
        self._once = bool(container.get("stdinOnce"))
        self._wants_input, self._terminal = bool(container.get("stdin")), bool(container.get("tty"))
        self._input: int | None = None

    def open(self) -> ExecStreams:
        """Return the program's side; whoever runs the program closes it."""
        if self._terminal:
            return self._open_terminal()
        if self._wants_input:
            stdin, self._input = os.pipe2(os.O_CLOEXEC)
            os.set_blocking(self._input, False)
        else:
            stdin = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        return ExecStreams(stdin=stdin, stdout=self.log.pipe("stdout"), stderr=self.log.pipe("stderr"))

    async def write(self, data: bytes) -> None:
        """Write to the program's input; dropped when it has none."""
        if self._input is not None and self._wants_input:
            await write_all(self._input, data)

    def input_ended(self) -> None:
        """A client has no more input: the end for the program too, if it is to have one client only."""
        if self._once and not self._terminal:
            self._close_input()

    def resize(self, width: int, height: int) -> None:
        """Tell the terminal, if there is one, its size."""
        if self._terminal and self._input is not None:
            set_terminal_size(self._input, width, height)

    def close(self) -> None:
        """Close our side of the input; the log goes on until the program's side is closed."""
        self._close_input()

    def _open_terminal(self) -> ExecStreams:
        master, program = os.openpty()
        os.set_blocking(master, False)
        self._input = master
        self.log.read(os.dup(master), "stdout")
        return ExecStreams(stdin=program, stdout=os.dup(program), stderr=os.dup(program))

    def _close_input(self) -> None:
        if self._input is not None:
            os.close(self._input)
            self._input = None
