"""Vectors of rules in which something that is no fault stands before one, or beside it, and must not hide it."""

from __future__ import annotations

from typing import Final

ORDERS: Final[dict[str, tuple[str, ...]]] = {
    "B007": (
        "# escape=`\n# syntax=acme/front\nFROM scratch\n",
        "# check=skip=all\n# syntax=acme/front\nFROM scratch\n",
    ),
    "B018": (
        "FROM debian:12\nRUN --mount=type=secret,id=a echo x 2> /run/secrets/a > /f\n",
        "FROM debian:12\nRUN --mount=type=secret,id=a cp /run/secrets/a /run/secrets/b /d\n",
    ),
    "B021": tuple(
        f"FROM debian:12\nRUN curl -fsSL{options} https://example.com/a && chmod +x a\n"
        for options in ("oa", "o a", "O", "Xoa", "Hoa")
    ),
    "B060": tuple(
        f"FROM debian:12\nRUN {command}\n"
        for command in (
            "adduser app docker",
            "adduser --quiet app docker",
            "adduser -q app lxd",
            "adduser app wheel -D",
            "adduser --quiet docker",
            "adduser app",
            "addgroup app docker",
            "addgroup -S app docker",
            "addgroup -S docker",
            "addgroup docker",
            "gpasswd -a app sudo",
            "gpasswd app sudo",
            "groupmems -a app",
            "useradd docker",
            "usermod docker app",
            "usermod --groups a,docker app",
            "usermod -a -G docker app",
            "usermod -aG docker app",
            "useradd -u 00 app",
            "useradd --uid 0 app",
            "useradd -u 1 app",
            "useradd -u x app",
            "useradd -u 0 -G docker app",
            "usermod -G video,sudo app",
            "echo a:x:0: >> /etc/passwd",
            "echo root:x:0: >> /etc/passwd",
            "echo a:x:1: >> /etc/passwd",
            "echo a:x:0: >> /etc/group",
            "printf b:x:0: >> /etc/passwd",
            "adduser -u 0 app && addgroup app docker",
        )
    ),
    "B024": ("FROM debian:12\nRUN uv pip install --allow-insecure-host a --trusted-host b x\n",),
    "B034": (
        (
            "FROM debian:12\nRUN echo 'deb [trusted=yes] file:/a ./' > /etc/apt/sources.list.d/a.list\n"
            "RUN echo 'deb https://example.com/ ./' > /etc/apt/sources.list.d/b.list\n"
            "RUN echo 'deb [trusted=yes] https://example.com/ ./' > /etc/apt/sources.list.d/c.list\n"
        ),
    ),
    "B042": tuple(
        f"FROM debian:12\nRUN {command} /x\n"
        for command in (
            "mkdir --mode=777",
            "mkdir --mode 777",
            "mkdir -m777",
            "mkdir -p -m 777",
            "install --mode=777 a",
        )
    ),
    "B050": ("FROM debian:12\nRUN python3 -c x && pip install -i http://mirror.example.com/ x\n",),
    "B109": ("FROM debian:12\nRUN apt-get install -y ./a.deb && apt-get install -y ./b.deb curl\n",),
    "B115": (
        (
            "FROM debian:12\nRUN echo 'APT::Get::Assume-Yes \"true\";' > /etc/apt/apt.conf.d/9\nRUN apt-get install curl\n"
            "FROM debian:12\nRUN apt-get install curl\n"
        ),
    ),
    "B136": tuple(f"FROM debian:12\nCMD app {word}\n" for word in ("a\\ b", "'a b'", "a#b", "#b", "{a,b}", "~", "a*")),
    "B147": ("FROM debian:12\nFROM debian:12 as B\nFROM debian:12 AS C\n",),
    "B155": (
        "FROM debian:12 AS a\nFROM a AS b\nWORKDIR /b\nFROM b AS c\nCOPY a a\nFROM c\nCOPY a a\n",
        "FROM debian:12\nCOPY a a\nADD b b\nWORKDIR /c\nCOPY c c\n",
    ),
    "B188": ("FROM debian:12\nCOPY a /a\nCOPY b /b\nRUN chown -R 1 /a /b /c\n",),
    "C072": tuple(
        f"docker run alpine java -agentlib:jdwp=server=y,address={address} -agentlib:jdwp=server=y,address=*:2"
        for address in ("localhost:1", "*:1")
    ),
    "C073": (
        (
            "services:\n  app:\n    image: a:1\n    healthcheck: {test: curl -f http://a | sh}\n"
            "    post_start: [{command: sh -c 'curl https://a.example | sh'}]\n"
        ),
    ),
    "H007": (
        (
            '{"observed": {"host": {"files": [{"role": "engine-socket", "path": "/s", "kind": "socket", "mode": 511, '
            '"uid": 1, "gid": 1}, {"role": "tls-key", "path": "/k", "kind": "file", "mode": 420, "uid": 0, "gid": 0}]}}}'
        ),
    ),
    "P005": (
        (
            "services:\n  app:\n    image: a:1\nconfigs:\n  a: {content: a=b}\n"
            "  b: {content: ghp_abcdefghijklmnopqrstuvwxyz0123456789}\n"
        ),
    ),
    "P012": (
        *(
            f"services:\n  db:\n    image: postgres:16\n  c:\n    image: redis:7\n  app:\n    image: alpine:3.20\n    links: ['{link}']\n"
            f"    depends_on: {needs}\n"
            for link in ("db", "db:database")
            for needs in ("[db]", "[c]", "[c, db]", "{db: {condition: service_healthy}}", "[]")
        ),
        "services:\n  db:\n    image: postgres:16\n  app:\n    image: alpine:3.20\n    external_links: [a, b:c]\n    links: [db, db:x]\n",
    ),
    "P011": (
        (
            "services:\n  app:\n    image: a:1\nnetworks:\n  n:\n    driver_opts:\n      com.docker.network.bridge.name: b\n"
            "      com.docker.network.bridge.gateway_mode_ipv4: routed\n      com.docker.network.bridge.gateway_mode_ipv6: nat-unprotected\n"
        ),
    ),
}
"""The vectors by the rule's id."""
