"""Makes Dockerfiles to measure with: of every family, in every style, with faults planted whose kinds are known.

The same seed makes the same files, so that figures of two days can be compared.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import NamedTuple


class Planted(NamedTuple):
    """A file that was made, and the kinds of fault that it was given."""

    path: Path
    kinds: tuple[str, ...]


class Family(NamedTuple):
    """How a distribution's Dockerfiles look."""

    images: tuple[str, ...]
    install: str
    user: str


FAMILIES = {
    "debian": Family(
        (
            "debian:12.6-slim",
            "ubuntu:24.04",
            "python:3.12.4-slim",
            "node:22.4-bookworm",
            "golang:1.22.5",
            "ruby:3.3.4",
            "php:8.3-apache",
        ),
        "apt-get update && apt-get install -y --no-install-recommends {packages} && rm -rf /var/lib/apt/lists/*",
        "useradd --system --uid 10001 app",
    ),
    "alpine": Family(
        ("alpine:3.20.1", "python:3.12-alpine", "node:22-alpine", "nginx:1.27-alpine", "golang:1.22-alpine"),
        "apk add --no-cache {packages}",
        "adduser -D -u 10001 app",
    ),
    "redhat": Family(
        ("fedora:40", "rockylinux:9.3", "registry.access.redhat.com/ubi9/ubi:9.4", "amazonlinux:2023"),
        "dnf install -y {packages} && dnf clean all",
        "useradd --system --uid 10001 app",
    ),
    "suse": Family(
        ("opensuse/leap:15.6", "registry.suse.com/bci/bci-base:15.6"),
        "zypper --non-interactive install {packages} && zypper clean --all",
        "useradd --system --uid 10001 app",
    ),
    "arch": Family(
        ("archlinux:base-20240701.0.245829",),
        "pacman -Sy --noconfirm {packages} && pacman -Scc --noconfirm",
        "useradd --system --uid 10001 app",
    ),
}
PACKAGES = (
    "curl",
    "git",
    "ca-certificates",
    "tzdata",
    "openssl",
    "make",
    "gcc",
    "libpq-dev",
    "jq",
    "xz-utils",
    "procps",
    "rsync",
)
PORTS = ("80", "443/tcp", "8080", "3000", "5353/udp", "8000-8010", "9090")
# A fault: its kind, the families that can have it (none: all), and the lines that plant it.
FAULTS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("root", (), "USER root"),
    ("root", (), "USER 0:0"),
    ("secret", (), "ENV DB_PASSWORD=Tr0ub4dor-and-3"),
    ("secret", (), "ENV AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIK7MDENGbPxRfiCYzQ8vT3kLmN2p"),
    ("secret", (), "ARG API_TOKEN=9f8e7d6c5b4a39281706f5e4d3c2b1a0"),
    ("add", (), "ADD app.conf /etc/app/app.conf"),
    ("add", (), "ADD src /srv/src"),
    ("sudo", (), "RUN sudo chown -R app /srv"),
    ("sudo", (), "RUN mkdir /srv/x && sudo touch /srv/x/y"),
    ("ssh port", (), "EXPOSE 22"),
    ("port range", (), "EXPOSE 80800"),
    ("pipe", (), "RUN curl -fsSL https://example.org/a.tar.gz | tar -xz -C /opt"),
    ("pipe", (), "RUN wget -qO- https://example.org/install.sh | sh"),
    ("relative workdir", (), "WORKDIR app/src"),
    ("two commands", (), 'CMD ["first"]'),
    ("maintainer", (), "MAINTAINER Jo Doe <jo@example.org>"),
    ("cd", (), "RUN cd /usr/src && make"),
    ("copy target", (), "COPY a.txt b.txt /srv/data"),
    ("update alone", ("debian",), "RUN apt-get update"),
    ("recommends", ("debian",), "RUN apt-get update && apt-get install -y vim-tiny && rm -rf /var/lib/apt/lists/*"),
    ("lists kept", ("debian",), "RUN apt-get update && apt-get install -y --no-install-recommends less"),
    (
        "no answer",
        ("debian",),
        "RUN apt-get update && apt-get install --no-install-recommends nano && rm -rf /var/lib/apt/lists/*",
    ),
    (
        "apt",
        ("debian",),
        "RUN apt update && apt install -y --no-install-recommends file && rm -rf /var/lib/apt/lists/*",
    ),
    ("dist-upgrade", ("debian",), "RUN apt-get update && apt-get dist-upgrade -y && rm -rf /var/lib/apt/lists/*"),
    ("unsigned", ("debian",), "RUN apt-get install -y --no-install-recommends --allow-unauthenticated x11-apps"),
    ("cache kept", ("alpine",), "RUN apk add bash"),
    ("cache kept", ("redhat",), "RUN dnf install -y nginx"),
    ("cache kept", ("suse",), "RUN zypper --non-interactive install nginx"),
    ("no answer", ("redhat",), "RUN dnf install httpd && dnf clean all"),
    ("pip cache", (), "RUN pip install flask==3.0.3"),
    ("wget and curl", (), "RUN wget -q https://example.org/b && curl -fsSLO https://example.org/c"),
    ("tls off", (), "RUN curl -k https://example.org/d -o /tmp/d"),
    ("tls off", (), "ENV NODE_TLS_REJECT_UNAUTHORIZED=0"),
    ("self reference", (), "ENV PREFIX=/opt BIN=$PREFIX/bin"),
    ("shell command", (), "ENTRYPOINT /srv/run --serve"),
    ("legacy env", (), "ENV LANG C.UTF-8"),
    ("world-writable", (), "RUN chmod -R 777 /srv"),
)
CLEAN = (
    "COPY . .",
    "COPY --chown=10001:10001 src ./src",
    "COPY --chmod=0644 conf/*.conf /etc/app/",
    'COPY ["with space", "/srv/with space/"]',
    "LABEL org.opencontainers.image.title=app org.opencontainers.image.licenses=MIT",
    'ENV APP_HOME=/srv/app APP_MODE="production" \\\n    APP_LOG=info',
    "ARG VERSION=1.2.3\nENV APP_VERSION=${VERSION:-1.0}",
    "RUN mkdir -p /srv/app/{data,log} && \\\n    # the log folder is shared\n    touch /srv/app/log/.keep",
    'RUN <<EOF\nset -eu\nfor name in one two three; do\n  echo "$name" >> /srv/names\ndone\nEOF',
    "COPY <<'END' /etc/app/motd\nwelcome, $USER\nEND",
    "RUN --mount=type=cache,target=/root/.cache/pip pip install --no-cache-dir -r requirements.txt",
    "RUN --mount=type=secret,id=token,required=true sh -c 'test -s /run/secrets/token'",
    (
        "RUN set -eux; \\\n    if [ -f build.sh ]; then \\\n      ./build.sh --all; \\\n"
        '    else \\\n      make -j"$(nproc)"; \\\n    fi'
    ),
    'RUN ["/bin/sh", "-c", "echo built > /srv/built"]',
    'RUN test "$(id -u)" -ge 0 && echo "user $(id -un)"',
    "VOLUME /srv/data",
    "STOPSIGNAL SIGQUIT",
    "ONBUILD COPY . /srv/app",
    'SHELL ["/bin/sh", "-e", "-c"]',
    "HEALTHCHECK --interval=30s --timeout=3s --retries=3 CMD test -f /srv/built || exit 1",
)  # fmt: skip


