"""Image references, and what is commonly known of the images that everybody builds on."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from sealock.model.absent import UNKNOWN, Maybe

DEFAULT_REGISTRY: Final = "docker.io"


class ImageName(Struct, frozen=True, gc=False):
    """A reference taken apart and filled out as the engine does: "nginx" is docker.io/library/nginx.

    `tag` and `digest` are None where none was written; the default tag is not filled in, since rules ask for it.
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
    r"(?P<name>[^\s@:/]+(?::\d+(?=/))?(?:/[^\s@:/]+)*)(?::(?P<tag>[\w][\w.-]{0,127}))?(?:@(?P<digest>[a-z0-9+._-]+:[0-9a-fA-F]{32,}))?"
)


def parse(text: str) -> ImageName | None:
    """Take a reference apart; None where the text is not one (an id, a variable left in it, a slip)."""
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


_NONROOT: Final[dict[str, str]] = {
    # Official and other widely used images whose configuration names a user, as published.
    "haproxy": "haproxy",
    "varnish": "varnish",
    "memcached": "memcache",
    "solr": "solr",
    "jenkins/jenkins": "jenkins",
    "elasticsearch": "1000",
    "kibana": "1000",
    "logstash": "1000",
    "storm": "storm",
    "lightstreamer": "lightstreamer",
    "grafana/grafana": "472",
    "grafana/loki": "10001",
    "prom/prometheus": "nobody",
    "prom/alertmanager": "nobody",
    "prom/node-exporter": "nobody",
    "rabbitmq-exporter": "nobody",
    "nginxinc/nginx-unprivileged": "101",
    "sonarqube": "sonarqube",
    "neo4j-admin": "neo4j",
    "curlimages/curl": "curl_user",
    "hashicorp/http-echo": "65532",
    "apache/kafka": "appuser",
    "confluentinc/cp-kafka": "appuser",
    "quay.io/keycloak/keycloak": "1000",
    "mcr.microsoft.com/mssql/server": "mssql",
}
_ROOT_BY_ENTRYPOINT: Final = frozenset(
    {"postgres", "mysql", "mariadb", "redis", "mongo", "rabbitmq", "valkey", "nginx", "httpd"}
)
"""Start as root and let their main process change the user by itself."""


def default_user(image: str) -> Maybe[str]:
    """Tell the user that an image runs as when nobody says otherwise; UNKNOWN for images that we know nothing of.

    Docker Hub's official images run as root but for a few; distroless ones do but for their "nonroot" tags; Chainguard's do not.
    """
    if image == "scratch":
        return "root"
    name = parse(image)
    if name is None:
        return UNKNOWN
    tag = name.tag or ""
    if name.familiar.startswith("gcr.io/distroless/"):
        return "nonroot" if "nonroot" in tag else "root"
    if name.familiar.startswith("cgr.dev/chainguard/"):
        return "root" if "root" in tag else "nonroot"
    if "unprivileged" in name.repository or "rootless" in name.repository or "nonroot" in tag or "rootless" in tag:
        return "nonroot"
    if (user := _NONROOT.get(name.familiar)) is not None:
        return user
    return "root" if name.official else UNKNOWN


def drops_root(image: str) -> bool:
    """Whether the image is known to start as root and to leave it for its main process."""
    name = parse(image)
    return name is not None and name.official and name.familiar in _ROOT_BY_ENTRYPOINT


_FAMILIES: Final[tuple[tuple[str, str], ...]] = (
    (r"alpine|busybox-musl", "alpine"),
    (r"busybox", "busybox"),
    (r"distroless|chainguard/static|^scratch$", "none"),
    (r"ubuntu|debian|slim|bookworm|bullseye|buster|trixie|stretch|jammy|noble|focal|bionic|buildpack-deps", "debian"),
    (r"fedora|centos|rockylinux|almalinux|amazonlinux|oraclelinux|ubi[789]|rhel|redhat", "redhat"),
    (r"opensuse|suse|bci/", "suse"),
    (r"archlinux", "arch"),
    (r"windows|nanoserver|servercore", "windows"),
)
_DEBIAN_BASED: Final = frozenset({
    "python", "node", "golang", "ruby", "rust", "php", "perl", "openjdk", "eclipse-temurin", "gcc", "nginx", "httpd", "postgres",
    "mysql", "mariadb", "redis", "mongo", "rabbitmq", "tomcat", "maven", "gradle", "wordpress", "drupal", "haskell", "elixir",
    "erlang", "julia", "r-base", "swift", "clojure", "jruby", "pypy", "memcached", "haproxy", "ghost", "joomla", "solr",
})  # fmt: skip


def family(image: str) -> Maybe[str]:
    """Tell a base image's distribution family: debian, alpine, redhat, suse, arch, busybox, windows, none; or UNKNOWN."""
    for pattern, one in _FAMILIES:
        if re.search(pattern, image, re.IGNORECASE):
            return one
    name = parse(image)
    if name is not None and name.official and name.familiar in _DEBIAN_BASED:
        return "debian"
    return UNKNOWN
