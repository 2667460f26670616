"""Reads the words of a run line as a Container."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from sealock.formats.runargs.checks import find_refusals
from sealock.formats.runargs.expansions import Masked, is_known_directory, mask
from sealock.formats.runargs.options import LIST_SETTINGS, FieldValue
from sealock.formats.runargs.quotes import QuotingStyle
from sealock.formats.runargs.scalars import SettingValue, holds_expansion
from sealock.formats.runargs.verbs import VERBS
from sealock.formats.runargs.words import OptionError, ParsedOption, RunWords, split_options
from sealock.model.absent import UNKNOWN, UNSET
from sealock.model.container import FIELDS, Container, Health, Logging, Mount, Network
from sealock.model.location import At, Place
from sealock.model.shell import Word
from sealock.patterns import compile_lazily

_NAMESPACES = ("pid", "ipc", "uts", "cgroupns", "userns", "network_mode")
_HOSTS = compile_lazily(r"ns:/proc/1/(?:task/1/)?ns/[a-z]{2,6}")
"""How Podman is given a namespace of the host's first process, which is the host's."""
_FIELDS_OF_SETTING = {
    "net": ("network_mode", "networks"),
    "net.alias": ("networks",),
    "health": ("health",),
    "logging": ("logging",),
}


class SettingValues(Struct, frozen=True):
    """The settings of a line: for each its values in order, each with its option.

    `unresolved` names the settings with a value that could not be resolved, with the words.
    """

    values: Mapping[str, list[tuple[SettingValue, ParsedOption]]]
    unresolved: Mapping[str, list[str]]
    errors: tuple[OptionError, ...]


class RunLine(Struct, frozen=True):
    """A run line as a container; `parsed` and `settings` are what it was built from."""

    container: Container
    where: Mapping[At, Place]
    unresolved: Mapping[str, str]
    errors: tuple[OptionError, ...]
    parsed: RunWords
    settings: SettingValues
    skip_reason: str


class RunLineText(Struct, frozen=True):
    """A run line in its text: the last word of its subcommand, the words after that, and the syntax of its quotes."""

    text: str
    verb: Word
    words: tuple[Word, ...]
    run: RunLine
    place: Place
    engine: str = "docker"
    subcommand: str = "run"
    quoting: QuotingStyle = "shell"

    def raw(self, word: Word) -> str:
        """A word as written."""
        return self.text[word.place.start : word.place.end]

    def holds(self, place: Place) -> bool:
        """Whether a place is in the line rather than in an array."""
        return self.place.start <= place.start <= place.end <= self.place.end

    def within(self, word: Word) -> bool:
        """Whether a word is written in the line itself rather than in an array or a variable's value."""
        raw = self.raw(word)
        return self.holds(word.place) and not (
            word.literal and "$" in raw and raw not in {f"'{word.text}'", word.text} and "$" not in word.text
        )


def read_settings(parsed: RunWords, engine: str) -> SettingValues:
    """Parse the value of every option."""
    values: dict[str, list[tuple[SettingValue, ParsedOption]]] = {}
    unresolved: dict[str, list[str]] = {}
    errors = list(parsed.errors)
    for option in parsed.options:
        for setting, value in read_option(option, engine, unresolved, errors):
            values.setdefault(setting, []).append((value, option))
    return SettingValues(values, unresolved, tuple(errors))


def read_option(
    option: ParsedOption, engine: str, unresolved: dict[str, list[str]], errors: list[OptionError]
) -> list[FieldValue]:
    """Parse the value of one option; an expansion stays in an element of a list, and makes a single value UNKNOWN."""
    parts = option.text.split(",") if option.spec.comma and engine != "docker" else [option.text]
    result: list[FieldValue] = []
    for part in parts:
        masked = None if option.literal else mask(part)
        try:
            read = option.spec.read(masked.text if masked else part)
        except ValueError as fault:
            if masked and masked.expansions:
                for setting in option.spec.settings:
                    unresolved.setdefault(setting, []).append(part)
                    if setting not in LIST_SETTINGS:
                        result.append((setting, UNKNOWN))
            else:
                errors.append(OptionError(f"{_name_as_written(option)}: {fault}", option.place))
            continue
        for setting, value in read:
            if masked is None or not masked.expansions:
                result.append((setting, value))
                continue
            whole = restore_expansions(value, masked)
            if not (
                isinstance(whole, Mount) and _only_source_expands(value) and is_known_directory(whole.source or "")
            ):
                unresolved.setdefault(setting, []).append(part)
            result.append((setting, whole if setting in LIST_SETTINGS else UNKNOWN))
    return result


