"""`python -m kitlib.embedded.nursery FD`: forks daemons that have all their modules loaded already.

Loading them takes most of a start. Who starts hundreds of clusters, as the proof of a lab does, loads them once. A
request is one packet with a daemon's arguments as JSON and two descriptors, its report's and its log's; the answer is
the new process's PID. The end of the socket ends the nursery and all daemons that still live: whoever asked for them
has gone.
"""

from __future__ import annotations

import gc
import json
import os
import signal
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
    daemons: set[int] = set()
    while True:
        message, (*descriptors,), _, _ = socket.recv_fds(requests, _LONGEST, 2)
        daemons = {pid for pid in daemons if not os.waitpid(pid, os.WNOHANG)[0]}
        if not message:
            for pid in daemons:
                os.kill(pid, signal.SIGTERM)
                os.kill(pid, signal.SIGINT)  # the second signal: pods get no time either
            return None
        child = os.fork()
        if not child:
            requests.close()
            return _be_born(json.loads(message), *descriptors)
        daemons.add(child)
        for descriptor in descriptors:
            os.close(descriptor)
        requests.send(str(child).encode())


def _be_born(arguments: list[str], report: int, log: int) -> list[str]:
    os.setsid()
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
    return [*arguments, f"--report-fd={report}"]


if __name__ == "__main__":
    main()
