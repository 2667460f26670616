"""Kubernetes manifests: speed against `trivy config`, and what is found against Trivy, Checkov and a naive reading.

    bench/manifests.py [--corpus DIRECTORY] [--standard DIRECTORY] [--no-speed]

1,000 generated manifests have to take at most a fifth of Trivy's processor time. In a corpus of public manifests (not a
part of this repository) nothing may crash, every control of the restricted Pod Security Standard has to be found where
a naive reading of the text finds it, and each check of a peer that finds something has to have a rule of sealock that
does so in the same file, or a reason: docs/peers.py has those of checks that no rule answers to. --standard names the
test data of the admission controller itself (LEVEL/vVERSION/pass and fail): each pod has to end there as it does here.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import yaml
from measurement import alternately, processor
from podreading import pods, violated

from sealock.rules.catalog import every_rule
from sealock.scan.podsecurity import check_pod_security
from sealock.scan.run import check
from sealock.scan.settings import Settings

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs"))
import peers  # noqa: E402  a script beside the pages that it writes

NUMBER = 1000
BAR = 0.2
KINDS = {"Pod": "v1", "Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "Job": "batch/v1"}
CONTEXTS: list[dict[str, Any]] = [
    {}, {"privileged": True}, {"runAsUser": 0}, {"allowPrivilegeEscalation": False, "runAsNonRoot": True},
    {"capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN"]}},
    {"readOnlyRootFilesystem": True, "procMount": "Unmasked"},
]  # fmt: skip
PODS: list[dict[str, Any]] = [
    {}, {"hostPID": True}, {"hostNetwork": True}, {"automountServiceAccountToken": False},
    {"volumes": [{"name": "d", "hostPath": {"path": "/etc"}}]},
    {"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}},
]  # fmt: skip


def generate(directory: Path) -> None:
    """Write the same manifests each time."""
    draw = Random(20261127)
    for number in range(NUMBER):
        kind = draw.choice(list(KINDS))
        containers = [
            {
                "name": f"c{index}",
                "image": draw.choice(["nginx:1.27", "redis", "ghcr.io/example/app@sha256:" + "a" * 64]),
                "securityContext": draw.choice(CONTEXTS),
                "ports": [{"containerPort": 8080}],
                "env": [{"name": "MODE", "value": str(draw.random())}],
                "resources": draw.choice([{}, {"limits": {"cpu": "500m", "memory": "128Mi"}}]),
            }
            for index in range(draw.randint(1, 3))
        ]
        pod = {"containers": containers, **draw.choice(PODS)}
        labels = {"app": f"app-{number}"}
        spec = (
            pod
            if kind == "Pod"
            else {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}}
        )
        resource = {
            "apiVersion": KINDS[kind],
            "kind": kind,
            "metadata": {"name": f"app-{number}", "labels": labels},
            "spec": spec,
        }
        (directory / f"{number:04}.yaml").write_text(yaml.safe_dump(resource), encoding="utf-8")


def trivy_command(directory: Path, cache: Path) -> list[str]:
    program = shutil.which("trivy") or str(ROOT / ".peers" / "bin" / "trivy")
    return [
        program,
        "config",
        "-q",
        "--skip-check-update",
        "--cache-dir",
        str(cache),
        "--format",
        "json",
        str(directory),
    ]


def measure_speed() -> bool:
    """Print the processor time of both, and return whether the bar holds."""
    with tempfile.TemporaryDirectory() as made, tempfile.TemporaryDirectory() as cache:
        generate(Path(made))
        ours = [sys.executable, "-m", "sealock", "check", made, "--format", "json", "--exit-zero"]
        runs = alternately({"trivy": trivy_command(Path(made), Path(cache)), "sealock": ours}, 3)
    theirs, mine = processor(runs["trivy"]), processor(runs["sealock"])
    print(f"{NUMBER} generated manifests, processor time: sealock {mine:.2f} s, Trivy {theirs:.2f} s")
    print(f"  that is {mine / theirs:.2f} of Trivy's (bar {BAR})")
    return mine / theirs <= BAR


def compare_controls(corpus: Path) -> bool:
    """Compare the restricted standard with a naive reading of every file that PyYAML loads."""
    report = check_pod_security("pod-security-restricted", [str(corpus)], Settings(policy_file=""))
    found: dict[str, Counter[tuple[str, ...]]] = {}
    skipped = Counter(workload.skipped for workload in report.workloads if workload.skipped)
    for workload in report.workloads:
        controls = {violation.control.id for violation in workload.violations} if not workload.skipped else {"skipped"}
        # What baseline forbids, restricted has a control of its own for.
        controls -= {"hostPathVolumes", "capabilities_baseline", "procMount", "seccompProfile_baseline"}
        found.setdefault(os.path.realpath(workload.location.file), Counter())[tuple(sorted(controls))] += 1
    files = differ = workloads = 0
    controls_seen: Counter[str] = Counter()
    for path, ours in sorted(found.items()):
        try:
            read = list(pods(Path(path).read_text(encoding="utf-8")))
        except (yaml.YAMLError, ValueError):
            continue
        naive: Counter[tuple[str, ...]] = Counter()
        for metadata, spec, containers in read:
            patch = any(container.get("image") is None for container in containers)
            names = {"skipped"} if patch else violated(metadata, spec, containers)
            controls_seen.update(names)
            naive[tuple(sorted(names))] += 1
        files += 1
        workloads += sum(naive.values())
        if naive != ours:
            differ += 1
            print(f"  differs: {path}: sealock {dict(ours - naive)}, naive {dict(naive - ours)}")
    print(f"restricted: {files} files, {workloads} workloads, {differ} differ; {sum(skipped.values())} are patches")
    print("  " + ", ".join(f"{name} {number}" for name, number in sorted(controls_seen.items())))
    return not differ


def compare_with_standard(directory: Path) -> bool:
    """Evaluate the pods of the admission controller's own tests, each by its level and version."""
    files = sorted(directory.glob("*/v1.*/*/*.yaml"))
    wrong = 0
    for path in files:
        level, version, expected = path.parts[-4:-1]
        name = f"pod-security-{level}-{version.removeprefix('v')}"
        report = check_pod_security(name, [str(path)], Settings(policy_file=""))
        if report.status != (1 if expected == "fail" else 0):
            wrong += 1
            print(f"  differs: {path}")
    print(f"standard: {len(files)} pods, {wrong} differ")
    return bool(files) and not wrong