def generate(folder: Path, count: int = 240, seed: int = 20_260) -> list[Planted]:
    """Write `count` Dockerfiles into folders of their own below `folder`."""
    source = random.Random(seed)
    made = []
    for number in range(count):
        text, kinds = _dockerfile(source, number)
        path = folder / f"project-{number:03}" / "Dockerfile"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        made.append(Planted(path, kinds))
    return made


def _dockerfile(source: random.Random, number: int) -> tuple[str, tuple[str, ...]]:
    name = source.choice(tuple(FAMILIES))
    family = FAMILIES[name]
    lines, kinds = _head(source, number), []
    final = source.choice(family.images)
    if number % 9 == 4:
        final = source.choice(("debian", "alpine:latest", "node:latest", "ubuntu"))
        name = "alpine" if final.startswith("alpine") else "debian"
        family = FAMILIES[name]
        kinds.append("tag")
    stages = source.choice((1, 1, 1, 2, 2, 3))
    for stage in range(stages - 1):
        lines += ["", f"FROM {source.choice(family.images)} AS stage{stage}", "WORKDIR /build"]
        lines += _body(source, family, 3)
        lines.append("RUN make && make install DESTDIR=/out")
    lines += ["", f"FROM {final}"]
    faults = [fault for fault in FAULTS if not fault[1] or name in fault[1]]
    planted = [] if number % 5 == 0 else source.sample(faults, source.randint(1, 6))
    late = [fault for fault in planted if fault[0] in {"root", "relative workdir"}]
    early = [fault[2] for fault in planted if fault[0] == "relative workdir"]
    body = _body(source, family, source.randint(4, 12)) + [fault[2] for fault in planted if fault not in late]
    source.shuffle(body)
    lines += [*early, "WORKDIR /srv/app", *body]
    lines += [f"COPY --from=stage{stage} /out/ /usr/local/" for stage in range(stages - 1)]
    lines.append(f"RUN {family.user}")
    lines.append("USER 10001" if source.random() < 0.8 or late else "USER app")
    lines += [fault[2] for fault in late if fault[0] == "root"]
    lines += [f"EXPOSE {source.choice(PORTS)}", 'CMD ["/srv/app/run", "--port", "8080"]']
    kinds += [fault[0] for fault in planted]
    if number % 12 != 7:
        # An instruction right behind a here-document makes hadolint give the file up; few files shall be so.
        lines = [f"{line}\n" if "<<" in line else line for line in lines]
    return "\n".join(lines) + "\n", tuple(dict.fromkeys(kinds))


def _head(source: random.Random, number: int) -> list[str]:
    lines = []
    if number % 4 == 0:
        lines.append("# syntax=docker/dockerfile:1.9")
    lines += [f"# project {number}", "# made to measure with"]
    if source.random() < 0.4:
        lines.append("ARG REGISTRY=docker.io")
    return lines


def _body(source: random.Random, family: Family, length: int) -> list[str]:
    lines = source.sample(CLEAN, min(length, len(CLEAN)))
    packages = " ".join(source.sample(PACKAGES, source.randint(2, 6)))
    wrapped = source.random() < 0.5
    install = family.install.format(packages=packages)
    lines.append("RUN " + (install.replace(" && ", " \\\n && ") if wrapped else install))
    return lines
