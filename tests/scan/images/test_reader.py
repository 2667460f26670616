"""Large layers are read in pieces by several processes; what is listed is the same, whatever the pieces are."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sealock.image.bytesources import Stretch
from sealock.image.layers import TarLayer
from sealock.image.opener import open_image
from sealock.inventory.catalog import analyzers
from sealock.inventory.scan import join, scan_layer, scan_piece
from sealock.inventory.selection import Selection
from support.madeimages import Layout, docker_save, info, spread, tar, write
from support.waiting import PATIENCE

SELECTION = Selection(analyzers())
STATUS = b"Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2-1\n\n"
MANY = [info(f"usr/share/many/{number}", b"x" * (number % 700)) for number in range(200)]
PACKAGES = [
    info(f"app/node_modules/p{number}/package.json", b'{"name": "p%d", "version": "1.0"}' % number)
    for number in range(50)
]
DPKG = [
    info("var/lib/dpkg/status", STATUS),
    *MANY,
    info("var/lib/dpkg/info/bash.list", b"/.\n/usr\n/usr/bin/su\n"),
    info("usr/bin/su", b"x", mode=0o4755),
]
LONG = [info(f"opt/{'d' * 90}/{'e' * 90}/{number}/{'f' * 80}", b"x" * 600, mode=0o4755) for number in range(60)]

LAYERS: dict[str, bytes] = {
    "small files": tar(*MANY, *PACKAGES),
    "a database whose files lie apart": tar(*DPKG),
    "long names, in PAX records": tar(*LONG, *PACKAGES),
    "long names, as GNU writes them": tar(*LONG, *PACKAGES, format=tarfile.GNU_FORMAT),
    "an archive within a file": tar(*PACKAGES[:9], info("srv/inner.tar", tar(*LONG, *MANY)), *PACKAGES[9:]),
    "an archive within a file, as its last": tar(*PACKAGES, info("srv/inner.tar", tar(*MANY))),
    "an archive within an archive within": tar(info("a.tar", tar(info("b.tar", tar(*PACKAGES)))), *PACKAGES),
    "whiteouts and directories": tar(
        *(info(f"a/.wh.{number}") for number in range(60)), info("b/.wh..wh..opq"), *MANY, info("a/.wh.."),
        *(info(f"c/{number}", type=tarfile.DIRTYPE, mode=0o777) for number in range(60)),
    ),
    "names that lead outside": tar(*(info(f"../up/{number}", b"xyz" * 99) for number in range(60))),
    "one large file": tar(info("opt/large", bytes(200_000)), *PACKAGES),
    "its end missing": tar(*MANY, *PACKAGES)[:-30_000],
    "a wrong header in its middle": tar(*MANY[:60]).rstrip(b"\0")[:-1] + b"?" * 5000 + tar(*PACKAGES),
    "more behind its end": tar(*PACKAGES) + tar(*MANY),
    "nothing but an end": tar(),
}  # fmt: skip


def layer_of(path: str, *, verify: bool = False) -> TarLayer:
    (image,) = open_image(path, verify=verify)
    (layer,) = image.layers
    assert isinstance(layer, TarLayer)
    return layer


@pytest.mark.parametrize("spacing", [512, 4096, 5000, 40_000, 1 << 20])
@pytest.mark.parametrize("kind", LAYERS)
def test_pieces_that_fit_give_what_the_whole_gives(tmp_path: Path, kind: str, spacing: int) -> None:
    layer = layer_of(write(tmp_path / "app.tar", docker_save(LAYERS[kind])))
    whole, errors = scan_layer(layer, SELECTION), layer.messages()
    pieces = layer.pieces(spacing)
    starts = sorted({piece.start for piece in pieces} | {1 << 62})
    fitting, messages, at = [], [], 0
    while at >= 0:
        piece = pieces[0].at(at, min(start for start in starts if start > at))
        fitting.append(scan_piece(piece.entries(), SELECTION))
        messages += piece.errors
        at = piece.ended
    found = join(fitting, SELECTION)
    assert found.packages == whole.packages
    assert found.files == whole.files
    assert found.faults == whole.faults
    assert (found.entries, found.size) == (whole.entries, whole.size)
    assert [one for part in found.paths.parts() for one in part] == [
        one for part in whole.paths.parts() for one in part
    ]
    assert [one for part in found.gone.parts() for one in part] == [one for part in whole.gone.parts() for one in part]
    assert messages == errors


def test_there_are_pieces(tmp_path: Path) -> None:
    layer = layer_of(write(tmp_path / "app.tar", docker_save(LAYERS["small files"])))
    assert len(layer.pieces(4096)) > 10


def test_a_header_is_not_parted_from_what_extends_it(tmp_path: Path) -> None:
    layer = layer_of(write(tmp_path / "app.tar", docker_save(LAYERS["long names, in PAX records"])))
    pieces = layer.pieces(4096)
    ended = []
    for piece in pieces:
        for _ in piece.entries():
            pass
        ended.append(piece.ended)
    assert ended == [*(piece.start for piece in pieces[1:]), -1]


PROGRAM = """
import sys
from sealock.scan import processes
from sealock.scan.images import ImageOptions, read_inventories, workers
workers.WORTH, workers.SPACING = 0, int(sys.argv[2])
helpers = int(sys.argv[3])
processes.count_children = lambda: helpers
for image in read_inventories(sys.argv[1], ImageOptions(verify="verify" in sys.argv)):
    for fact in (*image.packages, *image.files, *image.sizes, *image.errors):
        print(fact)
