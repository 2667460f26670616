"""`docker run` lines of a text, with their words and places."""

from __future__ import annotations

import pytest

from sealock.formats.scripts import RunCommand, find_created_networks, find_run_commands
from sealock.model.location import Source


def lines(name: str, text: str) -> list[str]:
    return [sketch(run) for run in find_run_commands(Source(name, text))]


def sketch(run: RunCommand) -> str:
    """Engine, verb and arguments; what is unresolved stands in guillemets, words with blanks in brackets."""
    words = [
        f"«{word.text}»" if not word.literal else f"[{word.text}]" if " " in word.text or not word.text else word.text
        for word in run.arguments
    ]
    return " ".join([run.engine, run.verb, *words])


SHELL = [
    ("a plain line", "docker run --rm alpine id", ["docker run --rm alpine id"]),
    ("create", "docker create alpine", ["docker create alpine"]),
    ("the long form", "docker container run alpine; docker container create b", ["docker run alpine", "docker create b"]),
    ("other engines", "podman run a\nnerdctl run b\npodman create c", ["podman run a", "nerdctl run b", "podman create c"]),
    ("by its path", "/usr/bin/docker run a", ["docker run a"]),
    ("behind sudo with options", "sudo -u root -E docker run a", ["docker run a"]),
    ("behind env and nohup", "env A=b nohup docker run a &", ["docker run a"]),
    ("global options", "docker -H tcp://h:1 --context x --debug --tlscacert=f run a", ["docker run a"]),
    ("podman's global options", "podman --remote --url u --log-level debug run a", ["podman run a"]),
    ("in a pipeline", "echo x | docker run -i a | cat", ["docker run -i a"]),
    ("in a substitution", "ID=$(docker run -d a)\necho `docker create b`", ["docker run -d a", "docker create b"]),
    ("in a shell's argument", "ssh h; bash -c 'docker run a'", ["docker run a"]),
    ("in branches, loops and functions", "if x; then docker run a; fi; f() { docker run b; }; for i in 1; do docker run c; done", ["docker run a", "docker run b", "docker run c"]),
    ("over several lines", "docker run \\\n  --rm \\\n  -v a:b \\\n  alpine\ndocker ps", ["docker run --rm -v a:b alpine"]),
    ("quotes", "docker run -e \"A=b c\" -e 'D=$e' --x=\"y\" a", ["docker run -e [A=b c] -e D=$e --x=y a"]),
    ("what others do", "docker ps; docker-compose run web; docker compose run web; docker push x; echo docker run a", ["docker compose run web", "docker compose run web"]),
    ("a comment", "# docker run --privileged a\ndocker run b # docker run c", ["docker run b"]),
    ("the page that explains it", "docker run [OPTIONS] IMAGE", []),
    ("a variable names the engine", "$DOCKER run a; ${DOCKER:-docker} run b; ${PODMAN_CMD} run c", ["docker run a", "docker run b", "podman run c"]),
    ("what only looks like a variable", "'$CONTAINER_ENGINE' run --privileged a; $CONTAINER_ENGINE run --privileged b", ["docker run --privileged b"]),
    ("variables for Compose and other tools", "$CONTAINER_COMPOSE run --rm a; $KUBE_ENGINE run --rm b; $OCI_ENGINE run --rm c", ["docker run --rm c"]),
    ("verbs that other programs have too", "$ENGINE exec --privileged a sh; $ENGINE update --memory 1g b; $ENGINE container run --rm c", ["docker run --rm c"]),
    ("sudo in a variable", "$SUDO docker run a", ["docker run a"]),
    ("nothing after the verb", "docker run", ["docker run"]),
    ("a backslash before the program, after any line", "echo hi\n\\docker run -v /:/x a\ndocker run b </dev/null\n  \\docker run c", ["docker run -v /:/x a", "docker run b", "docker run c"]),
    ("a variable for the file's number", "docker run {log}>f --privileged a; docker run {fd}<f b; docker run {c} >f", ["docker run --privileged a", "docker run b", "docker run {c}"]),
    ("braces in what eval and ssh run", "eval 'docker run x{--privileged,} a'; ssh h 'docker run x{-t,-i} b'; sh -c 'docker run {c,d}'", ["docker run «x{--privileged,}» a", "docker run «x{-t,-i}» b", "docker run {c,d}"]),
]  # fmt: skip

