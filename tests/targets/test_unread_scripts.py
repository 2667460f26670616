"""Run lines in scripts that nest too deeply, or are too long, to be read are named: nothing hides from the rules so."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealock.scan.run import check
from sealock.scan.settings import Settings
from sealock.targets.fileinputs import Options
from sealock.targets.inputs import FileInput, SkippedInput
from sealock.targets.resolve import resolve

LINE = "docker run --privileged x"
IFS = f"{'if true; then ' * 60}{LINE};{'fi;' * 60}"
ROWS = [
    ("as many scripts in words as are read", "a.sh", f"#!/bin/sh\n{'eval ' * 20}{LINE}\n", None),
    ("scripts in words", "a.sh", f"#!/bin/sh\n{'eval ' * 21}{LINE}\n", "from line 2 on"),
    ("substitutions", "a.sh", f"#!/bin/sh\n\n{'$(' * 60}{LINE}{')' * 60}\n", "from line 3 on"),
    ("statements", "a.sh", f"#!/bin/sh\n{IFS}\n", "from line 2 on"),
    ("behind very many commands", "a.sh", "#!/bin/sh\n" + "true\n" * 30_200 + f"{LINE}\n", "from line 30101 on"),
    ("in a Makefile", "Makefile", f"a:\n\t{IFS}\n", "from line 2 on"),
    ("in a page", "a.md", f"# A\n\n```sh\n{IFS}\n```\n", "from line 4 on"),
    ("in a step", ".gitlab-ci.yml", f"a:\n  script:\n  - {IFS}\n", "from line 3 on"),
    (
        "in the command of a pod",
        "p.yml",
        f"apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - args:\n    - {IFS}\n",
        "from line 6 on",
    ),
    (
        "in the command of a service",
        "compose.yml",
        f"services:\n  a:\n    image: x\n    command:\n    - {IFS}\n",
        "from line 5 on",
    ),
    ("in a unit", "a.service", f"[Service]\nExecStart=/bin/sh -c '{IFS}'\n", "from line 2 on"),
    ("others that read are beside", "a.sh", f"#!/bin/sh\ndocker run y\n{IFS}\n", "from line 3 on"),
    ("nothing of an engine", "a.sh", f"#!/bin/sh\ndocker run y\n{IFS.replace(LINE, 'true')}\n", None),
]


@pytest.mark.parametrize(("name", "text", "where"), [pytest.param(*row, id=sentence) for sentence, *row in ROWS])
def test_a_run_line_that_no_reader_reaches_is_named(tmp_path: Path, name: str, text: str, where: str | None) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    (read,) = resolve(str(tmp_path), Options())
    assert isinstance(read, FileInput | SkippedInput)
    said = [form.reason for form in read.unevaluated]
    assert said == ([f"sealock cannot read the script, which mentions an engine, {where}"] if where else [])


@pytest.mark.parametrize(
    ("instruction", "is_error"),
    [
        (f"RUN {'$(' * 60}curl x | sh{')' * 60}", True),
        (f"RUN {'eval ' * 21}curl", True),
        (f'RUN ["sh", "-c", "{"eval " * 21}curl"]', True),
        (f'CMD ["sh", "-c", "{"a|" * 600}"]', True),
        (f"RUN {'$(' * 40}curl x | sh{')' * 40}", False),
    ],
    ids=["substitutions", "scripts in words", "in the exec form", "too many pipes in it", "as deep as is read"],
)
def test_an_instruction_whose_script_is_not_read_whole_is_an_error(
    tmp_path: Path, instruction: str, *, is_error: bool
) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM a:1\n{instruction}\n", encoding="utf-8")
    (target,) = check(str(tmp_path / "Dockerfile"), settings=Settings()).targets
    assert [error.location.line for error in target.errors] == ([2] if is_error else [])
