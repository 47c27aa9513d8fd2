"""`wget` and `curl` in little: one request over plain HTTP, and what is said of it."""

from __future__ import annotations

import base64
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urljoin, urlsplit

__all__ = ["Answer", "fetch", "run"]

_WITH_VALUE = {
    "wget": "-O -T -t -o -U --header --post-data --timeout --tries --output-document --user-agent",
    "curl": "-o -m -w -X -H -d -A -u --connect-timeout --max-time --data --header --request --output --write-out "
    "--retry --retry-delay --interface",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    head: str
    body: bytes


def fetch(
    url: str,
    *,
    timeout: float | None = None,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    data: bytes = b"",
) -> Answer:
    """Make one request.

    Raises:
        OSError: nobody answers.
        ValueError: what answers does not speak HTTP.
    """
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError(f"{url}: only http is spoken here")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    sent = {"Host": parts.netloc.rpartition("@")[2], "User-Agent": "Wget", "Accept": "*/*", "Connection": "close"}
    if parts.username:
        sent["Authorization"] = (
            "Basic " + base64.b64encode(f"{parts.username}:{parts.password or ''}".encode()).decode()
        )
    if data:
        sent |= {"Content-Length": str(len(data)), "Content-Type": "application/x-www-form-urlencoded"}
    sent |= headers or {}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
    with socket.create_connection((parts.hostname, parts.port or 80), timeout) as connection:
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + data)
        with connection.makefile("rb") as stream:
            return _answer(stream.read(), method)


def _answer(received: bytes, method: str) -> Answer:
    head, _, body = received.partition(b"\r\n\r\n")
    text = head.decode("latin-1")
    words = text.split(None, 2)
    if len(words) < 2 or not words[0].startswith("HTTP/"):
        raise ValueError("the answer is not HTTP")
    if "transfer-encoding: chunked" in text.lower():
        body = _joined(body)
    return Answer(int(words[1]), text, b"" if method == "HEAD" else body)


def _joined(chunks: bytes) -> bytes:
    whole = b""
    while chunks:
        size, _, chunks = chunks.partition(b"\r\n")
        length = int(size.split(b";")[0] or b"0", 16)
        if not length:
            break
        whole += chunks[:length]
        chunks = chunks[length + 2 :]
    return whole


def run(name: str, arguments: Sequence[str]) -> int:
    """Do what the command line asks; returns the exit code of the program it stands for."""
    program = PurePosixPath(name).name
    given, urls = _options(program, arguments)
    if not urls:
        print(f"{program}: no URL", file=sys.stderr)
        return 2
    return (_wget if program == "wget" else _curl)(given, urls[0])


def _options(program: str, arguments: Sequence[str]) -> tuple[dict[str, list[str]], list[str]]:
    """Read short options (bundled too, with their value at once or next) and long ones."""
    valued, given, rest = _WITH_VALUE[program].split(), dict[str, list[str]](), list[str]()
    left = list(arguments)
    while left:
        word = left.pop(0)
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            given.setdefault(name, []).append(value if equals or name not in valued else left.pop(0))
        elif word.startswith("-") and len(word) > 1:
            letters = word[1:]
            while letters:
                name, letters = f"-{letters[0]}", letters[1:]
                value, letters = ((letters or left.pop(0)), "") if name in valued else ("", letters)
                given.setdefault(name, []).append(value)
        else:
            rest.append(word)
    return given, rest


def _wget(given: Mapping[str, list[str]], url: str) -> int:
    seconds = float((given.get("-T") or given.get("--timeout") or ["60"])[-1])
    data = (given.get("--post-data") or [""])[-1].encode()
    headers = dict(_header(text) for text in given.get("--header", []))
    method = "POST" if data else "HEAD" if "--spider" in given else "GET"
    try:
        answer = _followed(url, seconds, method, headers, data)
    except (OSError, ValueError) as error:
        print(f"wget: {url}: {error}", file=sys.stderr)
        return 4 if isinstance(error, OSError) else 1
    if answer.status >= 400:
        print(f"wget: server returned error: {answer.head.splitlines()[0]}", file=sys.stderr)
        return 8
    if "-S" in given:
        print(answer.head, file=sys.stderr)
    if method != "HEAD":
        fallback = PurePosixPath(urlsplit(url).path).name or "index.html"
        _save((given.get("-O") or given.get("--output-document") or [fallback])[-1], answer.body)
    return 0


def _curl(given: Mapping[str, list[str]], url: str) -> int:
    seconds = float((given.get("-m") or given.get("--max-time") or given.get("--connect-timeout") or ["60"])[-1])
    data = (given.get("-d") or given.get("--data") or [""])[-1].encode()
    headers = dict(_header(text) for text in given.get("-H", []) + given.get("--header", []))
    default = "HEAD" if "-I" in given else "POST" if data else "GET"
    method = (given.get("-X") or given.get("--request") or [default])[-1]
    try:
        follow = _followed if "-L" in given else _once
        answer = follow(url, seconds, method, headers, data)
    except (OSError, ValueError) as error:
        if "-s" not in given or "-S" in given:
            print(f"curl: ({28 if isinstance(error, TimeoutError) else 7}) {error}", file=sys.stderr)
        return 28 if isinstance(error, TimeoutError) else 6 if isinstance(error, socket.gaierror) else 7
    if "-f" in given and answer.status >= 400:
        return 22
    shown = answer.head.encode() + b"\r\n\r\n" if "-i" in given or "-I" in given else b""
    _save((given.get("-o") or given.get("--output") or ["-"])[-1], shown + answer.body)
    if wanted := given.get("-w") or given.get("--write-out"):
        print(wanted[-1].replace("%{http_code}", str(answer.status)).replace("\\n", "\n"), end="")
    return 0


def _once(url: str, seconds: float, method: str, headers: Mapping[str, str], data: bytes) -> Answer:
    return fetch(url, timeout=seconds, method=method, headers=headers, data=data)


def _followed(url: str, seconds: float, method: str, headers: Mapping[str, str], data: bytes) -> Answer:
    for _ in range(10):
        answer = _once(url, seconds, method, headers, data)
        target = next(
            (line[9:].strip() for line in answer.head.splitlines() if line.lower().startswith("location:")), ""
        )
        if not 300 <= answer.status < 400 or not target:
            return answer
        url = urljoin(url if "://" in url else f"http://{url}", target)
    raise ValueError("too many redirects")


def _header(text: str) -> tuple[str, str]:
    name, _, value = text.partition(":")
    return name.strip(), value.strip()


def _save(target: str, body: bytes) -> None:
    if target in ("-", "/dev/stdout"):
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()
    else:
        Path(target).write_bytes(body)
