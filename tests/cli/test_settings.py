"""What the options of a command become: each one changes what it names, and nothing else."""

from __future__ import annotations

import os
import shlex
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import asdict, replace

from sealock.cli import check
from sealock.cli.guard import serving as guard_serving
from sealock.cli.parsers import parse
from sealock.errors import UsageError
from sealock.guard.listeners import SocketAccess
from sealock.guard.running import GuardOptions, TlsFiles
from sealock.model.finding import Severity
from sealock.net.http import AddressGuard
from sealock.pin.run import PinOptions
from sealock.policy.settings import Policy
from sealock.scan.settings import Settings
from sealock.service.process import ServicePlan
from sealock.service.work.advisories import AdvisorySource


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEALOCK_CACHE_DIR", "/cache")
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


class SeenError(Exception):
    """The settings that a command made, at the place where its work begins."""


def made(monkeypatch: pytest.MonkeyPatch, line: str, where: str, kind: type[Any]) -> Any:
    """The settings that a command line gives to a function, which is not called."""

    def see(*arguments: Any, **more: Any) -> None:
        raise SeenError(next(value for value in (*arguments, *more.values()) if isinstance(value, kind)))

    monkeypatch.setattr(where, see)
    arguments = parse(shlex.split(line))
    with pytest.raises(SeenError) as raised:
        import_module(f"sealock.cli.{arguments.command}").run(arguments)
    return raised.value.args[0]


def differences(settings: Any, base: Any) -> dict[str, Any]:
    return {name: value for name, value in asdict(settings).items() if value != getattr(base, name)}


CHECK: tuple[tuple[str, dict[str, Any]], ...] = (
    ("", {}),
    ("--fail-on medium", {"fail_on": Severity.MEDIUM}),
    ("--fail-on-skipped", {"fail_on_skipped": True}),
    ("--pedantic", {"pedantic": True}),
    ("--only C001 --only B0", {"only": ("C001", "B0")}),
    ("--skip C001", {"skip": ("C001",)}),
    ("--min-severity low", {"min_severity": Severity.LOW}),
    ("--exclude a --exclude b", {"exclude": ("a", "b")}),
    ("--hook", {"found": True}),
    ("--no-examples", {"examples": False}),
    ("--require-targets", {"require_targets": True}),
    ("--policy p.toml", {"policy_file": "p.toml"}),
    ("--no-policy", {"policy_file": ""}),
    ("--no-policy --policy p.toml", {"policy_file": ""}),
    ("--no-inline-ignores", {"inline_ignores": False}),
    ("--baseline b.json", {"baseline": "b.json"}),
    ("-f a.yaml --compose-file b.yaml", {"compose_files": ("a.yaml", "b.yaml")}),
    ("--allow-outside", {"outside": True}),
    ("--render", {"render": True}),
    ("--platform linux/arm64", {"platform": "linux/arm64"}),
    ("--no-verify", {"verify": False}),
    ("--engine ssh://x", {"engine": "ssh://x"}),
    ("--containers", {"containers": True}),
    ("--no-cache", {"cache": ""}),
    ("--cache-dir /other", {"cache": "/other"}),
    ("--max-depth 3 --max-file-size 1K", {"limits": {"depth": 3, "file": 1024}}),
    ("--max-layer-size 2 --max-entries 9", {"limits": {"layer": 2, "calm": 2, "total": 6, "entries": 9}}),
    ("--no-vulnerabilities", {"vulnerabilities": False}),
    ("--offline", {"offline": True}),
    ("--in-use", {"in_use": True}),
    ("--profile p.json", {"profile": "p.json"}),
    ("--only-fixed", {"only_fixed": True}),
    ("--ignore-states 'ignored, no-dsa' --ignore-states postponed", {"ignore_states": ("no-dsa", "ignored", "postponed")}),
    ("--vex a.json --vex b.json", {"vex": ("a.json", "b.json")}),
    ("--no-attached-vex", {"attached_vex": False}),
    # These change how the results are shown.
    ("--exit-zero --all --show-suppressed -v -q --color never --format json --write-baseline b", {}),
)  # fmt: skip


