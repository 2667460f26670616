"""Run lines in texts that a command carries: what it writes to a file, passes to a shell elsewhere, or quotes."""

from __future__ import annotations

import pytest

from sealock import formats
from sealock.formats.scripts import find_run_commands
from sealock.formats.textedits import apply_edits
from sealock.model.change import Set
from sealock.model.container import Container
from sealock.model.location import Source

LINE = "docker run --privileged x:1"
CARRIERS = [
    ("a script that cat writes", "cat > run.sh <<EOF\n§\nEOF\n"),
    ("a command of root in a script that cat writes", "cat > run.sh <<'EOF'\nsudo §\nEOF\n"),
    ("a script that cat appends", "cat <<'EOF' >> run.sh\nset -e\n§\nEOF\n"),
    ("a script whose lines end with backslashes", "cat > run.sh <<EOF\nsudo \\\\\n  §\nEOF\n"),
    ("a script in which variables are escaped", "cat > run.sh <<EOF\n\\$SUDO §\nEOF\n"),
    ("a script that tee writes", "sudo tee /usr/local/bin/run.sh >/dev/null <<-'EOF'\n\t§\n\tEOF\n"),
    ("a script that dd writes", "dd of=run.sh <<EOF\n§\nEOF\n"),
    ("a script that install writes", "install -m755 /dev/stdin run.sh <<EOF\n§\nEOF\n"),
    ("a unit", "cat >/etc/systemd/system/a.service <<EOF\n[Service]\nExecStart=/usr/bin/§\nEOF\n"),
    ("a script in a script", "ssh h <<EOF\ncat > x.sh <<EOT\n§\nEOT\nEOF\n"),
    ("a variable that read sets", "read -r -d '' S <<'EOF'\n§\nEOF\nbash -c \"$S\"\n"),
    ("echo into a file", "echo '§' > run.sh\n"),
    ("echo into a crontab", "echo '@reboot root §' > /etc/cron.d/x\n"),
    ("printf into a file", "printf '%s\\n' '#!/bin/sh' '§' > run.sh\n"),
    ("printf of lines into a shell", "printf 'set -e\\n§\\nls\\n' | sh -\n"),
    ("printf with blanks into a shell", 'printf "ls\\t-a\\\\n§\\n" | sh\n'),
    ("echo into a shell", "echo '§' | sh\n"),
    ("echo into at", "echo '§' | at now\n"),
    ("a group into crontab", "(crontab -l; echo '@daily §') | crontab -\n"),
    ("crontab's input", "crontab - <<EOF\n*/5 * * * * §\nEOF\n"),
    ("at's input", "at now + 1 minute <<EOF\n§\nEOF\n"),
    ("another group's shell", "newgrp docker <<< '§'\n"),
    ("another group's input", "newgrp docker <<EOF\n§\nEOF\n"),
    ("another user's input", "su u <<EOF\n§\nEOF\n"),
    ("an engine in a container", "docker exec -it d §\n"),
    ("a shell in a container", "docker exec d sh -c '§'\n"),
    ("an engine in a service", "docker compose exec dind §\n"),
    ("an engine's image", "docker run docker:cli §\n"),
    ("start-stop-daemon", "start-stop-daemon -S -b -m -p /run/x.pid -x /usr/bin/docker -- run --privileged x:1\n"),
    ("start-stop-daemon with an option of the program", "start-stop-daemon -S -x /usr/bin/docker -- run --privileged x:1 -x y\n"),
    ("supervise-daemon", "supervise-daemon x --start --exec docker -- run --privileged x:1\n"),
    ("a program by its path", "daemonize /usr/bin/§\n"),
    ("a command of AWS", "aws ssm send-command --document-name AWS-RunShellScript --parameters 'commands=[\"§\"]'\n"),
    ("a command of AWS as a value", "aws ssm send-command --parameters commands='§'\n"),
    ("a command of Azure", "az vm run-command invoke -g g -n n --command-id RunShellScript --scripts '§'\n"),
    ("a shell of Google's", "gcloud compute ssh vm --command='§'\n"),
    ("expect", "expect -c 'spawn §; expect eof'\n"),
    ("Python", "python3 -c 'import os; os.system(\"§\")'\n"),
    ("Perl", "perl -e 'print `§`'\n"),
    ("awk", "awk 'BEGIN{system(\"§\")}'\n"),
    ("AppleScript", "osascript -e 'do shell script \"§\"'\n"),
    ("an alias", "alias x='§'\n"),
    ("the prompt", "PROMPT_COMMAND='§'\n"),
    ("a command that is a word", "watch -n1 '§'\n"),
    ("a lock", "flock /x -c '§'\n"),
    ("many hosts", "pssh -h hosts -i '§'\n"),
    ("Ansible", "ansible all -b -m shell -a '§'\n"),
    ("a password's ssh", "sshpass -p x ssh h '§'\n"),
    ("an alias of git", "git config alias.x '!§'\n"),
    ("an address of socat", "socat TCP-LISTEN:1 EXEC:'§'\n"),
    ("a snap", "snap run §\n"),
]  # fmt: skip
SCRIPTS = [pytest.param(text.replace("§", LINE), id=name) for name, text in CARRIERS]


