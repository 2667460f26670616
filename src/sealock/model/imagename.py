"""Image references, and known facts about widely used images."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from sealock.model.absent import UNKNOWN, Maybe

DEFAULT_REGISTRY: Final = "docker.io"


class ImageName(Struct, frozen=True, gc=False):
    """A parsed reference, completed as the engine does: "nginx" is docker.io/library/nginx.

    `tag` and `digest` are None where none was written; the default tag is not filled in, since rules check for it.
    """

    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @property
    def familiar(self) -> str:
        """The shortest name that means the same repository: "nginx", "grafana/grafana", "ghcr.io/x/y"."""
        if self.registry != DEFAULT_REGISTRY:
            return f"{self.registry}/{self.repository}"
        return self.repository.removeprefix("library/")

    @property
    def official(self) -> bool:
        """Whether it is one of Docker Hub's official images."""
        return self.registry == DEFAULT_REGISTRY and self.repository.startswith("library/")


_NAME: Final = re.compile(
    r"(?P<name>(?:\[[0-9a-fA-F:]+\](?=(?::\d+)?/)|[^\s@:/]+)(?::\d+(?=/))?(?:/[^\s@:/]+)*)(?::(?P<tag>[\w][\w.-]{0,127}))?(?:@(?P<digest>[a-z0-9+._-]+:[0-9a-fA-F]{32,}))?"
)


def parse(text: str) -> ImageName | None:
    """Parse a reference; None where the text is not one (an id, an unresolved variable, a typo)."""
    match = _NAME.fullmatch(text)
    if match is None or "$" in text:
        return None
    first, slash, rest = match["name"].partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        registry, repository = first, rest
    else:
        registry, repository = DEFAULT_REGISTRY, match["name"]
    if registry in {DEFAULT_REGISTRY, "index.docker.io", "registry-1.docker.io"}:
        registry = DEFAULT_REGISTRY
        repository = repository if "/" in repository else f"library/{repository}"
    return ImageName(registry, repository, match["tag"], match["digest"])


