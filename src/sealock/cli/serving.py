"""The verbs of `sealock serve` that run where the state is."""

from __future__ import annotations

import os
import sys
import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import Connection, select

from sealock.cli.output import complain, write
from sealock.cli.registries import policy_of
from sealock.errors import UsageError, reason_of
from sealock.net.http import AddressGuard
from sealock.net.http.guard import is_allowable
from sealock.net.registry.names import reference
from sealock.net.userdirectories import home_directory
from sealock.patterns import compile_lazily
from sealock.policy.settings import Policy
from sealock.service.access.actors import Actor
from sealock.service.access.people import has_people, invite
from sealock.service.access.tokens import Scope
from sealock.service.listening import Listener, listen, parse_listener
from sealock.service.process import ServicePlan, web_part, worker_part
from sealock.service.registries import forget, rename
from sealock.service.state.backup import BackupResult, backup, restore
from sealock.service.state.credentials import VARIABLE, read_key
from sealock.service.state.database import Database, migrate, parse_url
from sealock.service.state.rows import put
from sealock.service.state.tables import setting
from sealock.service.supervision import supervise
from sealock.service.web.context import ServiceSettings
from sealock.service.work.advisories import AdvisorySource
from sealock.service.work.carriers import open_jobs
from sealock.service.work.requests import put_waiting
from sealock.service.work.scanner import ScanSettings
from sealock.service.work.worker import WorkerSettings
from sealock.text import count, line

_MOST_WORKERS: Final = 64
_MOST_HOURS: Final = 8760.0
_PLATFORM: Final = compile_lazily(r"[a-z0-9_]+/[a-z0-9_]+(/[a-z0-9_]+)?")
_ARTIFACT: Final = "oci:"
_PLACE: Final = "127.0.0.1:8470"
"""Where the service listens unless somebody says otherwise."""
_ADDRESS: Final = "address"
"""The setting with the URL of the service when it last started."""
_OPERATOR: Final = Actor("command line", "admin", Scope(), "command line")
"""Who changes what, for the audit log: whoever can write the state."""


def _start(arguments: Namespace) -> int:
    listener = parse_listener(arguments.listen or _PLACE)
    plan = _plan(arguments)
    workers = _workers(arguments, least=0)
    with listen(listener) as listening:
        _prepare(plan)
        where = plan.web.address or listener.url(listening)
        _note_address(plan, where)
        if not arguments.quiet:
            _announce(plan, where, listener)
        parts = [web_part(plan, listening), *(worker_part(plan, number) for number in range(1, workers + 1))]
        supervise(parts, plan.report)
    return 0


def _worker(arguments: Namespace) -> int:
    plan = _plan(arguments)
    if "://" not in plan.worker.database and not Path(plan.worker.database).exists():
        msg = f"there is no state at {plan.worker.database}: start `sealock serve` first, or name its --database"
        raise UsageError(msg)
    _prepare(plan)
    supervise([worker_part(plan, number) for number in range(1, _workers(arguments, least=1) + 1)], plan.report)
    return 0


def _note_address(plan: ServicePlan, where: str) -> None:
    """Keep where the service is, for links that other commands print."""
    database = Database(plan.worker.database)
    try:
        with database.write() as connection:
            put(connection, setting, [{"name": _ADDRESS, "value": where}])
    finally:
        database.close()


def _announce(plan: ServicePlan, where: str, listener: Listener) -> None:
    """Say where the service is, and how the first administrator gets in."""
    database = Database(plan.worker.database)
    try:
        with database.write() as connection:
            first = "" if has_people(connection) else invite(connection, "admin", "", time.time())
    finally:
        database.close()
    write(f"sealock serve is at {where}\n")
    if first:
        write(f"make the first administrator, once, within a day: {where}/invitation/{first}\n")
    if not listener.is_loopback and not where.startswith("https://"):
        complain(
            "warning: passwords and tokens pass the network unencrypted: put a proxy with TLS in front (--address)"
        )
    sys.stdout.flush()


def _invite(arguments: Namespace) -> int:
    plan = _plan(arguments)
    listener = parse_listener(arguments.listen or _PLACE)
    database = Database(plan.worker.database)
    try:
        migrate(database)
        with database.write() as connection:
            secret = invite(connection, "admin", "command line", time.time())
            query = select(setting.c.value).where(setting.c.name == _ADDRESS)
            last = "" if arguments.listen else connection.execute(query).scalar()
    finally:
        database.close()
    write(f"{plan.web.address or last or listener.url()}/invitation/{secret}\n")
    return 0


def _backup(arguments: Namespace) -> int:
    return _with_state(arguments, "backup", lambda database, path: backup(database, path, time.time()))


def _restore(arguments: Namespace) -> int:
    def run(database: Database, path: str) -> BackupResult:
        result = restore(database, path)
        put_waiting(database, open_jobs(database))
        return result

    return _with_state(arguments, "restore", run)


def _rename(arguments: Namespace) -> int:
    old, new = arguments.name, arguments.to_name
    if not new:
        msg = "serve rename needs two names: sealock serve rename REGISTRY/OLD REGISTRY/NEW"
        raise UsageError(msg)
    return _change(
        arguments,
        lambda connection: rename(connection, old, new, by=_OPERATOR, now=time.time()),
        f"{old} is {new} now, with its history",
    )


def _forget(arguments: Namespace) -> int:
    name = arguments.name
    if not name:
        msg = "serve forget needs a repository: sealock serve forget REGISTRY/NAME"
        raise UsageError(msg)
    return _change(
        arguments,
        lambda connection: forget(connection, name, by=_OPERATOR, now=time.time()),
        f"{name} counts as deleted; its history stays",
    )


