"""The words of a container in which secrets and switches may stand."""

from __future__ import annotations

from collections.abc import Iterator

from sealock.model.absent import given
from sealock.model.change import Swap
from sealock.model.container import Container, Health, Variable
from sealock.model.finding import Confidence, RuleFinding, Severity
from sealock.model.location import At
from sealock.rules.rule import Rule
from sealock.secrets.values import find_in_text, find_secret, redact


def command_lines(container: Container) -> Iterator[tuple[str, At, str]]:
    """What a container runs: what to call it, where it stands, and its words as one line."""
    yield "its entry point", ("entrypoint",), " ".join(given(container.entrypoint, ()))
    yield "its command", ("command",), " ".join(given(container.command, ()))
    if isinstance(container.health, Health):
        yield "its health check", ("health",), " ".join(container.health.test)


def secrets_in_environment(
    rule: Rule[Container], container: Container, *, taken_over: bool = False
) -> Iterator[RuleFinding]:
    """The variables into which secrets are written; `taken_over` offers to take them from the caller's environment."""
    outside = frozenset(given(container.outside, ()))
    for index, variable in enumerate(given(container.environment, ())):
        if variable.name in outside:
            continue
        found = find_secret(variable.name, variable.value) if variable.value else None
        if found is not None and variable.value is not None:
            shown = redact(variable.value)
            yield rule.finding(
                f"has {found.kind} in the variable {variable.name} ({shown})",
                ("environment", index),
                fix=Swap("environment", variable, Variable(variable.name, None)) if taken_over else (),
                confidence=found.confidence,
                severity=Severity.MEDIUM if found.confidence is Confidence.LOW else Severity.HIGH,
                evidence=f"{variable.name}={shown}",
            )


def secrets_in_labels(rule: Rule[Container], container: Container) -> Iterator[RuleFinding]:
    """The labels whose values are secrets."""
    for index, label in enumerate(given(container.labels, ())):
        if (found := find_secret(label.name, label.value)) is not None:
            shown = redact(label.value)
            # A hash must be guessed first; reverse proxies are given it in labels.
            mild = found.confidence is Confidence.LOW or "hash" in found.kind
            yield rule.finding(
                f"has {found.kind} in the label {label.name} ({shown})",
                ("labels", index),
                confidence=found.confidence,
                severity=Severity.MEDIUM if mild else Severity.HIGH,
                evidence=f"{label.name}={shown}",
            )


def secrets_in(rule: Rule[Container], name: str, at: At, line: str) -> Iterator[RuleFinding]:
    """The secrets in one command line."""
    for kind, start, end in find_in_text(line):
        shown = redact(line[start:end])
        yield rule.finding(f"has {kind} in {name} ({shown})", at, evidence=f"{at[0]} {kind} {shown}")
