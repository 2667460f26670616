"""A worker of the service in a process of its own, which scans images of a registry on loopback.

python -m support.scanworker URL ADVISORIES
"""

from __future__ import annotations

import signal
import sys
from threading import Event

from sealock.service.work.jobs import JobSettings
from sealock.service.work.worker import Worker
from support.serviceworld import settings_for

HASTY = JobSettings(lease=6.0, pause=0.05, poll=0.05)


def main(url: str, advisories: str) -> None:
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    worker = Worker(settings_for(url, advisories, jobs=HASTY))
    worker.run(stop)
    worker.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
