from __future__ import annotations

from sealock.rules.build._ran import Call, calls
from sealock.rules.kit import Build, Final, Iterator, Rule, RuleFinding, Severity, cwe

_INSTALLS: Final[dict[str, frozenset[str]]] = {
    "pip": frozenset({"install"}),
    "npm": frozenset({"install", "i", "add"}),
    "yarn": frozenset({"add"}),
    "pnpm": frozenset({"add", "install", "i"}),
    "gem": frozenset({"install"}),
    "go": frozenset({"install", "get"}),
    "cargo": frozenset({"install"}),
    "conda": frozenset({"install", "create"}),
    "mamba": frozenset({"install", "create"}),
    "micromamba": frozenset({"install", "create"}),
}


class LanguagePackagesUnpinned(Rule[Build]):
    """Language packages are not pinned to a version.

    The build installs the newest version of the day, which anyone who takes over the package controls. Name the
    version, or better, install from a lock file with hashes.
    """

    id = "B105"
    keywords = ("pinned", "version", "pin", "pip", "npm", "gem")
    aliases = ("DL3013", "DL3016", "DL3028", "DL3062")
    differs = (
        (
            "DL3013 DL3016 DL3028 DL3062",
            "only with `--pedantic`; also cargo and conda; `go run` of a file installs nothing",
        ),
    )
    severity = Severity.LOW
    pedantic = True
    references = (cwe(1357),)
    remedy = "Name the version: pip install x==1.2, npm install x@1.2, gem install x:1.2, go install x@v1.2."
    bad = (
        "FROM python:3.12\nRUN pip install --no-cache-dir flask requests==2.32.3\n",
        "FROM node:22\nRUN npm install -g typescript@latest && npm cache clean --force\n",
        "FROM golang:1.23\nRUN go install golang.org/x/tools/gopls@latest\n",
        "FROM ruby:3.3\nRUN gem install rails\n",
        "FROM rust:1.80\nRUN cargo install ripgrep\n",
    )
    good = (
        "FROM python:3.12\nRUN python3 -m pip install --no-cache-dir -r requirements.txt . flask==3.0.3\n",
        "FROM node:22\nRUN npm install -g typescript@5.5.4 @angular/cli@18.1.0\n",
        "FROM golang:1.23\nRUN go install golang.org/x/tools/gopls@v0.16.1 && go install ./...\n",
        "FROM ruby:3.3\nRUN gem install rails:7.1.3 && gem install --version 1.2 rake\n",
        "FROM rust:1.80\nRUN cargo install --locked --version 14.1.0 ripgrep && cargo install --path .\n",
    )
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for call in calls(build, _INSTALLS):
            if call.verb.text not in _INSTALLS[call.manager] or _elsewhere(call):
                continue
            loose = [word.text for word in call.operands if word.literal and not _pinned(call.manager, word.text)]
            if loose:
                yield self.finding(
                    f"installs {', '.join(loose[:5])} without a version", call.ran.at, place=call.verb.place
                )


def _elsewhere(call: Call) -> bool:
    """Whether the versions come from elsewhere: an option, a constraints file, a path."""
    match call.manager:
        case "pip":
            return call.has("--constraint", "-c", "--require-hashes")
        case "gem":
            return call.has("--version", "-v", "--file", "-g")
        case "cargo":
            return call.has("--version", "--vers", "--path", "--rev", "--tag", "--git")
        case _:
            return False


def _pinned(manager: str, text: str) -> bool:
    if (
        text.startswith((".", "/", "~", "file:", "-"))
        or "://" in text
        or text.endswith((".whl", ".tar.gz", ".tgz", ".gem"))
    ):
        return True
    match manager:
        case "pip":
            return any(sign in text for sign in ("==", "~=", "===", "<", ">", "@")) or "/" in text
        case "npm" | "yarn" | "pnpm" | "go":
            version = text[1:].partition("@")[2]
            return bool(version) and version not in {"latest", "next", "master", "main", "upgrade"}
        case "gem":
            return ":" in text
        case "cargo":
            return "@" in text
        case _:
            return any(sign in text for sign in "=<>")
