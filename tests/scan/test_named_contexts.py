"""Named contexts that compose and bake files give to the builds of Dockerfiles, and what is then found in these."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealock.formats.buildcontexts import NamedBuild
from sealock.scan.namedcontexts import join_builds
from sealock.scan.run import check
from sealock.scan.settings import Settings

DOCKERFILE = "FROM base\nCOPY --from=assets /a /a\nRUN --mount=from=tools,target=/t /t/x\n"
PLAIN = ["B010 assets", "B010 tools", "B192 base", "C080 base"]
"""What is found without contexts: each rule, and the name."""


def compose(*contexts: str, dockerfile: str = "Dockerfile") -> str:
    """A compose file with a service for each table of contexts."""
    return "services:\n" + "".join(
        f"  s{at}:\n    image: x:1\n    build:\n      context: .\n      dockerfile: {dockerfile}\n"
        f"      additional_contexts: {context}\n"
        for at, context in enumerate(contexts)
    )


ALL = "{base: 'service:b', assets: ./a, tools: 'https://example.com/t.git'}"
BAKE = 'target "app" {\n  contexts = {\n    base = "target:b"\n    assets = "./a"\n    tools = "./t"\n  }\n}\n'
CASES = [
    ("no context", {"compose.yaml": compose("{}")}, PLAIN),
    ("contexts of compose", {"compose.yaml": compose(ALL)}, []),
    ("contexts of a list", {"compose.yaml": compose("[base=./b, assets=./a, tools=./t]")}, []),
    ("contexts of bake", {"docker-bake.hcl": BAKE}, []),
    ("contexts of bake in JSON", {"docker-bake.json": '{"target": {"a": {"contexts": {"base": "target:b", "assets": "a", "tools": "t"}}}}'}, []),
    ("bake in a directory below", {"ci/docker-bake.hcl": BAKE}, []),
    ("bake in a directory below, with a Dockerfile of its own", {"ci/docker-bake.hcl": BAKE, "ci/Dockerfile": "FROM base\n"}, PLAIN),
    ("compose in a directory below", {"ci/compose.yaml": compose(ALL)}, PLAIN),
    ("a file that comes before", {"a.yml": compose(ALL)}, []),
    ("some of the names", {"compose.yaml": compose("{assets: ./a, other: ./o}")}, PLAIN[1:]),
    ("a build that gives others", {"compose.yaml": compose(ALL, "{base: ./b}")}, PLAIN[:2]),
    ("a build without contexts in another file", {"compose.yaml": compose(ALL), "docker-bake.hcl": 'target "a" {}\n'}, PLAIN),
    ("another Dockerfile", {"compose.yaml": compose(ALL, dockerfile="b.Dockerfile"), "b.Dockerfile": "FROM base\n"}, PLAIN),
    ("the full name", {"compose.yaml": compose("{'docker.io/library/base:latest': ./b, 'assets:latest': ./a, tools: ./t}")}, []),
    ("an image with a user", {"compose.yaml": compose("{base: 'docker-image://gcr.io/distroless/static:nonroot', assets: ./a, tools: ./t}")}, []),
    ("an image that runs as root", {"compose.yaml": compose("{base: 'docker-image://debian', assets: ./a, tools: ./t}")}, ["C046 debian", "C080 debian"]),
    ("an image to copy from", {"compose.yaml": compose("{base: ./b, assets: 'docker-image://alpine', tools: ./t}")}, ["B010 alpine"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("files", "expected"), [pytest.param(files, expected, id=name) for name, files, expected in CASES]
)
def test_a_named_context_is_no_image(
    files: dict[str, str], expected: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in {"Dockerfile": DOCKERFILE, **files}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    settings = Settings(only=("B010", "B192", "C046", "C080"))
    names = ("assets", "tools", "base", "debian", "alpine")
    for targets in (["."], ["Dockerfile", *files], [*files, "Dockerfile"]):
        (report,) = (report for report in check(*targets, settings=settings).targets if report.target == "Dockerfile")
        found = [
            f"{finding.rule} {next(name for name in names if name in finding.message)}" for finding in report.findings
        ]
        assert sorted(found) == expected
        # What is found only without the contexts is named.
        hidden = {name.partition(" ")[0] for name in PLAIN if name not in expected}
        assert hidden <= {skipped.rule for skipped in report.skipped}


POLICY = '[trust]\ndefault = "refuse"\n[[trust.image]]\nmatch = ["docker.io/library/x"]\nrefuse = "old"\n'


def test_a_compose_file_takes_no_image_out_of_the_trust_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sealock.toml").write_text(POLICY, encoding="utf-8")
    (tmp_path / "Dockerfile").write_text("FROM evil.example/a:1\n", encoding="utf-8")
    (tmp_path / "compose.yaml").write_text(compose("{'evil.example/a:1': ./b}"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    targets = check(".").targets
    findings = [finding for target in targets for finding in target.findings]
    assert "Dockerfile" in [finding.location.file for finding in findings if finding.rule == "T001"]
    assert "T001" not in {skipped.rule for target in targets for skipped in target.skipped}


def test_a_base_that_is_a_context_has_an_unknown_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Dockerfile").write_text("FROM base AS a\nFROM a\n", encoding="utf-8")
    (tmp_path / "compose.yaml").write_text(compose("{base: ./b}"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    report = check(".", settings=Settings(only=("B192",)))
    assert [skipped.reason for target in report.targets for skipped in target.skipped] == [
        "the user of the named context base is not known"
    ]


@pytest.mark.parametrize(
    ("builds", "expected"),
    [
        pytest.param([], {}, id="nothing"),
        pytest.param([("a", ())], {}, id="no contexts"),
        pytest.param([("a", (("x", "1"),)), ("b", (("y", "2"),))], {"a": (("x", "1"),), "b": (("y", "2"),)}, id="two"),
        pytest.param(
            [("a", (("x", "1"), ("y", "2"))), ("a", (("y", "3"),))], {"a": (("y", "2"),)}, id="the same twice"
        ),
        pytest.param([("a", (("x", "1"),)), ("a", ())], {}, id="a build without them"),
        pytest.param([("c", (("x", "1"),))], {}, id="a Dockerfile that is not there"),
    ],
)
def test_what_all_builds_give_counts(
    builds: list[tuple[str, tuple[tuple[str, str], ...]]], expected: dict[str, tuple[tuple[str, str], ...]]
) -> None:
    named = [NamedBuild((f"d/{path}", path), contexts) for path, contexts in builds]
    assert join_builds(named, {"a", "b"}) == expected
