"""Licences in Debian's copyright files, as SPDX expressions where they can be: GPL-2+ is GPL-2.0-or-later."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Final

from sealock.patterns import compile_lazily

MOST: Final = 64
"""Maximum licences of a package."""
_MOST_STATEMENTS: Final = MOST * 16
_LONGEST: Final = 200
"""Characters of a short name; what is longer is a text."""
_LINE: Final = 4 * _LONGEST
"""Characters behind "License:" that are read."""
_WINDOW: Final = 3000
"""Characters before a reference to a licence's text that may say which versions apply."""
_GNU: Final = compile_lazily(r"(A|L|)GPL(?:[- ]?v?([123])(?:\.(\d))?(?:\.0)?)?(\+|-or-later|-only|)", re.IGNORECASE)
_GFDL: Final = compile_lazily(r"GFDL(-NIV)?-(1\.[123])(\+)?(-no-invariants?)?", re.IGNORECASE)
_EXCEPTION: Final = compile_lazily(
    r"(\S+?)(?: with |-with-|-)(?:the )?([a-z][a-z0-9.-]{1,30})[ -]exception", re.IGNORECASE
)
_REFERENCE: Final = compile_lazily(r"/usr/share/common-licenses/([A-Za-z]+(?:-\d(?:\.\d)?)?)")
_VERSION: Final = compile_lazily(r"version (\d(?:\.\d)?)(?:,|\)| \(| or | of | as )", re.IGNORECASE)
_STATED: Final = compile_lazily(
    r"GNU (Lesser |Library |)General Public License,? (?:\w{1,8} )?version (\d(?:\.\d)?)(.{0,60}?later version)?",
    re.IGNORECASE,
)
_LATER: Final = compile_lazily(r"later version|or later|or newer|newer version", re.IGNORECASE)
_IDS: Final = (
    "0BSD Apache-2.0 Artistic-1.0 Artistic-1.0-Perl Artistic-2.0 Artistic-dist Beerware BSD-1-Clause BSD-2-Clause "
    "BSD-3-Clause BSD-4-Clause BSD-4-Clause-UC BSL-1.0 CC-BY-3.0 CC-BY-4.0 CC-BY-SA-3.0 CC-BY-SA-4.0 CC0-1.0 curl "
    "FSFAP FSFUL FSFULLR FTL HPND ICU ISC Latex2e LPPL-1.3c MIT MPL-1.1 MPL-2.0 MS-PL NTP OFL-1.1 OpenSSL "
    "PHP-3.01 PostgreSQL PSF-2.0 Python-2.0 Ruby Sleepycat TCL Unlicense Vim W3C WTFPL X11 Zlib ZPL-2.1"
)
NAMES: Final = {name.lower(): name for name in _IDS.split()} | {
    "apache-2": "Apache-2.0",
    "artistic": "Artistic-1.0-Perl",
    "artistic-2": "Artistic-2.0",
    "bsd": "BSD-3-Clause",
    "bsl-1": "BSL-1.0",
    "bzip": "bzip2-1.0.6",
    "cc0": "CC0-1.0",
    "expat": "MIT",
    "mit/x11": "MIT",
    "mpl-1": "MPL-1.0",
    "mpl-2": "MPL-2.0",
    "psf-2": "PSF-2.0",
}
"""The ids, by the short names of copyright files in lower case."""
EXCEPTIONS: Final = {
    "autoconf": ("Autoconf-exception-2.0", "Autoconf-exception-3.0"),
    "bison": ("Bison-exception-2.2", "Bison-exception-2.2"),
    "bison-2.2": ("Bison-exception-2.2", "Bison-exception-2.2"),
    "classpath": ("Classpath-exception-2.0", "Classpath-exception-2.0"),
    "font": ("Font-exception-2.0", "Font-exception-2.0"),
    "gcc": ("GCC-exception-2.0", "GCC-exception-3.1"),
    "libtool": ("Libtool-exception", "Libtool-exception"),
    "linux-syscall-note": ("Linux-syscall-note", "Linux-syscall-note"),
    "texinfo": ("Texinfo-exception", "Texinfo-exception"),
}
"""The exceptions, to version 2 and to version 3 of the GPL."""
TEXTS: Final = (
    ("MIT", ("Permission is hereby granted, free of charge, to any person obtaining a copy",)),
    ("ISC", ("copy, modify, and distribute this software for any purpose with or without fee is hereby granted",)),
    ("ISC", ("copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted",)),
    ("Zlib", ("must be plainly marked as such, and must not be misrepresented as being the original software",)),
    ("OpenSSL", ("Redistribution and use in source and binary forms", "OpenSSL License")),
    (
        "BSD-4-Clause",
        ("Redistribution and use in source and binary forms", "advertising materials mentioning features"),
    ),
    ("BSD-3-Clause", ("Redistribution and use in source and binary forms", "endorse or promote products derived")),
    ("BSD-2-Clause", ("Redistribution and use in source and binary forms",)),
)
"""Sentences of licences that stand in copyright files in full; the first row of each first sentence counts."""


