"""cosign's signatures and attestations: verified and made. Begin with `verifying.verify_cosign` and `signing`."""
