"""`sealock harden --in` gives a container of a file a network of its own, or says why not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sealock.cli.harden import for_trial
from sealock.cli.main import main
from sealock.formats.profile import write_profile
from support.profiles import DIGEST, web

COMPOSE = "services:\n  web:\n    image: web:1\n  db:\n    image: db:1\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A podman that has the image of the profile."""
    image = json.dumps([{"Id": DIGEST, "RepoDigests": [], "Config": {}}])
    info = json.dumps({"host": {"cpus": 2, "memTotal": 8 << 30, "kernel": "6.18.5", "ociRuntime": {"name": "runc"}}})
    client = tmp_path / "bin/podman"
    client.parent.mkdir()
    client.write_text(f"#!/bin/sh\nif [ $1 = image ]; then echo '{image}'; else echo '{info}'; fi\n")
    client.chmod(0o755)
    monkeypatch.setenv("PATH", f"{client.parent}:/bin:/usr/bin")
    monkeypatch.chdir(tmp_path)
    Path("web.json").write_text(write_profile(web()))


def harden(capfd: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(("harden", "--with", "podman", "--profile", "web.json", *words)) == 0
    return "".join(capfd.readouterr())


def test_a_unit_gets_the_unit_of_its_network(capfd: pytest.CaptureFixture[str]) -> None:
    Path("web.container").write_text("[Container]\nImage=web:1\n")
    shown = harden(capfd, "--in", "web.container:web")
    assert "+Network=web.network\n" in shown
    assert "+++ web.network\n@@ -0,0 +1 @@\n+[Network]\n" in shown
    assert not Path("web.network").exists()
    harden(capfd, "--in", "web.container:web", "--write")
    assert Path("web.network").read_text() == "[Network]\n"
    assert "Network=" not in harden(capfd, "--in", "web.container:web")


def test_a_service_leaves_those_that_it_does_not_talk_to(capfd: pytest.CaptureFixture[str]) -> None:
    # It is published, so that those who connect to it need no network of its; the profile saw it ask for db.
    text = COMPOSE.replace("web:1\n", "web:1\n    ports: ['80:80']\n") + "  other:\n    image: other:1\n"
    Path("compose.yaml").write_text(text)
    assert "closed: network of its own (web, which db joins; it leaves default)" in harden(
        capfd, "--in", "compose.yaml:web", "--write"
    )
    assert "    networks:\n      - default\n      - web\n" in Path("compose.yaml").read_text()


def test_what_is_not_known_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    Path("compose.yaml").write_text(COMPOSE)
    Path("web.json").write_text(write_profile(web(contacted=())))
    shown = harden(capfd, "--in", "compose.yaml:web")
    assert "stays open: network (it is on network default with services that it may need: it listens, and no" in shown
    assert "networks:" not in shown


def test_a_network_that_cannot_be_written_changes_none(capfd: pytest.CaptureFixture[str]) -> None:
    """What db would join stands in a text that another service shares."""
    Path("compose.yaml").write_text(
        "services:\n  web:\n    image: web:1\n    ports: ['80:80']\n  db: &shared\n    image: db:1\n    networks: [default]\n"
        "  other: *shared\n"
    )
    shown = harden(capfd, "--in", "compose.yaml:web")
    assert "not written: network of its own: " in shown
    assert "+    networks:" not in shown


@pytest.mark.parametrize(
    ("line", "trial"),
    [
        pytest.param(
            "docker run --name web --restart always -v data:/data -v /srv:/srv:ro --network front nginx:1.27 nginx",
            "docker run --label sealock.trial=1 --detach --name trial -v /data -v /srv:/srv:ro --network fresh nginx:1.27 nginx",
            id="with a volume and a network of its own, and no restart",
        ),
        pytest.param(
            "docker run --rm --detach=false --network back nginx:1.27",
            "docker run --label sealock.trial=1 --name trial --detach --network back nginx:1.27",
            id="in the background, on another network, and kept after its end",
        ),
    ],
)
def test_a_trial_runs_beside_the_container(line: str, trial: str) -> None:
    assert " ".join(for_trial(line.split(), "trial", "front", lambda: "fresh")) == trial
