"""Records of what `run`, `harden` and profiles make of commands and containers: whole values, with every reason.

`tests/vectors/runs/NAME.txt` holds the records, and `tests/test_records.py` compares. A change that is meant is written
down with `./dev records` and reviewed in the diff. No engine is asked: images, machines and programs are simulated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import product
from pathlib import Path
from shlex import join, split
from typing import Any

from msgspec.structs import replace

from sealock.errors import SealockError
from sealock.model.allowedhosts import read_host
from sealock.model.container import Container
from sealock.model.inspection import LimitAdvice
from sealock.model.location import Source
from sealock.model.profile import ContactedAddress, LearningRun, ProfilePeaks
from sealock.model.trust import TrustResult
from sealock.policy.agents import AgentPolicy
from sealock.runtime.sandbox.workspace import MOST_MOUNTS, Workspace
from sealock.runtime.trials import TrialOutcome
from sealock.scan.agentrun import AgentRequest
from sealock.scan.filetrial import differences, run_of
from sealock.scan.hardening import HardenedRun, HardeningPlace, follow_plan, planned_changes, prove
from sealock.scan.hardeningplan import HardeningPlan, plan_of
from sealock.scan.profilecheck import UsePlace, latest_runtime, profile_faults
from sealock.scan.runline import EditableRun
from sealock.scan.runmachine import RunImage, RunMachine
from sealock.scan.saferun import RunSources, SafeRun, make_safe
from sealock.scan.settings import Settings
from sealock.scan.settingtexts import FORMATS, change_settings, write_settings
from sealock.scan.useevidence import exercise_of, file_gaps, profile_evidence
from support.madeimages import sha256
from support.profiles import DIGEST, OTHER, web
from support.shownvalues import show
from support.simulators.program import ProgramSimulator

RECORDS = Path(__file__).parent.parent / "vectors" / "runs"
_MACHINE = RunMachine(4, 8 << 30, "6.18.5", "runc")
_MACHINES = {
    "a machine": _MACHINE,
    "small": RunMachine(1, 100 << 20),
    "unknown": RunMachine(),
    "rootless": replace(_MACHINE, rootless=True, unlimited=True),
}
_IMAGES = {
    "not here": None,
    "by its name": RunImage("sha256:1", (f"x.example/other@{OTHER}", f"docker.io/library/app@{DIGEST}", f"app@{OTHER}"), "app"),
    "without a digest": RunImage("sha256:2", (f"x.example/app@{OTHER}", "app:1", "app")),
    "as root": RunImage("sha256:3", (f"app@{DIGEST}",), "root"),
}  # fmt: skip
_LINES = (
    "app:1", "app", f"app@{DIGEST}", "sha256:" + "1" * 64, "redis:7", "--pull always app:1", "-p 80:80 -p 127.0.0.1:81:81 -p 82:82/udp -P app:1",
    "--memory 1g --cpus 2 --pids-limit 9 --read-only=false --cap-drop NET_RAW --cap-add KILL --security-opt no-new-privileges=false app:1",
    "--cpu-quota 1000 -u 7 app:1", "--cpuset-cpus 0 --cap-drop ALL --read-only app:1 sh -c 'echo $A'", "--privileged app:1", "--tmpfs /tmp -v a:/run app:1", "--help",
    "--memory much app:1", "-x app:1", "",
)  # fmt: skip
_TRUSTED = TrustResult("cosign", "app:1", DIGEST, "trusted", why="signed")
_TRUST = {
    "trusted": _TRUSTED,
    "untrusted": replace(_TRUSTED, state="untrusted", why="nobody signed it"),
    "unknown and accepted": replace(_TRUSTED, state="unknown", accepted=True, why="no server"),
    "without a digest": replace(_TRUSTED, digest=""),
}


def _outcome(work: Callable[[], Any]) -> str:
    """What comes out, or the error; of a safe run its command, what was added and why, and why it must not run."""
    try:
        made = work()
    except SealockError as error:
        return f"{type(error).__name__}: {error}"
    if not isinstance(made, SafeRun):
        return show(made)
    rows = [join(made.words), *(f"  + {join(each.words)}: {each.why}" for each in made.added)]
    return "\n".join((*rows, *(f"  refused: {why}" for why in made.refused), "  pulls" if made.pull else "")).strip()


def _safe(words: Sequence[str], image: RunImage | None, machine: RunMachine, **more: Any) -> Any:
    trust = more.pop("trust", None)
    verify = (lambda _name, _text: trust) if trust is not None else None
    sources = RunSources(
        lambda: machine, lambda _: image, lambda name: sha256(f"{name.familiar}:{name.tag}".encode()), verify
    )
    return make_safe(("docker", "run", *words), Settings(policy_file="", today=date(2026, 11, 27)), sources, **more)


def _safe_runs() -> Iterator[str]:
    for line, (known, image) in (
        *product(_LINES, list(_IMAGES.items())[:1]),
        *product(_LINES[:6], list(_IMAGES.items())[1:]),
    ):
        yield f"=== {line} ({known})"
        yield _outcome(lambda line=line, image=image: _safe(split(line), image, _MACHINE))  # type: ignore[misc]
    for (named, machine), line in product(_MACHINES.items(), ("app:1", "-p 80:80 --cpus 1 app:1")):
        yield f"=== {line} ({named})"
        yield _outcome(lambda line=line, machine=machine: _safe(split(line), None, machine))  # type: ignore[misc]
    for (named, trust), line in product(_TRUST.items(), ("app:1", f"app@{DIGEST}", "sha256:" + "1" * 64)):
        yield f"=== {line} ({named})"
        yield _outcome(lambda line=line, trust=trust: _safe(split(line), None, _MACHINE, trust=trust))  # type: ignore[misc]
    plan = HardeningPlan(frozenset({"CHOWN"}), ("/run/x",), "7:7", filters=("closed.json", "open.json"))
    for line in ("app:1", "--security-opt no-new-privileges=false -u 1 app:1", "--privileged app:1"):
        yield f"=== {line} (as a profile plans)"
        yield _outcome(
            lambda line=line: _safe(split(line), None, _MACHINE, planned=lambda asked, image, machine: planned_changes(asked, HardeningPlace(image, machine, plan)))  # type: ignore[misc]
        )  # fmt: skip


_WORKSPACE = Workspace("/src/p", (1000, 1000), ((".git", 1), ("sub/.envrc", 2)), (".vscode", "sealock.toml"))
_WORKSPACES = {
    "a workspace": _WORKSPACE,
    "nothing in it": Workspace("/src/p", (0, 0)),
    "sockets": replace(_WORKSPACE, sockets=("run/dev.sock", "b.sock")),
    "a link": replace(_WORKSPACE, links=(".claude",)),
    "one too many": Workspace("/src/p", (1, 1), ((".git", 1),), sockets=tuple(map(str, range(MOST_MOUNTS)))),
    "incomplete": replace(_WORKSPACE, complete=False),
}
_REQUESTS: Mapping[str, dict[str, Any]] = {
    "hosts": {"hosts": (read_host("a.example"), read_host("b.example:8443"))},
    "proxies": {"proxies": True},
    "writable": {"writable": (".git", "sealock.toml", "gone")},
    "a secret that may be passed": {"policy": AgentPolicy(variables=("API_KEY",))},
}
_OF_AGENTS = (
    "-e A=b -e HOME=/x -w /y --pids-limit 5 --ulimit nproc=5 -u 7", "-e API_KEY=x -e A* -e B* -e API_KEY -e LANG -e TOKEN", "-v /workspacex:/workspacex:ro -v /usr/share:/s:ro",
    "--cap-add KILL --cap-add NET_BIND_SERVICE --cap-add SYS_TIME", "--ulimit nproc=-1", "--cpus 0", "--memory 1g --memory-swap -1", "--network none", "--network x --network y",
    "--log-driver local --log-opt max-size=1 --log-opt path=/x --log-driver syslog", "--mount type=volume,dst=/x,volume-opt=o=bind", "--security-opt no-new-privileges:true",
    "--tmpfs /t -v /anonymous -v data:/o -v data:/p:ro -v /a:/b -v /proc:/p:ro --tmpfs /workspace/x -v /a:/c:ro,rshared -v /a:/c:ro,z --mount type=image,src=a,dst=/i -v /anonymous",
    "--read-only=false -u root --privileged --security-opt label=disable", "-u 0:5",
)  # fmt: skip


def _agent_runs() -> Iterator[str]:
    def made(line: str, workspace: Workspace, machine: RunMachine, **more: Any) -> str:
        request = AgentRequest(workspace, environment={"API_KEY": "x", "LANG": "C"}, **more)
        return _outcome(lambda: _safe((*split(line), "app:1", "make"), _IMAGES["by its name"], machine, agent=request))

    for named, workspace in _WORKSPACES.items():
        yield f"=== {named}"
        yield made("", workspace, _MACHINE)
    for asked, more in _REQUESTS.items():
        yield f"=== {asked}"
        yield made(
            "",
            replace(_WORKSPACE, links=("gone",)) if asked == "writable" else _WORKSPACE,
            _MACHINES["rootless"],
            **more,
        )
    for line in _OF_AGENTS:
        yield f"=== {line}"
        yield made(line, _WORKSPACE, _MACHINE)


_ADVISED = (LimitAdvice("--memory", "64m", ""), LimitAdvice("--pids-limit", "32", ""), LimitAdvice("--cpus", "0.5", ""), LimitAdvice("--memory", "96m", ""))  # fmt: skip
_PROGRAMS: Mapping[str, Callable[[], ProgramSimulator]] = {
    "needs nothing": ProgramSimulator,
    "is told limits": lambda: ProgramSimulator(advised=_ADVISED),
    "changes owners and is root": lambda: ProgramSimulator(frozenset({"CHOWN", "KILL"}), root=True),
    "needs what is no default": lambda: ProgramSimulator(frozenset({"SYS_TIME"})),
    "writes": lambda: ProgramSimulator(writes=("/run", "/run/a", "/data/b", "/data/b/c", "/.dockerenv", "/var/run/x", "/dev/shm/a", "/var/tmp/x")),
    "writes where the image has files": lambda: ProgramSimulator(writes=("/usr/x",)),
    "writes unseen": lambda: ProgramSimulator(elsewhere=("/srv/x",)),
    "changes its user": lambda: ProgramSimulator(setuid=True, processes=600),
    "calls what a filter refuses": lambda: ProgramSimulator(calls=frozenset({"mount"})),
    "is broken": lambda: ProgramSimulator(broken=True),
    "fails in the end": lambda: ProgramSimulator(fails_from=4),
}  # fmt: skip
_HARDENED = (
    "app:1", "--privileged app:1", "-u 5 app:1", "-v /src:/src -p 80:80 app:1", "-v /src:/src:ro --network host app:1", "--read-only --pids-limit 5 redis:7",
    "--memory 1g --cpuset-cpus 0 --security-opt no-new-privileges=false --cap-add KILL app:1", "--security-opt seccomp=unconfined --tmpfs /run app:1",
)  # fmt: skip
_PLANS = {
    "no plan": None,
    "a plan": HardeningPlan(frozenset({"CHOWN"}), ("/run/x", "/data/y"), filters=("closed.json", "open.json")),
    "a plan with a user": HardeningPlan(user="33:33", advised=_ADVISED, offline=True),
}


def _hardening() -> Iterator[str]:
    place = HardeningPlace(RunImage("sha256:x", (), ""), _MACHINE)
    some, some_plans = list(_PROGRAMS.items())[2:3], list(_PLANS.items())[:2]
    every = product(_PROGRAMS.items(), _HARDENED[:1], _PLANS.items())
    for (named, make), line, (planned, plan) in (*every, *product(some, _HARDENED[1:], some_plans)):
        program = make()
        lines: list[str] = []

        def trial(words: Sequence[str], program: ProgramSimulator = program, lines: list[str] = lines) -> TrialOutcome:
            outcome = program.trial(words)
            lines.append(f"  {outcome.why or 'works'}: {join(words[2:])}")
            return outcome

        yield f"=== {line} ({named}, {planned})"
        yield _outcome(lambda line=line, plan=plan: _brief(prove(("docker", "run", *split(line)), replace(place, plan=plan), trial)))  # type: ignore[misc]  # fmt: skip
        yield from lines
    for user, line in product(("", "0", "root", "app"), ("app:1", "-v /src:/src app:1")):
        yield f"=== {line} (an image of the user {user!r})"
        found = prove(
            ("docker", "run", *split(line)),
            HardeningPlace(RunImage("sha256:x", (), user), _MACHINE),
            ProgramSimulator().trial,
        )
        yield show(_brief(found))
    for line, (planned, plan), (named, machine) in product(_HARDENED, _PLANS.items(), list(_MACHINES.items())[:2]):
        yield f"=== {line} (untried, {planned}, {named})"
        yield _outcome(lambda line=line, plan=plan, machine=machine: _brief(follow_plan(("docker", "run", *split(line)), HardeningPlace(None, machine, plan))))  # type: ignore[misc]  # fmt: skip


def _brief(run: HardenedRun) -> Any:
    """Its words, settings and number of trials; the container repeats the words."""
    return (join(run.words), [f"{each.name}{'' if each.closed else ' stays open'}{each.why and f': {each.why}'}" for each in run.settings], run.trials)  # fmt: skip


_FULL = (
    "-e A=b -e C --env-file x.env -v /srv:/srv:ro -v data:/data -v ./here:/here --tmpfs /t -p 127.0.0.1:80:80/tcp -w /w -u 7:8 --cap-add KILL --cap-drop ALL --read-only "
    "--memory 64m --cpus 0.5 --pids-limit 9 --shm-size 1m --ulimit nofile=5:6 --security-opt no-new-privileges --security-opt seccomp=s.json --pid host --network none "
    "--dns 1.1.1.1 --hostname h --label a=b --restart always --name name -d --init --stop-signal TERM --sysctl net.a=1 --device /dev/null --group-add 3 --userns host "
    "--health-cmd true --entrypoint '/e' --log-driver local --add-host a:1.2.3.4 --privileged app:1 run me"
)
_FILES = {
    "compose.yaml": "services:\n  db: {image: b}\n  web:\n    image: a  # ours\n    ports: ['80:80']\n    env_file: [x.env, /y.env]\n    volumes: ['./a:/a', '/b:/b', '~/c:/c', 'v:/v', '/anon']\n"
    "    entrypoint: [sh, -c]\n    command: [run]\n    networks: [n]\n    links: [db]\n    restart: always\n    network_mode: 'service:db'\n    cap_add: [KILL]\n  built: {build: .}\n  one:\n    image: a\n    network_mode: host\n    secrets: [s]\nvolumes: {v: {}}\nnetworks: {n: {}}\nsecrets: {s: {file: ./s}}\n",
    "pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n    - name: web\n      image: a\n    - name: db\n      image: b\n---\n"
    "apiVersion: v1\nkind: Pod\nmetadata: {name: q}\nspec:\n  containers:\n    - name: db\n      image: c\n",
    "web.container": "[Container]\nImage=a\n# ours\nPublishPort=80:80\nVolume=/x:/x\n",
    "notes.txt": "hello\n",
    "empty/compose.yaml": "services: {}\n",
}  # fmt: skip


def _settings() -> Iterator[str]:
    asked = EditableRun(("docker", "run", "app:1")).container
    for form, line in product(FORMATS, ("app:1", _FULL)):
        words = ("docker", "run", *split(line))
        yield f"=== {form}: {line}"
        written = write_settings(form, "web", words, EditableRun(words).container, asked)
        yield from (written.text, *written.left)
    plan = HardeningPlan(
        frozenset({"CHOWN"}), ("/run/x", "/d/y"), "33:33", _ADVISED, offline=True, filters=("c.json", "o.json")
    )
    place = HardeningPlace(None, _MACHINE, plan)
    for (path, text), name in product(_FILES.items(), ("web", "db", "built", "one", "service web", "gone")):
        yield f"=== {path} {name}"
        try:
            changed, before = change_settings(Source(path, text), name, lambda asked: planned_changes(asked, place))
        except SealockError as error:
            yield str(error)
            continue
        yield from (changed.text, *changed.left)
        yield from _trial_of(before)


def _trial_of(asked: Container) -> Iterator[str]:
    """A container of a file as a command, and what the hardened one differs by."""
    for directory in ("/project", "."):
        try:
            words, left = run_of("docker", asked, directory)
        except SealockError as error:
            yield str(error)
        else:
            yield from (join(words), *left)
    found = follow_plan(("docker", "run", "app:1"), HardeningPlace(None, _MACHINE))
    yield from (show(change) for change in differences(replace(found, asked=asked)))


_RUN = LearningRun(("nginx",), "curl", "6.18.5", "docker 26", "runc 1.1.15", "tracepoints")
_PROFILES = {
    "complete": web(),
    "without runs": web(runs=()),
    "two runs": web(runs=(*web().runs, replace(_RUN, kernel="5.10.0-1-amd64", runtime="/usr/bin/crun 1.0", exercise=""))),
    "runs that say nothing": web(runs=(LearningRun(),)),
    "seen by system calls": web(runs=(replace(_RUN, mechanism="log"), *web().runs)),
    "masked paths": web(read=("/home/\N{HORIZONTAL ELLIPSIS}/x",)),
    "no program": web(executed=()),
    "no digest": web(digests=()),
    "small": web(peaks=ProfilePeaks(), users=("33:33",), ports=(), contacted=(ContactedAddress("unix", "/run/s"),)),
    "offline by its log": web(ports=(), contacted=(), runs=(replace(web().runs[0], mechanism="log"),)),
    "root and kernel files": web(users=("0:33",), written=("/dev/null", "/proc/self/x", "/dev/shm/a", "/sys/x")),
}  # fmt: skip
_PLACES = {
    "here": UsePlace((DIGEST,), "6.18.9", "runc 1.2"),
    "another image": UsePlace((OTHER, ""), "6.18.5"),
    "another kernel": UsePlace((), "Linux 6.17.5-1", "/usr/sbin/runc"),
    "another runtime": UsePlace((DIGEST,), "5.10.1", "crun"),
    "unknown": UsePlace(),
}


def _profiles() -> Iterator[str]:
    for (named, profile), (place, where) in product(_PROFILES.items(), _PLACES.items()):
        yield f"=== {named}, {place}"
        for accepted in ((), ("image", "kernel")):
            yield from (
                f"{'' if accepted else '- '}{show(fault)}" for fault in profile_faults(profile, where, accepted)
            )
    for named, profile in _PROFILES.items():
        yield f"=== {named}"
        yield from (show(plan_of(profile, machine, ("c", "o"))) for machine in _MACHINES.values())
        yield from (
            show(profile_evidence(profile)),
            show(file_gaps(profile)),
            exercise_of(profile),
            latest_runtime(profile),
        )


_RECORDED: Mapping[str, Callable[[], Iterable[str]]] = {
    "safe-runs": _safe_runs,
    "agent-runs": _agent_runs,
    "hardening": _hardening,
    "settings": _settings,
    "profiles": _profiles,
}
NAMES = tuple(_RECORDED)


def record(name: str) -> str:
    """The record of a kind of value."""
    return "".join(f"{row.rstrip()}\n" for text in _RECORDED[name]() for row in text.splitlines())


if __name__ == "__main__":
    RECORDS.mkdir(exist_ok=True)
    for record_name in NAMES:
        (RECORDS / f"{record_name}.txt").write_text(record(record_name), encoding="utf-8")
