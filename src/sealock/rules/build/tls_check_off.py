from __future__ import annotations

import re

from sealock.model.build import Run
from sealock.model.shell import Command, Word
from sealock.patterns import compile_lazily
from sealock.rules.build._commands import drop, drop_option, known, line, rewrite, settings
from sealock.rules.build._ran import Ran, calls, ran
from sealock.rules.build._written import revalued
from sealock.rules.build._written import settings as variables
from sealock.rules.downloads import CURL_VALUED, bundled
from sealock.rules.kit import (
    Build,
    Edit,
    Final,
    Iterator,
    Place,
    Rule,
    RuleFinding,
    Severity,
    cis_docker,
    cwe,
    man,
    page,
)

_MAVEN: Final = (
    "-Dmaven.wagon.http.ssl.insecure",
    "-Dmaven.wagon.http.ssl.allowall",
    "-Daether.connector.https.securityMode=insecure",
)
_OPTIONS: Final[dict[str, tuple[str, ...]]] = {
    "curl": ("--insecure", "--proxy-insecure", "--doh-insecure"),
    "wget": ("--no-check-certificate",),
    "wget2": ("--no-check-certificate",),
    "aria2c": ("--check-certificate=false",),
    "http": ("--verify=no", "--verify=false"),
    "https": ("--verify=no", "--verify=false"),
    "helm": ("--insecure-skip-tls-verify",),
    "kubectl": ("--insecure-skip-tls-verify",),
    "oc": ("--insecure-skip-tls-verify",),
    "skopeo": ("--src-tls-verify=false", "--dest-tls-verify=false", "--tls-verify=false"),
    "podman": ("--tls-verify=false",),
    "buildah": ("--tls-verify=false",),
    "crane": ("--insecure",),
    "oras": ("--insecure",),
    "mc": ("--insecure",),
    "vault": ("-tls-skip-verify",),
    "argocd": ("--insecure",),
    "aws": ("--no-verify-ssl",),
    "apk": ("--no-check-certificate",),
    "ansible-galaxy": ("--ignore-certs",),
    "mvn": _MAVEN,
    "mvnw": _MAVEN,
    "svn": ("--trust-server-cert",),
    "lftp": ("set ssl:verify-certificate no",),
}

_WGETRC: Final = compile_lazily(r"check[-_]?certificate[ \t]{0,9}=[ \t]{0,9}(?:off|no|0|quiet)\b", re.IGNORECASE)
_POWERSHELL: Final = compile_lazily(
    r"-SkipCertificateCheck\b|ServerCertificateValidationCallback\s*=\s*\{\s*\$true", re.IGNORECASE
)
_NO: Final = frozenset({"0", "false", "no", "off"})
_CHECKS: Final[dict[str, str]] = {
    "NODE_TLS_REJECT_UNAUTHORIZED": "1",
    "NPM_CONFIG_STRICT_SSL": "true",
    "YARN_ENABLE_STRICT_SSL": "true",
    "YARN_STRICT_SSL": "true",
    "PYTHONHTTPSVERIFY": "1",
    "CONDA_SSL_VERIFY": "true",
    "BUNDLE_SSL_VERIFY_MODE": "1",
    "PUPPETEER_STRICT_SSL": "true",
    "COMPOSER_SECURE_HTTP": "true",
    "PERL_LWP_SSL_VERIFY_HOSTNAME": "1",
}
"""Variables that disable the check with 0 or false, and the value that enables it."""
_SKIPS: Final[dict[str, str]] = {
    "GIT_SSL_NO_VERIFY": "0",
    "VAULT_SKIP_VERIFY": "0",
    "AZURE_CLI_DISABLE_CONNECTION_VERIFICATION": "0",
    "ANSIBLE_GALAXY_IGNORE_CERTS": "0",
    "PIP_TRUSTED_HOST": '""',
    "UV_INSECURE_HOST": '""',
}
"""Variables that disable the check with any true value, and a value that leaves it on."""
_SWITCHES: Final = frozenset({"strict-ssl", "strictSsl", "enableStrictSsl", "ssl_verify", "ssl_verify_mode", "secure-http", "http.sslverify"})  # fmt: skip  # noqa: E501  a list of names
_MANAGERS: Final = ("npm", "yarn", "pnpm", "conda", "mamba", "micromamba", "composer", "bundle")


