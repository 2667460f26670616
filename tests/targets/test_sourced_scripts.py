"""A script's functions for an engine may be in the files that it sources, and what cannot be read is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealock.formats.scripts import find_run_commands, with_included
from sealock.model.location import Source
from sealock.targets.directory import DirectoryWindow
from sealock.targets.fileinputs import Options
from sealock.targets.inputs import FileInput, SkippedInput
from sealock.targets.resolve import resolve

LIB = 'dk() { docker "$@"; }\n'
RUN = "dk run --privileged x:1\n"
READ = {
    "a file beside the script": (f". ./lib.sh\n{RUN}", {"lib.sh": LIB}),
    "the script's directory": (f'source "$(dirname "$0")/lib.sh"\n{RUN}', {"lib.sh": LIB}),
    "the directory as bash knows it": (f'source "${{BASH_SOURCE%/*}}/lib.sh" || exit 1\n{RUN}', {"lib.sh": LIB}),
    "a variable with the directory": (
        f'D="$(cd "$(dirname "${{BASH_SOURCE[0]}}")" && pwd)"\n. "$D/lib/a.sh"\n{RUN}',
        {"lib/a.sh": LIB},
    ),
    "a directory above, within the project": (
        f'D=$(cd "$(dirname "$0")/.." && pwd)\nif true; then . $D/lib.sh; fi\n{RUN}',
        {"../lib.sh": LIB},
    ),
    "a file that a sourced file sources": (f". lib/a.sh\n{RUN}", {"lib/a.sh": ". ./b.sh\n", "lib/b.sh": LIB}),
    "an alias": (f". ./lib.sh\n{RUN}", {"lib.sh": "alias dk=podman\n"}),
    "the script's own function hides that of the file": (
        f'. ./lib.sh\ndk() {{ podman "$@"; }}\n{RUN}',
        {"lib.sh": LIB},
    ),
}
UNREAD = {
    "a name that only the shell knows": (f'. "$CONF/lib.sh"\n{RUN}', "$CONF/lib.sh, whose name only the shell knows"),
    "a file that is not there": (f". ./lib.sh\n{RUN}", "lib.sh could not be read"),
    "a file outside of the project": (f". ../../lib.sh\n{RUN}", "../../lib.sh is outside"),
    "a function that adds the image": (
        ". /etc/lib.sh\ndk run --privileged\n",
        "/etc/lib.sh, whose name only the shell knows",
    ),
    "commands beside it that start no container": (
        f". /etc/lib.sh\n{RUN}ready\nsite run\nsite run x:1\nsite clean --privileged x:1\n./$A run --privileged x:1\n",
        "/etc/lib.sh, whose name only the shell knows",
    ),
    "a file of the system": (f". /etc/lib.sh\n{RUN}", "/etc/lib.sh, whose name only the shell knows"),
}
NOTHING = {
    "a program with a verb of its own": ". ~/.profile\nnpm run -s build\nuv run --with a x\n",
    "no file is sourced": RUN,
    "an own function for something else": ". ~/.profile\nrun -x\n",
}


def written(directory: Path, script: str, files: dict[str, str]) -> Path:
    (directory / "p" / "bin").mkdir(parents=True)
    for name, text in {"main.sh": script, **files}.items():
        path = (directory / "p" / "bin" / name).resolve()
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return directory / "p"


@pytest.mark.parametrize(("script", "files"), [pytest.param(*row, id=sentence) for sentence, row in READ.items()])
def test_a_function_of_a_sourced_file_stands_for_the_engine(tmp_path: Path, script: str, files: dict[str, str]) -> None:
    directory = written(tmp_path, script, files)
    window = DirectoryWindow(str(directory / "bin"), str(directory))
    (run,) = find_run_commands(with_included(Source("main.sh", script), window))
    assert [word.text for word in run.arguments] == ["--privileged", "x:1"]
    assert run.engine == ("docker" if "docker" in "".join(files.values()) and "podman" not in script else "podman")
    found = [input_ for input_ in resolve(str(directory), Options()) if input_.name == "bin/main.sh"]
    assert [type(input_) for input_ in found] == [FileInput]


@pytest.mark.parametrize(("script", "why"), [pytest.param(*row, id=sentence) for sentence, row in UNREAD.items()])
def test_a_command_that_may_be_an_engine_is_named(tmp_path: Path, script: str, why: str) -> None:
    directory = written(tmp_path, script, {})
    (named,) = resolve(str(directory), Options())
    assert isinstance(named, SkippedInput)
    (form,) = named.unevaluated
    assert form.reason.startswith("a function that is not known may start containers in line 2: the script sources ")
    assert why in form.reason


@pytest.mark.parametrize("script", [pytest.param(text, id=sentence) for sentence, text in NOTHING.items()])
def test_other_scripts_are_left_alone(tmp_path: Path, script: str) -> None:
    assert list(resolve(str(written(tmp_path, script, {})), Options())) == []
