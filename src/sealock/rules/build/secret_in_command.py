from __future__ import annotations

from bisect import bisect_left

from sealock.model.build import Cmd, Healthcheck, Instruction, LabelSet, Run
from sealock.model.shell import Command
from sealock.rules.build._commands import known, line
from sealock.rules.kit import (
    At,
    Build,
    Confidence,
    Iterator,
    Place,
    Rule,
    RuleFinding,
    Severity,
    cis_docker,
    cwe,
    docker_docs,
)
from sealock.secrets.values import find_in_text, find_secret


class BuildSecretInCommand(Rule[Build]):
    """Secret in a RUN command, label or file.

    What RUN, CMD, ENTRYPOINT and LABEL say stays in the image's history and configuration, and in the repository of
    the Dockerfile. Mount what the build needs with RUN --mount=type=secret; give what the program needs when it is
    started. A secret that was once written down has to be changed.
    """

    id = "B015"
    keywords = ("secret", "RUN", "LABEL")
    severity = Severity.HIGH
    conceals = True
    references = (cis_docker("4.10"), cwe(798), docker_docs("build/building/secrets/"))
    remedy = "Mount it with RUN --mount=type=secret, or give it at run time; then change the secret."
    fixable = False
    bad = (
        "FROM debian:12\nRUN git clone https://oauth2:glpat-abcdefghij0123456789@gitlab.com/acme/x.git\n",
        "FROM debian:12\nRUN curl -H 'Authorization: Bearer 0a1b2c3d4e5f6a7b8c9d' https://example.com/x -o x\n",
        "FROM debian:12\nRUN mysql -uroot -pTr0ub4dor -e 'select 1'\n",
        "FROM debian:12\nRUN export API_KEY=0a1b2c3d4e5f6a7b8c9d && ./setup\n",
        'FROM redis:7.4\nCMD ["redis-server", "--requirepass=Tr0ub4dor-and-3"]\n',
        (
            "FROM debian:12\nCOPY <<EOF /root/.npmrc\n"
            "//r.example.com/:_authToken=npm_abcdefghijklmnopqrstuvwxyz0123456789\nEOF\n"
        ),
    )
    good = (
        "FROM debian:12\nRUN git clone https://github.com/acme/x.git && ./x --password-file /run/secrets/p\n",
        (
            "FROM debian:12\n"
            'RUN --mount=type=secret,id=t curl -H "Authorization: Bearer $(cat /run/secrets/t)" https://x.org/\n'
        ),
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        suspects = _suspects(build)
        for at, _, instruction, script in build.scripts():
            start, end = instruction.place.start, instruction.place.end
            if bisect_left(suspects, start) < bisect_left(suspects, end) or _is_exec(instruction):
                for command in script.commands():
                    for kind, place in _in_command(command):
                        yield self._fault(at, kind, place, line(command) or kind)
        for at, _, labels in build.each(LabelSet):
            for pair in labels.pairs:
                if pair.value and (found := find_secret(pair.name, pair.value.text)):
                    yield self._fault(at, found.kind, pair.place, f"LABEL {pair.name}", "writes")
        for stage in build.stages:
            for index, instruction in enumerate(stage.instructions):
                for heredoc in instruction.heredocs if instruction.keyword.upper() != "RUN" else ():
                    for kind, start, end in find_in_text(heredoc.body):
                        place = Place(heredoc.place.start + start, heredoc.place.start + end)
                        at = ("stages", stage.index, "instructions", index)
                        yield self._fault(at, kind, place, f"{instruction.keyword} heredoc", "writes")

    def _fault(self, at: At, kind: str, place: Place, evidence: str, verb: str = "writes") -> RuleFinding:
        return self.finding(f"{verb} out {kind}", at, place=known(place), evidence=f"{evidence}: {kind}")


def _is_exec(instruction: Instruction) -> bool:
    """Whether its words stand in a JSON list, where an option and its value do not stand side by side."""
    return isinstance(instruction, Run | Cmd | Healthcheck) and instruction.form == "exec"


def _suspects(build: Build) -> list[int]:
    """Where in the text something looks like a secret: one look at all, since most Dockerfiles hold none."""
    text = build.text
    # A command goes on behind an escaped line end; blanks in its stead keep every place what it is.
    for end in ("\n", "\r\n"):
        text = text.replace(build.escape + end, " " * (len(end) + 1))
    return [start for _, start, _ in find_in_text(text)]  # they come in order


def _in_command(command: Command) -> Iterator[tuple[str, Place]]:
    """The secrets in a command's own words: one for each word, at that word."""
    for assignment in command.assignments:
        found = (
            find_secret(assignment.name, assignment.value.text)
            if assignment.value and assignment.value.literal
            else None
        )
        if found and found.confidence > Confidence.LOW:
            yield found.kind, assignment.place
    if not command.words:
        return
    text = " ".join(word.text for word in command.words)
    hits = find_in_text(text)
    for redirect in command.redirects:
        if redirect.body and (inside := find_in_text(redirect.body)):
            yield inside[0][0], redirect.target.place if redirect.target else command.place
    at, index = 0, 0
    for word in command.words:
        end = at + len(word.text)
        while index < len(hits) and hits[index][1] < end:
            kind, start, stop = hits[index]
            index += 1
            if at <= start and stop <= end + 1:
                # chpasswd and the like have a rule of their own.
                yield kind, word.place
        at = end + 1