def _name_as_written(option: ParsedOption) -> str:
    return f"-{option.spec.short}" if option.letter else option.word.text.partition("=")[0]


def _only_source_expands(value: Mount) -> bool:
    """Whether only the source of a mount has an expansion."""
    return not holds_expansion(value.target) and not any(holds_expansion(option) for option in value.options)


def restore_expansions(value: SettingValue, masked: Masked) -> SettingValue:
    """The value with the expansions that were masked in its texts."""
    if isinstance(value, str):
        return masked.restore(value)
    if isinstance(value, tuple):
        return tuple(restore_expansions(item, masked) for item in value)
    if isinstance(value, Struct):
        return type(value)(*(restore_expansions(getattr(value, name), masked) for name in value.__struct_fields__))
    return value


def read_words(
    words: Sequence[Word], engine: str = "docker", verb: str = "run", *, trust: bool | None = None
) -> RunLine:
    """Read the words after a verb; `trust` is the value of DOCKER_CONTENT_TRUST before the command."""
    parsed = split_options(words, engine, verb)
    settings = read_settings(parsed, engine)
    # A build takes the options of several builders; one that none of the tables has gives no container anything.
    errors = [error for error in settings.errors if verb != "build" or error not in parsed.errors]
    where: dict[At, Place] = {}
    unresolved: dict[str, str] = {}
    fields = _combine_settings(settings, where)
    if engine == "podman" and isinstance(health := fields.get("health"), Health) and _is_no_check(health.test):
        fields["health"] = replace(health, disabled=True, test=())
    if engine == "podman":
        fields |= {name: "host" for name in _NAMESPACES if _HOSTS.fullmatch(str(fields.get(name)))}
    for setting, texts in settings.unresolved.items():
        for field in _fields_of(setting):
            unresolved[field] = ", ".join(dict.fromkeys(texts))
    takes = VERBS[verb]
    if takes.makes or parsed.image:
        _read_positional(parsed, verb, engine, fields, where, unresolved, errors)
    if trust is not None and "content_trust" not in fields:
        fields["content_trust"] = trust
    skip_reason = _skip_reason(parsed, fields, unresolved)
    if verb in {"run", "create"}:
        errors += find_refusals(parsed, dict(settings.values), engine)
    all_fields: dict[str, SettingValue] = dict.fromkeys(FIELDS, UNKNOWN)
    all_fields |= dict.fromkeys(() if parsed.opaque else takes.says, UNSET) | fields
    if not takes.makes and "image" not in fields:
        all_fields["image"] = UNSET  # it names none
    container = Container(engine="podman" if engine == "podman" else "", **all_fields)
    return RunLine(container, where, unresolved, tuple(errors), parsed, settings, skip_reason)


def _fields_of(setting: str) -> tuple[str, ...]:
    return _FIELDS_OF_SETTING.get(setting, ()) or _FIELDS_OF_SETTING.get(setting.partition(".")[0], ()) or (setting,)


def _skip_reason(parsed: RunWords, fields: Mapping[str, SettingValue], unresolved: dict[str, str]) -> str:
    words = [word.text for word in parsed.opaque]
    if words:
        # The unresolved options may add to lists.
        for field, value in fields.items():
            if isinstance(value, tuple) and field != "command":
                unresolved.setdefault(field, ", ".join(words))
    words += [unresolved[field] for field, value in fields.items() if value is UNKNOWN and field in unresolved]
    return f"{', '.join(dict.fromkeys(words))} could not be resolved" if words else "the run line does not set this"


