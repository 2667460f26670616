from __future__ import annotations

from sealock.model.build import AddFile, Copy, Stage
from sealock.rules.build._fixes import replace_word
from sealock.rules.build._ran import calls, once
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, page


class NpmWithoutLockFile(Rule[Build]):
    """`npm install` may leave the lock file aside.

    It resolves anew where package.json and the lock file differ, and rewrites the lock file in silence. `npm ci`
    installs exactly what is locked, by hash, and fails where it cannot.
    """

    id = "B106"
    severity = Severity.LOW
    references = (page("npm documentation, npm-ci", ""),)
    remedy = "Use `npm ci`, which installs just what package-lock.json names."
    bad = (
        "FROM node:22\nWORKDIR /app\nCOPY package*.json ./\nRUN npm install --omit=dev\n",
        "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm i\n",
    )
    good = (
        "FROM node:22\nWORKDIR /app\nCOPY package*.json ./\nRUN npm ci --omit=dev\n",
        "FROM node:22\nWORKDIR /app\nCOPY package*.json ./\nRUN npm install -g pnpm@9.7.0\n",
        "FROM node:22\nWORKDIR /app\nCOPY package.json ./\nRUN npm install\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        locked = once(lambda stage: _locked(build, stage))
        for call in calls(build, ("npm",), ("install", "i")):
            if not call.operands and not call.has("-g", "--global") and locked(call.ran.stage):
                yield self.finding(
                    f"runs `npm {call.verb.text}` though there is a lock file",
                    call.ran.at,
                    place=call.verb.place,
                    fix=replace_word(call.ran.run, call.verb, "ci"),
                )


def _locked(build: Build, stage: Stage) -> bool:
    names = {"package-lock.json", "npm-shrinkwrap.json"}
    entries = build.context.entries
    for instruction in stage.of(Copy, AddFile):
        if isinstance(instruction, Copy | AddFile):
            for source in instruction.sources:
                base = source.text.rpartition("/")[2]
                if base in names or base in {"package*.json", "package*", "package-*.json", "*.json"}:
                    return True
                if base in {".", "", "*"} and isinstance(entries, tuple) and not names.isdisjoint(entries):
                    return True
    return False
