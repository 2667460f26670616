"""Pods for the examples of rules."""

from __future__ import annotations


def pod(spec: str = "", container: str = "") -> str:
    """A manifest of a pod with a line of its specification and one of its container."""
    lines = [
        "apiVersion: v1\nkind: Pod\nmetadata: {name: app}\nspec:",
        f"  {spec}" if spec else "",
        "  containers:\n  - name: app\n    image: app:1",
        f"    {container}" if container else "",
    ]
    return "\n".join(filter(None, lines)) + "\n"
