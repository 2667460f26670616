from __future__ import annotations

from sealock.model.build import Run
from sealock.rules.build._commands import downloads, known, line, pipelines
from sealock.rules.build._powershell import powershell_of, speaks_powershell
from sealock.rules.downloadruns import find_download_run, stored_downloads
from sealock.rules.kit import At, Build, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, docker_docs
from sealock.rules.powershell import follow_downloads
from sealock.secrets.values import mask


class PipedToShell(Rule[Build]):
    """Download is piped to a shell without a check.

    `curl … | sh`, `sh -c "$(curl …)"` and `bash <(curl …)` run whatever the server sends today, as root. The server can
    detect the pipe and send a different script, and a dropped connection runs half of one. Download to a file, check it
    against a checksum or signature in the Dockerfile, and then run it; or install the package that the distribution
    signs. The same holds for `iex (irm …)` in PowerShell.
    """

    id = "B020"
    keywords = ("piped to a shell", "pipe", "curl", "wget", "pipe to shell", "curl bash")
    severity = Severity.HIGH
    references = (cis_docker("4.11"), cwe(494), docker_docs("build/building/best-practices/"))
    remedy = "Download to a file, check it with `sha256sum -c` or `gpg --verify`, and then run it."
    fixable = False
    bad = (
        "FROM debian:12\nRUN curl -fsSL https://example.com/install.sh | sh\n",
        "FROM debian:12\nRUN wget -qO- https://example.com/setup | sudo -E bash -\n",
        "FROM debian:12\nRUN curl -s https://example.com/i.gz | gunzip | tee /tmp/i | bash -s -- --yes\n",
        "FROM debian:12\nRUN curl -o /dev/stdout https://example.com/i.sh 2>/dev/null | sh\n",
        'FROM debian:12\nRUN sh -c "$(curl -fsSL https://example.com/install.sh)"\n',
        "FROM debian:12\nRUN bash <(curl -s https://example.com/install.sh)\n",
        'FROM debian:12\nRUN eval "$(wget -qO- https://example.com/env)"\n',
        "FROM python:3.12\nRUN curl -sSL https://install.example.org | python3 -\n",
        'FROM debian:12\nSHELL ["/bin/bash", "-c"]\nRUN source <(curl -s https://example.com/env.sh)\n',
        "FROM debian:12\nRUN (curl https://example.com/a; echo exit) | perl - App::x\n",
        'FROM debian:12\nRUN ["sh", "-c", "curl https://example.com/x | sh"]\n',
        "FROM mcr.microsoft.com/windows/servercore:ltsc2022\nRUN powershell -Command iwr https://e.com/i.ps1 | iex\n",
    )
    good = (
        "FROM debian:12\nRUN curl -o i.sh https://example.com/i.sh && echo '1f2e  i.sh' | sha256sum -c - && sh i.sh\n",
        "FROM debian:12\nRUN curl -fsSL https://example.com/a.tar.gz | tar xz -C /opt\n",
        "FROM debian:12\nRUN curl -fsSLo /opt/a https://example.com/a | bash && wget -qO /opt/b https://e.com | sh\n",
        "FROM debian:12\nRUN curl -fsSLO https://example.com/a.sh | sh; wget https://example.com/b.sh | sh\n",
        "FROM debian:12\nRUN curl -s https://example.com/a.json | python3 -m json.tool > a.json\n",
        'FROM debian:12\nRUN version="$(curl -s https://example.com/v)"; echo "$version" | sh -c "cat"\n',
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for at, _, run in build.each(Run) if speaks_powershell(build) else ():
            uses = [
                (text, used)
                for text in powershell_of(build, run)
                for used in follow_downloads(text.text, set())
                if used.how == "text"
            ]
            evidence = mask(" ".join(build.excerpt(run.place).split()))[:200] if uses else ""
            for text, used in uses:
                name = text.text[used.start : used.end]
                name = "Invoke-Expression" if name.lower() == "iex" else name
                message = f"runs a download with {name} without a check"
                yield self.finding(message, at, place=text.place(used.start, used.end), evidence=evidence)
        stored_by: dict[At, frozenset[str]] = {}
        for at, run, pipeline in pipelines(build) if downloads(build) else ():
            if at not in stored_by:
                stored_by[at] = stored_downloads(run.script)
            if (use := find_download_run(pipeline, stored_by[at])) is None:
                continue
            name = use.interpreter or "the shell"
            commands = pipeline.commands if use.piped else (use.command,)
            yield self.finding(
                f"{'pipes a download to' if use.piped else 'runs a download with'} {name} without a check",
                at,
                place=known(use.command.place),
                evidence=" | ".join(line(command) for command in commands)[:200],
            )
