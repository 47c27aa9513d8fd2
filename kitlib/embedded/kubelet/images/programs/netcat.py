"""`nc` in little: connect and pass bytes, or only tell whether somebody listens."""

from __future__ import annotations

import os
import selectors
import socket
import sys
from collections.abc import Sequence

__all__ = ["run"]

_CHUNK = 65536


def run(name: str, arguments: Sequence[str]) -> int:
    """Do what the command line asks: `-z`, `-v`, `-u`, `-l -p PORT`, `-w SECONDS`."""
    given, words = _options(arguments)
    wait = float(given["w"]) if "w" in given else None
    udp = "u" in given
    try:
        if "l" in given:
            connection = _accepted(int(given.get("p") or words[-1]))
        else:
            kind = socket.SOCK_DGRAM if udp else socket.SOCK_STREAM
            address = socket.getaddrinfo(words[0], int(words[1]), socket.AF_INET, kind)[0][4]
            connection = socket.socket(type=kind)
            connection.settimeout(wait)
            connection.connect(address)
    except (OSError, IndexError, ValueError) as error:
        print(f"nc: {' '.join(words)}: {error}", file=sys.stderr)
        return 1
    if "v" in given:
        print(f"Connection to {' '.join(words)} port [{'udp' if udp else 'tcp'}] succeeded!", file=sys.stderr)
    if "z" not in given:
        _pass(connection, wait, close_write="N" in given or "q" in given)
    connection.close()
    return 0


def _options(arguments: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    given: dict[str, str] = {}
    words: list[str] = []
    left = list(arguments)
    while left:
        word = left.pop(0)
        letters = word[1:] if word.startswith("-") else ""
        if not letters:
            words.append(word)
        while letters:
            letter, letters = letters[0], letters[1:]
            given[letter] = ""
            if letter in "wpqis":
                given[letter], letters = letters or left.pop(0), ""
    return given, words


def _accepted(port: int) -> socket.socket:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("", port))
        listener.listen(1)
        return listener.accept()[0]


def _pass(connection: socket.socket, wait: float | None, *, close_write: bool) -> None:
    """Pass standard input to the connection and back, until the other side ends or is silent for too long."""
    with selectors.SelectSelector() as ready:
        ready.register(connection, selectors.EVENT_READ)
        ready.register(sys.stdin.fileno(), selectors.EVENT_READ)
        while events := ready.select(wait):
            for key, _ in events:
                if key.fileobj is connection:
                    data = connection.recv(_CHUNK)
                    if not data:
                        return
                    sys.stdout.buffer.write(data)
                    sys.stdout.buffer.flush()
                elif data := os.read(sys.stdin.fileno(), _CHUNK):
                    connection.sendall(data)
                else:
                    ready.unregister(key.fileobj)
                    if close_write:
                        connection.shutdown(socket.SHUT_WR)
