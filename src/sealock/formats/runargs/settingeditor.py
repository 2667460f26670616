"""Turns the change of a field into changes of single settings, whatever text holds them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from sealock.errors import FormatError
from sealock.formats.runargs.options import LIST_SETTINGS
from sealock.formats.runargs.reader import RunLine
from sealock.formats.runargs.rewrites import equal_ends
from sealock.formats.runargs.scalars import SettingValue
from sealock.formats.runargs.words import ParsedOption
from sealock.formats.runargs.writer import FALSE_BY_DEFAULT, setting_values
from sealock.model.absent import UNSET
from sealock.model.change import Edit, FieldChange, Set, changed


class SettingEditor(ABC):
    """Collects the changes of each option, then turns them into edits of the text that the options come from."""

    def __init__(self, run: RunLine) -> None:
        self.run = run
        self.values: dict[int, list[tuple[str, SettingValue]]] = {}
        """The new values of each changed option, by its index."""
        self._index = {id(option): index for index, option in enumerate(run.parsed.options)}
        self._original_values: dict[int, list[tuple[str, SettingValue]]] = {}
        for setting, pairs in run.settings.values.items():
            for value, option in pairs:
                self._original_values.setdefault(id(option), []).append((setting, value))

    def _values_of(self, option: ParsedOption) -> list[tuple[str, SettingValue]]:
        return self.values.setdefault(self._index[id(option)], self._original_values[id(option)])

    def remove(self, option: ParsedOption, setting: str, value: SettingValue) -> None:
        """Remove a value from an option."""
        self._values_of(option).remove((setting, value))

    def replace(self, option: ParsedOption, setting: str, old: SettingValue, new: SettingValue) -> None:
        """Replace a value of an option."""
        values = self._values_of(option)
        values[values.index((setting, old))] = (setting, new)

    @abstractmethod
    def insert(
        self, setting: str, value: SettingValue, before: ParsedOption | None, following: ParsedOption | None
    ) -> None:
        """Add an option for a value: after `before`, else before `following`, else where options start."""

    @abstractmethod
    def image(self, value: SettingValue) -> tuple[Edit, ...]:
        """The edits that name another image."""

    @abstractmethod
    def command(self, value: SettingValue) -> tuple[Edit, ...]:
        """The edits that set another command."""

    @abstractmethod
    def edits(self) -> tuple[Edit, ...]:
        """Turn the changes into edits."""


def change_settings(editor: SettingEditor, change: FieldChange) -> tuple[Edit, ...]:
    """Express a change of one field; no edits if the text already does."""
    run = editor.run
    old = getattr(run.container, change.field, None)
    if change.field not in run.container.__struct_fields__:
        msg = f"a container has no field {change.field}"
        raise FormatError(msg)
    if not isinstance(change, Set) and change.field not in LIST_SETTINGS | {"networks", "command"}:
        msg = f"{change.field} does not hold several values"
        raise FormatError(msg)
    value = getattr(changed(run.container, change), change.field)
    if value is not UNSET and value == old:
        return ()
    match change.field:
        case "image":
            return editor.image(value)
        case "command":
            return editor.command(value)
    for setting, values in setting_values(change.field, value, run.settings).items():
        if setting in FALSE_BY_DEFAULT | {"health.disabled"} and values == [False] and not run.parsed.opaque:
            values = []  # noqa: PLW2901  false is the default without the option
        _update(editor, setting, values)
    return editor.edits()


def _update(editor: SettingEditor, setting: str, new: Sequence[SettingValue]) -> None:
    """Change the values of a setting: keep equal values at both ends, replace those between in order."""
    pairs = editor.run.settings.values.get(setting, [])
    old = [value for value, _ in pairs]
    if setting not in LIST_SETTINGS and old:
        # The last option counts; the others have no effect, but must go if the setting is to be unset.
        if new and old[-1] == new[0]:
            return
        for value, option in pairs if not new else ():
            editor.remove(option, setting, value)
        if new:
            editor.replace(pairs[-1][1], setting, old[-1], new[0])
        return
    start, end = equal_ends(old, new)
    middle_old, middle_new = pairs[start : len(old) - end], list(new[start : len(new) - end])
    if len(middle_new) < len(middle_old):
        # Remove single values rather than rewrite all.
        remaining = set(middle_new)
        for value, option in middle_old:
            if value not in remaining:
                editor.remove(option, setting, value)
        middle_old = [(value, option) for value, option in middle_old if value in remaining]
    for (value, option), after in zip(middle_old, middle_new, strict=False):
        if value != after:
            editor.replace(option, setting, value, after)
    for value, option in middle_old[len(middle_new) :]:
        editor.remove(option, setting, value)
    before = pairs[len(old) - end - 1][1] if len(old) > end else None
    following = pairs[len(old) - end][1] if end else None
    for after in middle_new[len(middle_old) :]:
        editor.insert(setting, after, before, following)
