"""daemon.json beside the engine's own validation."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from sealock import formats
from sealock.cli.main import main
from sealock.formats.daemon.fields import KNOWN
from sealock.model.absent import UNSET
from sealock.model.location import Source
from sealock.rules.catalog import rules
from sealock.rules.daemon.unknown_key import FLAGS
from support.waiting import PATIENCE

pytestmark = pytest.mark.live

NEWER = {
    "allow-direct-routing", "bip6", "bridge-accept-fwmark", "firewall-backend", "host-gateway-ips", "min-api-version",
    "nri-opts", "validate", "default-stop-timeout", "ip-forward-no-drop",
}  # fmt: skip
"""Keys of engines that are newer than Debian's."""
OLDER = {"cluster-advertise", "cluster-store", "cluster-store-opts", "graph", "deprecated-key-path", "config-file"}
"""Keys that Debian's engine has forgotten, or takes on its command line alone."""


def engine_says(text: str, folder: Path) -> str:
    file = folder / "daemon.json"
    file.write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["dockerd", "--validate", "--config-file", file], capture_output=True, check=False, text=True, timeout=PATIENCE
    )
    return "" if done.returncode == 0 else done.stderr


@pytest.mark.parametrize("key", [*sorted(KNOWN - NEWER - OLDER), "insecure_registries", "ICC", "oom-score-adjust"])
def test_a_key_is_known_to_us_where_it_is_to_the_engine(key: str, tmp_path: Path) -> None:
    text = json.dumps({key: {} if key == "proxies" else None})
    refused = "don't match any configuration option" in engine_says(text, tmp_path)
    document = formats.read("daemon", Source("daemon.json", text))
    assert (getattr(document.subjects[0].noun, "unknown_keys") is not UNSET) == refused  # noqa: B009  any noun


@pytest.mark.parametrize("flag", sorted(FLAGS))
def test_the_engine_accepts_the_name_of_a_flag_and_ignores_it(flag: str, tmp_path: Path) -> None:
    assert FLAGS[flag] in KNOWN
    # A value that the key would never take shows that nobody looks at it.
    assert not engine_says(json.dumps({flag: 5}), tmp_path)
    assert engine_says(json.dumps({FLAGS[flag]: 5}), tmp_path)


UNKNOWN_KEY = "E022"
BAD = [(rule, text) for rule in rules("daemon") for text in rule.bad if formats.sniff("", text) == "daemon"]


@pytest.mark.parametrize(
    ("rule", "text"), [pytest.param(rule.id, text, id=f"{rule.id}-{index}") for index, (rule, text) in enumerate(BAD)]
)
def test_what_a_remedy_makes_of_a_file_is_still_valid(rule: str, text: str, tmp_path: Path) -> None:
    file = tmp_path / "daemon.json"
    file.write_text(text, encoding="utf-8")
    main(["check", str(file), "--fix", "--unsafe", "--only", rule])
    said = engine_says(file.read_text("utf-8"), tmp_path)
    # Nothing was to be mended of the one, and the other's certificates are not there.
    assert not said or rule == UNKNOWN_KEY or "X509" in said
