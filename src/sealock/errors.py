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
