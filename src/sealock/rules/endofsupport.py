"""Until when distributions fix security flaws for free, as announced in November 2026.

Paid support (Ubuntu Pro, Extended LTS …) does not count: images do not have it. Where only a month is announced, the
day is its last.
"""

from __future__ import annotations

from typing import Final

AS_OF: Final = "2026-11-25"
"""The day to compare with, so that a result does not depend on the clock."""

ENDS: Final[dict[str, dict[str, str]]] = {
    "debian": {
        "5": "2012-02-06", "6": "2016-02-29", "7": "2018-05-31", "8": "2020-06-30", "9": "2022-06-30",
        "10": "2024-06-30", "11": "2026-08-31", "12": "2028-06-30", "13": "2030-06-30",
    },
    "ubuntu": {
        "10.04": "2015-04-30", "10.10": "2012-04-10", "11.04": "2012-10-28", "11.10": "2013-05-09",
        "12.04": "2017-04-28", "12.10": "2014-05-16", "13.04": "2014-01-27", "13.10": "2014-07-17",
        "14.04": "2019-04-25", "14.10": "2015-07-23", "15.04": "2016-02-04", "15.10": "2016-07-28",
        "16.04": "2021-04-30", "16.10": "2017-07-20", "17.04": "2018-01-13", "17.10": "2018-07-19",
        "18.04": "2023-05-31", "18.10": "2019-07-18", "19.04": "2020-01-23", "19.10": "2020-07-17",
        "20.04": "2025-05-29", "20.10": "2021-07-22", "21.04": "2022-01-20", "21.10": "2022-07-14",
        "22.04": "2027-06-01", "22.10": "2023-07-20", "23.04": "2024-01-25", "23.10": "2024-07-11",
        "24.04": "2029-05-31", "24.10": "2025-07-10", "25.04": "2026-01-15", "25.10": "2026-07-09",
        "26.04": "2031-05-29", "26.10": "2027-07-15",
    },
    "alpine": {
        "2.7": "2015-11-01", "3.0": "2016-05-01", "3.1": "2016-11-01", "3.2": "2017-05-01", "3.3": "2017-11-01",
        "3.4": "2018-05-01", "3.5": "2018-11-01", "3.6": "2019-05-01", "3.7": "2019-11-01", "3.8": "2020-05-01",
        "3.9": "2020-11-01", "3.10": "2021-05-01", "3.11": "2021-11-01", "3.12": "2022-05-01", "3.13": "2022-11-01",
        "3.14": "2023-05-01", "3.15": "2023-11-01", "3.16": "2024-05-23", "3.17": "2024-11-22", "3.18": "2025-05-09",
        "3.19": "2025-11-01", "3.20": "2026-04-01", "3.21": "2026-11-01", "3.22": "2027-05-01", "3.23": "2027-11-01",
        "3.24": "2028-05-01",
    },
    "fedora": {
        "26": "2018-05-29", "27": "2018-11-30", "28": "2019-05-28", "29": "2019-11-26", "30": "2020-05-26",
        "31": "2020-11-24", "32": "2021-05-25", "33": "2021-11-30", "34": "2022-06-07", "35": "2022-12-13",
        "36": "2023-05-16", "37": "2023-12-05", "38": "2024-05-21", "39": "2024-11-26", "40": "2025-05-13",
        "41": "2025-12-15", "42": "2026-05-13", "43": "2026-12-02", "44": "2027-06-02",
    },
    "centos": {
        "5": "2017-03-31", "6": "2020-11-30", "7": "2024-06-30", "8": "2024-05-31", "9": "2027-05-31",
        "10": "2030-01-01",
    },
    "rhel": {
        "5": "2017-03-31", "6": "2020-11-30", "7": "2024-06-30", "8": "2029-05-31", "9": "2032-05-31",
        "10": "2035-05-31",
    },
    "rocky": {"8": "2029-05-31", "9": "2032-05-31", "10": "2035-05-31"},
    "almalinux": {"8": "2029-03-01", "9": "2032-05-31", "10": "2035-05-31"},
    "ol": {"6": "2021-03-31", "7": "2024-12-31", "8": "2029-07-31", "9": "2032-06-30", "10": "2035-06-30"},
    "amzn": {
        "1": "2023-12-31", "2016.09": "2023-12-31", "2017.03": "2023-12-31", "2017.09": "2023-12-31",
        "2018.03": "2023-12-31", "2": "2026-06-30", "2023": "2029-06-30",
    },
    "opensuse-leap": {
        "42.3": "2019-07-01", "15.0": "2019-12-03", "15.1": "2021-02-02", "15.2": "2022-01-04", "15.3": "2022-12-31",
        "15.4": "2023-12-07", "15.5": "2024-12-31", "15.6": "2026-04-30", "16.0": "2027-10-31",
    },
}  # fmt: skip
"""By the ID of os-release and the version, as far as it matters: the last day.

CentOS 8 is Stream 8, the last of that number; CentOS proper had ended in 2021. AlmaLinux, Rocky and Oracle Linux count
like Red Hat, by the first number.
"""

