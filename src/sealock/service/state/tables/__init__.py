"""The tables of the service's state. Times are seconds since 1970 (UTC), days are "YYYY-MM-DD", digests "sha256:…".

What is shared is stored once: a *slice* is what an image sees of the packages of one of its layers, and most images
see the same. A package is one version of one name in one distribution's release, however many layers have it. A *hit*
is a flaw of such a package; findings of a repository follow from the hits of the slices of its current images.
"""

from __future__ import annotations

from sealock.service.state.tables.columns import metadata
from sealock.service.state.tables.contents import (
    configuration,
    image,
    image_layer,
    image_slice,
    layer,
    layer_slice,
    package,
    package_place,
    place,
    repository,
    repository_image,
    repository_slice,
    slice_package,
    tag,
)
from sealock.service.state.tables.findings import (
    acknowledgement,
    container,
    container_finding,
    event,
    finding,
    hit,
    host,
    image_finding,
)
from sealock.service.state.tables.work import claim, credential, facts, feed, job, parked, scan, setting

__all__ = [
    "acknowledgement",
    "claim",
    "configuration",
    "container",
    "container_finding",
    "credential",
    "event",
    "facts",
    "feed",
    "finding",
    "hit",
    "host",
    "image",
    "image_finding",
    "image_layer",
    "image_slice",
    "job",
    "layer",
    "layer_slice",
    "metadata",
    "package",
    "package_place",
    "parked",
    "place",
    "repository",
    "repository_image",
    "repository_slice",
    "scan",
    "setting",
    "slice_package",
    "tag",
]