@pytest.mark.parametrize(
    "script",
    [
        "cat <<E >f\na $(§)\nE\n",
        "cat >f <<-E\n\ta `§`\n\tE\n",
        "cat <<E | tee f\n$(§) docker run\nE\n",
        "crontab - <<E\n* * * * * a $(§)\nE\n",
        'echo "* * * * * $(§)" | crontab -\n',
    ],
)
def test_what_the_shell_expands_in_a_text_that_it_writes_is_found_once(script: str) -> None:
    source = Source("up.sh", "#!/bin/bash\n" + script.replace("§", LINE))
    runs = [run for run in find_run_commands(source) if run.arguments[0].text == "--privileged"]
    assert [source.excerpt(run.place) for run in runs] == [LINE]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_carried_line_is_found_once_at_its_place(script: str) -> None:
    source = Source("up.sh", "#!/bin/bash\nset -e\n" + script)
    runs = [run for run in find_run_commands(source) if run.arguments[0].text == "--privileged"]
    assert [source.excerpt(run.place).removeprefix("/usr/bin/") for run in runs] == [run_line(script)]


def run_line(script: str) -> str:
    return LINE if LINE in script else script[script.index("docker --" if "bin" in script else "docker") : -1]


@pytest.mark.parametrize(
    ("script", "image"),
    [
        ("printf 'docker run --rm x\\n' | sh", "x"), ("printf 'docker run --rm x\\\\n' | sh", "xn"),
        ("printf 'docker run --rm\\tx\\r\\nls' | sh", "x"), ("echo 'docker run --rm x\\n' | bash", "xn"),
        ('echo "\n#!/bin/sh\ndocker run --rm ${IMAGE}\n" >> run.sh', "${IMAGE}"),
        ("cat > run.sh <<E\ndocker run \\\\\n \\$IMAGE\nE", "$IMAGE"),
    ],
)  # fmt: skip
def test_a_carried_line_is_read_as_it_is_printed(script: str, image: str) -> None:
    (run,) = find_run_commands(Source("up.sh", f"#!/bin/bash\n{script}\n"))
    assert run.arguments[-1].text == image


def test_a_carried_line_is_fixed_where_it_stands() -> None:
    text = "cat > run.sh <<'EOF'\ndocker run --privileged x:1\nEOF\naws ssm send-command --parameters 'commands=[\"docker run --privileged --rm y:1\"]'\n"
    for _ in range(2):
        document = formats.read("run", Source("up.sh", text))
        subject = next(
            each for each in document.subjects if isinstance(each.noun, Container) and each.noun.privileged is True
        )
        text = apply_edits(text, formats.edits(document, subject, Set("privileged", value=False)))
    assert "privileged" not in text


NOT_RUN = [
    ("a usage", "usage() { cat <<U\nUsage:\n  §\nU\n}\n"),
    ("a message to the user", "cat >&2 <<U\n§\nU\nprintf '§\\n' >&2\n"),
    ("a message of a function", "log_info '§'\ndie 'use §'\n"),
    ("a commit's message", "git commit -m '§'\n"),
    ("what is searched for", "grep -q '§' f\nsed -i 's/§/docker run x:1/' f\n"),
    ("what is compared", "[ \"$x\" = '§' ] && [[ $x == '§' ]]\n"),
    ("a variable that nobody runs", "x='§'\n"),
    ("a page", "cat > NOTES.md <<'U'\nSay § to start it\nU\n"),
    ("a log", 'echo "docker run of $x failed" >> "$LOG"; echo "docker run <image> $x" >> $GITHUB_STEP_SUMMARY\n'),
    ("a sentence", "echo 'Use § to start' > README\n"),
    ("a container's variable and label", "docker run -e A='§' --label 'l=§' --cap-drop ALL y:1\n"),
]  # fmt: skip


@pytest.mark.parametrize("script", [pytest.param(text.replace("§", LINE), id=name) for name, text in NOT_RUN])
def test_a_line_that_nobody_runs_is_left_alone(script: str) -> None:
    document = formats.read("run", Source("up.sh", script))
    assert all(
        subject.noun.privileged is not True for subject in document.subjects if isinstance(subject.noun, Container)
    )
    assert not document.errors


AFTER = (
    "a", "a-", "a/", " ", "if A=if ", "A=( ", "A=( sudo ", "{docker -", "; sudo", "$a ", "f(){ ", "f {docker ",
    ' docker "$@"\n', ";docker \\\n", " -a", "alias a=docker ", 'alias a="docker ', "shift;",
)  # fmt: skip
"""What may stand again and again in a script with a function that passes its arguments on."""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", "run(['docker'" + " " * 200_000 + "'run'])"),
        ("a.py", "x('docker run a') " * 10_000),
        ("a.sh", "a" * 60_000 + "! 3 docker run --rm x"),
        ("Makefile", "include $(wildcard" + " " * 200_000),
    ],
    ids=["blanks between words", "strings in a line", "a long program", "blanks of a function"],
)
@pytest.mark.untraced
def test_a_long_line_takes_linear_time(name: str, text: str) -> None:
    formats.read("run", Source(name, text))


@pytest.mark.parametrize(
    "part",
    [
        pytest.param("cat >f <<E\ndocker run -d x\nE\n", id="here-documents"),
        pytest.param("cat >f <<-E\n\tdocker run -d x\n\tE\n", id="indented here-documents"),
        pytest.param("x 'docker run -d x' ", id="quoted words"),
        pytest.param("x 'a \"docker run -d x\" b' ", id="words in words"),
        pytest.param("docker - ", id="engines"),
        *(pytest.param(f'f() {{ docker "$@"; }}\n{{}}{part}', id=f"a function, and {part!r}") for part in AFTER),
    ],
)
@pytest.mark.untraced
def test_a_long_text_takes_linear_time(part: str) -> None:
    head, _, part = part.rpartition("{}")
    formats.read("run", Source("up.sh", head + part * (20_000 // len(part))))
