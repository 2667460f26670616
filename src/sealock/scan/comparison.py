"""Compares two images that were read and evaluated. It opens nothing: values in, the differences out.

Packages are compared by type and name, findings by their identity (`model/identity.py`), files by kind and path. What
only one of the two can say is not compared, and named: an SBOM has neither files nor a configuration, and that must not
read as "removed". Everything is looked up in tables, so the time grows linearly with what the images hold.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from msgspec import Struct

from sealock.model.absent import UNKNOWN, Absent
from sealock.model.container import FIELDS, Health
from sealock.model.finding import Finding, InputError, Severity, Skipped
from sealock.model.identity import FindingIdentity, identify
from sealock.model.imagediff import (
    ComparedImage,
    FileChanges,
    FindingChanges,
    ImageDiff,
    PackageChange,
    PathChange,
    ValueChange,
)
from sealock.model.inventory import FileFact, Inventory, PackageType
from sealock.reports.sbom.items import full_name
from sealock.secrets.values import find_secret, mask, redact
from sealock.text import format_size

RISKY: Final = frozenset({
    "setuid", "setgid", "capability", "world-writable", "world-writable-directory", "secret", "credential-file",
})  # fmt: skip
"""The kinds of files that are compared one by one; rules report on the others."""
_IN_LAYERS: Final = frozenset({"secret", "credential-file"})
"""Kinds that count in removed files too: whoever pulls the image can read them."""


class ReadImage(Struct, frozen=True):
    """One of the two. `findings` include suppressed ones; `settings` are the names of its configuration's subjects."""

    target: str
    inventory: Inventory
    findings: tuple[Finding, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    errors: tuple[InputError, ...] = ()
    settings: frozenset[str] = frozenset()
    changes: tuple[PathChange, ...] = ()
    """What a container changed in the file system of its image."""
    signatures: str = ""
    """Who signed it, in a line; "" for what is not at a registry."""

    @property
    def has_files(self) -> bool:
        """Whether its source can describe files."""
        return "files" not in self.inventory.unseen

    @property
    def has_layers(self) -> bool:
        """Whether its source can describe layers."""
        return "layers" not in self.inventory.unseen

    @property
    def has_sizes(self) -> bool:
        """Whether its source says how large the files in the layers are."""
        return bool(self.inventory.sizes)

    @property
    def has_settings(self) -> bool:
        """Whether its source has a configuration."""
        return any(getattr(self.inventory.container, field) is not UNKNOWN for field in FIELDS)


_PARTS: Final[tuple[tuple[str, Callable[[ReadImage], bool]], ...]] = (
    ("the configuration", lambda image: image.has_settings),
    ("risky files", lambda image: image.has_files),
    ("layers", lambda image: image.has_layers),
    ("the size", lambda image: image.has_sizes),
)


def compare(
    old: ReadImage, new: ReadImage, *, fail_on: Severity | None = None, notes: tuple[str, ...] = ()
) -> ImageDiff:
    """Compare two images."""
    settings, unread = _settings(old, new)
    findings, vulnerabilities, unevaluated = _findings(old, new)
    return ImageDiff(
        old=_compared(old),
        new=_compared(new),
        properties=tuple(_properties(old, new)),
        packages=tuple(_packages(old.inventory, new.inventory)),
        vulnerabilities=vulnerabilities,
        findings=findings,
        files=_files(old, new) if old.has_files and new.has_files else FileChanges(),
        settings=settings,
        drift=tuple((image.target, change) for image in (old, new) for change in image.changes),
        uncompared=tuple(dict.fromkeys((*_missing_parts(old, new), *unread, *unevaluated, *_unlisted(old, new)))),
        errors=tuple(dict.fromkeys((*old.errors, *new.errors))),
        skipped=tuple(
            (image.target, skipped)
            for image in (old, new)
            for skipped in image.skipped
            if skipped.rule and not skipped.by_kind
        ),
        notes=(*notes, *_missing_from_both(old, new)),
        fail_on=fail_on,
    )


def _compared(image: ReadImage) -> ComparedImage:
    inventory = image.inventory
    return ComparedImage(
        image.target,
        inventory.names,
        inventory.manifest,
        inventory.id,
        sum(not package.removed for package in inventory.packages),
        len(inventory.layers) if image.has_layers else None,
        _size(inventory) if image.has_sizes else None,
    )


def _size(inventory: Inventory) -> int:
    return sum(size for _, _, size in inventory.sizes)


def _missing_parts(old: ReadImage, new: ReadImage) -> Iterator[str]:
    """What only one of the two can say."""
    for part, has in _PARTS:
        if has(old) != has(new):
            silent = new if has(old) else old
            yield f"could not compare {part}: {silent.target} does not describe this"


def _missing_from_both(old: ReadImage, new: ReadImage) -> Iterator[str]:
    parts = [part for part, has in _PARTS if not (has(old) or has(new))]
    if parts:
        yield f"neither describes {', '.join(parts)}, so this is not compared"
    if bool(old.signatures) != bool(new.signatures):
        silent = new if old.signatures else old
        yield f"signatures are not compared, since {silent.target} is not at a registry"
    if not (old.inventory.platform and new.inventory.platform):
        silent = new if old.inventory.platform else old
        yield f"the platforms are not compared, since {silent.target} names none"


def _unlisted(old: ReadImage, new: ReadImage) -> Iterator[str]:
    """Parts that were recognised and not read: packages that no analyzer lists."""
    for image in (old, new):
        for skipped in image.skipped:
            if not skipped.rule:
                yield f"could not compare {skipped.subject} in {image.target}: {skipped.reason}"


def _properties(old: ReadImage, new: ReadImage) -> Iterator[ValueChange]:
    before, after = old.inventory, new.inventory
    if before.platform and after.platform:
        yield from _changed("platform", "", before.platform, after.platform)
    yield from _changed("base", "", _base(before), _base(after))
    if old.signatures and new.signatures:
        yield from _changed("signatures", "", old.signatures, new.signatures)
    if old.has_layers and new.has_layers:
        yield from _changed("layers", "", str(len(before.layers)), str(len(after.layers)))
    if old.has_sizes and new.has_sizes and _size(before) != _size(after):
        yield ValueChange("size", "", format_size(_size(before)), format_size(_size(after)))


def _base(inventory: Inventory) -> str | None:
    """Distribution and version; SBOMs have the id only, so the name for people is not compared."""
    system = inventory.distribution
    return f"{system.id} {system.version or system.codename}".strip() if system else None


def _changed(field: str, name: str, old: str | None, new: str | None) -> Iterator[ValueChange]:
    if old != new:
        yield ValueChange(field, name, old, new)


def _packages(old: Inventory, new: Inventory) -> Iterator[PackageChange]:
    before, after = _versions(old), _versions(new)
    for key in sorted(before.keys() | after.keys()):
        (kind, _), (name, versions) = key, after.get(key) or before[key]
        left = sorted(before[key][1]) if key in before else []
        right = sorted(versions) if key in after else []
        if left != right:
            yield PackageChange(kind, name, tuple(left), tuple(right))


def _versions(inventory: Inventory) -> dict[tuple[PackageType, str], tuple[str, set[str]]]:
    """The name and the versions of each package, by its type and its name in lower case, as package URLs write it.

    A second copy of a version at another path is no other package, and neither is that for another architecture.
    """
    table: dict[tuple[PackageType, str], tuple[str, set[str]]] = {}
    for package in inventory.packages:
        if not package.removed:
            name = full_name(package)
            plain = name.lower().replace("_", "-") if package.type == "pypi" else name.lower()
            table.setdefault((package.type, plain), (name, set()))[1].add(package.version)
    return table


def _findings(old: ReadImage, new: ReadImage) -> tuple[FindingChanges, FindingChanges, list[str]]:
    """The changes of findings and of vulnerabilities, and the rules that could be evaluated on one of the two only."""
    silent: dict[tuple[str, bool], tuple[ReadImage, Skipped]] = {}
    for image in (old, new):
        for skipped in image.skipped:
            key = skipped.rule, skipped.subject in image.settings
            # Where the source cannot say what the rule reads, the part that it lacks is named already.
            if key not in silent or not skipped.by_kind:
                silent[key] = image, skipped
    both = old.has_settings and new.has_settings
    sides: list[list[Finding]] = []
    unevaluated: list[str] = []
    for image in (old, new):
        sides.append([])
        for finding in image.findings:
            setting = finding.subject in image.settings
            if (silenced := silent.get((finding.rule, setting))) is not None:
                where, skipped = silenced
                if finding.suppressed is None and not skipped.by_kind:
                    unevaluated.append(f"could not compare {finding.rule}, which was skipped on {where.target}: "
                                       f"{skipped.reason}")  # fmt: skip
            elif both or not setting:
                sides[-1].append(finding)
    vulnerable, other = (
        _changes(*([finding for finding in side if (finding.vulnerability is not None) is wanted] for side in sides))
        for wanted in (True, False)
    )
    return other, vulnerable, unevaluated


def _changes(old: Iterable[Finding], new: Iterable[Finding]) -> FindingChanges:
    """Compare by identity. A finding that is suppressed on one side only is neither new nor gone."""
    before, after = _by_identity(old), _by_identity(new)
    fresh = [finding for key, finding in after.items() if key not in before and finding.suppressed is None]
    gone = [finding for key, finding in before.items() if key not in after and finding.suppressed is None]
    left = [finding for key, finding in after.items() if key in before and finding.suppressed is None]
    return FindingChanges(*(tuple(sorted(findings, key=_worst_first)) for findings in (fresh, gone, left)))


def _by_identity(findings: Iterable[Finding]) -> dict[FindingIdentity, Finding]:
    """The gravest finding of each identity, one that counts before one that is suppressed."""
    table: dict[FindingIdentity, Finding] = {}
    for finding in findings:
        if finding.vulnerability is not None and finding.vulnerability.package.removed:
            continue  # no container sees the package
        key = identify(finding)
        if key not in table or _rank(finding) > _rank(table[key]):
            table[key] = finding
    return table


def _rank(finding: Finding) -> tuple[bool, Severity]:
    return finding.suppressed is None, finding.severity


def _worst_first(finding: Finding) -> tuple[int, FindingIdentity]:
    return -finding.severity, identify(finding)


def _files(old: ReadImage, new: ReadImage) -> FileChanges:
    before, after = _risky(old.inventory), _risky(new.inventory)
    return FileChanges(
        tuple(after[key] for key in sorted(after.keys() - before.keys())),
        tuple(before[key] for key in sorted(before.keys() - after.keys())),
    )


def _risky(inventory: Inventory) -> dict[tuple[str, str, str, str], FileFact]:
    return {
        (fact.kind, fact.path, fact.detail, fact.mark): fact
        for fact in inventory.files
        if fact.kind in RISKY and (not fact.removed or fact.kind in _IN_LAYERS)
    }


def _settings(old: ReadImage, new: ReadImage) -> tuple[tuple[ValueChange, ...], list[str]]:
    """The changes of the configuration, and the fields that only one of the two has readable."""
    if not (old.has_settings and new.has_settings):
        return (), []
    changes: list[ValueChange] = []
    unread: list[str] = []
    for field, read in _FIELDS.items():
        values = [getattr(image.inventory.container, field) for image in (old, new)]
        for image, value in zip((old, new), values, strict=True):
            if value is UNKNOWN:
                unread.append(f"could not compare {_WORDS.get(field, field)} of the configuration: "
                              f"that of {image.target} could not be read")  # fmt: skip
        if UNKNOWN not in values:
            before, after = ({} if isinstance(value, Absent) else read(value) for value in values)
            changes += _compare_values(_WORDS.get(field, field), before, after)
    return tuple(changes), unread


def _compare_values(field: str, old: dict[str, str], new: dict[str, str]) -> Iterator[ValueChange]:
    """Compare values by name, and mask secrets afterwards: masked ones may be equal."""
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            before, after = (_masked(name, values.get(name)) for values in (old, new))
            yield ValueChange(field, mask(name), before, after)


def _masked(name: str, value: str | None) -> str | None:
    if value is None:
        return None
    secret = find_secret(name, value) if name else None
    return redact(value) if secret is not None else mask(value)


def _text(value: str) -> dict[str, str]:
    return {"": value} if value else {}


def _words(value: tuple[str, ...]) -> dict[str, str]:
    """Words in the exec form of a Dockerfile."""
    return {"": json.dumps(value, ensure_ascii=False)} if value else {}


def _health(value: Health) -> dict[str, str]:
    if value.disabled:
        return {"": "NONE"}
    fields = ("interval", "timeout", "start_period", "start_interval", "retries")
    times = [f"{field}={getattr(value, field):g}" for field in fields if getattr(value, field) is not None]
    return {"": " ".join((json.dumps(value.test, ensure_ascii=False), *times))}


_FIELDS: Final[dict[str, Callable[..., dict[str, str]]]] = {
    "user": _text,
    "entrypoint": _words,
    "command": _words,
    "working_dir": _text,
    "environment": lambda variables: {variable.name: variable.value or "" for variable in variables},
    "expose": lambda ports: dict.fromkeys(ports, ""),
    "mounts": lambda mounts: {mount.target: "" for mount in mounts},
    "labels": lambda labels: {label.name: label.value for label in labels},
    "stop_signal": _text,
    "health": _health,
}
"""The fields of a configuration, and how each is read as values by name."""
_WORDS: Final = {"working_dir": "working directory", "expose": "port", "mounts": "volume", "labels": "label",
                 "stop_signal": "stop signal", "health": "health check"}  # fmt: skip