def licences(text: str) -> tuple[str, ...]:
    """The licences of a copyright file, each once, without those that are only prose."""
    structured = text.lstrip()[:6].lower() == "format"
    statements = _declared(text) if structured else _mentioned(" ".join(text.split()))
    return tuple(islice(dict.fromkeys(statements), MOST))


def _declared(text: str) -> Iterator[str]:
    """The short names of a machine-readable file (DEP 5): most stand there many times."""
    parts = text.split("\nLicense:", _MOST_STATEMENTS)[1:]
    for short in dict.fromkeys(" ".join(part[:_LINE].partition("\n")[0].split()) for part in parts):
        if short and len(short) <= _LONGEST and short.isprintable():
            yield expression(short)


def _mentioned(text: str) -> Iterator[str]:
    """Licences in prose: references to Debian's copies and texts in full, else what it states."""
    names = [*_references(text), *_full_texts(text)]
    if not names:
        stated = islice(_STATED.finditer(text), MOST)
        names += [_id(f"{'L' if match[1] else ''}GPL-{match[2]}{'+' if match[3] else ''}") for match in stated]
    yield from filter(None, names or ["public-domain" if "in the public domain" in text else ""])


def _references(text: str) -> Iterator[str]:
    """References to Debian's copies of licences, with the versions that the text before them allows."""
    end = 0
    for match in islice(_REFERENCE.finditer(text), _MOST_STATEMENTS):
        before = text[max(end, match.start() - _WINDOW) : match.start()]
        end = match.end()
        name, dash, version = match[1].partition("-")
        if name.upper() in {"GPL", "LGPL", "GFDL"}:
            if not dash and (stated := _VERSION.findall(before)):
                version = stated[-1]
            later = "+" if version and _LATER.search(before) else ""
            name = f"{name}-{version}{later}" if version else name
        else:
            name = match[1]
        yield _id(name)


def _full_texts(text: str) -> Iterator[str]:
    opened: set[str] = set()
    for name, sentences in TEXTS:
        if sentences[0] not in opened and all(sentence in text for sentence in sentences):
            opened.add(sentences[0])
            yield name


@lru_cache(4096)
def expression(short: str) -> str:
    """A short name of DEP 5, which may join several, as an SPDX expression; unchanged where a part has no id."""
    parts = [_alternatives(part) for part in re.split(r", *and ", short)]
    if not all(parts):
        return short
    if len(parts) == 1:
        return parts[0]
    return " AND ".join(f"({part})" if " OR " in part else part for part in parts)


def _alternatives(text: str) -> str:
    return _joined(" OR ", (_together(part) for part in re.split(r",? (?:or|and/or) ", text, flags=re.IGNORECASE)))


def _together(text: str) -> str:
    return _joined(" AND ", (_id(part.strip()) for part in re.split(r" and ", text, flags=re.IGNORECASE)))


def _joined(glue: str, parts: Iterable[str]) -> str:
    """Each part once; "" if one is unknown."""
    known = dict.fromkeys(parts)
    return "" if "" in known else glue.join(known)


def _id(name: str) -> str:
    """The SPDX id of one short name, perhaps with an exception; "" for none."""
    if known := NAMES.get(name.lower()):
        return known
    if name.lower() == "perl":
        return "GPL-1.0-or-later OR Artistic-1.0-Perl"
    if match := _GNU.fullmatch(name):
        return _gnu(match)
    if match := _GFDL.fullmatch(name):
        plain = "-no-invariants" if match[1] or match[4] else ""
        return f"GFDL-{match[2]}{plain}{'-or-later' if match[3] else '-only'}"
    if (match := _EXCEPTION.fullmatch(name)) and (base := _id(match[1])) and match[2].lower() in EXCEPTIONS:
        second, third = EXCEPTIONS[match[2].lower()]
        return f"{base} WITH {third if '-3.0-' in base else second}"
    return ""


def _gnu(match: re.Match[str]) -> str:
    family, major, minor, later = match[1].upper(), match[2], match[3] or "0", match[4]
    if not major:
        return {"": "GPL-1.0-or-later", "L": "LGPL-2.0-or-later"}.get(family, "")
    version = f"{major}.{minor}"
    if version not in {"": ("1.0", "2.0", "3.0"), "L": ("2.0", "2.1", "3.0"), "A": ("1.0", "3.0")}[family]:
        return ""
    return f"{family}GPL-{version}{'-or-later' if later in {'+', '-or-later'} else '-only'}"
