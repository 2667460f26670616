"""Splits the words of a run line into options, image and command, as the client's option parser does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sealock.formats.runargs.expansions import is_placeholder
from sealock.formats.runargs.options import RunOption
from sealock.formats.runargs.verbs import VERBS
from sealock.model.location import Place
from sealock.model.shell import Word
from sealock.patterns import compile_lazily

_ELLIPSES: Final = frozenset({"...", "…", "[...]", "{}"})
"""What stands for words that are left out, or that a program formats into its text."""

_VARIABLE: Final = compile_lazily(r"\$(?:\{[^}]*\}|(?:env:)?\w+)|%[^%]+%")
_AUTOMATIC: Final = compile_lazily(r"\$(?:<|\([@*<%][DF]?\))")
"""What make puts for a target, its stem or what it is made of: one word."""


class ParsedOption(Struct, frozen=True):
    """A use of an option. `word` holds its name; `value` is the word with its value, None if that is part of `word`.

    `text` is its value ("true" for a bare flag). `letter` is the index of a short option in its word, 0 for a long one;
    `literal` is False if the value has an expansion.
    """

    spec: RunOption
    text: str
    word: Word
    value: Word | None
    letter: int
    literal: bool
    bare: bool

    @property
    def place(self) -> Place:
        """From its name to its value; only its name if one of them is in an array."""
        start, end = self.word.place.start, (self.value or self.word).place.end
        return Place(start, end, file=self.word.place.file) if start <= end else self.word.place


class OptionError(Struct, frozen=True):
    """An error in the line, and its place."""

    message: str
    place: Place


class RunWords(Struct, frozen=True):
    """The parts of a run line. `opaque` are the words that may expand to any number of options."""

    options: tuple[ParsedOption, ...]
    image: Word | None
    command: tuple[Word, ...]
    opaque: tuple[Word, ...]
    errors: tuple[OptionError, ...]
    help: bool = False
    image_certain: bool = True
    operands: tuple[Word, ...] = ()
    """What follows the options of a verb that takes no image."""


def split_options(words: Sequence[Word], engine: str, verb: str) -> RunWords:
    """Split the words after the verb."""
    if any("{{" in word.text for word in words):
        words = list(_joined(words))
    options: list[ParsedOption] = []
    opaque: list[Word] = []
    errors: list[OptionError] = []
    operands: list[Word] = []
    at, last_opaque = 0, -1
    while at < len(words):
        word = _template(words[at])
        text = word.text
        if text == "--" and word.literal:
            at += 1
            break
        # Where xargs, find or parallel fill in `{}`, which is not literal then, it is a single word.
        single = word.text == "{}" and not words[at].literal
        if not (word.literal or single) and may_hold_options(word, last=at + 1 == len(words), first_option=not options):
            opaque.append(word)
            at, last_opaque = at + 1, at
            continue
        if len(text) < 2 or text[0] != "-":
            if not VERBS[verb].mixed:
                break
            operands.append(word)
            at += 1
            continue
        following = _template(words[at + 1]) if at + 1 < len(words) else None
        known, failed = len(options), len(errors)
        consumed = (_parse_long if text[1] == "-" else _parse_short)(word, following, (engine, verb), options, errors)
        if len(errors) > failed and VERBS[verb].makes and last_opaque == at - 1 >= 0 and may_be_image(opaque[-1]):
            # The engine has no such option, so the program has it: the word before it is the image.
            del options[known:], errors[failed:], opaque[-1]
            at = last_opaque
            break
        at += 2 if consumed else 1
    remaining = tuple(_template(word, image=True) for word in words[at : at + 1]) + tuple(words[at + 1 :])
    if not VERBS[verb].makes:
        operands, remaining = [*operands, *remaining], ()
    asks_help = any(option.spec.name == "help" and option.text != "false" for option in options)
    return RunWords(
        tuple(options),
        remaining[0] if remaining else _image_option(options),
        remaining[1:],
        tuple(opaque),
        tuple(errors),
        asks_help,
        not any(may_be_image(word) for word in opaque),
        tuple(operands),
    )


def _image_option(options: Sequence[ParsedOption]) -> Word | None:
    """The value of the option that names the image, where a verb has one."""
    option = next((option for option in reversed(options) if option.spec.name == "image"), None)
    if option is None:
        return None
    if option.value is not None:
        return option.value
    place = option.word.place
    start = max(place.start, place.end - len(option.text))
    return Word(option.text, Place(start, place.end, file=place.file), literal=option.literal)


def _joined(words: Sequence[Word]) -> Iterator[Word]:
    """Join the words of a template's `{{ name }}`, which the shell splits into three."""
    pending: list[Word] = []
    for word in words:
        if pending or ("{{" in word.text and "}}" not in word.text.rpartition("{{")[2]):
            pending.append(word)
            if "}}" in word.text:
                place = Place(pending[0].place.start, word.place.end, file=word.place.file)
                yield Word(" ".join(part.text for part in pending), place, literal=False)
                pending = []
        else:
            yield word
    yield from pending


