"""Rule ids in ignores, policies and `--only`: old ids and ids of other tools become sealock's own.

Rules are loaded only for a foreign id: a run whose policy names plain ids does not pay for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from sealock import formats
from sealock.errors import PolicyError, UsageError
from sealock.model.document import Document
from sealock.model.finding import InputError
from sealock.model.location import Source
from sealock.patterns import compile_lazily
from sealock.policy.ignores import MARK, Ignore, inline
from sealock.policy.settings import Policy
from sealock.rules.retired import RETIRED

_OWN: Final = compile_lazily(r"[A-Z]\d{3}")
_PREFIX: Final = compile_lazily(r"[A-Za-z]\d{0,2}")


class _NotOneRule(Exception):  # noqa: N818  it never leaves this module
    """An id that does not mean exactly one rule."""


def select(words: tuple[str, ...], option: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Resolve the words of `--only` or `--skip` to rule ids, with notes on old ids; UsageError for a word that is none.

    A word may be an id in any case, another tool's id, or the beginning of ids: B, or C08.
    """
    if not words:
        return (), ()
    from sealock.rules import lookup  # noqa: PLC0415  loads all rules
    from sealock.scan.manual import pages  # noqa: PLC0415  as above

    known = tuple(page for page in pages() if page.kinds != ("policy",))
    ids: list[str] = []
    notes: list[str] = []
    for word in (part.strip() for given in words for part in given.split(",")):
        prefix = word.upper() if _PREFIX.fullmatch(word) else None
        rules = lookup.by_id(known, word) or tuple(page for page in known if prefix and page.id.startswith(prefix))
        if not rules:
            about = lookup.search(known, word)[:5] if word else ()
            hint = f"; rules on this are {', '.join(page.id for page in about)}" if about else ""
            msg = f"{option}: there is no rule {word!r}{hint or lookup.suggestion(known, word)}"
            raise UsageError(msg)
        ids += [page.id for page in rules]
        notes += _notes((word.upper(),), option)
    return tuple(dict.fromkeys(ids)), tuple(notes)


def with_current_ids(policy: Policy) -> tuple[Policy, tuple[str, ...]]:
    """Resolve the ids in a policy, with notes on old ones; PolicyError for a foreign id that is not one rule's."""
    try:
        enable, skip = _current(policy.enable), _current(policy.skip)
        severity = tuple((_current((rule,))[0], word) for rule, word in policy.severity)
        raised = tuple((_current((rule,))[0], word) for rule, word in policy.raised)
        ignores = tuple(replace(ignore, rules=_current(ignore.rules)) for ignore in policy.ignores)
    except _NotOneRule as error:
        msg = f"{policy.name}: {error}"
        raise PolicyError(msg) from None
    given = (
        *policy.enable,
        *policy.skip,
        *(rule for rule, _ in (*policy.severity, *policy.raised)),
        *(id_ for ignore in policy.ignores for id_ in ignore.rules),
    )
    return replace(policy, enable=enable, skip=skip, severity=severity, raised=raised, ignores=ignores), tuple(
        _notes(given, policy.name)
    )


def inline_ignores(
    document: Document, overrides: tuple[Source, ...] = ()
) -> tuple[tuple[Ignore, ...], tuple[InputError, ...], tuple[str, ...]]:
    """Read a document's ignores and resolve their ids; also returns errors, and notes on old ids.

    They count in comments of the files that the user named: the document's own and its overrides, not others that these
    include or extend.
    """
    given: list[Ignore] = []
    errors: tuple[InputError, ...] = ()
    for source in (document.source, *overrides):
        if MARK in source.text:
            comments = formats.comments(document.kind, source)
            found, faults = inline(source, comments, override=source is not document.source)
            given += found
            errors += faults
    ignores: list[Ignore] = []
    notes: list[str] = []
    for ignore in given:
        try:
            ignores.append(replace(ignore, rules=_current(ignore.rules)))
        except _NotOneRule as error:
            errors = (*errors, InputError(f"this ignore names {error}", ignore.location, about_ignore=True))
        notes += _notes(ignore.rules, f"{ignore.location.file}:{ignore.location.line}")
    return tuple(ignores), errors, tuple(notes)


def _current(ids: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_current_id(id_) for id_ in ids))


def _current_id(id_: str) -> str:
    """The current id of a rule; ids of vulnerabilities stay as they are."""
    if _OWN.fullmatch(id_):
        return RETIRED.get(id_, id_)
    from sealock.rules import lookup  # noqa: PLC0415  most ignores name sealock's own ids

    if not lookup.FOREIGN.fullmatch(id_):
        return id_
    from sealock.scan.manual import pages  # noqa: PLC0415  loads all rules

    rules = lookup.by_id(pages(), id_)
    if len(rules) == 1:
        return rules[0].id
    several = ", ".join(page.id for page in rules)
    msg = f"{id_}, which {f'can mean {several}: name one of them' if rules else 'no rule here answers to'}"
    raise _NotOneRule(msg)


def _notes(ids: tuple[str, ...], where: str) -> Iterator[str]:
    for id_ in ids:
        if id_ in RETIRED:
            yield f"{where}: {id_} is now {RETIRED[id_]}."
