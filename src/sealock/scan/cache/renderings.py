"""Caches rendered SBOMs by the inventories that they are of: to render one takes half of a run on a known image.

Equal inventories give equal texts, so an entry's name is the digest of the format, of the inventory's own digest and of
the code that renders.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from sealock.scan.cache.code import renderer_fingerprint
from sealock.scan.cache.directory import CacheDirectory, CacheEntries
from sealock.scan.garbage import without_garbage_collection

if TYPE_CHECKING:
    from sealock.model.inventory import Inventory
    from sealock.reports.sbom import SbomFormat


def render_with_cache(
    form: SbomFormat,
    inventory: Inventory,
    directory: str,
    **style: Any,  # noqa: ANN401  as `sbom.render` takes it
) -> str:
    """Render an inventory as `sbom.render` does, without serial, time and vulnerabilities.

    The text comes from the cache directory if an earlier run wrote it there; "" for no directory.
    """
    digest = inventory_digest(inventory) if directory else ""
    if not digest:
        return _render(form, inventory, style)
    cache = CacheDirectory(directory)
    if (kept := recall_rendering(form, digest, cache, **style)) is not None:
        return kept
    text = _render(form, inventory, style)
    if name := _name(form, digest, style):
        cache.write(name, text.encode("utf-8", "surrogatepass"))
        cache.tidy()
    return text


def _render(form: SbomFormat, inventory: Inventory, style: dict[str, Any]) -> str:
    from sealock.reports import sbom  # noqa: PLC0415  a known archive does without

    with without_garbage_collection():
        return sbom.render(form, inventory, **style)


def recall_rendering(form: SbomFormat, digest: str, directory: CacheEntries, **style: Any) -> str | None:  # noqa: ANN401
    """The text that an earlier run rendered of the inventory with this digest; None if it is not there."""
    name = _name(form, digest, style)
    kept = directory.read(name) if name else None
    return kept.decode("utf-8", "surrogatepass") if kept is not None else None


def inventory_digest(inventory: Inventory) -> str:
    """The SHA-256 of a whole inventory, 64 hexadecimal digits; "" where it has names that are not Unicode."""
    import msgspec  # noqa: PLC0415  as above

    try:
        return sha256(msgspec.msgpack.encode(inventory)).hexdigest()
    except UnicodeEncodeError:
        return ""


def _name(form: str, digest: str, style: dict[str, Any]) -> str:
    """The name of the entry; "" if there cannot be one."""
    code = renderer_fingerprint()
    whole = sha256(f"{form} {sorted(style.items())} {code} {digest}".encode())
    return f"sbom-{whole.hexdigest()}" if code else ""
