"""A baseline is a file that --write-baseline wrote or a JSON report; another file is an error that says so."""

from __future__ import annotations

import pytest

from sealock.errors import PolicyError
from sealock.policy.baseline import read_baseline

READ = {
    "fingerprints": ('{"fingerprints": ["a", "b"]}', {"a", "b"}),
    "identities beside them": ('{"fingerprints": ["a"], "identities": ["i"]}', {"a", "i"}),
    "a report": ('{"targets": [{"findings": [{"fingerprint": "a"}]}, {"findings": []}]}', {"a"}),
    "a finding that several files have": (
        '{"targets": [{"findings": [{"fingerprint": "a", "repetitions": [{"fingerprint": "b"}]}]}]}',
        {"a", "b"},
    ),
}
REFUSED = {
    "no JSON": "a",
    "a list": "[]",
    "a list of objects": '[{"fingerprints": []}]',
    "a number": "5",
    "an object of something else": "{}",
    "fingerprints that are none": '{"fingerprints": 5}',
    "targets that are none": '{"targets": 5}',
    "a target without findings": '{"targets": [{}]}',
    "a finding without its fingerprint": '{"targets": [{"findings": [{}]}]}',
    "a finding that is a text": '{"targets": [{"findings": ["a"]}]}',
    "lists in lists": "[" * 100_000,
}  # fmt: skip


@pytest.mark.parametrize(("text", "keys"), READ.values(), ids=READ)
def test_a_baseline_has_these_keys(text: str, keys: set[str]) -> None:
    assert read_baseline("b.json", text) == keys


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_another_file_is_an_error_that_says_what_a_baseline_is(text: str) -> None:
    with pytest.raises(
        PolicyError, match=r"^b\.json is not a baseline: it should be a file that --write-baseline wrote"
    ):
        read_baseline("b.json", text)
