"""How `--help` looks: paragraphs as wide as the terminal, and an example at the end."""

from __future__ import annotations

import re
from argparse import ArgumentParser, HelpFormatter
from typing import Any, Final

from sealock.cli.output import width

EXAMPLES: Final = {
    "sealock": "sealock check .",
    "sealock check": "sealock check Dockerfile compose.yaml --fail-on medium",
    "sealock ci": "sealock ci --fail-on medium",
    "sealock init": "sealock init",
    "sealock digest": "sealock digest nginx:1.27 --platform linux/arm64",
    "sealock run": "sealock run --rm -p 8080:80 nginx:1.27",
    "sealock learn": "sealock learn web.profile.json --until-idle -- docker run nginx:1.27",
    "sealock harden": "sealock harden --exec 'wget -qO- localhost' --as compose nginx:1.27",
    "sealock profile": "sealock profile show web.profile.json",
    "sealock profile show": "sealock profile show web.profile.json",
    "sealock profile diff": "sealock profile diff web.profile.json new.profile.json",
    "sealock profile check": "sealock profile check web.profile.json --image nginx:1.29",
    "sealock profile floor": "sealock profile floor web.profile.json docker:nginx:1.29",
    "sealock profile seccomp": "sealock profile seccomp web.profile.json --output web.seccomp.json",
    "sealock profile apparmor": "sealock profile apparmor web.profile.json --output web.apparmor",
    "sealock profile selinux": "sealock profile selinux web.profile.json --output web.cil",
    "sealock profile push": "sealock profile push web.profile.json registry.example.net/web:1",
    "sealock profile pull": "sealock profile pull registry.example.net/web:1 --output web.profile.json",
    "sealock profile trial": "sealock profile trial web.profile.json -- docker run nginx:1.29",
    "sealock profile watch": "sealock profile watch web.profile.json web",
    "sealock pin": "sealock pin . --diff",
    "sealock sbom": "sealock sbom nginx:1.27 --format cyclonedx --output nginx.cdx.json",
    "sealock diff": "sealock diff nginx:1.26 nginx:1.27 --fail-on-new high",
    "sealock inspect": "sealock inspect nginx:1.27",
    "sealock db": "sealock db update --only osv/PyPI",
    "sealock vex": "sealock vex app.tar --author security@example.com --output app.vex.json",
    "sealock cache": "sealock cache prune --max-size 500M",
    "sealock trust": "sealock trust verify example.com/app:1.2 --key cosign.pub",
    "sealock trust verify": "sealock trust verify example.com/app:1.2 --key cosign.pub",
    "sealock trust list": "sealock trust list example.com/app",
    "sealock trust sign": "sealock trust sign example.com/app:1.2 --key cosign.key",
    "sealock trust attest": "sealock trust attest example.com/app:1.2 --sbom cyclonedx --key cosign.key",
    "sealock trust init": "sealock trust init example.com/app",
    "sealock trust revoke": "sealock trust revoke example.com/app:1.2",
    "sealock trust delegations": "sealock trust delegations add example.com/app alice --key alice.pem",
    "sealock trust rotate": "sealock trust rotate example.com/app snapshot --by-server",
    "sealock trust renew": "sealock trust renew example.com/app",
    "sealock trust forget": "sealock trust forget example.com/app",
    "sealock trust audit": "sealock trust audit . host",
    "sealock trust migrate": "sealock trust migrate example.com/app --key cosign.key --dry-run",
    "sealock trust keys": "sealock trust keys generate alice",
    "sealock map": "sealock map compose.yaml --from web --to db",
    "sealock userns": "sealock userns plan",
    "sealock userns plan": "sealock userns plan",
    "sealock userns enable": "sealock userns enable --yes",
    "sealock userns disable": "sealock userns disable",
    "sealock userns verify": "sealock userns verify",
    "sealock guard": "sealock guard proxy --listen /run/sealock/docker.sock --policy sealock.toml",
    "sealock guard proxy": "sealock guard proxy --listen /run/sealock/docker.sock --policy sealock.toml",
    "sealock guard plugin": "sealock guard plugin --policy /etc/sealock/sealock.toml",
    "sealock guard install": "sealock guard install --form proxy --policy /etc/sealock/sealock.toml",
    "sealock guard uninstall": "sealock guard uninstall --apply",
    "sealock guard explain": "sealock guard explain request.json --uid 1000",
    "sealock guard replay": "sealock guard replay guard.log --policy new.toml",
    "sealock guard learn": "sealock guard learn guard.log --output sealock.toml",
    "sealock guard import": "sealock guard import compose.yaml --output sealock.toml",
    "sealock guard status": "sealock guard status",
    "sealock guard evidence": "sealock guard evidence nginx:1.27",
    "sealock guard open": "sealock guard open --for 10m --reason 'registry is down'",
    "sealock guard close": "sealock guard close",
    "sealock rules": "sealock rules C001",
    "sealock show": "sealock show C018 --on compose.yaml:web",
    "sealock serve": "sealock serve --listen 8470",
    "sealock lsp": "sealock lsp",
    "sealock completion": "source <(sealock completion bash)",
}
"""An example for each parser, by its name."""

EXIT_STATUS: Final = """\
exit status:
  0  nothing at or above --fail-on
  1  findings at or above --fail-on
  2  an input could not be read, or the command line is wrong
"""


class SealockHelpFormatter(HelpFormatter):
    """Wraps each paragraph of a description or an epilog, and keeps the lines of one that has indented lines."""

    def __init__(self, prog: str, **options: Any) -> None:  # noqa: ANN401  argparse's own
        # argparse makes a formatter for each option, and would import shutil to measure the terminal.
        super().__init__(prog, **{"width": width() - 2, **options})

    def _split_lines(self, text: str, width: int) -> list[str]:
        from textwrap import wrap  # noqa: PLC0415  only for --help

        return wrap(" ".join(text.split()), width, break_on_hyphens=False)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        paragraphs = text.strip("\n").split("\n\n")
        return "\n\n".join("\n".join(_filled(part, width, indent)) for part in paragraphs) + "\n"


def _filled(paragraph: str, width: int, indent: str) -> list[str]:
    from textwrap import wrap  # noqa: PLC0415  only for --help

    lines = paragraph.split("\n")
    if not any(line.startswith(" ") for line in lines):
        return wrap(paragraph, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
    # A line such as "  2  something could not be read" continues below its words.
    items: list[str] = []
    for line in lines:
        if items and _indent(items[-1]) < _indent(line) == _words(items[-1]):
            items[-1] += f" {line.strip()}"
        else:
            items.append(line)
    return [row for item in items for row in wrap(item, width, subsequent_indent=" " * _words(item))]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _words(line: str) -> int:
    """The column where the words behind an item's name begin."""
    start = re.match(r" +(?:\S+(?: \S+)*  +)?", line)
    return start.end() if start else 0


def add_example(parser: ArgumentParser) -> None:
    """Add the parser's example to the end of its help."""
    example = f"example:\n  {EXAMPLES[parser.prog]}\n"
    parser.epilog = f"{parser.epilog.rstrip()}\n\n{example}" if parser.epilog else example
