"""Makes manifests of kustomizations and Helm charts with the programs that do: kustomize or kubectl, and helm.

They run only where the user asks for it, since a kustomization or chart is the text of whoever sent it: in a network
namespace of their own without any interface, without programs on their PATH, in a home directory of their own, within
bounds on time, memory and output. Where no such namespace can be made, they do not run.
"""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Final

from sealock.errors import TargetError
from sealock.formats.files import FileRefusedError
from sealock.model.location import Source
from sealock.targets.files import read_named
from sealock.targets.projects import is_within
from sealock.targets.rendernames import is_chart
from sealock.text import format_size, line

_SOURCES: Final = (".yaml", ".yml", ".json", ".tpl")
_SECONDS: Final = 60.0
_OUTPUT: Final = 32 << 20
"""The most bytes of manifests."""
_MEMORY: Final = 8 << 30
"""The most bytes of addresses; programs in Go reserve far more than they use."""
_MOST_FILES: Final = 5000
_NEW_USER: Final = 0x10000000
_NEW_NETWORK: Final = 0x40000000
_NO_NEW_PRIVILEGES: Final = 38


def render(path: str) -> str:
    """The manifests that a kustomization or chart makes; TargetError where that fails."""
    directory = os.path.dirname(path) or "."
    if is_chart(path):
        return _run((_program(("helm",), directory), "template", "release", os.path.abspath(directory)))
    program = _program(("kustomize", "kubectl"), directory)
    verb = "build" if os.path.basename(program) == "kustomize" else "kustomize"
    return _run((program, verb, os.path.abspath(directory)))


def originals(path: str, outside: str) -> tuple[Source, ...]:
    """The files that a kustomization or chart is made of: those in its directory; of a kustomization all in `outside`.

    A kustomization takes files of other directories; those of the directory that the user named count.
    """
    top = os.path.dirname(path) or "."
    if not is_chart(path) and is_within(top, outside):
        top = outside
    return tuple(_sources(top))


def _sources(top: str) -> Iterator[Source]:
    left = _MOST_FILES
    for directory, below, files in os.walk(top):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(files):
            if not name.lower().endswith(_SOURCES):
                continue
            left -= 1
            if left < 0:
                return
            path = os.path.normpath(os.path.join(directory, name))
            if os.path.islink(path):
                continue
            try:
                yield Source(path, read_named(path, outside=True))
            except FileRefusedError:
                continue


def _program(names: tuple[str, ...], directory: str) -> str:
    """The first of these programs that is there; one below the directory itself is the text of whoever sent it."""
    for name in names:
        found = shutil.which(name)
        if found and os.path.isabs(found) and not is_within(found, directory):
            return found
    msg = f"could not be rendered: {' or '.join(names)} is not on PATH"
    raise TargetError(msg)


def _run(words: tuple[str, ...]) -> str:
    if sys.platform != "linux":
        msg = f"could not be rendered: {os.path.basename(words[0])} runs without a network only on Linux"
        raise TargetError(msg)
    with TemporaryDirectory() as home, TemporaryFile() as output, TemporaryFile() as complaints:
        environment = {"HOME": home, "PATH": home, "TMPDIR": home, "KUBECONFIG": os.devnull}
        environment |= {f"HELM_{kind}_HOME": home for kind in ("CACHE", "CONFIG", "DATA")}
        try:
            done = subprocess.run(  # noqa: S603  the user asked for it, and the program is not the target's
                words,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=complaints,
                timeout=_SECONDS,
                env=environment,
                cwd=home,
                preexec_fn=_confine,
                check=False,
            )
        except subprocess.TimeoutExpired:
            msg = f"could not be rendered: {os.path.basename(words[0])} took longer than {_SECONDS:.0f} s"
            raise TargetError(msg) from None
        except (OSError, subprocess.SubprocessError) as error:
            why = (
                "it needs a network namespace of its own, which this system refuses" if _refused(error) else str(error)
            )
            msg = f"could not be rendered: {os.path.basename(words[0])} could not be started: {why}"
            raise TargetError(msg) from None
        output.seek(0)
        complaints.seek(0)
        text, why = output.read(_OUTPUT + 1), complaints.read(2000).decode("utf-8", "replace").strip()
    if done.returncode or len(text) > _OUTPUT:
        why = why.splitlines()[-1] if why else f"exit status {done.returncode}"
        why = f"more than {format_size(_OUTPUT)} of manifests" if len(text) > _OUTPUT else why
        msg = f"could not be rendered by {os.path.basename(words[0])}: {line(why, 300)}"
        raise TargetError(msg)
    return text.decode("utf-8", "replace")


def _refused(error: Exception) -> bool:
    return isinstance(error, subprocess.SubprocessError) or getattr(error, "errno", None) == 1


def _confine() -> None:
    """Leave the network, and accept bounds: between fork and exec."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_NETWORK) and libc.unshare(_NEW_USER | _NEW_NETWORK):
        raise OSError(ctypes.get_errno(), "unshare")
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    # The clock ends it first, with an error of its own; this ends what escapes from there.
    resource.setrlimit(resource.RLIMIT_CPU, (2 * int(_SECONDS), 2 * int(_SECONDS)))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_OUTPUT + 1, _OUTPUT + 1))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
