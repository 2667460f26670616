"""The plan of a demonstration: every command that it runs, in order, before any of them runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from shlex import split
from typing import Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from sealock.formats.runargs.writer import options
from sealock.model.change import changed
from sealock.model.container import Container
from sealock.patterns import compile_lazily
from sealock.show.demonstration import Demonstration, Obstacle, Reach, Step, Where
from sealock.show.setting import Place, StandIns, focused

Role: TypeAlias = Literal["make", "harm", "remove"]
SECONDS: Final = 300
"""How long a container of a demonstration lives if nobody removes it."""
TOOLS: Final = "/.sealock"
"""Where the static BusyBox and its links are mounted in the user's own image."""
TMPFS: Final = f"{TOOLS}/tmp:exec,suid,dev,mode=1777"  # noqa: S108  in the container
"""A place to write there, on which programs can be started."""
CLIENT: Final = "/.client"
"""Where the engine's client is mounted for a harm that needs it."""
_NAME: Final = compile_lazily(r"<([a-z-]+)>")


class Command(Struct, frozen=True):
    """One command: its words, what it is for, and how its harm shows.

    It does harm where it ends with `status` and its output holds `shows`. `setting` says which of the words are the
    setting, from a first one to before a last one. `gives` is the name under which later commands use its output. One
    whose first word is "#" says what sealock does itself, by `calls`.
    """

    words: tuple[str, ...]
    role: Role = "make"
    shows: str = ""
    hides: str = ""
    setting: tuple[int, int] = (0, 0)
    gives: str = ""
    may_fail: bool = False
    status: int = 0
    calls: Callable[[], object] | None = None


class Act(Struct, frozen=True):
    """The harm tried once: containers started, the harm's commands, and the containers removed."""

    make: tuple[Command, ...]
    harm: tuple[Command, ...]
    remove: tuple[Command, ...]


class Plan(Struct, frozen=True):
    """A demonstration on one engine. `notes` say what stands in for what."""

    demonstration: Demonstration
    make: tuple[Command, ...]
    before: Act
    after: Act
    remove: tuple[Command, ...]
    notes: tuple[str, ...]

    @property
    def commands(self) -> Iterator[Command]:
        """All of them, in order."""
        yield from self.make
        for act in (self.before, self.after):
            yield from (*act.make, *act.harm, *act.remove)
        yield from self.remove


def make_plan(
    demonstration: Demonstration,
    before: Container,
    after: Container,
    place: Place,
    client: tuple[str, ...] = ("docker",),
) -> Plan:
    """Plan a demonstration for a container as it is before and after the fix.

    FormatError where no option of the client expresses the setting, TargetError where it has no harmless form.
    """
    old, new = focused(demonstration, before, after)
    for change in demonstration.smaller:
        new = changed(new, change)
    stands = StandIns(demonstration, place)
    harmful, harmless = stands.harmless(old), stands.harmless(new)
    writer = _Writer(demonstration, place, client, dict(stands.names(old)))
    if demonstration.smaller:
        stands.note("The fix's limit is made smaller here, so that it takes little to reach it.")
    nets = [spec for noun in (harmful, harmless) if isinstance(noun.networks, tuple) for spec in noun.networks]
    other = demonstration.other
    networked = bool(nets) or (other is not None and other.network in {"internal", "published"})
    make, remove = list[Command](), list[Command]()
    if networked:
        internal = () if demonstration.network == "published" else ("--internal",)
        # Names are not needed, and Podman's server for them may not be installed.
        nameless = ("--disable-dns",) if client[0] == "podman" else ()
        words = ("network", "create", *internal, *nameless, "--label", place.label, f"{place.box}-net")
        make.append(writer.command(words))
        remove.append(writer.command(("network", "rm", f"{place.box}-net"), "remove"))
    if stands.volumes:
        make.append(writer.command(("volume", "create", "--label", place.label, f"{place.box}-data")))
        remove.append(writer.command(("volume", "rm", f"{place.box}-data"), "remove"))
    if other is not None and not other.ends:
        make += writer.other()
        remove.insert(0, writer.removal(f"{place.box}-other"))
    return Plan(
        demonstration,
        tuple(make),
        writer.act(harmful),
        writer.act(harmless),
        tuple(remove),
        tuple(stands.notes),
    )


def fill(text: str, names: Mapping[str, str]) -> str:
    """The text with what is known in place of <names>; those that are not known stay."""
    return _NAME.sub(lambda match: names.get(match[1], match[0]), text)


def obstacle(demonstration: Demonstration, obstacles: frozenset[Obstacle]) -> str:
    """Why an engine already stops the harm, "" where nothing does."""
    return next((lesson for name, lesson in demonstration.stopped_by if name in obstacles), "")


def start_box(client: tuple[str, ...], place: Place) -> Command:
    """The command that starts a container as it comes, without a network."""
    tools = ("--volume", f"{place.files}/tools:{TOOLS}:ro", "--env", f"PATH={TOOLS}/bin") if place.own_image else ()
    start = (*client, "run", "--rm", "--detach", "--pull=never", "--name", place.box, "--label", place.label)
    end = ("--network", "none", *tools, "--entrypoint", "sleep", place.image, str(SECONDS))
    return Command((*start, *end))


