"""Caches rendered SBOMs by the inventories that they are of: to render one takes half of a run on a known image.

Equal inventories give equal texts, so an entry's name is the digest of the format, of the whole inventory and of the
code that renders.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import msgspec

from sealock.model.inventory import Inventory
from sealock.reports import sbom
from sealock.scan.cache.code import renderer_fingerprint
from sealock.scan.cache.directory import CacheDirectory


def render_with_cache(
    form: sbom.SbomFormat,
    inventory: Inventory,
    directory: str,
    **style: Any,  # noqa: ANN401  as `sbom.render` takes it
) -> str:
    """Render an inventory as `sbom.render` does, without serial, time and vulnerabilities.

    The text comes from the cache directory if an earlier run wrote it there; "" for no directory.
    """
    if not directory or not (name := _name(f"{form} {sorted(style.items())}", inventory)):
        return sbom.render(form, inventory, **style)
    cache = CacheDirectory(directory)
    if (kept := cache.read(name)) is not None:
        return kept.decode("utf-8", "surrogatepass")
    text = sbom.render(form, inventory, **style)
    cache.write(name, text.encode("utf-8", "surrogatepass"))
    cache.tidy()
    return text


def _name(form: str, inventory: Inventory) -> str:
    """The name of the entry; "" if there cannot be one."""
    code = renderer_fingerprint()
    try:
        content = msgspec.msgpack.encode(inventory)
    except UnicodeEncodeError:
        return ""  # names that are not Unicode
    whole = sha256(f"{form} {code} ".encode())
    whole.update(content)
    return f"sbom-{whole.hexdigest()}" if code else ""
