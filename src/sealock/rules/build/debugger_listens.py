from __future__ import annotations

import re

from sealock.model.build import Cmd, Env
from sealock.rules.build._commands import known, line
from sealock.rules.build._ran import reaches_image
from sealock.rules.kit import Build, Confidence, Final, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, page
from sealock.secrets.values import mask

_OPTION: Final = re.compile(
    r"-agentlib:jdwp=|-Xrunjdwp:|--inspect(?:-brk)?=(?:0\.0\.0\.0|\[::\]|\*)|\bdebugpy\b.*--listen|"
    r"\bpydevd\b|\brdbg\b.*--open|-Dcom\.sun\.management\.jmxremote\.authenticate=false|\bxdebug\.(?:mode|remote_enable)\b"
)
_DEBUG: Final = frozenset({"FLASK_DEBUG", "DJANGO_DEBUG", "WERKZEUG_DEBUG_PIN", "APP_DEBUG", "RAILS_WEB_CONSOLE"})


class DebuggerListens(Rule[Build]):
    """A debugger listens in the image.

    Whoever reaches a debugger's port runs what they like in the container: jdwp, `node --inspect=0.0.0.0` and
    debugpy ask for no password, and the debug pages of Flask and its like show settings and run code. Debug with an
    image of its own.
    """

    id = "B066"
    severity = Severity.HIGH
    confidence = Confidence.MEDIUM
    references = (
        cis_docker("5.7"),
        cwe(489),
        page("Node.js, debugging guide", "https://nodejs.org/en/learn/getting-started/debugging"),
    )
    remedy = "Leave the option out of the image; give it on the command line when you debug, on 127.0.0.1."
    fixable = False
    bad = (
        'FROM eclipse-temurin:21\nENV JAVA_TOOL_OPTIONS="-agentlib:jdwp=transport=dt_socket,server=y,address=*:5005"\n',
        'FROM node:22\nCMD ["node", "--inspect=0.0.0.0:9229", "app.js"]\n',
        "FROM python:3.12\nENTRYPOINT python -m debugpy --listen 0.0.0.0:5678 app.py\n",
        "FROM python:3.12\nENV FLASK_DEBUG=1\n",
    )
    good = ('FROM node:22\nENV FLASK_DEBUG=0\nCMD ["node", "--inspect=127.0.0.1:9229", "app.js"]\n',)

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        reaching = reaches_image(build)
        for at, stage, env in build.each(Env):
            for pair in env.pairs if isinstance(env, Env) and stage.index in reaching else ():
                text = pair.value.text if pair.value else ""
                debug = pair.name in _DEBUG and text.lower() in {"1", "true", "on", "yes"}
                if debug or _OPTION.search(text) or (pair.name == "WERKZEUG_DEBUG_PIN" and text == "off"):
                    yield self.finding(
                        f"turns a debugger on with {pair.name}",
                        at,
                        place=pair.place,
                        evidence=mask(f"{pair.name}={text}")[:200],
                        severity=Severity.MEDIUM if debug else None,
                    )
        for at, stage, cmd in build.each(Cmd):
            for command in cmd.script.commands() if isinstance(cmd, Cmd) and stage.index in reaching else ():
                if not any(nested.kind == "wrapped" for nested in command.nested):
                    text = " ".join(word.text for word in command.words)
                    delve = command.name == "dlv" and "--headless" in text and "127.0.0.1" not in text
                    if delve or _OPTION.search(text):
                        place = known(command.place)
                        yield self.finding(
                            "starts with a debugger that listens", at, place=place, evidence=line(command)
                        )
