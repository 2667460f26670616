"""Programs that run another: which words are their own, and where the other command begins."""

from __future__ import annotations

import pytest

from sealock import shell
from sealock.model.shell import Script
from sealock.model.wrappers import unwrap_words

WRAPPED = [
    ("sudo -u 1 -g 1 -p 1 -r 1 -t 1 -C 1 -D 1 -h 1 -T 1 -R 1 -U 1 -n -E A=b", "a -u"),
    ("sudo --user 1 --group 1 --prompt 1 --role 1 --type 1 --close-from 1 --chdir 1 --host 1 --command-timeout 1 --chroot 1 --other-user 1", "a"),
    ("sudo --user=1 -u1 -nu 1 --", "a -l"),
    ("sudo -l", ""),
    ("sudo -v", ""),
    ("sudo -e", ""),
    ("sudo -k", ""),
    ("sudo -K", ""),
    ("sudo --list", ""),
    ("sudo --validate", ""),
    ("sudo --edit", ""),
    ("doas -u 1 -C 1 -n", "a"),
    ("doas", "A=b a"),
    ("env -u 1 -C 1 -i --unset 1 --chdir 1 A=b C=d", "a A=b"),
    ("env -- A=b", "a"),
    ("exec -a 1 -c", "a"),
    ("command -p", "a"),
    ("command -v", ""),
    ("command -V", ""),
    ("builtin", "a"),
    ("time -f 1 -o 1 --format 1 --output 1 -p", "a"),
    ("nice -n 1 --adjustment 1", "a"),
    ("ionice -c 1 -n 1 -p 1 -P 1 -u 1 --class 1 --classdata 1 -t", "a"),
    ("nohup", "a"),
    ("setsid -w", "a"),
    ("timeout -k 1 -s 1 --kill-after 1 --signal 1 10", "a"),
    ("timeout -- 10", "a"),
    ("chroot --userspec 1 --groups 1 /x", "a"),
    ("gosu me", "a"),
    ("su-exec me:me", "a"),
    ("setpriv --reuid 1 --ruid 1 --euid 1 --regid 1 --rgid 1 --egid 1 --groups 1 --inh-caps 1 --ambient-caps 1", "a"),
    ("setpriv --bounding-set 1 --securebits 1 --pdeathsig 1 --selinux-label 1 --apparmor-profile 1 --nnp", "a"),
    ("setpriv --landlock-access 1 --landlock-rule 1 --seccomp-filter 1", "a"),
    ("runuser -u 1 -g 1 -G 1 --user 1 --group 1 --supp-group 1 --", "a"),
    ("stdbuf -i 1 -o 1 -e 1 --input 1 --output 1 --error 1", "a"),
    ("unshare -S 1 -G 1 -R 1 -w 1 --setuid 1 --setgid 1 --root 1 --wd 1 --map-user 1 --map-group 1 --propagation 1 --setgroups 1 -m", "a"),
    ("nsenter -t 1 -S 1 -G 1 --target 1 --setuid 1 --setgid 1 -m", "a"),
    ("xargs -a 1 -d 1 -E 1 -I 1 -L 1 -n 1 -P 1 -s 1 -r", "a"),
    ("xargs --arg-file 1 --delimiter 1 --max-args 1 --max-procs 1 --max-chars 1 --max-lines --replace", "a"),
    ("busybox", "a"),
    ("taskset -a 3", "a"),
    ("chrt -T 1 -P 1 -D 1 -f 3", "a"),
    ("flock -w 1 -E 1 --timeout 1 --wait 1 --conflict-exit-code 1 -n file", "a"),
    ("dumb-init -r 1 --rewrite 1 -c --", "a"),
    ("tini -p 1 -e 1 -g --", "a"),
    ("catatonit --", "a"),
    ("fakeroot -l 1 -i 1 -s 1 -b 1 --lib 1 --faked 1 --", "a"),
    ("eatmydata", "a"),
    ("watch -n 1 --interval 1 -d", "a"),
    ("wsl -d 1 -u 1 --distribution 1 --user 1 --cd 1", "a"),
    ("chronic -v", "a"),
    ("unbuffer -p", "a"),
    ("strace -e 1 -o 1 -p 1 -s 1 -P 1 -a 1 -E 1 -u 1 -I 1 -X 1 -f", "a"),
    ("systemd-run -p 1 -M 1 -H 1 -E 1 -u 1 --unit 1 --property 1 --description 1 --slice 1 --uid 1 --gid 1 -P", "a"),
    ("systemd-run --nice 1 --setenv 1 --machine 1 --host 1 -d --pipe", "a"),
    ("env A.b=c", "a"),
    ("unwrapped", ""),
]  # fmt: skip


def shown(script: Script) -> str:
    """The first command of a script, with the variables that it sets."""
    command = next(script.commands())
    sets = [f"{each.name}={each.value.text}" for each in command.assignments if each.value is not None]
    return " ".join([*sets, *(word.text for word in command.words)])


@pytest.mark.parametrize(("before", "inner"), WRAPPED)
def test_a_wrapper_runs_what_follows_its_own_words(before: str, inner: str) -> None:
    command = next(shell.parse(f"{before} {inner or 'a'}").commands())
    assert [shown(nested.script) for nested in command.nested] == ([inner] if inner else [])


@pytest.mark.parametrize(("before", "inner"), WRAPPED)
def test_words_without_a_script_are_unwrapped_alike(before: str, inner: str) -> None:
    words = unwrap_words([*before.split(), *(inner or "a").split()])
    assert " ".join(words) == (inner if inner or before != "unwrapped" else "unwrapped a")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        pytest.param("sudo -u root env A=1 nice -n 5 sh -c x", "sh -c x", id="several wrappers"),
        pytest.param("env -S 'bash -x' y", "'bash -x' y", id="the text of env"),
        pytest.param("/usr/bin/sudo -E bash -", "bash -", id="by its path"),
        pytest.param("sudo " * 40 + "sh", "sudo " * 20 + "sh", id="more wrappers than are followed"),
        pytest.param("sh -c x", "sh -c x", id="no wrapper"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_words_are_unwrapped_through_several_wrappers(line: str, words: str) -> None:
    assert " ".join(unwrap_words(line.split())) == words
