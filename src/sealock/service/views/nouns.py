"""The nouns of the API and the pages. Times are seconds since 1970 (UTC), days "YYYY-MM-DD", severities words."""

from __future__ import annotations

from typing import Generic, Literal, TypeAlias, TypeVar

from msgspec import Struct

SeverityWord: TypeAlias = Literal["", "info", "low", "medium", "high", "critical"]
"""A severity; "" for what has none, such as a tag that moved."""
Row = TypeVar("Row")


class ListPage(Struct, Generic[Row], frozen=True):
    """A part of a list. `next` is the cursor of the part after it, "" at the end."""

    items: tuple[Row, ...]
    next: str = ""


class Counts(Struct, frozen=True):
    """How many open findings that nothing acknowledges; `exploited` and `fixable` are among the others."""

    critical: int = 0
    high: int = 0
    medium: int = 0
    low: int = 0
    exploited: int = 0
    fixable: int = 0


class RepositoryRow(Struct, frozen=True):
    """A repository: "registry/name". `gone` is since when the registry does not know it."""

    name: str
    counts: Counts
    first_seen: float
    watched: bool = False
    polled: float | None = None
    poll_error: str = ""
    gone: float | None = None
    successor: str = ""


class TagRow(Struct, frozen=True):
    """What a tag names, or named until a time. `first_seen` is by this service's own eyes, not the publisher's word.

    `image` is the digest of the image that was scanned for it, "" where none was yet; `signed` None: not evaluated.
    """

    repository: str
    name: str
    digest: str
    first_seen: float
    last_seen: float
    until: float | None = None
    image: str = ""
    signed: bool | None = None


class LayerRow(Struct, frozen=True):
    """A layer of an image with its instruction, its size in bytes as stored, and what is in it."""

    position: int
    diff_id: str
    instruction: str
    size: int
    packages: int = 0
    images: int = 0
    """How many images have it."""
    findings: int = 0


class PackageRow(Struct, frozen=True):
    """A package of an image."""

    name: str
    version: str
    type: str
    purl: str
    path: str = ""
    layer: int = -1
    """The position of its layer, -1 where unknown."""
    unchecked: str = ""
    """Why it was not matched with advisories, "" where it was."""


class FindingRow(Struct, frozen=True):
    """A finding in an image: a vulnerability or a rule, and what it is about. `use` as `check` grades it on hosts."""

    rule: str
    thing: str
    severity: SeverityWord
    title: str
    package: str = ""
    version: str = ""
    fixed: str = ""
    exploited: bool = False
    layer: int = -1
    """The position of the package's layer, -1 where unknown."""
    use: str = ""
    remedy: str = ""
    message: str = ""
    acknowledged: str = ""
    """The reason why it does not count, "" where it does."""


class ImageSummary(Struct, frozen=True):
    """An image and where it is."""

    digest: str
    platform: str
    distribution: str
    created: str
    size: int
    first_seen: float
    scanned: float
    tags: tuple[str, ...] = ()
    """Its current references in this scope: "registry/name:tag"."""
    repositories: tuple[str, ...] = ()
    counts: Counts = Counts()
    running: int = 0
    """How many containers run it, as far as hosts report."""
    errors: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    signed: bool | None = None
    unmatched: tuple[str, ...] = ()
    """How many packages could not be matched with advisories though they should be, and why: `check` ends with 2."""


class BaseImage(Struct, frozen=True):
    """An image that this service has read, as a base. `gone` flaws would go with it, `new` ones come."""

    digest: str
    name: str
    """"registry/name:tag"."""
    size: int
    first_seen: float
    flaws: int = 0
    gone: int = 0
    new: int = 0


class BaseView(Struct, frozen=True):
    """What an image was built on, and which newer or smaller base there is, as far as this service knows.

    `layers` counts the lowest layers, which are the base's, 0 where unknown; `evidence` says by what the base is known.
    `image` is the base among the images that were read, `newer` what its tag names now, `smaller` are other tags of
    its repository. `release` is the newest release of the distribution, where the image has an older one.
    """

    name: str = ""
    layers: int = 0
    evidence: tuple[str, ...] = ()
    image: BaseImage | None = None
    newer: BaseImage | None = None
    smaller: tuple[BaseImage, ...] = ()
    release: str = ""
    unknown: tuple[str, ...] = ()
    """What this service cannot know, each with how to find out."""


