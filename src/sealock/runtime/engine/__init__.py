"""A container engine's API: where it listens, how it is asked. What its answers mean is told by `formats`."""

from sealock.runtime.engine.client import Engine, Listed
from sealock.runtime.engine.endpoint import EngineEndpoint, endpoint
from sealock.runtime.engine.requests import EngineTimeouts

__all__ = ["Engine", "EngineEndpoint", "EngineTimeouts", "Listed", "connect", "endpoint"]


def connect(where: str = "", patience: EngineTimeouts | None = None) -> Engine:
    """Find the engine and ask for its version of the API.

    `where` is an address ("unix:///run/docker.sock", "tcp://10.0.0.5:2376", "ssh://me@host") or a context's name; ""
    looks where Docker's own client does, then for Podman's socket. EngineError says what to do where none answers.
    """
    engine = Engine(endpoint(where), patience)
    try:
        engine.negotiate()
    except BaseException:
        engine.close()
        raise
    return engine
