"""What on a real engine leans on content trust."""

from __future__ import annotations

import pytest

from sealock.trust.audit.places import audit_engine
from support.realengine import engine

pytestmark = pytest.mark.live


def test_containers_and_images_of_a_real_engine() -> None:
    with engine() as one:
        one.image("shell:1")
        assert audit_engine(f"unix://{one.socket}").found == ()
        for words in (
            ("tag", "shell:1", "example.com/tools/notary-server:2"),
            ("create", "--name", "builder", "--network", "none", "-e", "DOCKER_CONTENT_TRUST=1", "shell:1", "sh"),
            ("create", "--name", "signer", "--network", "none", "-e", "NOTARY_ROOT_PASSPHRASE=hunter22", "shell:1", "docker", "trust", "sign", "app:1"),
            ("create", "--name", "plain", "--network", "none", "shell:1", "sh"),
        ):  # fmt: skip
            done = one.docker(*words)
            assert done.returncode == 0, done.stderr
        audited = audit_engine(f"unix://{one.socket}")
    assert {(each.kind, each.where, each.what) for each in audited.found} == {
        ("variable", "container builder", "DOCKER_CONTENT_TRUST=1"),
        ("passphrase", "container signer", "NOTARY_ROOT_PASSPHRASE"),
        ("command", "container signer", "docker trust sign"),
        ("service", "an image of the engine", "example.com/tools/notary-server:2"),
    }
    assert (audited.errors, audited.looked) == ((), 3)
