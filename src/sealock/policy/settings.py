"""The policy, read from sealock.toml."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from sealock.errors import UNDECODABLE, PolicyError, decoding_fault
from sealock.globs import is_directory, matches
from sealock.model.finding import Severity
from sealock.model.location import Location, Source
from sealock.model.registries import Registries
from sealock.policy.agents import AgentPolicy, read_agent
from sealock.policy.guard import GuardPolicy
from sealock.policy.ignores import RULE_ID, Ignore
from sealock.policy.images import ImageAllowance, read_images
from sealock.policy.minages import MinAges, read_min_ages
from sealock.policy.tables import TableReader, as_toml, file_of_policy
from sealock.policy.trust import TrustPolicy
from sealock.policy.trusttable import read_trust

SEVERITIES: Final = {severity.word: severity for severity in Severity}


class Policy(Struct, frozen=True):
    """A policy. `directory` is that of its sealock.toml, "" where there is none."""

    fail_on: Severity = Severity.HIGH
    fail_on_skipped: bool = False
    """Whether a file that is recognised and not evaluated is an error."""
    pedantic: bool = False
    enable: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    """The rules that do not run."""
    min_severity: Severity = Severity.INFO
    """The lowest severity that is reported."""
    examples: bool = True
    """Whether documentation, examples and tests are checked."""
    require_targets: bool = False
    """Whether a directory in which nothing can be checked is an error."""
    severity: tuple[tuple[str, Severity], ...] = ()
    ignores: tuple[Ignore, ...] = ()
    exclude: tuple[str, ...] = ()
    registries: tuple[str, ...] = ()
    images: tuple[ImageAllowance, ...] = ()
    """What single images are allowed: the tables [[image]]."""
    access: Registries = Registries()
    """How to connect to registries: the table [registry]."""
    min_ages: MinAges = MinAges()
    """How long an image must have been seen before it is pinned: the table [pin]."""
    trust: TrustPolicy = TrustPolicy()
    """Who must have signed which images: the table [trust]."""
    guard: GuardPolicy = GuardPolicy()
    """Who may send what to an engine through the guard: the table [guard]."""
    agent: AgentPolicy = AgentPolicy()
    """What commands of coding agents may do: the table [agent]."""
    vex: tuple[str, ...] = ()
    """The paths of VEX documents: `vex` in the table [vulnerabilities]."""
    baseline: frozenset[str] = frozenset()
    policies: tuple[str, ...] = ()
    """The directories below whose own sealock.toml applies in place of this one; elsewhere one only makes stricter."""
    raised: tuple[tuple[str, Severity], ...] = ()
    """The least severities of rules, from a sealock.toml that only makes stricter."""
    name: str = ""
    directory: str = ""

    @property
    def files(self) -> tuple[str, ...]:
        """The files and directories that it names."""
        return (*self.vex, *self.trust.files)

    def wants(self, rule: str, *, pedantic: bool) -> bool:
        """Whether a rule runs: all do, pedantic ones only when the policy enables them."""
        return not pedantic or self.pedantic or rule in self.enable

    def lists(self, directory: str) -> bool:
        """Whether it lets the sealock.toml of this directory (relative to its own) replace it."""
        return any(is_directory(directory, pattern) for pattern in self.policies)

    def loosens(self, outer: Policy) -> bool:
        """Whether it holds what `tightened` leaves out."""
        suppressing = (
            self.images,
            self.ignores,
            self.exclude,
            self.skip,
            self.vex,
            self.policies,
            self.severity,
            self.trust.given,
            self.min_ages.given,
        )
        return (
            any(suppressing)
            or self.access != Registries()
            or self.fail_on > outer.fail_on
            or self.min_severity > outer.min_severity
            or self.examples < outer.examples
        )

    def tightened(self, inner: Policy) -> Policy:
        """This policy with what makes it stricter in one that it does not list: nothing that suppresses or excludes."""
        return replace(
            self,
            fail_on=min(self.fail_on, inner.fail_on),
            require_targets=self.require_targets or inner.require_targets,
            fail_on_skipped=self.fail_on_skipped or inner.fail_on_skipped,
            pedantic=self.pedantic or inner.pedantic,
            enable=(*self.enable, *inner.enable),
            registries=self.registries or inner.registries,
            raised=(*self.raised, *inner.severity),
        )


def excluded(policy: Policy, name: str) -> bool:
    """Whether the policy excludes this path (relative to its directory) from a walk."""
    return any(matches(name, pattern) for pattern in policy.exclude)


def read(source: Source, directory: str) -> Policy:
    """Read sealock.toml; PolicyError says what is wrong and where."""
    import tomllib  # noqa: PLC0415  it costs 12 ms, and most runs have no policy

    try:
        table = tomllib.loads(source.text.removeprefix("\ufeff"))
    except UNDECODABLE as error:
        msg = f"{source.name}: {decoding_fault(error)}"
        raise PolicyError(msg) from None
    reader = TableReader(source, table)
    policy = Policy(
        fail_on=_severity(reader, "fail-on", reader.take("fail-on", str, "high")),
        fail_on_skipped=reader.take("fail-on-skipped", bool, default=False),
        pedantic=reader.take("pedantic", bool, default=False),
        enable=tuple(_rule(reader, "enable", string) for string in reader.strings("enable")),
        skip=tuple(_rule(reader, "skip", string) for string in reader.strings("skip")),
        min_severity=_severity(reader, "min-severity", reader.take("min-severity", str, "info")),
        examples=reader.take("examples", bool, default=True),
        require_targets=reader.take("require-targets", bool, default=False),
        severity=tuple(
            (_rule(reader, "severity", rule), _severity(reader, f"severity.{rule}", word))
            for rule, word in reader.take("severity", dict, {}).items()
        ),
        ignores=_ignores(source, reader.take("ignore", list, [])),
        exclude=reader.strings("exclude"),
        registries=reader.strings("registries"),
        images=read_images(source, reader.take("image", list, [])),
        policies=reader.strings("policies"),
        min_ages=read_min_ages(source, reader.take("pin", dict, {})),
        trust=read_trust(source, reader.take("trust", dict, {}), directory),
        guard=_guard(source, reader.take("guard", dict, {}) if "guard" in table else None),
        agent=read_agent(source, reader.take("agent", dict, {})),
        access=_registries(source, reader.take("registry", dict, {})),
        vex=_vex(source, reader.take("vulnerabilities", dict, {}), directory),
        name=source.name,
        directory=directory,
    )
    reader.done()
    return policy


def _guard(source: Source, table: dict[str, Any] | None) -> GuardPolicy:
    if table is None:
        return GuardPolicy()
    from sealock.policy.guardtable import read_guard  # noqa: PLC0415  most policies have none

    return read_guard(source, table)


def _vex(source: Source, table: dict[str, Any], directory: str) -> tuple[str, ...]:
    reader = TableReader(source, table, "[vulnerabilities] ")
    paths = tuple(file_of_policy(path, directory) for path in reader.strings("vex"))
    reader.done()
    return paths


def _registries(source: Source, table: dict[str, Any]) -> Registries:
    reader = TableReader(source, table, "[registry] ")
    registries = Registries(reader.strings("insecure"), _hosts(reader, "mirrors"), _hosts(reader, "token-hosts"))
    reader.done()
    return registries


def _hosts(reader: TableReader, key: str) -> dict[str, tuple[str, ...]]:
    """Read a table that maps registries to one or several hosts."""
    inner = TableReader(reader.source, reader.take(key, dict, {}), f"[registry] {key}: ")
    return {registry: inner.strings(registry) for registry in tuple(inner.table)}


def _severity(reader: TableReader, key: str, word: Any) -> Severity:  # noqa: ANN401  a TOML value
    if not isinstance(word, str) or word not in SEVERITIES:
        raise reader.fail(key, f"should be one of {', '.join(SEVERITIES)}, and is {as_toml(word)}")
    return SEVERITIES[word]


def _rule(reader: TableReader, key: str, rule: str) -> str:
    if not RULE_ID.fullmatch(rule):
        raise reader.fail(key, f"names {as_toml(rule)}, which is not a rule's id")
    return rule


def _ignores(source: Source, entries: list[Any]) -> tuple[Ignore, ...]:
    lines = [number for number, line in enumerate(source.text.split("\n"), 1) if re.match(r"\s*\[\[\s*ignore", line)]
    lines += [0] * (len(entries) - len(lines))
    return tuple(
        _ignore(source, entry, f"[[ignore]] number {number}: ", line)
        for number, (entry, line) in enumerate(zip(entries, lines, strict=False), 1)
    )


def _ignore(source: Source, entry: Any, where: str, line: int) -> Ignore:  # noqa: ANN401  a TOML value
    if not isinstance(entry, dict):
        msg = f"{source.name}: ignore should be a list of tables, as [[ignore]] writes them"
        raise PolicyError(msg)
    reader = TableReader(source, entry, where)
    rules = tuple(_rule(reader, "rule", string) for string in reader.strings("rule"))
    until = reader.table.pop("until", None)
    package = reader.take("package", str, "").strip()
    if not rules and not package:
        missing = "rule"
        raise reader.fail(missing, "is missing: name the rules or vulnerabilities that are ignored, or a package")
    reason = reader.take("reason", str, "").strip()
    if not reason:
        missing = "reason"
        raise reader.fail(missing, "is missing: an ignore needs one")
    if until is not None and not isinstance(until, date):
        try:
            until = date.fromisoformat(until)
        except (TypeError, ValueError):
            wrong = "until"
            raise reader.fail(wrong, f"should be a date like 2027-01-31, and is {as_toml(until)}") from None
    ignore = Ignore(
        rules,
        reason,
        Location(source.name, line, 1),
        files=reader.strings("files"),
        subject=reader.take("subject", str, ""),
        until="" if until is None else until.isoformat()[:10],
        package=package,
        justification=_justification(reader, entry, rules, package),
    )
    reader.done()
    return ignore


def _justification(reader: TableReader, entry: dict[str, Any], rules: tuple[str, ...], package: str) -> str:
    """The VEX justification that an ignore gives; "" for none."""
    key = "justification"
    if key not in entry:
        return ""
    from sealock.model.vex import JUSTIFICATIONS  # noqa: PLC0415  most policies claim nothing

    word: str = reader.take(key, str, "")
    if word not in JUSTIFICATIONS:
        raise reader.fail(key, f"should be one of {', '.join(JUSTIFICATIONS)}, and is {as_toml(word)}")
    if not package and not any("-" in rule for rule in rules):
        raise reader.fail(key, "is for vulnerabilities, and this ignore names none")
    return word
