"""The dimensions of every text format: what a text of n parts is, and what is refused where parts multiply."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

Made: TypeAlias = "str | dict[str, str]"
"""The text of the format's own file, or several files."""
Maker: TypeAlias = Callable[[int], Made]
Text: TypeAlias = Callable[[int], str]


def repeat(text: str, times: int) -> str:
    """A text again and again, with its number in the place of %."""
    return "".join(text.replace("%", str(n)) for n in range(times))


def around(head: str, part: str, tail: str = "") -> Maker:
    return lambda n: head + repeat(part, n) + tail


def chain(text: str, times: int, first: str = "") -> str:
    """A text again and again, with its number in the place of % and the one before in the place of &."""
    return first + "".join(text.replace("%", str(n)).replace("&", str(n - 1)) for n in range(1, times))


def items(make: Callable[[int], Any], times: int) -> list[Any]:
    return [make(n) for n in range(times)]


def as_json(make: Callable[[int], Any]) -> Maker:
    return lambda n: json.dumps(make(n))


D: Final = "FROM debian:12\n"
DOCKERFILE: dict[str, Maker] = {
    "instructions": around(D, "RUN a%\n"),
    "a chain of ENV": lambda n: D + chain("ENV A%=$A&x\n", n, "ENV A0=x\n"),
    "a chain of ARG": lambda n: chain("ARG A%=$A&x\n", n, "ARG A0=x\n") + D,
    "ENV that doubles": around(D + "ENV A=aaaaaaaa\n", "ENV A=$A$A\n"),
    "uses of a long value": lambda n: D + "ENV A=" + "a" * 100 * n + "\n" + "LABEL l=$A\n" * n,
    "defaults in each other": lambda n: D + "ENV A=" + "${B:-" * (n % 30) + "x" + "}" * (n % 30) + "\n" * n,
    "a pattern of stars": lambda n: D + "ENV A=" + "a" * n + "\nENV B=${A#" + "*a" * n + "*b}\n",
    "one ENV": around(D + "ENV", " A%=b", "\n"),
    "labels": around(D + "LABEL", " a.b%='c d'", "\n"),
    "stages": around("", "FROM debian:12 AS a%\nRUN b\n"),
    "stages on stages": lambda n: chain("FROM a& AS a%\nENV B%=c\n", n, "FROM debian:12 AS a0\n"),
    "stages that copy": lambda n: chain("FROM b AS a%\nCOPY --from=a& /x /x\n", n, "FROM b AS a0\n"),
    "copies from one stage": around("FROM a AS a\n" + D, "COPY --from=a /b% /c\n"),
    "here-documents": around(D, "COPY <<E% /a\nb\nE%\n"),
    "a here-document": around(D + "RUN <<E\n", "a b%\n", "E\n"),
    "here-documents on a line": lambda n: D + "RUN cat" + repeat(" <<E%", n) + "\n" + repeat("a\nE%\n", n),
    "continued lines": around(D + "RUN a \\\n", "  && b% \\\n", "  && c\n"),
    "comments within": around(D + "RUN a \\\n", "# b%\n\n", "  && c\n"),
    "comments": around(D, "# b%\n"),
    "joined commands": around(D + "RUN a", " && b%", "\n"),
    "sequences": around(D + "RUN a", "; b% >c", "\n"),
    "redirects": around(D + "RUN a", " >b%", "\n"),
    "expansions": around(D + 'RUN a "', "$b% 'c' ", '"\n'),
    "elifs": around(D + "RUN if a; then b; ", "elif c; then d%; ", "fi\n"),
    "substitutions beside each other": around(D + "RUN a", " $(b%)", "\n"),
    "pipes": lambda n: D + "RUN a" + repeat(" | b%", n) + "\n",
    "words": around(D + "RUN apt-get install", " b%", "\n"),
    "a word": around(D + "RUN a ", "b%", "\n"),
    "backticks": lambda n: D + "RUN " + "`" * (2 * n + 1) + "\n",
    "parentheses": lambda n: D + "RUN " + "(" * n + "a" + ")" * n + "\n",
    "substitutions in each other": lambda n: D + "RUN a " + "$(b " * n + ")" * n + "\n",
    "quotes": lambda n: D + "RUN a " + "\"'" * n + "\n",
    "an exec form": lambda n: D + "CMD [" + '"a", ' * n + '"b"]\n',
    "an exec form of brackets": lambda n: D + "CMD " + "[" * n + "]" * n + "\n",
    "flags": around(D + "RUN", " --mount=type=cache,target=/a%", " b\n"),
    "options of a mount": around(D + "RUN --mount=type=cache", ",target=/a%", " b\n"),
    "unknown instructions": around(D, "BAD% a\n"),
    "ONBUILD": around(D, "ONBUILD RUN a%\n"),
    "ignores and findings": around(D, "# sealock: ignore[B020] because\nRUN curl http://a/% | sh\n"),
    "ignores of one line": around(D, "# sealock: ignore[B020] because\n", "RUN cd /x\n"),
    "secrets": around(D, "ENV PASSWORD%=h3Kq9vXw2ZtLmN8sQpR4\n"),
    "an ignore file": lambda n: {"Dockerfile": D + "COPY . .\n", ".dockerignore": repeat("**/a%/**\n", n)},
    "a context": lambda n: {"Dockerfile": D + "COPY . .\n"} | {f"a{i}.pem": "" for i in range(n)},
}  # fmt: skip
C: Final = "services:\n  a:\n    image: b\n"
COMPOSE: dict[str, Maker] = {
    "services": around("services:\n", "  a%:\n    image: b\n"),
    "services and volumes": lambda n: "services:\n" + repeat("  a%:\n    image: b\n    volumes: ['v:/v']\n", n) + "volumes:\n" + repeat("  v%: {}\n", n),
    "inline Dockerfiles": around("services:\n", "  a%:\n    build:\n      dockerfile_inline: |\n        FROM b:1\n        RUN sudo c\n"),
    "an inline Dockerfile": around("services:\n  a:\n    build:\n      dockerfile_inline: |\n        FROM b:1\n", "        RUN sudo c\n"),
    "dollars of an inline Dockerfile": around("services:\n  a:\n    build:\n      dockerfile_inline: |\n        FROM b:1\n        RUN ls", "; sudo $$c", "\n"),
    "extends": around(C, "  s%:\n    extends: a\n"),
    "a chain of extends": lambda n: C + "  s0:\n    extends: a\n" + chain("  s%:\n    extends: s&\n    labels: [l%=x]\n", n),
    "depends_on": lambda n: C + "  s0:\n    image: b\n" + chain("  s%:\n    image: b\n    depends_on: [s&]\n", n),
    "depends_on all": lambda n: "services:\n" + repeat("  s%:\n    image: b\n", n) + "  z:\n    image: b\n    depends_on:\n" + repeat("      - s%\n", n),
    "links": lambda n: C + "  s0:\n    image: b\n" + chain("  s%:\n    image: b\n    links: [s&]\n", n),
    "network_mode in a chain": lambda n: C + "  s0:\n    image: b\n" + chain("  s%:\n    image: b\n    network_mode: service:s&\n", n),
    "volumes_from in a chain": lambda n: C + "  s0:\n    image: b\n    volumes: [/x]\n" + chain("  s%:\n    image: b\n    volumes_from: [s&]\n", n),
    "anchors": around("x-a:\n", "  - &a% {b: c}\n", C),
    "merge keys": around("x-a: &a {image: b}\nservices:\n", "  s%:\n    <<: *a\n    user: '1'\n"),
    "a chain of merge keys": lambda n: "x-0: &a0 {image: b}\n" + chain("x-%: &a%\n  <<: *a&\n  k%: 1\n", n) + "services:\n  a:\n    <<: *a0\n",
    "a list of merge keys": lambda n: repeat("x-%: &a% {k%: 1}\n", n) + "services:\n  a:\n    image: b\n    labels:\n      <<: [" + ", ".join(f"*a{i}" for i in range(n)) + "]\n",
    "a deep flow": lambda n: C + "x-a: " + "[" * (n % 60) + "]" * (n % 60) + "\n" * n,
    "a block of lines": around(C + "    command: |\n", "      a%\n"),
    "escapes": lambda n: C + '    user: "' + "\\x41" * n + '"\n',
    "quoted lines": lambda n: C + '    user: "' + "a\n      " * n + '"\n',
    "comments": around(C, "# a%\n"),
    "ports": around(C + "    ports:\n", "      - 1%:80\n"),
    "a range of ports": lambda n: C + f"    ports: ['{1000}-{1000 + n}:{2000}-{2000 + n}']\n",
    "volumes": around(C + "    volumes:\n", "      - ./a%:/b%\n"),
    "nested volumes": lambda n: C + "    volumes:\n" + "".join(f"      - ./a:{'/b' * (i + 1)}\n" for i in range(min(n, 40))) + "\n" * n,
    "environment": around(C + "    environment:\n", "      A%: ${B:-c}\n"),
    "environment of services": lambda n: "services:\n" + repeat("  s%:\n    image: b\n    environment: {A: b}\n", n),
    "expansions": around(C + "    user: '", "${A%:-b}", "'\n"),
    "braces": lambda n: C + "    user: '" + "${A:-" * n + "}" * n + "'\n",
    "open braces": lambda n: C + "    user: '" + "${A:-" * n + "'\n",
    "networks": around(C + "networks:\n", "  n%: {}\n"),
    "networks of services": lambda n: "services:\n" + repeat("  s%:\n    image: b\n    networks: [n%]\n", n) + "networks:\n" + repeat("  n%: {}\n", n),
    "services on one network": lambda n: "services:\n" + repeat("  s%:\n    image: b\n    networks: [n]\n", n) + "networks: {n: {}}\n",
    "secrets": lambda n: C + "    secrets:\n" + repeat("      - s%\n", n) + "secrets:\n" + repeat("  s%: {file: ./s%}\n", n),
    "profiles": around(C + "    profiles:\n", "      - p%\n"),
    "errors": around(C, "    bad%: 1\n"),
    "ignores and findings": around("services:\n", "  # sealock: ignore[C001] because\n  s%:\n    image: b\n    privileged: true\n"),
    "an .env": lambda n: {"compose.yaml": C + "    user: $A\n", ".env": repeat("A%=b\n", n)},
    "an .env in a chain": lambda n: {"compose.yaml": C + "    user: $A\n", ".env": chain("A%=${A&}x\n", n, "A0=x\n")},
    "an env_file": lambda n: {"compose.yaml": C + "    env_file: x\n", "x": repeat("A%=b\n", n)},
    "env_files": lambda n: {"compose.yaml": C + "    env_file: [" + "x, " * n + "x]\n", "x": "A=b\n"},
    "includes": lambda n: {"compose.yaml": "include: [" + ", ".join(f"c{i}.yaml" for i in range(n)) + "]\n" + C} | {f"c{i}.yaml": f"services: {{s{i}: {{image: b}}}}\n" for i in range(n)},
    "includes of one file": lambda n: {"compose.yaml": "include: [" + "c.yaml, " * n + "c.yaml]\n" + C, "c.yaml": "services: {s: {image: b}}\n"},
    "an include with many services, often": lambda n: {"compose.yaml": "include: [" + "c.yaml, " * n + "c.yaml]\n" + C, "c.yaml": "services:\n" + repeat("  s%: {image: b}\n", n)},
    "an override": lambda n: {"compose.yaml": "services:\n" + repeat("  s%: {image: b}\n", n), "compose.override.yaml": "services:\n" + repeat("  s%: {user: a}\n", n)},
    "builds": lambda n: {"compose.yaml": "services:\n" + repeat("  s%: {build: .}\n", n), "Dockerfile": D + "USER a\n"},
    "builds of a long Dockerfile": lambda n: {"compose.yaml": "services:\n" + repeat("  s%: {build: .}\n", n), "Dockerfile": D + repeat("ENV A%=b\n", n)},
}  # fmt: skip
K: Final = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n    image: b\n"
POD: dict[str, Maker] = {
    "documents": lambda n: "---\n".join(items(lambda i: K.replace("name: a", f"name: a{i}"), n)),
    "containers": around(K, "  - {name: c%, image: b}\n"),
    "containers of one name": around(K, "  - {name: c, image: b}\n"),
    "variables": around(K + "    env:\n", "    - {name: A%, value: b}\n"),
    "mounts and volumes": lambda n: K + "    volumeMounts:\n" + repeat("    - {name: v%, mountPath: /%}\n", n) + "  volumes:\n" + repeat("  - {name: v%, hostPath: {path: /%}}\n", n),
    "ports": around(K + "    ports:\n", "    - {containerPort: 80, hostPort: %}\n"),
    "labels of many containers": lambda n: K.replace("spec:", "metadata:\n  labels:\n" + repeat("    l%: b\n", n) + "spec:") + repeat("  - {name: c%, image: b}\n", n),
    "groups of many containers": lambda n: K + repeat("  - {name: c%, image: b}\n", n) + "  securityContext:\n    supplementalGroups: [" + "1, " * n + "2]\n",
    "keys that mean nothing": lambda n: K + repeat("  - {name: c%, image: b}\n", n) + repeat("  k%: b\n", n),
    "items of a list": lambda n: "apiVersion: v1\nkind: List\nitems:\n" + repeat("- {apiVersion: v1, kind: Pod, spec: {containers: [{name: a%, image: b}]}}\n", n),
    "aliases": lambda n: "a: &a {image: b}\n" + K + "  - *a\n" * n,
    "merge keys": lambda n: "a: &a {image: b}\n" + K + repeat("  - {<<: *a, name: c%}\n", n),
    "levels": lambda n: K + "  x: " + "[" * (n % 90) + "]" * (n % 90) + "\n",
}  # fmt: skip
U: Final = "[Container]\nImage=a/b:1\n"
UNIT: dict[str, Maker] = {
    "lines": around(U, "PublishPort=%:80\n"),
    "words": around(U + "Environment=", "A%=b ", "\n"),
    "options": around(U, "PodmanArgs=--label a%=b\n"),
    "lines that start again": around(U, "AddCapability=CHOWN\nAddCapability=\n"),
    "continued lines": around(U + "PodmanArgs=\\\n", "  --label=a%=b \\\n# b\n", "\n"),
    "sections": around(U, "[Container]\nVolume=/a%:/b%\n"),
    "a command": around(U + "Exec=", "a% ", "\n"),
    "quotes": lambda n: U + "Exec=" + "'a'\"b\"" * n + "\n",
    "backslashes": lambda n: U + "Exec=" + "\\\\" * n + "\n",
    "lines that are nothing": around(U, "a%\n"),
    "unknown keys": around(U, "A%=b\n"),
    "comments": around(U, "# a%\n"),
    "drop-ins": lambda n: {"a.container": U} | {f"a.container.d/{i:04}.conf": "[Container]\nLabel=a=b\n" for i in range(min(n, 90))},
    "volumes of other units": lambda n: {"a.container": U + repeat("Volume=v%.volume:/v%\n", n)} | {f"v{i}.volume": "[Volume]\n" for i in range(n)},
}  # fmt: skip
JOB: Final = "jobs:\n  a:\n    container:\n      image: b:1\n"
PIPELINE: dict[str, Maker] = {
    "jobs": lambda n: {".github/workflows/a.yml": "jobs:\n" + repeat("  a%: {container: {image: b:1, options: --init}}\n", n)},
    "services": lambda n: {".github/workflows/a.yml": JOB + "    services:\n" + repeat("      s%: {image: b:1}\n", n)},
    "steps": lambda n: {".github/workflows/a.yml": JOB + "    steps:\n" + repeat("    - uses: docker://b:%\n", n)},
    "options": lambda n: {".github/workflows/a.yml": JOB + "      options: >-\n" + repeat("        --label a%=b\n", n)},
    "variables": lambda n: {".github/workflows/a.yml": JOB + "      env:\n" + repeat("        A%: b\n", n)},
    "volumes": lambda n: {".github/workflows/a.yml": JOB + "      volumes:\n" + repeat("      - /a%:/b%\n", n)},
    "run lines": lambda n: {".github/workflows/a.yml": JOB + "    steps:\n" + repeat("    - run: docker run b:%\n", n)},
    "jobs of GitLab": lambda n: {".gitlab-ci.yml": repeat("a%: {image: b, variables: {A: b}}\n", n)},
    "jobs that merge": lambda n: {".gitlab-ci.yml": ".x: &x {image: b}\n" + repeat("a%: {<<: *x}\n", n)},
    "executors of CircleCI": lambda n: {".circleci/config.yml": "executors:\n" + repeat("  e%: {docker: [{image: b}]}\n", n)},
    "resources of Azure": lambda n: {"azure-pipelines.yml": "resources:\n  containers:\n" + repeat("  - {container: c%, image: b}\n", n) + "jobs:\n" + repeat("- {job: j%, container: c%}\n", n)},
    "scripts in braces": lambda n: {".gitlab-ci.yml": "a: {image: b, x: [" + repeat("{script: ['docker run b']}, {run: \"\\\"\"}, ", n) + "]}\n"},
    "quotes in braces that do not end": lambda n: {".gitlab-ci.yml": 'a: {image: b, script: "docker ' + '\\"' * n + "}\n"},
    "steps of Drone": lambda n: {".drone.yml": "volumes:\n" + repeat("- {name: v%, host: {path: /h}}\n", n) + "steps:\n" + repeat("- {name: a%, image: b, volumes: [{name: v%, path: /p}]}\n", n)},
    "steps of Woodpecker": lambda n: {".woodpecker.yml": "steps:\n" + repeat("  a%: {image: b, volumes: ['/h:/p%']}\n", n)},
    "builders of Cloud Build": lambda n: {"cloudbuild.yaml": "steps:\n" + repeat("- {name: b, args: [a%]}\n", n)},
    "groups of Buildkite": lambda n: {".buildkite/a.yml": "steps:\n" + repeat("- {group: g%, steps: [{plugins: [{docker#v5: {image: b}}]}]}\n", n)},
    "steps of Bitbucket": lambda n: {"bitbucket-pipelines.yml": "pipelines:\n  default:\n" + repeat("  - step: {image: b, script: [a]}\n", n)},
}  # fmt: skip
DEV_CONTAINER: dict[str, Maker] = {
    "arguments": as_json(lambda n: {"image": "a:1", "runArgs": items(lambda i: f"--label=a{i}=b", n)}),
    "mounts": as_json(lambda n: {"image": "a:1", "mounts": items(lambda i: f"type=volume,source=v{i},target=/v{i}", n)}),
    "variables": as_json(lambda n: {"image": "a:1", "containerEnv": {f"A{i}": "b" for i in range(n)}}),
    "features": as_json(lambda n: {"image": "a:1", "features": {f"ghcr.io/a/b/c{i}": {} for i in range(n)}}),
    "build arguments": as_json(lambda n: {"build": {"dockerfile": "D", "args": {f"A{i}": "b" for i in range(n)}}}),
    "comments": lambda n: '{"image": "a:1"' + "// b\n/* c */" * n + "}",
    "lines": lambda n: '{"image": "a:1",\n' + "\n" * n + '"init": true}\n',
    "levels": lambda n: '{"image": "a:1", "x": ' + "[" * (n % 90) + "]" * (n % 90) + "}" + "\n" * n,
}  # fmt: skip
BAKE: dict[str, Maker] = {
    "targets of one long list": lambda n: 'variable "v" { default = [' + '"a",' * 40 * n + "] }\n" + repeat('target "a%" { tags = v }\n', n),
    "lists that double": lambda n: chain('variable "v%" { default = [v&, v&] }\n', n, 'variable "v0" { default = ["a"] }\n') + f'target "a" {{ tags = flatten(v{n - 1}) }}\n',
    "objects that double": lambda n: chain('variable "v%" { default = {a = v&, b = v&} }\n', n, 'variable "v0" { default = {a = "b"} }\n') + f'target "a" {{ args = v{n - 1} }}\n',
    "calls with a long list": lambda n: 'variable "v" { default = [' + '"a",' * 40 * n + "] }\n" + repeat('variable "w%" { default = length(v) }\n', n) + 'target "a" { args = {b = "${w1}"} }\n',
    "targets": around("", 'target "a%" {\n  args = { A = "b" }\n}\n'),
    "targets of one parent": around('target "p" {\n  args = { A = "b" }\n}\n', 'target "a%" {\n  inherits = ["p"]\n}\n'),
    "arguments": around('target "a" {\n  args = {\n', '    A% = "b"\n', "  }\n}\n"),
    "variables": lambda n: repeat('variable "V%" {\n  default = "b"\n}\n', n) + 'target "a" {\n  tags = [V0]\n}\n',
    "a chain of variables": lambda n: 'variable "V0" {\n  default = "b"\n}\n' + chain('variable "V%" {\n  default = V&\n}\n', n) + f'target "a" {{\n  tags = [V{n - 1}]\n}}\n',
    "variables that double": lambda n: 'variable "V0" {\n  default = "b"\n}\n' + chain('variable "V%" {\n  default = "${V&}${V&}"\n}\n', n) + f'target "a" {{\n  args = {{ A = V{n - 1} }}\n}}\n',
    "a chain of functions": lambda n: 'function "f0" {\n  params = [x]\n  result = x\n}\n' + chain('function "f%" {\n  params = [x]\n  result = [f&(x), f&(x)]\n}\n', n) + f'target "a" {{\n  tags = f{n - 1}("x")\n}}\n',
    "a chain of targets": lambda n: 'target "a0" {\n  pull = true\n}\n' + chain('target "a%" {\n  inherits = ["a&", "a&"]\n}\n', n),
    "a chain of targets from its end": lambda n: chain('target "a&" {\n  inherits = ["a%"]\n}\n', n) + f'target "a{n - 1}" {{\n  pull = true\n}}\n',
    "a matrix": lambda n: 'target "a" {\n  name = "a-${x}"\n  matrix = { x = [' + repeat('"v%", ', n) + "] }\n}\n",
    "tags": around('target "a" {\n  tags = [\n', '    "b%",\n', "  ]\n}\n"),
    "templates": around('target "a" {\n  args = { A = "', '${upper("b")}', '" }\n}\n'),
    "parentheses": lambda n: 'target "a" {\n  args = { A = ' + "(" * (n % 50) + "1" + ")" * (n % 50) + " }\n}\n" + "\n" * n,
    "comments": around('target "a" {\n}\n', "# b%\n"),
    "here-documents": around("", 'target "a%" {\n  dockerfile-inline = <<E\nFROM scratch\nE\n}\n'),
    "targets of JSON": lambda n: {"docker-bake.json": json.dumps({"target": {f"a{i}": {"args": {"A": "b"}} for i in range(n)}})},
}  # fmt: skip
RUN: dict[str, Maker] = {
    "uses of a long alias": lambda n: "alias d='docker run" + " -e A=b" * n + "'\n" + repeat("d x%\n", n),
    "uses of a long function": lambda n: "d() { docker run" + " -e A=b" * n + ' "$@"; }\n' + repeat("d x%\n", n),
    "a long command that is evaluated": lambda n: "C='docker run x \"a\" " + "b " * 8 * n + "'\n" + 'eval "$C"\n' * n,
    "run lines": around("#!/bin/sh\n", "docker run -v /:/a% alpine\n"),
    "other lines": around("docker run a\n", "echo a%\n"),
    "options": around("docker run", " -e A%=b", " alpine\n"),
    "mounts": around("docker run", " -v /a%:/b%", " alpine\n"),
    "continued lines": around("docker run \\\n", "  -e A%=b \\\n", "  alpine\n"),
    "variables": around("#!/bin/sh\n", "A%=b\n", "docker run $A0 alpine\n"),
    "a chain of variables": lambda n: "#!/bin/sh\nA0=x\n" + chain("A%=$A&x\n", n) + f"docker run $A{n - 1} alpine\n",
    "variables that double": lambda n: "#!/bin/sh\nA=aaaaaaaa\n" + 'A="$A $A"\n' * n + "docker run $A alpine\n",
    "array elements": around("#!/bin/bash\nA=(", "-e a% ", ')\ndocker run "${A[@]}" alpine\n'),
    "an array added to": lambda n: "#!/bin/bash\nA=()\n" + "A+=(-e a)\n" * n + 'docker run "${A[@]}" alpine\n',
    "functions": around("#!/bin/sh\n", "f%() { docker run a; }\n"),
    "functions that call": lambda n: "#!/bin/sh\nf0() { docker run a; }\n" + chain("f%() { f&; f&; }\n", n) + f"f{n - 1}\n",
    "here-documents": around("docker run a\n", "cat <<E%\nb\nE%\n"),
    "a here-document": around("docker run a\ncat <<E\n", "b%\n", "E\n"),
    "backticks": lambda n: "docker run a\n" + "`" * (2 * n + 1) + "\n",
    "lines of a backtick": lambda n: "docker run a\n" + "`\n" * (2 * n + 1),
    "parentheses": lambda n: "docker run a\n" + "(" * n + ")" * n + "\n",
    "open parentheses": lambda n: "docker run a\n" + "(\n" * n,
    "substitutions": lambda n: "docker run a\n" + "$(" * n + ")" * n + "\n",
    "quotes": lambda n: "docker run a\n" + "\"'\n" * n,
    "ifs in each other": lambda n: "docker run a\n" + "if a; then\n" * n + "fi\n" * n,
    "pipes": lambda n: "docker run a " + "| b " * n + "\n",
    "a long line": lambda n: "docker run a " + "x" * 50 * n + "\n",
    "ignores and findings": around("#!/bin/sh\n", "# sealock: ignore[C001] because\ndocker run --privileged a%\n"),
    "Make targets": lambda n: {"Makefile": repeat("t%:\n\tdocker run a\n", n)},
    "a chain of Make variables": lambda n: {"Makefile": "A0 = x\n" + chain("A% = $(A&)x\n", n) + f"t:\n\tdocker run $(A{n - 1}) a\n"},
    "Make variables that double": lambda n: {"Makefile": "A0 = xx\n" + chain("A% = $(A&)$(A&)\n", n) + f"t:\n\tdocker run $(A{n - 1}) a\n"},
    "a Make variable added to": lambda n: {"Makefile": "A := a\n" + "A += b\n" * n + "t:\n\tdocker run $(A) a\n"},
    "a Make variable used often": lambda n: {"Makefile": f"A := {'a' * 10 * n}\n" + repeat("t%:\n\tdocker run -e $(A) a\n", n)},
    "Make conditionals": lambda n: {"Makefile": "ifdef A\n" * n + "endif\n" * n + "t:\n\tdocker run a\n"},
    "Markdown blocks": lambda n: {"README.md": "text\n```sh\ndocker run a\n```\n" * n},
    "blocks of AsciiDoc": lambda n: {"a.adoc": "----\ndocker run a\n----\n" * n},
    "open blocks of AsciiDoc": lambda n: {"a.adoc": "".join(f"{'-' * (4 + i % 90)}\ndocker run a\n" for i in range(n))},
    "blocks of reStructuredText": lambda n: {"a.rst": "x::\n\n  docker run a\n\n" * n},
    "directives of reStructuredText": lambda n: {"a.rst": "x::\n\n  docker run a\n\n" + ".. code::\n  :a: b\n" * n},
    "Make variables that are pasted": lambda n: {"Makefile": "A = docker run a; docker run b\n" + repeat("t%:\n\t$(A)\n", n)},
    "jobs of GitLab by content": lambda n: {"x-ci.yml": repeat("a%:\n  image: b\n  stage: c\n  script: docker run d\n", n)},
    "Markdown fences": lambda n: {"README.md": "```sh\ndocker run a\n```\n" + "```\n" * n},
    "Markdown lists": lambda n: {"README.md": "```sh\ndocker run a\n```\n" + "".join("  " * i + "- a\n" for i in range(min(n, 50))) + "- `a`\n" * n},
    "Markdown comments": lambda n: {"README.md": "```sh\ndocker run a\n```\n" + "<!-- a\n" * n},
    "systemd units": lambda n: {"a.service": "[Service]\n" + "ExecStart=/usr/bin/docker run a\n" * n},
    "a systemd line": lambda n: {"a.service": "[Service]\nExecStart=/usr/bin/docker run \\\n" + "  -e A=b \\\n" * n + "  a\n"},
    "arrays of JSON": lambda n: {"mcp.json": json.dumps({"servers": {f"s{i}": {"command": "docker", "args": ["run", "-e", f"A{i}", "a"]} for i in range(n)}})},
    "an array of JSON": lambda n: {"mcp.json": json.dumps({"command": "docker", "args": ["run", *(f"--env=A{i}" for i in range(n)), "a"]})},
    "comments of JSON": lambda n: {"mcp.json": '{"command": "docker",' + "// a\n/* b */" * n + '"args": ["run", "-i", "a"]}'},
    "slashes in JSON": lambda n: {"mcp.json": '{"command": "docker", "args": ["run", "-i", "a"]}' + "/*" * n},
    "arrays of TOML": lambda n: {"a.toml": repeat('[s%]\ncommand = "docker"\nargs = ["run", "-i", "a"]\n', n)},
    "an array of TOML": lambda n: {"a.toml": 'command = "docker"\nargs = ["run",\n' + repeat('  "--env=A%", # b\n', n) + '"a"]\n'},
    "arrays of TOML in each other": lambda n: {"a.toml": 'command = "docker"\nx = ' + "[" * n + "]" * n + "\n"},
    "quotes of TOML": lambda n: {"a.toml": 'command = "docker"\nx = ' + '"' * n + "'" * n + "\n"},
    "arrays of YAML": lambda n: {"a.yaml": "s:\n" + repeat("- {cmd: docker, args: [run, -i, a%]}\n", n)},
    "an array of YAML": lambda n: {"a.yaml": "cmd: docker\nargs:\n- run\n" + repeat("- --env=A%\n", n) + "- a\n"},
    "CI steps": lambda n: {"ci.yml": "steps:\n" + "  - run: docker run a\n" * n},
    "a CI block": lambda n: {"ci.yml": "steps:\n  - run: |\n" + "      docker run a\n" * n},
    "quoted CI steps over empty lines": lambda n: {"ci.yml": "".join(" " * at + "run: 'docker run a'\n" for at in range(n // 2)) + "\n" * 10 * n},
    "quoted CI steps that do not end": lambda n: {"ci.yml": "".join(" " * at + "run: 'docker run a\n" for at in range(n // 2)) + "\n" * 10 * n},
    "CI expressions": lambda n: {"ci.yml": "steps:\n  - run: docker run a " + "${{ a }}" * n + "\n"},
    "open CI expressions": lambda n: {"ci.yml": "steps:\n  - run: docker run a " + "${{ a " * n + "\n"},
}  # fmt: skip


def configured(member: str, make: Callable[[int], Any]) -> Text:
    base = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}
    return lambda n: json.dumps(base | ({"config": {member: make(n)}} if member[0].isupper() else {member: make(n)}))


IMAGE_CONFIG: dict[str, Maker] = {
    "variables": configured("Env", lambda n: items(lambda i: f"A{i}=b", n)),
    "labels": configured("Labels", lambda n: {f"a{i}": "b" for i in range(n)}),
    "ports": configured("ExposedPorts", lambda n: {f"{i}/tcp": {} for i in range(n)}),
    "volumes": configured("Volumes", lambda n: {f"/a{i}": {} for i in range(n)}),
    "words": configured("Cmd", lambda n: ["a"] * n),
    "history": configured("history", lambda n: items(lambda i: {"created_by": f"RUN a{i}"}, n)),
    "a long step": configured("history", lambda n: [{"created_by": "RUN a " + "&& b " * n}]),
    "deep": lambda n: configured("Labels", lambda _: None)(n)[:-1] + ',"x":' + "[" * n + "]" * n + "}",
}


def spdx(packages: Iterable[Any], relationships: Iterable[Any] = ()) -> str:
    head = {"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "name": "a"}
    return json.dumps(head | {"packages": list(packages), "relationships": list(relationships)})


def cyclonedx(**members: Any) -> str:
    return json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, **members})


def component(n: int) -> dict[str, Any]:
    return {"type": "library", "bom-ref": f"r{n}", "name": f"a{n}", "version": "1", "purl": f"pkg:npm/a{n}@1"}


def nested(n: int) -> dict[str, Any]:
    inner: dict[str, Any] = component(0)
    for i in range(1, min(n, 60)):
        inner = component(i) | {"components": [inner]}
    return inner


INVENTORY: dict[str, Maker] = {
    "components of CycloneDX": lambda n: cyclonedx(components=items(component, n)),
    "components in each other": lambda n: cyclonedx(components=[nested(n)]) + " " * n,
    "properties": lambda n: cyclonedx(components=[component(0) | {"properties": items(lambda i: {"name": f"a{i}", "value": "b"}, n)}]),
    "licences": lambda n: cyclonedx(components=[component(0) | {"licenses": items(lambda i: {"license": {"name": f"a{i}"}}, n)}]),
    "a licence expression": lambda n: cyclonedx(components=[component(0) | {"licenses": [{"expression": " AND ".join(["MIT"] * n)}]}]),
    "a licence of parentheses": lambda n: cyclonedx(components=[component(0) | {"licenses": [{"expression": "(" * n + "MIT" + ")" * n}]}]),
    "dependencies": lambda n: cyclonedx(components=items(component, n), dependencies=items(lambda i: {"ref": f"r{i}", "dependsOn": [f"r{i + 1}"]}, n)),
    "equal components": lambda n: cyclonedx(components=items(lambda _: component(0), n)),
    "packages of SPDX": lambda n: spdx(items(lambda i: {"SPDXID": f"SPDXRef-{i}", "name": f"a{i}", "versionInfo": "1"}, n)),
    "references of SPDX": lambda n: spdx([{"SPDXID": "SPDXRef-0", "name": "a", "versionInfo": "1", "externalRefs": items(lambda i: {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": f"pkg:npm/a{i}@1"}, n)}]),
    "relationships of SPDX": lambda n: spdx(items(lambda i: {"SPDXID": f"SPDXRef-{i}", "name": f"a{i}", "versionInfo": "1"}, n), items(lambda i: {"spdxElementId": f"SPDXRef-{i}", "relationshipType": "DEPENDS_ON", "relatedSpdxElement": f"SPDXRef-{i + 1}"}, n)),
    "packages of sealock": lambda n: json.dumps({"sealock": "1", "inventories": []}) + " " * n,
}  # fmt: skip
DAEMON: dict[str, Maker] = {
    "unknown keys": as_json(lambda n: {f"a{i}": 1 for i in range(n)}),
    "hosts": as_json(lambda n: {"hosts": items(lambda i: f"tcp://0.0.0.0:{i}", n)}),
    "registries": as_json(lambda n: {"insecure-registries": items(lambda i: f"r{i}:5000", n)}),
    "labels": as_json(lambda n: {"labels": items(lambda i: f"a{i}=b", n)}),
    "runtimes": as_json(lambda n: {"runtimes": {f"a{i}": {"path": "/a"} for i in range(n)}}),
    "ulimits": as_json(lambda n: {"default-ulimits": {f"a{i}": {"Name": f"a{i}", "Hard": 1, "Soft": 1} for i in range(n)}}),
    "deep": lambda n: '{"a":' + "[" * n + "]" * n + "}",
    "a long string": lambda n: json.dumps({"data-root": "/a" * 20 * n}),
    "lines": lambda n: "{\n" + "\n" * n + '"icc": true}\n',
}  # fmt: skip


def lock(name: str, head: str, part: str, tail: str = "") -> Maker:
    return lambda n: {name: head + repeat(part, n) + tail}


def joined(name: str, head: str, part: str, tail: str) -> Maker:
    return lambda n: {name: head + ",".join(part.replace("%", str(i)) for i in range(n)) + tail}


LOCK_FILES: dict[str, Maker] = {
    "package-lock.json": joined("package-lock.json", '{"lockfileVersion":3,"packages":{', '"node_modules/a%":{"version":"1.0.0"}', "}}"),
    "package-lock.json in each other": lambda n: {"package-lock.json": '{"lockfileVersion":1,"dependencies":{' + '"a":{"version":"1.0.0","dependencies":{' * min(n, 60) + "}}" * min(n, 60) + "}}" + " " * n},
    "npm-shrinkwrap.json": joined("npm-shrinkwrap.json", '{"lockfileVersion":1,"dependencies":{', '"a%":{"version":"1.0.0"}', "}}"),
    "yarn.lock": lock("yarn.lock", "# yarn lockfile v1\n", '\na%@^1:\n  version "1.0.0"\n  resolved "https://r/a%.tgz#1"\n'),
    "yarn.lock of many names": lambda n: {"yarn.lock": "# yarn lockfile v1\n\n" + ", ".join(f"a@^{i}" for i in range(n)) + ':\n  version "1.0.0"\n'},
    "pnpm-lock.yaml": lock("pnpm-lock.yaml", "lockfileVersion: '9.0'\npackages:\n", "  a%@1.0.0:\n    resolution: {integrity: sha512-x}\n"),
    "bun.lock": joined("bun.lock", '{"lockfileVersion":1,"packages":{', '"a%":["a%@1.0.0","",{},"sha512-x"]', "}}"),
    "poetry.lock": lock("poetry.lock", "", '[[package]]\nname = "a%"\nversion = "1.0"\n\n', "[metadata]\n"),
    "Pipfile.lock": joined("Pipfile.lock", '{"default":{', '"a%":{"version":"==1.0"}', "}}"),
    "pylock.toml": lock("pylock.toml", 'lock-version = "1.0"\n', '[[packages]]\nname = "a%"\nversion = "1.0"\n'),
    "uv.lock": lock("uv.lock", "version = 1\n", '[[package]]\nname = "a%"\nversion = "1.0"\nsource = { registry = "x" }\n'),
    "requirements.txt": lock("requirements.txt", "", "a%==1.0\n"),
    "requirements.txt of hashes": lock("requirements.txt", "a==1.0 \\\n", "  --hash=sha256:% \\\n", "\n"),
    "requirements.txt without versions": lock("requirements.txt", "", "a%\n"),
    "Cargo.lock": lock("Cargo.lock", "version = 3\n", '[[package]]\nname = "a%"\nversion = "1.0.0"\nsource = "registry+https://github.com/rust-lang/crates.io-index"\n'),
    "go.mod": lock("go.mod", "module a\nrequire (\n", "\texample.com/a% v1.0.0\n", ")\n"),
    "go.mod with replacements": lambda n: {"go.mod": "module a\nrequire (\n" + repeat("\texample.com/a% v1.0.0\n", n) + ")\n" + repeat("replace example.com/a% => example.com/b v1.0.0\n", n)},
    "Gemfile.lock": lock("Gemfile.lock", "GEM\n  remote: https://gems.example.com/\n  specs:\n", "    a% (1.0.0)\n"),
    "composer.lock": joined("composer.lock", '{"packages":[', '{"name":"a/b%","version":"1.0.0"}', "]}"),
    "packages.lock.json": joined("packages.lock.json", '{"version":1,"dependencies":{"net8.0":{', '"A%":{"type":"Direct","resolved":"1.0.0"}', "}}}"),
    "pom.xml": lock(
        "pom.xml",
        "<project><dependencies>",
        "<dependency><groupId>a</groupId><artifactId>b%</artifactId><version>1.0</version></dependency>",
        "</dependencies></project>",
    ),
    "pom.xml of properties": lambda n: {
        "pom.xml": "<project><properties><p0>1</p0>"
        + chain("<p%>${p&}</p%>", n)
        + "</properties><dependencies><dependency><groupId>a</groupId><artifactId>b</artifactId><version>${p"
        + f"{n - 1}"
        + "}</version></dependency></dependencies></project>"
    },
    "pom.xml in each other": lambda n: {"pom.xml": "<project>" + "<a>" * n + "</a>" * n + "</project>"},
    "gradle.lockfile": lock("gradle.lockfile", "", "a:b%:1.0=compileClasspath\n", "empty=\n"),
    "gradle.lockfile of one line": lambda n: {"gradle.lockfile": "a:b:1.0=" + ",".join(f"c{i}" for i in range(n)) + "\n"},
    "pubspec.lock": lock("pubspec.lock", "packages:\n", '  a%:\n    source: hosted\n    version: "1.0.0"\n'),
    "mix.lock": lock("mix.lock", "%{\n", '  "a%": {:hex, :a%, "1.0.0", "x", [:mix], [], "hexpm", "y"},\n', "}\n"),
    "mix.lock in each other": lambda n: {"mix.lock": '%{\n  "a": ' + "[" * n + "]" * n + "\n}\n"},
    "pdm.lock": lock("pdm.lock", "", '[[package]]\nname = "a%"\nversion = "1.0"\n\n', "[metadata]\n"),
    "deno.lock": joined("deno.lock", '{"version":"4","npm":{', '"a%@1.0.0":{"integrity":"x"}', "}}"),
    "Podfile.lock": lock("Podfile.lock", "PODS:\n", "  - A% (1.0.0)\n"),
    "Package.resolved": joined(
        "Package.resolved",
        '{"version":2,"pins":[',
        '{"identity":"a%","location":"https://github.com/a/a%","state":{"version":"1.0.0"}}',
        "]}",
    ),
    "conan.lock": joined("conan.lock", '{"version":"0.5","requires":[', '"a%/1.0#x"', "]}"),
    "packages.config": lock("packages.config", "<packages>", '<package id="A%" version="1.0" />', "</packages>"),
}  # fmt: skip
B: Final = "services:\n  a:\n    image: b:1\n    privileged: true\n"
MANY: Final = "services:\n"


def with_policy(policy: Callable[[int], str], text: Callable[[int], str] = lambda _: B) -> Maker:
    return lambda n: {"compose.yaml": text(n), "sealock.toml": policy(n)}


def services(n: int) -> str:
    return MANY + repeat("  s%:\n    image: b:1\n    privileged: true\n", n)


IGNORE: Final = "[[ignore]]\nrule = ['C0%']\nreason = 'because'\nsubject = 'service z%'\n"
POLICY: dict[str, Maker] = {
    "ignores": with_policy(lambda n: repeat("[[ignore]]\nrule = ['C001']\nreason = 'b%'\n", n)),
    "ignores of findings": with_policy(lambda n: repeat("[[ignore]]\nrule = ['C001']\nsubject = 'service z%'\nreason = 'b%'\n", n), services),
    "rules of an ignore": with_policy(lambda n: "[[ignore]]\nrule = [" + ", ".join(f"'X{i:03}'" for i in range(n)) + "]\nreason = 'b'\n", services),
    "files of an ignore": with_policy(lambda n: "[[ignore]]\nrule = 'C001'\nreason = 'b'\nfiles = [" + ", ".join(f"'a{i}'" for i in range(n)) + "]\n"),
    "severities": with_policy(lambda n: "[severity]\n" + repeat("X1% = 'low'\n", n), services),
    "excludes": with_policy(lambda n: "exclude = [" + ", ".join(f"'a{i}/**'" for i in range(n)) + "]\n"),
    "an exclude of stars": with_policy(lambda n: "exclude = ['/" + "*a" * n + "*b']\n"),
    "an exclude of directories": with_policy(lambda n: "exclude = ['" + "**/a/" * n + "b']\n"),
    "trust": with_policy(lambda n: repeat("[[trust.image]]\nmatch = ['docker.io/a%/*']\ndigest = true\n", n)),
    "nested policies": lambda n: {"compose.yaml": B} | {f"{'d/' * i}sealock.toml": "" for i in range(1, min(n, 30))},
    "policies beside each other": lambda n: {"compose.yaml": B} | {f"d{i}/{name}": text for i in range(n) for name, text in (("sealock.toml", ""), ("compose.yaml", B))},
}  # fmt: skip
FORMATS: dict[str, tuple[str, dict[str, Maker]]] = {
    "dockerfile": ("Dockerfile", DOCKERFILE),
    "compose": ("compose.yaml", COMPOSE),
    "kubernetes": ("pod.yaml", POD),
    "quadlet": ("a.container", UNIT),
    "pipeline": ("", PIPELINE),
    "devcontainer": ("devcontainer.json", DEV_CONTAINER),
    "bake": ("docker-bake.hcl", BAKE),
    "run": ("a.sh", RUN),
    "image-config": ("config.json", IMAGE_CONFIG),
    "inventory": ("bom.json", INVENTORY),
    "daemon": ("daemon.json", DAEMON),
    "lock file": ("", LOCK_FILES),
    "policy": ("", POLICY),
}
"""The rows of each format, with the name of its own file."""
WRITTEN_BY_SEALOCK: Final = {"observed"}
"""Formats of which sealock wrote the text itself: a recorded machine."""
COPIED: dict[str, dict[str, str]] = {
    "services that take one env_file": {"compose.yaml": "services:\n" + repeat("  s%:\n    image: b\n    env_file: x\n", 400), "x": repeat("A%=b\n", 400)},
    "services that take one label_file": {"compose.yaml": "services:\n" + repeat("  s%:\n    image: b\n    label_file: x\n", 400), "x": repeat("A%=b\n", 400)},
    "services that extend one of many labels": {"compose.yaml": "services:\n  a:\n    image: b\n    labels:\n" + repeat("      l%: x\n", 400) + repeat("  s%:\n    extends: a\n", 400)},
    "services that extend one of another file": {"compose.yaml": "services:\n" + repeat("  s%:\n    extends: {file: c.yaml, service: a}\n", 400), "c.yaml": "services:\n  a:\n    image: b\n    labels:\n" + repeat("      l%: x\n", 400)},
}  # fmt: skip
"""Services that each take the same entries, 160,000 in all."""
REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "an .env that doubles": (
        {"compose.yaml": C + "    user: $A\n", ".env": "A=aaaaaaaa\n" + "A=$A$A\n" * 40},
        ".env: line 15: its variables expand to more than 65536 characters",
    ),
    "an .env in which defaults double": (
        {"compose.yaml": C + "    user: $A\n", ".env": "A=aaaaaaaa\n" + "A=${Q:-$A$A}\n" * 40},
        ".env: line 15: its variables expand to more than 65536 characters",
    ),
    "an .env of long values": (
        {"compose.yaml": C + "    user: $A\n", ".env": f"A={'a' * 60_000}\n" + "B=$A\n" * 20},
        ".env: line 18: the variables of the project expand to more than 1000000 characters",
    ),
    "a long value that is used often": (
        {"compose.yaml": C + "    labels:\n" + repeat("      l%: $A\n", 20), ".env": f"A={'a' * 60_000}\n"},
        "the variables of the project expand to more than 1000000 characters",
    ),
    "a value that doubles in one text": (
        {"compose.yaml": C + "    user: " + "$A" * 20 + "\n", ".env": f"A={'a' * 60_000}\n"},
        "its variables expand to more than 65536 characters",
    ),
    "services that take one env_file": (
        COPIED["services that take one env_file"],
        "the services take more than 100000 entries from files and by extends",
    ),
    "aliases of a list": (
        {"compose.yaml": "x-a: &a [" + "b, " * 400 + "c]\nservices:\n" + repeat("  s%:\n    image: b\n    command: *a\n", 400)},
        "more than 100000 nodes",
    ),
    "a .dockerignore of many patterns": (
        {"Dockerfile": D + repeat("COPY a% .\n", 100), ".dockerignore": repeat("a%/*\n", 1001)},
        ".dockerignore has more than 1000 patterns, the limit",
    ),
}  # fmt: skip
"""What multiplies, and is refused before it has grown: the files, and the error."""
