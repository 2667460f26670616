"""Which names are those of files with credentials."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.rules.build._credentials import _PATTERNS, credential_file


@pytest.mark.parametrize(
    ("path", "contents"),
    [
        ("deploy/.env.production", "settings and secrets"),
        ("prod.env", "settings with their secrets"),
        ("keys/ID_RSA_deploy", "an SSH private key"),
        ("deploy_ed25519", "an SSH private key"),
        ("tls/api.KEY", "a private key"),
        ("store.jks", "a key store"),
        ("team.kdbx", "a key store"),
        ("tls-private.pem", "a private key"),
        ("api.pem", "a private key or a certificate"),
        ("aws-credentials.json", "credentials"),
        ("client_secret.json", "secrets"),
        ("gcp-service-account-prod.json", "a service account's key"),
        ("live.tfvars", "Terraform's variables"),
        ("kubeconfig.yaml", "cluster credentials"),
        ("id_rsa.pub", None),
        ("ca.pem", None),
        ("ffdhe4096.pem", None),
        ("dh2048.pem", None),
        ("width2048.pem", "a private key or a certificate"),
        (".env.example", None),
        ("settings.json", None),
        ("keyboard.pemx", None),
        ("README", None),
    ],
)
def test_a_name(path: str, contents: str | None) -> None:
    found = credential_file(path)
    assert (found and found[0]) == contents


@pytest.mark.untraced
@pytest.mark.parametrize(("texts", "pattern"), [(texts, pattern) for texts, pattern, _, _ in _PATTERNS])
@given(data=st.data())
def test_a_name_that_a_pattern_matches_has_one_of_its_texts(
    texts: tuple[str, ...], pattern: str, data: st.DataObject
) -> None:
    name = data.draw(st.from_regex(re.compile(pattern, re.IGNORECASE | re.ASCII), fullmatch=True))
    assert any(text in name.lower() for text in texts)
