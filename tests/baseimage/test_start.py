"""What an image starts is followed from its configuration through scripts, wrappers and links."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.baseadvice import GLIBC, SHELL, STATIC, advise, dynamic

IMAGE: dict[str, bytes | str] = {
    **GLIBC,
    "bin/dash": SHELL,
    "bin/sh": "-> dash",
    "usr/bin/env": dynamic(),
    "usr/bin/python3.13": dynamic(),
    "usr/bin/python3": "-> python3.13",
    "usr/bin/tini": STATIC,
    "usr/local/bin/gosu": STATIC,
    "usr/bin/apt-get": dynamic(),
    "usr/sbin/nginx": dynamic(),
    "app/server": STATIC,
    "app/tool.py": "#!/usr/bin/env python3\nprint(1)\n",
    "app/alone.py": "#!/usr/bin/python3 -u\nprint(1)\n",
    "entrypoint.sh": '#!/bin/sh\nset -e\nif [ "$1" = x ]; then\n  apt-get update\nfi\nexec gosu app "$@"\n',
    "loop.sh": "#!/bin/sh\nexec /loop.sh\n",
}


def paths(folder: Path, **config: Any) -> list[str]:
    return [step.path or f"{step.word}?" for step in advise(folder, IMAGE, config=config).start.steps]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"Cmd": ["nginx", "-g", "daemon off;"]}, ["usr/sbin/nginx"]),
        ({"Entrypoint": ["/app/server"]}, ["app/server"]),
        ({"Cmd": ["./server"], "WorkingDir": "/app"}, ["app/server"]),
        ({"Cmd": ["server"], "Env": ["PATH=/app:/bin"]}, ["app/server"]),
        ({"Cmd": ["python3", "-m", "x"]}, ["usr/bin/python3.13"]),
        ({"Entrypoint": ["tini", "--"], "Cmd": ["/app/server"]}, ["usr/bin/tini", "app/server"]),
        ({"Entrypoint": ["tini", "-g", "-p", "KILL", "--", "gosu", "app", "nginx"]}, ["usr/bin/tini", "usr/local/bin/gosu", "usr/sbin/nginx"]),
        ({"Cmd": ["/bin/sh", "-c", "nginx"]}, ["bin/dash", "usr/sbin/nginx"]),
        ({"Cmd": ["/bin/sh", "-c", "cd /app && X=1 nginx | /app/server"]}, ["bin/dash", "usr/sbin/nginx", "app/server"]),
        ({"Cmd": ["/bin/sh"]}, ["bin/dash"]),
        ({"Entrypoint": ["/entrypoint.sh"], "Cmd": ["nginx"]}, ["entrypoint.sh", "bin/dash", "usr/bin/apt-get", "usr/local/bin/gosu", "usr/sbin/nginx"]),
        ({"Cmd": ["/app/tool.py"]}, ["app/tool.py", "usr/bin/python3.13"]),
        ({"Cmd": ["/app/alone.py"]}, ["app/alone.py", "usr/bin/python3.13"]),
        ({"Cmd": ["env", "A=1", "-u", "B", "/app/server"]}, ["usr/bin/env", "app/server"]),
        ({"Cmd": ["/loop.sh"]}, ["loop.sh", "bin/dash"]),
        ({"Cmd": ["absent"]}, ["absent?"]),
        ({}, []),
    ],
    ids=str,
)  # fmt: skip
def test_the_way_from_the_configuration_to_what_runs(
    config: dict[str, Any], expected: list[str], tmp_path: Path
) -> None:
    found = paths(tmp_path, **config)
    # env, which a script's first line names, is a step too; it is of no interest here.
    assert [one for one in found if one != "usr/bin/env" or "env" in str(config.get("Cmd"))] == expected


@pytest.mark.parametrize(
    ("config", "shell", "form"),
    [
        ({"Cmd": ["nginx"]}, False, False),
        ({"Cmd": ["/bin/sh", "-c", "nginx -g x"]}, True, True),
        ({"Cmd": ["/bin/sh", "-c", "nginx && true"]}, True, False),
        ({"Cmd": ["/bin/sh", "-c", "nginx $ARGS"]}, True, False),
        ({"Entrypoint": ["/entrypoint.sh"], "Cmd": ["nginx"]}, True, False),
        ({"Cmd": ["/bin/sh"]}, True, False),
    ],
    ids=str,
)
def test_whether_a_shell_is_needed_and_only_for_the_form(
    config: dict[str, Any], tmp_path: Path, *, shell: bool, form: bool
) -> None:
    start = advise(tmp_path, IMAGE, config=config).start
    assert (bool(start.shell), start.form) == (shell, form)


def test_a_package_manager_that_is_run_at_the_start_is_told(tmp_path: Path) -> None:
    assert advise(tmp_path, IMAGE, config={"Entrypoint": ["/entrypoint.sh"], "Cmd": ["nginx"]}).start.managers == (
        "apt-get",
    )


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({}, "the configuration names no program"),
        ({"Cmd": ["/bin/sh"]}, "is the interactive shell /bin/sh, whose input is unknown"),
        ({"Cmd": ["/bin/sh", "-c", "exec $PROGRAM"]}, "starts $PROGRAM, which is known only at run time"),
    ],
)
def test_what_cannot_be_told_is_said(config: dict[str, Any], said: str, tmp_path: Path) -> None:
    assert any(said in one for one in advise(tmp_path, IMAGE, config=config).start.unknown)


def test_what_is_started_can_be_given(tmp_path: Path) -> None:
    assert [step.path for step in advise(tmp_path, IMAGE, start=("/app/server",)).start.steps] == ["app/server"]
