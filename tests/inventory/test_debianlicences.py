from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.inventory import _debianlicences
from sealock.inventory._debianlicences import MOST, expression, licences
from sealock.reports.sbom.licences import licence
from support.draws import draws
from support.linecount import grows

SHORT_NAMES = [
    ("GPL-2+", "GPL-2.0-or-later"),
    ("GPL-2", "GPL-2.0-only"),
    ("GPL-2.0+", "GPL-2.0-or-later"),
    ("GPL-3.0", "GPL-3.0-only"),
    ("GPLv2+", "GPL-2.0-or-later"),
    ("GPL", "GPL-1.0-or-later"),
    ("LGPL", "LGPL-2.0-or-later"),
    ("LGPL-2", "LGPL-2.0-only"),
    ("LGPL-2.1+", "LGPL-2.1-or-later"),
    ("AGPL-3+", "AGPL-3.0-or-later"),
    ("GPL-2.0-only", "GPL-2.0-only"),
    ("GFDL-1.3+", "GFDL-1.3-or-later"),
    ("GFDL-NIV-1.3", "GFDL-1.3-no-invariants-only"),
    ("GFDL-1.3+-no-invariant", "GFDL-1.3-no-invariants-or-later"),
    ("Expat", "MIT"),
    ("MIT/X11", "MIT"),
    ("BSD-3-clause", "BSD-3-Clause"),
    ("BSD", "BSD-3-Clause"),
    ("Apache-2", "Apache-2.0"),
    ("Artistic", "Artistic-1.0-Perl"),
    ("zlib", "Zlib"),
    ("ISC", "ISC"),
    ("CC0", "CC0-1.0"),
    ("GPL-1+ or Artistic", "GPL-1.0-or-later OR Artistic-1.0-Perl"),
    ("GPL-2+ and ISC", "GPL-2.0-or-later AND ISC"),
    ("BSD-3-clause and/or GPL-3+", "BSD-3-Clause OR GPL-3.0-or-later"),
    ("GPL-1+ or Artistic, and Expat", "(GPL-1.0-or-later OR Artistic-1.0-Perl) AND MIT"),
    ("MPL-1.1 or GPL-2+ or LGPL-2.1+", "MPL-1.1 OR GPL-2.0-or-later OR LGPL-2.1-or-later"),
    ("Expat or MIT", "MIT"),
    ("GPL-3+ with Autoconf exception", "GPL-3.0-or-later WITH Autoconf-exception-3.0"),
    ("GPL-2+ with Autoconf exception", "GPL-2.0-or-later WITH Autoconf-exception-2.0"),
    ("GPL-3+-WITH-BISON-EXCEPTION", "GPL-3.0-or-later WITH Bison-exception-2.2"),
    ("GPL-2 with Linux-syscall-note exception", "GPL-2.0-only WITH Linux-syscall-note"),
]
NO_IDS = [
    "public-domain",
    "GPL-9",
    "GPL-2.5",
    "LGPL-1",
    "GPL-2+ with other exception",
    "GPL-9 with Autoconf exception",
    "GPL-2+ or OWN",
    "permissive",
]


@pytest.mark.parametrize(("short", "spdx"), SHORT_NAMES)
def test_a_short_name_becomes_an_spdx_expression(short: str, spdx: str) -> None:
    assert expression(short) == spdx
    assert licence(spdx).expression == spdx


@pytest.mark.parametrize("short", NO_IDS)
def test_a_name_without_an_id_stays_as_it_is(short: str) -> None:
    assert expression(short) == short


def test_every_id_is_one_of_the_spdx_list() -> None:
    ids = {*_debianlicences.NAMES.values(), *(name for name, _ in _debianlicences.TEXTS)}
    assert {name for name in ids if licence(name).expression != name} == set()
    exceptions = {name for pair in _debianlicences.EXCEPTIONS.values() for name in pair}
    assert {name for name in exceptions if not licence(f"GPL-2.0-only WITH {name}").expression} == set()


GNU = "under the terms of the GNU General Public License as published by the Free Software Foundation; "
COPIES = "/usr/share/common-licenses/"
FREE = "Redistribution and use in source and binary forms, with or without\nmodification, are permitted"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (f"{GNU}either version 2, or (at your option) any later version. See\n{COPIES}GPL-2.", ["GPL-2.0-or-later"]),
        (f"{GNU}version 2 of the License.\nSee `{COPIES}GPL-2'.", ["GPL-2.0-only"]),
        (f"{GNU}either version 2, or (at\nyour option) any later\nversion. See {COPIES}GPL.", ["GPL-2.0-or-later"]),
        (f"The GPL is in {COPIES}GPL and the LGPL in {COPIES}LGPL", ["GPL-1.0-or-later", "LGPL-2.0-or-later"]),
        (f"any later version: {COPIES}LGPL-2.1, only this one: {COPIES}GPL-3", ["LGPL-2.1-or-later", "GPL-3.0-only"]),
        (f"{COPIES}Apache-2.0 {COPIES}Artistic {COPIES}BSD", ["Apache-2.0", "Artistic-1.0-Perl", "BSD-3-Clause"]),
        (f"{COPIES}GPL-2 and once more {COPIES}GPL-2", ["GPL-2.0-only"]),
        (f"{COPIES}Unknown-1", []),
        ("Permission is hereby granted, free of charge, to any\nperson obtaining a copy of this software", ["MIT"]),
        (f"{FREE}", ["BSD-2-Clause"]),
        (f"{FREE} ... to endorse or promote products derived from it", ["BSD-3-Clause"]),
        (
            f"{FREE} All advertising materials mentioning features. endorse or promote products derived",
            ["BSD-4-Clause"],
        ),
        (f"OpenSSL License: {FREE}. All advertising materials mentioning features", ["OpenSSL"]),
        (
            "GNU Lesser General Public License, version 2.1 (or, at your option, any later version)",
            ["LGPL-2.1-or-later"],
        ),
        ("This database is in the public domain.", ["public-domain"]),
        (f"parts are in the public domain, others not: {COPIES}GPL-2", ["GPL-2.0-only"]),
        ("Copyright somebody. All rights reserved.", []),
    ],
)
def test_prose_names_licences_by_debians_copies_and_by_their_texts(text: str, names: list[str]) -> None:
    assert list(licences(text)) == names


def test_two_spellings_of_a_licence_are_told_once() -> None:
    assert licences("Format: x\n\nLicense: BSD-3-clause\n\nLicense: BSD-3-Clause\n") == ("BSD-3-Clause",)


def test_the_licences_of_a_file_have_a_limit() -> None:
    assert len(licences("Format: x\n" + "".join(f"\nLicense: L{number}\n" for number in range(500)))) == MOST


@pytest.mark.parametrize(
    "piece",
    [
        f"{COPIES}GPL ",
        "version 2 of ",
        "GNU General Public License version 2 ",
        "\nLicense: GPL-2+ or ",
        "a and ",
        "x ",
    ],
)
@pytest.mark.parametrize("start", ["", "Format: x\n"])
def test_twice_the_text_is_twice_the_work(start: str, piece: str) -> None:
    def work(times: int) -> None:
        licences(start + piece * times)

    assert grows(lambda: work(500), lambda: work(1000)) < 2.6


@draws(200)
@given(st.text(alphabet="GPLA-123.+ orandwith,()Format:License\n/", max_size=300))
def test_any_text_has_printable_licences_each_once(text: str) -> None:
    found = licences(text)
    assert len(found) == len(set(found))
    assert all(name and name.isprintable() for name in found)
