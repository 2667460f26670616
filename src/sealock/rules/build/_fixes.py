"""Edits to instructions and commands, in the form that they are written in."""

from __future__ import annotations

import json

from sealock.model.build import Build, Cmd, From, Instruction, Run
from sealock.model.change import Edit
from sealock.model.location import Place
from sealock.model.shell import Word


def plain(word: Word) -> bool:
    """Whether the source text of the word is its value, so that an edit can insert text next to it."""
    return word.place.start >= 0 and word.place.end - word.place.start == len(word.text)


def _is_json(instruction: Run | Cmd, word: Word) -> bool:
    return instruction.form == "exec" and any(part.place == word.place for part in instruction.words)


def insert_after(instruction: Run | Cmd, word: Word, addition: str) -> tuple[Edit, ...]:
    """Insert words after a word of a command, in the instruction's form; no edit if the word is not a plain token."""
    at = Place(word.place.end, word.place.end, file=word.place.file)
    if _is_json(instruction, word):
        return (Edit(at, "".join(", " + json.dumps(part) for part in addition.split())),)
    return (Edit(at, " " + addition),) if plain(word) else ()


def replace_word(instruction: Run | Cmd, word: Word, text: str) -> tuple[Edit, ...]:
    """Replace one word with another."""
    if _is_json(instruction, word):
        return (Edit(word.place, json.dumps(text)),)
    return (Edit(word.place, text),) if plain(word) else ()


def append_command(build: Build, run: Run, line: str) -> tuple[Edit, ...]:
    """Append a command to the RUN, to run if all before it succeeded; no edit if nothing can be appended."""
    if run.form == "heredoc":
        if len(run.heredocs) != 1 or run.heredocs[0].place.start < 0:
            return ()
        end = run.heredocs[0].place.end
        before = build.text[end - 1 : end]
        return (Edit(Place(end, end), f"{line}\n" if before == "\n" else f"\n{line}"),)
    pipelines = run.script.pipelines
    if run.form != "shell" or run.heredocs or not pipelines or not run.script.is_whole or pipelines[-1].joint == "&":
        return ()
    last = pipelines[-1].commands[-1].place.end
    end = run.place.end
    if last != end or build.text[end - 1 : end] in {"&", ";", build.escape}:
        return ()
    return (Edit(Place(end, end), f" {build.escape}\n    && {line}"),)


def delete_instruction(build: Build, instruction: Instruction) -> tuple[Edit, ...]:
    """Delete an instruction with its line."""
    end = instruction.place.end
    if build.text[end : end + 2] == "\r\n":
        end += 2
    elif build.text[end : end + 1] == "\n":
        end += 1
    return (Edit(Place(instruction.place.start, end), ""),)


def insert_before(instruction: Instruction | From, line: str) -> tuple[Edit, ...]:
    """Insert a line before an instruction."""
    start = instruction.place.start
    return (Edit(Place(start, start), f"{line}\n"),)
