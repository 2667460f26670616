"""Files of environment variables that run lines and units name."""

from __future__ import annotations

from msgspec.structs import replace

from sealock.formats.compose.dotenv import parse_raw
from sealock.formats.files import FileRefusedError, FileWindow
from sealock.model.project import ProjectFile
from sealock.secrets.values import find_secret


def describe_env_file(files: FileWindow, path: str) -> ProjectFile:
    """What is known of such a file; where it can be read, also whether variables in it hold secrets."""
    fact = files.fact(path)
    try:
        text = files.text(path)
    except FileRefusedError:
        return fact
    return replace(fact, has_secrets=any(value and find_secret(name, value) for name, value, _ in parse_raw(text)))
