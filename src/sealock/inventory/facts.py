"""What one layer holds: what caches keep. Loading this loads no analyzer."""

from __future__ import annotations

from msgspec import Struct

from sealock.inventory.names import Names
from sealock.model.inventory import Distribution, FileFact, Package


class Fault(Struct, frozen=True, array_like=True, gc=False):
    """What was wrong with a file of a layer."""

    path: str
    message: str


class LayerFacts(Struct, frozen=True):
    """What one layer holds by itself, whichever image it is a part of, so that it can be kept.

    `paths` are its files, for telling what a later layer replaces, `folders` its folders, whose modes a later layer may
    set anew, `gone` are what its whiteouts remove, `opaque` the folders whose earlier contents it hides.
    """

    packages: tuple[Package, ...]
    files: tuple[FileFact, ...]
    distributions: tuple[Distribution, ...]
    paths: Names
    folders: Names
    gone: Names
    opaque: Names
    entries: int
    size: int
    """Bytes of its regular files."""
    faults: tuple[Fault, ...]
