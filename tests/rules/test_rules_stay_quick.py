"""No rule takes more than about twice as long for twice the text: work is counted in lines that run, not in seconds."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from sealock import formats
from sealock.model.document import DocumentKind
from sealock.model.location import Source
from sealock.rules.catalog import every_rule, kinds_of
from sealock.rules.evaluation import evaluate
from sealock.rules.rule import Rule
from support.linecount import LINEAR, SIZE, grows

KINDS_OF = {rule.id: kinds_of(rule) for rule in every_rule()}


def joined_in_one_run(text: str, times: int) -> str:
    """The last RUN's commands again and again, in the same RUN."""
    head, _, commands = text.rstrip("\n").rpartition("\nRUN ")
    flags, commands = re.fullmatch(r"((?:--\S+\s+)*)(.*)", commands, re.DOTALL).groups()  # type: ignore[union-attr]  # it matches anything
    return f"{head}\nRUN {flags}{' && '.join([commands] * times)}\n"


def every_run_in_one(text: str, times: int) -> str:
    """The commands of all RUNs again and again, in one."""
    kept = [line for line in text.splitlines() if not line.startswith("RUN ")]
    ran = [line[4:] for line in text.splitlines() if line.startswith("RUN ")]
    return "\n".join([*kept, "RUN " + " && ".join(ran * times), ""])


def instructions_repeated(text: str, times: int) -> str:
    """All that follows FROM again and again."""
    first = re.search(r"^FROM .*\n", text, re.MULTILINE)
    at = first.end() if first else 0
    return text[:at] + (text[at:].rstrip("\n") + "\n") * times


def stages_repeated(text: str, times: int) -> str:
    """The whole Dockerfile again and again, each stage with another name."""
    return "\n".join([re.sub(r"(?im)( AS )(\w+)", rf"\g<1>\g<2>{n}", text) for n in range(times)])


def stages_in_a_chain(text: str, times: int) -> str:
    """Stage on stage on stage, each with the same instructions."""
    first = re.search(r"^FROM .*\n", text, re.MULTILINE)
    if first is None or re.search("(?i) as ", first[0]):
        return stages_repeated(text, times)
    rest = text[first.end() :].rstrip("\n") + "\n"
    chain = [f"FROM s{n - 1} AS s{n}\n{rest}" for n in range(1, times)]
    return text[: first.end() - 1] + " AS s0\n" + rest + "".join(chain)


def last_word_repeated(text: str, times: int) -> str:
    """The last word of the last line again and again."""
    head, _, word = text.rstrip("\n").rpartition(" ")
    return f"{head} {' '.join([word] * times)}\n"


def lines_repeated(text: str, times: int) -> str:
    """A command line again and again."""
    return (text.rstrip("\n") + "\n") * times


def options_repeated(text: str, times: int) -> str:
    """The options of `docker run` again and again, on one line."""
    found = re.fullmatch(r"(docker run )(.*)( \S+\n?)", text, re.DOTALL)
    return found[1] + " ".join([found[2]] * times) + found[3] if found else lines_repeated(text, times)


def services_repeated(text: str, times: int) -> str:
    """The services of a compose file again and again, each time with other names."""
    head, services, rest = _services(text)
    again = [re.sub(r"(?m)^  (\w[\w-]*):", rf"  \g<1>{n}:", services) for n in range(times)]
    return head + "".join(again) + rest


def entries_repeated(text: str, times: int) -> str:
    """Each entry of each list in a compose file again and again, with a number where it has one."""

    def again(found: re.Match[str]) -> str:
        return "[" + ", ".join([found[1]] * times) + "]"

    text = re.sub(r"\[([^\[\]\n]+)\]", again, text)
    return re.sub(r"(?m)^ +- .*\n", lambda found: found[0] * times, text)


def _services(text: str) -> tuple[str, str, str]:
    found = re.search(r"(?ms)^services:\n(.*?)(?=^\S|\Z)", text)
    assert found, text
    return text[: found.start(1)], found[1].rstrip("\n") + "\n", text[found.end(1) :]


WAYS: dict[str, tuple[Callable[[str, int], str], ...]] = {
    "run": (lines_repeated, options_repeated),
    "compose": (services_repeated, entries_repeated),
    "dockerfile": (
        joined_in_one_run,
        every_run_in_one,
        instructions_repeated,
        stages_repeated,
        stages_in_a_chain,
        last_word_repeated,
    ),
}


def fits(way: Callable[[str, int], str], text: str, index: int) -> bool:
    """Whether a way of repeating tells anything that others do not; most tell nothing of a rule's further vectors."""
    runs = text.count("\nRUN ")
    if way is joined_in_one_run:
        return runs > 0
    if way is every_run_in_one:
        return runs > 1
    return index == 0 or way in {options_repeated, last_word_repeated}


def cases() -> list[Any]:
    found: list[Any] = []
    for rule in every_rule():
        for index, text in enumerate(rule.bad):
            kind = formats.sniff("", text)
            assert kind is not None
            found += [
                pytest.param(rule, kind, text, way, id=f"{rule.id}-{index}-{way.__name__}")
                for way in WAYS.get(kind, ())
                if fits(way, text, index)
            ]
    return found


@pytest.mark.untraced
@pytest.mark.parametrize(("rule", "kind", "text", "way"), cases())
def test_a_rule_stays_quick(rule: Rule[Any], kind: DocumentKind, text: str, way: Callable[[str, int], str]) -> None:
    def judging(times: int) -> Callable[[], object]:
        document = formats.read(kind, Source("test", way(text, times)))
        return lambda: evaluate("test", document, dict.fromkeys(KINDS_OF[rule.id], (rule,)))

    assert grows(judging(SIZE), judging(2 * SIZE)) < LINEAR
