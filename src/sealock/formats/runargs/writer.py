"""Spells a field's value as slots, and a slot's value as an option."""

from __future__ import annotations

from typing import Any, Final

from sealock.errors import FormatError
from sealock.formats.runargs.mounts import spell_mount
from sealock.formats.runargs.options import LIST_SETTINGS, OPTIONS, SPELLERS, Spelling
from sealock.formats.runargs.reader import SettingValues
from sealock.formats.runargs.words import ParsedOption
from sealock.model.absent import UNKNOWN, UNSET, Absent, given
from sealock.model.container import Health, Logging, Network

FALSE_BY_DEFAULT: Final = frozenset({
    "privileged", "publish_all", "tty", "stdin_open", "read_only", "auto_remove", "detach", "oom_kill_disable",
    "unconfined_paths",
})  # fmt: skip
"""Fields whose absence is as good as false, so that false takes the option away."""

_HEALTH: Final = ("interval", "timeout", "start_period", "start_interval", "retries")


def setting_values(field: str, value: Any, slots: SettingValues) -> dict[str, list[Any]]:  # noqa: ANN401  each field has its type
    """Tell what the slots of a field must hold so that the field reads as the value."""
    if value is UNKNOWN:
        msg = f"{field} cannot be made unknown"
        raise FormatError(msg)
    match field:
        case "network_mode" | "networks":
            return _networks(field, value, slots)
        case "health":
            return _health(value)
        case "logging":
            one = value if isinstance(value, Logging) else Logging(None)
            return {"logging.driver": [] if one.driver is None else [one.driver], "logging.options": list(one.options)}
    if field not in SPELLERS:
        msg = f"no option of a run line says {field.replace('_', ' ')}"
        raise FormatError(msg)
    if field in LIST_SETTINGS:
        return {field: list(given(value, ()))}
    return {field: [] if value is UNSET else [value]}


def _networks(field: str, value: Any, slots: SettingValues) -> dict[str, list[Any]]:  # noqa: ANN401  each field has its type
    present = [one for one, _ in slots.values.get("net", ())]
    if field == "network_mode":
        kept = [one for one in present if isinstance(one, Network)]
        return {"net": ([] if value is UNSET else [value]) + kept}
    modes = [one for one in present if isinstance(one, str)]
    networks: list[Network] = [] if isinstance(value, Absent) else list(value)
    aliases = [one for one, _ in slots.values.get("net.alias", ())]
    if aliases and networks and networks[0].aliases[-len(aliases) :] == tuple(aliases):
        networks[0] = Network(networks[0].name, networks[0].aliases[: -len(aliases)])
    else:
        aliases = []
    return {"net": [*modes, *networks], "net.alias": aliases}


def _health(value: Any) -> dict[str, list[Any]]:  # noqa: ANN401  a Health or UNSET
    one = value if isinstance(value, Health) else Health()
    wants: dict[str, list[Any]] = {"health.disabled": [True] if one.disabled else []}
    if len(one.test) == 2 and one.test[0] == "CMD-SHELL":
        wants["health.test"] = [one.test[1]]
    elif one.test:
        msg = "--health-cmd takes a shell's command line only"
        raise FormatError(msg)
    else:
        wants["health.test"] = []
    for part in _HEALTH:
        amount = getattr(one, part)
        wants[f"health.{part}"] = [] if amount is None else [amount]
    return wants


def spell(slot: str, value: Any, engine: str) -> Spelling:  # noqa: ANN401  each slot has its type
    """Spell one value by an option; FormatError where there is none for it."""
    try:
        name, text = SPELLERS[slot](value)
        option = OPTIONS[name]
        if option.engines and engine not in option.engines:
            msg = f"{engine} has no option --{name}"
            raise FormatError(msg)
        read = option.read("true" if text is None else text)
    except (ValueError, TypeError, AttributeError) as fault:
        raise FormatError(str(fault)) from None
    if (slot, value) not in read:
        msg = f"--{name} cannot say {value!r}"
        raise FormatError(msg)
    return name, text


def spell_like(given_option: ParsedOption, slot: str, value: Any, engine: str) -> Spelling:  # noqa: ANN401  each slot has its type
    """Spell a value by the option that stands there already, where that can say it."""
    if given_option.option is OPTIONS["mount"]:
        return "mount", spell_mount(value)
    return spell(slot, value, engine)
