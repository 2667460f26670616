"""A supervisor with two parts, each of which prints what it does.

    python -m support.supervisedparts DIRECTORY

"steady" works until it is asked to stop. "odd" raises an error at its first start, of which a file in the directory
remains; from the second start on it sends itself SIGINT, as a terminal sends it to all, and goes on.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from threading import Event

from sealock.service.supervision import ServicePart, supervise


def say(line: str) -> None:
    os.write(sys.stdout.fileno(), f"{line}\n".encode())


def main(directory: Path) -> None:
    def steady(stop: Event) -> None:
        say(f"steady works: {'stopped' if stop.is_set() else 'not stopped'}")
        stop.wait()
        say("steady stops")

    def odd(stop: Event) -> None:
        mark = directory / "started"
        if not mark.exists():
            mark.touch()
            message = "it does not know how"
            raise ValueError(message)
        os.kill(os.getpid(), signal.SIGINT)
        say("odd works")
        stop.wait()

    supervise([ServicePart("steady", steady), ServicePart("odd", odd)], say)
    say(f"all have ended, and these signals are blocked: {sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ()))}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
