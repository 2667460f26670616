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
"""Words in a fact's detail that say that such a file need not hold a secret."""


class CredentialFile(Rule[Inventory]):
    """Credentials file in the image.

    Everybody who may pull an image may read every file in it: keys and tokens in it are public to all of them. To
    remove the file in a later instruction does not help, since each layer is kept and sent as it is. Build without the
    file (.dockerignore; RUN --mount=type=secret for what the build needs), give it to the container at run time, and
    replace the key that was in it. The file is found by its name: it is no text, or not known to be harmless. A file in
    which secrets were found is another rule's.
    """

    id = "F009"
    keywords = ("credentials", "credential", "private key", ".netrc")
    severity = Severity.HIGH
    reads = ("files",)
    confidence = Confidence.MEDIUM
    references = (cis_docker("4.10"), cwe(538), docker_docs("build/building/secrets/"))
    remedy = "Keep the file out of every layer (.dockerignore, RUN --mount=type=secret), and replace what it gave away."
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
                groups.setdefault((*_weight(fact), how), []).append(fact)
        for (severity, confidence, how), facts in groups.items():
            for batch in batches(facts):
                yield self._finding_on(image, batch, severity, confidence, how)

    def _finding_on(
        self, image: Inventory, batch: list[FileFact], severity: Severity, confidence: Confidence, how: str
    ) -> RuleFinding:
        fact = batch[0]
        where = origin(image, fact.layer)
        about = f"{whose(fact) or ','} {fact.detail}" if len(batch) == 1 and fact.detail else ""
        files = listed(batch, "files of credentials") + about
        return self.finding(
            f"still holds {files}: in {where}, though {how if len(batch) == 1 else how.replace(' it', ' them')}"
            if how
            else f"holds {files}, from {where}",
            place=place(fact),
            # One that was removed and one that is there are two findings, and stay so in a baseline.
            evidence=f"{fact.kind} {fact.path}" + (" removed" if how else ""),
            severity=severity,
            confidence=confidence,
        )


def _weight(fact: FileFact) -> tuple[Severity, Confidence]:
    """How bad, and how sure: everybody has what a package brings, and tests come with keys made for them."""
    if fact.owner:
        return Severity.LOW, Confidence.LOW
    if is_for_tests(fact.path):
        return Severity.LOW, Confidence.LOW
    if any(words in fact.detail for words in _PERHAPS):
        return Severity.MEDIUM, Confidence.MEDIUM
    return Severity.HIGH, Confidence.MEDIUM
