from __future__ import annotations

from sealock.model.change import Change
from sealock.model.container import Hook
from sealock.model.imagename import default_user, drops_root, has_root_master
from sealock.model.location import At
from sealock.rules.container._images import is_known
from sealock.rules.container._users import is_caller, is_root
from sealock.rules.kit import (
    UNKNOWN,
    UNSET,
    Confidence,
    Container,
    Final,
    Iterator,
    Rule,
    RuleFinding,
    Set,
    Severity,
    cis_docker,
    cwe,
    docker_docs,
    given,
)

# Entry points that images bring along, and that people repeat.
_USUAL_STARTS: Final = frozenset(
    {"/init", "docker-entrypoint.sh", "/docker-entrypoint.sh", "/entrypoint.sh", "/usr/local/bin/docker-entrypoint.sh"}
)
_INITS: Final = frozenset({"tini", "dumb-init", "catatonit", "docker-init", "env", "exec", "nice", "stdbuf"})
_STEPS_DOWN: Final = frozenset({"gosu", "su-exec", "chpst", "setuidgid", "s6-setuidgid", "runuser", "sudo", "setpriv"})
"""Programs that change to the user in their arguments, and stay it."""
_HOOK = "Leave out the hook's user, or name an ordinary one; do what needs root in the Dockerfile."


class RunsAsRoot(Rule[Container]):
    """Container runs as root.

    Root in a container is root to the kernel: a vulnerability in the kernel, a mount or the engine is worse, and root
    can change every file in the image. Set an ordinary user in the image (USER) or for the container (`user`), by
    number so that Kubernetes can verify it. sealock checks the resulting user: root, 0, 00 and 0:0 are the same, an
    image inherits the user of its base, and images that start as root and then drop privileges themselves are fine.
    """

    id = "C046"
    keywords = ("root", "USER", "non-root", "runAsNonRoot")
    aliases = ("DL3002", "DS-0002", "KSV-0012", "KSV-0105", "CKV_DOCKER_3", "CKV_DOCKER_8", "CKV_K8S_23", "CIS-DI-0001")
    differs = (
        ("DL3002", "also a missing USER, and users that come from a variable, a number or the base image"),
        ("DS-0002 KSV-0012 CKV_K8S_23", "knows common images that run as another user, or drop root themselves"),
    )
    severity = Severity.HIGH
    reads = ("user",)
    references = (cis_docker("4.1"), cwe(250), docker_docs("build/building/best-practices/#user"))
    remedy = (
        'Set an ordinary user: USER 10001 in the Dockerfile, or user: "10001:10001" (in Kubernetes runAsUser and '
        "runAsNonRoot) for the container."
    )
    bad = (
        "docker run -u root acme/app:1",
        "docker run --user 00:0 registry.example/app:1",
        "docker run python:3.12 app.py",
        "services:\n  app:\n    image: registry.example/app:1\n    user: root:root\n",
        'FROM python:3.12\nCMD ["app"]\n',
        "FROM debian:12\nUSER app\nUSER 0\n",
        "FROM debian:12\nARG WHO=root\nUSER ${WHO}\n",
    )
    good = (
        "docker run -u 1000 python:3.12 app.py",
        "docker run postgres:16",
        "FROM gcr.io/distroless/static:nonroot\nCOPY app /app\n",
        "FROM debian:12\nUSER 10001\n",
        'FROM debian:12\nENTRYPOINT ["tini", "--", "gosu", "app", "/app/run"]\n',
        "docker run mcr.microsoft.com/dotnet/aspnet:9.0-noble-chiseled",
        '{"architecture": "amd64", "config": {"User": "app"}, "rootfs": {"type": "layers", "diff_ids": []}}',
    )

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        for index, hook in enumerate(given(container.hooks, ())):
            if hook.user is not None and is_root(hook.user) and not hook.privileged:
                yield self.finding(
                    f"runs its {hook.moment} hook as root", ("hooks", index), severity=Severity.LOW, remedy=_HOOK
                )
            elif hook.user is None and hook.image is not None:
                yield from self._of_own_image(hook, hook.image, ("hooks", index))
        image = given(container.image, "")
        makes_image = container.image_role == "base"
        if isinstance(container.user, str) and container.user:
            if is_root(container.user):
                yield self.finding(
                    "runs as root" if container.user == "root" else f"runs as root ({container.user})",
                    "user",
                    fix=_fix(container),
                    severity=Severity.HIGH if makes_image else Severity.MEDIUM,
                )
            return
        if is_caller(container):
            return
        if str(given(container.platform, "")).partition("/")[0] == "windows":
            yield self.skip(
                "the base of a Windows image decides the user: ContainerUser or ContainerAdministrator", "user"
            )
            return
        if container.image is UNSET and not makes_image:
            yield self.skip("the image that is built decides the user", "user")
            return
        # An image's own configuration names no image, and has a history: without a user it runs as root.
        if container.image is UNKNOWN and (not makes_image or container.history is UNKNOWN):
            yield self.skip("the image could not be resolved, and its user is not known", "user")
            return
        yield from self._by_image(container, image, makes_image=makes_image)

    def _of_own_image(self, hook: Hook, image: str, at: At) -> Iterator[RuleFinding]:
        """Check the user of a hook's own image."""
        user = default_user(image)
        if user is UNKNOWN:
            yield self.skip(f"sealock does not know the user of {image}", at)
        elif isinstance(user, str) and is_root(user) and not hook.privileged:
            yield self.finding(
                f"runs its {hook.moment} hook as root: {image} does, and no user is set",
                at,
                severity=Severity.LOW,
                remedy=_HOOK,
            )

    def _by_image(self, container: Container, image: str, *, makes_image: bool) -> Iterator[RuleFinding]:
        """Check the image's own user."""
        # An engine says of its containers that the image has no user either.
        user = "root" if not image or container.user == "" else default_user(image)
        if user is UNKNOWN:
            yield self.skip(f"sealock does not know the user of {image or 'the image'}", "user")
        elif (
            makes_image
            and image == "scratch"
            and not given(container.entrypoint, ())
            and not given(container.command, ())
        ):
            # The last stage of a build whose result are files, in most Dockerfiles that have one.
            yield self.skip("nothing starts in the image: it has no base, no ENTRYPOINT and no CMD", "user")
        elif isinstance(user, str) and is_root(user):
            if (changed := _changes_to(container)) and not is_root(changed):
                return
            own_start = not set(given(container.entrypoint, ())[:1]) <= _USUAL_STARTS
            if drops_root(image) and not own_start:
                return
            if has_root_master(image) and not own_start:
                yield self.finding(
                    "runs its main process as root, as its image does; the workers that handle requests do not",
                    "user",
                    severity=Severity.LOW,
                    remedy="Use an image that does not need root, such as nginxinc/nginx-unprivileged.",
                    evidence="no user",
                )
                return
            may_change = makes_image and _brings_gosu(container)
            yield self.finding(
                f"starts as root: {image or 'its image'} does, no user is set, and only its entry point can change that"
                if may_change
                else f"runs as root: {image or 'its image'} does, and no user is set",
                "user",
                fix=_fix(container),
                severity=Severity.HIGH if makes_image and not may_change else Severity.MEDIUM,
                confidence=Confidence.MEDIUM if may_change else None,
                evidence="no user",
            )


