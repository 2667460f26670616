from __future__ import annotations

from sealock.model.shell import Word
from sealock.rules.build._commands import known, line, settings
from sealock.rules.build._ran import calls
from sealock.rules.build._written import settings as variables
from sealock.rules.kit import Build, Confidence, Iterator, Rule, RuleFinding, Severity, cwe, page
from sealock.secrets.values import mask


class ExtraIndex(Rule[Build]):
    """pip --extra-index-url allows dependency confusion.

    With `--extra-index-url` pip queries both indexes and installs the highest version from either. An attacker who
    publishes a package on PyPI under the name of your internal one gets it installed. Use one index (`--index-url`)
    that proxies the others, or pin hashes with `--require-hashes`.
    """

    id = "B051"
    keywords = ("extra-index-url", "dependency confusion", "pip")
    severity = Severity.LOW
    confidence = Confidence.MEDIUM
    references = (
        cwe(427),
        page("pip, --extra-index-url", "https://pip.pypa.io/en/stable/cli/pip_install/#finding-packages"),
    )
    remedy = "Use a single --index-url that proxies the others, or --require-hashes."
    fixable = False
    bad = (
        "FROM python:3.12\nRUN pip install --extra-index-url https://pypi.example.com/simple acme-tools\n",
        "FROM python:3.12\nENV PIP_EXTRA_INDEX_URL=https://pypi.example.com/simple\n",
    )
    good = (
        "FROM python:3.12\nRUN pip install --index-url https://pypi.example.com/simple acme-tools\n",
        (
            "FROM python:3.12\n"
            "RUN pip install --require-hashes --extra-index-url https://e.com/simple -r requirements.txt\n"
        ),
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        own = [setting.value for setting in variables(build, "PIP_INDEX_URL", "UV_INDEX_URL") if setting.value]
        for call in calls(build, ("pip",), ("install", "download", "wheel")):
            options = settings(call.ran.command, "--extra-index-url")
            if (extra := _values(options)) and not call.has("--require-hashes", "--no-index"):
                first = _values(settings(call.ran.command, "--index-url", "-i")) or own or ["PyPI"]
                indexes = _listed([*first[-1:], *extra])
                yield self.finding(
                    f"installs packages from {indexes}, whichever has the higher version",
                    call.ran.at,
                    place=known(options[0].place),
                    evidence=line(call.ran.command),
                )
        for setting in variables(build, "PIP_EXTRA_INDEX_URL", "UV_EXTRA_INDEX_URL"):
            if setting.value:
                yield self.finding(
                    f"installs packages from {_listed([*(own or ['PyPI'])[-1:], *setting.value.split()])},"
                    " whichever has the higher version",
                    setting.at,
                    place=known(setting.place),
                    evidence=f"{setting.name}={mask(setting.value)}",
                )


def _values(words: tuple[Word, ...]) -> list[str]:
    """The values of options, each written as one word (--x=y) or two."""
    values = (word.text.partition("=")[2] if word.text[:1] == "-" else word.text for word in words)
    return [value for value in values if value]


def _listed(indexes: list[str]) -> str:
    return " or ".join(dict.fromkeys(mask(index) for index in indexes))
