"""sealock.toml: what it says is heeded, and what is wrong in it is told with its line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.errors import PolicyError
from sealock.globs import ignores, is_directory, matches
from sealock.model.finding import Severity
from sealock.model.location import Source
from sealock.policy.images import reason_without_packages
from sealock.policy.settings import Policy, excluded, read


def policy(text: str) -> Policy:
    return read(Source("sealock.toml", text), "")


def test_an_empty_policy_fails_on_high_and_is_not_pedantic() -> None:
    assert policy("").fail_on is Severity.HIGH
    assert not policy("").wants("B101", pedantic=True)
    assert policy("").wants("B101", pedantic=False)


def test_a_whole_policy_is_read() -> None:
    found = policy(
        """
fail-on = "medium"
pedantic = false
enable = ["B150"]
exclude = ["legacy/**"]

[severity]
C012 = "low"

[[ignore]]
rule = ["C001", "C016"]
files = ["ops/*.yaml"]
subject = "service agent"
reason = "the agent watches the host"
until = 2027-01-31
"""
    )
    ignore = found.ignores[0]
    assert found.fail_on is Severity.MEDIUM
    assert found.wants("B150", pedantic=True)
    assert found.severity == (("C012", Severity.LOW),)
    assert excluded(found, "legacy/old/Dockerfile")
    assert not excluded(found, "new/Dockerfile")
    assert (ignore.rules, ignore.subject, ignore.until) == (("C001", "C016"), "service agent", "2027-01-31")
    assert ignore.location.line == 10


IMAGE = '[[image]]\nname = ["tool", "ghcr.io/acme/*"]\nno-package-database = "built from source"\n'


@pytest.mark.parametrize(
    ("name", "is_allowed"),
    [
        ("tool", True),
        ("tool:1.2", True),
        ("docker.io/library/tool:1.2", True),
        ("ghcr.io/acme/x:1", True),
        ("ghcr.io/acme2/x", False),
        ("tools", False),
        ("other/tool", False),
        ("dist/tool.tar", False),
        ("", False),
    ],
)
def test_an_image_without_a_package_database_is_allowed_by_its_name(
    name: str,
    is_allowed: bool,  # noqa: FBT001  a column
) -> None:
    reason = reason_without_packages(policy(IMAGE).images, [name])
    assert reason == ("built from source" if is_allowed else "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("fail-on = 'bad'", "sealock.toml:1: fail-on should be one of info, low", id="an unknown severity"),
        pytest.param("\nfail_on = 'high'", "sealock.toml:2: fail_on is not a setting", id="a misspelt setting"),
        pytest.param("a = " + "9" * 5000, "sealock.toml: a number has too many digits", id="a number of 5000 digits"),
        pytest.param("a = " + "[" * 5000, "sealock.toml: it is nested too deeply", id="5000 arrays in each other"),
        pytest.param("pedantic = 'yes'", "pedantic should be true or false", id="a string for a truth value"),
        pytest.param("[[ignore]]\nrule = 'C001'", "reason is missing", id="an ignore without a reason"),
        pytest.param("[[ignore]]\nrule = 'C001'\nreason = ' '", "reason is missing", id="a blank reason"),
        pytest.param("[[ignore]]\nreason = 'x'", "rule is missing", id="an ignore without a rule"),
        *(
            pytest.param(
                f"[[ignore]]\nrule='C001'\nreason='x'\nuntil={day}", "until should be a date", id=f"until {day}"
            )
            for day in ("'soon'", "0", "''", "false", "[]", "{}", "0.0", "07:32:00", "'2027-13-01'")
        ),
        pytest.param("[[ignore]]\nrule='*'\nreason='x'", "which is not a rule's id", id="a pattern for a rule"),
        pytest.param(
            "[[image]]\nname = ['']\nno-package-database = 'x'", "name is missing", id="an image without a name"
        ),
        pytest.param("[ignore]\nrule='C001'", "list of tables", id="a table for a list of tables"),
        pytest.param("fail-on = ", "sealock.toml: ", id="what is no TOML"),
        pytest.param("enable = [1]", "enable should be a list of strings", id="numbers for rules"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, said: str) -> None:
    with pytest.raises(PolicyError, match=said.replace("[", r"\[")):
        policy(text)


@pytest.mark.parametrize(
    ("name", "pattern", "does"),
    [
        ("Dockerfile", "Dockerfile", True),
        ("a/b/Dockerfile", "Dockerfile", True),
        ("a/b/Dockerfile", "b", True),
        ("a/b/Dockerfile", "a/*", True),
        ("a/b/Dockerfile", "a/b/*", True),
        ("a/b/Dockerfile", "*/Dockerfile", False),
        ("a/b/Dockerfile", "**/Dockerfile", True),
        ("Dockerfile", "**/Dockerfile", True),
        ("a/b/c/x.yaml", "a/**/x.yaml", True),
        ("a/x.yaml", "a/**/x.yaml", True),
        ("ab/x.yaml", "a/**", False),
        ("a/x.yml", "./a/x.yml", True),
        ("a/x.yml", "a/?.yml", True),
        ("a/x+y.yml", "a/x+y.yml", True),
        ("app/[id]/x.yml", "app/[id]/*.yml", True),
        ("app/i/x.yml", "app/[id]/*.yml", False),
        ("a/b", "a/**", True),
        ("a", "a/**", False),
        ("a/b/c/d/e", "**/b/**/d/**", True),
        ("a/b/c/d", "**/b/**/d/**", False),
        ("a/b/a/c", "**/a/c", True),
        ("a/b", "/", False),
    ],
)
def test_patterns_match_as_people_expect(name: str, pattern: str, does: bool) -> None:  # noqa: FBT001  a table's column
    assert matches(name, pattern) is does


@pytest.mark.parametrize(
    ("name", "pattern", "does"),
    [
        ("services/a", "services/a", True),
        ("services/a", "./services/a/", True),
        ("services/a", "services/*", True),
        ("services/a/b", "services/*", False),
        ("services/a/b", "services/**", True),
        ("third/services/a", "services/a", False),
        ("third/a", "a", False),
        ("a", "a", True),
        ("third/party/a", "**/a", True),
    ],
)
def test_a_directory_is_listed_by_its_whole_path(name: str, pattern: str, does: bool) -> None:  # noqa: FBT001  a table's column
    assert is_directory(name, pattern) is does


@pytest.mark.parametrize(
    ("name", "pattern", "does"),
    [
        ("a", "a", True),
        ("a/b", "a", True),
        ("b/a", "a", False),
        ("b", "a", False),
        ("b/a", "**/a", True),
        ("ab", "a*", True),
        ("ab", "[^b]b", True),
        ("bb", "[^b]b", False),
        ("a", "", False),
        ("a", "/", False),
    ],
)
def test_a_pattern_of_dockerignore_matches_a_path_or_a_directory_above_it(
    name: str,
    pattern: str,
    does: bool,  # noqa: FBT001  a column
) -> None:
    assert ignores(name, pattern) is does


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        pytest.param("a" * 250, "/" + "*a" * 400 + "*b", id="stars in a part"),
        pytest.param("a" * 250, "*a" * 400 + "*b", id="stars without a slash"),
        pytest.param("a/" * 400 + "c", "**/a/" * 100 + "b", id="directories"),
        pytest.param("a/" * 400 + "c", "**/" * 400 + "b", id="directories in a row"),
        pytest.param("a/" * 400 + "c", "**/*a*/" * 100 + "b", id="both"),
    ],
)
def test_a_glob_does_not_backtrack(name: str, pattern: str) -> None:
    """It would not end: these took 2 to the power of their stars."""
    assert not matches(name, pattern)


@given(st.text(max_size=200))
def test_no_text_makes_the_reader_fail_otherwise(text: str) -> None:
    try:
        found = policy(text)
    except PolicyError:
        return
    assert found.name == "sealock.toml"
