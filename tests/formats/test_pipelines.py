"""The containers of CI jobs: which are found in each system's files, what they say, and how they are changed."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sealock import formats
from sealock.errors import FormatError
from sealock.formats.pipelines import read
from sealock.formats.verification import is_same
from sealock.model.absent import UNKNOWN, UNSET
from sealock.model.change import Add, FieldChange, Set, Swap, changed
from sealock.model.container import Container, Mount, Port, Variable
from sealock.model.document import Subject
from sealock.model.location import Source
from sealock.rules.catalog import every_rule
from sealock.rules.container.secret_in_environment import SecretInEnvironment
from sealock.rules.evaluation import evaluate
from support.draws import draws

WORKFLOW = ".github/workflows/ci.yml"
GITLAB = ".gitlab-ci.yml"
CIRCLE = ".circleci/config.yml"
AZURE = "azure-pipelines.yml"
BITBUCKET = "bitbucket-pipelines.yml"
DRONE = ".drone.yml"
WOODPECKER = ".woodpecker/test.yaml"
CLOUD_BUILD = "cloudbuild.yaml"
BUILDKITE = ".buildkite/pipeline.yml"


def containers(name: str, text: str) -> dict[str, Container]:
    document = read(Source(name, text))
    assert not document.errors, document.errors
    return {subject.name: subject.noun for subject in document.subjects if isinstance(subject.noun, Container)}


FOUND = [
    ("a job's container", WORKFLOW, "jobs: {a: {container: x:1}}", {"container of job a": "x:1"}),
    ("with more keys", WORKFLOW, "jobs: {a: {container: {image: x:1}}}", {"container of job a": "x:1"}),
    ("that an expression names", WORKFLOW, "jobs: {a: {container: '${{ matrix.x }}'}}", {"container of job a": UNKNOWN}),
    ("after documents without any", GITLAB, "---\n---\nspec: {inputs: {}}\n---\na: {image: x:1}", {"image of job a": "x:1"}),
    ("services", WORKFLOW, "jobs: {a: {services: {db: {image: x:1}, b: {image: y:2}}}}", {"service db of job a": "x:1", "service b of job a": "y:2"}),
    ("a step", WORKFLOW, "jobs: {a: {steps: [{run: x}, {uses: docker://x:1}]}}", {"step 2 of job a": "x:1"}),
    ("a step of a composite action", "action.yml", "runs: {using: composite, steps: [{uses: docker://x:1}]}", {"step 1": "x:1"}),
    ("an action's image", "a/action.yaml", "runs: {using: docker, image: docker://x:1}", {"action": "x:1"}),
    ("an action's Dockerfile is no image", "action.yml", "runs: {using: docker, image: Dockerfile}", {}),
    ("Forgejo", ".forgejo/workflows/a.yaml", "jobs: {a: {container: x:1}}", {"container of job a": "x:1"}),
    ("GitLab's image for all jobs", GITLAB, "image: x:1", {"image of the pipeline": "x:1"}),
    ("by default", GITLAB, "default: {image: x:1, services: [y:2]}", {"image of jobs by default": "x:1", "service 1 of jobs by default": "y:2"}),
    ("of a job", GITLAB, "a: {image: {name: x:1}, services: [{name: y:2}]}", {"image of job a": "x:1", "service 1 of job a": "y:2"}),
    ("under several short names of hosts", GITLAB, "a: {image: x:1, services: [{name: y:2, alias: 's,db'}]}", {"image of job a": "x:1", "service 1 of job a": "y:2"}),
    ("with a variable", GITLAB, "a: {image: $CI_REGISTRY/x}", {"image of job a": UNKNOWN}),
    ("of a job that another one's anchor merges", GITLAB, ".x: &x {image: x:1}\na:\n  <<: *x", {"image of job .x": "x:1", "image of job a": "x:1"}),
    ("by the content", "ci/a.yml", "a:\n  stage: x\n  script: make\n  image: x:1", {"image of job a": "x:1"}),
    ("with a key twice, of which the last counts", GITLAB, "a: {image: x:1, image: y:1}", {"image of job a": "y:1"}),
    ("CircleCI", CIRCLE, "jobs: {a: {docker: [{image: x:1}, {image: y:2}]}}", {"container 1 of job a": "x:1", "container 2 of job a": "y:2"}),
    ("under a short name of a host", CIRCLE, "jobs: {a: {docker: [{image: x:1, name: s}]}}", {"container 1 of job a": "x:1"}),
    ("an executor", CIRCLE, "executors: {e: {docker: [{image: x:1}]}}", {"container 1 of executor e": "x:1"}),
    ("a parameter", CIRCLE, "jobs: {a: {docker: [{image: 'x:<< parameters.t >>'}]}}", {"container 1 of job a": UNKNOWN}),
    ("Azure's resources", AZURE, "resources: {containers: [{container: c, image: x:1}]}", {"container c": "x:1"}),
    ("a job that names one of them", AZURE, "resources: {containers: [{container: c, image: x:1}]}\njobs: [{job: j, container: c, services: {s: c}}]", {"container c": "x:1"}),
    ("a job that names an image", AZURE, "jobs: [{job: j, container: x:1}]", {"container of job j": "x:1"}),
    ("a job of a stage", AZURE, "stages: [{stage: s, jobs: [{deployment: d, container: {image: x:1}, services: {r: y:2}}]}]", {"container of job d": "x:1", "service r of job d": "y:2"}),
    ("Bitbucket", BITBUCKET, "image: x:1\ndefinitions: {services: {db: {image: y:2}}}\npipelines: {default: [{step: {name: s, image: {name: z:3}}}]}", {"image of the pipeline": "x:1", "service db": "y:2", "image of step s": "z:3"}),
    ("Drone's steps and services", DRONE, "kind: pipeline\nname: p\nsteps: [{name: a, image: x:1}]\nservices: [{name: db, image: y:2}]", {"step a of p": "x:1", "service db of p": "y:2"}),
    ("each of its pipelines", DRONE, "kind: pipeline\nsteps: [{name: a, image: x:1}]\n---\nkind: pipeline\nsteps: [{name: a, image: y:2}]", {"step a": "x:1", "step a (2)": "y:2"}),
    ("none of those that run on the machine", DRONE, "kind: pipeline\ntype: exec\nsteps: [{name: a, image: x:1}]", {}),
    ("nor of its other documents", DRONE, "kind: secret\nsteps: [{name: a, image: x:1}]", {}),
    ("Woodpecker's steps as a mapping", WOODPECKER, "steps: {a: {image: x:1}}\nservices: {db: {image: y:2}}\nclone: {git: {image: z:3}}", {"step a": "x:1", "service db": "y:2", "clone step git": "z:3"}),
    ("and as a list", ".woodpecker.yml", "steps: [{name: a, image: x:1}, {image: y:2}]", {"step a": "x:1", "step 2": "y:2"}),
    ("and as they were called before", ".woodpecker.yml", "pipeline: {a: {image: x:1}}", {"step a": "x:1"}),
    ("the builders of Google Cloud Build", CLOUD_BUILD, "steps: [{id: a, name: x:1}, {name: 'y:$_TAG'}]", {"step a": "x:1", "step 2": UNKNOWN}),
    ("as JSON", "ci/cloudbuild-test.json", '{"steps": [{"name": "x:1"}]}', {"step 1": "x:1"}),
    ("the docker plugin of Buildkite", BUILDKITE, "steps: [{command: a}, {label: b, plugins: [{docker#v5.12.0: {image: x:1}}]}]", {"step b": "x:1"}),
    ("by its address, as a mapping", BUILDKITE, "steps: [{plugins: {'https://github.com/buildkite-plugins/docker-buildkite-plugin.git#v5': {image: x:1}}}]", {"step 1": "x:1"}),
    ("of a step in a group", BUILDKITE, "steps: [{group: g, steps: [{key: k, plugins: [{docker#v5: {image: x:1}}]}]}]", {"step k": "x:1"}),
    ("another plugin starts none", BUILDKITE, "steps: [{plugins: [{docker-login#v3: {image: x:1}}]}]", {}),
    ("a parallel step", BITBUCKET, "pipelines: {branches: {main: [{parallel: [{step: {image: x:1}}]}]}}", {"image of step 1": "x:1"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "images"), [pytest.param(*row, id=sentence) for sentence, *row in FOUND])
def test_a_container_is_found(name: str, text: str, images: dict[str, object]) -> None:
    assert formats.recognize(f"/r/{name}", text).kind == "pipeline"
    assert {subject: noun.image for subject, noun in containers(name, text).items()} == images


def field(name: str, keys: str, path: str = WORKFLOW) -> Any:
    texts = {
        WORKFLOW: f"jobs: {{a: {{container: {{image: x:1, {keys}}}}}}}",
        GITLAB: f"a: {{image: {{name: x:1, {keys}}}}}",
        CIRCLE: f"jobs: {{a: {{docker: [{{image: x:1, {keys}}}]}}}}",
        AZURE: f"resources: {{containers: [{{container: c, image: x:1, {keys}}}]}}",
        BITBUCKET: f"image: {{name: x:1, {keys}}}",
        DRONE: f"volumes: [{{name: h, host: {{path: /h}}}}, {{name: m, temp: {{medium: memory}}}}]\nsteps: [{{name: a, image: x:1, {keys}}}]",
        WOODPECKER: f"steps: [{{name: a, image: x:1, {keys}}}]",
        CLOUD_BUILD: f"steps: [{{name: x:1, {keys}}}]",
        BUILDKITE: f"steps: [{{plugins: [{{docker#v5: {{image: x:1, {keys}}}}}]}}]",
    }
    (noun,) = containers(path, texts[path]).values()
    return getattr(noun, name)


FIELDS = [
    ("options are those of docker create", "privileged", "options: --privileged --cpus 1", WORKFLOW, True),
    ("quotes in them count", "health", "options: '--health-cmd \"a b\"'", WORKFLOW, ("CMD-SHELL", "a b")),
    ("without options nothing is set", "privileged", "", WORKFLOW, UNSET),
    ("the runner decides on the network", "network_mode", "", WORKFLOW, UNKNOWN),
    ("volumes", "mounts", "volumes: ['/a:/b:ro']", WORKFLOW, (Mount("bind", "/a", "/b", read_only=True),)),
    ("ports", "ports", "ports: [80, '8080:80/udp']", WORKFLOW, (Port("80"), Port("80", "8080", None, "udp"))),
    ("env", "environment", "env: {A: b, N: 1}", WORKFLOW, (Variable("A", "b"), Variable("N", "1"))),
    ("GitLab's user", "user", "docker: {user: root}", GITLAB, "root"),
    ("GitLab's platform", "platform", "docker: {platform: linux/arm64}", GITLAB, "linux/arm64"),
    ("GitLab's entrypoint", "entrypoint", "entrypoint: ['', x]", GITLAB, ("", "x")),
    ("GitLab's runner decides on privileges", "privileged", "", GITLAB, UNKNOWN),
    ("CircleCI's user", "user", "user: root", CIRCLE, "root"),
    ("CircleCI's environment", "environment", "environment: {A: b}", CIRCLE, (Variable("A", "b"),)),
    ("CircleCI's command", "command", "command: [a, b]", CIRCLE, ("a", "b")),
    ("Azure's options", "pid", "options: --pid=host", AZURE, "host"),
    ("Azure's volumes", "mounts", "volumes: [/:/host]", AZURE, (Mount("bind", "/", "/host"),)),
    ("Drone's privileges", "privileged", "privileged: true", DRONE, True),
    ("Drone's network", "network_mode", "network_mode: host", DRONE, "host"),
    ("a directory of the host, by the name of its volume", "mounts", "volumes: [{name: h, path: /a}]", DRONE, (Mount("bind", "/h", "/a"),)),
    ("memory", "mounts", "volumes: [{name: m, path: /a}]", DRONE, (Mount("tmpfs", None, "/a"),)),
    ("a volume that is declared nowhere", "mounts", "volumes: [{name: v, path: /a}]", DRONE, (Mount("volume", "v", "/a"),)),
    ("a variable whose value is a secret", "environment", "environment: {A: b, S: {from_secret: s}}", DRONE, (Variable("A", "b"), Variable("S", None))),
    ("Drone's runner decides on memory", "memory", "", DRONE, UNKNOWN),
    ("Woodpecker's privileges", "privileged", "privileged: true", WOODPECKER, True),
    ("Woodpecker's volumes", "mounts", "volumes: ['/:/host']", WOODPECKER, (Mount("bind", "/", "/host"),)),
    ("Woodpecker's user", "user", "backend_options: {docker: {user: '1000'}}", WOODPECKER, "1000"),
    ("Woodpecker's entrypoint", "entrypoint", "entrypoint: [/a, b]", WOODPECKER, ("/a", "b")),
    ("a builder's arguments", "command", "args: [a, 'b c']", CLOUD_BUILD, ("a", "b c")),
    ("a builder's variables", "environment", "env: ['A=b']", CLOUD_BUILD, (Variable("A", "b"),)),
    ("Buildkite's capabilities", "cap_add", "add-caps: [SYS_ADMIN]", BUILDKITE, ("SYS_ADMIN",)),
    ("Buildkite's network", "network_mode", "network: host", BUILDKITE, "host"),
    ("Buildkite's volumes", "mounts", "volumes: ['/:/host']", BUILDKITE, (Mount("bind", "/", "/host"),)),
    ("without keys nothing is set", "privileged", "", BUILDKITE, UNSET),
    ("Bitbucket's user", "user", "run-as-user: 1000", BITBUCKET, "1000"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "keys", "path", "value"), [pytest.param(*row, id=sentence) for sentence, *row in FIELDS]
)
def test_a_container_says(name: str, keys: str, path: str, value: object) -> None:
    found = field(name, keys, path)
    assert (found.test if name == "health" else found) == value


def test_a_job_s_variables_are_its_container_s() -> None:
    text = "a:\n  image: x:1\n  variables: {TOKEN: b, C: {value: d}}\n"
    (noun,) = containers(GITLAB, text).values()
    assert noun.environment == (Variable("TOKEN", "b"), Variable("C", "d"))


def test_a_pipeline_s_variables_are_read_once() -> None:
    text = "variables: {TOKEN: b}\nimage: x:1\nservices: ['y:1']\na: {image: 'z:1', variables: {C: d}}\n"
    assert [noun.environment for noun in containers(GITLAB, text).values()] == [
        (Variable("TOKEN", "b"),),
        UNSET,
        (Variable("C", "d"),),
    ]


def test_the_environment_of_a_drone_pipeline_is_read_once() -> None:
    text = "environment: {TOKEN: b}\nsteps: [{name: a, image: x:1, environment: {C: d}}, {name: b, image: y:2}]\n"
    assert [noun.environment for noun in containers(DRONE, text).values()] == [
        (Variable("TOKEN", "b"), Variable("C", "d")),
        UNSET,
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (CIRCLE, "jobs: {a: {docker: [{image: 'x:1', environment: {DB_PASSWORD: kV9-tqz2LmWx}}]}}"),
        (BITBUCKET, "definitions: {services: {a: {image: 'x:1', variables: {DB_PASSWORD: kV9-tqz2LmWx}}}}"),
        (GITLAB, "a: {image: 'x:1', variables: {DB_PASSWORD: kV9-tqz2LmWx}}"),
    ],
)
def test_secrets_are_reported_where_the_runner_decides_on_privileges(name: str, text: str) -> None:
    result = evaluate(name, formats.read("pipeline", Source(name, text)), {"container": [SecretInEnvironment()]})
    assert [(finding.rule, finding.message) for finding in result.findings] == [
        ("C048", "has a password in the variable DB_PASSWORD (…)")
    ]
    assert not result.skipped


REPORTED = [
    ("Drone's privileges", DRONE, "steps: [{name: a, image: x:1, privileged: true}]", "C001"),
    ("Drone's socket", DRONE, "volumes: [{name: s, host: {path: /var/run/docker.sock}}]\nsteps: [{name: a, image: x:1, volumes: [{name: s, path: /s}]}]", "C011"),
    ("Drone's network", DRONE, "steps: [{name: a, image: x:1, network_mode: host}]", "C020"),
    ("Woodpecker's privileges", WOODPECKER, "steps: [{name: a, image: x:1, privileged: true}]", "C001"),
    ("Woodpecker's socket", WOODPECKER, "steps: [{name: a, image: x:1, volumes: ['/var/run/docker.sock:/s']}]", "C011"),
    ("Woodpecker's root directory", WOODPECKER, "steps: [{name: a, image: x:1, volumes: ['/:/host']}]", "C014"),
    ("Buildkite's socket", BUILDKITE, "steps: [{plugins: [{docker#v5: {image: x:1, volumes: ['/var/run/docker.sock:/s']}}]}]", "C011"),
    ("Buildkite's capabilities", BUILDKITE, "steps: [{plugins: [{docker#v5: {image: x:1, add-caps: [SYS_ADMIN]}}]}]", "C002"),
    ("GitHub's socket", WORKFLOW, "jobs: {a: {container: {image: x:1, volumes: ['/var/run/docker.sock:/s']}}}", "C011"),
    ("Azure's socket", AZURE, "resources: {containers: [{container: c, image: x:1, mapDockerSocket: true}]}", "C011"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "rule"), [pytest.param(*row, id=sentence) for sentence, *row in REPORTED])
def test_what_a_step_is_given_is_reported(name: str, text: str, rule: str) -> None:
    result = evaluate(
        name,
        formats.read("pipeline", Source(name, text)),
        {"container": [each for each in every_rule() if each.id == rule]},
    )
    assert [finding.rule for finding in result.findings] == [rule]


def test_a_step_says_what_it_runs_and_no_more() -> None:
    text = "jobs: {a: {steps: [{uses: 'docker://x:1', with: {args: 'a \"b c\"', entrypoint: /e}, env: {A: b}}]}}"
    (noun,) = containers(WORKFLOW, text).values()
    assert (noun.command, noun.entrypoint, noun.privileged) == (("a", "b c"), ("/e",), UNKNOWN)


def test_run_lines_of_scripts_are_read_too() -> None:
    text = "jobs:\n  a:\n    container: x:1\n    steps:\n    - run: docker run --privileged y:2\n"
    assert [noun.privileged for noun in containers(WORKFLOW, text).values()] == [UNSET, True]


def test_places_are_exact_in_a_folded_text() -> None:
    text = "jobs:\n  a:\n    container:\n      image: x:1\n      options: >-\n        --cpus 1\n        --privileged\n"
    document = read(Source(WORKFLOW, text))
    place = document.subjects[0].where["privileged",]
    assert document.source.excerpt(place) == "--privileged"
    assert document.source.position(place.start) == (7, 9)


FAULTS = [
    ("an option that there is not", "jobs: {a: {container: {image: x, options: --fly}}}", "unknown option: --fly"),
    ("volumes that are no list", "jobs: {a: {container: {image: x, volumes: {a: b}}}}", "/jobs/a/container/volumes must be a list"),
    ("a volume that is no text", "jobs: {a: {container: {image: x, volumes: [{a: b}]}}}", "/jobs/a/container/volumes/0 must be a text"),
    ("YAML that is not valid", "jobs: {a: {container: x}", "this is not valid YAML"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), [pytest.param(*row, id=sentence) for sentence, *row in FAULTS])
def test_a_fault_is_an_error_with_its_place(text: str, message: str) -> None:
    (error,) = read(Source(WORKFLOW, text)).errors
    assert message in error.message
    assert error.location.line == 1


JOB = "jobs:\n  a:\n    container:\n      image: x:1  # one\n@    steps: []\n"
CHANGES = [
    ("options are added", "", Set("privileged", True), "      options: --privileged\n"),
    ("an option is added to the others", "      options: --cpus 1  # two\n", Add("cap_drop", "ALL"), "      options: --cpus 1 --cap-drop=ALL  # two\n"),
    ("an option is removed", "      options: --privileged --cpus 1  # two\n", Set("privileged", False), "      options: --cpus 1  # two\n"),
    ("with its value", "      options: --cpus 1 --pid host --init\n", Set("pid", UNSET), "      options: --cpus 1 --init\n"),
    ("the last option goes with its key", "      options: --privileged\n", Set("privileged", False), ""),
    ("of a folded text its line", "      options: >-\n        --cpus 1\n        --privileged\n        --init\n", Set("privileged", False), "      options: >-\n        --cpus 1\n        --init\n"),
    ("a volume is removed", "      volumes:\n      - /:/host\n      - /a:/b\n", Set("mounts", (Mount("bind", "/a", "/b"),)), "      volumes:\n      - /a:/b\n"),
    ("the last volume goes with its key", "      volumes: [/:/host]\n", Set("mounts", ()), ""),
    ("a port is changed", "      ports: ['80:80', 90]\n", Swap("ports", Port("80", "80"), Port("80", "80", "127.0.0.1")), "      ports: ['127.0.0.1:80:80', 90]\n"),
    ("a variable is added", "      env:\n        A: b\n", Add("environment", Variable("C", "d")), "      env:\n        A: b\n        C: d\n"),
    ("and removed", "      env:\n        A: b\n        C: d\n", Set("environment", (Variable("C", "d"),)), "      env:\n        C: d\n"),
]  # fmt: skip


def change(name: str, text: str, wanted: FieldChange) -> str:
    document = read(Source(name, text))
    return formats.apply_edits(text, formats.edits(document, document.subjects[0], wanted))


@pytest.mark.parametrize(("keys", "wanted", "after"), [pytest.param(*row, id=sentence) for sentence, *row in CHANGES])
def test_a_change_is_written(keys: str, wanted: FieldChange, after: str) -> None:
    assert change(WORKFLOW, JOB.replace("@", keys), wanted) == JOB.replace("@", after)
    assert change(WORKFLOW, JOB.replace("@", after), wanted) == JOB.replace("@", after)


@pytest.mark.parametrize("name", [WOODPECKER, DRONE])
def test_a_switch_that_says_no_is_set_where_it_stands(name: str) -> None:
    off, on = (f"steps:\n- name: a\n  image: x:1\n  privileged: {value} # why\n" for value in ("false", "true"))
    assert change(name, off, Set("privileged", True)) == on
    assert change(name, off, Set("privileged", False)) == off


REFUSED = [
    ("a container that is an image only", WORKFLOW, "jobs: {a: {container: x:1}}", Set("privileged", True), "only its image is written"),
    ("text that an anchor shares", WORKFLOW, "x: &x {image: x:1}\njobs: {a: {container: *x}}", Set("privileged", True), "shared with other places"),
    ("a value that would need quotes", WORKFLOW, "jobs: {a: {container: {image: x:1, options: --init}}}", Set("hostname", "a b"), "would need quotes"),
    ("what GitLab's runner decides", GITLAB, "a: {image: {name: x:1}}", Set("privileged", False), "no key stands for|could not|cannot"),
    ("a volume that is declared elsewhere", DRONE, "volumes: [{name: h, host: {path: /h}}]\nsteps: [{name: a, image: x:1, volumes: [{name: h, path: /a}]}]", Swap("mounts", Mount("bind", "/h", "/a"), Mount("bind", "/h", "/a", read_only=True)), "cannot|could not|does not"),
    ("a user that is more than a number", BITBUCKET, "image: {name: x:1, run-as-user: 0}", Set("user", "1:1"), "cannot express every value"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "wanted", "message"), [pytest.param(*row, id=sentence) for sentence, *row in REFUSED]
)
def test_what_cannot_be_changed_is_refused(name: str, text: str, wanted: FieldChange, message: str) -> None:
    if name == GITLAB:
        assert change(name, text, wanted) == text
        return
    with pytest.raises(FormatError, match=message):
        change(name, text, wanted)


def test_containers_are_changed_together() -> None:
    service = "      s%: # %\n        image: x:%\n        options: --privileged --init\n"
    text = "jobs:\n  a:\n    services:\n" + "".join(service.replace("%", str(number)) for number in range(3))
    document = read(Source(WORKFLOW, text))
    wanted: list[tuple[Subject, FieldChange]] = [
        (subject, change)
        for subject in document.subjects
        for change in (Set("privileged", False), Add("cap_drop", "ALL"))
    ]
    after = formats.apply_edits(text, formats.edits_together(document, wanted))
    assert after == text.replace("--privileged --init", "--init --cap-drop=ALL")
    assert formats.edits_together(read(Source(WORKFLOW, after)), wanted) == ()
    with pytest.raises(FormatError, match="would need quotes"):
        formats.edits_together(document, [*wanted, (document.subjects[0], Set("hostname", "a b"))])


OPTIONS = ["--privileged", "--cpus 1", "--pid=host", "--init", "--cap-add SYS_ADMIN", "-v /a:/b", "--memory=1g"]
ANY: list[FieldChange] = [
    Set("privileged", False), Add("cap_drop", "ALL"), Set("pid", UNSET), Set("memory", 1 << 28), Set("mounts", ()), Set("ports", ()), Set("environment", ()),
    Add("mounts", Mount("tmpfs", None, "/t")), Set("user", "1:2"), Set("read_only", True), Set("init", UNSET), Add("environment", Variable("N", "a b")),
]  # fmt: skip


@st.composite
def jobs(draw: st.DrawFn) -> tuple[str, str]:
    container: dict[str, object] = {"image": "x:1"}
    if options := draw(st.lists(st.sampled_from(OPTIONS), max_size=5)):
        container["options"] = " ".join(options)
    if draw(st.booleans()):
        container["volumes"] = draw(st.lists(st.sampled_from(["/:/host", "a:/b", "/c:/d:ro"]), min_size=1, max_size=3))
    if draw(st.booleans()):
        container["ports"] = draw(st.lists(st.sampled_from([80, "8080:80", "90:90/udp"]), min_size=1, max_size=3))
    if draw(st.booleans()):
        container["env"] = draw(st.dictionaries(st.sampled_from(["A", "B", "C"]), st.sampled_from(["x", 1, "y z"]), min_size=1))  # fmt: skip
    style = draw(st.sampled_from([None, True, False]))
    if draw(st.booleans()):
        return WORKFLOW, yaml.safe_dump({"jobs": {"a": {"container": container}}}, default_flow_style=style, width=40)
    data = {"resources": {"containers": [{"container": "c", **container}]}}
    return AZURE, yaml.safe_dump(data, default_flow_style=style, width=40)


@draws(150)
@given(jobs(), st.sampled_from(ANY))
def test_reading_after_a_change_equals_changing_after_reading(job: tuple[str, str], wanted: FieldChange) -> None:
    name, text = job
    noun = read(Source(name, text)).subjects[0].noun
    assert isinstance(noun, Container)
    try:
        after = change(name, text, wanted)
    except FormatError:
        return
    again = read(Source(name, after)).subjects[0].noun
    assert isinstance(again, Container)
    assert is_same(again, changed(noun, wanted))
    assert change(name, after, wanted) == after
    yaml.safe_load(after)


PIECES = ["jobs:", "a:", "container:", "services:", "image:", "x:1", "options:", "--privileged", " ", "\n", "  ", "- ", "{", "}", "[", "]", ",", ": ", "'", '"', "&a ", "*a", "<<: *a", ">-", "|", "docker:", "uses: docker://x", "steps:", "name: x:1", "volumes:", "path: /p", "plugins:", "docker#v5:", "env:", "A: b", "é", "\t", "#", "null", "1"]  # fmt: skip


@draws(200)
@given(
    st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
    st.sampled_from([WORKFLOW, GITLAB, CIRCLE, AZURE, BITBUCKET, DRONE, WOODPECKER, CLOUD_BUILD, BUILDKITE]),
    st.sampled_from(ANY),
)
def test_no_text_makes_reading_or_changing_raise(text: str, name: str, wanted: FieldChange) -> None:
    document = read(Source(name, text))
    for error in document.errors:
        assert error.location.line >= 1
    subject: Subject
    for subject in document.subjects:
        for place in subject.where.values():
            assert place.start <= place.end <= len(text)
        if isinstance(subject.noun, Container):
            try:
                formats.edits(document, subject, wanted)
            except FormatError:
                continue
