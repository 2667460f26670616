"""Which base would do: each kind, for programs of each kind, with the reasons that it rests on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.baseadvice import GLIBC, LOADER, MUSL, SHELL, STATIC, advise, dpkg, dynamic, result
from support.elffiles import make

RELEASE = {"etc/os-release": 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'}
MUSL_BASE = {
    MUSL.lstrip("/"): make({}, soname="libc.musl-x86_64.so.1"),
    "etc/os-release": "ID=alpine\nVERSION_ID=3.20\n",
}


@pytest.mark.parametrize(
    ("files", "expected", "best"),
    [
        ({"app": STATIC}, "yes yes yes unknown no", "static"),
        ({**GLIBC, "app": dynamic()}, "no yes work unknown no", "distroless"),
        ({**MUSL_BASE, "app": dynamic(loader=MUSL)}, "no no yes unknown no", "alpine"),
        ({**GLIBC, "bin/sh": SHELL, "app": "#!/bin/sh\necho x\n"}, "no no work unknown yes", "keep"),
        ({**GLIBC, "app": dynamic(symbols=("backtrace@GLIBC_2.2.5",))}, "no yes no unknown no", "distroless"),
        ({**GLIBC, "app": dynamic("libnone.so.1")}, "no yes work unknown no", "distroless"),
        ({**GLIBC, "app": dynamic().replace(b".shstrtab", b".shstrtab")}, "no yes work unknown no", "distroless"),
        ({}, "unknown unknown unknown unknown unknown", "keep"),
    ],
    ids=["static", "glibc", "musl", "a script", "glibc's own function", "a library is missing", "again", "nothing"],
)
def test_each_kind_of_program_has_its_bases(
    files: dict[str, bytes | str], expected: str, best: str, tmp_path: Path
) -> None:
    found = advise(tmp_path, files, config={"Cmd": ["/app"]})
    assert " ".join(fit.answer for fit in found.results) == expected
    assert found.best == best
    assert all(fit.reasons for fit in found.results)


@pytest.mark.parametrize(
    ("files", "base", "said"),
    [
        ({**GLIBC, "app": dynamic("libssl.so.3")}, "static", f"/app is not a static program: {LOADER} loads it, and it needs libssl.so.3"),
        ({**GLIBC, "app": dynamic("libssl.so.3")}, "distroless", "/app needs libssl.so.3, which is not in the image"),
        ({**GLIBC, "app": dynamic(symbols=("backtrace@GLIBC_2.2.5",))}, "alpine", "musl has no backtrace@GLIBC_2.2.5 (/app)"),
        ({**GLIBC, "app": dynamic(symbols=("__printf_chk@GLIBC_2.3.4",))}, "alpine", "only the package gcompat adds __printf_chk@GLIBC_2.3.4 to musl"),
        ({**GLIBC, "app": dynamic(symbols=("getpwnam@GLIBC_2.2.5",))}, "alpine", "musl behaves differently in getpwnam"),
        ({**GLIBC, "bin/sh": SHELL, "app": "#!/bin/sh\ntrue\n"}, "distroless", "it needs a shell: /app is a script for sh"),
        ({"app": make({".rodata": b"\0/etc/ssl/certs\0"}, kind=2)}, "static", "CA certificates"),
    ],
)  # fmt: skip
def test_a_verdict_says_what_it_rests_on(files: dict[str, bytes | str], base: str, said: str, tmp_path: Path) -> None:
    found = result(advise(tmp_path, files, config={"Cmd": ["/app"]}), base)
    assert any(said in reason for reason in found.reasons), found.reasons


def test_the_shell_form_of_one_command_is_work_and_no_hindrance(tmp_path: Path) -> None:
    files = {**GLIBC, "bin/sh": SHELL, "app": dynamic()}
    found = result(advise(tmp_path, files, config={"Cmd": ["/bin/sh", "-c", "/app --now"]}), "distroless")
    assert found.answer == "work"
    assert 'write it in exec form, ["/app", "--now"]' in found.reasons[0]


def test_a_go_program_with_a_loader_would_be_static_without_c(tmp_path: Path) -> None:
    program = make(
        {".go.buildinfo": b"\xff Go buildinf:\x08\x02" + bytes(16) + b"\x08go1.24.4\x00"},
        interpreter=LOADER,
        needed=("libc.so.6",),
    )
    found = result(advise(tmp_path, {**GLIBC, "app": program}, config={"Cmd": ["/app"]}), "static")
    assert found.answer == "work"
    assert any("CGO_ENABLED=0" in reason for reason in found.reasons)


def test_a_user_by_name_needs_a_file_that_scratch_has_not(tmp_path: Path) -> None:
    found = advise(tmp_path, {"app": STATIC}, config={"Cmd": ["/app"], "User": "web"})
    assert any("it runs as web" in reason for reason in result(found, "static").reasons)


def files_of_a_distribution() -> dict[str, bytes | str]:
    packages = dpkg(
        ("app", "libc6, libssl3 | other"), ("libc6", ""), ("libssl3", "libc6"), ("perl", "libc6"), ("bash", ""),
        app="app lib/libssl.so.3", libc6="lib64/ld-linux-x86-64.so.2 lib/libc.so.6", libssl3="usr/share/ssl.cnf",
        perl="usr/bin/perl usr/lib/perl.big", bash="bin/bash",
    )  # fmt: skip
    return {
        **GLIBC, **RELEASE, **packages, "app": dynamic("libssl.so.3"), "lib/libssl.so.3": make({}, soname="libssl.so.3"),
        "usr/share/ssl.cnf": "x", "usr/bin/perl": dynamic(), "usr/lib/perl.big": b"x" * 900_000, "bin/bash": dynamic(),
    }  # fmt: skip


def test_packages_that_nothing_needs_are_counted_and_a_slim_variant_would_do(tmp_path: Path) -> None:
    found = advise(tmp_path, files_of_a_distribution(), config={"Cmd": ["/app"]})
    assert found.need.packages == 3
    assert [other.name for other in found.need.others] == ["perl", "bash"]
    slim = result(found, "slim")
    assert slim.answer == "yes"
    assert "2 of 5 packages (881.2 KiB)" in slim.reasons[0]
    assert slim.size == found.surface.size - found.need.spare
    assert {owner.name: owner.needed for owner in found.surface.owners} == {
        "app": True, "libc6": True, "libssl3": True, "perl": False, "bash": False,
    }  # fmt: skip


def test_the_distributions_own_files_would_not_move_to_musl(tmp_path: Path) -> None:
    found = advise(tmp_path, files_of_a_distribution(), config={"Cmd": ["/app"]})
    assert found.musl == ()
    assert "packages need glibc" in result(found, "alpine").reasons[0]


def test_languages_need_the_packages_of_their_libraries(tmp_path: Path) -> None:
    packages = dpkg(
        ("python3", ""), ("python3-requests", ""), ("perl", ""), python3="usr/bin/python3",
        **{"python3-requests": "usr/lib/python3/dist-packages/requests/api.py", "perl": "usr/bin/perl"},
    )  # fmt: skip
    files = {
        **GLIBC, **RELEASE, **packages, "usr/bin/python3": dynamic(), "usr/bin/perl": dynamic(),
        "usr/lib/python3/dist-packages/requests/api.py": "x",
    }  # fmt: skip
    found = advise(tmp_path, {**files}, config={"Cmd": ["python3"]})
    assert found.need.known is False  # none of them says what it depends on
    assert found.need.packages == 2


LABEL = "org.opencontainers.image.base.name"


@pytest.mark.parametrize(
    ("more", "name", "said"),
    [
        ({}, "debian:12", "os-release: Debian GNU/Linux 12 (bookworm)"),
        ({"config": {"Labels": {LABEL: "docker.io/library/node:22"}}}, "docker.io/library/node:22", f"the label {LABEL}"),
        (
            {"history": [{"created_by": "# debian.sh --arch 'amd64' out/ 'bookworm' '@1700000000'"}]},
            "debian:bookworm",
            "the history's first line: # debian.sh",
        ),
        (
            {"history": [{"created_by": "ADD alpine-minirootfs-3.19.1-x86_64.tar.gz / # buildkit"}]},
            "alpine:3.19.1",
            "alpine-minirootfs",
        ),
        (
            {"history": [{"created_by": "# debian.sh --arch 'amd64' out/ 'trixie' '@1'"}, {"created_by": "ENV PYTHON_VERSION=3.13.1", "empty_layer": True}]},
            "python:3.13.1 on debian:trixie",
            "ENV PYTHON_VERSION 3.13.1",
        ),
    ],
)  # fmt: skip
def test_the_base_is_known_by_labels_history_and_release(
    more: dict[str, Any], name: str, said: str, tmp_path: Path
) -> None:
    base = advise(tmp_path, RELEASE, **more).base
    assert base.name == name
    assert any(said in say for say in base.says)


def test_the_layers_of_the_base_end_with_its_command(tmp_path: Path) -> None:
    history = [
        {"created_by": "ADD rootfs.tar / # buildkit"},
        {"created_by": 'CMD ["bash"]', "empty_layer": True},
        {"created_by": "COPY app / # buildkit"},
        {"created_by": 'CMD ["/app"]', "empty_layer": True},
    ]
    assert advise(tmp_path, RELEASE, {"app": STATIC}, history=history).base.layers == 1


def test_what_is_found_is_counted(tmp_path: Path) -> None:
    first: dict[str, bytes | str] = {
        **GLIBC, "bin/bash": SHELL, "bin/sh": "-> bash", "usr/bin/apt-get": dynamic(), "usr/bin/gcc-12": dynamic(),
        "usr/bin/gcc": "-> gcc-12", "usr/bin/curl": dynamic(), "opt/curl": dynamic(), "big": b"x" * 1000,
    }  # fmt: skip
    surface = advise(tmp_path, first, {"big": b"y" * 10, "usr/bin/.wh.curl": b""}).surface
    assert dict(surface.tools) == {
        "shells": ("bin/sh",), "package managers": ("usr/bin/apt-get",), "compilers": ("usr/bin/gcc",),
    }  # fmt: skip
    assert surface.hidden == 1000 + len(dynamic())
    assert [(share.name, share.size, share.layer) for share in surface.hidden_most][1] == (
        "big",
        1000,
        0,
    )


def test_packages_of_each_kind_are_counted_without_those_that_a_later_layer_removed(tmp_path: Path) -> None:
    site = "usr/lib/python3/site-packages"
    first: dict[str, bytes | str] = {
        f"{site}/{name}-1.dist-info/METADATA": f"Name: {name}\nVersion: 1\n" for name in ("a", "b", "c")
    }
    first |= {f"app/node_modules/{name}/package.json": f'{{"name": "{name}", "version": "1.0.0"}}' for name in "xy"}
    later: dict[str, bytes | str] = {f"{site}/.wh.b-1.dist-info": b"", "app/node_modules/x/.wh.package.json": b""}
    assert advise(tmp_path, first).surface.packages == (("pypi", 3), ("npm", 2))
    assert advise(tmp_path, first, later).surface.packages == (("pypi", 2), ("npm", 1))


@pytest.mark.parametrize("words", [["/bin/sh"], ["absent"]])
def test_where_the_program_is_not_known_nothing_is_advised(words: list[str], tmp_path: Path) -> None:
    found = advise(tmp_path, {**GLIBC, "bin/sh": SHELL}, config={"Cmd": words})
    # That files need glibc is told without knowing what is started.
    rest = [fit for fit in found.results if fit.base != "alpine"]
    assert {(fit.answer, fit.sure) for fit in rest} == {("unknown", "unsure")}
    assert found.best == "keep"
