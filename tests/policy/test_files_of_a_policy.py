"""The files that a policy names lie below its own directory: a checkout's policy opens nothing else of the user's."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealock.errors import PolicyError
from sealock.scan.run import check
from sealock.targets.policyfile import load_policy

IMAGE = "[[trust.image]]\nmatch = ['docker.io/library/*']\n"
SETTINGS = {
    "a VEX document": "[vulnerabilities]\nvex = ['{path}']",
    "a key": IMAGE + "cosign = {keys = ['{path}']}",
    "a trusted root": IMAGE + "cosign = {identities = [{name = 'a', issuer = 'b'}], trusted-root = '{path}'}",
    "a key of a statement": IMAGE + "attestation = [{type = 'vuln', keys = ['{path}']}]",
    "an authority": IMAGE + "notary = {authority = '{path}'}",
    "a trust policy": IMAGE + "notation = {policy = '{path}', store = 's'}",
    "a trust store": IMAGE + "notation = {policy = 'p', store = '{path}'}",
}


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize(
    ("path", "below"),
    [
        ("/etc/shadow", False),
        ("/proc/self/environ", False),
        ("../own", False),
        ("sub/../../own", False),
        ("out", False),
        ("dir/own", False),
        ("sub/file", True),
        ("gone", True),
        ("./sub/../sub/file", True),
        ("within", True),
    ],
)
def test_a_policy_names_only_files_below_it(tmp_path: Path, setting: str, path: str, below: bool) -> None:  # noqa: FBT001  a table's column
    project = tmp_path / "project"
    (project / "sub").mkdir(parents=True)
    (tmp_path / "own").write_text("mine", encoding="utf-8")
    for link, to in (("out", "../own"), ("dir", ".."), ("within", "sub/file")):
        (project / link).symlink_to(to)
    policy = project / "sealock.toml"
    policy.write_text(setting.replace("{path}", path), encoding="utf-8")
    (project / "Dockerfile").write_text("FROM debian:12\n", encoding="utf-8")
    if below:
        assert load_policy(str(policy)).files[-1].endswith(path) or "store" in setting
        return
    with pytest.raises(PolicyError, match=r"sealock\.toml: .* is not below this directory"):
        load_policy(str(policy))
    with pytest.raises(PolicyError):
        check(str(project))
    assert load_policy(str(policy), named=True).files
