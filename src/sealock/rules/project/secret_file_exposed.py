from __future__ import annotations

from sealock.model.project import ProjectFile
from sealock.rules.kit import At, Confidence, Iterator, Project, Rule, RuleFinding, Severity, cwe, docker_docs

_SAMPLES = ("example", "sample", "template", "dist", "default", "public", "test")


class SecretFileExposed(Rule[Project]):
    """Secret file is readable by others or tracked by git.

    A secret file or env_file in the repository that Git does not ignore is one `git add .` away from being published,
    for ever. Every user of the host can already read one that is world-readable or in a shared directory. List it in
    .gitignore (and .dockerignore), keep it out of /tmp, and `chmod 600` it. An env_file counts if its variables hold
    secrets.
    """

    id = "P003"
    keywords = ("secret", "env_file", "git")
    severity = Severity.MEDIUM
    references = (cwe(538), cwe(732), docker_docs("compose/how-tos/use-secrets/"))
    remedy = "List it in .gitignore and .dockerignore, and let only its owner read it (chmod 600)."
    bad = (
        "services:\n  app:\n    image: acme/app:1\n    env_file: /tmp/app.env\n",
        "services:\n  app:\n    image: acme/app:1\n    secrets: [pw]\nsecrets:\n  pw:\n    file: /var/tmp/pw\n",
    )
    good = (
        "services:\n  app:\n    image: acme/app:1\n    secrets: [pw]\nsecrets:\n  pw:\n    environment: PW\n",
        "docker run alpine",
    )
    fixable = False

    def check(self, project: Project, /) -> Iterator[RuleFinding]:
        configs = {secret.file for secret in project.secrets if secret.kind == "config"}
        secrets = {secret.file for secret in project.secrets if secret.kind == "secret"}
        for index, fact in enumerate(project.files):
            certain = fact.path in secrets
            if fact.path in configs - secrets or (fact.has_secrets is False and not certain):
                continue
            at: At = ("files", index)
            if fact.path.startswith(("/tmp/", "/var/tmp/", "/dev/shm/")):  # noqa: S108  that is the fault
                yield self.finding(f"reads secrets from {fact.path}, in a directory shared by all users", at)
            elif fact.exists is None:
                yield self.skip(f"{fact.path} could not be checked", at)
            elif fact.exists:
                yield from self._by_fact(fact, at, certain=certain)

    def _by_fact(self, fact: ProjectFile, at: At, *, certain: bool) -> Iterator[RuleFinding]:
        """Check an existing file; `certain` if it is declared as a secret."""
        name = fact.path.rpartition("/")[2].lower()
        if not certain and any(word in name for word in _SAMPLES):
            return
        if fact.in_repository and fact.ignored_by_git is False:
            yield self.finding(
                f"reads secrets from {fact.path}, which is in the repository and not ignored by Git",
                at,
                severity=Severity.HIGH if certain else Severity.MEDIUM,
                confidence=Confidence.HIGH if certain else Confidence.MEDIUM,
                evidence=f"{fact.path} is not ignored",
            )
        mode = fact.mode or 0
        if mode & 0o002:
            yield self.finding(
                f"reads secrets from {fact.path}, which every user of the host can write (mode {mode:03o})",
                at,
                severity=Severity.HIGH,
                evidence=f"{fact.path} is writable for all",
            )
        elif mode & 0o004 and (certain or not fact.ignored_by_git):
            yield self.finding(
                f"reads secrets from {fact.path}, which every user of the host can read (mode {mode:03o})",
                at,
                severity=Severity.MEDIUM if certain else Severity.LOW,
                evidence=f"{fact.path} is readable for all",
            )
