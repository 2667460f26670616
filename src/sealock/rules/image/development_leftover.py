from __future__ import annotations

from sealock.model.inventory import FileFact
from sealock.rules.image._where import batches, listed, origin, place, whose
from sealock.rules.kit import Inventory, Iterator, Rule, RuleFinding, Severity, cwe, docker_docs


class DevelopmentLeftover(Rule[Inventory]):
    """Development files left in the image.

    A repository reveals everything ever committed, even what was removed again; a shell history reveals typed commands,
    including passwords; caches and settings make the image larger and reveal how it is built. The program needs none of
    them. List them in .dockerignore, copy only what the program needs, and remove caches in the instruction that makes
    them: a later one leaves them in their layer.
    """

    id = "F010"
    keywords = ("development files", ".git", "development", "leftover")
    aliases = ("DKL-LI-0003",)
    severity = Severity.LOW
    reads = ("files",)
    references = (cwe(527), cwe(540), docker_docs("build/concepts/context/"))
    remedy = "List it in .dockerignore, or remove it in the instruction that makes it."
    fixable = False
    bad = (
        '{"sealock": "1", "files": [{"kind": "leftover", "path": "app/.git", "detail": "a Git repository"}]}',
        '{"sealock": "1", "files": [{"kind": "leftover", "path": "root/.cache", "detail": "a cache"}]}',
    )
    good = (
        '{"sealock": "1", "files": []}',
        '{"sealock": "1", "files": [{"kind": "leftover", "path": "root/.cache", "removed": true}]}',
    )

    def check(self, image: Inventory, /) -> Iterator[RuleFinding]:
        present_paths: set[str] = set()
        groups: dict[tuple[Severity, bool], list[FileFact]] = {}
        for fact in image.files:
            if fact.kind != "leftover" or fact.path in present_paths:
                continue
            history = _has_history(fact)
            if fact.removed and not history:
                continue
            if not fact.removed:
                present_paths.add(fact.path)
            severity = Severity.MEDIUM if history and not fact.owner else Severity.LOW
            groups.setdefault((severity, fact.removed), []).append(fact)
        for (severity, removed), facts in groups.items():
            for batch in batches(facts):
                first = batch[0]
                about = f"{whose(first) or ','} {first.detail}" if len(batch) == 1 and first.detail else ""
                what = listed(batch, "development files") + about
                where = origin(image, first.layer)
                yield self.finding(
                    f"still contains {what}: in {where}, though a later layer removes or replaces it"
                    if removed
                    else f"contains {what}, from {where}",
                    place=place(first),
                    evidence=f"{first.kind} {first.path}" + (" removed" if removed else ""),
                    severity=severity,
                )


def _has_history(fact: FileFact) -> bool:
    """Whether it reveals past contents: repositories and shell histories."""
    return "repository, with all its history" in fact.detail or fact.detail == "shell history"