def by_trivy(corpus: Path) -> dict[str, set[str]]:
    with tempfile.TemporaryDirectory() as cache:
        report = json.loads(
            subprocess.run(trivy_command(corpus, Path(cache)), check=True, capture_output=True, text=True).stdout
        )
    return {
        os.path.realpath(corpus / result["Target"]): {fault["ID"] for fault in result.get("Misconfigurations", [])}
        for result in report["Results"]
    }


def by_checkov(corpus: Path) -> dict[str, set[str]]:
    program = shutil.which("checkov")
    if program is None:
        return {}
    words = [
        program,
        "-d",
        str(corpus),
        "--framework",
        "kubernetes",
        "-o",
        "json",
        "--quiet",
        "--compact",
        "--soft-fail",
    ]
    done = subprocess.run(words, check=False, capture_output=True, text=True, env={**os.environ, "LOG_LEVEL": "ERROR"})
    report = json.loads(done.stdout)
    found: dict[str, set[str]] = {}
    for each in report if isinstance(report, list) else [report]:
        for failed in each.get("results", {}).get("failed_checks", []):
            found.setdefault(os.path.realpath(failed["file_abs_path"]), set()).add(failed["check_id"])
    return found


def compare_with_peers(corpus: Path) -> bool:
    """Print, for each check of a peer, in how many files it finds something, and in how many of them sealock does."""
    report = check(str(corpus), settings=Settings(pedantic=True, policy_file="", vulnerabilities=False))
    crashes = [error for target in report.targets for error in target.errors if "internal error" in error.message]
    ours = {os.path.realpath(target.target): {each.rule for each in target.findings} for target in report.targets}
    findings = sum(len(target.findings) for target in report.targets)
    print(f"check: {len(report.targets)} targets, {findings} findings, {len(crashes)} crashes")
    # A patch or template that is named as skipped is a part of another manifest, which decides.
    parts = {
        os.path.realpath(target.target)
        for target in report.targets
        if target.skipped
        and not target.findings
        and all("patch" in each.reason or "template" in each.reason for each in target.skipped)
    }
    answers: dict[str, set[str]] = {}
    differences: dict[str, str] = {}
    for rule in every_rule():
        for alias in rule.aliases:
            answers.setdefault(alias, set()).add(rule.id)
        for aliases, note in rule.differs:
            differences |= dict.fromkeys(aliases.split(), note)
    unexplained = 0
    for name, found in (("Trivy", by_trivy(corpus)), ("Checkov", by_checkov(corpus))):
        here = {path: several for path, several in found.items() if path not in parts}
        print(f"{name}: {len(found)} files with findings, {len(found) - len(here)} of them patches or templates")
        per_check = Counter(check_id for several in here.values() for check_id in several)
        for check_id, number in sorted(per_check.items()):
            rules = answers.get(check_id, set())
            both = sum(check_id in several and bool(ours.get(path, set()) & rules) for path, several in here.items())
            reason = peers.NOT_HERE.get(check_id, "")
            only = number - both
            unexplained += bool(only) and not (reason or check_id in differences)
            note = reason or differences.get(check_id, "" if not only else "UNEXPLAINED")
            print(
                f"  {check_id:12} {number:5} files, {both:5} by {', '.join(sorted(rules)) or '-'}"
                + (f"; {note}" if only or not rules else "")
            )
            if only and note == "UNEXPLAINED":
                missing = [
                    path for path, several in here.items() if check_id in several and not ours.get(path, set()) & rules
                ]
                print("      " + "\n      ".join(missing[:3]))
    return not (unexplained or crashes)


def main() -> int:
    parser = argparse.ArgumentParser(description="Kubernetes manifests, side by side")
    parser.add_argument("--corpus", type=Path, help="a directory of public manifests")
    parser.add_argument("--standard", type=Path, help="the test data of the Pod Security admission controller")
    parser.add_argument("--no-speed", action="store_true", help="do not measure the speed")
    arguments = parser.parse_args()
    good = arguments.no_speed or measure_speed()
    if arguments.standard is not None:
        good = compare_with_standard(arguments.standard) and good
    if arguments.corpus is not None:
        good = compare_controls(arguments.corpus) and good
        good = compare_with_peers(arguments.corpus) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
