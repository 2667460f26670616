from __future__ import annotations

from sealock.rules.container._texts import command_lines
from sealock.rules.kit import Container, Iterator, Rule, RuleFinding, Severity, cwe, given

_MARKS = (
    ("--inspect=0.0.0.0", "Node"),
    ("--inspect-brk=0.0.0.0", "Node"),
    ("address=*:", "Java"),
    ("address=0.0.0.0:", "Java"),
    ("dlv --listen=:", "Go"),
    ("debugpy --listen 0.0.0.0", "Python"),
    ("com.sun.management.jmxremote.authenticate=false", "Java's management"),
)
_VARIABLES = frozenset(
    {"NODE_OPTIONS", "JAVA_OPTS", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "CATALINA_OPTS"}
)


class OpenDebugger(Rule[Container]):
    """Debugger listens for everybody.

    A debugger asks for no password and runs whatever it is told: every container of the network can take the program
    over. Let it listen on 127.0.0.1 and start it for debugging alone, say in a compose override.
    """

    id = "C072"
    severity = Severity.HIGH
    reads = ("environment", "command")
    references = (cwe(489),)
    remedy = "Take the debugger out, or keep it in an override file and on 127.0.0.1."
    bad = (
        "docker run node:22 node --inspect=0.0.0.0:9229 app.js",
        "services:\n  a:\n    image: a:1\n    environment: ['JAVA_OPTS=-agentlib:jdwp=server=y,address=*:5005']\n",
    )
    good = (
        "docker run node:22 node --inspect=127.0.0.1:9229 app.js",
        "docker run -e NODE_OPTIONS=--max-old-space-size=512 node:22",
    )
    fixable = False

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        lines = [(at, line) for _, at, line in command_lines(container)]
        for index, variable in enumerate(given(container.environment, ())):
            if variable.name in _VARIABLES and variable.value:
                lines.append((("environment", index), variable.value))
        for at, line in lines:
            found = next(((mark, whose) for mark, whose in _MARKS if mark in line), None)
            if found and (found[1] != "Java" or "jdwp" in line):
                yield self.finding(f"has {found[1]} debugging open to everybody ({found[0]})", at, evidence=found[0])
