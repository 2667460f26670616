from __future__ import annotations

import re

from sealock.rules.container._texts import command_lines
from sealock.rules.kit import (
    At,
    Confidence,
    Container,
    Final,
    Iterator,
    Rule,
    RuleFinding,
    Severity,
    cis_docker,
    cwe,
    given,
    page,
)
from sealock.secrets.values import mask

_MARKS: Final = (
    ("--inspect=0.0.0.0", "Node"),
    ("--inspect-brk=0.0.0.0", "Node"),
    ("address=*:", "Java"),
    ("address=0.0.0.0:", "Java"),
    ("dlv --listen=:", "Go"),
    ("debugpy --listen 0.0.0.0", "Python"),
    ("com.sun.management.jmxremote.authenticate=false", "JMX"),
)
"""Debuggers that listen on every address."""
_OPTION: Final = re.compile(
    r"(?:-agentlib:jdwp=|-Xrunjdwp:)(?!\S*address=(?:127\.|localhost))|--inspect(?:-brk)?=(?:\[::\]|\*)|"
    r"\bdebugpy\b.*--listen (?!127\.|localhost)|\bpydevd\b|\brdbg\b.*--open|\bxdebug\.(?:mode|remote_enable)\b|"
    r"\bdlv\b(?!.*127\.0\.0\.1).*--headless"
)
"""Debuggers without an address, or with one that depends on the version."""
_DEBUG: Final = frozenset({"FLASK_DEBUG", "DJANGO_DEBUG", "APP_DEBUG", "RAILS_WEB_CONSOLE"})
_YES: Final = frozenset({"1", "true", "on", "yes"})


class DebuggerExposed(Rule[Container]):
    """Debugger listens on all interfaces.

    A debugger asks for no password and runs any code it receives: jdwp, `node --inspect=0.0.0.0` and debugpy let every
    container on the network take over the program, and the debug pages of Flask and the like show settings and run
    code. Let it listen on 127.0.0.1 and start it only for debugging, for example in a compose override.
    """

    id = "C072"
    keywords = ("debugger", "debug", "jdwp", "inspect")
    severity = Severity.HIGH
    reads = ("environment", "command")
    references = (
        cis_docker("5.7"),
        cwe(489),
        page("Node.js, debugging guide", "https://nodejs.org/en/learn/getting-started/debugging"),
    )
    remedy = "Remove the debugger, or keep it in an override file and on 127.0.0.1."
    bad = (
        "docker run node:22 node --inspect=0.0.0.0:9229 app.js",
        "services:\n  a:\n    image: a:1\n    environment: ['JAVA_OPTS=-agentlib:jdwp=server=y,address=*:5005']\n",
        'FROM eclipse-temurin:21\nENV JAVA_TOOL_OPTIONS="-agentlib:jdwp=transport=dt_socket,server=y,address=*:5005"\n',
        'FROM node:22\nCMD ["node", "--inspect=0.0.0.0:9229", "app.js"]\n',
        "FROM python:3.12\nENTRYPOINT python -m debugpy --listen 0.0.0.0:5678 app.py\n",
        "FROM python:3.12\nENV FLASK_DEBUG=1\n",
    )
    good = (
        "docker run node:22 node --inspect=127.0.0.1:9229 app.js",
        "docker run -e NODE_OPTIONS=--max-old-space-size=512 node:22",
        'FROM node:22\nENV FLASK_DEBUG=0\nCMD ["node", "--inspect=127.0.0.1:9229", "app.js"]\n',
    )
    fixable = False

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        for _, at, line in command_lines(container):
            yield from self._in_text(at, line, mask(line)[:200])
        for index, variable in enumerate(given(container.environment, ())):
            name, value, at = variable.name, variable.value or "", ("environment", index)
            evidence = mask(f"{name}={value}")[:200]
            if (name in _DEBUG and value.lower() in _YES) or (name == "WERKZEUG_DEBUG_PIN" and value == "off"):
                yield self.finding(
                    f"turns a debugger on ({name})",
                    at,
                    severity=Severity.MEDIUM,
                    confidence=Confidence.MEDIUM,
                    evidence=evidence,
                )
            else:
                yield from self._in_text(at, value, evidence)

    def _in_text(self, at: At, text: str, evidence: str) -> Iterator[RuleFinding]:
        mark, language = next((row for row in _MARKS if row[0] in text), ("", ""))
        if mark and (language != "Java" or "jdwp" in text):
            yield self.finding(f"opens a {language} debugger on all interfaces ({mark})", at, evidence=mark)
        elif _OPTION.search(text):
            yield self.finding(
                "starts a debugger that may listen on all interfaces",
                at,
                confidence=Confidence.MEDIUM,
                evidence=evidence,
            )
