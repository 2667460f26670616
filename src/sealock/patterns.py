"""Regular expressions that are compiled when first used: of hundreds most runs use a few, and start-up counts."""

from __future__ import annotations

import re
from functools import cached_property
from typing import AnyStr, Generic, cast


class _LazyPattern(Generic[AnyStr]):
    """A pattern with the attributes and methods of the compiled one; to read its text compiles nothing."""

    def __init__(self, source: AnyStr, flags: re.RegexFlag) -> None:
        self.pattern: AnyStr = source
        self._flags = flags

    @cached_property
    def _compiled(self) -> re.Pattern[AnyStr]:
        return re.compile(self.pattern, self._flags)

    def __getattr__(self, name: str) -> object:
        """Look up what the instance does not have yet; the next time it has it, and costs what a pattern's own does."""
        value: object = getattr(self._compiled, name)
        setattr(self, name, value)
        return value


def compile_lazily(source: AnyStr, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[AnyStr]:
    """Return what `re.compile` returns, for use by its methods: functions of `re` take no such pattern.

    For the constants of a module. A source that is not valid raises re.error at the first use.
    """
    return cast("re.Pattern[AnyStr]", _LazyPattern(source, flags))
