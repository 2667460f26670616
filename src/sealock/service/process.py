"""The processes of a service: one for the web, any number of workers."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from socket import socket
from threading import Event, Thread
from typing import Final

import uvicorn
from cryptography.fernet import MultiFernet
from msgspec import Struct

from sealock.service.access.sealing import KeyBox
from sealock.service.delivery.sender import Sender
from sealock.service.logs import prepare_logs
from sealock.service.state.database import Database
from sealock.service.supervision import ServicePart
from sealock.service.web.application import build_application
from sealock.service.web.connections import web_server
from sealock.service.web.context import ServiceContext, ServiceSettings, usual_rates
from sealock.service.work.carriers import open_jobs
from sealock.service.work.requests import give_up
from sealock.service.work.worker import Worker, WorkerSettings

_LOG: Final = logging.getLogger("sealock.service")
_STOPPING_SECONDS: Final = 10


class ServicePlan(Struct, frozen=True):
    """What to run. `report` hears lines for people."""

    worker: WorkerSettings
    web: ServiceSettings
    key: MultiFernet | None
    report: Callable[[str], None]


def web_part(plan: ServicePlan, listening: socket) -> ServicePart:
    """The web process on a socket that listens."""

    def run(stop: Event) -> None:
        prepare_logs()
        database = Database(plan.worker.database, pool=10)
        server: uvicorn.Server | None = None
        context = ServiceContext(
            database=database,
            sealer=KeyBox(plan.key),
            key=plan.key,
            jobs=open_jobs(database, give_up, plan.worker.jobs),
            settings=plan.web,
            rates=usual_rates(database),
        )
        application = build_application(context, stopping=lambda: server is not None and server.should_exit)
        server = web_server(application)
        # uvicorn takes SIGTERM for itself, and ends requests that have begun.
        server.run(sockets=[listening])
        stop.set()
        database.close()

    return ServicePart("web", run)


def worker_part(plan: ServicePlan, number: int) -> ServicePart:
    """A worker: jobs, and messages to webhooks."""

    def run(stop: Event) -> None:
        prepare_logs()
        worker = Worker(plan.worker, plan.key, report=plan.report)
        sender = Sender(worker.database, KeyBox(plan.key), plan.web.guard, clock=time.time)
        sending = Thread(target=sender.run, args=(stop,), daemon=True, name="sealock-sender")
        sending.start()
        worker.run(stop)
        sending.join(_STOPPING_SECONDS)
        worker.close()

    return ServicePart(f"worker {number}", run)