def _changes_to(container: Container) -> str:
    """The user that the entry point or command changes to before the program starts, "" where it names none."""
    words = [*given(container.entrypoint, ()), *given(container.command, ())]
    if words[1:2] == ["-c"]:
        words = words[2].split() if len(words) > 2 else []
    while words and (words[0].rpartition("/")[2] in _INITS or words[0] == "--" or "=" in words[0]):
        words = words[1:]
        while words and words[0].startswith("-"):
            words = words[1:]
    if not words or words[0].rpartition("/")[2] not in _STEPS_DOWN:
        return ""
    options = ("-u", "--user", "--reuid")
    for at, word in enumerate(words[1:], 1):
        name, sign, value = word.partition("=")
        if name in options:
            return value if sign else next(iter(words[at + 1 :]), "")
        if not word.startswith("-"):
            return word
    return ""


def _brings_gosu(container: Container) -> bool:
    """Whether the image starts by a script and has gosu to change the user in it, as official images do."""
    names = {variable.name for variable in given(container.environment, ())}
    start = next(iter(given(container.entrypoint, ())), "")
    script = start.endswith(".sh") or "entrypoint" in start
    return script and any(name.startswith(("GOSU_", "SU_EXEC_")) for name in names)


def _fix(container: Container) -> tuple[Change, ...]:
    """Set an ordinary user, unless the image is known to start as root, or files of a mount may belong to root."""
    owned = any(mount.kind in {"bind", "volume"} and not mount.read_only for mount in given(container.mounts, ()))
    if container.image is UNKNOWN or owned or is_known(container):
        return ()
    return (Set("user", "10001:10001"),)
