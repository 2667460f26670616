"""Records histories of a service: what happens to its state, hour by hour, and what it then answers.

`tests/vectors/histories.txt` holds them, `tests/vectors/histories/NAME.txt` what comes of each, and
`tests/test_records.py` compares. A change that is meant is written down with `./dev records` and reviewed in the diff.
A line is a step:

    image NAME LAYER[=PACKAGE,...]... [RULE:THING:SEVERITY]...    an image; a package is NAME:VERSION, of PyPI where it is pypi/NAME:VERSION;
                                                                - where it says nothing of its distribution
    scan REPOSITORY[:TAG] IMAGE [signed|unsigned]                a worker scanned it
    flaws ID:PACKAGE[<FIXED][:SEVERITY][!]...                    these are the advisories from now on; ! is exploited
    hours N                                                     the clock is N hours after the beginning
    report HOST [complete] [CONTAINER=IMAGE[/RULE:THING:SEVERITY:USE]...]...
    drop REPOSITORY TAG...                                      its registry has these tags no more
    tidy [NAME=DAYS]...                                         retention
    send ok|later|gone|never [HOURS]                            a sender sends what is due, and its receivers answer so
    days DAYS                                                   acknowledgements that ended are counted, as far back
    jump SECONDS                                                a clock was set
    row TABLE NAME=VALUE...                                     a row of the state; .hours in a name is a time
    [as [ROLE:]SCOPE] METHOD PATH [JSON]                        a request to the API
    page PATH [FIELD=VALUE...]                                  the text of a page or of what a form gives, for a person who administers
    visit PATH [FIELD=VALUE...]                                 the same, for somebody without a session

In a path @NEXT is the cursor of the list before, @LINK the last link that makes an account, and <NAME> the digest of an
image.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cache, partial
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, cast
from unittest.mock import patch

import httpx
from sqlalchemy import insert

from sealock.model.advisory import Advisory, Exploited
from sealock.model.finding import Finding
from sealock.model.inventory import Inventory
from sealock.model.severity import Severity
from sealock.service.access.machines import issue
from sealock.service.access.tokens import Role, Scope
from sealock.service.delivery.outbox import collect, delivered, failed, take
from sealock.service.state.database import Database, migrate
from sealock.service.state.matchagain import match_again
from sealock.service.state.moments import note_jump
from sealock.service.state.retention import Retention, tidy
from sealock.service.state.tables import metadata
from sealock.service.state.tags import drop_tags, find_repository
from sealock.service.work.datedrules import count_acknowledged
from support.madedatabases import Table
from support.servicepages import HOOKED, NOW, ServiceWorld, world
from support.servicestate import DEBIAN, deb, flaw, image_of, pypi, rule, scan

VECTORS: Final = Path(__file__).parent.parent / "vectors"
RECORDS: Final = VECTORS / "histories"
HOUR: Final = 3600
_COVERED: Final = ("Debian:12", "PyPI")
_FLAW: Final = re.compile(r"([^:]+):([^:<!]+)(?:<([^:!]+))?(?::(\w+))?(!?)")
_SECRET: Final = re.compile(
    r"(?<=public/vex-)[0-9a-f]+|(?<=slk_)[\w-]+|(?<=/invitation/)[\w-]+|(?<=whsec_)[^\"<]+|(?<=msg_)[0-9a-f]+"
)


_LINK: Final = re.compile(r"/invitation/[\w-]{20,}")


def _histories() -> dict[str, list[str]]:
    """The steps of each history by its name."""
    result: dict[str, list[str]] = {}
    for part in (VECTORS / "histories.txt").read_text(encoding="utf-8").split("\n[")[1:]:
        name, *lines = part.strip().splitlines()
        result[name.rstrip("]")] = [line for line in lines if line]
    return result


HISTORIES: Final = _histories()


def record(name: str) -> str:
    """What comes of a history."""
    return "".join(f"{line}\n" for line in outcome(HISTORIES[name]))


def outcome(steps: list[str]) -> list[str]:
    """The steps, each with what is answered."""
    with TemporaryDirectory() as directory:
        (Path(directory) / "state.db").write_bytes(_empty())
        with (
            # A wait is always as long as it is on average.
            patch("sealock.service.delivery.outbox.uniform", lambda least, most: (least + most) / 2),
            world(Path(directory), filled=False) as made,
            closing(_History(made)) as history,
        ):
            return [line for step in steps for line in (f"=== {step}", *history.step(step))]


@cache
def _empty() -> bytes:
    """A state in which nothing happened: to make its tables takes longer than most histories."""
    with TemporaryDirectory() as directory:
        path = Path(directory) / "state.db"
        database = Database(str(path))
        migrate(database)
        database.close()
        return path.read_bytes()


class _Text(HTMLParser):
    """The text of a page's main part, a line for each piece."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def handle_data(self, data: str) -> None:
        if text := " ".join(data.split()):
            self.lines.append(text)