class TlsCheckOff(Rule[Build]):
    """TLS certificate verification is disabled.

    `curl -k`, `wget --no-check-certificate`, `pip --trusted-host`, `strict-ssl=false`, `NODE_TLS_REJECT_UNAUTHORIZED=0`
    or git's `http.sslVerify false` accept any server: an attacker between the build and the server can send different
    code, and what ENV or `--global` sets stays in the image. If a certificate is unknown, install `ca-certificates` or
    name your own CA: `curl --cacert`, `pip --cert`, `NODE_EXTRA_CA_CERTS`, `http.sslCAInfo`, `SSL_CERT_FILE`.
    """

    id = "B024"
    keywords = ("TLS", "certificate", "curl -k", "insecure", "SSL")
    aliases = (
        "CKV2_DOCKER_2",
        "CKV2_DOCKER_3",
        "CKV2_DOCKER_4",
        "CKV2_DOCKER_5",
        "CKV2_DOCKER_6",
        "CKV2_DOCKER_12",
        "CKV2_DOCKER_13",
        "CKV2_DOCKER_14",
        "CKV2_DOCKER_16",
    )
    severity = Severity.HIGH
    references = (
        cis_docker("4.11"),
        cwe(295),
        man("curl", 1),
        page("pip, --trusted-host", "https://pip.pypa.io/en/stable/cli/pip/"),
        page(
            "Node.js, NODE_TLS_REJECT_UNAUTHORIZED", "https://nodejs.org/api/cli.html#node_tls_reject_unauthorizedvalue"
        ),
        page(
            "git-config, http.sslVerify",
            "https://git-scm.com/docs/git-config#Documentation/git-config.txt-httpsslVerify",
        ),
    )
    remedy = "Leave the check on; install ca-certificates, or name your own CA (--cacert, --cert, SSL_CERT_FILE)."
    bad = (
        "FROM debian:12\nRUN curl -k https://example.com/a -o a\n",
        "FROM debian:12\nRUN curl -fsSLk -o a https://example.com/a\n",
        "FROM debian:12\nRUN wget --no-check-certificate \\\n    https://example.com/a\n",
        'FROM debian:12\nRUN ["curl", "--insecure", "https://example.com/a"]\n',
        'FROM debian:12\nRUN sudo bash -c "curl -sk https://example.com/a > a"\n',
        "FROM debian:12\nRUN aws --no-verify-ssl s3 cp s3://bucket/a a\n",
        "FROM python:3.12\nRUN pip install --trusted-host pypi.example.com -r requirements.txt\n",
        (
            "FROM python:3.12\n"
            "RUN python3 -m pip install --trusted-host=pypi.example.org --trusted-host=files.example.org x\n"
        ),
        "FROM python:3.12\nENV PIP_TRUSTED_HOST=pypi.example.com\n",
        "FROM node:22\nRUN npm config set strict-ssl false && npm ci\n",
        "FROM node:22\nENV NODE_TLS_REJECT_UNAUTHORIZED=0\n",
        "FROM node:22\nENV npm_config_strict_ssl false\n",
        "FROM node:22\nRUN npm ci --strict-ssl=false\n",
        "FROM node:22\nRUN NODE_TLS_REJECT_UNAUTHORIZED=0 yarn install\n",
        'FROM python:3.12\nARG PYTHONHTTPSVERIFY="0"\n',
        "FROM node:22\nRUN yarn config set enableStrictSsl false\n",
        "FROM node:22\nRUN npm config set strict-ssl=false -g\n",
        "FROM continuumio/miniconda3:24\nRUN conda config --set ssl_verify False\n",
        "FROM debian:12\nENV GIT_SSL_NO_VERIFY=1\n",
        "FROM debian:12\nRUN git config --global http.sslVerify false\n",
        "FROM debian:12\nRUN git -c http.sslVerify=false clone https://example.com/x.git\n",
        "FROM debian:12\nRUN GIT_SSL_NO_VERIFY=true git clone https://example.com/x.git\n",
        'FROM debian:12\nRUN git config --global http."https://git.example.com".sslverify "false"\n',
    )
    good = (
        "FROM debian:12\nRUN curl --cacert /ca.pem -o bk https://example.com/k -H k -u k:\n",
        "FROM debian:12\nRUN wget https://example.com/a\n",
        "FROM python:3.12\nRUN pip install --cert /ca.pem -r requirements.txt\n",
        (
            "FROM node:22\nENV NODE_EXTRA_CA_CERTS=/ca.pem NODE_TLS_REJECT_UNAUTHORIZED=1\n"
            "RUN npm config set strict-ssl true\n"
        ),
        "FROM debian:12\nRUN git config --global http.sslCAInfo /ca.pem && git clone https://example.com/x.git\n",
        "FROM debian:12\nENV GIT_SSL_NO_VERIFY=0\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        yield from self._options(build)
        yield from self._pip(build)
        yield from self._variables(build)
        for call in ran(build, *_MANAGERS):
            yield from self._switches(build, call)
        for call in ran(build, "git"):
            yield from self._git(build, call)
        yield from self._texts(build)

    def _off(
        self, call: Ran, word: Word | None, fix: tuple[Edit, ...], severity: Severity | None = None
    ) -> RuleFinding:
        return self.finding(
            f"disables certificate verification in {call.command.name}",
            call.at,
            place=known((word or call.command).place),
            evidence=line(call.command),
            fix=fix,
            severity=severity,
        )

    def _options(self, build: Build) -> Iterator[RuleFinding]:
        for call in ran(build, *_OPTIONS):
            for word, letter in _given(call.command):
                yield self._off(call, word, drop_option(build, call.command, word, letter))

    def _pip(self, build: Build) -> Iterator[RuleFinding]:
        for call in calls(build, ("pip",)):
            if hosts := settings(call.ran.command, "--trusted-host"):
                yield self._off(call.ran, hosts[0], drop(build, call.ran.command, *hosts), Severity.MEDIUM)
            elif call.verb.text == "config" and any("trusted-host" in word.text for word in call.operands):
                yield self._off(call.ran, None, (), Severity.MEDIUM)
        for uv in ran(build, "uv"):
            for option in ("--allow-insecure-host", "--trusted-host"):
                if hosts := settings(uv.command, option):
                    yield self._off(uv, hosts[0], drop(build, uv.command, *hosts), Severity.MEDIUM)
                    break

    def _variables(self, build: Build) -> Iterator[RuleFinding]:
        for setting in variables(build, *_CHECKS, *_SKIPS):
            name, value = setting.name.upper(), setting.value.lower()
            if value in _NO if name in _CHECKS else value not in {"", *_NO}:
                yield self.finding(
                    f"disables certificate verification with {setting.name}={setting.value}",
                    setting.at,
                    place=known(setting.place),
                    evidence=f"{setting.name}={setting.value}",
                    fix=revalued(setting, _CHECKS.get(name) or _SKIPS[name]),
                    severity=Severity.MEDIUM if name.endswith("_HOST") else None,
                )

    def _switches(self, build: Build, call: Ran) -> Iterator[RuleFinding]:
        words = call.command.words
        for index, word in enumerate(words):
            name, sign, value = word.text.lstrip("-").partition("=")
            following = words[index + 1].text if index + 1 < len(words) else ""
            if name in _SWITCHES and (value if sign else following).lower() in _NO:
                fix = rewrite(build, word, f"{word.text.partition('=')[0]}=true") if sign else ()
                if not sign:
                    fix = rewrite(build, words[index + 1], "1" if following == "0" else "true")
            elif name == "disable-tls" and (value if sign else following).lower() == "true":
                fix = rewrite(build, words[index + 1], "false") if not sign else ()
            elif word.text == "--no-strict-ssl":
                fix = rewrite(build, word, "--strict-ssl")
            else:
                continue
            yield self._off(call, word, fix)

    def _git(self, build: Build, call: Ran) -> Iterator[RuleFinding]:
        words = call.command.words
        for index, word in enumerate(words):
            name, sign, value = word.text.lower().partition("=")
            if not (name.startswith("http.") and name.endswith("sslverify")):
                continue
            following = words[index + 1] if index + 1 < len(words) else None
            if sign and value in _NO and words[index - 1].text == "-c":
                yield self._off(call, word, drop(build, call.command, words[index - 1], word))
            elif not sign and following and following.text.lower() in _NO:
                yield self._off(call, word, rewrite(build, following, "true"))

    def _texts(self, build: Build) -> Iterator[RuleFinding]:
        for at, _, run in build.each(Run) if "ertificate" in build.text else ():
            for match in _POWERSHELL.finditer(build.excerpt(run.place)):
                option = Place(run.place.start + match.start(), run.place.start + match.end(), file=run.place.file)
                yield self.finding("disables certificate verification in PowerShell", at, place=option)
        for call in ran(build, "echo", "printf"):
            files = [redirect.target.text for redirect in call.command.redirects if redirect.target]
            text = " ".join(call.command.arguments)
            if any(file.endswith((".curlrc", "_curlrc", "wgetrc")) for file in files) and (
                "insecure" in text or _WGETRC.search(text)
            ):
                place = known(call.command.place)
                yield self.finding(
                    "disables certificate verification for all downloads", call.at, place=place, evidence=text
                )


def _given(command: Command) -> Iterator[tuple[Word, str]]:
    options = _OPTIONS[command.name]
    for word in command.words[1:]:
        if word.text == "--":
            return
        if word.text in options or word.text.removesuffix("=true") in options:
            yield word, ""
    if command.name == "curl" and (short := bundled(command, "k", CURL_VALUED)) is not None:
        yield short, "k"