@pytest.mark.parametrize(("options", "changed"), CHECK)
def test_an_option_of_check_changes_its_setting(options: str, changed: dict[str, Any]) -> None:
    # Without options they are what the Python API has without arguments, but for the cache.
    settings = check.settings_of(parse(["check", "x", *shlex.split(options)]))
    assert differences(settings, Settings(cache="/cache")) == changed


def test_the_environment_is_used_only_where_it_was_asked_for() -> None:
    assert check.settings_of(parse(["check", "x"])).environment == {}
    assert check.settings_of(parse(["check", "x", "--use-environment"])).environment == dict(os.environ)


OTHERS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("sbom x", "sealock.scan.inventories.inventory", {}),
    ("sbom x --platform a/b --no-verify --engine e --no-cache --max-depth 2", "sealock.scan.inventories.inventory", {"platform": "a/b", "verify": False, "engine": "e", "cache": "", "limits": {"depth": 2}}),
    ("diff a b", "sealock.cli.diff.diff", {}),
    ("diff a b --fail-on-new low --no-policy --platform a/b --no-verify", "sealock.cli.diff.diff", {"fail_on": Severity.LOW, "policy_file": "", "platform": "a/b", "verify": False}),
    ("diff a b --engine e --cache-dir /c --max-entries 5 --no-vulnerabilities --offline --policy p", "sealock.cli.diff.diff", {"engine": "e", "cache": "/c", "limits": {"entries": 5}, "vulnerabilities": False, "offline": True, "policy_file": "p"}),
    ("vex x", "sealock.cli.vex.CheckRun", {}),
    ("vex x --policy p --platform a/b --offline --no-cache", "sealock.cli.vex.CheckRun", {"policy_file": "p", "platform": "a/b", "offline": True, "cache": ""}),
    ("inspect x", "sealock.scan.inventories.options_for", {}),
    ("inspect x --platform a/b --no-verify --engine e --no-cache --max-depth 2", "sealock.scan.inventories.options_for", {"platform": "a/b", "verify": False, "engine": "e", "cache": "", "limits": {"depth": 2}}),
    ("inspect x --profile p", "sealock.scan.unusedpackages.unused_packages", {"profile": "p", "offline": True}),
    ("inspect x --profile p --platform a/b --no-verify --engine e --no-cache --max-depth 2", "sealock.scan.unusedpackages.unused_packages", {"profile": "p", "offline": True, "platform": "a/b", "verify": False, "engine": "e", "cache": "", "limits": {"depth": 2}}),
    ("ci --everything --pedantic", "sealock.cli.check.CheckRun", {"pedantic": True}),
)  # fmt: skip