class _History:
    def __init__(self, made: ServiceWorld) -> None:
        self._made = made
        self._images: dict[str, tuple[Inventory, list[Finding]]] = {}
        self._flaws = Table(covered=_COVERED)
        self._generation = 0
        self._clients: dict[str, httpx.Client] = {}
        self._next = self._link = ""
        self._steps: dict[str, Callable[..., Iterator[str]]] = {
            "image": self._image,
            "scan": self._scan,
            "flaws": self._advise,
            "hours": self._hours,
            "report": self._report,
            "drop": self._drop,
            "tidy": self._tidy,
            "send": self._send,
            "row": self._row,
            "days": self._days,
            "jump": self._jump,
            "page": partial(self._page, "person"),
            "visit": partial(self._page, "nobody"),
        }

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def step(self, line: str) -> list[str]:
        """Do a step, and give what is answered."""
        # How long a view is shown as it was depends on how long it took to make.
        self._made.context.cache.forget()
        verb, *words = shlex.split(line)
        if (run := self._steps.get(verb)) is not None:
            return list(run(*words))
        scope = words.pop(0) if verb == "as" else ""
        if verb == "as":
            verb = words.pop(0)
        body = json.loads(line.partition(words[0])[2]) if len(words) > 1 else None
        return list(self._ask(scope, verb, words[0], body))

    @property
    def _now(self) -> float:
        return self._made.clock.now

    def _image(self, name: str, *parts: str) -> Iterator[str]:
        packages, layers, rules = [], list[str](), list[Finding]()
        for part in parts:
            if part == "-":
                continue
            layer, has, content = part.partition("=")
            if ":" in layer and not has:
                word, thing, severity = layer.split(":")
                rules.append(rule(word, thing, Severity[severity.upper()]))
                continue
            for package in filter(None, content.split(",")):
                kind, _, rest = package.rpartition("/")
                make = pypi if kind == "pypi" else deb
                named, _, version = rest.partition(":")
                packages.append(make(named, version, len(layers)))
            layers.append(layer)
        distribution = None if "-" in parts else DEBIAN
        self._images[name] = image_of(name, *packages, layers=layers, distribution=distribution), rules
        yield from ()

    def _scan(self, where: str, name: str, signed: str = "") -> Iterator[str]:
        repository, _, tag = where.partition(":")
        inventory, rules = self._images[name]
        said = {"signed": True, "unsigned": False}.get(signed)
        scan(self._made.database, repository, tag, inventory, self._flaws, now=self._now, findings=rules, signed=said)
        yield from ()

    def _advise(self, *words: str) -> Iterator[str]:
        made: list[Advisory] = []
        exploited: dict[str, Exploited] = {}
        for word in words:
            parts = _FLAW.fullmatch(word)
            assert parts is not None, word
            kind, _, name = parts[2].rpartition("/")
            severity = Severity[(parts[4] or "high").upper()]
            ecosystem = "PyPI" if kind == "pypi" else "Debian:12"
            made.append(flaw(parts[1], ecosystem, name, fixed=parts[3] or "", severity=severity, summary=f"of {name}"))
            if parts[5]:
                exploited[parts[1]] = Exploited("2026-11-26")
        self._flaws = Table(*made, covered=_COVERED, exploited=exploited)
        self._generation += 1
        again = match_again(self._made.database, self._flaws, str(self._generation), self._now)
        yield f"{again.compared} compared, {again.changed} changed, {again.packages} packages, {again.differing} differing"

    def _hours(self, number: str) -> Iterator[str]:
        self._made.clock.now = NOW + float(number) * HOUR
        yield from ()

    def _report(self, host: str, *words: str) -> Iterator[str]:
        targets = []
        for word in words:
            if word == "complete":
                continue
            name, _, rest = word.partition("=")
            image, *found = rest.split("/")
            inventory = self._images[image][0] if image in self._images else None
            findings = [
                dict(zip(("rule", "thing", "severity", "use"), entry.split(":"), strict=False)) for entry in found
            ]
            target = {"name": f"container:{name}", "kind": "container", "image": image, "findings": findings}
            if name == "host":
                target |= {"name": "host", "kind": "host"}
            elif inventory is not None:
                target |= {"manifest": inventory.manifest, "configuration": inventory.id}
            targets.append(target)
        body = {"host": host, "version": "1", "targets": targets, "complete": "complete" in words}
        yield from self._ask("", "POST", "reports", body)

    def _drop(self, repository: str, *tags: str) -> Iterator[str]:
        with self._made.database.write() as connection:
            number = find_repository(connection, repository)
            assert number is not None, repository
            drop_tags(connection, number, tags, self._now)
        yield from ()

    def _tidy(self, *words: str) -> Iterator[str]:
        days = {name: float(value) for name, value in (word.split("=") for word in words)}
        yield f"{tidy(self._made.database, Retention(**days), self._now)}"

    def _send(self, answer: str, hours: str = "0") -> Iterator[str]:
        database, now = self._made.database, self._now + float(hours) * HOUR
        yield f"{collect(database, now)} collected"
        while (message := take(database, now)) is not None:
            yield f"to {message.url}, try {message.tries}: {', '.join(f'{row.kind} {row.rule}' for row in message.events)}"
            if answer == "never":
                continue  # its lease stays
            if answer == "ok":
                delivered(database, message, now)
            else:
                failed(database, message, "it failed", now, gone=answer == "gone")

    def _row(self, table: str, *words: str) -> Iterator[str]:
        values: dict[str, Any] = {}
        for word in words:
            name, _, value = word.partition("=")
            timed = name.removesuffix(".hours")
            values[timed] = value if timed == name else NOW + float(value) * HOUR
        with self._made.database.write() as connection:
            connection.execute(insert(metadata.tables[table]).values(**values))
        yield from ()

    def _ask(self, scope: str, method: str, path: str, body: Any) -> Iterator[str]:
        path = self._named(path)
        answer = self._client(scope).request(method, path if path[0] == "/" else f"/api/v1/{path}", json=body)
        yield str(answer.status_code)
        if answer.headers.get("content-type") == "application/json":
            value = answer.json()
            self._next = value.get("next", "") if isinstance(value, dict) else ""
            yield from map(self._plain, _rows(value))
        else:
            yield from (self._plain(line) for line in answer.text.splitlines() if not line.startswith("#"))

    def _client(self, scope: str) -> httpx.Client:
        if (client := self._clients.get(scope)) is None:
            role, _, names = scope.rpartition(":")
            words = tuple(names.split(",")) if names else ()
            given = cast("Role", role or ("read" if scope else "admin"))
            with self._made.database.write() as connection:
                _, secret = issue(connection, scope or "all", given, Scope(words), by=HOOKED, now=NOW)
            client = self._clients[scope] = self._made.client(secret)
        return client

    def _days(self, days: str) -> Iterator[str]:
        count_acknowledged(self._made.database, self._now, float(days))
        yield from ()

    def _jump(self, seconds: str) -> Iterator[str]:
        note_jump(self._made.database, self._now, float(seconds))
        yield from ()

    def _page(self, who: str, path: str, *fields: str) -> Iterator[str]:
        if (client := self._clients.get(f"{who} ")) is None:
            client = self._clients[f"{who} "] = self._made.person() if who == "person" else self._made.client()
        form = dict(field.split("=", 1) for field in fields)
        if form:
            token = re.search(r'name="csrf" value="(\w+)"', client.get("/").text)
            answer = client.post(self._named(path), data={"csrf": token[1] if token else ""} | form)
        else:
            answer = client.get(self._named(path))
        if (link := _LINK.search(answer.text)) is not None:
            self._link = link[0]
        text = _Text()
        text.feed(answer.text.partition("<main")[2].partition("</main")[0].partition(">")[2])
        yield f"{answer.status_code} {answer.headers.get('location', '')}".strip()
        yield from map(self._plain, text.lines)

    def _named(self, path: str) -> str:
        for name, (inventory, _) in self._images.items():
            path = path.replace(f"<{name}>", inventory.manifest)
        return path.replace("@NEXT", self._next).replace("@LINK", self._link)

    def _plain(self, line: str) -> str:
        """The line with the names of images for their digests, and without what differs from run to run."""
        for name, (inventory, _) in self._images.items():
            line = line.replace(inventory.manifest, f"<{name}>")
        return _SECRET.sub("…", line.replace(self._made.url, "http://service"))


