"""What is kept of an image's configuration is what it sets, and no secret in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.formats.imageconfig import SAYS
from sealock.model.absent import UNKNOWN, UNSET
from sealock.model.advice import Base
from sealock.model.container import FIELDS, Container, Health, Label, Mount, Variable, container
from sealock.service.state.configurations import (
    decode_base,
    decode_configuration,
    encode_base,
    encode_configuration,
    hidden_values,
)
from support.draws import draws

TOKEN = "ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
PLAIN = container(
    says=SAYS,
    user="app:app",
    working_dir="/srv",
    stop_signal="SIGQUIT",
    entrypoint=("/bin/app", "--port", "8080"),
    environment=(Variable("PATH", "/bin"), Variable("EMPTY", ""), Variable("FROM_CALLER", None)),
    expose=("8080/tcp",),
    mounts=(Mount("volume", None, "/data"),),
    labels=(Label("version", "1"),),
    health=Health(test=("CMD", "true"), interval=5.0),
)


def kept(noun: Container) -> Container:
    return decode_configuration(encode_configuration(noun))


def test_a_variable_without_a_value_hides_no_secret() -> None:
    assert hidden_values(PLAIN) == {}


def test_fields_that_only_a_newer_version_has_are_left_out() -> None:
    text = '{"unset": ["user", "of_a_newer_version"], "another_newer": 1}'
    assert decode_configuration(text).user is UNSET


def test_what_an_image_sets_comes_back_as_it_was() -> None:
    back = kept(PLAIN)
    for name in set(FIELDS) - {"platform", "history"}:
        assert getattr(back, name) == getattr(PLAIN, name), name
    assert back.command is UNSET
    assert back.privileged is UNKNOWN


def test_an_image_without_a_configuration_says_nothing() -> None:
    assert kept(Container()) == decode_configuration("") == Container(image_role="base")


@pytest.mark.parametrize(
    "noun",
    [
        container(says=SAYS, environment=(Variable("GITHUB_TOKEN", TOKEN),)),
        container(says=SAYS, environment=(Variable("PLAIN", f"x={TOKEN}"),)),
        container(says=SAYS, environment=(Variable("URL", f"https://me:{TOKEN}@host/"),)),
        container(says=SAYS, labels=(Label("api_key", TOKEN),)),
        container(says=SAYS, entrypoint=("app", "--api-token", TOKEN)),
        container(says=SAYS, command=("sh", "-c", f"curl -H 'Authorization: Bearer {TOKEN}' host")),
        container(says=SAYS, health=Health(test=("CMD", "curl", "-u", f"me:{TOKEN}", "host"))),
        container(says=SAYS, user=TOKEN, working_dir=f"/{TOKEN}"),
    ],
)
def test_no_secret_is_kept(noun: Container) -> None:
    text = encode_configuration(noun)
    assert TOKEN[6:] not in text
    assert "…" in text
    assert encode_configuration(decode_configuration(text)) == text


def test_values_that_were_masked_are_named() -> None:
    noun = container(
        says=SAYS, environment=(Variable("TOKEN", TOKEN), Variable("A", "1")), labels=(Label("key", TOKEN),)
    )
    assert set(hidden_values(kept(noun))) == {"TOKEN", "key"}


def test_what_is_too_large_is_unknown_and_the_rest_is_kept() -> None:
    noun = container(says=SAYS, user="app", labels=tuple(Label(f"label {n}", "x" * 100) for n in range(1000)))
    assert kept(noun).labels is UNKNOWN
    assert kept(noun).user == "app"


texts = st.text(st.characters(codec=None), max_size=60)


@draws(100)
@given(st.lists(st.tuples(texts, texts)), st.lists(texts), texts)
def test_whatever_a_configuration_says_can_be_stored(pairs: list[tuple[str, str]], words: list[str], text: str) -> None:
    noun = container(
        says=SAYS, environment=tuple(Variable(*pair) for pair in pairs), entrypoint=tuple(words), user=text
    )
    stored = encode_configuration(noun)
    assert "\0" not in stored
    assert "\\u0000" not in stored
    back = decode_configuration(stored.encode().decode())
    assert isinstance(back.environment, tuple)
    assert len(back.environment) == len(pairs)
    assert encode_configuration(back) == stored


def test_a_base_comes_back_without_secrets() -> None:
    base = Base("python:3.12", "sha256:0", 2, ("the label", f"the history: RUN TOKEN={TOKEN} \ud800\0"))
    back = decode_base(encode_base(base))
    assert back == Base("python:3.12", "sha256:0", 2, ("the label", "the history: RUN TOKEN=ghp_… \ufffd\ufffd"))
    assert decode_base("") == Base()
