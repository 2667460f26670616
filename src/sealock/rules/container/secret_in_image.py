from __future__ import annotations

from sealock.rules.container._texts import command_lines, secrets_in, secrets_in_environment, secrets_in_labels
from sealock.rules.kit import (
    UNKNOWN,
    Container,
    Iterator,
    Rule,
    RuleFinding,
    Severity,
    cis_docker,
    cwe,
    docker_docs,
    given,
)


class SecretInImage(Rule[Container]):
    """Secret in the image's configuration or history.

    Anyone who can pull the image can read its environment, labels, commands and history, including build arguments;
    deleting a secret in a later layer does not help. Rebuild with `RUN --mount=type=secret`, pass at run time what the
    program needs, and rotate the secret.
    """

    id = "C083"
    keywords = ("secret", "history", "image")
    aliases = ("CIS-DI-0010",)
    severity = Severity.HIGH
    conceals = True
    reads = ("environment",)
    references = (cis_docker("4.10"), cwe(798), docker_docs("build/building/secrets/"))
    remedy = "Rebuild with RUN --mount=type=secret, and rotate the secret, since anyone who pulled the image has it."
    bad = (
        (
            '{"architecture": "amd64", "config": {"Env": ["API_TOKEN=9f8e7d6c5b4a39281706f5e4d3c2b1a0"]},'
            ' "rootfs": {"type": "layers", "diff_ids": []}}'
        ),
        (
            '{"architecture": "amd64", "config": {}, "rootfs": {"type": "layers", "diff_ids": []}, "history":'
            ' [{"created_by": "RUN |1 NPM_TOKEN=npm_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8 /bin/sh -c npm ci"}]}'
        ),
    )
    good = (
        (
            '{"architecture": "amd64", "config": {"Env": ["GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D"]},'
            ' "rootfs": {"type": "layers", "diff_ids": []}, "history": [{"created_by": "CMD [\\"sh\\"]"}]}'
        ),
    )
    fixable = False

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if container.image_role != "base" or container.history is UNKNOWN:
            return
        yield from secrets_in_environment(self, container)
        yield from secrets_in_labels(self, container)
        for name, at, line in command_lines(container):
            yield from secrets_in(self, name, at, line)
        for index, line in enumerate(given(container.history, ())):
            yield from secrets_in(self, f"step {index + 1} of its history", ("history", index), line)
