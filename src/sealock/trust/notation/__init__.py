"""Notation's signatures: verified and made. Begin with `verifying.verify_notation`, `store` and `signing`."""
