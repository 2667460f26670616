from __future__ import annotations

from fnmatch import fnmatchcase

from sealock.model.build import AddFile, Copy, Stage
from sealock.rules.build._fixes import insert_after, replace_word
from sealock.rules.build._ran import calls, once
from sealock.rules.kit import Build, Final, Iterator, Rule, RuleFinding, Severity, page

_NPM: Final = frozenset({"package-lock.json", "npm-shrinkwrap.json"})
_YARN: Final = frozenset({"yarn.lock"})
_PNPM: Final = frozenset({"pnpm-lock.yaml", "pnpm-lock.yml"})
_LOCKS: Final = _NPM | _YARN | _PNPM
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
        "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm install --omit=dev\n",
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
        locks = once(lambda stage: _locks(build, stage))
        for call in calls(build, ("npm",), ("install", "i")):
            if not call.operands and not call.has("-g", "--global") and locks(call.ran.stage) & _NPM:
                yield self.finding(
                    f"runs `npm {call.verb.text}` despite a lock file",
                    call.ran.at,
                    place=call.verb.place,
                    fix=replace_word(call.ran.run, call.verb, "ci"),
                    remedy="Use `npm ci`.",
                )
        for call in calls(build, ("yarn", "pnpm"), ("", "install", "i")):
            if call.operands or call.has(*_FROZEN) or (not call.verb.text and call.has("--version", "-v", "--help")):
                continue
            if locks(call.ran.stage) & (_YARN if call.manager == "yarn" else _PNPM):
                names = (source.rpartition("/")[2] for source in _sources(call.ran.stage))
                berry = call.manager == "yarn" and any(name.startswith(".yarn") for name in names)
                option = "--immutable" if berry else "--frozen-lockfile"
                word = call.verb if call.verb.text else call.ran.command.words[0]
                yield self.finding(
                    f"lets {call.manager} change the lock file",
                    call.ran.at,
                    place=call.ran.command.place,
                    fix=insert_after(call.ran.run, word, option),
                    remedy=f"Add {option}.",
                )


def _locks(build: Build, stage: Stage) -> set[str]:
    """The lock files that the stage copies: those that it names, and those of the context that a pattern takes."""
    locks: set[str] = set()
    for source in _sources(stage):
        directory, _, name = source.rpartition("/")
        if name in _LOCKS:
            locks.add(name)
        elif directory in {"", "."}:
            pattern = "*" if name in {"", "."} else name
            locks.update(lock for lock in _LOCKS if fnmatchcase(lock, pattern) and _is_there(build, lock))
    return locks


def _is_there(build: Build, name: str) -> bool:
    """Whether a file stands at the top of the build context, and .dockerignore lets it in."""
    entries, patterns = build.context.entries, build.context.ignored
    if not isinstance(entries, tuple) or name not in entries:
        return False
    ignored = False
    for pattern in patterns if isinstance(patterns, tuple) else ():
        if fnmatchcase(name, pattern.removeprefix("!").removeprefix("**/")):
            ignored = not pattern.startswith("!")
    return not ignored


def _sources(stage: Stage) -> Iterator[str]:
    """The sources of COPY and ADD from the build context."""
    for instruction in stage.of(Copy, AddFile):
        if not (isinstance(instruction, Copy) and instruction.source_image):
            yield from (source.text.rstrip("/").removeprefix("./") for source in instruction.sources)
