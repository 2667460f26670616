"""Reads manifests into subjects: a container for each of a pod's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from msgspec import Struct

from sealock.formats import yamltree
from sealock.formats.files import NOTHING, FileWindow
from sealock.formats.kubernetes import parts
from sealock.formats.kubernetes.fields import FIELDS, LISTS, SAYS
from sealock.formats.kubernetes.manifest import ManifestValue, parse, text, variable_of
from sealock.formats.kubernetes.parameters import with_parameters
from sealock.formats.kubernetes.pods import Pod, PodContainer, find_pods
from sealock.formats.kubernetes.resources import resources
from sealock.formats.kubernetes.settings import settings
from sealock.formats.optionkeys.runlines import with_run_lines
from sealock.model.absent import UNKNOWN, UNSET, AnyValue
from sealock.model.container import Container, Label, container
from sealock.model.document import Document, Subject
from sealock.model.finding import InputError
from sealock.model.location import At, Place, Source
from sealock.text import read_number

_SILENT: Final = "a manifest leaves this to the cluster"
_PATCH: Final = "a container without an image is a patch, and the manifest that it changes decides"
_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
_MOMENTS: Final = {"postStart": "post_start", "preStop": "pre_stop"}
_MERGED: Final = {"env": "name", "volumeMounts": "mountPath"}
"""The lists that a step of Tekton has beside those of its template, and what names their items."""
_OS_LABELS: Final = ("kubernetes.io/os", "beta.kubernetes.io/os")
"""The labels of nodes that say which operating system they have."""
_USER: Final = ("runAsUser", "runAsGroup", "runAsNonRoot")
_EPHEMERAL: Final = ("memory", "cpus", "cpu_quota", "health")
"""Fields that an ephemeral container cannot have."""
_OF_POD: Final = frozenset(row.name for row in FIELDS if not row.own)
"""Fields that only a pod has, and all its containers share."""
_ONCE: Final = frozenset({"sysctls", "labels", "annotations", "pod_volumes"})
"""What belongs to the pod as a whole, so that its first container is enough to check it."""


class PodSubject(Struct, frozen=True):
    """Where a subject stands in the manifest: in which part of the text, and as which of its containers.

    The part is the resource, or the whole document where the resource uses aliases.
    """

    pod: Pod
    container: PodContainer
    part: ManifestValue
    index: int


class ManifestDocument(Document, frozen=True):
    """A document of manifests that can be changed: where each subject stands, by its name."""

    members: Mapping[str, PodSubject] = {}


def read(source: Source, files: FileWindow = NOTHING) -> ManifestDocument:
    """Read every container of every pod and pod template in the text, and the run lines in their commands."""
    return with_run_lines(read_resources(source), files)


def read_resources(source: Source) -> ManifestDocument:
    """Read what the resources of the text declare, without run lines."""
    tree = parse(source.text)
    errors = [InputError(flaw.message, source.location(Place(flaw.start, flaw.end))) for flaw in tree.flaws]
    members: dict[str, PodSubject] = {}
    subjects: list[Subject] = []
    names: dict[str, int] = {}
    roots = [ManifestValue(with_parameters(root), Place(root.start, root.end)) for root in tree.documents]
    tokens = frozenset(account for top in roots for account in _without_token(top))
    for top in roots:
        counts: dict[int, int] = {}
        for pod in find_pods(top):
            place = pod.resource.place
            part = top if "*" in source.text[place.start : place.end] else pod.resource
            shared = _PodReader(pod, tokens)
            errors += (InputError("must be a list of containers", source.location(value.place)) for value in pod.wrong)
            for index, member in enumerate(pod.containers):
                name = _unique(_name(pod, member, index), names)
                reader = _ContainerReader(shared, member)
                subjects.append(reader.subject(name))
                start = part.place.start
                members[name] = PodSubject(pod, member, part, counts.get(start, 0))
                counts[start] = counts.get(start, 0) + 1
                errors += (InputError(message, source.location(place)) for message, place in reader.faults)
    subjects += settings(roots, source.text)
    return ManifestDocument("kubernetes", {"": source}, tuple(subjects), tuple(errors), members=members)


def _without_token(top: ManifestValue) -> Iterator[tuple[str, str]]:
    """The service accounts, by namespace and name, whose pods get no token unless they ask for one."""
    for resource in resources(top):
        mounted = resource.at("automountServiceAccountToken")
        if resource.word("kind") == "ServiceAccount" and mounted is not None and mounted.data is False:
            yield resource.word("metadata", "namespace"), resource.word("metadata", "name")


def comments(source: Source) -> tuple[Place, ...]:
    """Find the comments of a manifest."""
    return yamltree.comments(source.text)


def _name(pod: Pod, member: PodContainer, index: int) -> str:
    own = member.value.word("name") or pod.spec.word("name") or str(index + 1)
    return f"container {own} of {pod.kind} {pod.name}".rstrip()


def _unique(name: str, names: dict[str, int]) -> str:
    """The name, with a number where another subject of the document has it."""
    names[name] = names.get(name, 0) + 1
    return name if names[name] == 1 else f"{name} ({names[name]})"


class _PodReader:
    """What the containers of a pod have in common, read once. `tokens` has service accounts that refuse a token."""

    def __init__(self, pod: Pod, tokens: frozenset[tuple[str, str]]) -> None:
        self.pod = pod
        namespace = pod.resource.word("metadata", "namespace")
        account = pod.spec.word("serviceAccountName") or pod.spec.word("serviceAccount") or "default"
        self.mounts_token = (namespace, account) not in tokens
        self.is_windows = (
            pod.spec.word("os", "name") == "windows"
            or any(pod.spec.word("nodeSelector", label) == "windows" for label in _OS_LABELS)
            or pod.spec.at("securityContext", "windowsOptions") is not None
        )
        self.first = ""
        """The name of the subject of its first container."""
        self.inherited: set[str] = set()
        """The fields that this container has from its template."""
        volumes = pod.spec.at("volumes")
        self.volumes = {volume.word("name"): volume for volume in volumes.items} if volumes is not None else {}
        self.mounted = parts.mounted_whole(member.value for member in pod.containers)
        metadata = pod.metadata
        self.labels = metadata.at("labels") if metadata is not None else None
        self.annotations = metadata.at("annotations") if metadata is not None else None
        self.values: dict[str, Any] = {}
        """What the pod sets for all its containers, as its first one read it."""


class _ContainerReader:
    """Reads one container. `faults` are messages with their places."""

    def __init__(self, shared: _PodReader, member: PodContainer) -> None:
        self.shared, self.member = shared, member
        self.pod, self.value = shared.pod.spec, member.value
        self.values: dict[str, Any] = {}
        self.where: dict[At, Place] = {(): next(iter(member.value.entries.values()), member.value).place}
        self.unresolved: dict[str, str] = {}
        self.faults: list[tuple[str, Place]] = []
        self.inherited: set[str] = set()

    def subject(self, name: str) -> Subject:
        """Read all of it."""
        if (named := self.value.at("name")) is not None:
            self.where[()] = named.place
        self.shared.first = self.shared.first or name
        for row in FIELDS:
            own = self.own(row.name, self.member.keys(row.own)) if row.own else None
            value = own if own is not None else self.pod.at(*row.pod) if row.pod else None
            if value is not None:
                self.single(row.name, value, row.read)
        reads = {"pod_volumes": partial(parts.pod_volume, mounted=self.shared.mounted)}
        for listed in LISTS:
            read = reads.get(listed.name, listed.read)
            items = self.pod.at(*listed.keys) if listed.of_pod else self.own(listed.name, listed.keys)
            if items is not None and listed.of_pod:
                self.of_pod(listed.name, items, partial(self.several, listed.name, read=read))
            elif items is not None:
                self.several(listed.name, items, read, self.beneath(listed.keys))
        self.by_annotation()
        self.user()
        self.mounts()
        self.token()
        self.lifecycle()
        self.metadata()
        first = self.shared.first
        if name == first:
            self.shared.inherited = self.inherited
        shared = (self.inherited & self.shared.inherited) | (_OF_POD & {at[0] for at in self.where if at})
        return Subject(
            name,
            self.noun(),
            self.where,
            self.unresolved,
            _SILENT if self.complete else _PATCH,
            partial=self.complete,
            reported_by={} if name == first else dict.fromkeys(shared, first),
        )

    def own(self, name: str, keys: tuple[str, ...]) -> ManifestValue | None:
        """The value of a field that the container has itself or from its template."""
        if (inherited := self.member.inherited(*keys)) is not None:
            self.inherited.add(name)
            return inherited
        return self.value.at(*keys)

    @property
    def complete(self) -> bool:
        """Whether it is a container, and no patch of one."""
        return self.value.at("image") is not None or self.member.inherited("image") is not None

    def noun(self) -> Container:
        """The container; of a patch, only what it sets."""
        absent = dict.fromkeys(self.unresolved, UNKNOWN)
        if not self.complete:
            return Container(**absent | self.values)
        own = {"platform": "windows"} if self.shared.is_windows or self._has_windows_options() else {"seccomp": "none"}
        values = absent | own | {"root_refused": False} | self.values
        if self.member.group == "ephemeralContainers":
            values |= dict.fromkeys(_EPHEMERAL, UNKNOWN)
        return container(says=SAYS, **values)

    def _has_windows_options(self) -> bool:
        return self.value.at("securityContext", "windowsOptions") is not None

    def single(self, name: str, value: ManifestValue, read: Callable[[ManifestValue], AnyValue]) -> None:
        """Read a field; a wrong value is a fault, and leaves the field unknown."""
        self.where[name,] = value.place
        try:
            self.values[name] = read(value)
        except ValueError as error:
            self.fault(name, str(error), value)

    def fault(self, name: str, message: str, value: ManifestValue, parts_of_it: Sequence[ManifestValue] = ()) -> None:
        """Report a wrong value of a field, unless another program fills it in, or one of the parts that decide it."""
        parent, _, key = value.place.pointer.rpartition("/")
        index = read_number(key)
        key = key if index is None else f"item {index + 1} of {parent.rpartition('/')[2]}"
        if variable := next(filter(None, map(variable_of, parts_of_it or (value,))), ""):
            self.unresolved.setdefault(name, variable)
            return
        self.faults.append((f"{key} {message}", value.place))
        self.unresolved.setdefault(name, value.place.pointer)

    def beneath(self, keys: tuple[str, ...]) -> tuple[ManifestValue, ...]:
        """What a container's template adds to its own list: Tekton merges variables and mounts, each by its name."""
        own, template = self.value.at(*keys), self.member.template
        more = template.at(*keys) if template is not None else None
        name = _MERGED.get(keys[0])
        if own is None or more is None or name is None:
            return ()
        names = {item.word(name) for item in own.items}
        return tuple(item for item in more.items if item.word(name) not in names)

    def several(
        self,
        name: str,
        value: ManifestValue,
        read: Callable[[ManifestValue], AnyValue],
        more: tuple[ManifestValue, ...] = (),
    ) -> None:
        """Read the elements of a field, and more of them; a wrong one is a fault, and left out."""
        self.where[name,] = value.place
        if not value.is_list:
            self.fault(name, "must be a list", value)
            return
        elements: list[Any] = []
        for item in (*value.items, *more):
            try:
                element = read(item)
            except ValueError as error:
                self.fault(name, str(error), item)
                continue
            if element is not None:
                self.where[name, len(elements)] = item.place
                elements.append(element)
        self.values[name] = tuple(elements)

    def by_annotation(self) -> None:
        """The AppArmor profile that an annotation names, unless the container's own field does."""
        annotations = self.shared.annotations
        key = parts.PROFILE_ANNOTATION + self.value.word("name")
        annotation = annotations.at(key) if annotations is not None else None
        if annotation is not None and self.value.at("securityContext", "appArmorProfile") is None:
            self.single("apparmor", annotation, parts.annotated_profile)

    def user(self) -> None:
        """The user, which several keys decide."""
        own, pod = self.value.at("securityContext"), self.pod.at("securityContext")
        if pod is None and self.member.template is not None:
            pod = self.member.template.at("securityContext")
        try:
            name, decisive = parts.user(own, pod)
        except ValueError as error:
            numbers = [
                value for context in (own, pod) if context is not None for value in map(context.at, _USER) if value
            ]
            self.fault("user", f"has a wrong user: it {error}", own or pod or self.value, numbers)
            return
        if name is not UNSET:
            self.values["user"] = name
        if decisive is not None:
            self.where["user",] = decisive.place

    def mounts(self) -> None:
        """The mounts, each with its volume of the pod."""
        volumes = self.shared.volumes
        keys = ("volumeMounts",)
        if (value := self.own("mounts", keys)) is not None:
            read = lambda item: parts.mount(item, volumes.get(item.word("name")))  # noqa: E731  it is passed on
            self.several("mounts", value, read, self.beneath(keys))

    def token(self) -> None:
        """The token of the service account, which is mounted unless the pod or its account refuses."""
        if not self.complete or ("service_token",) in self.where:
            return
        if not self.shared.pod.is_whole:
            self.values["service_token"] = UNKNOWN
            return
        first = self.shared.pod.containers[0].value
        self.where["service_token",] = (first.at("name") or next(iter(first.entries.values()), first)).place
        self.values["service_token"] = self.shared.mounts_token

    def lifecycle(self) -> None:
        """The probes and hooks."""
        hosts: list[str] = []
        for handler in filter(None, (self.value.at(*path) for path in parts.HANDLERS)):
            try:
                host = parts.probe_host(handler)
            except ValueError as error:
                self.fault("probe_hosts", str(error), handler)
                continue
            if host is not None:
                self.where["probe_hosts", len(hosts)] = host.place
                hosts.append(text(host))
        if hosts:
            self.values["probe_hosts"] = tuple(hosts)
        probe = next((value for key in _PROBES if (value := self.value.at(key)) is not None), None)
        if probe is not None:
            self.single("health", probe, parts.health)
        elif self.member.group != "containers" or not self.shared.pod.serves:
            self.values["health"] = UNKNOWN
        hooks = []
        for key, moment in _MOMENTS.items():
            command = self.value.at("lifecycle", key, "exec", "command")
            if command is None:
                continue
            try:
                hooks.append(parts.hook(moment, command))
            except ValueError as error:
                self.fault("hooks", str(error), command)
                continue
            self.where["hooks", len(hooks) - 1] = command.place
        if hooks:
            self.values["hooks"] = tuple(hooks)

    def of_pod(self, name: str, value: ManifestValue, read: Callable[[ManifestValue], None]) -> None:
        """Read a field of the pod with its first container; the others get it whole, or not where once is enough."""
        if name not in self.shared.values:
            read(value)
            self.shared.values[name] = self.values.get(name, UNKNOWN)
        elif name not in _ONCE:
            self.where[name,] = value.place
            self.values[name] = self.shared.values[name]

    def metadata(self) -> None:
        """The labels and annotations of the pod, and the variables that come from elsewhere."""
        for name, value in (("labels", self.shared.labels), ("annotations", self.shared.annotations)):
            if value is not None:
                self.of_pod(name, value, partial(self.named, name))
        sources = self.value.at("envFrom")
        for item in sources.items if sources is not None else ():
            if (reference := item.at("configMapRef")) is not None:
                self.unresolved.setdefault("environment", f"the ConfigMap {reference.word('name')} in envFrom")
                self.values.setdefault("environment", UNSET)

    def named(self, name: str, value: ManifestValue) -> None:
        """Read labels or annotations."""
        elements: list[Label] = []
        for key, entry in value.entries.items():
            try:
                element = parts.label(key, entry)
            except ValueError as error:
                self.fault(name, str(error), entry)
                continue
            self.where[name, len(elements)] = entry.place
            elements.append(element)
        self.values[name] = tuple(elements)
