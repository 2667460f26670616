"""Faults of Kubernetes containers that Trivy finds: sealock finds each, and none in a manifest without faults."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from sealock.scan.run import check
from sealock.scan.settings import Settings

pytestmark = pytest.mark.live
ROOT = Path(__file__).parents[2]
PEDANTIC = Settings(pedantic=True)
SOUND = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, namespace: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      automountServiceAccountToken: false
      securityContext:
        seccompProfile: {type: RuntimeDefault}
      containers:
      - name: web
        image: ghcr.io/example/shop@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
        resources:
          limits: {cpu: 500m, memory: 256Mi}
          requests: {cpu: 100m, memory: 128Mi}
        securityContext:
          allowPrivilegeEscalation: false
          readOnlyRootFilesystem: true
          runAsNonRoot: true
          runAsUser: 20000
          runAsGroup: 20000
          capabilities:
            drop: [ALL]
        volumeMounts:
        - {name: data, mountPath: /data}
      volumes:
      - name: data
        emptyDir: {}
"""
USER = """\
          allowPrivilegeEscalation: false
          readOnlyRootFilesystem: true
          runAsNonRoot: true
          runAsUser: 20000
          runAsGroup: 20000
          capabilities:
            drop: [ALL]
"""
ROOT_USER = """\
          readOnlyRootFilesystem: true
          runAsUser: 0
          capabilities:
"""
ADDED = "        securityContext:\n"
VOLUME = "        emptyDir: {}\n"
ROWS = [
    ("privilege escalation is allowed", "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "KSV-0001", "C006"),
    ("privilege escalation is not denied", "          allowPrivilegeEscalation: false\n", "", "KSV-0001", "C006"),
    ("no capability is dropped", USER, ROOT_USER + "            add: [CHOWN]\n", "KSV-0003", "C004"),
    ("SYS_ADMIN", USER, ROOT_USER + "            add: [SYS_ADMIN]\n", "KSV-0005", "C002"),
    ("another capability", USER, ROOT_USER + "            add: [SYS_TIME]\n", "KSV-0022", "C003"),
    ("the engine's socket", VOLUME, "        hostPath: {path: /var/run/docker.sock}\n", "KSV-0006", "C011"),
    ("the host's IPC namespace", "      containers:", "      hostIPC: true\n      containers:", "KSV-0008", "C019"),
    ("the host's network", "      containers:", "      hostNetwork: true\n      containers:", "KSV-0009", "C020"),
    ("the host's PID namespace", "      containers:", "      hostPID: true\n      containers:", "KSV-0010", "C018"),
    ("no limit of CPUs", "cpu: 500m, ", "", "KSV-0011", "C029"),
    ("a tag that moves", "shop@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "shop:latest", "KSV-0013", "C080"),
    ("a writable root", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "KSV-0014", "C040"),
    ("privileged", ADDED, ADDED + "          privileged: true\n", "KSV-0017", "C001"),
    ("no limit of memory", ", memory: 256Mi", "", "KSV-0018", "C028"),
    ("a directory of the host", VOLUME, "        hostPath: {path: /etc}\n", "KSV-0023", "C014"),
    ("a port of the host", ADDED, "        ports: [{containerPort: 8080, hostPort: 8080}]\n" + ADDED, "KSV-0024", "C060"),
    ("SELinux", ADDED, ADDED + "          seLinuxOptions: {type: spc_t}\n", "KSV-0025", "C009"),
    ("a kernel parameter", "      securityContext:\n", "      securityContext:\n        sysctls: [{name: kernel.core_pattern, value: '1'}]\n", "KSV-0026", "C050"),
    ("paths that are not masked", ADDED, ADDED + "          procMount: Unmasked\n", "KSV-0027", "C010"),
    ("no seccomp", "type: RuntimeDefault", "type: Unconfined", "KSV-0104", "C007"),
    ("seccomp is not asked for", "      securityContext:\n        seccompProfile: {type: RuntimeDefault}\n", "", "KSV-0030", "C007"),
    ("root by number", "runAsUser: 20000", "runAsUser: 0", "KSV-0105", "C046"),
]  # fmt: skip


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[set[str], set[str]]]:
    """What Trivy and sealock find in a manifest of each row, and in the sound one ("")."""
    directory = tmp_path_factory.mktemp("manifests")
    texts = {"": SOUND} | {sentence: SOUND.replace(sound, bad, 1) for sentence, sound, bad, *_ in ROWS}
    names = {f"{number}.yaml": sentence for number, sentence in enumerate(texts)}
    for name, sentence in names.items():
        (directory / name).write_text(texts[sentence], encoding="utf-8")
    theirs = trivy(directory)
    ours = {target.target.rpartition("/")[2]: target for target in check(str(directory), settings=PEDANTIC).targets}
    assert theirs.keys() == ours.keys() == names.keys()
    assert not any(target.errors for target in ours.values())
    return {
        sentence: (theirs[name], {finding.rule for finding in ours[name].findings}) for name, sentence in names.items()
    }


def trivy(directory: Path) -> dict[str, set[str]]:
    program = shutil.which("trivy") or str(ROOT / ".peers" / "bin" / "trivy")
    cache = str(directory.parent / "cache")
    words = ["config", "-q", "--skip-check-update", "--cache-dir", cache, "--format", "json", str(directory)]
    report = json.loads(subprocess.run([program, *words], check=True, capture_output=True, text=True).stdout)
    return {
        result["Target"]: {fault["ID"] for fault in result.get("Misconfigurations", [])} for result in report["Results"]
    }


def test_a_sound_manifest_has_no_fault(reports: dict[str, tuple[set[str], set[str]]]) -> None:
    theirs, ours = reports[""]
    # Trivy trusts few registries, and asks for no probe.
    assert theirs - {"KSV-0125"} == set()
    assert ours - {"C054"} == set()


@pytest.mark.parametrize(
    ("sentence", "theirs", "ours"),
    [pytest.param(sentence, *ids, id=sentence) for sentence, _, _, *ids in ROWS],
)
def test_a_fault_that_trivy_finds(
    reports: dict[str, tuple[set[str], set[str]]], sentence: str, theirs: str, ours: str
) -> None:
    by_trivy, by_sealock = reports[sentence]
    assert theirs in by_trivy
    assert ours in by_sealock
