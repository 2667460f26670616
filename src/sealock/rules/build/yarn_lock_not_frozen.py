from __future__ import annotations

from sealock.model.build import AddFile, Copy, Stage
from sealock.rules.build._fixes import insert_after
from sealock.rules.build._ran import calls, once
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, page

_FLAGS = ("--frozen-lockfile", "--immutable", "--pure-lockfile", "--no-lockfile", "--frozen")


class YarnLockNotFrozen(Rule[Build]):
    """`yarn install` or `pnpm install` may change the lock file.

    Where package.json asks for more than is locked, other versions than those that were tested come in, in silence. A
    frozen lock file makes the build fail instead.
    """

    id = "B107"
    severity = Severity.LOW
    references = (page("Yarn documentation, yarn install", ""),)
    remedy = "Add --frozen-lockfile (Yarn 2 and later: --immutable)."
    bad = (
        "FROM node:22\nWORKDIR /app\nCOPY package.json yarn.lock ./\nRUN yarn install && yarn cache clean\n",
        "FROM node:22\nWORKDIR /app\nCOPY package.json yarn.lock ./\nRUN yarn --production && yarn cache clean\n",
        "FROM node:22\nWORKDIR /app\nCOPY package.json pnpm-lock.yaml ./\nRUN pnpm install --prod\n",
    )
    good = (
        "FROM node:22\nWORKDIR /app\nCOPY package.json yarn.lock ./\nRUN yarn install --frozen-lockfile\n",
        "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN yarn build\n",
        "FROM node:22\nWORKDIR /app\nCOPY package.json pnpm-lock.yaml ./\nRUN pnpm i --frozen-lockfile --prod\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        copies = once(_copied)
        for call in calls(build, ("yarn", "pnpm"), ("", "install", "i")):
            if call.operands or call.has(*_FLAGS) or (not call.verb.text and call.has("--version", "-v", "--help")):
                continue
            if (copied := copies(call.ran.stage)) and (call.manager == "pnpm" or "yarn.lock" in copied):
                berry = call.manager == "yarn" and any(name.startswith(".yarn") for name in copied)
                word = call.verb if call.verb.text else call.ran.command.words[0]
                yield self.finding(
                    f"{call.manager} may change the lock file",
                    call.ran.at,
                    place=call.ran.command.place,
                    fix=insert_after(call.ran.run, word, "--immutable" if berry else "--frozen-lockfile"),
                )


def _copied(stage: Stage) -> set[str]:
    """Base names of what the stage copies, where a lock file is among them."""
    names = {
        source.text.rstrip("/").rpartition("/")[2].replace("*", "")
        for instruction in stage.of(Copy, AddFile)
        if isinstance(instruction, Copy | AddFile)
        for source in instruction.sources
    }
    return names if names & {"yarn.lock", "pnpm-lock.yaml", "pnpm-lock.yml"} else set()
