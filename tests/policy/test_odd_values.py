"""A setting of another type is an error of the policy, whatever the setting and the type."""

from __future__ import annotations

import pytest

from sealock.errors import PolicyError
from sealock.model.location import Source
from sealock.policy.settings import read
from support.oddvalues import toml, with_odd_values

SIGNED = {
    "match": ["docker.io/a/*"], "digest": True, "require": "any",
    "cosign": {"keys": ["a"], "identities": [{"name": "a", "issuer": "b"}], "trusted-root": "x"},
    "notary": {"pins": ["a" * 64], "authority": "a", "first-use": True, "server": "https://a"},
    "notation": {"policy": "a", "store": "b"}, "attestation": [{"type": "vuln", "keys": ["a"]}],
}  # fmt: skip
POLICY = {
    "fail-on": "high", "pedantic": False, "enable": ["B101"], "exclude": ["a"], "registries": ["a"], "policies": ["a"],
    "severity": {"C001": "low"}, "vulnerabilities": {"vex": ["a"]},
    "registry": {"insecure": ["a"], "mirrors": {"a": ["b"]}, "token-hosts": {"a": ["b"]}},
    "trust": {"default": "accept", "image": [SIGNED, {"match": ["docker.io/b/*"], "refuse": "x"}]},
    "ignore": [{"rule": ["CVE-2024-3094"], "files": ["a"], "subject": "s", "reason": "r", "until": "2027-01-01",
                "package": "x", "justification": "component_not_present"}],
}  # fmt: skip


def test_the_policy_itself_is_valid() -> None:
    assert (
        read(Source("sealock.toml", "\n".join(f"{key} = {toml(value)}" for key, value in POLICY.items())), "").name
        == "sealock.toml"
    )


@pytest.mark.parametrize("key", POLICY)
def test_a_setting_of_another_type_is_an_error_or_valid(key: str) -> None:
    refused = 0
    for changed in with_odd_values({key: POLICY[key]}):
        try:
            read(Source("sealock.toml", f"{key} = {toml(changed[key])}"), "")
        except PolicyError:
            refused += 1
    assert refused
