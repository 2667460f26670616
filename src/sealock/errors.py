"""What sealock raises. Broken input is data (a Problem); these are for promises that could not be kept."""


class SealockError(Exception):
    """The base of all errors that sealock raises on purpose; its text is fit to be shown to a person."""


class TargetError(SealockError):
    """A target that was named could not be found or opened."""


class FormatError(SealockError):
    """Text that should be mended cannot hold the change asked for."""


class PolicyError(SealockError):
    """The policy (sealock.toml, a baseline, an ignore) is not valid; the text says where."""


class UsageError(SealockError):
    """The command line's words do not fit together."""


class TransportError(SealockError):
    """A server could not be reached, or answered what it must not; the text names the address and what to do."""


class TrustError(SealockError):
    """Content is not trusted: the text says which check failed, and on what. Never raised for "could not tell"."""


class DatabaseError(SealockError):
    """The advisory database is missing, damaged, or from a newer version; the text says what to do."""


class EngineError(TargetError):
    """A container engine could not be reached, or did not answer as one; the text says where and what to do."""


class EngineRefusedError(EngineError):
    """The engine refused a request; `status` is HTTP's, 404 for what is not there."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status
