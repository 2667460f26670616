from __future__ import annotations

import json

from sealock.model.build import AddFile, Cmd, Copy, Healthcheck, Instruction, Run, Volume
from sealock.rules.kit import Build, Edit, Iterator, Place, Rule, RuleFinding, Severity, docker_docs


class MalformedExecForm(Rule[Build]):
    """Malformed JSON array falls back to shell form.

    With single quotes, or a missing or extra comma, BuildKit reads the line as shell form: the shell then looks for a
    program whose name starts with a bracket, or BuildKit creates a directory of that name. JSON needs double quotes.
    """

    id = "B138"
    keywords = ("JSON array", "shell form", "exec form", "JSON")
    severity = Severity.MEDIUM
    references = (docker_docs("reference/dockerfile/#shell-and-exec-form"),)
    remedy = 'Write valid JSON: ["program", "argument"], with double quotes.'
    bad = (
        "FROM debian:12\nCMD ['nginx', '-g', 'daemon off;']\n",
        "FROM debian:12\nVOLUME ['/data']\n",
        'FROM debian:12\nENTRYPOINT ["app", "serve",]\n',
        "FROM debian:12\nCOPY ['a', '/c']\n",
    )
    good = (
        'FROM debian:12\nCMD ["nginx", "-g", "daemon off;"]\n',
        "FROM debian:12\nRUN [ -f /etc/x ] && [ -f /etc/y ]\n",
        'FROM debian:12\nRUN [[ -f "/etc/x" ]]\n',
        "FROM debian:12\nCOPY [a-z].txt /x[y]\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for at, _, instruction in build.each(Run, Cmd, Healthcheck, Volume, Copy, AddFile):
            place = _arguments(build, instruction)
            if place is None:
                continue
            line = build.excerpt(place)
            if line[:1] == "[" and line[-1:] == "]" and any(sign in line for sign in "'\",") and not _is_test(line):
                items = _items(line)
                yield self.finding(
                    "has an exec form that is not valid JSON",
                    at,
                    place=place,
                    fix=Edit(place, json.dumps(items, ensure_ascii=False)) if items else (),
                )


def _is_test(line: str) -> bool:
    """Whether it is a [ … ] or [[ … ]] test of the shell, or a pattern in brackets."""
    if line.startswith("[["):
        return True
    # A blank after the bracket marks a shell test, unless quotes and commas follow.
    return line[1:2].isspace() and ("," not in line or line[1:].lstrip()[:1] not in {"'", '"'})


def _arguments(build: Build, instruction: Instruction) -> Place | None:
    """The place of all arguments, unless they are valid JSON."""
    end = instruction.place.end
    match instruction:
        case Run(form="shell") | Cmd(form="shell") | Healthcheck(form="shell", disabled=False):
            start = instruction.flags[-1].place.end if instruction.flags else instruction.keyword_place.end
            line = build.text[start:end].lstrip()
            if isinstance(instruction, Healthcheck):
                line = line[len("CMD") :].lstrip()
            return Place(end - len(line), end)
        case Volume():
            # One path, or several split at blanks; the texts of a valid array begin with a quote.
            first = instruction.paths[0]
            return Place(first.place.start, end) if first.raw.startswith("[") else None
        case Copy(form="shell") | AddFile(form="shell"):
            return Place(instruction.sources[0].place.start, end)
        case _:
            return None


def _items(line: str) -> list[str]:
    """The elements, split at commas outside of quotes; empty if ambiguous."""
    items: list[str] = []
    current, quote = "", ""
    for sign in line[1:-1]:
        if quote:
            if sign == quote:
                quote = ""
            else:
                current += sign
        elif sign in "'\"":
            quote = sign
        elif sign == ",":
            items.append(current)
            current = ""
        elif not sign.isspace():
            current += sign
    items.append(current)
    return [item for item in items if item] if not quote and "\\" not in line and "\n" not in line else []
