"""Until when versions get security fixes for free: distributions, Docker Engine, and the programs of official images.

The tables hold what was announced on the day TAKEN; a newer record, which `sealock db update` fetches, comes before
them. The rules compare with the day of the run. Paid support (Ubuntu
Pro, Extended LTS …) does not count: images do not have it. Where only a month is announced, the day is its last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import cached_property
from typing import Final

from msgspec import Struct

TAKEN: Final = "2026-11-25"
"""The day on which the tables were compiled."""

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
        "42.1": "2017-05-17", "42.2": "2018-01-26", "42.3": "2019-07-01", "15.0": "2019-12-03", "15.1": "2021-02-02",
        "15.2": "2022-01-04", "15.3": "2022-12-31", "15.4": "2023-12-07", "15.5": "2024-12-31", "15.6": "2026-04-30",
        "16.0": "2027-10-31",
    },
    "sles": {
        "11.4": "2019-03-31", "12.0": "2016-06-30", "12.1": "2017-05-31", "12.2": "2018-03-31", "12.3": "2019-06-30",
        "12.4": "2020-06-30", "12.5": "2024-10-31", "15.0": "2019-12-31", "15.1": "2021-01-31", "15.2": "2021-12-31",
        "15.3": "2022-12-31", "15.4": "2023-12-31", "15.5": "2024-12-31", "15.6": "2025-12-31", "15.7": "2031-07-31",
    },
    "mariner": {"1.0": "2023-07-31", "2.0": "2025-07-31"},
    "azurelinux": {"3.0": "2027-08-31"},
    "mageia": {
        "1": "2012-12-01", "2": "2013-11-22", "3": "2014-11-26", "4": "2015-09-19", "5": "2017-12-31",
        "6": "2019-09-30", "7": "2021-06-30", "8": "2023-11-30",
    },
    "openeuler": {
        "20.03": "2025-11-30", "22.03": "2026-06-30", "23.03": "2023-09-30", "23.09": "2024-03-31",
        "24.03": "2027-12-31", "24.09": "2025-03-31", "25.03": "2025-09-30", "25.09": "2026-03-31",
        "26.09": "2027-03-31",
    },
    "photon": {"3.0": "2024-03-31"},
}  # fmt: skip
"""The last day of distributions, by the ID of os-release and the version, as their own release pages announce it.

The versions of each stand in the order of their release.

