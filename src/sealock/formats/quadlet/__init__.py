"""Podman's Quadlet units: .container, .pod, .kube, .image, .build, .volume and .network, with their drop-ins.

Keys are those of podman-systemd.unit(5) of Podman 5.
"""

from __future__ import annotations

from sealock.formats.quadlet.reader import comments, read

__all__ = ["comments", "read"]
