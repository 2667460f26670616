from __future__ import annotations

from sealock.model.inventory import FileFact
from sealock.rules.image._where import hidden, is_for_tests, origin, place, whose
from sealock.rules.kit import (
    Confidence,
    Final,
    Inventory,
    Iterator,
    Rule,
    RuleFinding,
    Severity,
    cis_docker,
    cwe,
    docker_docs,
)

FEW: Final = 3
"""Most secrets of a file that a finding names."""
_MILD: Final = ("hash", "locked with a passphrase")
"""Words in the kind of a secret that an attacker must first guess."""


class SecretInFile(Rule[Inventory]):
    """Secret in a file of the image.

    Everyone who can pull the image can read every file of every layer, including removed ones. The rule recognises the
    value of the secret: the shape and check digits of a service token, a private key, a password in settings. Change
    the secret, because it is exposed; then build without it (.dockerignore; RUN --mount=type=secret for what the build
    needs) and pass it to the container at run time. The rule skips binary files, files above one megabyte, and most
    files of packages.
    """

    id = "F015"
    keywords = ("secret", "file")
    severity = Severity.HIGH
    reads = ("files",)
    confidence = Confidence.HIGH
    conceals = True
    references = (cis_docker("4.10"), cwe(798), cwe(538), docker_docs("build/building/secrets/"))
    remedy = (
        "Change the secret, because everyone with the image has it; keep it out of layers (RUN --mount=type=secret)."
    )
    fixable = False
    bad = (
        '{"sealock": "1", "files": [{"kind": "secret", "path": "app/.env", "detail": "a password", "line": 3}]}',
        '{"sealock": "1", "files": [{"kind": "secret", "path": "k", "detail": "a private key", "removed": true}]}',
    )
    good = (
        '{"sealock": "1", "files": []}',
        '{"sealock": "1", "files": [{"kind": "leftover", "path": "app/Dockerfile", "detail": "a build recipe"}]}',
    )

    def check(self, image: Inventory, /) -> Iterator[RuleFinding]:
        files: dict[tuple[int, str], list[FileFact]] = {}
        for fact in image.files:
            if fact.kind == "secret":
                files.setdefault((fact.layer, fact.path), []).append(fact)
        last = {path: layer for layer, path in sorted(files)}
        mild: dict[tuple[int, str], list[list[FileFact]]] = {}
        for (layer, path), facts in files.items():
            fact = facts[0]
            if fact.owner or is_for_tests(path):
                why = "that packages bring" if fact.owner else "for tests or examples"
                mild.setdefault((layer, why), []).append(facts)
            else:
                yield self._finding(image, facts, last[path])
        for (layer, why), batch in mild.items():
            yield self._combined(image, layer, why, batch)

    def _finding(self, image: Inventory, facts: list[FileFact], last: int) -> RuleFinding:
        fact = facts[0]
        what = f"{_listed(facts)} in /{fact.path}{whose(fact)}"
        where = origin(image, fact.layer)
        confidence = max((_confidence(fact) for fact in facts), default=Confidence.MEDIUM)
        mild = confidence < Confidence.HIGH or all(any(word in fact.detail for word in _MILD) for fact in facts)
        return self.finding(
            f"still contains {what}: in {where}, though {hidden(fact, last)}: everyone who pulls the image can read it"
            if fact.removed
            else f"contains {what}, from {where}",
            place=place(fact),
            evidence=f"secret {fact.path} "
            + " ".join(dict.fromkeys(f"{fact.detail} {fact.mark}".strip() for fact in facts))
            + (" removed" if fact.removed else ""),
            severity=Severity.MEDIUM if mild else Severity.HIGH,
            confidence=confidence,
        )

    def _combined(self, image: Inventory, layer: int, why: str, batch: list[list[FileFact]]) -> RuleFinding:
        first = batch[0][0]
        paths = [f"/{facts[0].path}" for facts in batch]
        more = f" and {len(paths) - FEW} more" if len(paths) > FEW else ""
        files = f"{len(paths)} files {why}" if len(paths) > 1 else f"a file {why}"
        return self.finding(
            f"contains {_listed(batch[0])} in {files} ({', '.join(paths[:FEW])}{more}), from {origin(image, layer)}"
            if len(paths) == 1
            else f"contains secrets in {files} ({', '.join(paths[:FEW])}{more}), from {origin(image, layer)}",
            place=place(first),
            evidence=f"secrets {why} {first.path}",
            severity=Severity.LOW,
            confidence=Confidence.LOW,
        )


def _confidence(fact: FileFact) -> Confidence:
    return {"low": Confidence.LOW, "medium": Confidence.MEDIUM}.get(fact.confidence, Confidence.HIGH)


def _listed(facts: list[FileFact]) -> str:
    """The secrets of a file, with their lines: "a GitHub token (line 3) and a password (line 5)"."""
    secrets = [f"{fact.detail} (line {fact.line})" if fact.line else fact.detail for fact in facts]
    named = secrets[:FEW] if len(secrets) <= FEW else [*secrets[: FEW - 1], f"{len(secrets) - FEW + 1} more"]
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
