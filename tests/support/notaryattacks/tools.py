"""What several attacks need."""

from __future__ import annotations

import json
from collections.abc import Callable

from support.notaryworld import World
from support.simulators.notary import Reply

Attack = Callable[[World], None]
Row = tuple[Attack, str, str]
"""What is done, which check refuses it, and what the error says."""


def serve(here: World, **files: bytes) -> None:
    """Give these bodies, whatever name they are asked by."""

    def answer(_gun: str, name: str) -> Reply | None:
        parts = name.removesuffix(".json").split(".")
        role = parts[1] if parts[0].isdecimal() else parts[0]
        return Reply(body=files[role]) if role in files else None

    here.server.answers = answer


def edited(raw: bytes, **changes: object) -> bytes:
    """The file with fields of its signed part changed, the signatures left as they were."""
    table = json.loads(raw)
    table["signed"] |= changes
    return json.dumps(table).encode()
