"""Sessions of exec and attach: a command's standard streams as asynchronous reads and writes."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator

from kitlib.embedded.kubelet.container_io import ContainerIO
from kitlib.embedded.kubelet.descriptors import set_terminal_size, wait_readable, write_all
from kitlib.embedded.kubelet.runtime import EXIT_LOST, ExecStreams, Execution, Runtime, RuntimeLost

__all__ = ["AttachSession", "ExecSession", "run_command", "start_session"]

_CHUNK = 1 << 16
_END_OF_TRANSMISSION = b"\x04"


class ExecSession:
    """A command that runs in a container.

    Example:
        async for channel, data in session.output():  # 1 is stdout, 2 is stderr
            ...
        code = await session.wait()
    """

    def __init__(self, runtime: Runtime, execution: Execution, *, stdin: int | None, outputs: dict[int, int]) -> None:
        self._runtime = runtime
        self._execution = execution
        self._stdin = stdin
        self._outputs = outputs
        self._queue: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue(maxsize=16)
        self._readers = [asyncio.create_task(self._pump(channel, fd)) for channel, fd in outputs.items()]

    async def output(self) -> AsyncIterator[tuple[int, bytes]]:
        """Yield (channel, chunk) until every stream has ended; channel 1 is stdout, 2 is stderr."""
        ended = 0
        while ended < len(self._readers):
            channel, chunk = await self._queue.get()
            if chunk:
                yield channel, chunk
            else:
                ended += 1

    async def write(self, data: bytes) -> None:
        """Write to the command's stdin; what comes after its end is dropped."""
        if self._stdin is not None:
            await write_all(self._stdin, data)

    async def close_stdin(self) -> None:
        """Tell the command that there is no more input."""
        if self._stdin is None:
            return
        if self._stdin == self._execution.terminal:
            await self.write(_END_OF_TRANSMISSION)
        else:
            os.close(self._stdin)
            self._stdin = None

    async def resize(self, width: int, height: int) -> None:
        """Tell the command's terminal its size."""
        if self._execution.terminal is not None and self._outputs:
            set_terminal_size(self._execution.terminal, width, height)

    async def wait(self) -> int:
        """Wait for the command's end; returns its exit code."""
        return await _exit_code(self._execution)

    async def close(self) -> None:
        """End the command if it still runs, and let go of its streams."""
        if not self._execution.exited.done():
            with contextlib.suppress(OSError):
                await self._runtime.kill_exec(self._execution.id)
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        for fd in {*self._outputs.values(), *(() if self._stdin is None else (self._stdin,))}:
            os.close(fd)
        self._outputs, self._stdin = {}, None

    async def _pump(self, channel: int, fd: int) -> None:
        while True:
            await wait_readable(fd)
            try:
                data = os.read(fd, _CHUNK)
            except BlockingIOError:
                continue
            except OSError:  # a terminal whose other side is closed
                data = b""
            await self._queue.put((channel, data))
            if not data:
                return


async def start_session(
    runtime: Runtime, container_id: str, command: list[str], *, stdin: bool, tty: bool
) -> ExecSession:
    """Start a command in a container and return its session.

    Raises:
        StartError: it could not be executed.
    """
    if tty:
        execution = await runtime.exec(container_id, command, None)
        master = execution.terminal
        if master is None:
            raise OSError("the runtime gave no terminal")
        os.set_blocking(master, False)
        return ExecSession(runtime, execution, stdin=master, outputs={1: master})
    stdin_end, stdin_fd = _input(stdin)
    out, out_write = os.pipe2(os.O_CLOEXEC)
    err, err_write = os.pipe2(os.O_CLOEXEC)
    for fd in (out, err):
        os.set_blocking(fd, False)
    try:
        streams = ExecStreams(stdin=stdin_end, stdout=out_write, stderr=err_write)
        execution = await runtime.exec(container_id, command, streams)
    except BaseException:
        for fd in (out, err, *([stdin_fd] if stdin_fd is not None else [])):
            os.close(fd)
        raise
    return ExecSession(runtime, execution, stdin=stdin_fd, outputs={1: out, 2: err})


async def run_command(runtime: Runtime, container_id: str, command: list[str], *, timeout: float) -> tuple[int, bytes]:
    """Run a command to its end; returns its exit code and its output, both streams together.

    Raises:
        StartError: it could not be executed.
        TimeoutError: it took too long, and was killed.
    """
    session = await start_session(runtime, container_id, command, stdin=False, tty=False)
    output = bytearray()
    try:
        async with asyncio.timeout(timeout):
            async for _, chunk in session.output():
                output += chunk
            return await session.wait(), bytes(output)
    finally:
        await session.close()


def _input(wanted: bool) -> tuple[int, int | None]:
    if not wanted:
        return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC), None
    read, write = os.pipe2(os.O_CLOEXEC)
    os.set_blocking(write, False)
    return read, write


async def _exit_code(execution: Execution) -> int:
    try:
        return await asyncio.shield(execution.exited)
    except RuntimeLost:
        return EXIT_LOST


class AttachSession:
    """A container's own process: its output from now on, and its input if it has one.

    Args:
        io: the container's streams.
        execution: the container's process.
        stdin: whether the client sends input.
    """

    def __init__(self, io: ContainerIO, execution: Execution, *, stdin: bool) -> None:
        self._io, self._execution, self._stdin = io, execution, stdin
        self._queue = io.log.listen()

    async def output(self) -> AsyncIterator[tuple[int, bytes]]:
        """Yield (channel, chunk) until the container ends."""
        while (item := await self._queue.get()) is not None:
            yield item

    async def write(self, data: bytes) -> None:
        """Write to the container's stdin; dropped when it has none."""
        if self._stdin:
            await self._io.write(data)

    async def close_stdin(self) -> None:
        """Tell the container that there is no more input, if it wants input from one client only."""
        if self._stdin:
            self._stdin = False
            self._io.input_ended()

    async def resize(self, width: int, height: int) -> None:
        """Tell the container's terminal its size."""
        self._io.resize(width, height)

    async def wait(self) -> int:
        """Wait for the container's end; returns its exit code."""
        return await _exit_code(self._execution)

    async def close(self) -> None:
        """Let go; the container goes on."""
        await self.close_stdin()
        self._io.log.forget(self._queue)
