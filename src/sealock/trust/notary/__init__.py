"""Notary v1, which Docker Content Trust speaks: The Update Framework in a dialect of its own.

`metadata` reads, `trusted` judges, `workflow` asks the server in the right order, `folder` keeps what was believed;
`signing` makes metadata, `publishing` sends it. Steps that comments cite are those of the client's workflow in The
Update Framework's specification, version 1.0.31, section 5.
"""
