"""Our reading of a Dockerfile against BuildKit's own: the same file, the same configuration, the same refusals."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sealock import formats
from sealock.formats.textedits import apply_edits
from sealock.model.absent import given
from sealock.model.build import Build
from sealock.model.change import Set
from sealock.model.container import Container
from sealock.model.document import Document
from sealock.model.location import Source
from support.realengine import until_printed
from support.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.live

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
Docker = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def docker() -> Iterator[Docker]:
    """A daemon of our own with one image, base:1, that holds busybox and has no configuration; and debian:1, with useradd as well."""
    with tempfile.TemporaryDirectory(prefix="sealock-") as name:
        folder = Path(name)
        address = f"unix://{folder}/docker.sock"
        daemon = subprocess.Popen(
            [
                "unshare", "--net", "dockerd", "--data-root", folder / "data", "--exec-root", folder / "exec", "--host", address,
                "--pidfile", folder / "pid", "--bridge=none", "--iptables=false", "--storage-driver=vfs",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip

        def run(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
            command = ["docker", "--host", address, *words]
            return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=PATIENCE)

        try:
            wait_until(lambda: daemon.poll() is not None or run("version").returncode == 0)
            _base_image(folder, run)
            yield run
        finally:
            daemon.terminate()
            daemon.wait(PATIENCE)
            # The daemon mounts its folder onto itself, and may leave that behind.
            subprocess.run(["umount", folder / "data"], check=False, stderr=subprocess.DEVNULL)


def _base_image(folder: Path, run: Docker) -> None:
    root = folder / "root"
    (root / "bin").mkdir(parents=True)
    busybox = shutil.which("busybox")
    assert busybox is not None
    shutil.copy(busybox, root / "bin/busybox")
    for name in ("sh", "cat", "echo", "true", "id"):
        (root / "bin" / name).symlink_to("busybox")
    (root / "etc").mkdir()
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\n")
    _import(root, "base:1", run)
    # The programs that create accounts, with the libraries that they need, make it enough of a Debian.
    for program in ("/usr/sbin/groupadd", "/usr/sbin/useradd"):
        told = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
        for path in (program, *re.findall(r"(/\S+) \(0x", told)):
            (root / path[1:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, root / path[1:])
    _import(root, "debian:1", run)


def _import(root: Path, tag: str, run: Docker) -> None:
    archive = root.parent / "root.tar"
    subprocess.run(["tar", "-C", root, "-cf", archive, "."], check=True)
    assert run("import", str(archive), tag).returncode == 0


def build(docker: Docker, folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    (folder / "Dockerfile").write_bytes(text.encode())
    for name in ("a", "b"):
        (folder / name).write_text(name)
    made = docker("buildx", "build", "--network", "none", "--iidfile", "id", ".", cwd=folder)
    # A daemon that is gone refuses everything: BuildKit must have given the answer itself.
    refused = ("ERROR: failed to solve", "ERROR: failed to run Build function")
    assert made.returncode == 0 or any(word in made.stderr for word in refused), made.stderr
    return made


def config_of(docker: Docker, folder: Path) -> dict[str, Any]:
    told = docker("image", "inspect", (folder / "id").read_text().strip())
    config: dict[str, Any] = json.loads(told.stdout)[0]["Config"]
    health = config.get("Healthcheck")
    return {
        "User": config.get("User", ""),
        "ExposedPorts": set(config.get("ExposedPorts") or ()),
        "Env": [one for one in config.get("Env") or () if one != f"PATH={PATH}"],
        "Labels": config.get("Labels") or {},
        "Volumes": set(config.get("Volumes") or ()),
        "WorkingDir": config.get("WorkingDir", "").removesuffix("/"),
        "Entrypoint": tuple(config.get("Entrypoint") or ()),
        "Cmd": tuple(config.get("Cmd") or ()),
        "Healthcheck": {key: value for key, value in health.items() if value} if health else None,
        "StopSignal": config.get("StopSignal", ""),
        "OnBuild": len(config.get("OnBuild") or ()),
    }


def read(text: str) -> Document:
    return formats.read("dockerfile", Source("Dockerfile", text))


def our_config(document: Document) -> dict[str, Any]:
    made = document.subjects[0].noun
    assert isinstance(made, Build)
    assert made.final is not None
    container = made.final.container
    return {
        "User": given(container.user, ""),
        "ExposedPorts": {one for port in given(container.expose, ()) for one in each_port(port)},
        "Env": [f"{one.name}={one.value}" for one in given(container.environment, ())],
        "Labels": {one.name: one.value for one in given(container.labels, ())},
        "Volumes": {one.target for one in given(container.mounts, ())},
        "WorkingDir": given(container.working_dir, "").removesuffix("/"),
        "Entrypoint": given(container.entrypoint, ()),
        "Cmd": given(container.command, ()),
        "Healthcheck": our_health(container),
        "StopSignal": given(container.stop_signal, ""),
        "OnBuild": sum(instruction.onbuild for instruction in made.final.instructions),
    }


def each_port(port: str) -> list[str]:
    numbers, _, protocol = port.partition("/")
    first, dash, last = numbers.partition("-")
    return [f"{number}/{protocol}" for number in range(int(first), int(last if dash else first) + 1)]


def our_health(container: Container) -> dict[str, Any] | None:
    health = given(container.health, None)
    if health is None:
        return None
    if health.disabled:
        return {"Test": ["NONE"]}
    told = {
        "Test": list(health.test),
        "Interval": health.interval,
        "Timeout": health.timeout,
        "StartPeriod": health.start_period,
        "StartInterval": health.start_interval,
        "Retries": health.retries,
    }
    return {key: round(value * 1e9) if isinstance(value, float) else value for key, value in told.items() if value}


EXPANSIONS = r"""
$A  ${A}  ${A}x  $A.x  x$A$B  ${A:-y}  ${N:-y}  ${E:-y}  ${E-y}  ${N-y}  ${N:-$A}  ${N:-${A}}  ${N:-${M:-deep}}  ${A:+y}
${N:+y}  ${E:+y}  ${E+y}  ${A+y}  ${N+y}  ${A:?e}  ${A?e}  ${E?e}  ${P#*/}  ${P##*/}  ${P%/*}  ${P%%/*}  ${P#x}  ${P%.gz}
${P%%.*}  ${P#?}  ${P%?}  ${P##*}  ${P/a/X}  ${P//a/X}  ${P/r?/X}  ${P//a*z/X}  ${P/\//-}  ${P//\//-}  ${P/none/X}  ${P#\*}
${N#a}  ${N/a/b}  \$A  \${A}  '$A'  "$A"  "\$A"  "${A}'q'"  'a"b'  "a\"b"  a\ b  "a b"  'a b'  $  $$  a$  $1  ${A}$  $é
""  ''  \\  a\b  "a\b"  "a\\b"  ${A:-"q q"}  ${N:-"q q"}  ${N:-'q'}  ${N:-\}}  "${N:-x y}"  ${P%%a*}  ${A}${E}${N}  ${N:-}
${A#${A}}  $A_B  ${A}_B  ${S%%s*}  ${S##*s}  ${S/s/T}  ${S//s/T}  ${S//s/}  ${S#m*s}  ${S##m*s}  ${S%s*i}  ${S%%s*i}  ${S//*/T}
${S//?/T}  ${S/i*s/T}  ${S//i?s/T}  a"b"c'd'  "a"'b'  ${1}  $*  ${A:-$}  "$"  '  '  "x  y"
""".strip().replace("\n", "  ")


def expansions() -> list[str]:
    """The forms; two blanks part them, but for those inside quotes."""
    forms: list[str] = []
    open_quote = False
    for piece in EXPANSIONS.split("  "):
        if open_quote:
            forms[-1] += "  " + piece
        else:
            forms.append(piece)
        open_quote = (open_quote != (piece in {"'", '"x', 'y"'})) if piece in {"'", '"x', 'y"'} else open_quote
    return forms


SETUP = "FROM scratch\nENV A=one B=two E= P=/usr/share/a.tar.gz S=mississippi\n"
SAME = {
    "nothing said": "FROM base:1\n",
    "user": "FROM base:1\nUSER 1000:1000\n",
    "user from ARG with default": "FROM base:1\nARG U=app\nUSER ${U}\n",
    "user from ENV, quoted": 'FROM base:1\nENV U=00\nUSER "$U"\n',
    "user with blanks": "FROM base:1\nUSER a b\n",
    "last user counts": "FROM base:1\nUSER a\nUSER b\n",
    "expose": "FROM base:1\nEXPOSE 80 443/udp 8000-8003/TCP 53/sctp\n",
    "expose from variables": "FROM scratch\nARG P='80 81'\nENV Q=90-91\nEXPOSE $P ${Q}/udp ${R:-7}\n",
    "expose with host ports": "FROM base:1\nEXPOSE 127.0.0.1:80:8080 90:9090/udp\n",
    "env forms": "FROM scratch\nENV A=1 B=\"x y\" C='z' D=a\\ b\nENV OLD some  value here \nENV A=2\n",
    "env sees what stood before": "FROM scratch\nENV A=1\nENV A=2 B=$A\n",
    "env of one line with quotes": 'FROM scratch\nENV A "x y" z\n',
    "env with equals signs": "FROM scratch\nENV A=b=c==d\n",
    "label": 'FROM base:1\nLABEL a.b="x y" c=d "e f"=g\nLABEL old value of it\n',
    "label of several lines": 'FROM base:1\nLABEL a=1 \\\n  # a comment\n\n  b="2 \\\n3"\n',
    "volume": 'FROM base:1\nVOLUME /a /b\nVOLUME ["/c d", "/e"]\n',
    "volume with variables": 'FROM scratch\nARG D=/x\nVOLUME $D/y\nVOLUME ["${D}/z"]\n',
    "workdir": "FROM base:1\nWORKDIR /a\nWORKDIR b\nWORKDIR ../c/./d/\n",
    "relative workdir": "FROM scratch\nWORKDIR a//b/\n",
    "workdir with blanks and variables": 'FROM scratch\nENV D=/x\nWORKDIR "$D/a b"\n',
    "exec and shell forms": 'FROM base:1\nENTRYPOINT ["a", "b c"]\nCMD d  e "f"\n',
    "cmd before entrypoint": "FROM base:1\nCMD a\nENTRYPOINT b\n",
    "what follows a JSON array is dropped": 'FROM base:1\nENTRYPOINT ["a"] # comment\nCMD [ "$X" ] || exit 1\nVOLUME ["/v"] /w\nRUN ["/bin/true"] && false\nHEALTHCHECK CMD ["x", "]\\"["]]\n',
    "broken JSON is a shell line": "FROM base:1\nCMD ['a', 'b']\nENTRYPOINT [a]\n",
    "JSON escapes": 'FROM base:1\nCMD [ "a\\tb", "\\u0041\\"" , "c\\\\d" ]\n',
    "empty JSON": "FROM base:1\nCMD []\nENTRYPOINT []\n",
    "bare CMD": "FROM base:1\nCMD\n",
    "shell": 'FROM base:1\nSHELL ["/bin/bash", "-o", "pipefail", "-c"]\nCMD a | b\nSHELL ["x"]\nENTRYPOINT y\n',
    "health": "FROM base:1\nHEALTHCHECK --interval=1m30s --timeout=1.5s --start-period=500ms --retries=3 CMD curl -f x || exit 1\n",
    "health in exec form": 'FROM base:1\nHEALTHCHECK CMD ["a", "b"]\n',
    "no health": "FROM base:1\nHEALTHCHECK CMD x\nHEALTHCHECK none\n",
    "health with start interval": "FROM base:1\nHEALTHCHECK --start-interval=2s --interval=0s CMD x\n",
    "stop signal": "FROM scratch\nARG S=KILL\nSTOPSIGNAL SIG${S}\n",
    "onbuild": "FROM base:1\nONBUILD USER x\nONBUILD RUN echo a && \\\n  echo b\nonbuild copy a /\n",
    "onbuild with a here-document": "FROM base:1\nONBUILD RUN <<EOF\necho a\nEOF\nUSER x\n",
    "onbuild with a variable that only the next build must set": "FROM scratch\nONBUILD ENV A=${B:?must}\nUSER x\n",
    "onbuild in a stage above": "FROM base:1 AS a\nONBUILD ENV A=1\nONBUILD USER me\nUSER you\nFROM a\nENV B=$A\n",
    "stages build on stages": (
        "FROM base:1 AS One\nENV A=1\nUSER u\nEXPOSE 1\nCMD a\nWORKDIR /w\nVOLUME /v\n"
        "FROM one AS two\nENV B=$A\nWORKDIR x\nENTRYPOINT e\nFROM two\nLABEL l=$B\n"
    ),
    "an ARG goes on into the stages above": "FROM base:1 AS a\nARG X=1\nFROM a\nENV Y=$X\n",
    "global ARG": "ARG X=1\nARG Y=${X}2\nFROM base:${X} AS a\nARG Y\nENV Z=$Y\nFROM base:1\nARG X\nENV Z=$X\n",
    "global ARG is not in sight undeclared": "ARG X=1\nFROM scratch\nENV Z=a$X\n",
    "ARG after ENV": "FROM scratch\nENV X=env\nARG X=arg\nENV Z=$X\n",
    "ENV after ARG": "FROM scratch\nARG X=arg\nENV X=env\nENV Z=$X\n",
    "ARG hands on": "FROM scratch\nARG X=a\nARG Y=$X-b\nENV Z=$Y\n",
    "several ARGs": 'FROM scratch\nARG X=a Y="b c" Z\nENV V=$X$Y\n',
    "base image from a default": "FROM base:${NONE:-1}\n",
    "copy from number and name": "FROM base:1 AS A\nFROM base:1\nCOPY --from=0 /bin/echo /a\nCOPY --from=a /bin/echo /b\nUSER c\n",
    "unneeded stages are not looked at": "FROM scratch AS no\nENV A=${B:?must}\nFROM base:1\nUSER x\n",
    "continuations": "FROM base:1\nENV \\\nA=1 \\\n\n# comment\n   # indented\n B=2 \\ \n C=3\nUSER x\n",
    "continuation at the end": "FROM base:1\nUSER x \\\n",
    "two backslashes are none": "FROM base:1\nENV A=b\\\\\nUSER x\n",
    "CRLF": "FROM base:1\r\nENV A=1 \\\r\n  B=2\r\nUSER x\r\n",
    "BOM": "\ufeffFROM base:1\nUSER x\n",
    "lower case and indented": "  from base:1 as x\n\tuser y\n env a b\n",
    "escape by backquote": '# escape=`\nFROM base:1\nENV A=C:\\dir B=a`\n  C=`$X D="`""\nUSER x\n',
    "directive after a comment is none": "# comment\n# escape=`\nFROM base:1\nUSER \\\n  x\n",
    "directive in capitals with blanks": "#  ESCAPE = `\nFROM base:1\nUSER `\n  x\n",
    "here-documents": (
        "FROM base:1\nRUN <<EOF\necho a\nEOF\nRUN cat <<A <<'B' >/f\na\nA\nb\nB\nENV A=1\n"
        "COPY <<-one <<two /d/\n\tx\n\tone\ntwo\nLABEL l=m\n"
    ),
    "here-document with an interpreter": "FROM base:1\nRUN <<EOF\n#!/bin/sh\necho a\nEOF\nUSER x\n",
    "here-document in a quote is none": 'FROM base:1\nRUN echo "a <<EOF b"\nUSER x\n',
    "here-string is none": "FROM base:1\nRUN true '<<<a'\nUSER x\n",
    "name with digits": "FROM base:1\nRUN cat 3<<EOF\nUSER no\nEOF\nUSER x\n",
    "copy flags": "FROM base:1\nCOPY --chown=1:2 --chmod=644 --link a b /x/\nADD --chown=1 a /y\nUSER x\n",
    "copy in JSON": 'FROM base:1\nCOPY ["a", "b", "/x/"]\nUSER x\n',
    "run flags": "FROM base:1\nRUN --mount=type=cache,target=/c --mount=type=bind,source=a,target=/a --network=none echo x\nUSER x\n",
    "platform": "FROM --platform=linux/amd64 base:1\nUSER x\n",
    "platform from the builder": "FROM --platform=$BUILDPLATFORM base:1\nUSER x\n",
    "maintainer": "FROM base:1\nMAINTAINER me <me@example.org>\nUSER x\n",
    "no line end": "FROM base:1\nUSER x",
    "labels with variables": "FROM scratch\nENV V=1\nLABEL a=$V b=\"$V\" c='$V'\n",
    "variables in CMD stay": 'FROM scratch\nENV V=1\nCMD echo $V\nENTRYPOINT ["$V"]\n',
    "tabs between": "FROM\tbase:1\nENV\tA=1\tB=2\nUSER\tx\n",
    "arguments after dashes": "FROM base:1\nCOPY -- a /x\nUSER x\n",
}  # fmt: skip
# A file of ARGs alone is not among these: it makes this engine panic, and every later build would then "be refused".
REFUSED = {
    "nothing at all": "",
    "comments alone": "# x\n",
    "no FROM": "RUN echo\n",
    "instruction before FROM": "ENV A=1\nFROM base:1\n",
    "unknown instruction": "FROM base:1\nRUNN echo\n",
    "FROM alone": "FROM\n",
    "FROM with two words": "FROM base:1 x\n",
    "FROM with a wrong word": "FROM base:1 is x\n",
    "stage name with a digit first": "FROM base:1 AS 1a\n",
    "ENV alone": "FROM base:1\nENV\n",
    "ENV with a name alone": "FROM base:1\nENV A\n",
    "ENV with a word too many": "FROM base:1\nENV A=1 B\n",
    "ENV without name": "FROM base:1\nENV =1\n",
    "LABEL alone": "FROM base:1\nLABEL\n",
    "USER alone": "FROM base:1\nUSER\n",
    "WORKDIR alone": "FROM base:1\nWORKDIR\n",
    "EXPOSE alone": "FROM base:1\nEXPOSE\n",
    "VOLUME alone": "FROM base:1\nVOLUME\n",
    "VOLUME of nothing": 'FROM base:1\nVOLUME [""]\n',
    "COPY with one word": "FROM base:1\nCOPY a\n",
    "ADD with one word": "FROM base:1\nADD a\n",
    "COPY with an unknown flag": "FROM base:1\nCOPY --wrong=1 a /\n",
    "COPY with a flag twice": "FROM base:1\nCOPY --chown=1 --chown=2 a /\n",
    "COPY flag without value": "FROM base:1\nCOPY --chown a /\n",
    "COPY from a number too high": "FROM base:1\nCOPY --from=3 a /\n",
    "COPY from a variable": "FROM base:1\nARG S=x\nCOPY --from=$S a /\n",
    "COPY from itself": "FROM base:1 AS a\nCOPY --from=a a /\n",
    "RUN with an unknown flag": "FROM base:1\nRUN --wrong echo\n",
    "RUN with a wrong network": "FROM base:1\nRUN --network=some echo\n",
    "RUN with a wrong mount type": "FROM base:1\nRUN --mount=type=some,target=/x echo\n",
    "RUN with a wrong mount option": "FROM base:1\nRUN --mount=type=cache,wrong=/x echo\n",
    "CMD with a flag": "FROM base:1\nCMD --x\n",
    "numbers in JSON": "FROM base:1\nCMD [1, 2]\n",
    "SHELL without JSON": "FROM base:1\nSHELL sh -c\n",
    "SHELL of nothing": "FROM base:1\nSHELL []\n",
    "HEALTHCHECK alone": "FROM base:1\nHEALTHCHECK\n",
    "HEALTHCHECK of another kind": "FROM base:1\nHEALTHCHECK echo x\n",
    "HEALTHCHECK CMD alone": "FROM base:1\nHEALTHCHECK CMD\n",
    "HEALTHCHECK NONE with words": "FROM base:1\nHEALTHCHECK NONE x\n",
    "HEALTHCHECK with a wrong time": "FROM base:1\nHEALTHCHECK --interval=3 CMD x\n",
    "HEALTHCHECK with a time too short": "FROM base:1\nHEALTHCHECK --interval=1us CMD x\n",
    "HEALTHCHECK with wrong retries": "FROM base:1\nHEALTHCHECK --retries=x CMD x\n",
    "VOLUME that comes out empty": "FROM scratch\nVOLUME $A\n",
    "ONBUILD alone": "FROM base:1\nONBUILD\n",
    "ONBUILD ONBUILD": "FROM base:1\nONBUILD ONBUILD RUN x\n",
    "ONBUILD FROM": "FROM base:1\nONBUILD FROM x\n",
    "here-document without end": "FROM base:1\nRUN <<EOF\necho\n",
    "here-document ended by an indented word": "FROM base:1\nRUN <<EOF\necho\n EOF\n",
    "here-document as destination": "FROM base:1\nCOPY a <<EOF\nx\nEOF\n",
    "directive twice": "# escape=`\n# escape=`\nFROM base:1\n",
    "wrong escape": "# escape=x\nFROM base:1\n",
    "unclosed quote": 'FROM base:1\nENV A="b\n',
    "unclosed single quote": "FROM base:1\nENV A='b\n",
    "unclosed brace": "FROM scratch\nENV A=${B\n",
    "empty braces": "FROM scratch\nENV A=${}\n",
    "unknown modifier": "FROM scratch\nENV A=${B@Q}\n",
    "unknown escape in a pattern": "FROM scratch\nENV A=${B#\\m}\n",
    "must be set": "FROM scratch\nENV A=${B:?please}\n",
    "must not be empty": "FROM scratch\nENV B=\nENV A=${B:?please}\n",
    "FROM a stage in capitals": "FROM base:1 AS Name\nFROM Name\n",
    "ONBUILD with an unknown instruction, in the stage above": "FROM base:1 AS a\nONBUILD WRONG x\nFROM a\n",
    "ONBUILD with an instruction that is wrong, in the stage above": "FROM base:1 AS a\nONBUILD COPY x\nFROM a\n",
    "ONBUILD with a variable that must be set, in the stage above": "FROM scratch AS a\nONBUILD ENV A=${B:?must}\nFROM a\n",
    "line too long": "FROM base:1\nENV A=" + "x" * 70_000 + "\n",
    "ARG without name": "FROM base:1\nARG =x\n",
}


@pytest.mark.parametrize("text", SAME.values(), ids=SAME.keys())
def test_the_configuration_is_what_buildkit_makes_of_it(docker: Docker, tmp_path: Path, text: str) -> None:
    made = build(docker, tmp_path, text)
    assert made.returncode == 0, made.stderr
    document = read(text)
    assert not document.errors
    assert our_config(document) == config_of(docker, tmp_path)


def test_every_form_of_a_variable_has_the_value_that_buildkit_gives_it(docker: Docker, tmp_path: Path) -> None:
    forms = expansions()
    text = SETUP + "".join(f"ENV V{index}={form}\n" for index, form in enumerate(forms))
    made = build(docker, tmp_path, text)
    assert made.returncode == 0, made.stderr
    document = read(text)
    assert not document.errors
    theirs = dict(zip(forms, config_of(docker, tmp_path)["Env"][5:], strict=True))
    assert dict(zip(forms, our_config(document)["Env"][5:], strict=True)) == theirs


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_what_buildkit_refuses_is_a_problem(docker: Docker, tmp_path: Path, text: str) -> None:
    assert build(docker, tmp_path, text).returncode != 0
    assert read(text).errors


@pytest.mark.parametrize(
    "text",
    [
        "FROM debian:1\nRUN true\nCMD id\n",
        "FROM debian:1\nUSER root\nCMD id\n",
        "FROM debian:1\nUSER root\nRUN true\n# Says who it is.\nENTRYPOINT id\n",
        "FROM debian:1 AS below\nENV A=1\nFROM below\nCMD id\n",
    ],
    ids=["no USER", "a USER to change", "a USER that the build needs", "a stage on a stage"],
)
def test_a_mended_file_builds_and_runs_as_the_user_that_was_asked_for(
    docker: Docker, tmp_path: Path, text: str
) -> None:
    document = read(text)
    fixed = apply_edits(text, formats.edits(document, document.subjects[-1], Set("user", "10001:10001")))
    made = build(docker, tmp_path, fixed)
    assert made.returncode == 0, made.stderr
    image = (tmp_path / "id").read_text().strip()
    told = until_printed(lambda: docker("run", "--rm", "--network", "none", image))
    assert told.stdout.split() == ["uid=10001(app)", "gid=10001(app)", "groups=10001(app)"], told.stderr
