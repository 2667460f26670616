from __future__ import annotations

from msgspec.structs import replace

from sealock.rules.kit import Container, Iterator, Rule, RuleFinding, Severity, Swap, cwe, docker_docs, given

_CODE = (
    "/app",
    "/code",
    "/src",
    "/srv",
    "/workspace",
    "/usr/src/app",
    "/var/www",
    "/var/www/html",
    "/opt/app",
    "/go/src",
)


class CodeWritable(Rule[Container]):
    """Project directory is mounted writable.

    An attacker who takes over the program can change its source on the host, and also the hooks under .git, which then
    run as the developer. In production, copy the code into the image; in development, mount read-only (`:ro`) what the
    program only reads, and let `develop: watch` copy changes in.
    """

    id = "C084"
    keywords = ("bind mount", "mounted writable", "source")
    severity = Severity.LOW
    reads = ("mounts", "volumes_from")
    separate = True
    references = (cwe(732), docker_docs("compose/how-tos/file-watch/"))
    remedy = "Copy the code into the image, or mount it read-only (:ro)."
    bad = (
        "docker run -v $PWD:/app alpine",
        "docker run -v .:/usr/src/app alpine",
        "services:\n  app:\n    image: alpine:3.20\n    volumes: ['.:/app']\n",
    )
    good = (
        "docker run -v .:/app:ro alpine",
        "services:\n  app:\n    image: a:1\n    volumes: ['./data:/app/data', 'www:/var/www/html']\nvolumes:\n  www:\n",
    )

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        for index, mount in enumerate(given(container.mounts, ())):
            source = (mount.source or "").strip("\"'").rstrip("/")
            own = source in {".", "./", "$PWD", "${PWD}", "$(pwd)", "`pwd`", "$$PWD", "${PWD:-.}", "./src", "./app"}
            target = mount.target.rstrip("/")
            if own and not mount.read_only and (target in _CODE or target.startswith(("/var/www/", "/home/"))):
                yield self.finding(
                    f"can write the project directory {mount.source} on the host through {target}",
                    ("mounts", index),
                    fix=Swap("mounts", mount, replace(mount, read_only=True)),
                )