PASSED_ON = [
    ("several aliases of one command", "alias ll='ls -l' d=docker dr='docker run '\nd run -t a\ndr --privileged b", ["docker run -t a", "docker run --privileged b"]),
    ("a function with other commands", 'd() {\n  echo "+ $*"\n  if ${X}; then sudo docker --context "$Y" "$@" || exit; fi\n}\nd run -v /:/x a', ["docker run -v /:/x a"]),
    ("a function that takes arguments away", 'd() { local h=$1; shift; docker -H "$h" "$@" -l; }\nd tcp://h run --privileged a ls', ["docker run --privileged a ls -l"]),
    ("a function that prints a command", 'd() { echo docker "$@"; echo; }\nd run --privileged a', []),
]  # fmt: skip

VARIABLES = [
    ("a plain value", "IMG=alpine\ndocker run $IMG", ["docker run alpine"]),
    ("inside of a word", 'D=/srv\ndocker run -v "${D}/a:/b" x', ["docker run -v /srv/a:/b x"]),
    ("exported, read-only, declared", "export A=1\nreadonly B=2; declare -r C=3\ndocker run $A $B $C", ["docker run 1 2 3"]),
    ("a value made of values", "A=x; B=$A:1; docker run $B", ["docker run x:1"]),
    ("several words without quotes", 'O="--rm -v a:b"; docker run $O x', ["docker run --rm -v a:b x"]),
    ("one word with quotes", 'O="a b"; docker run -e "$O" x', ["docker run -e [a b] x"]),
    ("an array", 'A=(--rm -v "x y:z")\ndocker run "${A[@]}" i', ["docker run --rm -v [x y:z] i"]),
    ("an empty array", 'A=()\n$A docker run $A "${A[@]}" ${A[@]} i', ["docker run i"]),
    ("an array with empty words", 'A=("" -it "")\ndocker run ${A[@]} i; docker run "${A[@]}" i', ["docker run -it i", "docker run [] -it [] i"]),
    ("an array that grows", 'A=(--rm)\nA+=(-it)\ndocker run "${A[@]}" i', ["docker run --rm -it i"]),
    ("an array that may grow", 'A=(--rm)\nif x; then A+=(--privileged); fi\ndocker run "${A[@]}" i', ["docker run «${A[@]}» i"]),
    ("assigned again before", "A=x; docker run $A; A=y; docker run $A", ["docker run x", "docker run y"]),
    ("assigned in a branch", "A=x; if b; then A=y; fi; docker run $A", ["docker run «$A»"]),
    ("assigned and used in a function", "f() { local A=x; docker run $A; }", ["docker run x"]),
    ("a default counts only where the value is not known", "docker run ${A:-x}; A=y; docker run ${A:-x}", ["docker run «${A:-x}»", "docker run y"]),
    ("assigned where it is not set yet", '[ -z "$A" ] && A=x; docker run $A', ["docker run «$A»"]),
    ("assigned in a branch, used after", 'if [ -z "$A" ]; then A=x; fi; docker run $A', ["docker run «$A»"]),
    ("a loop's variable", "i=0; for i in 1 2; do docker run $i; done", ["docker run «$i»"]),
    ("assigned in a function, used in a subshell of another", "A=; f() (docker run $A x); g() { A=y; }", ["docker run «$A» x"]),
    ("assigned again in a subshell of a function", "f() (A=x; docker run $A); g() { A=y; }", ["docker run x"]),
    ("assigned once, used in a subshell of a function", "A=x; f() (docker run $A)", ["docker run x"]),
    ("assigned once in a function, used in its subshell", "f() { A=x; (docker run $A); }", ["docker run x"]),
    ("arguments in a subshell of a function", "set -- x; f() (docker run $@ y)", ["docker run «$@» y"]),
    ("read from the user", "A=x; read A; docker run $A", ["docker run «$A»"]),
    ("never assigned", 'docker run $A ${B} "$C" $(pwd) $1 $@', ["docker run «$A» «${B}» «$C» «$(pwd)» «$1» «$@»"]),
    ("before the program only", "A=x docker run $A", ["docker run «$A»"]),
    ("in a subshell only", "(A=x); docker run $A", ["docker run «$A»"]),
    ("the whole command", 'C="sudo docker run --rm"; $C x', ["docker run --rm x"]),
    ("single quotes keep a dollar", "A=x; docker run '$A'", ["docker run $A"]),
    ("nothing at all", "A=; docker run $A x", ["docker run x"]),
    ("elements of an array one by one", 'A=(); A[0]=-t; A[${#A[@]}]=--privileged; docker run "${A[@]}" x', ["docker run «${A[@]}» x"]),
    ("elements with their indices", 'A=([1]=x [0]=-t); docker run "${A[@]}"', ["docker run «${A[@]}»"]),
    ("an element taken away", "A=(-t x); unset 'A[0]'; docker run \"${A[@]}\"", ["docker run «${A[@]}»"]),
    ("elements of several words", 'A=("-t -i" "a b"); docker run ${A[@]}; docker run "${A[@]}"; docker run "${A[*]}"', ["docker run -t -i a b", "docker run [-t -i] [a b]", "docker run «${A[*]}»"]),
    ("an element over two lines", 'A=(--pri\\\nvileged x)\ndocker run "${A[@]}"', ["docker run --privileged x"]),
    ("a name for another variable", "B=--privileged; declare -n A=B; docker run $A x", ["docker run «$A» x"]),
    ("a variable that changes what it gets", "typeset -xl A=X; docker run $A", ["docker run «$A»"]),
    ("other separators", "IFS=:; A=-t:-i; B='a b'; docker run $A $B/$A x", ["docker run «$A» «$B/$A» x"]),
    ("other separators for one command", "IFS=: read A B; C=a:1; docker run $C", ["docker run a:1"]),
    ("assigned by eval", "A=-t; eval A=--privileged; docker run $A x", ["docker run «$A» x"]),
    ("a command with quotes for eval", "C='docker run \\\n  --privileged -e \"A=b c\" x'; eval \"$C\"; sh -c \"$C\"; $C", ["docker run --privileged -e [A=b c] x", "docker run --privileged -e [A=b c] x", 'docker run \\ --privileged -e "A=b c" x']),
    ("a home directory", "A=~/x; docker run -v $A:/y a", ["docker run -v «$A:/y» a"]),
]  # fmt: skip

