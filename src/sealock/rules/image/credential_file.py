from __future__ import annotations

from sealock.model.inventory import FileFact
from sealock.rules.image._where import batches, hidden, is_for_tests, listed, origin, place, whose
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

_PERHAPS: Final = ("may hold", "often secrets", "hashes", "by its name")
"""Words in the detail of a fact that mark files which may contain no secret."""


class CredentialFile(Rule[Inventory]):
    """Credentials file in the image.

    Everyone who can pull an image can read every file in it, including its keys and tokens. Removing the file in a
    later instruction does not help, because each layer is stored and sent unchanged. Build without the file
    (.dockerignore; RUN --mount=type=secret for what the build needs), pass it to the container at run time, and replace
    the key. This rule goes by the name of files that are binary or not known to be harmless; another rule reports files
    in which secrets were found.
    """

    id = "F009"
    keywords = ("credentials", "credential", "private key", ".netrc")
    severity = Severity.HIGH
    reads = ("files",)
    confidence = Confidence.MEDIUM
    references = (cis_docker("4.10"), cwe(538), docker_docs("build/building/secrets/"))
    remedy = (
        "Keep the file out of every layer (.dockerignore, RUN --mount=type=secret), and replace the exposed secrets."
    )
    fixable = False
    bad = (
        '{"sealock": "1", "files": [{"kind": "credential-file", "path": "root/.netrc", "detail": "credentials"}]}',
        '{"sealock": "1", "files": [{"kind": "credential-file", "path": "app/id_rsa", "removed": true}]}',
    )
    good = (
        '{"sealock": "1", "files": []}',
        '{"sealock": "1", "files": [{"kind": "leftover", "path": "app/Dockerfile", "detail": "a build recipe"}]}',
    )

    def check(self, image: Inventory, /) -> Iterator[RuleFinding]:
        known = {(fact.layer, fact.path) for fact in image.files if fact.kind == "secret"}
        last: dict[str, int] = {}
        groups: dict[tuple[Severity, Confidence, str], list[FileFact]] = {}
        for fact in image.files:
            if fact.kind == "credential-file":
                last[fact.path] = max(fact.layer, last.get(fact.path, -1))
        for fact in image.files:
            if fact.kind == "credential-file" and (fact.layer, fact.path) not in known:
                how = hidden(fact, last[fact.path]) if fact.removed else ""
                groups.setdefault((*_rate(fact), how), []).append(fact)
        for (severity, confidence, how), facts in groups.items():
            for batch in batches(facts):
                yield self._finding(image, batch, severity, confidence, how)

    def _finding(
        self, image: Inventory, batch: list[FileFact], severity: Severity, confidence: Confidence, how: str
    ) -> RuleFinding:
        fact = batch[0]
        where = origin(image, fact.layer)
        about = f"{whose(fact) or ','} {fact.detail}" if len(batch) == 1 and fact.detail else ""
        files = listed(batch, "credential files") + about
        return self.finding(
            f"still contains {files}: in {where}, though {how if len(batch) == 1 else how.replace(' it', ' them')}"
            if how
            else f"contains {files}, from {where}",
            place=place(fact),
            # A removed file and a present one are two findings, also in a baseline.
            evidence=f"{fact.kind} {fact.path}" + (" removed" if how else ""),
            severity=severity,
            confidence=confidence,
        )


def _rate(fact: FileFact) -> tuple[Severity, Confidence]:
    """Severity and confidence: files of packages are public, and tests have keys of their own."""
    if fact.owner:
        return Severity.LOW, Confidence.LOW
    if is_for_tests(fact.path):
        return Severity.LOW, Confidence.LOW
    if any(words in fact.detail for words in _PERHAPS):
        return Severity.MEDIUM, Confidence.MEDIUM
    return Severity.HIGH, Confidence.MEDIUM