CentOS 8 is Stream 8, the last of that number; CentOS proper had ended in 2021. AlmaLinux, Rocky and Oracle Linux count
like Red Hat, by the first number. A release of openEuler with service packs has the day of the last one.
"""

PROGRAMS: Final[dict[str, dict[str, str]]] = {
    "docker": {
        "17.03": "2017-05-05", "17.04": "2017-06-04", "17.05": "2017-07-28", "17.06": "2017-09-29",
        "17.07": "2017-10-26", "17.09": "2017-11-17", "17.10": "2017-12-20", "17.11": "2018-01-27",
        "17.12": "2018-02-10", "18.01": "2018-03-07", "18.02": "2018-04-21", "18.03": "2018-05-10",
        "18.04": "2018-06-09", "18.05": "2018-08-18", "18.06": "2018-12-08", "18.09": "2019-08-22",
        "19.03": "2021-01-08", "20.10": "2023-12-10", "23.0": "2025-05-19", "24.0": "2024-06-08",
        "25.0": "2026-12-04", "26.0": "2024-06-08", "26.1": "2025-02-17", "27": "2025-05-03", "28": "2026-05-13",
    },
    "elasticsearch": {
        "6": "2022-02-10", "7": "2026-01-15", "8.16": "2025-04-15", "8.17": "2025-08-12", "8.18": "2025-10-21",
        "8.19": "2027-07-15", "9.0": "2025-10-23", "9.1": "2026-02-03", "9.2": "2026-05-05", "9.3": "2026-08-04",
    },
    "erlang": {
        "17": "2018-10-11", "18": "2018-11-09", "19": "2019-06-21", "20": "2020-06-21", "21": "2021-06-19",
        "22": "2024-03-18", "23": "2024-03-14", "24": "2024-05-10", "25": "2025-05-17", "26": "2026-05-26",
        "27": "2027-05-20", "28": "2028-05-20", "29": "2029-05-11",
    },
    "golang": {
        "1.10": "2019-02-25", "1.11": "2019-09-03", "1.12": "2020-02-25", "1.13": "2020-08-11", "1.14": "2021-02-16",
        "1.15": "2021-08-16", "1.16": "2022-03-15", "1.17": "2022-08-02", "1.18": "2023-02-01", "1.19": "2023-09-06",
        "1.20": "2024-02-06", "1.21": "2024-08-13", "1.22": "2025-02-11", "1.23": "2025-08-12", "1.24": "2026-02-10",
        "1.25": "2026-08-19",
    },
    "mariadb": {
        "5.1": "2015-02-01", "5.2": "2015-11-10", "5.3": "2017-03-01", "5.5": "2020-04-11", "10.0": "2019-03-31",
        "10.1": "2020-10-17", "10.2": "2022-05-23", "10.3": "2023-05-25", "10.4": "2024-06-18", "10.5": "2025-06-24",
        "10.6": "2026-07-06", "10.7": "2023-02-09", "10.8": "2023-05-20", "10.9": "2023-08-22", "10.10": "2023-11-17",
        "10.11": "2028-02-16", "11.0": "2024-06-06", "11.1": "2024-08-21", "11.2": "2024-11-21", "11.3": "2024-05-29",
        "11.4": "2029-05-29", "11.5": "2024-11-21", "11.6": "2025-02-13", "11.7": "2025-05-12", "11.8": "2028-06-04",
        "12.0": "2025-11-18", "12.1": "2026-02-13", "12.2": "2026-05-28", "12.3": "2029-06-12",
    },
    "mongo": {
        "1.0": "2010-08-31", "1.2": "2011-06-30", "1.4": "2012-09-30", "1.6": "2012-02-28", "1.8": "2012-09-30",
        "2.0": "2013-03-31", "2.2": "2014-02-28", "2.4": "2013-03-31", "2.6": "2016-10-31", "3.0": "2018-02-28",
        "3.2": "2018-09-30", "3.4": "2020-01-31", "3.6": "2021-04-30", "4.0": "2022-04-30", "4.2": "2023-04-30",
        "4.4": "2024-02-29", "5.0": "2024-10-31", "5.1": "2022-01-19", "5.2": "2022-03-23", "5.3": "2022-07-19",
        "6.0": "2025-07-31", "6.1": "2023-02-09", "6.2": "2023-04-24", "6.3": "2023-08-31", "7.0": "2027-08-31",
        "7.1": "2024-01-23", "7.2": "2024-03-27", "7.3": "2024-10-02", "8.0": "2029-10-31", "8.1": "2025-09-30",
        "8.2": "2026-07-31", "8.3": "2029-10-31",
    },
    "mysql": {
        "5.5": "2018-12-31", "5.6": "2021-02-28", "5.7": "2023-10-31", "8.0": "2026-04-30", "8.1": "2023-10-25",
        "8.2": "2023-12-14", "8.3": "2024-04-10", "8.4": "2032-04-30", "9.0": "2024-10-15", "9.1": "2025-01-21",
        "9.2": "2025-04-15", "9.3": "2025-07-22", "9.4": "2025-10-21", "9.5": "2026-01-20", "9.6": "2026-04-21",
        "9.7": "2034-04-21",
    },
    "node": {
        "4": "2018-04-30", "5": "2016-06-30", "6": "2019-04-30", "7": "2017-06-30", "8": "2019-12-31",
        "9": "2018-06-30", "10": "2021-04-30", "11": "2019-06-30", "12": "2022-04-30", "13": "2020-06-01",
        "14": "2023-04-30", "15": "2021-06-01", "16": "2023-09-11", "17": "2022-06-01", "18": "2025-04-30",
        "19": "2023-06-01", "20": "2026-04-30", "21": "2024-06-01", "22": "2027-04-30", "23": "2025-06-01",
        "24": "2028-04-30", "25": "2026-06-01", "26": "2029-04-30",
    },
    "php": {
        "5.0": "2005-09-05", "5.1": "2006-08-24", "5.2": "2011-01-06", "5.3": "2014-08-14", "5.4": "2015-09-14",
        "5.5": "2016-07-21", "5.6": "2018-12-31", "7.0": "2019-01-10", "7.1": "2019-12-01", "7.2": "2020-11-30",
        "7.3": "2021-12-06", "7.4": "2022-11-28", "8.0": "2023-11-26", "8.1": "2025-12-31", "8.2": "2026-12-31",
        "8.3": "2027-12-31", "8.4": "2028-12-31", "8.5": "2029-12-31",
    },
    "postgres": {
        "6.3": "2003-03-01", "6.4": "2003-10-30", "6.5": "2004-06-09", "7.0": "2005-05-08", "7.1": "2006-04-13",
        "7.2": "2007-02-04", "7.3": "2007-11-27", "7.4": "2010-10-01", "8.0": "2010-10-01", "8.1": "2010-11-08",
        "8.2": "2011-12-05", "8.3": "2013-02-07", "8.4": "2014-07-24", "9.0": "2015-10-08", "9.1": "2016-10-27",
        "9.2": "2017-11-09", "9.3": "2018-11-08", "9.4": "2020-02-13", "9.5": "2021-02-11", "9.6": "2021-11-11",
        "10": "2022-11-10", "11": "2023-11-09", "12": "2024-11-21", "13": "2025-11-13", "14": "2026-11-12",
        "15": "2027-11-11", "16": "2028-11-09", "17": "2029-11-08", "18": "2030-11-14",
    },
    "python": {
        "2.6": "2013-10-29", "2.7": "2020-01-01", "3.0": "2009-06-27", "3.1": "2012-04-09", "3.2": "2016-02-20",
        "3.3": "2017-09-29", "3.4": "2019-03-18", "3.5": "2020-09-30", "3.6": "2021-12-23", "3.7": "2023-06-27",
        "3.8": "2024-10-07", "3.9": "2025-10-31", "3.10": "2026-10-31", "3.11": "2027-10-31", "3.12": "2028-10-31",
        "3.13": "2029-10-31", "3.14": "2030-10-31",
    },
    "redis": {
        "5.0": "2022-04-27", "6.0": "2022-05-31", "6.2": "2027-04-01", "7.0": "2024-07-29", "7.2": "2029-12-01",
        "7.4": "2029-12-01", "8.0": "2026-12-01", "8.2": "2030-09-01",
    },
    "ruby": {
        "1.9": "2015-02-23", "2.0": "2016-02-24", "2.1": "2017-03-31", "2.2": "2018-03-31", "2.3": "2019-03-31",
        "2.4": "2020-03-31", "2.5": "2021-03-31", "2.6": "2022-03-31", "2.7": "2023-03-31", "3.0": "2024-04-23",
        "3.1": "2025-03-26", "3.2": "2026-03-31", "3.3": "2027-03-31", "3.4": "2028-03-31", "4.0": "2029-03-31",
    },
}  # fmt: skip
"""The last day of programs, by the name of their official image, from https://endoflife.date as of August 2026.

