from __future__ import annotations

from bisect import bisect_left
from itertools import zip_longest

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

    The history and configuration of the image, and the repository of the Dockerfile, keep what RUN, CMD, ENTRYPOINT and
    LABEL contain. Mount what the build needs with RUN --mount=type=secret; pass what the program needs at run time.
    Change a secret that was ever written down.
    """

    id = "B015"
    keywords = ("secret", "RUN", "LABEL")
    severity = Severity.HIGH
    conceals = True
    references = (cis_docker("4.10"), cwe(798), docker_docs("build/building/secrets/"))
    remedy = "Mount it with RUN --mount=type=secret, or pass it at run time; then change the secret."
    fixable = False
    bad = (
        'FROM debian:12\nRUN [[ -n "$(sshpass -pTr0ub4dor ssh a@b.example)" ]] && ./x\n',
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
                found = [
                    (kind, place, line(command) or kind)
                    for command in script.commands()
                    for kind, place in _in_command(command)
                ]
                for kind, place, evidence in _innermost(found):
                    yield self._fault(at, kind, place, evidence)
        for at, _, labels in build.each(LabelSet):
            for pair in labels.pairs:
                if pair.value and (secret := find_secret(pair.name, pair.value.text)):
                    yield self._fault(at, secret.kind, pair.place, f"LABEL {pair.name}")
        for stage in build.stages:
            for index, instruction in enumerate(stage.instructions):
                for heredoc in instruction.heredocs if instruction.keyword.upper() != "RUN" else ():
                    for kind, start, end in find_in_text(heredoc.body):
                        place = Place(heredoc.place.start + start, heredoc.place.start + end)
                        at = ("stages", stage.index, "instructions", index)
                        yield self._fault(at, kind, place, f"{instruction.keyword} heredoc")

    def _fault(self, at: At, kind: str, place: Place, evidence: str) -> RuleFinding:
        return self.finding(f"contains {kind}", at, place=known(place), evidence=f"{evidence}: {kind}")


def _innermost(found: list[tuple[str, Place, str]]) -> Iterator[tuple[str, Place, str]]:
    """The secrets without those of words that hold the words of others, as that of a `$(…)` does, by their places."""
    ordered = sorted(found, key=lambda each: (each[0], each[1].start, -each[1].end))
    for each, following in zip_longest(ordered, ordered[1:]):
        inner = following[1] if following is not None and following[0] == each[0] else None
        if inner is None or inner == each[1] or each[1].start < 0 or inner.end > each[1].end:
            yield each


def _is_exec(instruction: Instruction) -> bool:
    """Whether it is in exec form, where quotes and commas separate an option from its value."""
    return isinstance(instruction, Run | Cmd | Healthcheck) and instruction.form == "exec"


def _suspects(build: Build) -> list[int]:
    """The offsets of suspected secrets in the whole text: one search, since most Dockerfiles contain none."""
    text = build.text
    # Replace escaped line ends by as many blanks: commands continue, and all places stay the same.
    for end in ("\n", "\r\n"):
        text = text.replace(build.escape + end, " " * (len(end) + 1))
    return [start for _, start, _ in find_in_text(text)]  # in order


def _in_command(command: Command) -> Iterator[tuple[str, Place]]:
    """The secrets in the words of a command, each at its word."""
    assigned: set[Place] = set()  # words of `export` are assignments too
    for assignment in command.assignments:
        secret = (
            find_secret(assignment.name, assignment.value.text)
            if assignment.value and assignment.value.literal
            else None
        )
        if secret and secret.confidence > Confidence.LOW:
            assigned.add(assignment.place)
            yield secret.kind, assignment.place
    if not command.words:
        return
    text = " ".join(word.text for word in command.words)
    hits = find_in_text(text)
    for redirect in command.redirects:
        if redirect.body and (hits_in_body := find_in_text(redirect.body)):
            yield hits_in_body[0][0], redirect.target.place if redirect.target else command.place
    at, index = 0, 0
    for word in command.words:
        end = at + len(word.text)
        while index < len(hits) and hits[index][1] < end:
            kind, start, stop = hits[index]
            index += 1
            if at <= start and stop <= end + 1 and word.place not in assigned:
                # PasswordSet covers chpasswd.
                yield kind, word.place
        at = end + 1
