"""What well-known images need at run time, by their Dockerfiles and entry points: one table, as of AS_OF."""

from __future__ import annotations

from datetime import date
from typing import Final

from msgspec import Struct

AS_OF: Final = date(2026, 11, 27)
"""The day on which the rows were last compared with the images."""

CHANGE_USER: Final = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID")
"""For an entry point that gives files to a user and becomes that user."""
SUPERVISE: Final = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "SETGID", "SETUID")
"""For a process that stays root, and also starts and ends processes of other users."""
WEB: Final = ("CHOWN", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID")
"""For a web server: root opens port and logs, its workers have another user."""
_TMP: Final = "/tmp"  # noqa: S108  the container's own


class ImageNeeds(Struct, frozen=True):
    """What an image needs: capabilities to start, directories for temporary files (None: it writes elsewhere too).

    `setuid` marks an image that may start setuid programs.
    """

    capabilities: tuple[str, ...] = ()
    directories: tuple[str, ...] | None = (_TMP, "/run")
    setuid: bool = False


_SITE: Final = ImageNeeds((*SUPERVISE, "NET_BIND_SERVICE"), setuid=True)
_WRITING_SITE: Final = ImageNeeds((*SUPERVISE, "NET_BIND_SERVICE"), None, setuid=True)
_DATABASE: Final = ImageNeeds(CHANGE_USER, (_TMP, "/run/mysqld"))
_OWN_USER: Final = ImageNeeds()
_SECRETS: Final = ImageNeeds((*CHANGE_USER, "SETFCAP"), setuid=True)
_SHELL: Final = ImageNeeds((*SUPERVISE, "AUDIT_WRITE", "NET_BIND_SERVICE", "SYS_CHROOT"), None, setuid=True)
_MAIL: Final = ImageNeeds((*SUPERVISE, "NET_BIND_SERVICE", "SYS_CHROOT"), None, setuid=True)

NEEDS: Final[dict[str, ImageNeeds]] = {
    # Web servers, and the sites that run in them.
    "nginx": ImageNeeds(WEB, ("/var/cache/nginx", "/run")),
    "httpd": ImageNeeds(WEB, ("/usr/local/apache2/logs",)),
    "unit": ImageNeeds((*SUPERVISE, "NET_BIND_SERVICE"), None, setuid=True),
    "caddy": ImageNeeds(("NET_BIND_SERVICE",), (_TMP,)),
    "traefik": ImageNeeds(("NET_BIND_SERVICE",), (_TMP,)),
    "haproxy": ImageNeeds(("NET_BIND_SERVICE",)),
    "varnish": _OWN_USER,
    **dict.fromkeys(("wordpress", "joomla", "drupal"), _SITE),
    **dict.fromkeys(("matomo", "mediawiki", "nextcloud", "phpmyadmin"), _WRITING_SITE),
    # Servers whose entry point changes the user.
    "postgres": ImageNeeds(CHANGE_USER, (_TMP, "/run/postgresql")),
    **dict.fromkeys(("mysql", "mariadb"), _DATABASE),
    **dict.fromkeys(("redis", "valkey/valkey"), ImageNeeds(CHANGE_USER, (_TMP,))),
    **dict.fromkeys(("cassandra", "couchdb", "influxdb", "mongo", "rabbitmq", "zookeeper"), ImageNeeds(CHANGE_USER)),
    **dict.fromkeys(("ghost", "telegraf", "neo4j"), ImageNeeds(CHANGE_USER, setuid=True)),
    "vault": _SECRETS,
    "hashicorp/vault": _SECRETS,
    # Servers that neither run as root nor become another user.
    "memcached": ImageNeeds((), (_TMP,)),
    **dict.fromkeys(("elasticsearch", "kibana", "logstash"), ImageNeeds((), None)),
    "registry": _OWN_USER,
    # Servers for logins and mail.
    **dict.fromkeys(("atmoz/sftp", "linuxserver/openssh-server", "lscr.io/linuxserver/openssh-server"), _SHELL),
    **dict.fromkeys(("mailserver/docker-mailserver", "ghcr.io/docker-mailserver/docker-mailserver"), _MAIL),
    "boky/postfix": _MAIL,
}
WITHOUT_SETUID: Final = frozenset({
    "node", "python", "golang", "ruby", "php", "openjdk", "eclipse-temurin", "amazoncorretto", "tomcat",
})  # fmt: skip
"""Images for programs of others, which start no setuid program by themselves."""
