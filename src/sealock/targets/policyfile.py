"""The one place that looks policies up: sealock.toml at or above a target, and those below it."""

from __future__ import annotations

import os

from msgspec import Struct

from sealock.errors import PolicyError
from sealock.formats.files import FileRefusedError
from sealock.model.finding import InputError
from sealock.model.location import Location, Source
from sealock.policy.settings import Policy, excluded, read
from sealock.targets.files import read_text
from sealock.targets.projects import POLICY_FILE, is_there, is_within, project_of


def find_policy(directory: str = ".") -> str:
    """The path of the policy file that applies in a directory, "" for none."""
    root = PolicyTree().root(directory)
    path = os.path.join(root, POLICY_FILE)
    return path if root and is_there(path) else ""


def load_policy(path: str, *, named: bool = False) -> Policy:
    """Read a policy file; PolicyError where that fails.

    One that was looked up, and not `named` by the user, names only files that lie beside or below it.
    """
    directory = directory_of(path)
    policy = read(Source(path, read_policy_text(path)), directory)
    for file in () if named else policy.files:
        if not is_within(file, directory):
            msg = f"{path}: {file} is not below this directory: only a policy that --policy names may name other files"
            raise PolicyError(msg)
    return policy


def directory_of(path: str) -> str:
    """The directory that a policy lies in, as its path spells it."""
    return os.path.dirname(path) or "."


def read_policy_text(path: str) -> str:
    """The text of a policy file or a baseline; PolicyError where it cannot be read."""
    try:
        return read_text(path)
    except FileRefusedError as refusal:
        raise PolicyError(str(refusal)) from None


class Scope(Struct, frozen=True):
    """What applies in a directory: the root that names of files are relative to, and the policy."""

    root: str
    policy: Policy


class PolicyTree:
    """The policies of a run, by directory.

    The policy of a project is the outermost sealock.toml of its repository; outside of a repository, the nearest one at
    or above the target. A sealock.toml further below is other people's text where it came with a dependency: it only
    makes stricter, unless the one above lists its directory under `policies`.

    `named` is a policy file for all targets ("" for no policy): then none is looked up.
    """

    def __init__(self, named: str | None = None) -> None:
        self._named = named
        self._projects: dict[str, str] = {}
        self._scopes: dict[tuple[str, str], Scope] = {}
        self.notes: list[str] = []
        """Which policies apply only in part."""
        self.errors: dict[str, InputError] = {}
        """The policies below a project's own that could not be read, by path."""

    def root(self, named: str, below: str = "") -> str:
        """The root of a directory that was named, or of one below: its policy's, else its repository's, else ""."""
        if named not in self._projects:
            self._projects[named] = project_of(named)
        base = self._projects[named]
        return self.scope(base, below or named).root if base else ""

    def scope(self, base: str, directory: str) -> Scope:
        """What applies in a directory at or below the root of a project; "" is the root of what has no directory."""
        if not base:
            return Scope("", load_policy(self._named, named=True) if self._named else Policy())
        base, directory = os.path.abspath(base), os.path.abspath(directory)
        entered = [directory]
        while (base, entered[-1]) not in self._scopes and entered[-1] != base:
            above = os.path.dirname(entered[-1])
            # Nothing is above the root of the file system: the directory lies elsewhere.
            entered = [base] if above == entered[-1] else [*entered, above]
        for path in reversed(entered):
            if (base, path) not in self._scopes:
                self._scopes[base, path] = self._enter(base, path)
        return self._scopes[base, entered[0]]

    def _enter(self, base: str, directory: str) -> Scope:
        path = os.path.join(directory, POLICY_FILE)
        if directory == base:
            return Scope(base, self._of_project(path))
        outer = self._scopes[base, os.path.dirname(directory)]
        if self._named is not None or not is_there(path):
            return outer
        try:
            inner = load_policy(path)
        except PolicyError as error:
            self.errors[path] = InputError(str(error), Location(path))
            return outer
        if outer.policy.lists(os.path.relpath(directory, outer.root).replace(os.sep, "/")):
            return Scope(directory, inner)
        if inner.loosens(outer.policy):
            holder = os.path.join(outer.root, POLICY_FILE)
            self.notes.append(
                f"{path} only makes checks stricter, and the rest of it does not apply: {holder} "
                "does not list its directory under policies."
            )
        return Scope(outer.root, outer.policy.tightened(inner))

    def _of_project(self, path: str) -> Policy:
        if self._named is not None:
            return load_policy(self._named, named=True) if self._named else Policy()
        return load_policy(path) if is_there(path) else Policy()

    def excluded(self, root: str, path: str) -> bool:
        """Whether a policy excludes a path from a walk below a root."""
        scope = self.scope(root, os.path.dirname(path))
        return excluded(scope.policy, os.path.relpath(path, scope.root).replace(os.sep, "/"))