@pytest.mark.parametrize(("line", "where", "changed"), OTHERS)
def test_an_option_changes_its_setting(
    line: str, where: str, changed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert differences(made(monkeypatch, line, where, Settings), Settings(cache="/cache")) == changed


PIN: tuple[tuple[str, dict[str, Any]], ...] = (
    ("", {}),
    ("--check", {"check": True}),
    ("--platform a/b", {"platform": "a/b"}),
    ("--lock", {"stuck": True}),
    ("--lock-file l", {"stuck": True}),
    ("--compose-override", {"stuck": True}),
    ("--min-age 36h", {"min_age": timedelta(hours=36)}),
    ("--diff --keep-going --quiet --format json", {}),
)  # fmt: skip


@pytest.mark.parametrize(("options", "changed"), PIN)
def test_an_option_of_pin_changes_its_setting(
    options: str, changed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    options_ = made(monkeypatch, f"pin x {options}", "sealock.cli.pin.resolve_texts", PinOptions)
    usual = PinOptions(selects=options_.selects, served=options_.served)
    assert differences(options_, usual) == changed


USUAL = GuardOptions("proxy", ("/run/sealock/docker.sock",), "/p.toml", access=SocketAccess("", "", 0o660))
GUARD: tuple[tuple[str, dict[str, Any]], ...] = (
    ("", {}),
    ("--listen a --listen b", {"listen": ("a", "b")}),
    ("--engine unix:///e", {"engine": "/e"}),
    ("--owner me --group us --mode 600", {"access": SocketAccess("me", "us", 0o600)}),
    ("--mode 0", {"access": SocketAccess("", "", 0)}),
    ("--mode 777", {"access": SocketAccess("", "", 0o777)}),
    ("--status s", {"status": "s"}),
    ("--user u", {"user": "u"}),
    ("--log l", {"log": "l"}),
    ("--state d", {"state": "d"}),
    ("--audit", {"audit": True}),
    ("--leave-streams", {"leave_streams": True}),
    ("--tls-cert c --tls-key k --tls-ca a", {"tls": TlsFiles("c", "k", "a")}),
)


@pytest.mark.parametrize(("options", "changed"), GUARD)
def test_an_option_of_the_guard_changes_its_setting(options: str, changed: dict[str, Any]) -> None:
    arguments = parse(["guard", "proxy", "--policy", "/p.toml", *shlex.split(options)])
    assert differences(guard_serving.options(arguments, "proxy"), USUAL) == changed


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--mode 1000", "--mode 1000 is not an octal mode, as 0660"),
        ("--mode 8", "--mode 8 is not an octal mode, as 0660"),
        ("--mode -1", "--mode -1 is not an octal mode, as 0660"),
        ("--tls-cert c --tls-key k", "--tls-cert, --tls-key and --tls-ca belong together"),
        ("--tls-ca a", "--tls-cert, --tls-key and --tls-ca belong together"),
        ("--policy ''", "there is no sealock.toml here or above: name the policy with --policy"),
    ],
)
def test_options_of_the_guard_that_do_not_fit_are_errors(options: str, message: str) -> None:
    arguments = parse(
        ["guard", "proxy", "--policy", "/p.toml", *shlex.split(options.replace("-1", "=-1").replace(" =", "="))]
    )
    with pytest.raises(UsageError) as raised:
        guard_serving.options(arguments, "proxy")
    assert str(raised.value) == message


def plan(monkeypatch: pytest.MonkeyPatch, options: str) -> dict[str, Any]:
    line = f"serve worker --database postgresql://x/y --state state {options}"
    given = made(monkeypatch, line, "sealock.cli.serving._prepare", ServicePlan)
    worker, web = given.worker, given.web
    return {
        "database": worker.database, "advisories": worker.advisories, "source": worker.source, "update": worker.update,
        "policy": worker.scans.policy, "platform": worker.scans.platform, "guard": worker.scans.guard,
        "address": web.address, "behind": web.behind, "web guard": web.guard, "key": given.key is not None,
    }  # fmt: skip


_GUARD = AddressGuard(permission="start sealock serve with --allow {}")
SERVE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("", {}),
    ("--database postgresql://z", {"database": "postgresql://z"}),
    ("--platform a/b", {"platform": "a/b"}),
    ("--update 0.5", {"update": 1800.0}),
    ("--update 0", {"update": 0.0}),
    ("--advisories mirror", {"source": AdvisorySource("mirror", "mirror")}),
    (
        f"--advisories oci:x.example/a@sha256:{64 * '1'}",
        {"source": AdvisorySource("artifact", f"x.example/a@sha256:{64 * '1'}")},
    ),
    ("--address https://x.example/", {"address": "https://x.example"}),
    ("--address http://x.example", {"address": "http://x.example"}),
    ("--behind 2", {"behind": 2}),
    (
        "--allow a --allow b",
        {"guard": replace(_GUARD, allowed=("a", "b")), "web guard": replace(_GUARD, allowed=("a", "b"))},
    ),
    ("--quiet --workers 3", {}),
)


@pytest.mark.parametrize(("options", "changed"), SERVE)
def test_an_option_of_serve_changes_its_setting(
    options: str, changed: dict[str, Any], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = {
        "database": "postgresql://x/y", "advisories": str(place / "state/advisories"), "source": AdvisorySource(), "update": 21600.0,
        "policy": Policy(), "platform": "", "guard": _GUARD, "address": "", "behind": 0, "web guard": _GUARD, "key": True,
    }  # fmt: skip
    found = plan(monkeypatch, options)
    assert {name: value for name, value in found.items() if value != usual[name]} == changed
    assert (place / "state").stat().st_mode & 0o777 == 0o700
