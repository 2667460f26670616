"""How a run is done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from msgspec import Struct

from sealock.model.advisory import DistributionState
from sealock.model.finding import Severity


class Settings(Struct, frozen=True):
    """How a run is done; the policy decides what is None or empty here.

    `policy_file` None looks for sealock.toml upward from each target, "" uses none. `only` names the rules to run.
    `compose_files` are merged into one target. `environment` is what compose files may interpolate besides their .env.
    """

    fail_on: Severity | None = None
    fail_on_skipped: bool = False
    """Whether a file, or a part of one, that is recognised and not evaluated makes the exit status 2."""
    pedantic: bool = False
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    """Rules that do not run, beside those that the policy skips."""
    exclude: tuple[str, ...] = ()
    """Patterns of paths that a walk leaves out, relative to the directory that was named."""
    found: bool = False
    """Whether the targets are files that something else found, such as a hook: each is read as in a walk."""
    examples: bool = True
    """Whether a walk looks into documentation, examples and tests."""
    min_severity: Severity | None = None
    """The lowest severity that is reported; what makes the exit status 1 is reported in any case."""
    require_targets: bool = False
    """Whether a directory in which nothing can be checked is an error."""
    policy_file: str | None = None
    baseline: str = ""
    compose_files: tuple[str, ...] = ()
    environment: Mapping[str, str] = {}
    outside: bool = False
    render: bool = False
    """Whether kustomizations and Helm charts are rendered, by kustomize or kubectl and by helm."""
    today: date | None = None
    platform: str = ""
    """Which image of a multi-platform index, as "linux/amd64"; "" for this machine's own."""
    verify: bool = True
    """Whether the digests of images are checked."""
    cache: str = ""
    """The directory that caches what was found in layers, "" for none."""
    limits: Mapping[str, int] = {}
    """Bounds on reading an image that differ from the defaults: fields of `Bounds`."""
    vulnerabilities: bool = True
    """Whether packages are looked up in the advisory database."""
    offline: bool = False
    """Whether the database is used as it is, without an update."""
    in_use: bool = False
    """Whether vulnerabilities in packages that a container does not use are hidden."""
    profile: str = ""
    """The file of a profile that shows what the containers of an image use, "" for none."""
    only_fixed: bool = False
    """Whether vulnerabilities without a fixed version are hidden."""
    ignore_states: tuple[DistributionState, ...] = ()
    """Distribution states (will-not-fix, ...) whose vulnerabilities are hidden."""
    vex: tuple[str, ...] = ()
    """VEX documents whose statements suppress vulnerabilities, before those that the policy names."""
    since: str = ""
    """A branch or commit: only what is new since the merge base with it counts, in files of a Git repository."""
    attached_vex: bool = True
    """Whether VEX documents that are attached to an image at its registry are looked for."""
    engine: str = ""
    """The address or context of the engine, "" for the one that the Docker client would use."""
    containers: bool = False
    """Whether the target "host" includes its containers."""
    inline_ignores: bool = True
    """Whether `# sealock: ignore[…]` in comments of files suppresses findings."""