"docker" is Docker Engine, by Moby's project/BRANCHES-AND-TAGS.md. A version that has no last day yet is not listed.
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


ALREADY: Final = "0001-01-01"
"""The day of a version whose support ended on an unknown day."""


class SupportRecord(Struct, frozen=True):
    """The last days that a source gave on a day, by product and version."""

    taken: str
    days: Mapping[str, Mapping[str, str]]


class SupportDays:
    """The last days of support: those of the tables, and those of a record, of which the newer come first.

    `load` gives the record; it is called when a rule asks for the first day.
    """

    def __init__(self, load: Callable[[], SupportRecord | None] = lambda: None) -> None:
        self._load = load

    @cached_property
    def _days(self) -> Mapping[str, Mapping[str, str]]:
        tables, record = {**ENDS, **PROGRAMS}, self._load()
        if record is None:
            return tables
        older, newer = (record.days, tables) if record.taken < TAKEN else (tables, record.days)
        return {product: _joined(older.get(product, {}), newer.get(product, {})) for product in {*older, *newer}}

    def last_day(self, product: str, version: str) -> str:
        """The last day of security fixes for a distribution or program, as 2024-06-30; "" where it is not known.

        For a version older than all that are listed it is the day of the oldest. One number names the newest version
        of a program that begins with it: "python 2" is 2.7. Zeros alone, as in 0.0.0, are a placeholder and no version.
        """
        if not version or not product:
            return ""
        days = self._days.get(_ALIASES.get(product, product))
        if not days:
            return ""
        parts = version.split(".")
        for key in (".".join(parts[:2]), parts[0]):
            if key in days:
                return days[key]
        order, oldest = _order(version), min(days, key=_order)
        # "3" of Alpine may be any 3; it is older than "2.7" only where its first number is.
        if any(order) and order < _order(oldest)[: len(order)]:
            return days[oldest]
        # The newest series may get more versions.
        if product in PROGRAMS and len(order) == 1 and order < max(map(_order, days))[:1]:
            return max((day for key, day in days.items() if _order(key)[:1] == order), default="")
        return ""

    def ended(self, product: str, version: str, today: date) -> str:
        """The last day in words, where security fixes are known to have ended before a day; else ""."""
        day = self.last_day(product, version)
        if not day or day >= today.isoformat():
            return ""
        return "an unknown day" if day == ALREADY else day


def _joined(older: Mapping[str, str], newer: Mapping[str, str]) -> Mapping[str, str]:
    # A day says more than that support has ended.
    return {**older, **{version: day for version, day in newer.items() if day != ALREADY or version not in older}}


TABLES: Final = SupportDays()
"""The tables by themselves."""


def newest_release(product: str) -> str:
    """The newest release of a distribution that the table holds: the last, as Leap 42.3 came before 15.0."""
    return next(reversed(ENDS[product]))


def newer_release(product: str, version: str) -> str:
    """The newest release of a distribution, where a version is older; "" where it is not, or the table has none."""
    newest = newest_release(product) if product in ENDS else ""
    if newest and version in ENDS[product]:
        return newest if version != newest else ""
    return newest if newest and () < _order(version) < _order(newest) else ""


def _order(version: str) -> tuple[int, ...]:
    """The first two numbers of a version; () for other text."""
    parts = version.split(".")[:2]
    return tuple(map(int, parts)) if all(part.isdecimal() and len(part) < 9 for part in parts) else ()
