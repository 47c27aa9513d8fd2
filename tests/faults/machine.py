"""What a cluster leaves on this machine: processes and mounts."""

import json
import os
import select
import time
from pathlib import Path

import psutil


def until(holds, seconds=20.0, why=""):
    """Wait until `holds()` is true and return what it returned."""
    end = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < end, why or f"not within {seconds:g} s: {holds}"
        time.sleep(0.02)
    return found


def daemon(directory):
    return psutil.Process(json.loads((Path(directory) / "daemon.json").read_text())["pid"])


def holder(directory):
    """The process that holds the node's namespaces: the daemon's only child."""
    return next(child for child in daemon(directory).children() if "unshare" in child.name())


def agent(directory):
    return holder(directory).children()[0]


def alive(process):
    """Whether it runs; one that has ended and was not reaped does not, but one that ends thread by thread does."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return False
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    ended = bool(waiting.poll(0))
    os.close(descriptor)
    return not ended and process.is_running()


def tree(directory):
    main = daemon(directory)
    return [main, *main.children(recursive=True)]


def processes_of(directory):
    """Every living process that names the directory: daemon, holder, agent, container starters."""
    found = []
    for process in psutil.process_iter():
        try:
            if any(str(directory) in part for part in process.cmdline()) and alive(process):
                found.append(process)
        except psutil.Error:
            continue
    return found


def mounts_of(directory):
    return [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(directory) in line]
