from __future__ import annotations

from sealock.rules.build._fixes import append_command
from sealock.rules.build._ran import calls, mounted, reaches_image, removes
from sealock.rules.kit import At, Build, Final, Iterator, Rule, RuleFinding, Severity, docker_docs

_CONDA: Final = (frozenset({"install", "create", "update", "env"}), "clean -afy", ("/opt/conda/pkgs", "~/.conda/pkgs"))
_CACHES: Final[dict[str, tuple[frozenset[str], str, tuple[str, ...]]]] = {
    # What fills the cache, what empties it (after the manager's name), where it is.
    "npm": (frozenset({"install", "i", "ci", "add"}), "cache clean --force", ("~/.npm", "~/.npm/_cacache")),
    "yarn": (
        frozenset({"", "install", "add", "global"}),
        "cache clean",
        ("~/.cache/yarn", "/usr/local/share/.cache/yarn", "/usr/local/share/.cache", "~/.yarn/berry/cache"),
    ),
    "conda": _CONDA,
    "mamba": _CONDA,
    "micromamba": _CONDA,
    "composer": (
        frozenset({"install", "update", "require"}),
        "clear-cache",
        ("~/.composer/cache", "~/.cache/composer"),
    ),
}


class LanguageCacheKept(Rule[Build]):
    """Download cache of npm, Yarn, conda or Composer stays in the image.

    Every package is in the layer twice: installed, and in the cache for a next time that never comes. Empty the cache
    in the RUN that filled it, or keep it in a cache mount.
    """

    id = "B114"
    severity = Severity.INFO
    safe = True
    references = (docker_docs("build/cache/optimize/#use-cache-mounts"),)
    remedy = "End the RUN with the manager's own clean-up (`&& npm cache clean --force`), or mount a cache."
    bad = (
        "FROM node:22\nRUN npm ci\n",
        "FROM node:22\nRUN yarn install --frozen-lockfile\n",
        "FROM continuumio/miniconda3:24.5.0-0\nRUN conda install -y numpy=2.0\n",
        "FROM composer:2.7\nRUN composer install --no-dev\n",
    )
    good = (
        "FROM node:22\nRUN npm ci && npm cache clean --force\n",
        "FROM node:22\nRUN --mount=type=cache,target=/root/.npm npm ci\n",
        "FROM node:22\nRUN yarn install --frozen-lockfile && yarn cache clean\n",
        "FROM continuumio/miniconda3:24.5.0-0\nRUN conda install -y numpy=2.0 && conda clean -afy\n",
        "FROM composer:2.7\nRUN composer install --no-dev --no-cache\n",
        "FROM node:22 AS build\nRUN npm ci\nFROM nginx:1.27\nCOPY --from=build /app/dist /srv\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        reaching = reaches_image(build)
        cleaned = {
            (call.ran.at, _CACHES[call.manager][2])
            for call in calls(build, _CACHES)
            if call.verb.text in {"clean", "clear-cache", "clearcache"}
            or (call.verb.text == "cache" and any(operand.text in {"clean", "rm"} for operand in call.operands))
        }
        seen: set[tuple[At, tuple[str, ...]]] = set()
        for call in calls(build, _CACHES):
            fills, clean, folders = _CACHES[call.manager]
            # Managers with one cache, such as conda and mamba, empty it for each other.
            key, run = (call.ran.at, folders), call.ran.run
            if call.verb.text not in fills or key in cleaned or key in seen or call.ran.stage.index not in reaching:
                continue
            if call.has("--no-cache", "--version", "--help") or mounted(run, *folders) or removes(run, *folders):
                continue
            seen.add(key)
            yield self.finding(
                f"leaves the cache of {call.manager} in the layer",
                call.ran.at,
                place=call.ran.command.place,
                fix=append_command(build, run, f"{call.manager} {clean}"),
            )
