"""Makes a Container of a run line's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from sealock.formats.runargs.checks import find_refusals
from sealock.formats.runargs.expansions import is_known_directory, mask
from sealock.formats.runargs.options import LIST_SETTINGS, FieldValue
from sealock.formats.runargs.words import OptionError, ParsedOption, RunWords, split_options
from sealock.model.absent import UNKNOWN, UNSET
from sealock.model.container import FIELDS, Container, Health, Logging, Mount, Network
from sealock.model.location import At, Place
from sealock.model.shell import Word

_PARTS = {
    "net": ("network_mode", "networks"),
    "net.alias": ("networks",),
    "health": ("health",),
    "logging": ("logging",),
}


class SettingValues(Struct, frozen=True):
    """What the options of a line say: for each slot its values in order, each with the option that says it.

    `hidden` names slots in which a value could not be resolved, with the words.
    """

    values: Mapping[str, list[tuple[Any, ParsedOption]]]
    hidden: Mapping[str, list[str]]
    troubles: tuple[OptionError, ...]


class RunLine(Struct, frozen=True):
    """A run line, read."""

    container: Container
    where: Mapping[At, Place]
    unresolved: Mapping[str, str]
    errors: tuple[OptionError, ...]
    line: RunWords
    slots: SettingValues
    silent: str


def read_settings(line: RunWords, engine: str) -> SettingValues:
    """Read the value of every option."""
    found: dict[str, list[tuple[Any, ParsedOption]]] = {}
    hidden: dict[str, list[str]] = {}
    troubles = list(line.troubles)
    for one in line.given:
        for slot, value in read_option(one, engine, hidden, troubles):
            found.setdefault(slot, []).append((value, one))
    return SettingValues(found, hidden, tuple(troubles))


def read_option(
    given_option: ParsedOption, engine: str, hidden: dict[str, list[str]], troubles: list[OptionError]
) -> list[FieldValue]:
    """Tell what one option says; expansions stay in elements of a list, and make a single value UNKNOWN."""
    parts = given_option.text.split(",") if given_option.option.comma and engine != "docker" else [given_option.text]
    result: list[FieldValue] = []
    for part in parts:
        masked = None if given_option.literal else mask(part)
        try:
            read = given_option.option.read(masked.text if masked else part)
        except ValueError as fault:
            if masked and masked.expansions:
                for slot in given_option.option.slots:
                    hidden.setdefault(slot, []).append(part)
                    if slot not in LIST_SETTINGS:
                        result.append((slot, UNKNOWN))
            else:
                troubles.append(OptionError(f"{_spelled(given_option)}: {fault}", given_option.place))
            continue
        for slot, value in read:
            if masked is None or not masked.expansions:
                result.append((slot, value))
                continue
            whole = _restored(value, masked.restore)
            if not (isinstance(whole, Mount) and _clear(value) and is_known_directory(whole.source or "")):
                hidden.setdefault(slot, []).append(part)
            result.append((slot, whole if slot in LIST_SETTINGS else UNKNOWN))
    return result


def _spelled(given_option: ParsedOption) -> str:
    return f"-{given_option.option.short}" if given_option.letter else given_option.word.text.partition("=")[0]


def _clear(value: Mount) -> bool:
    """Whether no expansion is in a mount but for its source."""
    return not holds_mask(value.target) and not any(holds_mask(option) for option in value.options)


def holds_mask(text: str) -> bool:
    """Whether a mark of an expansion is in a text."""
    return any("\ue000" <= one <= "\uf8ff" for one in text)


def _restored(value: Any, restore: Any) -> Any:  # noqa: ANN401  values of every field
    if isinstance(value, str):
        return restore(value)
    if isinstance(value, tuple):
        return tuple(_restored(one, restore) for one in value)
    if isinstance(value, Struct):
        return type(value)(*(_restored(getattr(value, name), restore) for name in value.__struct_fields__))
    return value


def read_words(
    words: Sequence[Word], engine: str = "docker", verb: str = "run", *, trust: bool | None = None
) -> RunLine:
    """Read the words after `run` or `create`. `trust` is what DOCKER_CONTENT_TRUST says before the command."""
    line = split_options(words, engine, verb)
    slots = read_settings(line, engine)
    troubles = list(slots.troubles)
    where: dict[At, Place] = {}
    unresolved: dict[str, str] = {}
    fields = _fields(slots, where)
    for slot, texts in slots.hidden.items():
        for field in _fields_of(slot):
            unresolved[field] = ", ".join(dict.fromkeys(texts))
    _positional(line, verb, engine, fields, where, unresolved, troubles)
    if trust is not None and "content_trust" not in fields:
        fields["content_trust"] = trust
    silent = _silence(line, fields, unresolved)
    troubles += find_refusals(line, dict(slots.values), engine)
    container = Container(**dict.fromkeys(FIELDS, UNKNOWN if line.opaque else UNSET) | fields)
    return RunLine(container, where, unresolved, tuple(troubles), line, slots, silent)


def _fields_of(slot: str) -> tuple[str, ...]:
    return _PARTS.get(slot, ()) or _PARTS.get(slot.partition(".")[0], ()) or (slot,)


def _silence(line: RunWords, fields: Mapping[str, Any], unresolved: dict[str, str]) -> str:
    words = [word.text for word in line.opaque]
    if words:
        # Lists that are said in part may be longer.
        for field, value in fields.items():
            if isinstance(value, tuple) and field != "command":
                unresolved.setdefault(field, ", ".join(words))
    words += [unresolved[field] for field, value in fields.items() if value is UNKNOWN and field in unresolved]
    return f"{', '.join(dict.fromkeys(words))} could not be resolved" if words else "the run line does not say"


def _positional(  # noqa: PLR0913, PLR0917  it fills what read_words gathers
    line: RunWords,
    verb: str,
    engine: str,
    fields: dict[str, Any],
    where: dict[At, Place],
    unresolved: dict[str, str],
    troubles: list[OptionError],
) -> None:
    if line.image is None:
        if not line.opaque:
            end = line.given[-1].place if line.given else Place()
            troubles.append(OptionError(f"{engine} {verb} names no image", end))
        return
    where["image",] = line.image.place
    if not line.image.literal or not line.image_certain:
        unresolved["image"] = line.image.text if not line.image.literal else line.opaque[0].text
        fields["image"] = UNKNOWN
    else:
        fields["image"] = line.image.text
    if not line.image_certain:
        fields["command"] = UNKNOWN
        unresolved["command"] = unresolved["image"]
    elif line.command:
        fields["command"] = tuple(word.text for word in line.command)
        first, last = line.command[0].place, line.command[-1].place
        where["command",] = Place(first.start, last.end, file=first.file)
        for index, word in enumerate(line.command):
            where["command", index] = word.place
        if hidden := [word.text for word in line.command if not word.literal]:
            unresolved["command"] = ", ".join(dict.fromkeys(hidden))
    else:
        fields["command"] = UNSET


def _fields(slots: SettingValues, where: dict[At, Place]) -> dict[str, Any]:
    """Put the slots together to fields, and note where each stands."""
    fields: dict[str, Any] = {}
    for slot, pairs in slots.values.items():
        if "." in slot or slot == "net":
            continue
        where[slot,] = pairs[0][1].place if slot in LIST_SETTINGS else pairs[-1][1].place
        if slot in LIST_SETTINGS:
            fields[slot] = tuple(value for value, _ in pairs)
            for index, (_, one) in enumerate(pairs):
                where[slot, index] = one.place
        else:
            fields[slot] = pairs[-1][0]
    _networks(slots, fields, where)
    if parts := _parts(slots, "health", where):
        fields["health"] = build_health(parts)
    if parts := _parts(slots, "logging", where):
        options = parts.get("options", ())
        driver = parts.get("driver")
        fields["logging"] = UNKNOWN if driver is UNKNOWN else Logging(driver, tuple(options))
    return fields


def _networks(slots: SettingValues, fields: dict[str, Any], where: dict[At, Place]) -> None:
    networks: list[Network] = []
    for value, one in slots.values.get("net", ()):
        if isinstance(value, str):
            # Docker goes by the first.
            fields.setdefault("network_mode", value)
            where.setdefault(("network_mode",), one.place)
        else:
            where["networks", len(networks)] = one.place
            where.setdefault(("networks",), one.place)
            networks.append(value)
            if slots.hidden.get("net") and not set(value.name).isdisjoint("$`"):
                # It may be the name of a mode.
                fields.setdefault("network_mode", UNKNOWN)
    aliases = tuple(alias for alias, _ in slots.values.get("net.alias", ()))
    if networks and aliases:
        networks[0] = Network(networks[0].name, networks[0].aliases + aliases)
    if networks:
        fields["networks"] = tuple(networks)


def _parts(slots: SettingValues, field: str, where: dict[At, Place]) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    for slot, pairs in slots.values.items():
        name, _, part = slot.partition(".")
        if name != field or not part:
            continue
        parts[part] = [value for value, _ in pairs] if slot in LIST_SETTINGS else pairs[-1][0]
        where.setdefault((field,), pairs[0][1].place)
        where[field, part] = pairs[-1][1].place
    return parts


def build_health(parts: Mapping[str, Any]) -> Any:  # noqa: ANN401  a Health or UNKNOWN
    """Build the health check out of its options; UNKNOWN where a part is."""
    if any(value is UNKNOWN for value in parts.values()):
        return UNKNOWN
    line = parts.get("test", "")
    return Health(
        disabled=bool(parts.get("disabled")),
        test=("CMD-SHELL", line) if line else (),
        interval=parts.get("interval"),
        timeout=parts.get("timeout"),
        start_period=parts.get("start_period"),
        start_interval=parts.get("start_interval"),
        retries=parts.get("retries"),
    )