def _rows(value: Any) -> Iterator[str]:
    """A line for each element of the outer list or table. A table of a list has what it says, without what says nothing."""
    if isinstance(value, dict):
        for name, element in value.items():
            if name == "trend":
                # Days without a change of the numbers say nothing.
                yield from (f"{name}: {_brief(day)}" for former, day in pairwise(element) if former[1:] != day[1:])
            elif isinstance(element, list) and element:
                yield from (f"{name}: {_brief(entry)}" for entry in element)
            elif element not in (None, "", [], 0, False):
                yield f"{name}: {_brief(element)}"
    else:
        yield from map(_brief, value if isinstance(value, list) else [value])


def _brief(value: Any) -> str:
    """A value in a line; times are hours since the beginning."""
    if isinstance(value, dict):
        said = ((name, _brief(element)) for name, element in value.items() if element not in (None, "", [], {}))
        return "{" + " ".join(f"{name}={text}" for name, text in said if text not in {"{}", "0"}) + "}"
    if isinstance(value, list):
        return f"[{' '.join(map(_brief, value))}]"
    if isinstance(value, float) and abs(value - NOW) < 10 * 365 * 24 * HOUR:
        return f"{(value - NOW) / HOUR:g}h"
    return value if isinstance(value, str) else json.dumps(value)


if __name__ == "__main__":
    RECORDS.mkdir(exist_ok=True)
    for history_name in HISTORIES:
        (RECORDS / f"{history_name}.txt").write_text(record(history_name), encoding="utf-8")
