"""Splits the words of a run line into options, image and command, as the client's own option parser does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from sealock.formats.runargs.expansions import is_placeholder
from sealock.formats.runargs.options import OPTIONS, SHORT_OPTIONS, RunOption
from sealock.model.location import Place
from sealock.model.shell import Word

_ELLIPSES: Final = frozenset({"...", "…", "[...]"})


class ParsedOption(Struct, frozen=True):
    """An option as it is given. `word` names it; `value` is the word of its own that it takes, None where it is joined.

    `text` is what it is given ("true" for a bare flag). `letter` is the place of a short option in its word, 0 for a
    long one; `literal` whether no expansion is in the text.
    """

    option: RunOption
    text: str
    word: Word
    value: Word | None
    letter: int
    literal: bool
    bare: bool

    @property
    def place(self) -> Place:
        """From its name to its value; its name alone, where the two stand in an array and in the line."""
        start, end = self.word.place.start, (self.value or self.word).place.end
        return Place(start, end, file=self.word.place.file) if start <= end else self.word.place


class OptionError(Struct, frozen=True):
    """What is wrong with the line, and where."""

    message: str
    place: Place


class RunWords(Struct, frozen=True):
    """A run line taken apart. `opaque` are the words that may hold any number of options."""

    given: tuple[ParsedOption, ...]
    image: Word | None
    command: tuple[Word, ...]
    opaque: tuple[Word, ...]
    troubles: tuple[OptionError, ...]
    help: bool = False
    image_certain: bool = True


def split_options(words: Sequence[Word], engine: str, verb: str) -> RunWords:
    """Take the words after the verb apart."""
    if any("{{" in word.text for word in words):
        words = list(_joined(words))
    given: list[ParsedOption] = []
    opaque: list[Word] = []
    troubles: list[OptionError] = []
    at, certain = 0, True
    while at < len(words):
        word = _template(words[at])
        text = word.text
        if text == "--" and word.literal:
            at += 1
            break
        if not word.literal and may_hold_options(word, last=at + 1 == len(words), alone=not given):
            opaque.append(word)
            certain = certain and not may_be_image(word)
            at += 1
            continue
        if len(text) < 2 or text[0] != "-":
            break
        following = _template(words[at + 1]) if at + 1 < len(words) else None
        taken = (_long if text[1] == "-" else _short)(word, following, (engine, verb), given, troubles)
        at += 2 if taken else 1
    rest = tuple(_template(word, image=True) for word in words[at : at + 1]) + tuple(words[at + 1 :])
    helping = any(one.option.name == "help" and one.text != "false" for one in given)
    return RunWords(tuple(given), rest[0] if rest else None, rest[1:], tuple(opaque), tuple(troubles), helping, certain)


def _joined(words: Sequence[Word]) -> Iterator[Word]:
    """Join the words of a template's `{{ name }}`, which the shell would take for three."""
    opened: list[Word] = []
    for word in words:
        if opened or ("{{" in word.text and "}}" not in word.text.rpartition("{{")[2]):
            opened.append(word)
            if "}}" in word.text:
                place = Place(opened[0].place.start, word.place.end, file=word.place.file)
                yield Word(" ".join(one.text for one in opened), place, literal=False)
                opened = []
        else:
            yield word
    yield from opened


def _template(word: Word, *, image: bool = False) -> Word:
    """A word that a template or a reader is to fill in is not literal."""
    marked = word.literal and is_placeholder(word.text, image=image)
    return Word(word.text, word.place, literal=False) if marked or word.text in _ELLIPSES else word


def may_hold_options(word: Word, *, last: bool, alone: bool) -> bool:
    """Whether a word that is nothing but an expansion may stand for options, rather than for the image.

    `last` says that no word is after it, `alone` that no option is before it.
    """
    text = word.text
    if text in _ELLIPSES:
        return not last
    if "[@]" in text or "[*]" in text or text in {"$@", "$*", "${@}", "${*}"}:
        return True
    quoted = word.place.end - word.place.start >= len(text) + 2
    if not text.startswith(("$", "`", "<", "%")) or quoted:
        # A quoted word is a single one, and so hardly an option.
        return False
    if last:
        return _whole(text) == "options" or (alone and not _whole(text))
    return not _whole(text).startswith("image")


def may_be_image(word: Word) -> bool:
    """Whether such a word may just as well be the image."""
    return word.text not in _ELLIPSES and _whole(word.text) == ""


def _whole(text: str) -> str:
    """Tell what the name in an expansion speaks of: "image…", "options", or "" where that is open."""
    name = text.upper()
    if any(part in name for part in ("IMAGE", "IMG", "REPO", "TAG")):
        return "image"
    if any(part in name for part in ("OPT", "ARG", "FLAG", "PARAM", "ENV", "VOL", "MOUNT", "PORT", "NET", "@", "*")):
        return "options"
    return "image, it seems" if "/" in text.rpartition("}")[2] or ":" in text.rpartition("}")[2] else ""


def _known(option: RunOption | None, engine: str, verb: str) -> RunOption | None:
    if (
        option is None
        or (option.engines and engine not in option.engines)
        or (option.verbs and verb not in option.verbs)
    ):
        return None
    return option


def _long(
    word: Word, following: Word | None, said: tuple[str, str], given: list[ParsedOption], troubles: list[OptionError]
) -> bool:
    """Read `--name`, `--name=value` or `--name value`; whether the following word was taken."""
    name, equals, value = word.text[2:].partition("=")
    option = _known(OPTIONS.get(name), *said)
    if option is None:
        fault = f"bad option syntax: {word.text}" if name[:1] in {"-", ""} else f"unknown option: --{name}"
        troubles.append(OptionError(fault, word.place))
        return False
    if equals:
        given.append(ParsedOption(option, value, word, None, 0, word.literal, bare=False))
    elif option.flag:
        given.append(ParsedOption(option, "true", word, None, 0, literal=True, bare=True))
    elif following is None:
        troubles.append(OptionError(f"--{name} needs a value", word.place))
    else:
        given.append(ParsedOption(option, following.text, word, following, 0, following.literal, bare=False))
        return True
    return False


def _short(
    word: Word, following: Word | None, said: tuple[str, str], given: list[ParsedOption], troubles: list[OptionError]
) -> bool:
    """Read `-itd`, `-p80:80`, `-p=80:80` or `-p 80:80`; whether the following word was taken."""
    text = word.text
    for letter in range(1, len(text)):
        option = _known(SHORT_OPTIONS.get(text[letter]), *said)
        rest = text[letter + 1 :]
        if option is None:
            troubles.append(OptionError(f"unknown option: -{text[letter]} in {text}", word.place))
            return False
        if len(rest) > 1 and rest[0] == "=":
            given.append(ParsedOption(option, rest[1:], word, None, letter, word.literal, bare=False))
            return False
        if option.flag:
            given.append(ParsedOption(option, "true", word, None, letter, literal=True, bare=True))
        elif rest:
            given.append(ParsedOption(option, rest, word, None, letter, word.literal, bare=False))
            return False
        elif following is None:
            troubles.append(OptionError(f"-{text[letter]} needs a value", word.place))
            return False
        else:
            given.append(ParsedOption(option, following.text, word, following, letter, following.literal, bare=False))
            return True
    return False
