"""Pipelines against the published schemas: every key of a container is read or has no part in it, and fixes are valid."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
import yaml

from sealock import formats
from sealock.errors import FormatError
from sealock.formats.pipelines import described, read, stepimages, systems
from sealock.model.absent import UNSET
from sealock.model.change import Add, FieldChange, Set
from sealock.model.container import Container, Mount, Variable
from sealock.model.location import Source


@cache
def schema(name: str) -> Any:
    text = files("check_jsonschema.builtin_schemas.vendor").joinpath(f"{name}.json").read_text(encoding="utf-8")
    return json.loads(text)


def at(name: str, path: str) -> set[str]:
    """The keys that a part of a schema allows."""
    node = schema(name)
    for key in path.split("/"):
        node = node[int(key)] if isinstance(node, list) else node[key]
    return set(node["properties"])


CREDENTIALS = {"credentials", "endpoint", "auth", "aws_auth", "gcp_auth", "azureSubscription"}
"""Keys that name a login elsewhere."""
KEYS = [
    ("a job's container of GitHub", "github-workflows", "definitions/jobContainer", systems.GITHUB, {"image"}),
    ("a service of GitHub", "github-workflows", "definitions/serviceContainer", systems.GITHUB, {"image"}),
    ("an action of GitHub", "github-actions", "definitions/runs-docker", systems.ACTION, {"using", "image", "pre-entrypoint", "pre-if", "post-entrypoint", "post-if"}),
    ("GitLab's image", "gitlab-ci", "definitions/image/oneOf/1", systems.GITLAB_IMAGE, {"name", "entrypoint", "pull_policy"}),
    ("GitLab's service", "gitlab-ci", "definitions/services/items/oneOf/1", systems.GITLAB, {"name", "alias", "entrypoint", "pull_policy"}),
    ("CircleCI's image", "circle-ci", "properties/executors/additionalProperties/oneOf/0/properties/docker/items", systems.CIRCLE, {"image", "name", "entrypoint"}),
    ("a job's container of Azure", "azure-pipelines", "definitions/containerBase", systems.AZURE, {"image", "mountReadOnly"}),
    ("a container of Azure's resources", "azure-pipelines", "definitions/containerResource", systems.AZURE, {"image", "mountReadOnly", "container", "type", "trigger", "resourceGroup", "registry", "repository", "localImage"}),
    ("Bitbucket's image", "bitbucket-pipelines", "definitions/image_base", systems.BITBUCKET_IMAGE, {"name"}),
    ("a service of Drone", "drone-ci", "definitions/services/items", stepimages.DRONE, {"image", "name", "pull", "working_dir", "entrypoint"}),
    ("a step of Drone", "drone-ci", "definitions/step_docker/allOf/1", stepimages.DRONE, {"image", "name", "pull", "settings", "detach", "failure", "commands", "when", "depends_on"}),
    ("a service of Woodpecker", "woodpecker-ci", "definitions/service", stepimages.WOODPECKER, {"image", "name", "pull", "commands", "directory", "settings", "when", "failure", "ports", "entrypoint"}),
    ("a step of Woodpecker", "woodpecker-ci", "definitions/commands_step", stepimages.WOODPECKER, {"image", "name", "pull", "commands", "directory", "when", "failure", "depends_on", "detach", "entrypoint"}),
    ("a builder of Google Cloud Build", "cloudbuild", "definitions/BuildStep", stepimages.CLOUD_BUILD, {"name", "id", "dir", "script", "waitFor", "timeout", "secretEnv", "allowFailure", "allowExitCodes", "automapSubstitutions"}),
    ("Bitbucket's service", "bitbucket-pipelines", "definitions/service", systems.BITBUCKET, {"image", "memory", "type"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "path", "table", "others"), [pytest.param(*row, id=sentence) for sentence, *row in KEYS]
)
def test_every_key_of_a_container_is_read_or_means_nothing_to_it(
    name: str, path: str, table: described.Table, others: set[str]
) -> None:
    allowed = at(name, path)
    assert others <= allowed
    assert allowed - others - CREDENTIALS <= {row.key.partition(".")[0] for row in table}


GITHUB = """on: push
jobs:
  a:
    runs-on: ubuntu-latest
    container:
      image: x:1
      env: {A: b}
      volumes: ['/:/host', 'v:/v']
      ports: [80]
      options: --privileged --pid=host
    steps:
      - run: make
"""
GITLAB = "a:\n  image:\n    name: x:1\n    docker: {user: root}\n  script: [make]\n"
CIRCLE = "version: 2.1\njobs:\n  a:\n    docker:\n      - image: x:1\n        user: root\n        environment: {A: b}\n    steps: [checkout]\n"
AZURE = "resources:\n  containers:\n  - container: c\n    image: x:1\n    options: --privileged\n    volumes: ['/:/host']\n    env: {A: b}\npool: {vmImage: ubuntu-latest}\nsteps:\n- script: make\n"
DRONE = "kind: pipeline\ntype: docker\nname: p\nsteps:\n- name: a\n  image: x:1\n  privileged: true\n  volumes:\n  - name: h\n    path: /a\n  environment: {A: b}\nvolumes:\n- name: h\n  host: {path: /h}\n"
WOODPECKER = (
    "steps:\n- name: a\n  image: x:1\n  privileged: true\n  volumes: ['/:/host', 'v:/v']\n  environment: {A: b}\n"
)
TEXTS = [
    ("drone-ci", ".drone.yml", DRONE),
    ("woodpecker-ci", ".woodpecker.yml", WOODPECKER),
    ("cloudbuild", "cloudbuild.yaml", "steps:\n- name: x:1\n  env: ['A=b', 'C=d']\n"),
    ("github-workflows", ".github/workflows/a.yml", GITHUB),
    ("gitlab-ci", ".gitlab-ci.yml", GITLAB),
    ("circle-ci", ".circleci/config.yml", CIRCLE),
    ("azure-pipelines", "azure-pipelines.yml", AZURE),
    ("bitbucket-pipelines", "bitbucket-pipelines.yml", "image: {name: x:1, run-as-user: 1000}\npipelines:\n  default:\n  - step: {script: [make]}\n"),
]  # fmt: skip
CHANGES: list[FieldChange] = [
    Set("privileged", False), Set("pid", UNSET), Set("mounts", ()), Set("environment", ()), Add("cap_drop", "ALL"), Set("read_only", True), Set("user", "1000"),
    Add("mounts", Mount("tmpfs", None, "/t")), Add("environment", Variable("N", "m")), Set("memory", 1 << 28), Set("no_new_privileges", True), Set("ports", ()),
]  # fmt: skip


@pytest.mark.parametrize(("name", "path", "text"), TEXTS, ids=[name for name, *_ in TEXTS])
def test_what_was_valid_is_valid_after_every_change(name: str, path: str, text: str) -> None:
    validator = jsonschema.Draft7Validator(schema(name))
    made = 0
    assert not [error.message for error in validator.iter_errors(loaded(text))]
    for wanted in CHANGES:
        document = read(Source(path, text))
        assert isinstance(document.subjects[0].noun, Container)
        try:
            after = formats.apply_edits(text, formats.edits(document, document.subjects[0], wanted))
        except FormatError:
            continue
        made += after != text
        assert not [error.message for error in validator.iter_errors(loaded(after))], after
    assert made >= {"gitlab-ci": 1, "bitbucket-pipelines": 0, "cloudbuild": 1}.get(name, 2)


def loaded(text: str) -> Any:
    """YAML as the schemas take it: `on` is a key, and no boolean."""
    return yaml.safe_load(re.sub(r"^on:", '"on":', text, flags=re.MULTILINE))
