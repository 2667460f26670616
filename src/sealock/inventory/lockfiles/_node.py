"""Names and sources of packages, common to npm, Yarn, pnpm and Bun."""

from __future__ import annotations

from typing import Final

from sealock.inventory import _names
from sealock.model.inventory import Package

LOCAL: Final = ("file:", "link:", "portal:", "workspace:", "root:", "./", "../", "/")
HOSTS: Final = {
    "github:": "https://github.com/",
    "gitlab:": "https://gitlab.com/",
    "bitbucket:": "https://bitbucket.org/",
}
PACKED: Final = (".tgz", ".tar.gz", ".tar")
ARCHIVES: Final = "https://codeload.github.com/"


def is_local(source: str) -> bool:
    """Whether this is a directory of the project itself; an archive there is a package as others released it."""
    return source.startswith(LOCAL) and not source.partition("#")[0].partition("::")[0].endswith(PACKED)


def repository(source: str) -> tuple[tuple[str, str], ...]:
    """The qualifier of what comes from a repository; none for what comes from a registry."""
    url, _, revision = source.partition("#")
    for short, host in HOSTS.items():
        if url.startswith(short):
            url = f"git+{host}{url.removeprefix(short)}.git"
    if url.startswith(ARCHIVES):
        owner, _, rest = url.removeprefix(ARCHIVES).partition("/")
        name, kind, commit = rest.partition("/tar.gz/")
        return _names.vcs(f"https://github.com/{owner}/{name}.git", commit) if kind else ()
    if not url.startswith(("git+", "git:", "git@", "ssh:")) and not url.endswith(".git"):
        return ()
    # Yarn writes #commit=..., among other settings.
    parts = revision.split("&")
    revision = next((part.removeprefix("commit=") for part in parts if part.startswith("commit=")), parts[0])
    return _names.vcs(url, revision)


def split(text: str) -> tuple[str, str]:
    """Split "name@what" and "@scope/name@what" behind the name."""
    at = text.find("@", 1)
    return (text[:at], text[at + 1 :]) if at > 0 else (text, "")


def package(  # noqa: PLR0913  as many as a lock file has
    name: str, version: str, path: str, source: str = "", *, development: bool = False, optional: bool = False
) -> Package | None:
    """Make a package, unless it is local or nameless. `source` is where the lock file has it from.

    Nothing may state the version of an archive: it is unknown then.
    """
    namespace, bare = _names.scoped(name)
    if not bare or not (version or source) or is_local(source) or is_local(version):
        return None
    version = "" if "/" in version or version.startswith("file:") else version
    return Package(
        "npm",
        bare,
        version,
        path,
        namespace=namespace,
        qualifiers=repository(source),
        development=development,
        optional=optional,
    )
