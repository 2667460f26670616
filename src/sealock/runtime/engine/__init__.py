"""A container engine's API: where it listens, and how to send it requests. `formats` reads the answers."""

from sealock.runtime.engine.client import Engine, Listed
from sealock.runtime.engine.endpoint import EngineEndpoint, endpoint
from sealock.runtime.engine.requests import EngineTimeouts

__all__ = ["Engine", "EngineEndpoint", "EngineTimeouts", "Listed", "connect", "endpoint"]


def connect(where: str = "", timeouts: EngineTimeouts | None = None) -> Engine:
    """Find the engine and negotiate the API version.

    `where` is an address ("unix:///run/docker.sock", "tcp://10.0.0.5:2376", "ssh://me@host") or a context's name; ""
    looks where Docker's own client does, then for Podman's socket. EngineError says what to do where none answers.
    """
    engine = Engine(endpoint(where), timeouts)
    try:
        engine.negotiate()
    except BaseException:
        engine.close()
        raise
    return engine
