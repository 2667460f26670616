"""An open image."""

from __future__ import annotations

from sealock.image.entry import LayerSource
from sealock.image.layers import LayerContext
from sealock.model.finding import InputError


class OpenedImage:
    """An image of any format."""

    def __init__(  # noqa: PLR0913  as many fields as there are
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
        read_as: str = "",
        notes: tuple[str, ...] = (),
    ) -> None:
        self.names, self.id, self.manifest = names, id, manifest
        self.platform, self.config, self.read_as, self.notes = platform, config, read_as, notes
        self.layers: tuple[LayerSource, ...] = layers
        self._context, self._input_errors = context, errors

    @property
    def errors(self) -> tuple[InputError, ...]:
        """Its errors, wrong digests of the layers read so far included: it waits for these, so call it at the end."""
        verifier = self._context.verifier
        faults = verifier.faults() if verifier is not None else ()
        return (*self._input_errors, *(self._context.error(fault) for fault in faults))

    def add(self, messages: list[str]) -> None:
        """Add errors of the archive to the image's."""
        self._input_errors = (*self._input_errors, *(self._context.error(message) for message in messages))
