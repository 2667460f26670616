"""The engine's own client, docker or podman: the commands that are printed are the ones that run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from sealock.errors import EngineError, UsageError, reason_of
from sealock.runtime.engine.endpoint import endpoint
from sealock.show.facts import EngineFacts, read_facts, refusal

Program: TypeAlias = Literal["docker", "podman"]
TIMEOUT: Final = 30.0
"""Seconds that one command may take."""
_LONGEST: Final = 1 << 16
_DROPPED: Final = ("DOCKER_CONTENT_TRUST", "DOCKER_DEFAULT_PLATFORM")
"""Variables that would change what the commands do."""


class Done(Struct, frozen=True):
    """How a command ended, and what it printed. The status is 124 where it took too long."""

    status: int
    output: str


class Client:
    """An engine by its client. `engine` is an address or a context, "" for the client's own choice.

    With `dry`, whose commands are only printed, neither the engine nor its client has to be there.
    """

    def __init__(self, program: str = "", engine: str = "", *, dry: bool = False) -> None:
        self.program = program or next(filter(shutil.which, ("docker", "podman")), "docker" if dry else "")
        if not dry and not (self.program and shutil.which(self.program)):
            missing = f"{self.program} was not" if self.program else "neither docker nor podman was"
            message = f"{missing} found: install it, or choose with --client"
            raise EngineError(message)
        self.environment = {name: value for name, value in os.environ.items() if name not in _DROPPED}
        self.environment |= {
            "LC_ALL": "C",
            "DOCKER_CLI_HINTS": "false",
            "NO_COLOR": "1",
            "COSIGN_PASSWORD": "workshop",
            "COLUMNS": "76",
            "PODMAN_IGNORE_CGROUPSV1_WARNING": "1",
        }
        self.words: tuple[str, ...] = (self.program,)
        """How its commands begin."""
        self.directory: str | None = None
        """Where the client runs: podman's monitor leaves a file there when it runs out of memory. None: anywhere."""
        self.socket = ""
        """The path of the engine's socket on this machine, "" where it is not known."""
        self.remote = self._address(engine)
        self.facts = self._facts(dry=dry)

    def _address(self, engine: str) -> str:
        """Point the client at the engine; return its address if that is on another machine, else ""."""
        if self.program == "podman":
            if engine and not engine.startswith(("unix://", "tcp://", "ssh://")):
                message = f"--engine {engine}: podman takes an address such as unix:///run/podman/podman.sock"
                raise UsageError(message)
            if engine:
                self.environment["CONTAINER_HOST"] = engine
                self.words = ("podman", "--remote")
                self.socket = engine.removeprefix("unix://") if engine.startswith("unix://") else ""
            return "" if not engine or self.socket else engine
        if engine:
            by_address = "://" in engine
            self.environment["DOCKER_HOST" if by_address else "DOCKER_CONTEXT"] = engine
            self.environment.pop("DOCKER_CONTEXT" if by_address else "DOCKER_HOST", None)
        where = endpoint(engine)
        self.socket = where.path if where.kind == "unix" else ""
        return "" if where.kind == "unix" else str(where)

    def _facts(self, *, dry: bool) -> EngineFacts:
        form = "json" if self.program == "podman" else "{{json .}}"
        done = self.ask((*self.words, "info", "--format", form))
        facts = read_facts(done.output)
        if not done.status and facts is not None:
            return facts
        if dry:
            return EngineFacts(self.program)
        message = f"no engine answers `{self.program} info`: {refusal(done.output)}"
        raise EngineError(message)

    def ask(self, words: tuple[str, ...]) -> Done:
        """Run a command to its end, and return its output; its errors where it failed."""
        return self.run(words, errors=subprocess.PIPE)

    def run(self, words: tuple[str, ...], data: bytes = b"", *, errors: int = subprocess.STDOUT) -> Done:
        """Run a command to its end, and return its output and its errors as one text."""
        try:
            # In a session of its own Ctrl-C does not reach it: what it makes is complete, and can be removed.
            process = subprocess.Popen(  # noqa: S603  no shell
                (sys.executable, "-m", *words) if words[0] == "sealock" else words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=self.environment,
                cwd=self.directory if words[0] == self.program else None,
                start_new_session=True,
            )
        except OSError as error:
            return Done(127, f"{words[0]}: {reason_of(error)}")
        with process:
            try:
                output, faults = process.communicate(data, timeout=TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                return Done(124, f"no end after {TIMEOUT:g} seconds")
            except KeyboardInterrupt:
                process.communicate(timeout=TIMEOUT)
                raise
        text = faults if process.returncode and faults else output
        return Done(process.returncode, text[:_LONGEST].decode("utf-8", "replace"))
