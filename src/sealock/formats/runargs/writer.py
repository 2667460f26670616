"""Spells a field as settings, and a setting as an option."""

from __future__ import annotations

from typing import Final

from sealock.errors import FormatError
from sealock.formats.runargs.expansions import Masked, mask
from sealock.formats.runargs.options import LIST_SETTINGS, SPELLERS, Spelling
from sealock.formats.runargs.reader import SettingValues, restore_expansions
from sealock.formats.runargs.scalars import SettingValue
from sealock.formats.runargs.verbs import VERBS
from sealock.formats.runargs.words import ParsedOption
from sealock.model.absent import UNKNOWN, UNSET, Absent, given
from sealock.model.container import FIELDS, Container, Health, Logging, Network

FALSE_BY_DEFAULT: Final = frozenset({
    "privileged", "publish_all", "tty", "stdin_open", "read_only", "auto_remove", "detach", "oom_kill_disable",
    "unconfined_paths",
})  # fmt: skip
"""Fields that are false by default, so setting false removes the option."""

_PROGRAM: Final = frozenset({"image", "entrypoint", "command"})
_HEALTH: Final = ("interval", "timeout", "start_period", "start_interval", "retries")


def setting_values(field: str, value: SettingValue, settings: SettingValues) -> dict[str, list[SettingValue]]:
    """The settings with which a field reads as this value."""
    if value is UNKNOWN:
        msg = f"{field} cannot be made unknown"
        raise FormatError(msg)
    match field:
        case "network_mode" | "networks":
            return _networks(field, value, settings)
        case "health":
            return _health(value)
        case "logging":
            logging = value if isinstance(value, Logging) else Logging(None)
            return {
                "logging.driver": [] if logging.driver is None else [logging.driver],
                "logging.options": list(logging.options),
            }
    if field not in SPELLERS:
        msg = f"no option of a run line sets {field.replace('_', ' ')}"
        raise FormatError(msg)
    if field in LIST_SETTINGS:
        return {field: list(given(value, ()))}
    return {field: [] if value is UNSET else [value]}


def _networks(field: str, value: SettingValue, settings: SettingValues) -> dict[str, list[SettingValue]]:
    current = [network for network, _ in settings.values.get("net", ())]
    if field == "network_mode":
        kept = [network for network in current if isinstance(network, Network)]
        return {"net": ([] if value is UNSET else [value]) + kept}
    modes = [mode for mode in current if isinstance(mode, str)]
    networks: list[Network] = [] if isinstance(value, Absent) else list(value)
    aliases = [alias for alias, _ in settings.values.get("net.alias", ())]
    if aliases and networks and networks[0].aliases[-len(aliases) :] == tuple(aliases):
        networks[0] = Network(networks[0].name, networks[0].aliases[: -len(aliases)])
    else:
        aliases = []
    return {"net": [*modes, *networks], "net.alias": aliases}


def _health(value: SettingValue) -> dict[str, list[SettingValue]]:
    health = value if isinstance(value, Health) else Health()
    values: dict[str, list[SettingValue]] = {"health.disabled": [True] if health.disabled else []}
    if len(health.test) == 2 and health.test[0] == "CMD-SHELL":
        values["health.test"] = [health.test[1]]
    elif health.test:
        msg = "--health-cmd takes only a shell command line"
        raise FormatError(msg)
    else:
        values["health.test"] = []
    for part in _HEALTH:
        amount = getattr(health, part)
        values[f"health.{part}"] = [] if amount is None else [amount]
    return values


def spell(  # noqa: PLR0913, PLR0917  an option of a line, and what of the line it may hold
    setting: str, value: SettingValue, engine: str, verb: str, like: str = "", expansions: tuple[str, ...] = ()
) -> Spelling:
    """Spell one value, which may hold these expansions, as an option of a verb; FormatError if none can express it."""
    try:
        name, text = VERBS[verb].spell(setting, value, like)
        option = VERBS[verb].options[name]
        if option.engines and engine not in option.engines:
            msg = f"{engine} has no option --{name}"
            raise FormatError(msg)
        written = "true" if text is None else text
        masked = mask(written)
        if not masked.expansions or not set(masked.expansions) <= set(expansions):
            masked = Masked(written, ())
        read = [(name, restore_expansions(part, masked)) for name, part in option.read(masked.text)]
    except (ValueError, TypeError, AttributeError) as fault:
        raise FormatError(str(fault)) from None
    if (setting, value) not in read:
        msg = f"--{name} would mean something else" if text is None else f"--{name} {text} would mean something else"
        raise FormatError(msg)
    return name, text


def spell_like(option: ParsedOption, setting: str, value: SettingValue, engine: str, verb: str) -> Spelling:
    """Spell a value with the option already present, if it can express the value."""
    expansions = () if option.literal else mask(option.text).expansions
    if expansions == (option.text,):
        expansions = ()  # it may stand for several parts of the value
    return spell(setting, value, engine, verb, option.spec.name, expansions)


def options(container: Container, engine: str = "docker") -> tuple[str, ...]:
    """The words of the options that set what the container has; FormatError where no option expresses a field.

    The image, the entry point and the command are no options.
    """
    words: list[str] = []
    nothing = SettingValues({}, {}, ())
    for field in FIELDS:
        value = getattr(container, field)
        if isinstance(value, Absent) or field in _PROGRAM or (value is False and field in FALSE_BY_DEFAULT):
            continue
        for setting, values in setting_values(field, value, nothing).items():
            for element in values:
                name, text = spell(setting, element, engine, "run")
                joined = text is not None and VERBS["run"].options[name].flag
                words += [f"--{name}={text}"] if joined else [f"--{name}", *(() if text is None else (text,))]
    return tuple(words)
