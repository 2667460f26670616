from __future__ import annotations

import pytest

from sealock.image.entry import EntryKind
from sealock.inventory import leftovers


@pytest.mark.parametrize(
    "path",
    [
        "app/.npmrc",
        "root/.pypirc",
        "root/.netrc",
        "root/.docker/config.json",
        "root/.aws/credentials",
        "root/.kube/config",
        "root/.ssh/id_ed25519",
        "id_rsa",
        "app/.env",
        "app/.env.production",
        "home/me/server.key",
        "app/tls/private.pem",
        "srv/store.p12",
        "etc/ssh/ssh_host_rsa_key",
        "app/ca.key",
        "app/server-cert.key",
        "app/root.p12",
        "app/ca-bundle.jks",
        "app/.env.local",
        "app/cab.pem",
        "root/.git-credentials",
        "root/.config/gcloud/credentials.db",
        "usr/src/app/terraform.tfstate",
    ],
)
def test_files_that_hold_credentials_are_told_by_their_path(path: str) -> None:
    for kind in ("file", "hard link"):
        fact = leftovers.fact(path, kind)
        assert fact is not None
        assert (fact.kind, fact.path) == ("credential-file", path)
        assert fact.detail


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("app/.git", "directory"),
        ("app/.git", "file"),
        ("usr/local/lib/node_modules/x/.git", "directory"),
        ("srv/.svn", "directory"),
        ("srv/.hg", "directory"),
        ("root/.cache", "directory"),
        ("root/.aws", "directory"),
        ("app/Dockerfile", "file"),
        ("Dockerfile.dev", "file"),
        ("app/docker-compose.yml", "file"),
        ("app/docker-compose.override.yaml", "file"),
        ("app/compose.yaml", "file"),
        ("root/.bash_history", "file"),
        ("app/.main.c.swp", "file"),
        ("usr/share/nginx/html/Dockerfile", "file"),
    ],
)
def test_what_development_left_behind_is_told(path: str, kind: EntryKind) -> None:
    fact = leftovers.fact(path, kind)
    assert fact is not None
    assert (fact.kind, fact.path) == ("leftover", path)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("", "directory"),
        ("app", "directory"),
        ("app/main.py", "file"),
        ("app/.git/config", "file"),
        ("app/.env", "symbolic link"),
        ("app/.env", "whiteout"),
        ("app/.npmrc", "directory"),
        ("app/.env.example", "file"),
        ("app/config.json", "file"),
        ("app/credentials", "file"),
        ("root/.ssh/id_ed25519.pub", "file"),
        ("root/.ssh/known_hosts", "file"),
        ("etc/ssl/certs/thing.pem", "file"),
        ("app/ca.pem", "file"),
        ("app/ca-corp.pem", "file"),
        ("app/ca_corp.pem", "file"),
        ("app/cacert1.pem", "file"),
        ("app/Root.pem", "file"),
        ("app/pub.pem", "file"),
        ("app/ssh_host_rsa", "file"),
        ("app/.env.dist", "file"),
        ("app/.env.defaults", "file"),
        ("app/.gem/x/credentials", "file"),
        ("app/main.swp", "file"),
        ("app/.main.swpx", "file"),
        ("app/docker-compose.txt", "file"),
        ("usr/share/x/Dockerfile", "file"),
        ("app/fullchain.pem", "file"),
        ("app/server-cert.pem", "file"),
        ("app/key", "file"),
        ("app/node_modules/x/Dockerfile", "file"),
        ("app/node_modules/x/test/server.key", "file"),
        ("usr/lib/python3/dist-packages/x/.npmrc", "file"),
        ("usr/share/doc/x/examples/Dockerfile", "file"),
        ("etc/ssh/ssh_host_rsa_key.pub", "file"),
    ],
)
def test_what_is_in_its_place_is_not_told(path: str, kind: EntryKind) -> None:
    assert leftovers.fact(path, kind) is None


@pytest.mark.parametrize(
    ("name", "may"),
    [(".env.production", True), ("ssh_host_rsa_key", True), ("Dockerfile.dev", True), ("env.production", False)],
)
def test_a_name_is_looked_at_by_how_it_begins(name: str, *, may: bool) -> None:
    assert leftovers.may_be(name, name.rpartition(".")[2]) is may