class AffectedImage(Struct, frozen=True):
    """An image that has a flaw, in which package, and how many containers run it with the package loaded."""

    digest: str
    repository: str
    tags: tuple[str, ...]
    package: str
    version: str
    fixed: str
    severity: SeverityWord
    loaded: int = 0


class AffectedContainer(Struct, frozen=True):
    """A container that has a flaw, and whether it has the package loaded."""

    host: str
    container: str
    reference: str
    thing: str
    severity: SeverityWord
    use: str
    last_seen: float


class HostFinding(Struct, frozen=True):
    """A finding that a host reported: what it is about, and in which container, "" for the host itself."""

    rule: str
    thing: str
    severity: SeverityWord
    use: str
    container: str


class AdvisoryView(Struct, frozen=True):
    """A flaw: what is known of it, how many images have it, and the containers that do, loaded ones first."""

    id: str
    title: str
    severity: SeverityWord
    exploited: bool
    images: int
    containers: tuple[AffectedContainer, ...] = ()
    fixed: tuple[tuple[str, str], ...] = ()
    """Package and version that fixes it."""
    aliases: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    first_seen: float | None = None
    summary: str = ""


class HostRow(Struct, frozen=True):
    """A host that reported, how many containers it runs, and how many distinct loaded flaws are high or critical."""

    name: str
    first_seen: float
    last_seen: float
    version: str
    engine: str
    containers: int = 0
    loaded: int = 0
    unevaluated: tuple[str, ...] = ()
    """What its last report could not say of the host itself, in sentences."""


class ContainerRow(Struct, frozen=True):
    """A container on a host; the numbers are of its findings from high up: all, and those in loaded packages."""

    host: str
    name: str
    reference: str
    digest: str
    first_seen: float
    last_seen: float
    grave: int = 0
    loaded: int = 0
    graded: bool = False
    """Whether any of its packages was graded as loaded or not."""
    unevaluated: tuple[str, ...] = ()
    """What its host's last report could not say of it, in sentences."""


class EventRow(Struct, frozen=True):
    """Something that changed. `id` is the same however often it is delivered."""

    id: str
    kind: str
    at: float
    repository: str = ""
    rule: str = ""
    thing: str = ""
    severity: SeverityWord = ""
    detail: str = ""


class AcknowledgementRow(Struct, frozen=True):
    """Findings that do not count, and why. `repository` "" means all, `thing` "" all that the rule is about."""

    id: int
    rule: str
    thing: str
    repository: str
    reason: str
    justification: str = ""
    until: str = ""
    made_by: str = ""
    made: float = 0.0


class FeedRow(Struct, frozen=True):
    """A source of advisories: when it was last fetched and asked, the date of its newest record, and its error."""

    name: str
    title: str
    date: str
    fetched: float | None
    checked: float | None
    error: str


class ScanRow(Struct, frozen=True):
    """A scan that waits or failed, or whose registry does not know the image ("gone")."""

    repository: str
    tag: str
    digest: str
    state: str
    reason: str
    tries: int
    requested: float


class SilenceView(Struct, frozen=True):
    """Why nothing new may be heard: feeds, polls, scans, hosts and messages that are late or failed."""

    feeds: tuple[FeedRow, ...]
    scans: tuple[ScanRow, ...]
    waiting: int
    failed: int
    polls: tuple[RepositoryRow, ...]
    hosts: tuple[HostRow, ...]
    dead: int
    stopped: tuple[tuple[str, str, str], ...]
    """Jobs that were given up: kind, about what, and why."""
    last_event: float | None
    last_scan: float | None
    gone: tuple[RepositoryRow, ...] = ()
    """Repositories that were deleted, the latest first: nothing new can come of them."""
    sentences: tuple[str, ...] = ()
    """What is wrong, each with what to do; none where all is well."""


class AttentionRow(Struct, frozen=True):
    """A flaw that needs somebody today, why, and how far it reaches."""

    rule: str
    severity: SeverityWord
    why: tuple[str, ...]
    repositories: int
    loaded: int
    thing: str = ""
    fixed: str = ""
    at: float = 0.0
    exploited: bool = False


class Overview(Struct, frozen=True):
    """Everything at a glance. `trend` is per day: the day, and open critical and high findings at its end."""

    repositories: int
    images: int
    hosts: int
    containers: int
    counts: Counts
    attention: tuple[AttentionRow, ...]
    trend: tuple[tuple[str, int, int], ...]
    events: tuple[EventRow, ...]
    waiting: int = 0
    made: float = 0.0
