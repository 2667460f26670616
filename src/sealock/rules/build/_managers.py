"""The package managers that rules know, and their options that take a value."""

from __future__ import annotations

from typing import Final

APT: Final = ("apt-get", "apt", "aptitude")
"""The programs of apt, which install the same packages from the same lists."""
VALUED: Final[dict[str, frozenset[str]]] = {
    # The options of each manager that take the next word as their value.
    "apt-get": frozenset({
        "-o", "--option", "-t", "--target-release", "--default-release", "-c", "--config-file", "-a",
        "--host-architecture",
    }),
    "apk": frozenset({
        "-t", "--virtual", "-X", "--repository", "-p", "--root", "--repositories-file", "--keys-dir",
        "--arch", "--wait", "--cache-dir", "--cache-max-age", "--progress-fd", "--timeout",
    }),
    "yum": frozenset({
        "-c", "--config", "-x", "--exclude", "--enablerepo", "--disablerepo", "--repo", "--repoid",
        "--installroot", "--releasever", "--setopt", "-d", "-e", "-R", "--forcearch", "--nodocs=",
    }),
    "zypper": frozenset({
        "-t", "--type", "-r", "--repo", "--from", "-R", "--root", "--installroot", "-c", "--config", "-p",
    }),
    "pip": frozenset({
        "-r", "--requirement", "-c", "--constraint", "-e", "--editable", "-i", "--index-url",
        "--extra-index-url", "-f", "--find-links", "-t", "--target", "--prefix", "--root", "--trusted-host",
        "--platform", "--python-version", "--abi", "--implementation", "--no-binary", "--only-binary",
        "--upgrade-strategy", "--cache-dir", "--proxy", "--timeout", "--retries", "--progress-bar", "--src",
        "-b", "--build", "--global-option", "--install-option", "--config-settings", "-C", "--cert",
        "--client-cert", "--log", "--python", "--report", "--exists-action", "--root-user-action",
        "--use-feature", "--use-deprecated", "--group",
    }),
    "npm": frozenset({
        "--prefix", "-C", "--registry", "--loglevel", "--omit", "--only", "--include", "--cache", "-w",
        "--workspace", "--userconfig", "--install-strategy", "--network-timeout", "--cwd", "--modules-folder",
        "--cache-folder", "--mutex", "--filter", "-F", "--dir", "--store-dir", "--fetch-timeout",
        "--fetch-retries", "--maxsockets",
    }),
    "gem": frozenset({
        "-v", "--version", "-i", "--install-dir", "-n", "--bindir", "-s", "--source", "-p", "--http-proxy",
        "-P", "--trust-policy", "--platform", "-g", "--file", "--build-root",
    }),
    "go": frozenset({
        "-tags", "-ldflags", "-gcflags", "-asmflags", "-mod", "-modfile", "-o", "-p", "-buildmode", "-C",
        "-exec",
    }),
    "cargo": frozenset({
        "--version", "--vers", "--git", "--branch", "--tag", "--rev", "--path", "--root", "--registry",
        "--index", "-F", "--features", "--target", "--target-dir", "--profile", "-j", "--jobs", "--bin",
        "--example", "--config", "-Z",
    }),
    "conda": frozenset({
        "-n", "--name", "-p", "--prefix", "-c", "--channel", "-f", "--file", "--solver",
        "--experimental-solver",
    }),
    "composer": frozenset({
        "-d", "--working-dir", "--prefer-install", "--ignore-platform-req",
    }),
    "pacman": frozenset({
        "--config", "--root", "-r", "-b", "--dbpath", "--cachedir", "--arch", "--ignore", "--overwrite",
    }),
}  # fmt: skip
ALIKE: Final[dict[str, str]] = {
    # Managers that share their options with another.
    "apt": "apt-get",
    "aptitude": "apt-get",
    "dnf": "yum",
    "dnf5": "yum",
    "microdnf": "yum",
    "tdnf": "yum",
    "yarn": "npm",
    "pnpm": "npm",
    "mamba": "conda",
    "micromamba": "conda",
}
