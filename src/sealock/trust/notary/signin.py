"""How a notary server is told who asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class SignIn(Protocol):
    """Makes headers that prove who asks, from what the server challenged with."""

    def __call__(self, challenge: str, url: str, repository: str, actions: str, /) -> Mapping[str, str]:
        """Answer a WWW-Authenticate header that came from `url`; none where we have nothing to say."""
