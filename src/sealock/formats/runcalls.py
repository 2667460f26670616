"""Words that show, without parsing, whether a text may start containers, and which shell it is for."""

from __future__ import annotations

import re
from typing import Final

from sealock.model.shell import BOURNE
from sealock.patterns import compile_lazily

_VERB: Final = compile_lazily(r"\b(?:run|create|exec|update|build)\b")
_MENTION: Final = compile_lazily(
    r"^(?![ \t]*(?:#|//|;|::|rem\b))[^\n]{0,2000}?\b(?:docker|podman|nerdctl)(?:\.exe)?\b(?:[\"',]*[ \t]|[\"'],)"
    r"[^\n#]{0,200}?\b(?:run|create|exec|update|build)\b",
    re.MULTILINE | re.IGNORECASE,
)
_OF_IMAGE: Final = compile_lazily(
    r"(?:\bimage|\bentrypoint|\bcommand)[\"']?[ \t]*:(?:[ \t\[\"']|\n[ \t]*- )*(?:[\w.-]+/){0,2}"
    r"docker(?:[:@][\w.:@-]+)?[\"']?[ \t]*(?:[\]\r\n,}#]|$)"
)
"""Docker's own image, or its program, as that of a container."""
ENGINES: Final = ("docker", "podman", "nerdctl")
_NAMES: Final = (*ENGINES, *map(str.upper, ENGINES))
"""As programs are written, and variables: `$DOCKER exec` may stand in a text without the program's name."""
VARIABLE_RUN: Final = r"\$[\w({][^\s|;&]{0,60}[ \t]+(?:container[ \t]+)?(?:run|create)[ \t]+[-\\\"'$]"
"""A variable before a verb and an option: the program may be an engine that the text does not name."""
FILLED_RUN: Final = r"\{\{[^{}\n]{1,100}\}\}[ \t]+(?:container[ \t]+)?(?:run|create)[ \t]+[-\\\"'$]"
"""The same of what a template engine fills in, such as Ansible's."""
FUNCTION_RUN: Final = r"(?<![\w$./{-])[A-Za-z_][\w-]*[ \t]+(?:container[ \t]+)?(?:run|create)[ \t]+[-\\\"'$]"
"""A command before a verb and an option: a function of a file that the text sources may be an engine."""
SOURCES: Final = r"(?:^|[\s;&{])(?:\.|source)[ \t]+[\w.\"'$/]"
_FUNCTION_RUN: Final = compile_lazily(FUNCTION_RUN)
_SOURCES: Final = compile_lazily(SOURCES)
_VARIABLE_RUN: Final = compile_lazily(f"{VARIABLE_RUN}|{FILLED_RUN}")


def may_name_engine(text: str) -> bool:
    """Whether a text names an engine, or has a variable that may stand for one."""
    return any(name in text for name in _NAMES) or (" run" in text and _VARIABLE_RUN.search(text) is not None)


def may_run(text: str) -> bool:
    """Whether a text names an engine and one of its verbs: without both, it has no run line."""
    return may_name_engine(text) and _VERB.search(text) is not None


def sources_engine(text: str) -> bool:
    """Whether a script sources a file, and has a command that may be an engine's by a function of that file."""
    return _SOURCES.search(text) is not None and _FUNCTION_RUN.search(text) is not None


def mentions_run(text: str) -> bool:
    """Whether a line that is no comment has an engine's name followed by a verb that says what a container gets."""
    return any(engine in text for engine in ENGINES) and (_MENTION.search(text) is not None or gives_run_to_image(text))


def may_hide_run(text: str) -> bool:
    """Whether a text has a line with an engine and a verb, or a command that may stand for an engine's."""
    joined = text.replace("\\\r\n", "").replace("\\\n", "")
    return mentions_run(joined) or _VARIABLE_RUN.search(joined) is not None or sources_engine(joined)


def gives_run_to_image(text: str) -> bool:
    """Whether a text may give a verb to the program `docker` of a container."""
    return _OF_IMAGE.search(text) is not None and _VERB.search(text) is not None


def interpreter(text: str) -> str:
    """The name of the shebang's interpreter, or of the shell that it starts (`with-contenv bash`); "" without one."""
    if not text.startswith("#!"):
        return ""
    words = text[2 : text.find("\n") if "\n" in text else len(text)][:300].replace("/usr/bin/env", "").split()
    names = [word.rpartition("/")[2] for word in words if not word.startswith("-") and "=" not in word]
    return next((name for name in names if name in BOURNE), names[0] if names else "")


def is_bourne(name: str) -> bool:
    """Whether a shell of this name is read."""
    return name in BOURNE
