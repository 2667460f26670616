"""Which containers run on Windows: what it lacks is no fault of theirs, and no fix may add it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealock.model.container import Container, container
from sealock.model.windows import is_for_windows
from sealock.scan.fix import fix
from sealock.scan.run import check
from sealock.scan.settings import Settings

IMAGES = {
    "mcr.microsoft.com/windows/servercore:ltsc2022": True,
    "mcr.microsoft.com/windows/nanoserver@sha256:0": True,
    "mcr.microsoft.com/dotnet/framework/aspnet:4.8": True,
    "mcr.microsoft.com/dotnet/aspnet:9.0-nanoserver-ltsc2022": True,
    "golang:1.24-windowsservercore": True,
    "microsoft/nanoserver": True,
    "x.example:5000/a/pause:3.9-windows-ltsc2022-amd64": True,
    "eclipse-temurin:21-ltsc2022": True,
    "app:windows": True,
    "dockurr/windows:4": False,
    "windows:1": False,
    "x.example/windows-exporter:1": False,
    "mcr.microsoft.com/dotnet/aspnet:9.0": False,
    "nginx/server:1": False,
}
PLATFORMS = {"windows": True, "windows/amd64": True, "linux/amd64": False, "windowsx/amd64": False}
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n"
FILES = {
    "a service by its image": ("compose.yaml", "services:\n  a:\n    image: mcr.microsoft.com/windows/nanoserver:ltsc2022\n"),
    "a service by its platform": ("compose.yaml", "services:\n  a:\n    image: x:1\n    platform: windows/amd64\n"),
    "a run line": ("up.sh", "docker run --network n mcr.microsoft.com/windows/nanoserver:ltsc2022\n"),
    "a pod by its system": ("pod.yaml", f"{POD}  os: {{name: windows}}\n  containers: [{{name: a, image: 'x:1'}}]\n"),
    "a pod by its node": ("pod.yaml", f"{POD}  nodeSelector: {{kubernetes.io/os: windows}}\n  containers: [{{name: a, image: 'x:1'}}]\n"),
    "a pod by its options": ("pod.yaml", f"{POD}  securityContext: {{windowsOptions: {{runAsUserName: a}}}}\n  containers: [{{name: a, image: 'x:1'}}]\n"),
    "a container by its options": ("pod.yaml", f"{POD}  containers: [{{name: a, image: 'x:1', securityContext: {{windowsOptions: {{runAsUserName: a}}}}}}]\n"),
}  # fmt: skip
OF_LINUX = {"C004", "C005", "C006", "C007", "C030", "C040"}


@pytest.mark.parametrize(("image", "expected"), IMAGES.items())
def test_an_image_is_for_windows_by_its_name(image: str, *, expected: bool) -> None:
    assert is_for_windows(container(image=image)) is expected


@pytest.mark.parametrize(("platform", "expected"), PLATFORMS.items())
def test_a_container_is_for_windows_by_its_platform(platform: str, *, expected: bool) -> None:
    assert is_for_windows(Container(platform=platform)) is expected


@pytest.mark.parametrize(("name", "text"), FILES.values(), ids=FILES)
def test_what_windows_does_not_have_is_skipped_and_not_added(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    (target,) = check(str(tmp_path), settings=Settings()).targets
    assert OF_LINUX.isdisjoint(finding.rule for finding in target.findings)
    skipped = {entry.rule for entry in target.skipped if entry.reason == "Windows has no such setting"}
    assert {"C004", "C006", "C040"} <= skipped
    fix(str(tmp_path), settings=Settings(), unsafe=True, write=True)
    after = (tmp_path / name).read_text()
    assert not any(word in after for word in ("cap_drop", "no-new-privileges", "read", "seccomp", "pids", "drop"))


def test_what_a_container_for_windows_sets_is_checked(tmp_path: Path) -> None:
    text = "services:\n  a:\n    image: x:1\n    platform: windows/amd64\n    security_opt: [seccomp=unconfined]\n"
    (tmp_path / "compose.yaml").write_text(text)
    (target,) = check(str(tmp_path), settings=Settings()).targets
    assert "C007" in {finding.rule for finding in target.findings}
