"""Directories with compose files, and what `docker compose` loads in them: held against the real one in tests/live."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from msgspec import Struct


class ProjectTree(Struct, frozen=True):
    """Files by their path; those that end in .yml, .yaml or .txt are compose files that add a label of their own path.

    `loads` are the files that Compose merges in `directory`, in this order; `variable` is what ${V} is there.
    """

    files: tuple[str, ...]
    loads: tuple[str, ...]
    variable: str = ""
    texts: tuple[tuple[str, str], ...] = ()
    directory: str = "."
    environment: tuple[tuple[str, str], ...] = ()

    def write(self, root: Path) -> Path:
        """Write the files, and return the directory in which Compose is called."""
        for name in self.files:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            text = f"services:\n  web:\n    image: nginx:1\n    hostname: h${{V}}\n    labels: {{{name}: ''}}\n"
            (root / name).write_text(text, encoding="utf-8")
        for name, text in self.texts:
            (root / name).write_text(text, encoding="utf-8")
        return root / self.directory


BASES: Final = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
OVERRIDES: Final = (
    "compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml",
)  # fmt: skip
LISTED: Final = ("compose.yaml", "compose.override.yml", "deploy/a.yml", "deploy/b.txt")

TREES: Final = {
    **{
        f"{base} is merged with {override}": ProjectTree((base, override), (base, override))
        for base in BASES
        for override in OVERRIDES
    },
    **{f"{BASES[at]} comes before later names": ProjectTree(BASES[at:], (BASES[at],)) for at in range(4)},
    **{
        f"{OVERRIDES[at]} comes before later overrides": ProjectTree(
            ("compose.yml", *OVERRIDES[at:]), ("compose.yml", OVERRIDES[at])
        )
        for at in range(4)
    },
    "COMPOSE_FILE in .env names the files": ProjectTree(
        LISTED, LISTED[2:], "top", ((".env", "COMPOSE_FILE=deploy/a.yml:deploy/b.txt\nV=top\n"),)
    ),
    "a byte order mark before COMPOSE_FILE is no part of it": ProjectTree(
        LISTED, LISTED[2:], "top", ((".env", "\ufeffCOMPOSE_FILE=deploy/a.yml:deploy/b.txt\nV=top\n"),)
    ),
    "COMPOSE_FILE merges no override": ProjectTree(
        LISTED, LISTED[:1], "top", ((".env", "V=top\nexport COMPOSE_FILE='compose.yaml'\n"),)
    ),
    "the .env beside the first file is read too": ProjectTree(
        LISTED, LISTED[2:3], "deploy", ((".env", "COMPOSE_FILE=deploy/a.yml\n"), ("deploy/.env", "V=deploy\n"))
    ),
    "the .env that names the files comes first": ProjectTree(
        LISTED, LISTED[2:3], "top", ((".env", "COMPOSE_FILE=deploy/a.yml\nV=top"), ("deploy/.env", "V=deploy\n"))
    ),
    "COMPOSE_PATH_SEPARATOR separates": ProjectTree(
        LISTED, LISTED[2:], "", ((".env", "COMPOSE_PATH_SEPARATOR=,\nCOMPOSE_FILE=deploy/a.yml,deploy/b.txt\n"),)
    ),
    "COMPOSE_FILE may hold variables": ProjectTree(
        LISTED, LISTED[2:3], "a", ((".env", "V=a\nCOMPOSE_FILE=deploy/$V.yml\n"),)
    ),
    "COMPOSE_FILE in the environment comes before .env": ProjectTree(
        LISTED, LISTED[2:], "deploy", ((".env", "COMPOSE_FILE=compose.yaml\nV=top\n"), ("deploy/.env", "V=deploy\n")),
        environment=(("COMPOSE_FILE", "deploy/a.yml:deploy/b.txt"),),
    ),
    "COMPOSE_ENV_FILES in .env has no effect": ProjectTree(
        LISTED, LISTED[:2], "top", ((".env", "COMPOSE_ENV_FILES=o.env\nV=top\n"), ("o.env", "V=other\n"))
    ),
    "COMPOSE_ENV_FILES in the environment replaces .env": ProjectTree(
        LISTED, LISTED[:2], "two", ((".env", "V=top\n"), ("o.env", "V=one\n"), ("p.env", "V=two\n")),
        environment=(("COMPOSE_ENV_FILES", "o.env,p.env"),),
    ),
}  # fmt: skip
