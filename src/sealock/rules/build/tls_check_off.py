from __future__ import annotations

import re

from sealock.model.build import Run
from sealock.model.shell import Command, Word
from sealock.rules.build._commands import CURL_VALUED, bundled, drop_option, known, line
from sealock.rules.build._ran import ran
from sealock.rules.kit import Build, Final, Iterator, Place, Rule, RuleFinding, Severity, cis_docker, cwe, man

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
    "svn": ("--trust-server-cert",),
    "lftp": ("set ssl:verify-certificate no",),
}

_POWERSHELL: Final = re.compile(
    r"-SkipCertificateCheck\b|ServerCertificateValidationCallback\s*=\s*\{\s*\$true", re.IGNORECASE
)


class TlsCheckOff(Rule[Build]):
    """A download does not check the server's certificate.

    Without the check anybody between the build and the server can send what they like, and it goes into the image.
    If the certificate is not known, install `ca-certificates` or add your own authority (`curl --cacert`, `wget
    --ca-certificate`).
    """

    id = "B024"
    severity = Severity.HIGH
    references = (cis_docker("4.11"), cwe(295), man("curl", 1))
    remedy = "Leave the option out; install ca-certificates, or name your own authority with --cacert."
    bad = (
        "FROM debian:12\nRUN curl -k https://example.com/a -o a\n",
        "FROM debian:12\nRUN curl -fsSLk -o a https://example.com/a\n",
        "FROM debian:12\nRUN wget --no-check-certificate \\\n    https://example.com/a\n",
        'FROM debian:12\nRUN ["curl", "--insecure", "https://example.com/a"]\n',
        'FROM debian:12\nRUN sudo bash -c "curl -sk https://example.com/a > a"\n',
        "FROM debian:12\nRUN aws --no-verify-ssl s3 cp s3://bucket/a a\n",
    )
    good = (
        "FROM debian:12\nRUN curl --cacert /ca.pem -o bk https://example.com/k -H k -u k:\n",
        "FROM debian:12\nRUN wget https://example.com/a\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for one in ran(build, *_OPTIONS):
            command = one.command
            for word, letter in _given(command):
                yield self.finding(
                    f"lets {command.name} talk to whoever answers",
                    one.at,
                    place=known(word.place),
                    evidence=line(command),
                    fix=drop_option(build, command, word, letter),
                )
        for at, _, run in build.each(Run) if "ertificate" in build.text else ():
            for match in _POWERSHELL.finditer(build.excerpt(run.place)):
                option = Place(run.place.start + match.start(), run.place.start + match.end(), file=run.place.file)
                yield self.finding("lets PowerShell talk to whoever answers", at, place=option)
        for one in ran(build, "echo", "printf"):
            files = [redirect.target.text for redirect in one.command.redirects if redirect.target]
            text = " ".join(one.command.arguments)
            if any(file.endswith((".curlrc", "_curlrc", "wgetrc")) for file in files) and (
                "insecure" in text or "check_certificate" in text.replace("-", "_")
            ):
                place = known(one.command.place)
                yield self.finding("turns certificate checks off for all downloads", one.at, place=place, evidence=text)


def _given(command: Command) -> Iterator[tuple[Word, str]]:
    options = _OPTIONS[command.name]
    for word in command.words[1:]:
        if word.text == "--":
            return
        if word.text in options or word.text.removesuffix("=true") in options:
            yield word, ""
    if command.name == "curl" and (short := bundled(command, "k", CURL_VALUED)) is not None:
        yield short, "k"
