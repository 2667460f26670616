"""How systemd would start the engine, beside what systemd's manual says of units, drop-ins and environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealock.runtime.host.units import engine_words
from sealock.runtime.kernel.tree import ProcTree

UNIT = "usr/lib/systemd/system/docker.service"
DROP = "etc/systemd/system/docker.service.d"
START = "[Service]\nExecStart=/usr/bin/dockerd -H fd://"


def words(folder: Path, texts: dict[str, str]) -> tuple[str, ...] | None:
    for path, text in texts.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    tree = ProcTree(str(folder))
    try:
        return engine_words(tree)
    finally:
        tree.close()


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        pytest.param({}, None, id="no unit, no words"),
        pytest.param({UNIT: START}, "-H fd://", id="the distribution's own"),
        pytest.param({UNIT: START, "etc/systemd/system/docker.service": f"{START} --icc=false"}, "-H fd:// --icc=false", id="the administrator's in its place"),
        pytest.param({UNIT: START, f"{DROP}/a.conf": "[Service]\nExecStart=\nExecStart=/usr/bin/dockerd --debug"}, "--debug", id="a drop-in starts anew"),
        pytest.param({UNIT: START, f"{DROP}/a.conf": "[Service]\nRestart=no"}, "-H fd://", id="a drop-in on something else"),
        pytest.param({UNIT: START, f"{DROP}/a.txt": "[Service]\nExecStart=x --debug"}, "-H fd://", id="only .conf counts"),
        pytest.param(
            {UNIT: START, f"{DROP}/b.conf": "[Service]\nExecStart=\nExecStart=d --b", f"{DROP}/a.conf": "[Service]\nExecStart=\nExecStart=d --a"},
            "--b",
            id="drop-ins are taken by name",
        ),
        pytest.param(
            {UNIT: START, "run/systemd/system/docker.service.d/a.conf": "[Service]\nExecStart=d --run", f"{DROP}/a.conf": "[Service]\nExecStart=d --etc"},
            "--etc",
            id="of two of one name the administrator's counts",
        ),
        pytest.param({UNIT: f'{START} $DOCKER_OPTS\nEnvironment="DOCKER_OPTS=--icc=false --debug"'}, "-H fd:// --icc=false --debug", id="a variable becomes words"),
        pytest.param({UNIT: f"{START} --label=${{NAME}}\nEnvironment=NAME=a"}, "-H fd:// --label=a", id="in braces it stays one"),
        pytest.param({UNIT: f"{START} $OPTS"}, "-H fd://", id="one without value is nothing"),
        pytest.param(
            {UNIT: f"{START} $DOCKER_OPTS\nEnvironmentFile=-/etc/default/docker", "etc/default/docker": '# words\nDOCKER_OPTS="--dns 1.1.1.1"\n'},
            "-H fd:// --dns 1.1.1.1",
            id="Debian's file of environment",
        ),
        pytest.param({UNIT: f"{START} $A\nEnvironmentFile=-/etc/none"}, "-H fd://", id="a file that is not there"),
        pytest.param({UNIT: f"{START} \\\n  --debug \\\n  --icc=false"}, "-H fd:// --debug --icc=false", id="lines that go on"),
        pytest.param({UNIT: "[Unit]\nExecStart=x --no\n[Service]\n#ExecStart=y --no\nExecStart=-/usr/bin/dockerd --yes"}, "--yes", id="other sections, comments, signs"),
        pytest.param({UNIT: '[Service]\nExecStart=dockerd --label "a b"'}, "--label|a b", id="quotes"),
        pytest.param({UNIT: '[Service]\nExecStart=dockerd --label "a'}, '--label "a', id="a quote without end"),
        pytest.param({UNIT: "[Service]\nExecStart="}, None, id="nothing to start"),
    ],
)  # fmt: skip
def test_the_words(tmp_path: Path, texts: dict[str, str], expected: str | None) -> None:
    apart = "|" if expected and "|" in expected else None
    assert words(tmp_path, texts) == (None if expected is None else tuple(expected.split(apart)))


def test_a_unit_that_goes_on_without_end_costs_little(tmp_path: Path) -> None:
    text = f"{START} $A\nEnvironment=" + "A=$A " * 100_000 + "\n" + "Environment=A=b\n" * 20_000
    assert words(tmp_path, {UNIT: text}) is not None
