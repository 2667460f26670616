"""Settings of a service with several values: commands, restart policy, health check, logging, GPUs."""

from __future__ import annotations

from typing import Any

from sealock.formats.compose import commandline
from sealock.formats.compose.tree import ComposeValue
from sealock.formats.compose.values import boolean, duration, integer, seconds_as_text, text
from sealock.model.absent import AnyValue
from sealock.model.container import Health, Logging, Restart
from sealock.text import read_number


def pull(value: ComposeValue) -> str:
    """A pull policy; if_not_present is the older word for missing."""
    word = text(value)
    return "missing" if word == "if_not_present" else word


def command(value: ComposeValue) -> tuple[str, ...]:
    """A command: a list of words, or a line that is split into words."""
    if value.is_list:
        return tuple(text(item) for item in value.items)
    try:
        return tuple(commandline.split(text(value)))
    except ValueError as error:
        msg = f"cannot be split into words: {str(error).lower()}"
        raise ValueError(msg) from error


def gpus(value: ComposeValue) -> str | None:
    """GPUs in the form of `docker run --gpus`: all, a number, device=0,1; None where the devices are not GPUs."""
    if isinstance(value.data, str):
        return text(value)
    for item in value.items:
        capabilities = item.at("capabilities")
        if value.key.start >= 0 and capabilities and not any("gpu" in item.text for item in capabilities.items):
            continue
        if ids := item.at("device_ids"):
            return "device=" + ",".join(item.text for item in ids.items)
        count = item.at("count")
        return "all" if count is None or count.text in {"-1", "all"} else count.text
    return None


def from_gpus(value: str) -> AnyValue:
    """Write GPUs."""
    if value == "all":
        return value
    if value.startswith("device="):
        return [{"device_ids": value.removeprefix("device=").split(",")}]
    count = read_number(value)
    return [{"count": value if count is None else count}]


def as_devices(value: str) -> list[dict[str, Any]]:
    """Write GPUs as device reservations."""
    written = from_gpus(value)
    devices = [{"count": "all"}] if isinstance(written, str) else written
    return [{"driver": "nvidia", **device, "capabilities": ["gpu"]} for device in devices]


def from_number(value: float) -> AnyValue:
    """Write a number."""
    return int(value) if value == int(value) else value


def whole_seconds(value: ComposeValue) -> int:
    """A duration in whole seconds."""
    return int(duration(value))


_CONDITIONS = {"none": "no", "any": "always", "": "always", "no": "no"}


def restart(value: ComposeValue) -> Restart:
    """A restart policy: `restart: on-failure:3`, or that of `deploy`."""
    if value.is_mapping:
        condition, attempts = (value.at(key) for key in ("condition", "max_attempts"))
        word = text(condition) if condition else ""
        return Restart(_CONDITIONS.get(word, word), integer(attempts) if attempts else None)
    policy, _, retries = text(value).partition(":")
    return Restart(policy, integer(ComposeValue(retries)) if retries else None)


def from_restart(restart: Restart) -> str:
    """Write a restart policy."""
    return restart.policy if restart.retries is None else f"{restart.policy}:{restart.retries}"


def as_policy(restart: Restart) -> dict[str, Any]:
    """Write a restart policy as that of `deploy`."""
    conditions = {"no": "none", "always": "any", "unless-stopped": "any"}
    attempts = {} if restart.retries is None else {"max_attempts": restart.retries}
    return {"condition": conditions.get(restart.policy, restart.policy), **attempts}


def health(value: ComposeValue) -> Health:
    """A health check."""
    disable = value.at("disable")
    test = value.at("test")
    run: tuple[str, ...] = ()
    if test is not None and test.is_list:
        run = tuple(text(word) for word in test.items)
        if run and run[0] not in {"CMD", "CMD-SHELL", "NONE"}:
            msg = 'has a test that does not start with "CMD", "CMD-SHELL" or "NONE"'
            raise ValueError(msg)
    elif test is not None and test.data:
        run = ("CMD-SHELL", text(test))
    off = bool(disable and boolean(disable)) or run[:1] == ("NONE",)

    def seconds(key: str) -> float | None:
        time = value.at(key)
        return None if time is None or time.unset else duration(time)

    retries = value.at("retries")
    return Health(
        off,
        () if run[:1] == ("NONE",) else run,
        seconds("interval"),
        seconds("timeout"),
        seconds("start_period"),
        seconds("start_interval"),
        None if retries is None or retries.unset else integer(retries),
    )


def from_health(health: Health) -> dict[str, Any]:
    """Write a health check."""
    written: dict[str, Any] = {}
    if health.test:
        written["test"] = (
            health.test[1] if health.test[0] == "CMD-SHELL" and len(health.test) == 2 else list(health.test)
        )
    for key in ("interval", "timeout", "start_period", "start_interval"):
        if (seconds := getattr(health, key)) is not None:
            written[key] = seconds_as_text(seconds)
    if health.retries is not None:
        written["retries"] = health.retries
    if health.disabled:
        written["disable"] = True
    return written


def logging(value: ComposeValue) -> Logging:
    """A log driver and its options."""
    driver, options = value.at("driver"), value.at("options")
    pairs = options.mapping if options else {}
    return Logging(text(driver) if driver else None, tuple((name, text(option)) for name, option in pairs.items()))


def from_logging(logging: Logging) -> dict[str, Any]:
    """Write a log driver and its options."""
    return {
        **({"driver": logging.driver} if logging.driver else {}),
        **({"options": dict(logging.options)} if logging.options else {}),
    }