def _words(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


# Images whose published configuration names a non-root user; a name that ends in / stands for all below it.
_NONROOT: Final[dict[str, str]] = {
    "adminer": "adminer",
    "apache/airflow": "airflow",
    "apache/kafka": "appuser",
    "apache/superset": "superset",
    "bitnami/": "1001",
    "bitnamilegacy/": "1001",
    "confluentinc/cp-kafka": "appuser",
    "curlimages/curl": "curl_user",
    "docker.elastic.co/elasticsearch/elasticsearch": "1000",
    "docker.elastic.co/kibana/kibana": "1000",
    "docker.elastic.co/logstash/logstash": "1000",
    "dpage/pgadmin4": "5050",
    "elasticsearch": "1000",
    "emqx": "emqx",
    "gotenberg/gotenberg": "gotenberg",
    "grafana/grafana": "472",
    "grafana/loki": "10001",
    "grafana/tempo": "10001",
    "haproxy": "haproxy",
    "jenkins/jenkins": "jenkins",
    "jupyter/": "jovyan",
    "kibana": "1000",
    "kong": "kong",
    "lightstreamer": "lightstreamer",
    "logstash": "1000",
    "mcr.microsoft.com/mssql/server": "mssql",
    "mambaorg/micromamba": "mambauser",
    "memcached": "memcache",
    "n8nio/n8n": "node",
    "nginxinc/nginx-unprivileged": "101",
    "nodered/node-red": "node-red",
    "odoo": "odoo",
    "opensearchproject/opensearch": "1000",
    "percona": "mysql",
    "prom/": "nobody",
    "quay.io/jupyter/": "jovyan",
    "quay.io/keycloak/keycloak": "1000",
    "quay.io/prometheus/": "nobody",
    "rocket.chat": "rocketchat",
    "selenium/": "seluser",
    "solr": "solr",
    "sonarqube": "sonarqube",
    "spark": "spark",
    "teamspeak": "ts3server",
    "varnish": "varnish",
}
# Images that start as root and whose entry point changes to another user for good.
_DROPS_ROOT: Final = _words(
    "cassandra clickhouse clickhouse/clickhouse-server consul couchdb crate eclipse-mosquitto flink ghost",
    "hashicorp/consul hashicorp/vault influxdb mariadb mongo mysql neo4j pgvector/pgvector postgis/postgis",
    "postgres rabbitmq redis redis/redis-stack-server storm telegraf timescale/timescaledb valkey/valkey vault",
    "znc zookeeper",
)
# Images whose main process stays root and whose workers do not.
_ROOT_MASTER: Final = _words(
    "drupal httpd joomla matomo mediawiki nextcloud nginx phpmyadmin unit wordpress",
)
# Official images that run as root by default.
_ROOT: Final = _words(
    "adoptopenjdk almalinux alpine alt amazoncorretto amazonlinux arangodb archlinux bash buildpack-deps busybox",
    "caddy centos chronograf cirros clearlinux clefos clojure composer couchbase dart debian docker",
    "eclipse-temurin elixir erlang euleros express-gateway fedora friendica gazebo gcc golang gradle groovy",
    "haskell haxe hello-world hylang ibmjava jetty jruby julia kapacitor mageia maven mongo-express mono nats",
    "nats-streaming node nuxeo openjdk oraclelinux perl photon php php-zendserver plone pypy python r-base",
    "rakudo-star redmine registry rockylinux ros ruby rust sapmachine sl swarm swift tomcat tomee traefik ubuntu",
    "websphere-liberty xwiki yourls",
)
# Other widely used images that do so.
_ROOT_ELSEWHERE: Final = _words(
    "alpine/git condaforge/miniforge3 containrrr/watchtower continuumio/miniconda3 cypress/included",
    "gcr.io/cadvisor/cadvisor gcr.io/kaniko-project/executor ghcr.io/astral-sh/uv mcr.microsoft.com/playwright",
    "minio/minio moby/buildkit nvidia/cuda oven/bun portainer/portainer portainer/portainer-ce pytorch/pytorch",
    "tecnativa/docker-socket-proxy tensorflow/tensorflow vaultwarden/server",
)
_MIRRORS: Final = ("public.ecr.aws/docker/library/", "mirror.gcr.io/library/", "quay.io/lib/", "docker.io/library/")


def _known_as(name: ImageName) -> str:
    """The familiar name, with mirrors of Docker Hub's official images put back."""
    for mirror in _MIRRORS:
        if name.familiar.startswith(mirror):
            return name.familiar[len(mirror) :]
    return name.familiar


def is_official(image: str) -> bool:
    """Whether it is a known official image of Docker Hub; other bare names are mostly local builds."""
    name = parse(image)
    if name is None:
        return False
    known = _known_as(name)
    return "/" not in known and (known in _ROOT or known in _NONROOT or known in _DROPS_ROOT or known in _ROOT_MASTER)


def default_user(image: str) -> Maybe[str]:
    """The user that an image runs as by default; UNKNOWN for unknown images."""
    if image == "scratch":
        return "root"
    name = parse(image)
    if name is None:
        return UNKNOWN
    known, tag = _known_as(name), name.tag or ""
    if any(word in known or word in tag for word in ("unprivileged", "rootless", "nonroot", "non-root")):
        return "nonroot"
    if (user := _by_maker(known, tag)) is not None:
        return user
    if (user := _NONROOT.get(known) or _NONROOT.get(known.rpartition("/")[0] + "/")) is not None:
        return user
    runs_as_root = known in _ROOT or known in _ROOT_ELSEWHERE or known in _ROOT_MASTER or drops_root(image)
    return "root" if runs_as_root else UNKNOWN


def _by_maker(known: str, tag: str) -> str | None:
    """The default user by publisher, for families of base images."""
    last = known.rpartition("/")[2]
    if known.startswith("gcr.io/distroless/"):
        return "root"
    if known.startswith("cgr.dev/"):
        return "root" if "root" in tag or last == "wolfi-base" else "nonroot"
    if known.startswith("dhi.io/"):
        return "root" if "dev" in tag.split("-") else "nonroot"
    if known.startswith("mcr.microsoft.com/dotnet/"):
        return "app" if "chiseled" in tag or "distroless" in tag else "root"
    if known.startswith("registry.access.redhat.com/ubi"):
        return "root" if last.startswith("ubi") else "1001"
    if known.startswith(("public.ecr.aws/amazonlinux/", "public.ecr.aws/lambda/")):
        return "root"
    return None


def drops_root(image: str) -> bool:
    """Whether the image is known to start as root and to drop it before its main process runs."""
    name = parse(image)
    if name is None:
        return False
    known = _known_as(name)
    return known in _DROPS_ROOT or known.startswith(("linuxserver/", "lscr.io/linuxserver/"))


def has_root_master(image: str) -> bool:
    """Whether the image is known to keep root only for its master process, as web servers do."""
    name = parse(image)
    if name is None:
        return False
    server = any(word in (name.tag or "") for word in ("apache", "fpm"))
    return _known_as(name) in _ROOT_MASTER or (_known_as(name) == "php" and server)


def drops_root_for_workers(image: str) -> bool:
    """Whether the image is known to start as root and to serve requests as another user."""
    return drops_root(image) or has_root_master(image)


# In this order: "oraclelinux:9-slim" is Red Hat's family before it is slim.
_FAMILIES: Final[tuple[tuple[str, str], ...]] = (
    (r"alpine", "alpine"),
    (r"busybox", "busybox"),
    (r"windows|nanoserver|servercore", "windows"),
    (r"distroless|chiseled|cgr\.dev/chainguard/static|^scratch$", "none"),
    (r"fedora|centos|rockylinux|almalinux|amazonlinux|amazoncorretto|oracle|ubi[789]|ubi\d+-|rhel|redhat", "redhat"),
    (r"photon|mariner|azurelinux|mageia|\bal20\d\d\b", "redhat"),
    (r"opensuse|suse|bci/", "suse"),
    (r"archlinux", "arch"),
    (r"ubuntu|debian|slim|bookworm|bullseye|buster|trixie|stretch|buildpack-deps", "debian"),
    (r"jammy|noble|focal|bionic|mcr\.microsoft\.com/dotnet/", "debian"),
)
_ON_DEBIAN: Final = _words(
    "cassandra clojure couchdb drupal eclipse-temurin elasticsearch elixir erlang gcc ghost golang gradle haproxy",
    "haskell httpd influxdb joomla jruby julia kibana kong logstash mariadb matomo maven memcached mongo neo4j",
    "nextcloud nginx node odoo perl php phpmyadmin postgres pypy python r-base rabbitmq redis redmine ruby rust",
    "sapmachine solr swift telegraf tomcat valkey/valkey varnish wordpress zookeeper",
)
_ON_ALPINE: Final = _words(
    "adminer bash caddy composer consul docker eclipse-mosquitto registry traefik vault",
)
_BASES: Final[dict[str, str]] = {
    **dict.fromkeys(_ON_DEBIAN, "debian"),
    **dict.fromkeys(_ON_ALPINE, "alpine"),
    **dict.fromkeys(("mysql", "percona"), "redhat"),
    **dict.fromkeys(("hello-world", "nats"), "none"),
}


def family(image: str) -> Maybe[str]:
    """A base image's distribution: debian, alpine, redhat, suse, arch, busybox, windows, none; or UNKNOWN."""
    for pattern, distribution in _FAMILIES:
        if re.search(pattern, image, re.IGNORECASE):
            return distribution
    name = parse(image)
    if name is None:
        return UNKNOWN
    known = _known_as(name)
    if known == "openjdk":
        # Up to 16 on Debian, from 17 on Oracle Linux.
        return "debian" if re.match(r"([6-9]|1[0-6])\b", name.tag or "") else "redhat"
    return _BASES.get(known, UNKNOWN)
