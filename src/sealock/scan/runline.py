"""A `docker run` command that is changed step by step, by the field table of run lines."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from shlex import join, split

from sealock import formats
from sealock.errors import TargetError
from sealock.formats.runargs.document import used_options
from sealock.formats.runargs.newnetwork import ONE_COMMAND
from sealock.formats.textedits import apply_edits
from sealock.model.change import Change
from sealock.model.container import Container
from sealock.model.document import Document
from sealock.model.imagename import ImageName, is_id, parse
from sealock.model.location import Source


class EditableRun:
    """The command, and what each step adds. TargetError for words that are no `docker run`."""

    def __init__(self, words: Sequence[str]) -> None:
        self.text = join(words)
        self.document = self._read()
        if self.document.errors:
            raise TargetError(self.document.errors[0].message)

    def _read(self) -> Document:
        document = formats.read("run", Source(ONE_COMMAND, self.text))
        if not document.subjects:
            message = "this asks the client for help, and runs no container"
            raise TargetError(message)
        return document

    @property
    def words(self) -> tuple[str, ...]:
        """The command as words."""
        return tuple(split(self.text))

    @property
    def container(self) -> Container:
        """The command as a container."""
        noun = self.document.subjects[0].noun
        assert isinstance(noun, Container)  # noqa: S101  the first subject of a run line is its container
        return noun

    def options(self) -> tuple[tuple[str, str], ...]:
        """Its options with their values, each name as the client's help has it first."""
        return used_options(self.document.source)

    def image(self) -> tuple[ImageName | None, str]:
        """What the image's name means, None for the id of one; and the name as written."""
        text = self.container.image
        if not isinstance(text, str):
            message = "the image of this command could not be read"
            raise TargetError(message)
        return None if is_id(text) else parse(text), text

    def apply(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """Make changes, and return the words that they add; FormatError where no option can."""
        before = self.words
        for change in changes:
            self.text = apply_edits(self.text, formats.edits(self.document, self.document.subjects[0], change))
            self.document = self._read()
        after = self.words
        # By place: an option that stands elsewhere too, as --tmpfs does, keeps its value beside it.
        steps = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
        return tuple(
            word
            for _, start, end, first, last in steps
            if before[start:end] != after[first:last]
            for word in after[first:last]
        )