MAKE = [
    ("a recipe", "run:\n\t@docker run --rm a\n\t-docker run b\n", ["docker run --rm a", "docker run b"]),
    ("over several lines", "run:\n\tdocker run \\\n\t\t--rm \\\n\t\ta\n", ["docker run --rm a"]),
    ("variables", "IMG := x:1\nV = a:b\nrun:\n\tdocker run -v $(V) ${IMG}\n", ["docker run -v a:b x:1"]),
    ("a variable of several words", 'O = --rm -e "A=b c"\nrun:\n\tdocker run $(O) x\n', ["docker run --rm -e [A=b c] x"]),
    ("inside of a word", "D = /srv\nrun:\n\tdocker run -v $(D)/a:/b x\n", ["docker run -v /srv/a:/b x"]),
    ("variables in variables", "R = r.io\nI = $(R)/x\nrun:\n\tdocker run $(I)\n", ["docker run r.io/x"]),
    ("what the caller may set", "I ?= x\nrun:\n\tdocker run $(I) $(TAG) $@\n", ["docker run «$(I)» «$(TAG)» «$(@)»"]),
    ("what a function gives", "run:\n\tdocker run -v $(dir $@):/a $(shell pwd) $$(pwd) $$HOME x\n", ["docker run -v «$(dir $@):/a» «$(shell pwd)» «$$(pwd)» «$$HOME» x"]),
    ("the engine too", "DOCKER ?= docker\nrun:\n\t$(DOCKER) run a\n", ["docker run a"]),
    ("a recipe that rules refer to", "define RUN\n@docker run \\\n\t-d $(X)\nendef\n", ["docker run -d «$(X)»"]),
    ("on the rule's line", "run: build; docker run a\n", ["docker run a"]),
    ("not outside of recipes", "# docker run a\nX = docker run b\n", []),
]  # fmt: skip