NAMES: Final = {
    "lenny": ("debian", "5"), "squeeze": ("debian", "6"), "wheezy": ("debian", "7"), "jessie": ("debian", "8"),
    "stretch": ("debian", "9"), "buster": ("debian", "10"), "bullseye": ("debian", "11"),
    "bookworm": ("debian", "12"), "trixie": ("debian", "13"), "precise": ("ubuntu", "12.04"),
    "trusty": ("ubuntu", "14.04"), "xenial": ("ubuntu", "16.04"), "artful": ("ubuntu", "17.10"),
    "bionic": ("ubuntu", "18.04"), "cosmic": ("ubuntu", "18.10"), "disco": ("ubuntu", "19.04"),
    "eoan": ("ubuntu", "19.10"), "focal": ("ubuntu", "20.04"), "groovy": ("ubuntu", "20.10"),
    "hirsute": ("ubuntu", "21.04"), "impish": ("ubuntu", "21.10"), "jammy": ("ubuntu", "22.04"),
    "kinetic": ("ubuntu", "22.10"), "lunar": ("ubuntu", "23.04"), "mantic": ("ubuntu", "23.10"),
    "noble": ("ubuntu", "24.04"), "oracular": ("ubuntu", "24.10"), "plucky": ("ubuntu", "25.04"),
    "questing": ("ubuntu", "25.10"), "resolute": ("ubuntu", "26.04"), "stonking": ("ubuntu", "26.10"),
}  # fmt: skip
"""The code names that image tags use."""

_ALIASES: Final = {"raspbian": "debian", "redhat": "rhel", "opensuse": "opensuse-leap"}


def last_day(distribution: str, version: str) -> str:
    """The last day of security fixes, as 2024-06-30; "" where it is not known.

    For a version older than all that are listed it is the day of the oldest.
    """
    known = ENDS.get(_ALIASES.get(distribution, distribution))
    if known is None or not version:
        return ""
    parts = version.split(".")
    for key in (".".join(parts[:2]), parts[0]):
        if key in known:
            return known[key]
    oldest = min(known, key=_order)
    # "3" of Alpine may be any 3; it is older than "2.7" only where its first number is.
    older = _order(version) and _order(version) < _order(oldest)[: len(_order(version))]
    return known[oldest] if older else ""


def has_ended(distribution: str, version: str) -> bool:
    """Whether security fixes are known to have ended."""
    day = last_day(distribution, version)
    return bool(day) and day < AS_OF


def _order(version: str) -> tuple[int, ...]:
    """The first two numbers of a version; () for other text."""
    parts = version.split(".")[:2]
    return tuple(map(int, parts)) if all(part.isdecimal() and len(part) < 9 for part in parts) else ()