def removal(program: str) -> tuple[str, ...]:
    """The words that remove containers at once."""
    # Podman's would wait ten seconds for a shell that ignores its signal.
    return ("rm", "--force", "--volumes", *(("--time", "0", "--depend") if program == "podman" else ()))


class _Writer:
    """Writes the commands of one demonstration."""

    def __init__(
        self, demonstration: Demonstration, place: Place, client: tuple[str, ...], names: Mapping[str, str]
    ) -> None:
        self.demonstration, self.place, self.client = demonstration, place, client
        tools = f"{TOOLS}/bin" if place.own_image else "/bin"
        self.names = {
            "run": place.run,
            "box": place.box,
            "other": f"{place.box}-other",
            "marker": f"marker-{place.run}",
            "tmp": f"{TOOLS}/tmp" if place.own_image else "/tmp",  # noqa: S108  in the container
            "busybox": f"{tools}/busybox",
            "shell": f"{tools}/sh",
            "stand-in": f"{place.files}/host",
            "shm": f"{place.shared_memory}/sealock-show-{place.run}",
            "port": str(place.port),
            "host": place.host,
            "image": place.image,
            "label": place.label,
            "docker": f"{CLIENT}/docker",
            **names,
        }

    def command(self, words: tuple[str, ...], role: Role = "make") -> Command:
        """A command of the engine's client."""
        return Command((*self.client, *words), role)

    def act(self, noun: Container) -> Act:
        """The harm, done to a container with this setting."""
        demonstration, box = self.demonstration, self.place.box
        setting = options(noun, self.client[0])
        renewed = demonstration.other is not None and demonstration.other.ends
        make = [*(self.other() if renewed else ()), self._run(box, setting, ("sleep", str(SECONDS)))]
        make += [self._step(step, "make", setting) for step in demonstration.prepare]
        harm = tuple(self._step(step, "harm", setting) for step in demonstration.steps)
        names = [box, *([f"{box}-other"] if renewed else ()), *(fill(name, self.names) for name in demonstration.makes)]
        remove = self.removal(*names)
        return Act(tuple(make), harm, (replace(remove, may_fail=bool(demonstration.makes)),))

    def removal(self, *names: str) -> Command:
        """The command that removes containers."""
        return self.command((*removal(self.client[0]), *names), "remove")

    def other(self) -> Iterator[Command]:
        """The commands that start the other container, if there is one."""
        if (other := self.demonstration.other) is None:
            return
        box, words = self.place.box, tuple(split(other.options))
        if "--network" not in words:
            words = (*_network(other.network, box), *words)
        yield self._run(f"{box}-other", words, ("sh", "-c", fill(other.line, self.names)))
        if any("<address>" in step.line for step in self.demonstration.steps):
            template = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
            yield replace(self.command(("inspect", "-f", template, f"{box}-other")), gives="address")

    def _run(self, name: str, setting: tuple[str, ...], program: tuple[str, ...], *, stays: bool = True) -> Command:
        """The command that starts a container."""
        detached = ("--detach",) if stays else ()
        label = ("--label", self.place.label)
        start = (*self.client, "run", "--rm", *detached, "--pull=never", "--name", name, *label)
        end = (*self._tools(setting), "--entrypoint", program[0], self.place.image, *program[1:])
        return Command((*start, *setting, *end), setting=(len(start), len(start) + len(setting)))

    def _tools(self, setting: tuple[str, ...]) -> Iterator[str]:
        """The options that bring the commands, and the files that some harm needs."""
        files = self.place.files
        if self.place.own_image:
            path = next((word for word in setting if word.startswith("PATH=")), "PATH=").removeprefix("PATH=")
            yield from ("--volume", f"{files}/tools:{TOOLS}:ro", "--tmpfs", TMPFS)
            yield from ("--env", "PATH=" + ":".join(part for part in (path, f"{TOOLS}/bin") if part))
        if self.demonstration.accounts:
            yield from ("--volume", f"{files}/passwd:/etc/passwd:ro")
        if self.demonstration.makes:
            yield from ("--volume", f"{files}/client:{CLIENT}:ro")

    def _step(self, step: Step, role: Role, setting: tuple[str, ...]) -> Command:
        # Split first: what comes from a file stays within its word.
        words = tuple(fill(word, self.names) for word in split(step.line))
        command = self._placed(step.where, step.user, words, setting)
        shows, hides = fill(step.shows, self.names), fill(step.hides, self.names)
        return replace(command, role=role, shows=shows, hides=hides)

    def _placed(self, where: Where, user: str, words: tuple[str, ...], setting: tuple[str, ...]) -> Command:
        users = ("--user", user) if user else ()
        match where:
            case "box":
                return self.command(("exec", *users, self.place.box, *words))
            case "other":
                return self.command(("exec", *users, f"{self.place.box}-other", *words))
            case "again":
                return self._run(f"{self.place.box}-again", setting, words, stays=False)
            case "client":
                return self.command(words)
            case "host":
                return Command(words)


def _network(reach: Reach, box: str) -> tuple[str, ...]:
    match reach:
        case "none":
            return ("--network", "none")
        case "internal" | "published":
            return ("--network", f"{box}-net")
        case "default":
            return ()
