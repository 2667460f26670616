"""What well-known images need at run time, so that a fix leaves them working."""

from __future__ import annotations

from typing import Final

from sealock.model.absent import given
from sealock.model.container import Container
from sealock.model.imagename import drops_root, parse

_CHANGE_USER: Final = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID")
_LOW_PORTS: Final = frozenset({"nginx", "httpd", "caddy", "traefik", "haproxy"})
_TMP: Final = "/tmp"  # noqa: S108  the container's own
_TMPFS: Final = {
    "nginx": ("/var/cache/nginx", "/run"),
    "httpd": ("/usr/local/apache2/logs",),
    "postgres": (_TMP, "/run/postgresql"),
    "mysql": (_TMP, "/run/mysqld"),
    "mariadb": (_TMP, "/run/mysqld"),
    "redis": (_TMP,),
    "valkey/valkey": (_TMP,),
    "memcached": (_TMP,),
    "traefik": (_TMP,),
    "caddy": (_TMP,),
}
_WITHOUT_SETUID: Final = frozenset({
    "nginx", "httpd", "caddy", "traefik", "haproxy", "redis", "valkey", "postgres", "mysql", "mariadb", "mongo",
    "memcached", "rabbitmq", "elasticsearch", "kibana", "logstash", "node", "python", "golang", "ruby", "php",
    "openjdk", "eclipse-temurin", "amazoncorretto", "tomcat", "registry", "influxdb", "cassandra", "couchdb",
    "zookeeper", "varnish",
})  # fmt: skip


def _name(container: Container) -> str:
    name = parse(given(container.image, ""))
    return name.familiar if name else ""


def capabilities_needed(container: Container) -> tuple[str, ...]:
    """The capabilities that a well-known image needs to start."""
    needed: tuple[str, ...] = ()
    if not container.user and drops_root(given(container.image, "")):
        needed = _CHANGE_USER
    if _name(container) in _LOW_PORTS:
        needed = (*needed, "NET_BIND_SERVICE")
    return needed


def writable_directories(container: Container) -> tuple[str, ...]:
    """The directories for temporary files that the image writes to and no mount covers."""
    covered = {mount.target.rstrip("/").replace("/var/run", "/run") for mount in given(container.mounts, ())}
    return tuple(path for path in _TMPFS.get(_name(container), (_TMP, "/run")) if path not in covered)


def may_need_setuid(image: str, container: Container) -> bool:
    """Whether the image may need setuid programs: any may, except official images known to start without."""
    name = parse(image)
    words = (*given(container.entrypoint, ()), *given(container.command, ()))
    if any(word in {"sudo", "su"} or "sudo " in word or word.startswith("su ") for word in words):
        return True
    return name is None or not name.official or name.familiar not in _WITHOUT_SETUID


_MONITORS: Final = (
    *("node-exporter", "node_exporter", "cadvisor", "netdata", "datadog", "telegraf", "glances", "falco", "newrelic"),
    *("beszel", "promtail", "fluent", "filebeat", "metricbeat", "vector", "alloy", "dynatrace", "osquery", "wazuh"),
    *("otel", "opentelemetry-collector", "grafana/agent", "scrutiny", "zabbix-agent", "process-exporter", "loki"),
)


def monitors_host(container: Container) -> bool:
    """Whether the image is a well-known monitor or log shipper, which has to read the host."""
    image = given(container.image, "")
    return any(name in image for name in _MONITORS)
