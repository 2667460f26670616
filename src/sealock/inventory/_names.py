"""Names of packages, as each ecosystem spells them."""

from __future__ import annotations

import posixpath


def pypi(name: str) -> str:
    """Normalise a name as PEP 503 does: Foo.Bar__baz is foo-bar-baz."""
    parts = name.lower().replace("_", "-").replace(".", "-").split("-")
    # Runs within the name become one dash; a leading or trailing dash is invalid and stays visible.
    return "-".join(part for index, part in enumerate(parts) if part or index in {0, len(parts) - 1})


def is_archive(path: str) -> bool:
    """Whether a path is that of a wheel or a source archive, which is a release; anything else is a directory."""
    return path.lower().endswith((".whl", ".zip", ".tar.gz", ".tar.bz2", ".tgz"))


def scoped(name: str) -> tuple[str, str]:
    """Split npm's "@scope/name" into ("@scope", "name"), "name" into ("", "name"); ("", "") where it is neither."""
    scope, slash, bare = name.rpartition("/")
    if not bare or "/" in scope or bool(slash) is not (scope[:1] == "@" and scope != "@"):
        return "", ""
    return scope, bare


def module(name: str) -> tuple[str, str]:
    """Split a Go module or a Composer package at its last slash, as package URLs do."""
    namespace, _, bare = name.rpartition("/")
    return namespace, bare


def vcs(url: str, revision: str = "", kind: str = "git") -> tuple[tuple[str, str], ...]:
    """The package URL's qualifier for what comes right from a repository: git+https://host/name@revision."""
    if not url:
        return ()
    # git@host:owner/name is what ssh understands; URLs know it as ssh://git@host/owner/name.
    if "://" not in url and ":" in url:
        host, _, path = url.partition(":")
        url = f"ssh://{host}/{path.lstrip('/')}"
    if not url.startswith((f"{kind}+", f"{kind}://")):
        url = f"{kind}+{url}"
    return (("vcs_url", f"{url}@{revision}" if revision else url),)


def inside(directory: str, name: str) -> str:
    """The path in the image of a nonempty name relative to a directory; "" if it leaves the image."""
    if ".." not in name and "/." not in name and "//" not in name and name[0] not in "./":
        return f"{directory}/{name}" if directory else name  # nearly all are as plain as that
    path = posixpath.normpath(posixpath.join("/", directory, name)).lstrip("/")
    depth = 0
    for part in (*directory.split("/"), *name.split("/")) if not name.startswith("/") else ():
        depth += -1 if part == ".." else 1 if part not in {"", "."} else 0
        if depth < 0:
            return ""
    return path
