"""Signatures of images: Notary, cosign and Notation, and their verification by a policy."""
