"""What every rule is made of. A rule is one file; `catalog` finds it by its directory."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from datetime import date
from typing import ClassVar, Generic, Self, TypeVar

from sealock.model.change import Change
from sealock.model.document import Noun, SubjectKind
from sealock.model.finding import Confidence, Reference, RuleFinding, Severity
from sealock.model.location import At, Place
from sealock.rules.endofsupport import TABLES, SupportDays

N_contra = TypeVar("N_contra", bound=Noun, contravariant=True)


class Rule(Generic[N_contra]):
    """One thing that can be wrong.

    The docstring is the manual page: the first line names the fault, the rest says why it matters and what to do.

    `id` never changes. `reads` are the noun's fields that the result depends on: where one is UNKNOWN the rule is
    skipped, unless it finds something in the others and they are `separate`. `remedy` says in a sentence what to do;
    `safe` whether the rule's own fix keeps a sound program working. `pedantic` rules are off by default. `bad` and
    `good` are texts of any format: test vectors, and the manual's examples. `fixable` is false for a rule that has no
    fix to offer, or one only in some cases.
    """

    id: ClassVar[str]
    severity: ClassVar[Severity]
    confidence: ClassVar[Confidence] = Confidence.HIGH
    reads: ClassVar[tuple[str, ...]] = ()
    references: ClassVar[tuple[Reference, ...]] = ()
    remedy: ClassVar[str]
    safe: ClassVar[bool] = False
    pedantic: ClassVar[bool] = False
    bad: ClassVar[tuple[str, ...]]
    good: ClassVar[tuple[str, ...]]
    fixable: ClassVar[bool] = True
    keywords: ClassVar[tuple[str, ...]] = ()
    """Words of the field that people search for; the title holds at least one of them."""
    aliases: ClassVar[tuple[str, ...]] = ()
    """Ids of the same check in other tools: hadolint (DL3057), Trivy (DS-0026, KSV-0017), Checkov (CKV_DOCKER_2),
    dockle (CIS-DI-0001) and BuildKit (StageNameCasing). An id may stand at several rules. Those of the CIS Docker
    Benchmark come from `references`."""
    differs: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Where the rule differs from other tools' checks: an alias, or several with a space between them, and how."""
    kinds: ClassVar[tuple[SubjectKind, ...]] = ()
    """The kinds of noun that the rule checks, where its directory does not say so (rules/shared)."""
    setting: ClassVar[str] = ""
    """The list of the policy that the rule uses; where the policy has one, the rule is on, pedantic or not."""
    listed: tuple[str, ...] = ()
    """The entries of that list, or the rule's default where the policy has none."""

    def going_by(self, listed: tuple[str, ...]) -> Self:
        """Return the same rule with the policy's list."""
        rule = self._copied()
        rule.listed = listed
        return rule

    def _copied(self) -> Self:
        # The module copy loads weakref for it, and start-up counts.
        rule = type(self)()
        vars(rule).update(vars(self))
        return rule

    separate: ClassVar[bool] = False
    """Whether each field that it reads can be wrong by itself: the fields that are known are checked without others."""
    of_runs: ClassVar[bool] = False
    """Whether it is about how a container is run: skipped for an image's own settings, which another rule checks."""
    conceals: ClassVar[bool] = False
    """Whether the text at a finding's place is a secret: no report shows it, and it is never evidence."""

    @abstractmethod
    def check(self, noun: N_contra, /) -> Iterator[RuleFinding]:
        """Yield what is wrong with the noun."""

    def finding(  # noqa: PLR0913  one keyword for each field in which findings of a rule can differ
        self,
        message: str,
        at: At | str = (),
        *,
        fix: Change | tuple[Change, ...] = (),
        remedy: str = "",
        safe: bool | None = None,
        severity: Severity | None = None,
        confidence: Confidence | None = None,
        evidence: str = "",
        place: Place | None = None,
        thing: str = "",
    ) -> RuleFinding:
        """Build a finding; `at` may be a field's name, `place` is more exact. The rule has the defaults."""
        return RuleFinding(
            message,
            (at,) if isinstance(at, str) else at,
            evidence,
            fix if isinstance(fix, tuple) else (fix,),
            remedy,
            safe,
            severity,
            confidence,
            place=place,
            thing=thing,
        )

    def skip(self, reason: str, at: At | str = ()) -> RuleFinding:
        """Report that the rule could not evaluate this noun, and why."""
        return RuleFinding(reason, (at,) if isinstance(at, str) else at, unknown=True)


class DatedRule(Rule[N_contra]):
    """A rule whose result depends on the day of the run as well: what is supported or new today ages."""

    today: date = date(2026, 11, 25)
    """The day of the run, which the run sets. The default is the day for which `bad` and `good` are written."""

    support: SupportDays = TABLES
    """Until when versions are supported, as far as the run knows."""

    def on(self, today: date, support: SupportDays = TABLES) -> Self:
        """Return the same rule for a run on this day."""
        rule = self._copied()
        rule.today, rule.support = today, support
        return rule


def title(rule: type[Rule[Noun]] | Rule[Noun]) -> str:
    """The fault in a few words: the first line of the rule's docstring, without the full stop."""
    return (rule.__doc__ or "").strip().partition("\n")[0].rstrip(".")
