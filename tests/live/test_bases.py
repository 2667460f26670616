"""Programs really started in a root with musl and in an empty one do what the verdict on them says."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from msgspec import Struct

from sealock.baseimage.closure import closure
from sealock.baseimage.musl import evaluate
from sealock.baseimage.paths import ImageFiles
from sealock.image.opener import open_image
from sealock.inventory.analyzer import AnalyzedFile
from sealock.inventory.content import content
from sealock.inventory.onfiles.libc import GlibcAnalyzer
from sealock.inventory.programs import program as read_program
from sealock.model.advice import BaseAdvice, Musl
from sealock.model.container import Container
from sealock.scan.baseimages import advised
from sealock.scan.images import ImageOptions

pytestmark = pytest.mark.live

MUSL = "/lib/ld-musl-x86_64.so.1"
GLIBC = "/lib64/ld-linux-x86-64.so.2"

HELLO = '#include <stdio.h>\nint main(void) { puts("well"); return 0; }'
USERS = '#include <pwd.h>\n#include <stdio.h>\nint main(void) { struct passwd *p = getpwnam("root"); puts(p ? "well" : "no root"); return !p; }'
NAMES = """#include <netdb.h>
#include <stdio.h>
int main(void) { struct addrinfo *a = 0; int s = getaddrinfo("127.0.0.1", "80", 0, &a); puts(s ? "bad" : "well"); return s; }"""
RESOLVER = """#include <netinet/in.h>
#include <resolv.h>
#include <stdio.h>
int main(void) { unsigned char b[512]; struct __res_state s = {0}; res_ninit(&s); res_nquery(&s, "x", 1, 1, b, 512); puts("well"); return 0; }"""
LOCALE = """#include <locale.h>
#include <stdio.h>
#include <string.h>
int main(void) { setlocale(LC_ALL, ""); puts(strcoll("a", "b") < 0 ? "well" : "bad"); return 0; }"""
ICONV = """#include <iconv.h>
#include <stdio.h>
int main(void) { iconv_t c = iconv_open("UTF-8", "ISO-8859-1"); puts(c != (iconv_t)-1 ? "well" : "bad"); return 0; }"""
THREADS = """#include <pthread.h>
#include <stdio.h>
static void *run(void *x) { puts("well"); return x; }
int main(void) { pthread_t t; pthread_create(&t, 0, run, 0); pthread_join(t, 0); return 0; }"""
LOADING = """#include <dlfcn.h>
#include <stdio.h>
int main(void) { void *h = dlopen("libz.so.1", RTLD_NOW); (void)h; puts("well"); return 0; }"""
TRACE = """#include <execinfo.h>
#include <stdio.h>
int main(void) { void *a[4]; backtrace(a, 4); puts("well"); return 0; }"""
ERRORS = '#include <error.h>\n#include <stdio.h>\nint main(int n, char **v) { if (n > 5) error(1, 0, "%s", v[0]); puts("well"); return 0; }'
PRINTF = """#include <printf.h>
#include <stdio.h>
int main(int n, char **v) { (void)v; if (n > 5) register_printf_specifier('y', 0, 0); puts("well"); return 0; }"""
HEAP = '#include <malloc.h>\n#include <stdio.h>\nint main(void) { struct mallinfo2 m = mallinfo2(); (void)m; puts("well"); return 0; }'
CONTEXT = """#include <stdio.h>
#include <ucontext.h>
int main(int n, char **v) { ucontext_t c; (void)v; if (n > 5) getcontext(&c); puts("well"); return 0; }"""
NUMBERS = '#include <stdio.h>\n#include <stdlib.h>\nint main(int n, char **v) { long x = n > 1 ? strtol(v[1], 0, 10) : 1; puts(x ? "well" : "0"); return 0; }'
CHECKED = '#include <stdio.h>\n#include <string.h>\nint main(int n, char **v) { char b[64]; strcpy(b, n > 1 ? v[1] : "well"); printf("%s\\n", b); return 0; }'
MATHS = '#include <math.h>\n#include <stdio.h>\nint main(int n, char **v) { (void)v; puts(cos(n) < 2 ? "well" : "bad"); return 0; }'
WEAK = '#include <stdio.h>\nextern int mallinfo(void) __attribute__((weak));\nint main(void) { puts(mallinfo ? "well" : "well without"); return 0; }'
PLUS = '#include <iostream>\n#include <string>\nint main() { std::string s = "well"; std::cout << s << std::endl; }'


class Row(Struct, frozen=True):
    """A program: what compiles it, and how it fares on musl, on musl with its loader in glibc's place, and on nothing."""

    source: str
    compiler: str
    musl: bool
    stand_in: bool
    empty: bool


