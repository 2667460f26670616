from __future__ import annotations

from sealock.patterns import compile_lazily
from sealock.rules.build._commands import known, swap
from sealock.rules.build._ran import ran
from sealock.rules.build._written import settings
from sealock.rules.kit import Build, Edit, Final, Iterator, Place, Rule, RuleFinding, Severity, cis_docker, cwe
from sealock.secrets.values import mask

_LOCAL: Final = compile_lazily(r"http://(?:localhost|127\.|\[::1\]|host\.docker\.internal)")
_PROGRAMS: Final = ("pip", "pip3", "uv", "poetry", "npm", "yarn", "pnpm", "gem", "bundle", "bundler", "composer", "conda", "mamba", "cpanm", "go", "python", "python3", "nuget", "dotnet", "cargo", "mvn", "helm", "luarocks")  # fmt: skip  # noqa: E501  a list of names
_VARIABLES: Final = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "NPM_CONFIG_REGISTRY", "YARN_NPM_REGISTRY_SERVER", "YARN_REGISTRY", "GOPROXY", "BUNDLE_MIRROR__ALL", "GEM_SOURCE", "CONDA_CHANNELS", "POETRY_REPOSITORIES", "RUSTUP_DIST_SERVER", "NVM_NODEJS_ORG_MIRROR", "ELECTRON_MIRROR", "SASS_BINARY_SITE")  # fmt: skip  # noqa: E501  a list of names


class RegistryPlainHttp(Rule[Build]):
    """Language packages over plain HTTP.

    Packages of npm, pip, gem, Go and others run code when they are installed, and most are unsigned: over plain HTTP an
    attacker on the network can replace them. Use HTTPS.
    """

    id = "B050"
    keywords = ("plain HTTP", "HTTP", "pip", "npm", "index")
    severity = Severity.HIGH
    references = (cis_docker("4.11"), cwe(319))
    remedy = "Use HTTPS for the registry."
    bad = (
        "FROM python:3.12\nRUN pip install -i http://pypi.example.com/simple x\n",
        "FROM node:22\nRUN npm config set registry http://npm.example.org/ && npm ci\n",
        "FROM node:22\nENV NPM_CONFIG_REGISTRY=http://npm.example.com/\n",
        "FROM ruby:3.3\nRUN gem sources --add http://gems.example.org/\n",
        "FROM golang:1.23\nARG GOPROXY=http://proxy.example.com,direct\n",
    )
    good = (
        (
            "FROM python:3.12\n"
            "RUN pip install -i https://pypi.example.com/simple x && gem sources -r http://gems.example.org/\n"
        ),
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for call in ran(build, *_PROGRAMS):
            words = call.command.words
            if call.command.name.startswith("python") and call.command.arguments[:2] != ("-m", "pip"):
                continue
            for index, word in enumerate(words[1:], 1):
                address = word.text.partition("=")[2] if word.text.startswith("-") else word.text
                removed = words[index - 1].text in {"-r", "--remove", "delete", "--proxy"}
                if address.startswith("http://") and not _LOCAL.match(address) and not removed:
                    yield self.finding(
                        f"installs packages from {mask(address)} over plain HTTP",
                        call.at,
                        place=known(word.place),
                        evidence=f"{call.command.name}: {mask(address)}",
                        fix=swap(build, word, "http://", "https://"),
                    )
        for setting in settings(build, *_VARIABLES):
            if "http://" in setting.value and not _LOCAL.search(setting.value):
                place = setting.value_place
                text = build.excerpt(place).replace("http://", "https://")
                yield self.finding(
                    f"installs packages from {mask(setting.value)} over plain HTTP",
                    setting.at,
                    place=known(setting.place),
                    evidence=f"{setting.name}={mask(setting.value)}",
                    fix=(Edit(Place(place.start, place.end), text),) if known(place) else (),
                )
