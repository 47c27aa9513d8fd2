"""`dig` and `nslookup` in little, over the cluster's DNS."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from .resolver import TYPES, Answer, Config, ask, read_config, reverse_name

__all__ = ["run"]


def run(name: str, arguments: Sequence[str]) -> int:
    """Do what the command line asks; returns the exit code."""
    program = _dig if PurePosixPath(name).name == "dig" else _nslookup
    try:
        return program(list(arguments))
    except OSError as error:
        print(f";; communications error: {error}", file=sys.stderr)
        return 9 if program is _dig else 1


def _first(config: Config, names: Sequence[str], kind: str, *, tcp: bool = False) -> tuple[str, Answer]:
    """Ask for names in turn, and return the first answer that has records, else the last."""
    last: tuple[str, Answer] | None = None
    for name in names:
        answer = _any_server(config, name, kind, tcp=tcp)
        if answer.answers:
            return name, answer
        if last is None or answer.rcode == "NOERROR":
            last = name, answer
    if last is None:
        raise OSError("nothing to ask for")
    return last


def _any_server(config: Config, name: str, kind: str, *, tcp: bool) -> Answer:
    failure: OSError | None = None
    for server in config.servers or ("127.0.0.1",):
        try:
            return ask(server, name, kind, tcp=tcp)
        except OSError as error:
            failure = error
    raise failure or OSError("no servers could be reached")


@dataclass(slots=True)
class _Dig:
    """A command line of dig."""

    config: Config
    name: str = ""
    kind: str = "A"
    flags: set[str] = field(default_factory=set)

    def read(self, arguments: list[str]) -> None:
        """Take the command line over; the last of several names counts."""
        while arguments:
            word = arguments.pop(0)
            if word.startswith("+"):
                self.flags.add(word[1:])
            elif word.startswith("@"):
                self.config = Config((word[1:],), self.config.search, self.config.ndots)
            elif word == "-x" and arguments:
                self.name, self.kind = reverse_name(arguments.pop(0)), "PTR"
            elif word == "-t" and arguments:
                self.kind = arguments.pop(0).upper()
            elif word.upper() in TYPES and self.name:
                self.kind = word.upper()
            elif not word.startswith("-"):
                self.name = word


def _dig(arguments: list[str]) -> int:
    wanted = _Dig(read_config())
    wanted.read(arguments)
    if wanted.kind not in TYPES or not wanted.name:
        print("dig: a name and a known type are needed", file=sys.stderr)
        return 1
    names = wanted.config.candidates(wanted.name) if "search" in wanted.flags else [wanted.name]
    asked, answer = _first(wanted.config, names, wanted.kind, tcp="tcp" in wanted.flags)
    if "short" in wanted.flags:
        print("".join(f"{record.data}\n" for record in answer.answers), end="")
        return 0
    if "noall" not in wanted.flags:
        print(f";; ->>HEADER<<- opcode: QUERY, status: {answer.rcode}\n;; QUESTION: {asked}. IN {wanted.kind}")
    if "noall" not in wanted.flags or "answer" in wanted.flags:
        print("".join(f"{r.name}\t{r.ttl}\tIN\t{r.type}\t{r.data}\n" for r in answer.answers), end="")
    return 0


def _nslookup(arguments: list[str]) -> int:
    config, kinds, words = read_config(), ["A", "AAAA"], list[str]()
    for word in arguments:
        if word.startswith(("-type=", "-query=", "-q=")):
            kinds = [word.partition("=")[2].upper()]
        elif not word.startswith("-"):
            words.append(word)
    if not words:
        print("nslookup: a name is needed", file=sys.stderr)
        return 1
    if words[1:]:
        config = Config((words[1],), config.search, config.ndots)
    name, server = words[0], (config.servers or ("127.0.0.1",))[0]
    print(f"Server:\t\t{server}\nAddress:\t{server}#53\n")
    if name.replace(".", "").isdigit():
        name, kinds = reverse_name(name) + ".", ["PTR"]
    found, refused = False, ""
    for kind in kinds:
        asked, answer = _first(config, config.candidates(name), kind)
        found = found or bool(answer.answers)
        refused = refused or (answer.rcode if answer.rcode != "NOERROR" else "")
        _tell(answer)
    if not found:
        print(f"** server can't find {asked.rstrip('.')}: {refused or 'No answer'}")
        return 1
    return 0


def _tell(answer: Answer) -> None:
    for record in answer.answers:
        owner = record.name.rstrip(".")
        if record.type in ("A", "AAAA"):
            print(f"Name:\t{owner}\nAddress: {record.data}")
        elif record.type == "CNAME":
            print(f"{owner}\tcanonical name = {record.data}")
        elif record.type == "PTR":
            print(f"{owner}\tname = {record.data}")
        else:
            print(f"{owner}\t{record.type.lower()} = {record.data}")
