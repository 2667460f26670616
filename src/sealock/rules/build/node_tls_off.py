from __future__ import annotations

from sealock.rules.build._commands import known, line, rewrite
from sealock.rules.build._ran import ran
from sealock.rules.build._written import revalued, settings
from sealock.rules.kit import Build, Final, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, page

_OFF: Final = frozenset({"0", "false", "no", "off"})
_VARIABLES: Final[dict[str, str]] = {
    "NODE_TLS_REJECT_UNAUTHORIZED": "1",
    "NPM_CONFIG_STRICT_SSL": "true",
    "YARN_ENABLE_STRICT_SSL": "true",
    "YARN_STRICT_SSL": "true",
    "PYTHONHTTPSVERIFY": "1",
    "CONDA_SSL_VERIFY": "true",
    "BUNDLE_SSL_VERIFY_MODE": "1",
    "PUPPETEER_STRICT_SSL": "true",
    "COMPOSER_SECURE_HTTP": "true",
}
"""Variables that turn the check off with 0 or false, and the value that turns it on."""
_SWITCHES: Final = frozenset({"strict-ssl", "strictSsl", "enableStrictSsl", "ssl_verify", "ssl_verify_mode", "secure-http", "http.sslverify"})  # fmt: skip  # noqa: E501  a list of names
_ON_MEANS_OFF: Final = frozenset({"disable-tls"})


class NodeTlsOff(Rule[Build]):
    """A runtime or package manager does not check certificates.

    `strict-ssl=false`, `NODE_TLS_REJECT_UNAUTHORIZED=0` and `PYTHONHTTPSVERIFY=0` take packages, and with ENV all
    that the program ever talks to, from whoever answers. Give your own authority instead: `NODE_EXTRA_CA_CERTS`,
    `npm config set cafile`, `SSL_CERT_FILE`.
    """

    id = "B027"
    severity = Severity.HIGH
    references = (
        cis_docker("4.11"),
        cwe(295),
        page(
            "Node.js, NODE_TLS_REJECT_UNAUTHORIZED", "https://nodejs.org/api/cli.html#node_tls_reject_unauthorizedvalue"
        ),
    )
    remedy = "Leave the check on; add your own authority with NODE_EXTRA_CA_CERTS, cafile or SSL_CERT_FILE."
    bad = (
        "FROM node:22\nRUN npm config set strict-ssl false && npm ci\n",
        "FROM node:22\nENV NODE_TLS_REJECT_UNAUTHORIZED=0\n",
        "FROM node:22\nENV npm_config_strict_ssl false\n",
        "FROM node:22\nRUN npm ci --strict-ssl=false\n",
        "FROM node:22\nRUN NODE_TLS_REJECT_UNAUTHORIZED=0 yarn install\n",
        'FROM python:3.12\nARG PYTHONHTTPSVERIFY="0"\n',
        "FROM node:22\nRUN yarn config set enableStrictSsl false\n",
        "FROM node:22\nRUN npm config set strict-ssl=false -g\n",
        "FROM continuumio/miniconda3:24\nRUN conda config --set ssl_verify False\n",
    )
    good = (
        (
            "FROM node:22\nENV NODE_EXTRA_CA_CERTS=/ca.pem NODE_TLS_REJECT_UNAUTHORIZED=1\n"
            "RUN npm config set strict-ssl true\n"
        ),
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for setting in settings(build, *_VARIABLES):
            if setting.value.lower() in _OFF:
                yield self.finding(
                    f"sets {setting.name}={setting.value}, so that no certificate is checked",
                    setting.at,
                    place=known(setting.place),
                    evidence=f"{setting.name}={setting.value}",
                    fix=revalued(setting, _VARIABLES[setting.name.upper()]),
                )
        for one in ran(build, "npm", "yarn", "pnpm", "conda", "mamba", "micromamba", "composer", "bundle"):
            words = one.command.words
            for index, word in enumerate(words):
                name, sign, value = word.text.lstrip("-").partition("=")
                following = words[index + 1].text if index + 1 < len(words) else ""
                if name in _SWITCHES and (value if sign else following).lower() in _OFF:
                    fix = rewrite(build, word, f"{word.text.partition('=')[0]}=true") if sign else ()
                    if not sign:
                        fix = rewrite(build, words[index + 1], "1" if following == "0" else "true")
                elif name in _ON_MEANS_OFF and (value if sign else following).lower() == "true":
                    fix = rewrite(build, words[index + 1], "false") if not sign else ()
                elif word.text == "--no-strict-ssl":
                    fix = rewrite(build, word, "--strict-ssl")
                else:
                    continue
                yield self.finding(
                    f"turns certificate checks off for {one.command.name}",
                    one.at,
                    place=known(word.place),
                    evidence=line(one.command),
                    fix=fix,
                )
