from __future__ import annotations

from sealock.rules.build._commands import drop, known, line, rewrite
from sealock.rules.build._ran import ran
from sealock.rules.build._written import revalued, settings
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, page


class GitTlsOff(Rule[Build]):
    """git does not check the server's certificate.

    `http.sslVerify false` and `GIT_SSL_NO_VERIFY` let anybody on the way put other code into the build; set with
    --global or with ENV it stays so in the image. Give git your own authority instead: `git config http.sslCAInfo
    /ca.pem`.
    """

    id = "B028"
    severity = Severity.HIGH
    references = (
        cis_docker("4.11"),
        cwe(295),
        page(
            "git-config, http.sslVerify",
            "https://git-scm.com/docs/git-config#Documentation/git-config.txt-httpsslVerify",
        ),
    )
    remedy = "Leave the check on; name your own authority with http.sslCAInfo or GIT_SSL_CAINFO."
    bad = (
        "FROM debian:12\nENV GIT_SSL_NO_VERIFY=1\n",
        "FROM debian:12\nRUN git config --global http.sslVerify false\n",
        "FROM debian:12\nRUN git -c http.sslVerify=false clone https://example.com/x.git\n",
        "FROM debian:12\nRUN GIT_SSL_NO_VERIFY=true git clone https://example.com/x.git\n",
        'FROM debian:12\nRUN git config --global http."https://git.example.com".sslverify "false"\n',
    )
    good = (
        "FROM debian:12\nRUN git config --global http.sslCAInfo /ca.pem && git clone https://example.com/x.git\n",
        "FROM debian:12\nENV GIT_SSL_NO_VERIFY=0\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for setting in settings(build, "GIT_SSL_NO_VERIFY"):
            # git knows false, no, off and 0 as "not set".
            if setting.value.lower() not in {"", "0", "false", "no", "off"}:
                yield self.finding(
                    "lets git talk to whoever answers",
                    setting.at,
                    place=known(setting.place),
                    evidence=f"{setting.name}={setting.value}",
                    fix=revalued(setting, "0"),
                )
        for one in ran(build, "git"):
            words = one.command.words
            for index, word in enumerate(words):
                name, sign, value = word.text.lower().partition("=")
                if not (name.startswith("http.") and name.endswith("sslverify")):
                    continue
                following = words[index + 1] if index + 1 < len(words) else None
                if sign and value in {"false", "0", "no", "off"} and words[index - 1].text == "-c":
                    fix = drop(build, one.command, words[index - 1], word)
                elif not sign and following and following.text.lower() in {"false", "0", "no", "off"}:
                    fix = rewrite(build, following, "true")
                else:
                    continue
                yield self.finding(
                    "lets git talk to whoever answers",
                    one.at,
                    place=known(word.place),
                    evidence=line(one.command),
                    fix=fix,
                )
