"""Settings of a service that are more than a single value: commands, restart policy, health check, logging, GPUs."""

from __future__ import annotations

import shlex
from typing import Any

from sealock.formats.compose.tree import ComposeValue
from sealock.formats.compose.values import boolean, duration, integer, seconds_as_text, text
from sealock.model.container import Health, Logging, Restart


def pull(value: ComposeValue) -> str:
    """A pull policy; if_not_present is the older word for missing."""
    word = text(value)
    return "missing" if word == "if_not_present" else word


def words(value: ComposeValue) -> tuple[str, ...]:
    """A command: a list of words, or a line that is split as a shell splits it."""
    if isinstance(value.data, list):
        return tuple(text(item) for item in value.data)
    try:
        return tuple(shlex.split(text(value)))
    except ValueError as error:
        msg = f"cannot be split into words: {str(error).lower()}"
        raise ValueError(msg) from error


def gpus(value: ComposeValue) -> str | None:
    """GPUs as `docker run --gpus` says them: all, a number, device=0,1; None where the devices are no GPUs."""
    if isinstance(value.data, str):
        return text(value)
    for item in value.items:
        capabilities = item.at("capabilities")
        if value.key.start >= 0 and capabilities and not any("gpu" in item.text for item in capabilities.items):
            continue
        if ids := item.at("device_ids"):
            return "device=" + ",".join(item.text for item in ids.items)
        count = item.at("count")
        return "all" if count is None or count.data in {-1, "all"} else count.text
    return None


def from_gpus(value: str) -> Any:  # noqa: ANN401  a text or a list
    """Write GPUs."""
    if value == "all":
        return value
    if value.startswith("device="):
        return [{"device_ids": value.removeprefix("device=").split(",")}]
    return [{"count": int(value) if value.isdigit() else value}]


def as_devices(value: str) -> list[dict[str, Any]]:
    """Write GPUs as reserved devices."""
    written = from_gpus(value)
    found = [{"count": "all"}] if isinstance(written, str) else written
    return [{"driver": "nvidia", **one, "capabilities": ["gpu"]} for one in found]


def from_number(value: float) -> Any:  # noqa: ANN401  a whole number is written without its fraction
    """Write a number."""
    return int(value) if value == int(value) else value


def whole_seconds(value: ComposeValue) -> int:
    """A duration in whole seconds."""
    return int(duration(value))


_CONDITIONS = {"none": "no", "any": "always", "": "always", "no": "no"}


def restart(value: ComposeValue) -> Restart:
    """A restart policy: `restart: on-failure:3`, or that of `deploy`."""
    if isinstance(value.data, dict):
        condition, attempts = (value.at(key) for key in ("condition", "max_attempts"))
        word = text(condition) if condition else ""
        return Restart(_CONDITIONS.get(word, word), integer(attempts) if attempts else None)
    policy, _, retries = text(value).partition(":")
    return Restart(policy, integer(ComposeValue(retries)) if retries else None)


def from_restart(one: Restart) -> str:
    """Write a restart policy."""
    return one.policy if one.retries is None else f"{one.policy}:{one.retries}"


def as_policy(one: Restart) -> dict[str, Any]:
    """Write a restart policy as that of `deploy`."""
    words = {"no": "none", "always": "any", "unless-stopped": "any"}
    attempts = {} if one.retries is None else {"max_attempts": one.retries}
    return {"condition": words.get(one.policy, one.policy), **attempts}


def health(value: ComposeValue) -> Health:
    """A health check."""
    disable = value.at("disable")
    test = value.at("test")
    run: tuple[str, ...] = ()
    if test is not None and isinstance(test.data, list):
        run = tuple(text(one) for one in test.data)
        if run and run[0] not in {"CMD", "CMD-SHELL", "NONE"}:
            msg = 'has a test that starts with none of "CMD", "CMD-SHELL" and "NONE"'
            raise ValueError(msg)
    elif test is not None and test.data:
        run = ("CMD-SHELL", text(test))
    off = bool(disable and boolean(disable)) or run[:1] == ("NONE",)

    def seconds(key: str) -> float | None:
        held = value.at(key)
        return None if held is None or held.words else duration(held)

    retries = value.at("retries")
    return Health(
        off,
        () if run[:1] == ("NONE",) else run,
        seconds("interval"),
        seconds("timeout"),
        seconds("start_period"),
        seconds("start_interval"),
        None if retries is None or retries.words else integer(retries),
    )


def from_health(one: Health) -> dict[str, Any]:
    """Write a health check."""
    written: dict[str, Any] = {}
    if one.test:
        written["test"] = one.test[1] if one.test[0] == "CMD-SHELL" and len(one.test) == 2 else list(one.test)
    for key in ("interval", "timeout", "start_period", "start_interval"):
        if (held := getattr(one, key)) is not None:
            written[key] = seconds_as_text(held)
    if one.retries is not None:
        written["retries"] = one.retries
    if one.disabled:
        written["disable"] = True
    return written


def logging(value: ComposeValue) -> Logging:
    """A log driver and its options."""
    driver, options = value.at("driver"), value.at("options")
    held = options.mapping if options else {}
    return Logging(text(driver) if driver else None, tuple((name, text(one)) for name, one in held.items()))


def from_logging(one: Logging) -> dict[str, Any]:
    """Write a log driver and its options."""
    return {
        **({"driver": one.driver} if one.driver else {}),
        **({"options": dict(one.options)} if one.options else {}),
    }
