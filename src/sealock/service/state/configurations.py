"""What the state keeps of an image's configuration: what it sets for containers, and what the image was built on.

Secrets are masked before anything is kept. The history of layers is kept with the layers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from sealock.model.absent import UNKNOWN, UNSET, given
from sealock.model.advice import Base
from sealock.model.container import Container, Health, Label, Mount, Variable
from sealock.secrets.values import find_secret, mask_words, redact
from sealock.text import well_formed

_LARGEST: Final = 64 << 10
"""Bytes of a field; a larger one is not kept, and counts as unknown."""


def encode_configuration(container: Container) -> str:
    """The configuration as text that both databases can hold; fields that its source could not say are left out."""
    kept: dict[str, Any] = {"unset": [name for name in _FIELDS if getattr(container, name) is UNSET]}
    for name, field in _FIELDS.items():
        value = getattr(container, name)
        if value is not UNKNOWN and value is not UNSET:
            clean = msgspec.convert(_storable(msgspec.to_builtins(value)), field.type)
            masked = msgspec.to_builtins(field.mask(clean))
            if len(msgspec.json.encode(masked)) <= _LARGEST:
                kept[name] = masked
    return msgspec.json.encode(kept).decode()


def decode_configuration(text: str) -> Container:
    """The configuration out of its text; "" is one of which nothing is known."""
    kept = msgspec.json.decode(text) if text else {}
    values: dict[str, Any] = {name: UNSET for name in kept.get("unset", ()) if name in _FIELDS}
    values |= {name: msgspec.convert(kept[name], field.type) for name, field in _FIELDS.items() if name in kept}
    return Container(image_role="base", **values)


def hidden_values(container: Container) -> dict[str, str]:
    """The variables and labels with a secret in their value, and what is kept of it: it may have changed unseen."""
    pairs: list[Variable | Label] = [*given(container.environment, ()), *given(container.labels, ())]
    return {pair.name: pair.value for pair in pairs if pair.value and "…" in pair.value}


def encode_base(base: Base) -> str:
    """What an image was built on, as such a text."""
    clean = Base(_mask(base.name), base.digest, base.layers, tuple(map(_mask, base.says)))
    return msgspec.json.encode(_storable(msgspec.to_builtins(clean))).decode()


def decode_base(text: str) -> Base:
    """What an image was built on, out of its text; "" is one of which nothing is known."""
    return msgspec.json.decode(text, type=Base) if text else Base()


class _Field(Struct, frozen=True):
    """The type of a field, and what masks the secrets in a value of it."""

    type: Any
    mask: Callable[[Any], Any] = lambda value: value


def _mask(text: str) -> str:
    return mask_words((text,))[0]


def _mask_pair(pair: Any) -> Any:  # noqa: ANN401  a variable or a label
    if not pair.value or pair.value.endswith("…"):
        return pair
    return replace(pair, value=redact(pair.value) if find_secret(pair.name, pair.value) else _mask(pair.value))


def _mask_health(health: Health) -> Health:
    return replace(health, test=mask_words(health.test))


_TEXT: Final = _Field(str, _mask)
_WORDS: Final = _Field(tuple[str, ...], mask_words)
_FIELDS: Final = {
    "user": _TEXT,
    "entrypoint": _WORDS,
    "command": _WORDS,
    "working_dir": _TEXT,
    "environment": _Field(tuple[Variable, ...], lambda variables: tuple(map(_mask_pair, variables))),
    "expose": _Field(tuple[str, ...]),
    "mounts": _Field(tuple[Mount, ...]),
    "labels": _Field(tuple[Label, ...], lambda labels: tuple(map(_mask_pair, labels))),
    "stop_signal": _Field(str),
    "health": _Field(Health, _mask_health),
}


def _storable(value: Any) -> Any:  # noqa: ANN401  JSON
    """A value without lone surrogates and zeros, which not every database holds."""
    if isinstance(value, str):
        return well_formed(value).replace("\0", "\N{REPLACEMENT CHARACTER}")
    if isinstance(value, list | tuple):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {name: _storable(item) for name, item in value.items()}
    return value