def _read_positional(  # noqa: PLR0913, PLR0917  it fills the results of read_words
    parsed: RunWords,
    verb: str,
    engine: str,
    fields: dict[str, SettingValue],
    where: dict[At, Place],
    unresolved: dict[str, str],
    errors: list[OptionError],
) -> None:
    if parsed.image is None:
        if not parsed.opaque:
            end = parsed.options[-1].place if parsed.options else Place()
            errors.append(OptionError(f"{engine} {verb} names no image", end))
        return
    where["image",] = parsed.image.place
    if not parsed.image.literal or not parsed.image_certain:
        unresolved["image"] = parsed.image.text if not parsed.image.literal else parsed.opaque[0].text
        fields["image"] = UNKNOWN
    else:
        fields["image"] = parsed.image.text
    if not VERBS[verb].makes:
        return
    if not parsed.image_certain:
        fields["command"] = UNKNOWN
        unresolved["command"] = unresolved["image"]
    elif parsed.command:
        fields["command"] = tuple(word.text for word in parsed.command)
        first, last = parsed.command[0].place, parsed.command[-1].place
        # In a unit of Quadlet the last word may stand before the first.
        where["command",] = Place(first.start, max(first.end, last.end), file=first.file)
        for index, word in enumerate(parsed.command):
            where["command", index] = word.place
        if hidden := [word.text for word in parsed.command if not word.literal]:
            unresolved["command"] = ", ".join(dict.fromkeys(hidden))
    else:
        fields["command"] = UNSET


def _combine_settings(settings: SettingValues, where: dict[At, Place]) -> dict[str, SettingValue]:
    """Combine the settings into fields, and record the place of each."""
    fields: dict[str, SettingValue] = {}
    for setting, pairs in settings.values.items():
        if "." in setting or setting == "net":
            continue
        where[setting,] = pairs[0][1].place if setting in LIST_SETTINGS else pairs[-1][1].place
        if setting in LIST_SETTINGS:
            fields[setting] = tuple(value for value, _ in pairs)
            for index, (_, option) in enumerate(pairs):
                where[setting, index] = option.place
        else:
            fields[setting] = pairs[-1][0]
    _combine_networks(settings, fields, where)
    if parts := _collect_parts(settings, "health", where):
        fields["health"] = build_health(parts)
    if parts := _collect_parts(settings, "logging", where):
        options = parts.get("options", ())
        driver = parts.get("driver")
        fields["logging"] = UNKNOWN if driver is UNKNOWN else Logging(driver, tuple(options))
    return fields


def _combine_networks(settings: SettingValues, fields: dict[str, SettingValue], where: dict[At, Place]) -> None:
    networks: list[Network] = []
    for value, option in settings.values.get("net", ()):
        if isinstance(value, str):
            # Docker uses the first.
            fields.setdefault("network_mode", value)
            where.setdefault(("network_mode",), option.place)
        else:
            where["networks", len(networks)] = option.place
            where.setdefault(("networks",), option.place)
            networks.append(value)
            if settings.unresolved.get("net") and not set(value.name).isdisjoint("$`"):
                # The expansion may be the name of a mode.
                fields.setdefault("network_mode", UNKNOWN)
    aliases = tuple(alias for alias, _ in settings.values.get("net.alias", ()))
    if networks and aliases:
        networks[0] = Network(networks[0].name, networks[0].aliases + aliases)
    if networks:
        fields["networks"] = tuple(networks)


def _collect_parts(settings: SettingValues, field: str, where: dict[At, Place]) -> dict[str, SettingValue]:
    parts: dict[str, SettingValue] = {}
    for setting, pairs in settings.values.items():
        name, _, part = setting.partition(".")
        if name != field or not part:
            continue
        parts[part] = [value for value, _ in pairs] if setting in LIST_SETTINGS else pairs[-1][0]
        where.setdefault((field,), pairs[0][1].place)
        where[field, part] = pairs[-1][1].place
    return parts


def _is_no_check(test: tuple[str, ...]) -> bool:
    """Whether Podman takes the line of a health check for none at all: by its first word, in a list or not."""
    first, _, _ = test[1].partition(" ") if test else ("", "", "")
    return first.strip('[]"').upper() == "NONE"


def build_health(parts: Mapping[str, SettingValue]) -> SettingValue:
    """Build the health check from its options; UNKNOWN if a part is."""
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
