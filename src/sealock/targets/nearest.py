"""Finds a file that holds for a folder: in it, or in the nearest one above."""

from __future__ import annotations

import os


def nearest(name: str, folder: str) -> str:
    """The path of the file with this name in the folder or the nearest above it, "" where there is none."""
    one, below = os.path.abspath(folder), ""
    while one != below:
        if os.path.isfile(path := os.path.join(one, name)):
            return path
        one, below = os.path.dirname(one), one
    return ""


def folder_of(path: str) -> str:
    """The folder that a file is in, as the path spells it."""
    return os.path.dirname(path) or "."
