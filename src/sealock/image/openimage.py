"""An image that was opened."""

from __future__ import annotations

from sealock.image.entry import LayerSource
from sealock.image.layers import LayerContext
from sealock.model.finding import InputError


class OpenedImage:
    """What every shape of image becomes."""

    def __init__(  # noqa: PLR0913  an image is made of as many parts
        self,
        context: LayerContext,
        layers: tuple[LayerSource, ...],
        *,
        names: tuple[str, ...] = (),
        id: str = "",  # noqa: A002  it is what engines call it
        manifest: str = "",
        platform: str = "",
        config: bytes = b"",
        errors: tuple[InputError, ...] = (),
    ) -> None:
        self.names, self.id, self.manifest = names, id, manifest
        self.platform, self.config = platform, config
        self.layers: tuple[LayerSource, ...] = layers
        self._context, self._input_errors = context, errors

    @property
    def errors(self) -> tuple[InputError, ...]:
        """What is wrong with it, digests of the layers read so far included: ask when all were read, for it waits."""
        verifier = self._context.verifier
        faults = verifier.faults() if verifier is not None else ()
        return (*self._input_errors, *(self._context.error(fault) for fault in faults))

    def add(self, messages: list[str]) -> None:
        """Note problems of the archive as this image's."""
        self._input_errors = (*self._input_errors, *(self._context.error(message) for message in messages))
