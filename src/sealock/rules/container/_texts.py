"""The commands, variables and labels of a container, and the secrets in them."""

from __future__ import annotations

from collections.abc import Iterator

from sealock.model.absent import given
from sealock.model.change import Swap
from sealock.model.container import Container, Health, Variable
from sealock.model.finding import RuleFinding, Severity
from sealock.model.location import At
from sealock.rules.rule import Rule
from sealock.secrets.values import HASH, find_in_text, find_secret, redact


def commands_of(container: Container) -> Iterator[tuple[str, At, tuple[str, ...]]]:
    """The name, location and words of each command that a container runs."""
    yield "its entry point", ("entrypoint",), given(container.entrypoint, ())
    yield "its command", ("command",), given(container.command, ())
    if isinstance(container.health, Health):
        yield "its health check", ("health",), container.health.test
    for index, hook in enumerate(given(container.hooks, ())):
        yield f"its {hook.moment} hook", ("hooks", index), hook.command


def command_lines(container: Container) -> Iterator[tuple[str, At, str]]:
    """The name, location and text of each command that a container has."""
    for name, at, words in commands_of(container):
        if words:
            yield name, at, " ".join(words)


def secrets_in_environment(
    rule: Rule[Container], container: Container, *, from_caller: bool = False
) -> Iterator[RuleFinding]:
    """Report variables that hold secrets; `from_caller` offers to take them from the caller's environment."""
    outside = frozenset(given(container.outside, ()))
    for index, variable in enumerate(given(container.environment, ())):
        if variable.name in outside:
            continue
        secret = find_secret(variable.name, variable.value) if variable.value else None
        if secret is not None and variable.value is not None:
            redacted = redact(variable.value)
            yield rule.finding(
                f"has {secret.kind} in the variable {variable.name} ({redacted})",
                ("environment", index),
                fix=Swap("environment", variable, Variable(variable.name, None)) if from_caller else (),
                confidence=secret.confidence,
                severity=secret.severity,
                evidence=f"{variable.name}={redacted}",
            )
    for index, hook in enumerate(given(container.hooks, ())):
        for variable in hook.environment:
            if variable.value and (secret := find_secret(variable.name, variable.value)) is not None:
                redacted = redact(variable.value)
                yield rule.finding(
                    f"has {secret.kind} in the variable {variable.name} of its {hook.moment} hook ({redacted})",
                    ("hooks", index),
                    confidence=secret.confidence,
                    severity=secret.severity,
                    evidence=f"{hook.moment} {variable.name}={redacted}",
                )


def secrets_in_labels(rule: Rule[Container], container: Container) -> Iterator[RuleFinding]:
    """Report labels that hold secrets."""
    for index, label in enumerate(given(container.labels, ())):
        if (secret := find_secret(label.name, label.value)) is not None:
            redacted = redact(label.value)
            yield rule.finding(
                f"has {secret.kind} in the label {label.name} ({redacted})",
                ("labels", index),
                confidence=secret.confidence,
                severity=secret.severity,
                evidence=f"{label.name}={redacted}",
            )


def secrets_in(rule: Rule[Container], name: str, at: At, line: str) -> Iterator[RuleFinding]:
    """Report secrets in a command line."""
    for kind, start, end in find_in_text(line):
        redacted = redact(line[start:end])
        yield rule.finding(
            f"has {kind} in {name} ({redacted})",
            at,
            evidence=f"{at[0]} {kind} {redacted}",
            severity=Severity.MEDIUM if kind == HASH else None,
        )
