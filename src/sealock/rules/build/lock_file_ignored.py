from __future__ import annotations

from sealock.model.build import AddFile, Copy, Stage
from sealock.rules.build._fixes import insert_after, replace_word
from sealock.rules.build._ran import calls, once
from sealock.rules.kit import Build, Final, Iterator, Rule, RuleFinding, Severity, page

_NPM: Final = frozenset({"package-lock.json", "npm-shrinkwrap.json"})
_FROZEN: Final = ("--frozen-lockfile", "--immutable", "--pure-lockfile", "--no-lockfile", "--frozen")


class LockFileIgnored(Rule[Build]):
    """Package install can ignore the lock file (npm ci, --frozen-lockfile).

    If package.json asks for more than the lock file has, `npm install`, `yarn install` and `pnpm install` resolve
    again, install versions other than the tested ones, and silently rewrite the lock file. `npm ci` and
    `--frozen-lockfile` install exactly the locked versions, by hash, or fail.
    """

    id = "B106"
    keywords = ("lock file", "npm ci", "frozen-lockfile", "yarn")
    severity = Severity.LOW
    references = (page("npm documentation, npm-ci", ""), page("Yarn documentation, yarn install", ""))
    remedy = "Use `npm ci`, or add --frozen-lockfile (Yarn 2 and later: --immutable)."
    bad = (
        "FROM node:22\nWORKDIR /app\nCOPY package*.json ./\nRUN npm install --omit=dev\n",
        "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm i\n",
        "FROM node:22\nWORKDIR /app\nCOPY package.json yarn.lock ./\nRUN yarn install && yarn cache clean\n",
        "FROM node:22\nWORKDIR /app\nCOPY package.json yarn.lock ./\nRUN yarn --production && yarn cache clean\n",
        "FROM node:22\nWORKDIR /app\nCOPY package.json pnpm-lock.yaml ./\nRUN pnpm install --prod\n",
    )
    good = (
        "FROM node:22\nWORKDIR /app\nCOPY package*.json ./\nRUN npm ci --omit=dev\n",
        "FROM node:22\nWORKDIR /app\nCOPY package*.json ./\nRUN npm install -g pnpm@9.7.0\n",
        "FROM node:22\nWORKDIR /app\nCOPY package.json ./\nRUN npm install\n",
        "FROM node:22\nWORKDIR /app\nCOPY package.json yarn.lock ./\nRUN yarn install --frozen-lockfile\n",
        "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN yarn build\n",
        "FROM node:22\nWORKDIR /app\nCOPY package.json pnpm-lock.yaml ./\nRUN pnpm i --frozen-lockfile --prod\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        locked = once(lambda stage: _locked_for_npm(build, stage))
        for call in calls(build, ("npm",), ("install", "i")):
            if not call.operands and not call.has("-g", "--global") and locked(call.ran.stage):
                yield self.finding(
                    f"runs `npm {call.verb.text}` despite a lock file",
                    call.ran.at,
                    place=call.verb.place,
                    fix=replace_word(call.ran.run, call.verb, "ci"),
                    remedy="Use `npm ci`.",
                )
        copies = once(_copied)
        for call in calls(build, ("yarn", "pnpm"), ("", "install", "i")):
            if call.operands or call.has(*_FROZEN) or (not call.verb.text and call.has("--version", "-v", "--help")):
                continue
            if (copied := copies(call.ran.stage)) and (call.manager == "pnpm" or "yarn.lock" in copied):
                berry = call.manager == "yarn" and any(name.startswith(".yarn") for name in copied)
                option = "--immutable" if berry else "--frozen-lockfile"
                word = call.verb if call.verb.text else call.ran.command.words[0]
                yield self.finding(
                    f"lets {call.manager} change the lock file",
                    call.ran.at,
                    place=call.ran.command.place,
                    fix=insert_after(call.ran.run, word, option),
                    remedy=f"Add {option}.",
                )


def _copied(stage: Stage) -> set[str]:
    """The base names of the files that the stage copies, if a lock file of Yarn or pnpm is among them."""
    names = {name.replace("*", "") for name in _sources(stage)}
    return names if names & {"yarn.lock", "pnpm-lock.yaml", "pnpm-lock.yml"} else set()


def _locked_for_npm(build: Build, stage: Stage) -> bool:
    entries = build.context.entries
    for name in _sources(stage):
        if name in _NPM or name in {"package*.json", "package*", "package-*.json", "*.json"}:
            return True
        if name in {".", "", "*"} and isinstance(entries, tuple) and not _NPM.isdisjoint(entries):
            return True
    return False


def _sources(stage: Stage) -> Iterator[str]:
    """The base names of the sources of COPY and ADD."""
    for instruction in stage.of(Copy, AddFile):
        yield from (source.text.rstrip("/").rpartition("/")[2] for source in instruction.sources)