"""


def told(path: str, spacing: int, helpers: int, *more: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, path, str(spacing), str(helpers), *more],
        capture_output=True, text=True, check=True, timeout=PATIENCE,
    )  # fmt: skip
    return done.stdout


def layout(directory: Path, compress: Callable[[bytes], bytes]) -> str:
    made = Layout()
    layers = [(LAYERS[kind], compress(LAYERS[kind])) for kind in ("small files", "whiteouts and directories")]
    return spread(directory / "image", made.index(made.image(*layers)))


def lying(path: Path) -> str:
    members = docker_save(*(LAYERS[kind] for kind in ("small files", "whiteouts and directories")))
    return write(path, {name: tar(*DPKG) if name.endswith("layer.tar") else data for name, data in members.items()})


SHAPES: dict[str, Callable[[Path], str]] = {
    "every layer": lambda directory: write(directory / "app.tar", docker_save(*LAYERS.values())),
    "gzip layers": lambda directory: layout(directory, gzip.compress),
    "gzip layers that are cut short": lambda directory: layout(directory, lambda data: gzip.compress(data)[:-100]),
    "an image that lies": lambda directory: lying(directory / "app.tar"),
}


@pytest.mark.parametrize("verify", [(), ("verify",)], ids=["not verified", "verified"])
@pytest.mark.parametrize("shape", SHAPES)
def test_several_processes_find_what_one_finds(tmp_path: Path, shape: str, verify: tuple[str, ...]) -> None:
    path = SHAPES[shape](tmp_path)
    alone = told(path, 1 << 30, 0, *verify)
    assert alone
    assert sorted(told(path, 4096, 2, *verify).splitlines()) == sorted(alone.splitlines())


DYING = """
import os, sys
from sealock.scan.processes import share
parent = os.getpid()
def work(task):
    if os.getpid() != parent and task == 3:
        {fate}
    return task * task
done = {{}}
share(work, 40, 2, done.__setitem__)
print([done[task] for task in range(40)])
try:
    os.waitpid(-1, 0)
except ChildProcessError:
    print("no child is left")