MARKDOWN = [
    ("text in a note", "!!! note\n\n    Don't say\n    docker run a\n\n    or `docker run --rm b`\n", ["docker run --rm b"]),
    ("an indented block in a note", '!!! note "A b"\n\n    Say\n\n        docker run a\n\nText\n\n    docker run b\n', ["docker run a", "docker run b"]),
    ("in a tab of a note", '??? tip\n\n    === "A"\n\n        docker run a\n\n            docker run b\n\n    === "B"\n\n        docker run c\n', ["docker run b"]),
    ("a note with another", "!!! a\n    !!! b\n\n            docker run a\n\n        docker run b\n", ["docker run a"]),
    ("a fence in a note", "???+ a\n\n    ```sh\n    docker run a\n    ```\n    docker run b\n", ["docker run a"]),
    ("a fenced block", "Text\n\n```sh\ndocker run a\n```\ndocker run b\n", ["docker run a"]),
    ("tildes", "~~~bash\ndocker run a\n~~~\n", ["docker run a"]),
    ("without a language", "```\ndocker run a\n```\n", ["docker run a"]),
    ("of another language", "```yaml\nx: docker run a\n```\n```dockerfile\nRUN docker run a\n```\n", []),
    ("a session", "```console\n$ docker run a\nhello\ndocker run no\n# docker run b\n```\n", ["docker run a", "docker run b"]),
    ("a session's line that goes on", "```\n$ docker run \\\n>  --rm \\\n>  a\nout\n```\n", ["docker run --rm a"]),
    ("a session's comments", "```console\n# don't\n$ docker run a\n# it's\n$ docker run b\n```\n", ["docker run a", "docker run b"]),
    ("a session of root", "```console\n# docker run a\nout\n# id\n```\n", ["docker run a"]),
    ("a prompt with a host", "```\nme@host:~/x$ docker run a\n```\n", ["docker run a"]),
    ("a prompt with an arrow", "```shell\n$> docker run --rm b\n$> docker run a\n```\n", ["docker run --rm b", "docker run a"]),
    ("a comment in a script", "```bash\n# docker run --privileged x\ndocker run b\n```\n", ["docker run b"]),
    ("an indented block", "Text:\n\n    docker run a\n    docker run b\n\nEnd\n", ["docker run a", "docker run b"]),
    ("an indented session", "Text:\n\n    $ docker run a\n    # docker run b\n", ["docker run a", "docker run b"]),
    ("in a list", "1. Do\n\n   ```sh\n   docker run a\n   ```\n", ["docker run a"]),
    ("placeholders", "```sh\ndocker run -v <your path>:/x <image>\n```\n", ["docker run -v «<your path>:/x» «<image>»"]),
    ("a placeholder with a comma", "```sh\ndocker run -e TZ=<zone, eg Asia/Tokyo> a\n```\n", ["docker run -e «TZ=<zone, eg Asia/Tokyo>» a"]),
    ("placeholders that are paths", "```sh\ndocker run -v </srv/my-data>:/x -v </b>/c:/d a\n```\n", ["docker run -v «</srv/my-data>:/x» -v «</b>/c:/d» a"]),
    ("redirections", "```sh\ndocker run a </dev/null >out\ndocker run b </x>y\n```\n", ["docker run a", "docker run b"]),
    ("in running text", "Use `docker run a` or\n\tsee docker run.\n", []),
]  # fmt: skip

SYSTEMD = [
    ("ExecStart", "[Service]\nExecStart=/usr/bin/docker run --rm a\n", ["docker run --rm a"]),
    ("prefixes", "[Service]\nExecStartPre=-/usr/bin/docker create b\nExecStart=@+/usr/bin/podman podman run c\n", ["docker create b", "podman run c"]),
    ("lines that go on, with comments", "[Service]\nExecStart=/usr/bin/docker run \\\n  --rm \\\n# no\n  a\n", ["docker run --rm a"]),
    ("specifiers and variables", "[Service]\nExecStart=/usr/bin/docker run --name %n ${IMG} 100%% $$x\n", ["docker run --name «%n» «${IMG}» 100% $x"]),
    ("a line that ends within a word", "[Service]\nExecStart=/usr/bin/docker run x\\\n--rm a\n", ["docker run x --rm a"]),
    ("quotes", "[Service]\nExecStart=/usr/bin/docker run -e \"A=b c\" -e 'D=e' a\n", ["docker run -e [A=b c] -e D=e a"]),
    ("a shell", "[Service]\nExecStart=/bin/sh -c 'docker run a | cat'\n", ["docker run a"]),
    ("several commands", "[Service]\nExecStart=/bin/true ; /usr/bin/docker run a\n", ["docker run a"]),
    ("other keys", "[Service]\nDescription=docker run a\n#ExecStart=docker run b\n", []),
]  # fmt: skip

