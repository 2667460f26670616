"""What the policy says of registries, for commands that connect to them."""

from __future__ import annotations

from sealock.model.registries import Registries
from sealock.policy.settings import Policy
from sealock.targets.policyfile import directory_of, find_policy, load_policy


def registries(policy: str | None, *, none: bool = False, directory: str = ".") -> Registries:
    """The table [registry] of a policy: the named file, else sealock.toml in a directory or the nearest above it.

    PolicyError where it is not valid, or a named one does not exist. `none` ignores every policy.
    """
    applied = policy_of(policy, none=none, directory=directory)
    return applied[1].access if applied is not None else Registries()


def policy_of(policy: str | None, *, none: bool = False, directory: str = ".") -> tuple[str, Policy] | None:
    """The policy that applies, and the directory that it lies in; None where there is none. PolicyError as above."""
    path = policy or ("" if none else find_policy(directory))
    return (directory_of(path), load_policy(path, named=bool(policy))) if path else None
