"""Kubernetes manifests: the containers of pods and of everything with a pod template."""

from __future__ import annotations

from sealock.formats.kubernetes.reader import comments, read

__all__ = ["comments", "read"]
