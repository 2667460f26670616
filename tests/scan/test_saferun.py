"""`docker run` with safe defaults: what is added, what the caller keeps, which image runs, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealock.errors import TargetError
from sealock.model.imagename import ImageName
from sealock.model.trust import TrustResult
from sealock.scan.runmachine import RunImage, RunMachine
from sealock.scan.saferun import RunSources, SafeRun, make_safe
from sealock.scan.settings import Settings

DIGEST = "sha256:" + "ab" * 32
OTHER = "sha256:" + "cd" * 32
MACHINE = RunMachine(cpus=4, memory=8 << 30)


def safe(
    *words: str,
    local: RunImage | None = None,
    machine: RunMachine = MACHINE,
    trust: TrustResult | None = None,
    policy: str = "",
) -> SafeRun:
    asked: list[ImageName] = []

    def digest(name: ImageName) -> str:
        asked.append(name)
        return OTHER

    verify = (lambda _name, _text: trust) if trust is not None else None
    sources = RunSources(lambda: machine, lambda _: local, digest, verify)
    return make_safe(("docker", "run", *words), Settings(policy_file=policy), sources)


def added(run: SafeRun, option: str) -> list[str]:
    """The values of an option in the command."""
    return [after for word, after in zip(run.words, run.words[1:], strict=False) if word == option]


def test_what_the_caller_leaves_open_is_closed() -> None:
    run = safe("alpine:3.20", "id")
    assert run.words[:2] == ("docker", "run")
    assert run.words[-2:] == (f"alpine:3.20@{OTHER}", "id")
    assert "--read-only" in run.words
    assert added(run, "--security-opt") == ["no-new-privileges"]
    assert added(run, "--cap-drop") == ["ALL"]
    assert added(run, "--tmpfs") == ["/tmp", "/run"]
    assert (added(run, "--pids-limit"), added(run, "--memory"), added(run, "--cpus")) == (["500"], ["4g"], ["2"])
    assert run.refused == ()
    assert sorted(why.partition(":")[0] for entry in run.added if (why := entry.why).startswith("C0")) == [
        "C004", "C006", "C028", "C029", "C030", "C040",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "option", "values"),
    [
        (["--memory", "64m", "alpine"], "--memory", ["64m"]),
        (["-m", "64m", "alpine"], "--memory", []),
        (["--pids-limit", "9", "alpine"], "--pids-limit", ["9"]),
        (["--cpus", "0.5", "alpine"], "--cpus", ["0.5"]),
        (["--cpuset-cpus", "0", "alpine"], "--cpus", []),
        (["--cpu-quota", "50000", "alpine"], "--cpus", []),
        (["--cap-add", "NET_RAW", "alpine"], "--cap-drop", ["ALL"]),
        (["--cap-drop", "ALL", "alpine"], "--cap-add", []),
        (["--security-opt", "no-new-privileges=false", "alpine"], "--security-opt", ["no-new-privileges=false"]),
        (["-p", "8080:80", "alpine"], "-p", ["127.0.0.1:8080:80"]),
        (["-p", "80:80", "nginx:1.27"], "-p", ["127.0.0.1:80:80"]),
        (["-p", "80:80", "-p", "81:81", "nginx:1.27"], "-p", ["127.0.0.1:80:80", "127.0.0.1:81:81"]),
        (["-p", "10.1.2.3:80:80", "alpine"], "-p", ["10.1.2.3:80:80"]),
        (["-p", "0.0.0.0:8080:8080", "alpine"], "-p", ["0.0.0.0:8080:8080"]),
        (["alpine", "--memory", "64m"], "--memory", ["4g", "64m"]),
    ],
)
def test_what_the_caller_sets_wins(words: list[str], option: str, values: list[str]) -> None:
    assert added(safe(*words), option) == values


@pytest.mark.parametrize("word", ["--read-only=false", "--read-only=true", "--read-only"])
def test_a_root_file_system_stays_as_the_caller_sets_it(word: str) -> None:
    run = safe(word, "alpine")
    assert [one for one in run.words if one.startswith("--read-only")] == [word]
    assert not added(run, "--tmpfs")


@pytest.mark.parametrize(
    ("image", "user", "capabilities"),
    [
        ("redis:7.4", "", ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"]),
        ("app:1", "1000", []),
        ("app:1", "0", ["CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "SETGID", "SETUID"]),
    ],
)
def test_capabilities_are_kept_by_what_the_image_starts_as(image: str, user: str, capabilities: list[str]) -> None:
    assert added(safe(image, local=RunImage(DIGEST, (), user)), "--cap-add") == capabilities


@pytest.mark.parametrize(
    ("words", "local", "image"),
    [
        (["alpine"], None, f"alpine@{OTHER}"),
        (["alpine:3.20"], None, f"alpine:3.20@{OTHER}"),
        (["alpine:3.20"], RunImage(DIGEST, (f"alpine@{DIGEST}",)), f"alpine:3.20@{DIGEST}"),
        (["alpine:3.20"], RunImage(DIGEST, (f"docker.io/library/alpine@{DIGEST}",)), f"alpine:3.20@{DIGEST}"),
        (["alpine:3.20"], RunImage(OTHER, (f"ghcr.io/x/y@{DIGEST}", f"alpine@{DIGEST}")), f"alpine:3.20@{DIGEST}"),
        (["mine"], RunImage(DIGEST), DIGEST),
        (["mine"], RunImage(DIGEST, (f"ghcr.io/x/y@{OTHER}",)), DIGEST),
        (["--pull", "always", "alpine"], RunImage(DIGEST, (f"alpine@{DIGEST}",)), f"alpine@{OTHER}"),
        ([f"alpine@{DIGEST}"], None, f"alpine@{DIGEST}"),
        ([f"alpine:1@{DIGEST}"], RunImage(OTHER), f"alpine:1@{DIGEST}"),
        ([DIGEST], RunImage(DIGEST, (f"alpine@{OTHER}",)), DIGEST),
        (["ab" * 32], RunImage(DIGEST), "ab" * 32),
        (["ab" * 6], RunImage(DIGEST), DIGEST),
    ],
)
def test_the_image_is_pinned(words: list[str], local: RunImage | None, image: str) -> None:
    assert safe(*words, local=local).words[-1] == image


def result(state: str, *, accepted: bool = False, digest: str = DIGEST) -> TrustResult:
    return TrustResult("policy", "alpine", digest, state, "", "nobody signed it", accepted=accepted)  # type: ignore[arg-type]  # a state


@pytest.mark.parametrize(
    ("trust", "refused"),
    [
        (result("trusted"), ()),
        (result("untrusted"), ("alpine is not trusted: nobody signed it",)),
        (result("unknown"), ("alpine is not trusted: nobody signed it",)),
        (result("unknown", accepted=True), ()),
    ],
)
def test_the_trust_policy_decides_on_the_image(trust: TrustResult, refused: tuple[str, ...]) -> None:
    run = safe("alpine", trust=trust, local=RunImage(OTHER, (f"alpine@{OTHER}",)))
    assert run.refused == refused
    assert run.words[-1] == ("alpine" if refused else f"alpine@{DIGEST}")


@pytest.mark.parametrize("text", [DIGEST, "ab" * 32])
def test_the_trust_policy_refuses_what_has_no_name(text: str) -> None:
    run = safe(text, trust=result("trusted"), local=RunImage(DIGEST, (f"alpine@{DIGEST}",)))
    assert run.refused == (f"the trust policy goes by names, and {text} is none: run the image by its name",)


REFUSED = [
    (["--privileged", "alpine"], "C001"),
    (["-v", "/var/run/docker.sock:/s", "alpine"], "C011"),
    (["-v", "/:/mnt", "alpine"], "C014"),
    (["--net=host", "alpine"], "C020"),
    (["--pid", "host", "alpine"], "C018"),
    (["--cap-add", "SYS_ADMIN", "alpine"], "C002"),
    (["--security-opt", "seccomp=unconfined", "alpine"], "C007"),
]


@pytest.mark.parametrize(("words", "rule"), REFUSED)
def test_what_the_rule_book_fails_is_refused(words: list[str], rule: str) -> None:
    assert any(f" {rule}: " in why for why in safe(*words).refused)


@pytest.mark.parametrize(("words", "rule"), REFUSED)
def test_the_policy_allows_it_with_a_reason(words: list[str], rule: str, tmp_path: Path) -> None:
    policy = tmp_path / "sealock.toml"
    policy.write_text(f'[[ignore]]\nrule = ["{rule}"]\nreason = "a test"\n')
    assert not any(f" {rule}: " in why for why in safe(*words, policy=str(policy)).refused)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "docker run names no image"),
        (["--rm"], "docker run names no image"),
        (["--bogus", "alpine"], "unknown option: --bogus"),
        (["--memory", "much", "alpine"], "--memory"),
        ([DIGEST], f"the engine has no image {DIGEST}, and an id names none of a registry"),
        (["ab" * 32], "the engine has no image (ab){32}, and"),
        (["--help"], "this asks the client for help, and runs no container"),
    ],
)
def test_what_is_no_run_is_an_error(words: list[str], message: str) -> None:
    with pytest.raises(TargetError, match=message):
        safe(*words)


@pytest.mark.parametrize(
    "words", [["alpine", "sh", "-c", "echo $HOME `id` \"$(id)\" '<x>' > /x"], ["-e", "A=a b'c\"d$e\\f", "alpine"]]
)
def test_the_callers_words_stay_what_they_are(words: list[str]) -> None:
    run = safe(*words)
    for word in words:
        assert word in run.words or word == "alpine"


def test_a_machine_that_says_nothing_gets_no_limits_from_it() -> None:
    run = safe("alpine", machine=RunMachine())
    assert not added(run, "--memory")
    assert not added(run, "--cpus")
    assert added(run, "--pids-limit") == ["500"]
