"""Learns a program, hardens it by its profile, and proves that it then works and that attacks fail."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tarfile
import time
from pathlib import Path

from msgspec import Struct

from sealock.formats.profile import read_profile
from sealock.formats.seccomp import FilterOptions, write_seccomp
from sealock.model.location import Source
from sealock.model.profile import Profile
from sealock.scan.runline import EditableRun
from support.hardenedprograms import ATTACKS, HardenedProgram, add_files, write_exercise
from support.realengine import Engine
from support.waiting import PATIENCE

IMAGE = "programs"
_PARTS = ("usr", "etc", "bin", "sbin", "lib", "lib64", "var", "srv", "tmp", "run", "root", "home")


class HardenedFigures(Struct, frozen=True):
    """What a hardened program keeps, and what failed of its proof: () for nothing."""

    syscalls: int
    capabilities: tuple[str, ...]
    command: str
    faults: tuple[str, ...]


def import_root(engine: Engine, root: Path) -> None:
    """Make the image of a root file system, with the texts and attacks."""
    command = ["docker", "import", "-", IMAGE]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=engine.environment) as client:
        assert client.stdin is not None
        with tarfile.open(fileobj=client.stdin, mode="w|") as archive:
            for part in _PARTS:
                if (root / part).exists():
                    archive.add(root / part, part)
            add_files(archive)
        client.stdin.close()
        assert client.wait() == 0


class ProgramProof:
    """One program on an engine."""

    def __init__(self, engine: Engine, name: str, program: HardenedProgram) -> None:
        self.engine, self.program = engine, program
        self.slug = name.partition(" ")[0].lower()
        self.environment = {**os.environ, **engine.environment}
        self.profile = engine.folder / f"{self.slug}.profile.json"
        self.learning = write_exercise(engine.folder, f"{self.slug}-learn", program.learn, sys.executable)
        self.other = write_exercise(engine.folder, f"{self.slug}-other", program.other, sys.executable)
        volumes = [word for volume in program.volumes for word in ("--volume", volume)]
        health = ("--health-cmd", program.healthy, "--health-interval", "1s", "--health-start-period", "60s")
        self.line = ("docker", "run", "--network", "none", *health, *volumes, IMAGE, "sh", "-c", program.start)
        self.faults: list[str] = []

    def sealock(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "sealock", *words], env=self.environment, cwd=self.engine.folder,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=600,
        )  # fmt: skip

    def prove(self, starts: int) -> HardenedFigures:
        """Learn, harden, and prove it with so many starts."""
        reload = ["--reload"] if self.program.reloads else []
        options = ("--check", self.learning, "--wait", str(PATIENCE), *reload, "--for", "3s")
        learned = self.sealock("learn", str(self.profile), *options, "--", *self.line)
        if learned.returncode != 0:
            return HardenedFigures(0, (), "", (f"learning: {learned.stderr[-300:]}",))
        hardened = self.sealock("harden", "--profile", str(self.profile), "--accept", "incomplete", *self.line[2:])
        if hardened.returncode != 0:
            return HardenedFigures(0, (), "", (f"hardening: {hardened.stderr[-300:]}",))
        words = shlex.split(hardened.stdout)
        profile = read_profile(Source("profile", self.profile.read_text(encoding="utf-8")))
        self.refused(words)
        for number in range(starts):
            if not self.start(words, last=number == starts - 1):
                break
        return HardenedFigures(
            self.kept(profile), tuple(sorted(profile.needed)), hardened.stdout.strip(), tuple(self.faults)
        )

    def kept(self, profile: Profile) -> int:
        made = write_seccomp(profile, os.uname().machine, FilterOptions("runc"))
        return len(made.allowed)

    def refused(self, words: list[str]) -> None:
        """What a second exercise would be refused."""
        line = EditableRun(words)
        options = ["docker", "run", "--name", f"{self.slug}-trial", *line.words[2:]]
        command = [
            sys.executable,
            "-m",
            "sealock",
            "profile",
            "trial",
            "--accept",
            "incomplete",
            str(self.profile),
            "--",
            *options,
        ]
        with subprocess.Popen(
            command, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True, cwd=self.engine.folder,
        ) as process:  # fmt: skip
            why = self.used(f"{self.slug}-trial", self.other)
            self.engine.docker("stop", f"{self.slug}-trial")
            _, messages = process.communicate(timeout=PATIENCE)
        self.engine.docker("rm", "--force", "--volumes", f"{self.slug}-trial")
        if why:
            self.faults.append(f"the second exercise: {why}")
        if process.returncode != 0:
            rows = [row.removeprefix("sealock: ") for row in messages.splitlines() if "would refuse" in row]
            self.faults.append("; ".join(row.partition(":")[0] for row in rows) or messages[-300:])

    def used(self, container: str, exercise: str) -> str:
        """Use the program until that works; why it does not in time, "" where it does."""
        end = time.monotonic() + PATIENCE
        while True:
            environment = {**self.environment, "CONTAINER": container}
            done = subprocess.run(exercise.split(), env=environment, capture_output=True, text=True, check=False)
            if done.returncode == 0:
                return ""
            if time.monotonic() > end:
                logs = self.engine.docker("logs", "--tail", "5", container)
                return f"{done.stderr[-200:]} {logs.stderr[-300:]}{logs.stdout[-300:]}"
            time.sleep(0.2)

    def start(self, words: list[str], *, last: bool) -> bool:
        """Start it once and use it; the last time all the rest as well. Whether it worked."""
        name = f"{self.slug}-hardened"
        before = len(self.faults)
        started = self.engine.docker("run", "--detach", "--name", name, *words[2:])
        try:
            if started.returncode != 0:
                self.faults.append(f"start: {started.stderr[-300:]}")
            elif why := self.used(name, self.learning):
                self.faults.append(f"exercise: {why}")
            elif last:
                self.live(name)
        finally:
            self.engine.docker("rm", "--force", "--volumes", name)
        return len(self.faults) == before

    def live(self, name: str) -> None:
        """Health check, second exercise, exec, attacks, restart, stop."""
        if why := self.used(name, self.other):
            self.faults.append(f"second exercise: {why}")
        end = time.monotonic() + PATIENCE
        while self.state(name, "{{.State.Health.Status}}") != "healthy":
            if time.monotonic() > end:
                self.faults.append("the health check does not pass")
                break
            time.sleep(0.2)
        for attack in ATTACKS:
            done = self.engine.docker("exec", name, f"/attack/{attack.replace(' ', '-')}")
            if done.returncode not in {1, 13, 30, 38}:  # EPERM, EACCES, EROFS, ENOSYS
                self.faults.append(f"attack {attack}: {done.returncode} {done.stderr}")
        if self.engine.docker("restart", name).returncode != 0 or (why := self.used(name, self.learning)):
            self.faults.append("it does not work after a restart")
        self.engine.docker("stop", name)
        status = self.state(name, "{{.State.ExitCode}}")
        if status not in {"0", "143"}:
            self.faults.append(f"it stopped with {status}")

    def state(self, name: str, what: str) -> str:
        return self.engine.docker("inspect", "--format", what, name).stdout.strip()
