"""Values that look like secrets by their names and are none: echoes of the name, translations, placeholders."""

from __future__ import annotations

import re
from typing import Final

from sealock.patterns import compile_lazily

SPLIT: Final = compile_lazily(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
"""The words of a name: "dbPassword" and "DB_PASSWORD" have two."""


def words(*lines: str) -> frozenset[str]:
    """The words of some lines."""
    return frozenset(" ".join(lines).split())


_FILLERS: Final = words(
    "a an and app enter for here in insert it me my new of our please put some super test the val value your with"
)
_KINDS: Final = words("access api auth client key pass passphrase password secret token")
"""Words that name a secret, in whichever order: TOKEN=SECRET_TOKEN."""
_SAME: Final = {
    **dict.fromkeys(("pass", "passwd", "pwd", "pw", "psw"), "password"),
    **dict.fromkeys(("database", "postgres", "mysql", "sql"), "db"),
}
"""Words for one thing, in names and in values."""
_CHANGE: Final = compile_lazily(
    r"(?<!ex)(?<!inter)change[\W_]{0,3}(?:me|it|this|that|in|the|to|your|pass|secret|now|on)", re.IGNORECASE
)
_TRANSLATED: Final = compile_lazily(
    r"passw|pasw|kennwort|kenwort|wachtwoord|contrase|senha|palavra|motdepasse|mdp|parol|heslo|haslo|jelszo|losenord|"
    r"passord|adgangskode|kodeord|salasana|geslo|lozink|sifre|katasandi|slaptazod|fjalekalim|matkhau|zugang|geheim|"
    r"mima|pasahitza|pasfhocal|cyfrinair|lykilor|contrasenya|pasvort"
)
"""Parts of the word for password in other languages, without accents."""


def is_echo(name: str, value: str) -> bool:
    """Whether a value only repeats the words of its name: DB_PASSWORD=db_password, CLIENT_SECRET=my-client-secret."""
    parts = [word.lower() for word in SPLIT.findall(value)]
    joined = "".join(parts)
    if len(joined) > 60 or not joined.isalpha() or re.sub(r"[\W_]", "", value).lower() != joined:
        return False
    names = [word.lower() for word in SPLIT.findall(name)]
    if "".join(names) == joined and len(parts) > 1:
        return True
    named = {*names}
    alike = named | {word for word, same in _SAME.items() if same in named or any(_SAME.get(n) == same for n in named)}
    if len(parts) == 1:
        known = "|".join(sorted(alike | {"my", "the", "your", "new", "test"}, key=len, reverse=True))
        return re.fullmatch(f"(?:{known}){{2,4}}", joined) is not None
    return bool({*parts} & alike) and {*parts} <= alike | _FILLERS | _KINDS


def asks_to_change(value: str) -> bool:
    """Whether a value asks its reader to replace it: CHANGEME, !changeme!, change-me-to-something-secure."""
    return _CHANGE.search(value) is not None


def is_translation(value: str) -> bool:
    """Whether a value is a label of a user interface: the word for password in some language, or other writing."""
    if not {*value}.isdisjoint("0123456789"):
        return False
    if not value.isascii():
        return True  # letters of another language, which passwords rarely have
    letters = value.replace("-", "").replace("_", "").replace("'", "")
    return letters.isalpha() and _TRANSLATED.search(letters.lower()) is not None
