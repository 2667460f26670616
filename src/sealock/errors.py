"""Exceptions. Broken input is data (`InputError` in the report); these are for what sealock cannot deliver."""

import os
from typing import Final

UNDECODABLE: Final = (ValueError, RecursionError)
"""What parsers raise for bytes that are not of a form: errors of msgspec and of json are ValueErrors, as are text that
is not UTF-8 and a number of too many digits; RecursionError is for too deep nesting."""


def decoding_fault(error: Exception) -> str:
    """What is wrong with a text that could not be decoded; the interpreter's own words are about its limits."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    # A number of more than 4300 digits is none of the errors of a format.
    return "a number has too many digits" if "set_int_max_str_digits" in str(error) else str(error)


def reason_of(error: BaseException) -> str:
    """Why the system refused something, in its own words: without the number of the error and the path."""
    return str(getattr(error, "strerror", None) or error) or type(error).__name__


def reason_of_fault(error: Exception) -> str:
    """What to say of an error that sealock does not raise on purpose; SEALOCK_TRACEBACK raises it again."""
    if os.environ.get("SEALOCK_TRACEBACK"):
        raise error
    return f"internal error of sealock: {error!r} (for a traceback set SEALOCK_TRACEBACK=1)"


class SealockError(Exception):
    """The base of all errors that sealock raises on purpose; its text is for the user."""


class TargetError(SealockError):
    """A target could not be found or opened."""


class FormatError(SealockError):
    """A text cannot express the change."""


class PolicyError(SealockError):
    """The policy (sealock.toml, a baseline, an ignore) is not valid; the text says where."""


class UsageError(SealockError):
    """The arguments of the command line do not fit together."""


class OutputError(SealockError):
    """Standard output could not be written; the text is empty where its reader left."""


class TransportError(SealockError):
    """A server could not be reached, or broke its protocol; the text names the address and what to do."""


class TrustError(SealockError):
    """Content is not trusted: the text says which check failed. Never raised where the check could not be made."""


class SigningError(SealockError):
    """Something could not be signed or changed as asked: a key does not open, a role or a signature is not there."""


class DatabaseError(SealockError):
    """The advisory database is missing, damaged, or from a newer version; the text says what to do."""


class EngineError(TargetError):
    """A container engine could not be reached, or broke its protocol; the text says where and what to do."""


class EngineRefusedError(EngineError):
    """The engine refused a request; `status` is the HTTP status, 404 for what does not exist."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status