"""


def output_of(program: str) -> str:
    """What a program prints that a Python of its own runs."""
    words = [sys.executable, "-c", program]
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=PATIENCE).stdout


@pytest.mark.parametrize(
    "fate",
    [
        pytest.param("os.kill(os.getpid(), 9)", id="killed"),
        pytest.param("raise ValueError", id="an exception"),
        pytest.param("raise KeyboardInterrupt", id="interrupted"),
        pytest.param("os._exit(0)", id="an end without a word"),
        pytest.param("return lambda: 0", id="a result that cannot be told"),
    ],
)
def test_what_a_child_does_not_get_done_is_done_all_the_same(fate: str) -> None:
    numbers, _, rest = output_of(DYING.format(fate=fate)).partition("\n")
    assert numbers == str([task * task for task in range(40)])
    assert rest == "no child is left\n"


def test_results_that_fill_no_pipe_at_once_arrive() -> None:
    program = (
        "import os, time\nfrom sealock.scan.processes import share\nparent = os.getpid()\n"
        "def work(task):\n    time.sleep(0.02 * (os.getpid() == parent))\n    return bytes([task]) * 200_000\n"
        "done = {}\nshare(work, 10, 2, done.__setitem__)\n"
        "print([(len(done[task]), done[task][0]) for task in range(10)])\n"
    )
    assert output_of(program) == f"{[(200_000, task) for task in range(10)]}\n"


def test_children_end_with_a_failure_of_the_parent() -> None:
    program = (
        "import os, time\nfrom sealock.scan.processes import share\n"
        "try:\n    share(time.sleep, 1000, 2, print, lambda: 1 / 0)\nexcept ZeroDivisionError:\n    print('failed')\n"
        "try:\n    os.waitpid(-1, 0)\nexcept ChildProcessError:\n    print('no child is left')\n"
    )
    assert output_of(program) == "failed\nno child is left\n"


@pytest.mark.parametrize("what", ["os.fork", "os.pipe", "processes.Thread.start"])
def test_where_there_is_no_room_for_a_child_the_parent_does_it_all(what: str) -> None:
    """A container may be limited to one process or one thread, and any process has few descriptors."""
    kind = "RuntimeError" if "Thread" in what else "OSError"
    program = (
        "import os\nfrom sealock.scan import processes\n"
        f"def fail(*_):\n    raise {kind}('no room')\n"
        f"{what} = fail\n"
        "done = {}\n"
        "processes.share(lambda task: task * task, 5, 2, done.__setitem__, lambda: print('meanwhile'))\n"
        "print(sorted(done.items()))\n"
        "try:\n    os.waitpid(-1, 0)\nexcept ChildProcessError:\n    print('no child is left')\n"
    )
    assert output_of(program) == "meanwhile\n[(0, 0), (1, 1), (2, 4), (3, 9), (4, 16)]\nno child is left\n"


def test_a_process_with_threads_makes_no_copies_of_itself() -> None:
    program = (
        "import threading, time\nfrom sealock.scan.processes import count_children\n"
        "threading.Thread(target=time.sleep, args=(1,), daemon=True).start()\nprint(count_children())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"


def test_progress_is_told_of_each_piece(tmp_path: Path) -> None:
    program = PROGRAM.replace("ImageOptions(", "progress=lambda name: print(name), options=ImageOptions(")
    path = write(tmp_path / "app.tar", docker_save(LAYERS["small files"]))
    done = subprocess.run(
        [sys.executable, "-c", program, path, "4096", "0"], capture_output=True, text=True, check=True, env=os.environ
    )
    assert "layer 1 of 1" in done.stdout


def test_a_large_file_is_passed_over_and_not_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies in it costs nothing, and the walk of several pieces goes on behind it."""
    small = [info(f"srv/{number}", b"x" * 1000) for number in range(200)]
    path = write(tmp_path / "app.tar", docker_save(tar(*small, info("srv/large", bytes(8 << 20)), *small)))
    (image,) = open_image(path)
    (layer,) = image.layers
    assert isinstance(layer, TarLayer)
    read: list[int] = []
    fetch = Stretch.fetch

    def counted(stretch: Stretch, offset: int, count: int, /) -> bytes:
        read.append(count)
        return fetch(stretch, offset, count)

    monkeypatch.setattr(Stretch, "fetch", counted)
    pieces = layer.pieces(100_000)
    monkeypatch.undo()
    assert len(pieces) > 2
    # From some eighty places within the file, its whole rest would be searched again and again.
    assert sum(read) < 82 * (1 << 20)
