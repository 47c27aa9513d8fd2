"""`python -m kitlib.embedded.nursery FD`: forks daemons that have all their modules loaded already.

Loading them takes most of a start. Who starts hundreds of clusters, as the proof of a lab does, loads them once. A
request is one packet with a daemon's arguments as JSON and two descriptors, its report's and its log's; the answer is
the new process's PID. The end of the socket ends the nursery, not its daemons.
"""

from __future__ import annotations

import gc
import json
import os
import socket
import sys

from kitlib.embedded import daemon

__all__ = ["main"]

_LONGEST = 65536


def main() -> None:
    """Serve until the socket closes; in a forked process, be that daemon."""
    arguments = _serve(socket.socket(fileno=int(sys.argv[1])))
    if arguments is not None:
        daemon.main(arguments)


def _serve(requests: socket.socket) -> list[str] | None:
    """Return a daemon's arguments in each forked process, and None in this one at the end."""
    gc.freeze()  # what is loaded stays, and its pages stay shared
    while True:
        message, (*descriptors,), _, _ = socket.recv_fds(requests, _LONGEST, 2)
        _reap()
        if not message:
            return None
        child = os.fork()
        if not child:
            requests.close()
            return _be_born(json.loads(message), *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        requests.send(str(child).encode())


def _be_born(arguments: list[str], report: int, log: int) -> list[str]:
    os.setsid()
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
    return [*arguments, f"--report-fd={report}"]


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


if __name__ == "__main__":
    main()
