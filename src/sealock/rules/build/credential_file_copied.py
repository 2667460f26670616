from __future__ import annotations

from sealock.model.build import AddFile, Copy
from sealock.rules.build._credentials import credential_file
from sealock.rules.kit import Build, Confidence, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, docker_docs


class CredentialFileCopied(Rule[Build]):
    """Credentials file is copied into the image.

    Everyone who can pull the image can read the file, and a later `rm` does not help: the layer keeps it. Mount what
    the build needs for the one command that needs it (`RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci`, or
    `--mount=type=ssh`), and pass what the program needs at run time. A `.npmrc`, `.yarnrc.yml`, `*.key` or `*.pem` in
    the directory of the Dockerfile, or else above it, is read: where it holds no secret, it is not reported.
    """

    id = "B016"
    keywords = ("credentials", "credential", "COPY", "private key")
    aliases = ("DS-0031",)
    severity = Severity.HIGH
    references = (cis_docker("4.10"), cwe(538), docker_docs("build/building/secrets/"))
    remedy = "Mount it with RUN --mount=type=secret for the command that needs it, and add it to .dockerignore."
    fixable = False
    bad = (
        "FROM node:22\nCOPY .npmrc package.json ./\nRUN npm ci\n",
        "FROM debian:12\nADD id_rsa /root/.ssh/id_rsa\n",
        "FROM debian:12\nCOPY deploy/.env.production /app/.env\n",
        "FROM debian:12\nCOPY certs/server.key /etc/ssl/private/\n",
        'FROM debian:12\nCOPY [".aws", "/root/.aws"]\n',
    )
    good = (
        "FROM node:22\nCOPY package.json ./\nRUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci\n",
        "FROM debian:12\nCOPY .env.example ca.pem dhparam.pem id_rsa.pub /app/\n",
        "FROM debian:12\nCOPY certs/ /usr/local/share/ca-certificates/\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for at, _, copy in build.each(Copy, AddFile):
            is_local = isinstance(copy, AddFile) or copy.source_image is None
            harmless = build.context.without_secret if is_local else ()
            for source in copy.sources:
                text = named = source.text
                if text.removeprefix("./").removeprefix("/") in harmless:
                    continue
                contents = credential_file(text)
                if contents is not None and "://" in text and contents[1] is not Confidence.HIGH:
                    contents = None  # a key for all who ask is mostly the one that signs packages
                if (
                    contents is None
                    and len(copy.sources) == 1
                    and "://" not in text
                    and not text.endswith(("/", ".pub"))
                ):
                    contents = credential_file(copy.target.text) if not copy.target.text.endswith("/") else None
                    contents = contents if contents and text.strip("./") else None
                    named = f"{text} to {copy.target.text}" if contents else text
                if contents:
                    yield self.finding(
                        f"copies {named}, which by its name contains {contents[0]}",
                        at,
                        place=source.place,
                        evidence=text,
                        confidence=contents[1],
                    )