def _template(word: Word, *, image: bool = False) -> Word:
    """Mark a word as not literal if a template or a reader has to fill it in."""
    marked = word.literal and (word.text in _ELLIPSES or is_placeholder(word.text, image=image))
    return replace(word, literal=False) if marked else word


def may_hold_options(word: Word, *, last: bool, first_option: bool) -> bool:
    """Whether a word that is a mere expansion may expand to options rather than to the image.

    `last` if no word follows it, `first_option` if no option precedes it.
    """
    text = word.text
    if text in _ELLIPSES:
        return not last
    if "[@]" in text or "[*]" in text or text in {"$@", "$*", "${@}", "${*}"}:
        return True
    if _AUTOMATIC.fullmatch(text):
        return False
    if text.startswith("{{"):  # one word, most often
        return _guess_content(text) == "options"
    quoted = word.place.end - word.place.start >= len(text) + 2
    if not text.startswith(("$", "`", "<", "%")) or quoted:
        # A quoted word expands to a single word, so hardly to an option.
        return False
    if last:
        return _guess_content(text) == "options" or (first_option and not _guess_content(text))
    return not _guess_content(text).startswith("image")


def may_be_image(word: Word) -> bool:
    """Whether such a word may equally be the image."""
    return word.text not in _ELLIPSES and _guess_content(word.text) == ""


def _guess_content(text: str) -> str:
    """Guess the content of an expansion from its name: "image…", "options", or "" if that is open."""
    if text.startswith(("$(", "`")) and " build " in text:
        return "image"
    if any(part in text.upper() for part in ("IMAGE", "IMG", "REPO", "TAG")):
        return "image"
    variable = _VARIABLE.match(text)
    name = (variable[0] if variable is not None else text).upper()
    if variable is not None and not {"/", ":"}.isdisjoint(text[variable.end() :]):
        return "image, it seems"
    if any(part in name for part in ("OPT", "ARG", "FLAG", "PARAM", "ENV", "VOL", "MOUNT", "PORT", "NET", "@", "*")):
        return "options"
    return "image, it seems" if "/" in text.rpartition("}")[2] or ":" in text.rpartition("}")[2] else ""


def _supported(spec: RunOption | None, engine: str, verb: str) -> RunOption | None:
    if spec is None or (spec.engines and engine not in spec.engines) or (spec.verbs and verb not in spec.verbs):
        return None
    return spec


def _parse_long(
    word: Word, following: Word | None, client: tuple[str, str], options: list[ParsedOption], errors: list[OptionError]
) -> bool:
    """Parse `--name`, `--name=value` or `--name value`; return whether it consumes the following word."""
    name, equals, value = word.text[2:].partition("=")
    spec = _supported(VERBS[client[1]].options.get(name), *client)
    if spec is None:
        message = f"bad option syntax: {word.text}" if name[:1] in {"-", ""} else f"unknown option: --{name}"
        errors.append(OptionError(message, word.place))
        return False
    if equals:
        options.append(ParsedOption(spec, value, word, None, 0, word.literal, bare=False))
    elif spec.flag:
        options.append(ParsedOption(spec, "true", word, None, 0, literal=True, bare=True))
    elif following is None:
        errors.append(OptionError(f"--{name} needs a value", word.place))
    else:
        options.append(ParsedOption(spec, following.text, word, following, 0, following.literal, bare=False))
        return True
    return False


def _parse_short(
    word: Word, following: Word | None, client: tuple[str, str], options: list[ParsedOption], errors: list[OptionError]
) -> bool:
    """Parse `-itd`, `-p80:80`, `-p=80:80` or `-p 80:80`; return whether it consumes the following word."""
    text = word.text
    for letter in range(1, len(text)):
        spec = _supported(VERBS[client[1]].short.get(text[letter]), *client)
        rest = text[letter + 1 :]
        if spec is None:
            errors.append(OptionError(f"unknown option: -{text[letter]} in {text}", word.place))
            return False
        if len(rest) > 1 and rest[0] == "=":
            options.append(ParsedOption(spec, rest[1:], word, None, letter, word.literal, bare=False))
            return False
        if spec.flag:
            options.append(ParsedOption(spec, "true", word, None, letter, literal=True, bare=True))
        elif rest:
            options.append(ParsedOption(spec, rest, word, None, letter, word.literal, bare=False))
            return False
        elif following is None:
            errors.append(OptionError(f"-{text[letter]} needs a value", word.place))
            return False
        else:
            options.append(ParsedOption(spec, following.text, word, following, letter, following.literal, bare=False))
            return True
    return False
