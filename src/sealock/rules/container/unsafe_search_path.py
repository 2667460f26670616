from __future__ import annotations

from sealock.patterns import compile_lazily
from sealock.rules.kit import Container, Iterator, Rule, RuleFinding, Severity, cwe, given, man

_ENTRY = compile_lazily(r"(?:\$\{(?:[^{}]|\$\{[^{}]*\})*\}|[^:])*")
"""An entry of a list; a colon inside ${…} (`${OLD:+${OLD}:}`) separates nothing."""
_WINDOWS = compile_lazily(r"(?:^|.*;)[A-Za-z]:\\")
"""A list of Windows, which semicolons separate."""
_WRITABLE = ("/tmp", "/var/tmp", "/dev/shm", "/run/user")  # noqa: S108  the container's own
_LISTS = frozenset({"PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "PERL5LIB", "RUBYLIB", "NODE_PATH"})
_SINGLE = frozenset({"LD_PRELOAD", "LD_AUDIT", "PYTHONSTARTUP", "PERL5OPT", "BASH_ENV"})


def _weak(entry: str) -> str | None:
    """Explain why an entry of a search path is unsafe, or return None."""
    if entry in {"", "."} or entry.startswith("./"):
        return "the current directory"
    if entry.startswith("/"):
        return f"world-writable {entry}" if _open(entry) else None
    return None if entry.startswith(("$", "~", "%")) or entry[1:3] == ":\\" else f"the relative directory {entry}"


def _open(path: str) -> bool:
    return any(path == parent or path.startswith(f"{parent}/") for parent in _WRITABLE)


def _entries(value: str) -> Iterator[str]:
    if _WINDOWS.match(value):
        yield from filter(None, value.split(";"))  # an empty entry is none there
        return
    at = 0
    while (match := _ENTRY.match(value, at)) is not None:
        yield match[0]
        at = match.end() + 1
        if match.end() == len(value):
            return


class UnsafeSearchPath(Rule[Container]):
    """World-writable directory in a search path (PATH, LD_LIBRARY_PATH).

    With `.`, an empty entry or /tmp in PATH or a library path, an attacker can place a program there under the name of
    one that is wanted. LD_PRELOAD loads a library into every process, so it has to come from a directory of root's.
    """

    id = "C068"
    keywords = ("search path", "PATH", "LD_PRELOAD", "LD_LIBRARY_PATH")
    severity = Severity.MEDIUM
    reads = ("environment",)
    references = (cwe(426), cwe(427), man("ld.so", 8))
    remedy = "Use only absolute directories that only root can write to."
    bad = (
        "FROM alpine:3.20\nENV PATH=.:/usr/bin:/bin\n",
        "docker run -e LD_PRELOAD=/tmp/hook.so alpine",
        "services:\n  app:\n    image: alpine:3.20\n    environment:\n      PATH: /tmp/bin:/usr/bin:/bin\n",
    )
    good = (
        "FROM alpine:3.20\nENV PATH=/app/bin:$PATH\n",
        "docker run -e LD_PRELOAD=/usr/lib/x86_64-linux-gnu/libjemalloc.so.2 alpine",
    )
    fixable = False

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        for index, variable in enumerate(given(container.environment, ())):
            value = (variable.value or "").strip("\"'")
            if not value:
                continue
            if variable.name in _LISTS and not (variable.name == "PYTHONPATH" and value in {".", "/app"}):
                # `$OLD:` leaves an empty entry at an end of a library path if OLD is not set.
                listed = value if variable.name in {"PATH", "LD_LIBRARY_PATH"} else value.strip(":")
                unsafe = next((what for entry in _entries(listed) if (what := _weak(entry))), None)
            elif variable.name in _SINGLE:
                unsafe = f"world-writable {value}" if _open(value) or value.startswith(".") else None
            else:
                continue
            if unsafe:
                yield self.finding(
                    f"loads programs or libraries from {unsafe} ({variable.name})",
                    ("environment", index),
                    severity=Severity.MEDIUM if variable.name in {"PATH", "LD_PRELOAD", "LD_AUDIT"} else Severity.LOW,
                )
