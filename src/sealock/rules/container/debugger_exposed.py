from __future__ import annotations

import re

from sealock.patterns import compile_lazily
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

_ADDRESS: Final = r"(\[[0-9a-fA-F:]{2,45}\]|[^\s,;:\"'=\[\]]{0,253})"
_JDWP: Final = compile_lazily(rf"\baddress=(?:{_ADDRESS}:)?\d")
_DEBUGGERS: Final[tuple[tuple[str, tuple[str, ...], re.Pattern[str]], ...]] = (
    (
        "Node",
        ("--inspect",),
        compile_lazily(rf"--inspect(?:-brk|-wait|-port)?=(?:{_ADDRESS}:\d|(\*|0\.0\.0\.0)(?!\S))"),
    ),
    ("Go", ("dlv", "--headless"), compile_lazily(rf"(?:--listen[= ]|-l[= ]?){_ADDRESS}:\d")),
    ("Python", ("debugpy",), compile_lazily(rf"--listen[= ]{_ADDRESS}:\d")),
    ("Python", ("pydevd", "--server"), compile_lazily(r"--server()")),
    ("Ruby", ("rdbg", "--open"), compile_lazily(rf"--host[= ]{_ADDRESS}")),
    ("JMX", ("com.sun.management.jmxremote.",), compile_lazily(r"jmxremote\.authenticate=false()")),
)
"""Debuggers: words of the command that start one, and the option that lets it listen, with the address."""
_MARKS: Final = compile_lazily("|".join(map(re.escape, ("jdwp", "xdebug", *(marks[0] for _, marks, _ in _DEBUGGERS)))))
"""A text without any of these starts no debugger."""
_LOCAL_JMX: Final = compile_lazily(r"jmxremote\.host=(?:127\.|localhost|\[?::1)")
_CALLS_BACK: Final = compile_lazily(
    r"(?:\b|-d)xdebug\.(?:discover_client_host|remote_connect_back)\s{0,4}=\s{0,4}(?:1|on|true|yes)\b"
)
_JAVA: Final = compile_lazily(r"(?:jdk|jre|java|corretto|temurin|zulu|liberica|semeru)\D{0,9}(?:1\.)?(\d{1,2})")
"""The version of Java in an image's name."""
_LOOPBACK: Final = ("127.", "localhost", "::1", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.")
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
        "docker run eclipse-temurin:8-jre java -agentlib:jdwp=transport=dt_socket,server=y,address=5005 -jar a.jar",
        "docker run golang:1.25 dlv exec ./app --headless --listen=:2345",
    )
    good = (
        "docker run node:22 node --inspect=127.0.0.1:9229 app.js",
        "docker run -e NODE_OPTIONS=--max-old-space-size=512 node:22",
        "docker run openjdk:21 java -agentlib:jdwp=transport=dt_socket,server=y,address=127.0.0.1:5005 -jar a.jar",
        "docker run openjdk:21 java -agentlib:jdwp=transport=dt_socket,server=y,address=5005 -jar a.jar",
        "docker run eclipse-temurin:8 java -agentlib:jdwp=transport=dt_socket,address=ide:5005 -jar a.jar",
        "docker run python:3.12 python -m debugpy --listen 5678 app.py",
        'FROM node:22\nENV FLASK_DEBUG=0\nCMD ["node", "--inspect=127.0.0.1:9229", "app.js"]\n',
    )
    fixable = False

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        image = given(container.image, "").lower()
        for _, at, line in command_lines(container):
            yield from self._in_text(at, line, line, image)
        for index, variable in enumerate(given(container.environment, ())):
            name, value, at = variable.name, variable.value or "", ("environment", index)
            whole = f"{name}={value}"
            if name == "XDEBUG_CONFIG":
                value = " ".join(f"xdebug.{setting}" for setting in value.split())
            if name == "JPDA_ADDRESS":  # Tomcat's
                host = value.rpartition(":")[0]
                if ":" in value and not host.lower().startswith(_LOOPBACK):
                    shown = _shown(host)
                    yield self.finding(f"opens a Java debugger on {shown}", at, evidence=mask(whole)[:200])
            elif (name in _DEBUG and value.lower() in _YES) or (name == "WERKZEUG_DEBUG_PIN" and value == "off"):
                yield self.finding(
                    f"turns a debugger on ({name})",
                    at,
                    severity=Severity.MEDIUM,
                    confidence=Confidence.MEDIUM,
                    evidence=mask(whole)[:200],
                )
            else:
                yield from self._in_text(at, value, whole, image)

    def _in_text(self, at: At, text: str, whole: str, image: str) -> Iterator[RuleFinding]:
        """Check a text, which is all of `whole` or a part of it."""
        if _MARKS.search(text) is None:
            return
        evidence = mask(whole)[:200]
        if "jdwp" in text:
            yield from self._jdwp(at, text, evidence, image)
        for language, marks, option in _DEBUGGERS:
            if not all(mark in text for mark in marks) or (match := option.search(text)) is None:
                continue
            address = next(filter(None, match.groups()), "")
            if address.lower().startswith(_LOOPBACK) or (language == "JMX" and _LOCAL_JMX.search(text)):
                continue
            yield self.finding(f"opens a {language} debugger on {_shown(address)}", at, evidence=evidence)
            return
        if "xdebug" in text and _CALLS_BACK.search(text.lower()):
            yield self.finding("lets every client start a PHP debugger that it controls", at, evidence=evidence)

    def _jdwp(self, at: At, text: str, evidence: str, image: str) -> Iterator[RuleFinding]:
        """Check Java's agent, which listens only with server=y."""
        for word in text.split():
            if "jdwp" not in word or "server=y" not in word:
                continue
            match = _JDWP.search(word)
            address = match[1] if match is not None else None
            if address is not None:
                if not address.lower().startswith(_LOOPBACK):
                    yield self.finding(f"opens a Java debugger on {_shown(address)}", at, evidence=evidence)
                continue
            # A port by itself means all interfaces up to Java 8, and the loopback interface since.
            version = _JAVA.search(image)
            if version is None:
                message = "opens a Java debugger on all interfaces if Java is older than 9"
                yield self.finding(message, at, evidence=evidence, severity=Severity.LOW, confidence=Confidence.LOW)
            elif int(version[1]) < 9:
                yield self.finding("opens a Java debugger on all interfaces", at, evidence=evidence)


def _shown(address: str) -> str:
    return "all interfaces" if address in {"", "*", "0.0.0.0", "[::]", "+"} else address  # noqa: S104  compared, never bound
