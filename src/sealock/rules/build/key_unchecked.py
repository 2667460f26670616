from __future__ import annotations

from sealock.model.build import Run
from sealock.rules.build._commands import downloads, is_verified, known, line, pipelines
from sealock.rules.build._ran import once_each, ran
from sealock.rules.downloadruns import passes_download
from sealock.rules.downloads import program, saved_as
from sealock.rules.kit import At, Build, Confidence, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, man


class KeyUnchecked(Rule[Build]):
    """Signing key is used without checking its fingerprint.

    A key from the same server as the packages only proves that both come from there. Compare its fingerprint with the
    published one, or keep the key in the build context. Over plain HTTP an attacker on the network can replace it.
    """

    id = "B038"
    keywords = ("fingerprint", "signing key", "GPG")
    severity = Severity.LOW
    pedantic = True
    confidence = Confidence.MEDIUM
    references = (cis_docker("4.12"), cwe(347), man("rpm", 8))
    remedy = "Check the fingerprint (gpg --show-keys --with-fingerprint) or a checksum, or copy the key into the build."
    fixable = False
    bad = (
        "FROM debian:12\nRUN curl -fsSL https://e.com/k.asc | gpg --dearmor -o /usr/share/keyrings/e.gpg\n",
        "FROM debian:12\nRUN curl -fsSL https://e.com/k.asc -o /etc/apt/keyrings/e.asc\n",
        "FROM rockylinux:9\nRUN rpm --import http://e.com/k.asc\n",
    )
    good = (
        "FROM debian:12\nRUN curl -o k https://e.com/k && echo '1f2e  k' | sha256sum -c && gpg --dearmor -o e.gpg k\n",
        "FROM rockylinux:9\nCOPY k.asc /k.asc\nRUN rpm --import /k.asc\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        shows_fingerprint = once_each(_shows_fingerprint)
        shown_by: dict[At, bool] = {}
        for at, run, pipeline in pipelines(build) if downloads(build) else ():
            if len(pipeline.commands) == 1:
                continue
            fetched, text = False, ""
            for command in pipeline.commands:
                keys = [call for call in command.walk() if program(call) in {"gpg", "gpg2"}]
                takes = any({"--dearmor", "--import"} & set(key.arguments) for key in keys)
                if fetched and takes and not is_verified(run):
                    if at not in shown_by:
                        shown_by[at] = _shows_fingerprint(run)
                    if shown_by[at]:
                        break
                    text = text or " | ".join(line(command) for command in pipeline.commands[:100])[:200]
                    yield self.finding(
                        "imports a signing key without checking its fingerprint",
                        at,
                        place=known(command.place),
                        evidence=text,
                    )
                fetched = passes_download(command, fed=fetched)
        for call in ran(build, "curl", "wget"):
            keyrings = [file for file in saved_as(call.command) if "keyrings/" in file or "trusted.gpg" in file]
            if keyrings and not is_verified(call.run) and not shows_fingerprint(call):
                place = known(call.command.place)
                yield self.finding(
                    "imports a signing key without checking its fingerprint",
                    call.at,
                    place=place,
                    evidence=line(call.command),
                )
        for call in ran(build, "rpm", "rpmkeys"):
            for word in call.command.words[1:] if "--import" in call.command.arguments else ():
                if word.text.startswith(("http://", "https://")):
                    yield self.finding(
                        f"imports the signing key {word.text} without checking its fingerprint",
                        call.at,
                        place=known(word.place),
                        evidence=line(call.command),
                        severity=Severity.MEDIUM if word.text.startswith("http:") else None,
                    )


def _shows_fingerprint(run: Run) -> bool:
    return any("fingerprint" in word.text for command in run.script.commands() for word in command.words[1:])
