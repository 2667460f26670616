"""Notary v1, the protocol of Docker Content Trust: The Update Framework (TUF) in its own dialect.

`metadata` reads, `trusted` verifies, `workflow` fetches in the right order, `directory` stores; `editor` and `signer`
make metadata, and `server` publishes it. Comments cite sections of TUF's specification, version 1.0.31, section 5.
"""
