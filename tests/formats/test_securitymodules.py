"""Policies for AppArmor and SELinux are taken by their own compilers, whatever the names in a profile."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from sealock.formats.securitymodules import check_name, default_name, write_apparmor, write_selinux
from sealock.model.capabilities import NAMES
from sealock.model.profile import ContactedAddress, GrantedRights, ListeningPort, Profile
from support.draws import draws
from support.profiles import web

PATHS = st.text(st.characters(codec="utf-8"), max_size=40).map(lambda text: f"/{text}")
ODD = (
    "/a b", '/x"y', "/q\\z", "/tail\\", "/br{a,b}[c]^", "/@{HOME}/x", "/tmp/\n\x1b[1mx", "/proc/*/status", "/sec/AKIA…",
    "/-", "/a*?", "/dev/pts/0", "/ütf", "/x y/,z", "/x/../y", "/x//y", "/#include <x>", "/ ,\n}", f"/{'a' * 300}",
)  # fmt: skip
BASE = """\
(handleunknown allow) (mls true) (sid kernel) (sidorder (kernel))
(class capability ({first})) (class capability2 ({second})) (class process (fork))
(classorder (capability capability2 process))
(sensitivity s0) (sensitivityorder (s0)) (category c0) (categoryorder (c0)) (sensitivitycategory s0 (c0))
(user u) (role r) (type t) (roletype r t) (userrole u r) (userlevel u (s0)) (userrange u ((s0) (s0 (c0))))
(sidcontext kernel (u r t ((s0) (s0)))) (allow t t (process (fork)))
(typeattribute net_domain) (typeattributeset net_domain t)
(block container (type process) (roletype r process) (allow process process (process (fork))))
(block net_container (optional o (typeattributeset net_domain process)))
"""
"""What a policy has already: all capabilities, and the blocks of udica's templates."""


def apparmor(text: str) -> subprocess.CompletedProcess[str]:
    """Compile it, and load nothing."""
    words = ("apparmor_parser", "--skip-kernel-load", "--skip-cache", "--quiet", "--names")
    return subprocess.run(words, input=text, capture_output=True, text=True, check=False)


def selinux(text: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """Compile it on top of the base."""
    first, second = (" ".join(name.lower() for name in names) for names in (NAMES[:32], NAMES[32:]))
    (directory / "base.cil").write_text(BASE.format(first=first, second=second))
    (directory / "web.cil").write_text(text)
    words = (
        "secilc",
        "-o",
        directory / "policy",
        "-f",
        directory / "contexts",
        directory / "base.cil",
        directory / "web.cil",
    )
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_what_was_seen_is_let_through() -> None:
    profile = web(
        executed=("/usr/sbin/nginx",), libraries=("/lib/libc.so.6",), written=("/var/cache/nginx/a", "/var/cache/nginx/b", "/etc/x"),
        contacted=(ContactedAddress("unix", "/run/db"),), ports=(ListeningPort("tcp", 80),),
    )  # fmt: skip
    text = write_apparmor(profile, "web")
    assert apparmor(text).stdout == "web\n"
    rules = [line.strip() for line in text.splitlines()]
    for rule in (
        "capability chown,", "network inet stream,", "network inet6 stream,", '"/usr/sbin/nginx" mrix,', '"/lib/libc.so.6" mr,',
        '"/var/cache/nginx/" rw,', '"/var/cache/nginx/**" rwkl,', '"/etc/x" rwkl,', "network unix,",
    ):  # fmt: skip
        assert rule in rules
    assert not any(
        rule.startswith(("file", "capability,", "mount", "network,", '"/etc/" ', "network inet raw")) for rule in rules
    )
    offline = write_apparmor(web(ports=(), contacted=(), capabilities=()), "web")
    assert "inet" not in offline
    assert "capability" not in offline


def test_odd_names_end_no_rule() -> None:
    text = write_apparmor(Profile("i\n}", executed=ODD, libraries=ODD, written=ODD), "odd-1")
    done = apparmor(text)
    assert (done.returncode, done.stdout) == (0, "odd-1\n"), done.stderr
    assert '"/proc/*/status" mr,' in text
    assert '"/sec/AKIA*" mr,' in text
    assert text.isprintable() or set(text) - {"\n"} == {c for c in text if c.isprintable()}


@draws(15, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PATHS, max_size=40))
def test_any_paths_are_taken(paths: list[str]) -> None:
    done = apparmor(write_apparmor(Profile("x", executed=tuple(paths), written=tuple(paths)), "any"))
    assert (done.returncode, done.stdout) == (0, "any\n"), done.stderr


@pytest.mark.parametrize("capabilities", [(), ("CHOWN", "SYSLOG"), NAMES, ("UNKNOWN",)])
def test_selinux_takes_every_capability(tmp_path: Path, capabilities: tuple[str, ...]) -> None:
    profile = Profile("i\n)", capabilities=capabilities, granted=GrantedRights(), ports=(ListeningPort("tcp", 80),))
    text = write_selinux(profile, "sealock-web")
    done = selinux(text, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "(block sealock_web\n    (blockinherit container)\n    (blockinherit net_container)\n" in text
    assert ("net_container" in write_selinux(Profile("i"), "web")) is False
    assert ("chown" in text) == ("CHOWN" in capabilities)


@pytest.mark.parametrize(("image", "name"), [
    ("docker.io/library/nginx:1.29", "sealock-nginx"), ("a/b.c@sha256:1", "sealock-b-c"), ("\n;}", "sealock"),
    ("x" * 99, f"sealock-{'x' * 56}"),
])  # fmt: skip
def test_a_name_from_the_image(image: str, name: str) -> None:
    assert default_name(image) == name
    check_name(name)


@pytest.mark.parametrize("name", ["", "1web", "a b", "a\n", "a{", "x" * 65])
def test_what_names_no_policy(name: str) -> None:
    with pytest.raises(ValueError, match="cannot name a policy"):
        write_apparmor(Profile("i"), name)
    with pytest.raises(ValueError, match="cannot name a policy"):
        write_selinux(Profile("i"), name)
