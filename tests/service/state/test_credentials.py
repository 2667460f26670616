"""Logins are encrypted in the database, and shown by nobody."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import select

from sealock.errors import UsageError
from sealock.net.registry.credentials import RegistryLogin
from sealock.service.access.actors import Actor
from sealock.service.access.tokens import Scope
from sealock.service.registries import keep_registry
from sealock.service.state.credentials import (
    StoredCredentials,
    drop_login,
    encrypt_again,
    keep_login,
    list_logins,
    read_key,
)
from sealock.service.state.database import Database, StateError
from sealock.service.state.tables import credential


@pytest.mark.parametrize(
    ("host", "user", "password"),
    [("", "me", "word"), ("  ", "me", "word"), ("docker.io", "", "word"), ("docker.io", " ", "word"), ("docker.io", "me", "")],
)  # fmt: skip
def test_a_login_without_one_of_its_parts_is_not_kept(host: str, user: str, password: str, database: Database) -> None:
    by = Actor("alice", "admin", Scope(), "alice")
    with database.write() as connection:
        with pytest.raises(UsageError, match="a login has a registry's host, a user and a password or token"):
            keep_registry(connection, None, host, user, password, by=by, now=0.0)
        assert not list_logins(connection)


def test_a_login_is_given_back_and_neither_stored_nor_shown_in_plain(database: Database, tmp_path: Path) -> None:
    key = read_key(str(tmp_path / "key"))
    with database.write() as connection:
        keep_login(connection, key, "https://Registry.example:443/v2/", RegistryLogin("me", "secret-word"), 5.0)
        keep_login(connection, key, "docker.io", RegistryLogin(identity="secret-identity"), 6.0)
    stored = StoredCredentials(database, key)
    login, hub = stored.login("registry.example", "x"), stored.login("registry-1.docker.io", "library/nginx")
    assert login is not None
    assert (login.user, login.password) == ("me", "secret-word")
    assert hub is not None
    assert hub.identity == "secret-identity"
    assert stored.login("other.example", "x") is None
    with database.read() as connection:
        assert list_logins(connection) == (("docker.io", 6.0), ("registry.example", 5.0))
        rows = connection.execute(select(credential)).all()
    assert not any(b"secret" in row.login for row in rows)
    assert not any("secret" in repr(row) for row in rows)
    with database.write() as connection:
        assert drop_login(connection, "registry.example")
        assert not drop_login(connection, "registry.example")


def test_without_the_key_a_login_is_an_error_and_not_anonymous(database: Database) -> None:
    key = MultiFernet([Fernet(Fernet.generate_key())])
    with database.write() as connection:
        keep_login(connection, key, "a.example", RegistryLogin("me", "word"), 5.0)
        with pytest.raises(UsageError, match="no key to encrypt"):
            keep_login(connection, None, "a.example", RegistryLogin("me", "word"), 5.0)
    for other in (None, MultiFernet([Fernet(Fernet.generate_key())])):
        with pytest.raises(StateError, match="cannot be decrypted") as caught:
            StoredCredentials(database, other).login("a.example", "x")
        assert "word" not in str(caught.value)


def test_a_new_key_takes_the_place_of_an_old_one(database: Database) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    both, only = (
        read_key(environment={"SEALOCK_SERVE_KEY": f"\n{new}\n  \n{old}\n"}),
        read_key(environment={"SEALOCK_SERVE_KEY": new}),
    )
    assert both is not None
    with database.write() as connection:
        keep_login(
            connection, read_key(environment={"SEALOCK_SERVE_KEY": old}), "a.example", RegistryLogin("me", "word"), 5.0
        )
        assert encrypt_again(connection, both, 6.0) == 1
    login = StoredCredentials(database, only).login("a.example", "")
    assert login is not None
    assert login.password == "word"


def test_a_key_file_is_made_for_its_owner_only_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "key"
    first = read_key(str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    second = read_key(str(path))
    assert first is not None
    assert second is not None
    assert second.decrypt(first.encrypt(b"x")) == b"x"
    path.chmod(0o644)
    with pytest.raises(UsageError, match="can be read by others"):
        read_key(str(path))


@pytest.mark.parametrize("text", ["short", "é" * 44, "a" * 44 + "\nx"])
def test_what_is_no_key_is_an_error_that_does_not_repeat_it(text: str) -> None:
    with pytest.raises(UsageError, match="holds no key") as caught:
        read_key(environment={"SEALOCK_SERVE_KEY": text})
    assert text not in str(caught.value)


def test_no_key_is_no_error_before_there_is_a_login() -> None:
    assert read_key(environment={}) is None
