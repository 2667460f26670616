"""The guard in front of an engine: which requests of the Engine API pass, and who may send them.

`decision/` decides without opening anything; the rest of the room takes requests, asks the engine and the cache for the
facts that a decision needs, and forwards what was allowed.
"""
