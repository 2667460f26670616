"""What ports mean: who can reach an address, and which services should not be public."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from sealock.model.container import Port
from sealock.model.finding import Severity


class PortService(Struct, frozen=True, gc=False):
    """A service that listens on a well-known port, and its severity when published on all interfaces."""

    name: str
    severity: Severity = Severity.HIGH
    kind: str = "database"
    images: tuple[str, ...] = ()
    """Words in the names of images that are this service, whose port is expected."""


_ADMIN: Final = "admin"
SERVICES: Final[dict[int, PortService]] = {
    22: PortService("SSH", Severity.MEDIUM, _ADMIN, ("ssh", "sftp", "gitea", "gitlab", "forgejo", "gogs")),
    23: PortService("Telnet", kind=_ADMIN),
    111: PortService("the RPC port mapper", Severity.MEDIUM, _ADMIN),
    135: PortService("Windows RPC", kind=_ADMIN),
    139: PortService("NetBIOS", kind=_ADMIN, images=("samba", "smb")),
    389: PortService("LDAP", Severity.MEDIUM, "directory", ("ldap",)),
    445: PortService("SMB", kind="files", images=("samba", "smb")),
    512: PortService("rexec", kind=_ADMIN),
    513: PortService("rlogin", kind=_ADMIN),
    514: PortService("rsh", kind=_ADMIN),
    873: PortService("rsync", Severity.MEDIUM, "files", ("rsync",)),
    1433: PortService("Microsoft SQL Server", images=("mssql", "sql-edge")),
    1521: PortService("Oracle Database", images=("oracle",)),
    2049: PortService("NFS", kind="files", images=("nfs",)),
    2181: PortService("ZooKeeper", images=("zookeeper",)),
    2375: PortService("the Docker API without TLS", Severity.CRITICAL, _ADMIN, ("dind", "docker")),
    2376: PortService("the Docker API", Severity.HIGH, _ADMIN, ("dind", "docker")),
    2379: PortService("etcd", images=("etcd",)),
    2380: PortService("etcd", images=("etcd",)),
    3306: PortService("MySQL", images=("mysql", "mariadb", "percona")),
    3389: PortService("remote desktop", kind=_ADMIN),
    4243: PortService("the Docker API without TLS", Severity.CRITICAL, _ADMIN),
    4369: PortService("the Erlang port mapper", images=("rabbitmq", "couchdb")),
    5432: PortService("PostgreSQL", images=("postgres", "postgis", "timescale", "pgvector", "supabase")),
    5601: PortService("Kibana", Severity.MEDIUM, _ADMIN, ("kibana",)),
    5672: PortService("RabbitMQ", Severity.MEDIUM, "queue", ("rabbitmq", "activemq")),
    5858: PortService("the Node.js debugger", kind=_ADMIN),
    5900: PortService("VNC", kind=_ADMIN, images=("vnc", "selenium")),
    5984: PortService("CouchDB", images=("couchdb",)),
    6379: PortService("Redis", images=("redis", "valkey", "keydb", "dragonfly")),
    6443: PortService("the Kubernetes API", Severity.MEDIUM, _ADMIN, ("k3s", "rancher", "kind")),
    7000: PortService("Cassandra", images=("cassandra", "scylla")),
    7474: PortService("Neo4j", images=("neo4j",)),
    7687: PortService("Neo4j", images=("neo4j",)),
    8086: PortService("InfluxDB", Severity.MEDIUM, images=("influx",)),
    8123: PortService("ClickHouse", Severity.MEDIUM, images=("clickhouse",)),
    8200: PortService("Vault", Severity.MEDIUM, _ADMIN, ("vault", "openbao")),
    8500: PortService("Consul", Severity.MEDIUM, _ADMIN, ("consul",)),
    9042: PortService("Cassandra", images=("cassandra", "scylla")),
    9092: PortService("Kafka", Severity.MEDIUM, "queue", ("kafka", "redpanda")),
    9200: PortService("Elasticsearch", images=("elasticsearch", "opensearch")),
    9229: PortService("the Node.js debugger", kind=_ADMIN),
    9300: PortService("Elasticsearch", images=("elasticsearch", "opensearch")),
    10250: PortService("the kubelet", kind=_ADMIN),
    10255: PortService("the kubelet", kind=_ADMIN),
    11211: PortService("memcached", images=("memcached",)),
    15672: PortService("the RabbitMQ console", Severity.MEDIUM, _ADMIN, ("rabbitmq",)),
    26257: PortService("CockroachDB", images=("cockroach",)),
    27017: PortService("MongoDB", images=("mongo",)),
    27018: PortService("MongoDB", images=("mongo",)),
    28015: PortService("RethinkDB", images=("rethink",)),
}
# Ports that other programs use as well: only the image's name shows that it is this service.
_AMBIGUOUS: Final = frozenset({7000, 8086, 8123, 8200, 8500})


def numbers(text: str) -> range:
    """The ports of "80", "8000-8010" or "80/tcp", an empty range for other text."""
    first, _, last = text.partition("/")[0].partition("-")
    if not (first.isdecimal() and first.isascii()) or (last and not (last.isdecimal() and last.isascii())):
        return range(0)
    if len(first) > 5 or len(last) > 5:
        return range(0)
    return range(int(first), int(last or first) + 1)


def service_on(port: str, image: str = "") -> PortService | None:
    """The service on one of these container ports that should not be public, by port and image."""
    ports = numbers(port)
    for number, service in SERVICES.items():
        # A long range is for media or passive FTP, whatever well-known port lies in it.
        if number not in ports or len(ports) > 20:
            continue
        named = is_image_of(service, image)
        # A Git or SFTP server has to be reachable over SSH.
        if named is (number in _AMBIGUOUS) or (named and service.name != "SSH"):
            return service
    return None


def is_image_of(service: PortService, image: str) -> bool:
    """Whether an image's name shows that it is this service."""
    return any(word in image for word in service.images)


def everywhere(address: str | None) -> bool:
    """Whether a host address means all interfaces: none given, 0.0.0.0, [::] and their other spellings."""
    return address is None or not address.strip("[]").strip("0:.")


def everyone(address: str | None) -> bool:
    """Whether others than the host itself can reach an address."""
    bare = (address or "").strip("[]").lower()
    return not bare.startswith(("127.", "localhost", "::ffff:127.")) and bare.lstrip("0:") != "1"


def loopback(port: Port) -> Port:
    """The same port, published only on the host's loopback address."""
    inner = "::1" if ":" in (port.address or "") else "127.0.0.1"
    return Port(port.container, port.host, inner, port.protocol)


def spelled(port: Port) -> str:
    """A published port as `docker ps` shows it: 0.0.0.0:5432->5432/tcp."""
    address = port.address or "0.0.0.0"  # noqa: S104  the engine's default
    return f"{f'[{address}]' if ':' in address else address}:{port.host or 'random'}->{port.container}/{port.protocol}"
