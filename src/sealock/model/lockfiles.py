"""The names of lock files that sealock recognises and does not read."""

from __future__ import annotations

from typing import Final

UNREAD_LOCKS: Final = frozenset({
    "paket.lock", "project.assets.json", "rebar.lock", "bun.lockb", "Cartfile.resolved", "renv.lock",
    "packrat.lock", "luarocks.lock", "flake.lock", "npins.json", "conda-lock.yml", "conda-lock.yaml", "pixi.lock",
    "vcpkg.json", "Manifest.toml", "stack.yaml.lock", "cabal.project.freeze", "cpanfile.snapshot", "elm.json",
    "shard.lock", "v.mod", "gleam.toml", "MODULE.bazel.lock", "spack.lock", "opam.locked", "nimble.lock",
    "build.sbt.lock", "dub.selections.json", "manifest.toml", "Directory.Packages.props", "Gopkg.lock", "glide.lock",
    "vlt-lock.json", "shrinkwrap.yaml", "maven_install.json", "JuliaManifest.toml", "verification-metadata.xml",
    "environment.yml", "environment.yaml", "setup.cfg.lock",
})  # fmt: skip
