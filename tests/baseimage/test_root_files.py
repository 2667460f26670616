"""Which files a root needs to start the image's programs, and the Dockerfile that builds on each base."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.baseadvice import GLIBC, STATIC, advise, dpkg, dynamic, result

RELEASE = {"etc/os-release": 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'}
SERVER = {
    **GLIBC,
    **RELEASE,
    **dpkg(
        ("libc6", ""), ("server", "libc6, server-common"), ("server-common", ""), ("tool", "libc6"),
        libc6="lib64/ld-linux-x86-64.so.2 lib/libc.so.6",
        server="usr/sbin/server usr/lib/server/plugin.so usr/share/doc/server/copyright usr/share/man/man8/server.8",
        **{"server-common": "etc/server/server.conf usr/share/server/page.html"},
        tool="usr/bin/tool etc/tool/tool.conf",
    ),
    "usr/sbin/server": dynamic(),
    "usr/lib/server/plugin.so": b"",
    "usr/share/doc/server/copyright": "c",
    "usr/share/man/man8/server.8": "m",
    "etc/server/server.conf": "",
    "etc/server/sites/mine.conf": "",
    "usr/share/server/page.html": "",
    "usr/bin/tool": dynamic(),
    "etc/tool/tool.conf": "",
    "etc/tool/mine.conf": "",
    "etc/passwd": "root:x:0:0::/:/bin/sh\n",
    "etc/alternatives/www": "-> /usr/sbin/server",
    "usr/bin/www": "-> /etc/alternatives/www",
    "sbin": "-> usr/sbin",
    "home/me/notes": "",
    "srv/app/page": "",
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "listed"),
    [
        ("usr/sbin/server", True),
        ("usr/lib/server/plugin.so", True),
        ("usr/share/server/page.html", True),
        ("etc/server/server.conf", True),
        ("etc/server/sites/mine.conf", True),
        ("lib/libc.so.6", True),
        ("lib64/ld-linux-x86-64.so.2", True),
        ("etc/passwd", True),
        ("etc/os-release", True),
        ("etc/alternatives/www", True),
        ("usr/bin/www", True),
        ("sbin", True),
        ("srv/app/page", True),
        ("usr/share/doc/server/copyright", False),
        ("usr/share/man/man8/server.8", False),
        ("usr/bin/tool", False),
        ("etc/tool/tool.conf", False),
        ("etc/tool/mine.conf", False),
        ("home/me/notes", False),
        ("var/lib/dpkg/status", False),
    ],
)
def test_a_root_has_the_packages_of_the_program_and_the_application(path: str, *, listed: bool, tmp_path: Path) -> None:
    advice = advise(tmp_path, SERVER, config={"Cmd": ["server"], "WorkingDir": "/srv/app"})
    assert (path in advice.root.paths) is listed
    assert advice.root.packages == 3
    assert result(advice, "distroless").image == "scratch"


@pytest.mark.parametrize(
    ("word", "path", "listed"),
    [
        ("/etc/app.conf", "etc/app.conf", True),
        ("/etc/app.conf", "etc/other.conf", False),
        ("../../etc/app.conf", "etc/app.conf", True),
        ("/etc/link.conf", "etc/app.conf", True),
        ("/etc/link.conf", "etc/link.conf", True),
        ("/etc/gone.conf", "etc/app.conf", False),
        ("/etc/conf.d", "etc/conf.d/a", False),
        ("app.conf", "etc/app.conf", False),
        ("-v", "etc/app.conf", False),
    ],
)
def test_a_root_has_the_files_that_the_arguments_name(word: str, path: str, *, listed: bool, tmp_path: Path) -> None:
    more = {"etc/app.conf": "", "etc/other.conf": "", "etc/link.conf": "-> app.conf", "etc/conf.d/a": ""}
    advice = advise(tmp_path, SERVER | more, config={"Cmd": ["server", word], "WorkingDir": "/srv/app"})
    assert (path in advice.root.paths) is listed


@pytest.mark.parametrize(
    ("words", "variable", "image"),
    [
        (["python3", "/app/a.py"], "PYTHON_VERSION=3.11.9", "gcr.io/distroless/python3-debian12:nonroot"),
        (["python3", "/app/a.py"], "PYTHON_VERSION=3.13.0", "gcr.io/distroless/python3-debian13:nonroot"),
        (["python3", "/app/a.py"], "PYTHON_VERSION=3.12.4", "scratch"),
        (["python3", "/app/a.py"], "A=b", "scratch"),
        (["node", "/app/a.js"], "NODE_VERSION=24.1.0", "gcr.io/distroless/nodejs24-debian13:nonroot"),
        (["node", "/app/a.js"], "NODE_VERSION=18.2.0", "scratch"),
        (["java", "-jar", "/app/a.jar"], "JAVA_VERSION=jdk-21.0.4+7", "gcr.io/distroless/java21-debian13:nonroot"),
        (["ruby", "/app/a.rb"], "RUBY_VERSION=3.4.1", "scratch"),
    ],
)
def test_a_language_gets_the_image_of_its_version_or_a_root_of_its_own(
    words: list[str], variable: str, image: str, tmp_path: Path
) -> None:
    files: dict[str, bytes | str] = {
        **GLIBC,
        f"usr/local/bin/{words[0]}": dynamic(),
        words[-1].lstrip("/"): "",
        "usr/local/lib/x/a": "",
    }
    fit = result(advise(tmp_path, files, config={"Cmd": words, "Env": [variable]}), "distroless")
    assert (fit.answer, fit.image) == ("yes", image)
    if image == "scratch":
        assert "COPY --from=app /new-root /" in fit.dockerfile
        assert any("without a shell" in reason for reason in fit.reasons[1:]), fit.reasons
    else:
        assert "COPY --from=app /app /app" in fit.dockerfile
        assert fit.dockerfile[-1].endswith(f'"{words[-1]}"]')


def test_a_language_without_a_package_brings_what_stands_beside_its_bin(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {
        **GLIBC,
        "usr/local/bin/ruby": dynamic(),
        "usr/local/lib/ruby/3.4/json.rb": "",
        "usr/local/etc/gemrc": "",
        "opt/x": "",
    }
    paths = advise(tmp_path, files, config={"Cmd": ["ruby"]}).root.paths
    assert {"usr/local/lib/ruby/3.4/json.rb", "usr/local/etc/gemrc"} <= set(paths)
    assert "opt/x" not in paths


def test_a_dockerfile_carries_the_configuration_and_no_secret(tmp_path: Path) -> None:
    config = {
        "Cmd": ["/app/server", "--port", "80"],
        "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "MODE=fast and $loose", "API_TOKEN=9f8e7d6c5b4a39281706f5e4d3c2b1a0", "A=1\nRUN evil"],
        "WorkingDir": "/app",
        "User": "10001",
    }  # fmt: skip
    fit = result(advise(tmp_path, {"app/server": STATIC}, config=config), "static")
    assert fit.dockerfile == (
        "FROM app:1 AS app",
        "FROM scratch",
        "COPY --from=app /app/server /app/server",
        "COPY --from=app /app /app",
        'ENV MODE="fast and \\$loose"',
        "# pass API_TOKEN when the container starts",
        "# pass A when the container starts",
        "WORKDIR /app",
        "USER 10001",
        'ENTRYPOINT ["/app/server", "--port", "80"]',
    )


def test_a_slim_variant_installs_the_packages_that_are_started(tmp_path: Path) -> None:
    large = {f"usr/share/tool/{number}": b"x" * 50_000 for number in range(3)}
    owned = {**SERVER, **large, **dpkg(
        ("libc6", ""), ("server", "libc6"), ("tool", "libc6"),
        libc6="lib64/ld-linux-x86-64.so.2 lib/libc.so.6", server="usr/sbin/server", tool=f"usr/bin/tool {' '.join(large)}",
    )}  # fmt: skip
    fit = result(advise(tmp_path, owned, config={"Cmd": ["server"]}), "slim")
    assert fit.image == "debian:12-slim"
    assert fit.dockerfile[2].endswith("--no-install-recommends server \\")


@pytest.mark.parametrize(
    ("command", "missing"),
    [
        (["java", "-jar", "/app.jar"], ["/app.jar"]),
        (["java", "-jar", "/there.jar"], []),
        (["java", "-cp", "/lib", "Main"], []),
        (["java", "--config", "/etc/missing.conf"], []),
    ],
    ids=["a jar that is missing", "a jar that is there", "a directory", "a file that may be mounted"],
)
def test_a_command_that_names_missing_code_is_remarked_upon(
    command: list[str], missing: list[str], tmp_path: Path
) -> None:
    files: dict[str, bytes | str] = {**GLIBC, "usr/bin/java": dynamic(), "there.jar": ""}
    advice = advise(tmp_path, files, config={"Cmd": command})
    assert [f"the command names {path}, which is not in the image" for path in missing] == list(advice.unknown)
