"""What is known of widely used images: which user their configuration names, what they are built on and contain.

Images change; an image or tag that these tables do not cover is unknown, and rules skip it rather than guess.
"""

from __future__ import annotations

from typing import Final

TAKEN: Final = "2026-11-27"
"""The day on which the tables were last compared with the images' own Dockerfiles."""


def _words(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


NONROOT: Final[dict[str, str]] = {
    "adminer": "adminer",
    "apache/airflow": "airflow",
    "apache/kafka": "appuser",
    "apache/superset": "superset",
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
    "kibana": "1000",
    "jetty": "jetty",
    "kong": "kong",
    "lightstreamer": "lightstreamer",
    "logstash": "1000",
    "mcr.microsoft.com/mssql/server": "mssql",
    "mambaorg/micromamba": "mambauser",
    "memcached": "memcache",
    "n8nio/n8n": "node",
    "nginxinc/nginx-unprivileged": "101",
    "nodered/node-red": "node-red",
    "nuxeo": "900",
    "odoo": "odoo",
    "open-liberty": "1001",
    "opensearchproject/opensearch": "1000",
    "percona": "mysql",
    "quay.io/keycloak/keycloak": "1000",
    "rocket.chat": "rocketchat",
    "solr": "solr",
    "sonarqube": "sonarqube",
    "spark": "spark",
    "teamspeak": "ts3server",
    "varnish": "varnish",
    "websphere-liberty": "1001",
}
"""Images whose published configuration names another user than root."""
_DOTNET: Final = r"mcr\.microsoft\.com/dotnet/(?:nightly/|core/)?"
_UBI: Final = r"registry\.(?:access\.redhat\.com|redhat\.io)/ubi\d+"
MAKERS: Final[tuple[tuple[str, str, str], ...]] = (
    (r"gcr\.io/distroless/", r"", "root"),
    (r"cgr\.dev/[\w-]+/wolfi-base$", r"", "root"),
    (r"cgr\.dev/", r"root", "root"),
    (r"cgr\.dev/", r"", "nonroot"),
    (r"dhi\.io/", r"(?:^|-)dev(?:-|$)", "root"),
    (r"dhi\.io/", r"", "nonroot"),
    (rf"{_DOTNET}(?:samples$|monitor|yarp|aspire-dashboard)", r"", "app"),
    (rf"{_DOTNET}(?:sdk|runtime|aspnet|runtime-deps)$", r"chiseled|distroless", "app"),
    (rf"{_DOTNET}(?:sdk|runtime|aspnet|runtime-deps)$", r"", "root"),
    (r"mcr\.microsoft\.com/(?:azurelinux|cbl-mariner)/(?:base|distroless)/", r"", "root"),
    (rf"{_UBI}(?:-\w+)?(?:/ubi(?:-\w+)?)?$", r"", "root"),
    (rf"{_UBI}/(?:python|nodejs|ruby|php|perl|nginx|httpd|go-toolset|dotnet)", r"", "1001"),
    (rf"{_UBI}/openjdk", r"", "185"),
    (r"public\.ecr\.aws/(?:amazonlinux|lambda)/", r"", "root"),
    (r"quay\.io/(?:centos/centos|fedora/fedora(?:-minimal)?)$", r"", "root"),
    (r"registry\.fedoraproject\.org/fedora(?:-minimal)?$", r"", "root"),
    (r"opensuse/(?:leap|tumbleweed)$", r"", "root"),
    (r"(?:rockylinux/rockylinux|almalinux/\d+-(?:base|minimal))$", r"", "root"),
    (r"bitnami(?:legacy)?/(?:minideb|git$)", r"", "root"),
    (r"bitnami(?:legacy)?/", r"", "1001"),
    (r"(?:quay\.io/)?jupyter/\w[\w-]*-(?:notebook|foundation)$", r"", "jovyan"),
    (r"(?:prom|quay\.io/prometheus)/(?:prometheus|alertmanager|node-exporter|pushgateway)$", r"", "nobody"),
    (r"(?:prom|quay\.io/prometheus)/(?:mysqld|statsd|memcached|consul)-exporter$", r"", "nobody"),
    (r"selenium/", r"", "seluser"),
    (r"wordpress$", r"(?:^|-)cli(?:-|$)", "www-data"),
)  # fmt: skip
"""Families of images by their maker: the beginning of the name, a part of the tag, the user. The first match counts."""
DROPS_ROOT: Final = _words(
    "cassandra clickhouse clickhouse/clickhouse-server consul couchdb crate eclipse-mosquitto flink ghost",
    "hashicorp/consul hashicorp/vault influxdb mariadb mongo mysql neo4j pgvector/pgvector postgis/postgis",
    "plone postgres rabbitmq redis redis/redis-stack-server redmine storm telegraf timescale/timescaledb",
    "valkey/valkey vault znc zookeeper",
)
"""Images that start as root and whose entry point changes to another user for good."""
ROOT_MASTER: Final = _words(
    "backdrop drupal friendica httpd joomla matomo mediawiki nextcloud nginx phpmyadmin unit wordpress yourls",
)
"""Images whose main process stays root and whose workers do not."""
ROOT: Final = _words(
    "adoptopenjdk almalinux alpine alt amazoncorretto amazonlinux arangodb archlinux bash buildpack-deps busybox",
    "caddy centos chronograf cirros clearlinux clefos clojure composer couchbase dart debian docker",
    "eclipse-temurin elixir erlang euleros express-gateway fedora gazebo gcc golang gradle groovy",
    "haskell haxe hello-world hylang ibmjava jruby julia kapacitor mageia maven mongo-express mono nats",
    "nats-streaming node openjdk oraclelinux perl photon php php-zendserver pypy python r-base",
    "rakudo-star registry rockylinux ros ruby rust sapmachine sl swarm swift tomcat tomee traefik ubuntu",
    "xwiki",
)
"""Official images that run as root by default."""
ROOT_ELSEWHERE: Final = _words(
    "alpine/git condaforge/miniforge3 containrrr/watchtower continuumio/miniconda3 cypress/included",
    "gcr.io/cadvisor/cadvisor gcr.io/kaniko-project/executor ghcr.io/astral-sh/uv mcr.microsoft.com/playwright",
    "minio/minio moby/buildkit nvidia/cuda oven/bun portainer/portainer portainer/portainer-ce pytorch/pytorch",
    "tecnativa/docker-socket-proxy tensorflow/tensorflow vaultwarden/server",
)
"""Other widely used images that run as root by default."""
_ON_DEBIAN: Final = _words(
    "cassandra clojure couchdb drupal eclipse-temurin elasticsearch elixir erlang gcc ghost golang gradle haproxy",
    "haskell httpd influxdb joomla jruby julia kibana kong logstash mariadb matomo maven memcached mongo neo4j",
    "nextcloud nginx node odoo perl php phpmyadmin postgres pypy python r-base rabbitmq redis redmine ruby rust",
    "sapmachine solr swift telegraf tomcat valkey/valkey varnish wordpress zookeeper",
)
_ON_ALPINE: Final = _words(
    "adminer bash caddy composer consul docker eclipse-mosquitto registry traefik vault",
)
BASES: Final[dict[str, str]] = {
    **dict.fromkeys(_ON_DEBIAN, "debian"),
    **dict.fromkeys(_ON_ALPINE, "alpine"),
    **dict.fromkeys(("mysql", "percona"), "redhat"),
    **dict.fromkeys(("hello-world", "nats"), "none"),
}
"""The family of official images whose name does not say it."""
HAVE_CURL: Final = _words("elasticsearch kibana nextcloud nginx php solr sonarqube wordpress")
"""Official images that add curl to their base image."""
HAVE_NEITHER: Final = _words("debian haproxy httpd mariadb memcached mongo postgres rabbitmq redis ubuntu")
"""Official images that have neither curl nor wget on Debian."""
