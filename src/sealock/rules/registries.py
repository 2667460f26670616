"""Registries that count as trusted where the policy has no list."""

from __future__ import annotations

from typing import Final

from sealock.model.imagename import ImageName
from sealock.model.registries import canonical_host

WELL_KNOWN: Final = (
    *("docker.io", "ghcr.io", "gcr.io", "*.gcr.io", "*.pkg.dev", "quay.io", "registry.gitlab.com", "cgr.dev"),
    *("mcr.microsoft.com", "registry.k8s.io", "public.ecr.aws", "*.amazonaws.com", "*.azurecr.io", "docker.elastic.co"),
    *("registry.access.redhat.com", "registry.redhat.io", "nvcr.io", "container-registry.oracle.com", "lscr.io"),
    *("registry.fedoraproject.org", "registry.opensuse.org", "registry.suse.com", "dhi.io", "docker.n8n.io"),
)


def covers(entry: str, image: ImageName) -> bool:
    """Whether an entry ("ghcr.io", "*.example.org", "ghcr.io/acme/") names the image's registry, or a part of it."""
    host, slash, path = entry.partition("/")
    registry, host = canonical_host(image.registry), canonical_host(host)
    fits = registry.endswith(host[1:]) if host.startswith("*.") else registry == host
    return fits and (not slash or image.repository.startswith(path))
