from __future__ import annotations

from sealock.model.build import Env
from sealock.rules.kit import Build, Confidence, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, docker_docs
from sealock.secrets.values import find_secret, is_placeholder, kind_of_name


class SecretSlot(Rule[Build]):
    """ENV or ARG has a place for a secret.

    An empty `ENV PASSWORD=` reveals nothing, but asks for the secret in a variable: `docker inspect` then shows it,
    every process gets it, and it ends up in logs and error reports. Let the program read it from a file that a variable
    names (`PASSWORD_FILE=/run/secrets/password`).
    """

    id = "B019"
    keywords = ("secret", "ENV")
    severity = Severity.INFO
    confidence = Confidence.LOW
    references = (cis_docker("4.10"), cwe(526), docker_docs("engine/swarm/secrets/"))
    remedy = "Let the program read the secret from a file, and name the file in a variable that ends in _FILE."
    fixable = False
    bad = ("FROM debian:12\nENV PASSWORD=\n", "FROM debian:12\nENV SLACK_TOKEN=xxxxxxxx API_SECRET=your-secret-here\n")
    good = (
        "FROM debian:12\nENV PASSWORD_FILE=/run/secrets/password TOKEN_TTL=3600\n",
        "FROM haproxy:3.0\nENV AUTH=0 SECRETS=1\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for at, _, env in build.each(Env):
            for pair in env.pairs:
                kind = kind_of_name(pair.name) if pair.value is not None and "$" not in pair.value.raw else None
                if (
                    kind
                    and pair.value
                    and is_placeholder(pair.value.text)
                    and not pair.value.text.isdigit()  # a switch: `ENV AUTH=0`
                    and not find_secret(pair.name, pair.value.text)
                ):
                    yield self.finding(
                        f"expects {kind} in the variable {pair.name}", at, place=pair.place, evidence=f"ENV {pair.name}"
                    )
