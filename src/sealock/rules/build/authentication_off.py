from __future__ import annotations

import re

from sealock.model.build import Cmd, Env
from sealock.rules.build._commands import known, line
from sealock.rules.build._ran import reaches_image
from sealock.rules.kit import Build, Final, Iterator, Rule, RuleFinding, Severity, cwe

_ON: Final = frozenset({"1", "true", "yes", "on"})
_OFF: Final = frozenset({"0", "false", "no", "off", "none", "trust", ""})
_OPENS_WHEN_ON: Final = frozenset({
    "MYSQL_ALLOW_EMPTY_PASSWORD", "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD", "ALLOW_EMPTY_PASSWORD", "ALLOW_ANONYMOUS_LOGIN",
    "ALLOW_PLAINTEXT_LISTENER", "DISABLE_SECURITY_PLUGIN", "GF_AUTH_ANONYMOUS_ENABLED",
    "DISABLE_AUTH", "NO_AUTH", "SKIP_AUTH",
})  # fmt: skip
_OPENS_WHEN_OFF: Final = frozenset({
    "POSTGRES_HOST_AUTH_METHOD", "NEO4J_AUTH", "xpack.security.enabled", "JUPYTER_TOKEN", "AUTH_ENABLED", "ENABLE_AUTH",
})  # fmt: skip
_OPTION: Final = re.compile(
    r"--(?:NotebookApp|ServerApp|IdentityProvider)\.(?:token|password)=(?:\s|$)|--protected-mode\s+no\b|--no-?auth\b|"
    r"--disable-auth\b|--skip-grant-tables\b|xpack\.security\.enabled=false|--auth[= ]none\b"
)


class AuthenticationOff(Rule[Build]):
    """A server's authentication is switched off in the image.

    `POSTGRES_HOST_AUTH_METHOD=trust`, `MYSQL_ALLOW_EMPTY_PASSWORD` or an empty notebook token let in everybody who
    reaches the port, and that is every container on the network at least. What is handy for a test stays in the
    image. Give the password when the container starts.
    """

    id = "B067"
    severity = Severity.HIGH
    references = (cwe(306),)
    remedy = "Leave the switch out of the image, and give the password as a secret when the container starts."
    fixable = False
    bad = (
        "FROM postgres:17\nENV POSTGRES_HOST_AUTH_METHOD=trust\n",
        "FROM mysql:8.4\nENV MYSQL_ALLOW_EMPTY_PASSWORD=yes\n",
        'FROM jupyter/base-notebook:2024-10-01\nCMD ["start-notebook.sh", "--NotebookApp.token="]\n',
        'FROM redis:7.4\nCMD ["redis-server", "--protected-mode", "no"]\n',
    )
    good = (
        "FROM postgres:17\nENV POSTGRES_HOST_AUTH_METHOD=scram-sha-256 POSTGRES_PASSWORD_FILE=/run/secrets/db\n",
        'FROM redis:7.4\nENV MYSQL_ALLOW_EMPTY_PASSWORD=no\nCMD ["redis-server", "/etc/redis.conf"]\n',
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        reaching = reaches_image(build)
        for at, stage, env in build.each(Env):
            for pair in env.pairs if isinstance(env, Env) and stage.index in reaching else ():
                text = pair.value.text.lower() if pair.value else ""
                if (pair.name in _OPENS_WHEN_ON and text in _ON) or (pair.name in _OPENS_WHEN_OFF and text in _OFF):
                    yield self.finding(f"lets everybody in with {pair.name}={text}", at, place=pair.place)
        for at, stage, cmd in build.each(Cmd):
            for command in cmd.script.commands() if isinstance(cmd, Cmd) and stage.index in reaching else ():
                text = " ".join(word.text for word in command.words)
                if not any(nested.kind == "wrapped" for nested in command.nested) and _OPTION.search(text):
                    place = known(command.place)
                    yield self.finding("starts without authentication", at, place=place, evidence=line(command))
