"""What the cryptography library raises for keys, certificates and signatures that it cannot use.

It has no base class for them, and says of few functions which they raise: so each place catches all that one of its
kind may.
"""

from __future__ import annotations

from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

NO_KEY: Final = (ValueError, TypeError, UnsupportedAlgorithm)
"""For what is no key, or one of a kind that the library does not know."""
NO_CERTIFICATE: Final = (
    *NO_KEY, OverflowError, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType,
)  # fmt: skip
"""For what is no certificate and no revocation list: some of it shows only when a part is read."""
NO_EXTENSION: Final = (*NO_CERTIFICATE, x509.ExtensionNotFound)
"""For a certificate without an extension, also where none of them can be read."""
NOT_SIGNED: Final = (*NO_EXTENSION, InvalidSignature)
"""For a signature that a key or the key of a certificate did not make."""