ROWS = {
    "plain C": Row(HELLO, "gcc", False, True, False),
    "threads": Row(THREADS, "gcc -pthread", False, True, False),
    "users by NSS": Row(USERS, "gcc", False, True, False),
    "names of hosts": Row(NAMES, "gcc", False, True, False),
    "the resolver's inner functions": Row(RESOLVER, "gcc", False, False, False),
    "locales": Row(LOCALE, "gcc", False, True, False),
    "conversions": Row(ICONV, "gcc", False, True, False),
    "dlopen": Row(LOADING, "gcc", False, True, False),
    "mathematics": Row(MATHS, "gcc", False, True, False),
    "backtrace": Row(TRACE, "gcc", False, False, False),
    "error": Row(ERRORS, "gcc", False, False, False),
    "printf's registry": Row(PRINTF, "gcc", False, False, False),
    "mallinfo2": Row(HEAP, "gcc", False, False, False),
    "getcontext": Row(CONTEXT, "gcc", False, False, False),
    "numbers as in C23": Row(NUMBERS, "gcc -D_GNU_SOURCE", False, False, False),
    "fortified": Row(CHECKED, "gcc -O2 -D_FORTIFY_SOURCE=2", False, False, False),
    "a weak symbol": Row(WEAK, "gcc", False, True, False),
    "C++": Row(PLUS, "g++", False, False, False),
    "static, glibc": Row(HELLO, "gcc -static", True, True, True),
    "static and position independent, glibc": Row(HELLO, "gcc -static-pie", True, True, True),
    "static C++": Row(PLUS, "g++ -static", True, True, True),
    "static threads": Row(THREADS, "gcc -static -pthread", True, True, True),
    "musl": Row(HELLO, "musl-gcc", True, True, False),
    "musl, users": Row(USERS, "musl-gcc", True, True, False),
    "musl, names of hosts": Row(NAMES, "musl-gcc", True, True, False),
    "musl, locales": Row(LOCALE, "musl-gcc", True, True, False),
    "musl, threads": Row(THREADS, "musl-gcc", True, True, False),
    "static, musl": Row(HELLO, "musl-gcc -static", True, True, True),
    "static and position independent, musl": Row(HELLO, "musl-gcc -static-pie", True, True, True),
}


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A root with musl's loader alone, one where it stands in glibc's place too, and an empty one."""
    home = tmp_path_factory.mktemp("roots")
    made = {name: home / name for name in ("musl", "stand-in", "empty")}
    for name, root in made.items():
        (root / "etc").mkdir(parents=True)
        (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n", encoding="utf-8")
        if name != "empty":
            (root / "lib").mkdir()
            shutil.copy(os.path.realpath(MUSL), root / MUSL.lstrip("/"))
    (made["stand-in"] / "lib64").mkdir()
    (made["stand-in"] / GLIBC.lstrip("/")).symlink_to(MUSL)
    return made


def built(folder: Path, row: Row) -> Path:
    words = row.compiler.split()
    source = folder / ("main.cc" if words[0] == "g++" else "main.c")
    source.write_text(row.source, encoding="utf-8")
    subprocess.run([*words, "-w", "-o", folder / "program", source, *(["-lm"] if "cos(" in row.source else [])], check=True, capture_output=True)  # fmt: skip
    return folder / "program"


def starts(program: Path, root: Path) -> bool:
    """Whether it really runs there."""
    shutil.copy(program, root / "program")
    done = subprocess.run(["/program"], capture_output=True, check=False, preexec_fn=lambda: os.chroot(root), cwd="/")
    return done.returncode == 0 and done.stdout.startswith(b"well")


def tried(program: Path, root: Path) -> bool:
    try:
        return starts(program, root)
    except FileNotFoundError:  # the kernel's word for a loader that is not there
        return False


def told(program: Path, root: Path) -> tuple[Musl | None, bool]:
    """The verdict on a file, and whether it is complete in that root."""
    data = program.read_bytes()
    shutil.copy(program, root / "program")
    (image,) = open_image(str(root), verify=False)
    files = ImageFiles(content(image.layers), Container())
    facts = list(GlibcAnalyzer().read(AnalyzedFile("program", data, 0o755)))
    complete = not closure(["program"], files).missing
    return (evaluate(facts[0], files) if facts else None), complete


@pytest.mark.parametrize("row", ROWS.values(), ids=list(ROWS))
def test_the_verdict_is_what_happens(row: Row, roots: dict[str, Path], tmp_path: Path) -> None:
    program = built(tmp_path, row)
    truth = {name: tried(program, root) for name, root in roots.items()}
    assert truth == {"musl": row.musl, "stand-in": row.stand_in, "empty": row.empty}
    said = {name: told(program, root) for name, root in roots.items()}
    # As it is: it starts where it needs no glibc and its loader and libraries are there.
    for name in ("musl", "empty"):
        result, complete = said[name]
        assert (result is None and complete) == truth[name], name
    # Where musl stands in glibc's place, the symbols decide, and whether other libraries are there: C++ has its own.
    result, complete = said["stand-in"]
    assert ((result is None or result.answer == "stand-in") and complete) == truth["stand-in"]
    read = read_program(program.read_bytes())
    assert read is not None
    assert (read.kind == "static") == row.empty


@pytest.mark.parametrize(
    ("source", "symbol"),
    [
        (TRACE, "backtrace@GLIBC_2.2.5"),
        (RESOLVER, "res_nquery@GLIBC_2.34"),
        (ERRORS, "error@GLIBC_2.2.5"),
        (HEAP, "mallinfo2@GLIBC_2.33"),
    ],
)
def test_the_symbol_that_breaks_it_is_the_one_that_musl_complains_of(
    source: str, symbol: str, roots: dict[str, Path], tmp_path: Path
) -> None:
    program = built(tmp_path, Row(source, "gcc", False, False, False))
    root = roots["stand-in"]
    result, _ = told(program, root)
    assert result is not None
    assert result.answer == "breaks"
    assert symbol in result.says
    done = subprocess.run(["/program"], capture_output=True, text=True, check=False, preexec_fn=lambda: os.chroot(root), cwd="/")  # fmt: skip
    complained = {line.split(": ")[1] for line in done.stderr.splitlines() if "symbol not found" in line}
    assert {say.partition("@")[0] for say in result.says} == complained


def advice(folder: Path, start: str) -> BaseAdvice:
    found = advised(str(folder), ImageOptions(), tuple(start.split()))
    assert found.errors == ()
    return found.advice


def answers(found: BaseAdvice) -> dict[str, str]:
    return {result.base: result.answer for result in found.results}


def test_a_go_program_may_run_on_nothing(tmp_path: Path, roots: dict[str, Path]) -> None:
    (tmp_path / "main.go").write_text('package main\n\nfunc main() { print(""); println("x") }\n', encoding="utf-8")
    environment = os.environ | {
        "CGO_ENABLED": "0",
        "GOTOOLCHAIN": "local",
        "GOCACHE": str(tmp_path / "cache"),
        "HOME": str(tmp_path),
    }
    subprocess.run(["go", "build", "-o", "program", "main.go"], cwd=tmp_path, env=environment, check=True)
    root = roots["empty"]
    shutil.copy(tmp_path / "program", root / "program")
    done = subprocess.run(["/program"], capture_output=True, check=False, preexec_fn=lambda: os.chroot(root), cwd="/")
    assert done.returncode == 0
    image = tmp_path / "image"
    image.mkdir()
    shutil.copy(tmp_path / "program", image / "program")
    found = advice(image, "/program")
    assert answers(found)["static"] == "yes"
    assert found.best == "static"


EXTENSION = """#include <stdio.h>
extern void *PyModule_Create2(void *, int);
extern int backtrace(void **, int);
void *PyInit_fast(void) { %s; return PyModule_Create2(0, 1013); }"""
"""A module of Python; what Python itself brings is declared here, so that none of its headers is needed."""


@pytest.mark.parametrize(
    ("compiler", "tag", "call", "expected"),
    [
        ("gcc", "cp313-cp313-manylinux_2_17_x86_64", 'puts("x")', "work"),
        ("gcc", "cp313-cp313-manylinux_2_17_x86_64", "backtrace(0, 0)", "work"),
        ("gcc", "", "backtrace(0, 0)", "no"),
        ("musl-gcc", "cp313-cp313-musllinux_1_2_x86_64", 'puts("x")', "yes"),
    ],
    ids=["manylinux", "manylinux with glibc's own", "no wheel, with glibc's own", "musllinux"],
)
def test_wheels_are_told_by_their_tags_and_symbols(
    compiler: str, tag: str, call: str, expected: str, tmp_path: Path
) -> None:
    site = tmp_path / "image/usr/lib/python3.13/site-packages"
    site.mkdir(parents=True)
    (tmp_path / "fast.c").write_text(EXTENSION % call, encoding="utf-8")
    subprocess.run(
        [compiler, "-w", "-shared", "-fPIC", "-o", site / "fast.so", tmp_path / "fast.c"],
        check=True,
    )
    about = site / "fast-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: fast\nVersion: 1.0\n", encoding="utf-8")
    if tag:
        (about / "WHEEL").write_text(f"Wheel-Version: 1.0\nTag: {tag}\n", encoding="utf-8")
        (about / "RECORD").write_text("fast.so,,\nfast-1.0.dist-info/METADATA,,\n", encoding="utf-8")
    image = tmp_path / "image"
    loader = shutil.copy(os.path.realpath(MUSL), tmp_path)
    (image / "usr/bin").mkdir()
    shutil.copy(built(tmp_path, Row(HELLO, "musl-gcc -static", True, True, True)), image / "usr/bin/python3")
    found = advice(image, "python3")
    assert answers(found)["alpine"] == expected
    # The truth: musl's loader can load it, but for what Python itself brings.
    done = subprocess.run([loader, "--list", site / "fast.so"], capture_output=True, text=True, check=False)
    lacks = [line for line in done.stderr.splitlines() if "symbol not found" in line and "PyModule_Create2" not in line]
    assert [one.says for one in found.musl if one.answer == "breaks"] == ([("backtrace@GLIBC_2.2.5",)] if lacks else [])
    assert bool(lacks) == ("backtrace" in call)


def copied(program: str, image: Path) -> None:
    """Put a program of this machine and what `ldd` says that it loads into a folder, under the same paths."""
    said = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    paths = [part for line in said.splitlines() for part in line.split() if part.startswith("/")]
    for path in (program, *paths):
        to = image / os.path.realpath(path).lstrip("/")
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, to)
        if os.path.realpath(path) != path:
            link = image / path.lstrip("/")
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(os.path.relpath(to, link.parent))


@pytest.mark.parametrize(
    "words", ["openssl version", "xz --version", "curl --version", "tar --version", "gcc --version"]
)
def test_what_a_program_needs_is_enough_to_start_it_and_no_more(words: str, tmp_path: Path) -> None:
    name, argument = words.split()
    program = str(shutil.which(name))
    image = tmp_path / "image"
    copied(program, image)
    (image / "usr/lib/other").mkdir(parents=True)
    found = advice(image, f"{program} {argument}")
    least = tmp_path / "least"
    for path in found.closure.files:
        (least / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(image / path, least / path)
    # Links are copied as they are: they lead to the files.
    for link in image.rglob("*"):
        if link.is_symlink():
            to = least / link.relative_to(image)
            to.parent.mkdir(parents=True, exist_ok=True)
            to.symlink_to(link.readlink())

    def runs() -> bool:
        try:
            done = subprocess.run([program, argument], capture_output=True, check=False, preexec_fn=lambda: os.chroot(least), cwd="/", env={})  # fmt: skip
        except FileNotFoundError:
            return False
        return done.returncode == 0

    assert answers(found)["distroless"] == "yes"
    assert runs()
    for path in found.closure.files[:5]:
        (least / path).rename(tmp_path / "away")
        assert not runs(), path
        (tmp_path / "away").rename(least / path)
    assert runs()