def _change(arguments: Namespace, run: Callable[[Connection], bool], done: str) -> int:
    """Change a repository of the state, and print what was done."""
    database = Database(_plan(arguments).worker.database)
    try:
        migrate(database)
        with database.write() as connection:
            known = run(connection)
    finally:
        database.close()
    if not known:
        msg = (
            f"there is no repository {line(arguments.name, 200)} in the state: `sealock serve` lists them under Images"
        )
        raise UsageError(msg)
    write(f"{line(done, 900)}\n")
    return 0


def _with_state(arguments: Namespace, what: str, run: Callable[[Database, str], BackupResult]) -> int:
    """Run a function on the state and the named file, and print what it did."""
    if not arguments.name:
        msg = f"serve {what} needs a file: sealock serve {what} FILE"
        raise UsageError(msg)
    database = Database(_plan(arguments).worker.database)
    try:
        result = run(database, arguments.name)
    finally:
        database.close()
    rows, path = f"{count(result.rows, 'row')} of {count(result.tables, 'table')}", line(arguments.name, 600)
    if what == "backup":
        write(f"wrote {rows} to {path}; back up the key that decrypts its secrets too: it is not in this file\n")
    else:
        write(f"restored {rows} from {path}; start the service with the key that it had: secrets stay encrypted\n")
    return 0


def _key(_arguments: Namespace) -> int:
    write(f"{Fernet.generate_key().decode()}\n")
    return 0


def _plan(arguments: Namespace) -> ServicePlan:
    """What the options say; UsageError where they do not fit together."""
    if arguments.address and not arguments.address.startswith(("https://", "http://")):
        msg = f"--address {line(arguments.address, 100)} is no URL: write https://HOST"
        raise UsageError(msg)
    if arguments.behind < 0 or not 0 <= arguments.update <= _MOST_HOURS:
        msg = f"--behind and --update are numbers from 0, the hours of --update at most {_MOST_HOURS:g}"
        raise UsageError(msg)
    if arguments.platform and not _PLATFORM.fullmatch(arguments.platform):
        msg = f"--platform {line(arguments.platform, 100)} is no platform: write OS/ARCH, such as linux/arm64"
        raise UsageError(msg)
    if wrong := next((entry for entry in arguments.allow if not is_allowable(entry)), None):
        msg = f"--allow {line(wrong, 100)} is no place: write a host, HOST:PORT, an address or a network"
        raise UsageError(msg)
    state = state_directory(arguments.state)
    guard = AddressGuard(tuple(arguments.allow), "start sealock serve with --allow {}")
    applied = policy_of(arguments.policy) if arguments.policy else None
    policy = applied[1] if applied is not None else Policy()
    quiet: bool = arguments.quiet
    return ServicePlan(
        WorkerSettings(
            database=_database(arguments, state),
            advisories=str(state / "advisories"),
            source=_source(arguments.advisories),
            update=arguments.update * 3600,
            scans=ScanSettings(policy=policy, platform=arguments.platform, guard=guard, spool=str(state / "layers")),
        ),
        ServiceSettings(address=arguments.address.rstrip("/"), behind=arguments.behind, guard=guard),
        _read_key(arguments.key_file, state),
        (lambda _text: None) if quiet else complain,
    )


def _database(arguments: Namespace, state: Path) -> str:
    """The URL of the database, with the password of a file; UsageError where that cannot be used."""
    url: str = arguments.database or os.environ.get("SEALOCK_SERVE_DATABASE", "") or str(state / "state.db")
    named: str = arguments.password_file or os.environ.get("SEALOCK_SERVE_PASSWORD_FILE", "")
    if not named:
        return url
    parsed = parse_url(url)
    if parsed.get_backend_name() != "postgresql":
        msg = "a password is for PostgreSQL only: name it with --database postgresql://USER@HOST/NAME"
        raise UsageError(msg)
    try:
        password = Path(named).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        msg = f"the password file {line(named, 200)} cannot be read: {reason_of(error)}"
        raise UsageError(msg) from None
    return parsed.set(password=password).render_as_string(hide_password=False)


def state_directory(named: str) -> Path:
    """The directory of the state, made for this user only; UsageError where that fails."""
    usual = home_directory(os.environ) / ".local/share/sealock/serve"
    path = Path(named or os.environ.get("SEALOCK_SERVE_STATE", "") or usual).absolute()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        (path / "advisories").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        msg = f"the directory of the state, {path}, cannot be used: {reason_of(error)}. Name another with --state"
        raise UsageError(msg) from None
    return path


def _read_key(named: str, state: Path) -> MultiFernet | None:
    if not named and os.environ.get(VARIABLE):
        return read_key()
    return read_key(named or str(state / "key"))


def _source(text: str) -> AdvisorySource:
    if text.startswith(_ARTIFACT):
        place = text.removeprefix(_ARTIFACT)
        reference(place)
        return AdvisorySource("artifact", place)
    return AdvisorySource("mirror", text) if text else AdvisorySource()


def _workers(arguments: Namespace, *, least: int) -> int:
    number: int = arguments.workers
    if not least <= number <= _MOST_WORKERS:
        msg = f"--workers is a number from {least} to {_MOST_WORKERS}"
        raise UsageError(msg)
    return number


def _prepare(plan: ServicePlan) -> None:
    """Bring the tables up to date before any part starts."""
    database = Database(plan.worker.database)
    try:
        migrate(database)
    finally:
        database.close()


VERBS: Final[dict[str, Callable[[Namespace], int]]] = {
    "start": _start,
    "worker": _worker,
    "invite": _invite,
    "key": _key,
    "rename": _rename,
    "forget": _forget,
    "backup": _backup,
    "restore": _restore,
}