YAML = [
    ("a workflow's block", "jobs:\n  a:\n    steps:\n      - run: |\n          docker run a\n          docker run b\n      - uses: x\n", ["docker run a", "docker run b"]),
    ("a workflow's line", "steps:\n  - name: x\n    run: docker run --rm a # no\n", ["docker run --rm a"]),
    ("what Ansible fills in for an engine", '- command:\n    cmd: "{{ container_engine }} run --rm a"\n', ["docker run --rm a"]),
    ("what Ansible fills in for anything", "- shell: '{{ x }} run --rm a && {{ x }} run --rm --privileged b'\n", ["docker run --rm --privileged b"]),
    ("a workflow's expressions", "steps:\n  - run: docker run -e T=${{ secrets.T }} x:${{ github.sha }}\n", ["docker run -e «T=${{ secrets.T }}» «x:${{ github.sha }}»"]),
    ("a folded block", "steps:\n  - run: >-\n      docker run\n      --rm\n      a\n", ["docker run --rm a"]),
    ("GitLab's list", "job:\n  script:\n    - IMG=x\n    - docker run $IMG\n    - |\n      docker run b\n  after_script:\n  - docker run c\n", ["docker run x", "docker run b", "docker run c"]),
    ("quotes", "script:\n  - 'docker run -e \"A=it''s\" a'\n  - \"docker run \\\"b\\\"\"\n", ["docker run -e A=it's a", "docker run b"]),
    ("a line that goes on", "script:\n  - docker run --rm\n      -v a:b c\n", ["docker run --rm -v a:b c"]),
    ("a mapping in braces", 'steps:\n  - {name: x, run: docker run a}\n  - run: {name: y, command: "docker run b"}\n', ["docker run a", "docker run b"]),
    ("a list in a mapping in braces", "tasks:\n  up: {cmds: ['docker run a', \"docker run b\"], desc: docker run c}\n", ["docker run a", "docker run b"]),
    ("lists in a list", "script: [!reference [.x, before_script], 'docker run a']\n", ["docker run a"]),
    ("PowerShell", "steps:\n- pwsh: docker run a\n- powershell: |\n    docker run --rm `\n      --privileged `\n      b\n", ["docker run a", "docker run --rm --privileged b"]),
    ("other keys", "description: docker run a\nname: docker run b\nx: {name: docker run c}\n", []),
]  # fmt: skip

TABLE = [
    pytest.param(file, text, expected, id=f"{file}-{name}")
    for file, table in (
        ("run.sh", SHELL),
        ("vars.sh", VARIABLES),
        ("Makefile", MAKE),
        ("README.md", MARKDOWN),
        ("a.service", SYSTEMD),
        (".github/workflows/ci.yml", YAML),
    )
    for name, text, expected in table
]


@pytest.mark.parametrize(("text", "expected"), [pytest.param(*row[1:], id=row[0]) for row in PASSED_ON])
def test_functions_and_aliases_pass_on_what_they_get(text: str, expected: list[str]) -> None:
    assert lines("run.sh", text) == expected


@pytest.mark.parametrize(("file", "text", "expected"), TABLE)
def test_lines_are_found_with_their_words(file: str, text: str, expected: list[str]) -> None:
    assert lines(file, text) == expected


@pytest.mark.parametrize(("file", "text", "expected"), TABLE)
def test_unquoted_words_are_at_their_place(file: str, text: str, expected: list[str]) -> None:
    source = Source(file, text)
    assert len(find_run_commands(source)) == len(expected)
    for run in find_run_commands(source):
        assert source.excerpt(run.verb_place) in {"run", "create", "$C"}
        assert text[run.place.start : run.place.end].strip()
        for word in run.command.words:
            excerpt = source.excerpt(word.place)
            assert excerpt
            if not any(mark in excerpt for mark in "$'\"\\%"):
                assert excerpt == word.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("docker network create --internal -d bridge back", [("back", True)]),
        ("sudo docker network create --subnet 10.0.0.0/8 front && docker run x", [("front", False)]),
        (
            "podman network create --internal=true a; docker network create --internal=false b",
            [("a", True), ("b", False)],
        ),
        ("N=net; docker network create $N", [("net", False)]),
        ("docker network ls; docker network create", []),
    ],
)
def test_networks_are_found(text: str, expected: list[tuple[str, bool]]) -> None:
    assert [(name, internal) for name, _, internal in find_created_networks(Source("x.sh", text))] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("docker run a", ["docker run a"]),
        ("#!/usr/bin/env bash\ndocker run a", ["docker run a"]),
        ("#!/usr/bin/python3\nx = 'docker run a'", []),
        ("[Unit]\nX=y\n[Service]\nExecStart=docker run a", ["docker run a"]),
        ("# Title\n\n```\ndocker run a\n```\ndocker run b", ["docker run a"]),
        ("all:\n\tdocker run $(X)\n", ["docker run «$(X)»"]),
    ],
)
def test_the_kind_of_a_text_without_a_name_is_detected(text: str, expected: list[str]) -> None:
    assert lines("", text) == expected


def test_words_of_a_multi_line_command_have_exact_places() -> None:
    text = 'x\nsudo docker run \\\n  -v "a b":/c \\\n  alpine\n'
    source = Source("a.sh", text)
    (run,) = find_run_commands(source)
    assert source.location(run.place).line == 2
    assert [source.excerpt(word.place) for word in run.arguments] == ["-v", '"a b":/c', "alpine"]
    assert source.position(run.command.words[-1].place.start) == (4, 3)
