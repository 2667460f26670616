"""What a file is, by its path and its text: read, or recognised and not evaluated, or neither."""

from __future__ import annotations

import pytest

from sealock import formats

POD = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: nginx\n"
UNEVALUATED = [
    ("a custom resource that names an image", "db.yaml", "apiVersion: example.com/v1\nkind: Db\nspec:\n  image: x\n", "kubernetes"),
    ("a chart's template of what holds templates", "c.yaml", "apiVersion: v1\nkind: {{ .x }}\nspec:\n  image: x\n  a: |\n    {{ .y }}\n", "helm"),
    ("a template with another's text in a block", "d.yaml", POD.replace("nginx", "{{ .Values.x }}") + "    args:\n    - |\n      {{ .y }}\n", "helm"),
    ("a template that is no YAML", "d.yaml", "{{ if .x }}\n" + POD + "    args:\n    - |\n      {{ .y }}\n{{ end }}\n", "helm"),
    ("a pod of Jinja", "pod.yml", POD.replace("nginx", "{{ image }}"), "helm"),
    ("a template that branches", "chart/templates/d.yaml", POD + "{{- if .Values.x }}\n{{- end }}\n", "helm"),
    ("a pod's template", "pod.yaml.j2", POD + "# {{ x }}\n", "kubernetes"),
    ("a template of services", "stack.yml.tmpl", "services:\n  a:\n    image: '{{ x }}'\n", "compose"),
    ("a template of services that is no YAML", "stack.yml.j2", "services:\n{% for x in y %}\n  a: {image: x}\n", "compose"),
    ("services with statements of Jinja", "templates/docker-compose.yaml", "{% set x = 1 %}\nservices:\n  a: {image: x}\n", "compose"),
    ("services with statements within", "compose.yml", "services:\n  a: {image: x}\n  {%- if y %}\n  b: {image: z}\n  {%- endif %}\n", "compose"),
    ("a service with a name of Jinja", "compose.yml", "services:\n  {{ x.name() }}:\n    image: a\n", "compose"),
    ("a port of Jinja", "compose.yml", "services:\n  a:\n    image: a\n    ports:\n    - {{ port }}:80\n", "compose"),
    ("a pod with statements of Jinja", "pod.yaml", POD + "{% if x %}\n    tty: true\n{% endif %}\n", "kubernetes"),
    ("a chart", "chart/Chart.yaml", "apiVersion: v2\nname: app\n", "helm"),
    ("a chart's template", "chart/templates/d.yaml", POD + "    args: [{{ .Values.x }}]\n", "helm"),
    ("a template beside a comment with one", "d.yaml", POD.replace("nginx", "'{{ .Values.x }}'") + "# {{ .y }}\n", "helm"),
    ("a chart's values", "chart/values.yaml", "image:\n  repository: nginx\n", "helm"),
    ("a chart's values for production", "values-prod.yml", "initImage: busybox\n", "helm"),
    ("a kustomization", "kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nimages: []\n", "kustomize"),
    ("a task definition", "task.json", '{"containerDefinitions": [{"privileged": true}]}', "ecs"),
    ("a task definition in CloudFormation", "stack.yaml", "Resources:\n  T:\n    ContainerDefinitions:\n    - x\n", "ecs"),
    ("a Nomad job", "web.nomad.hcl", 'task "x" {\n  driver = "docker"\n}\n', "nomad"),
    ("Terraform", "main.tf", 'resource "docker_container" "x" {\n  privileged = true\n}\n', "terraform"),
    ("Ansible", "play.yml", "- hosts: all\n  tasks:\n  - community.docker.docker_container:\n      name: x\n", "ansible"),
    ("Ansible's short name", "tasks/main.yml", "- name: x\n  docker_container:\n    privileged: true\n", "ansible"),
    ("Ansible after comments", "tasks/main.yml", "# x\n---\n\n  # y\n- name: x\n\n# z\n- docker_image: name=a\n", "ansible"),
    ("Cirrus", "r/.cirrus.yml", "task:\n  container:\n    image: y\n", "pipeline"),
    ("Concourse", "ci/main.yml", "jobs:\n- plan:\n  - config:\n      image_resource:\n        type: registry-image\n", "pipeline"),
    ("a hook in a container", ".pre-commit-config.yaml", "repos:\n- hooks:\n  - language: docker_image\n    entry: x:1\n", "pre-commit"),
    ("Fly.io", "fly.toml", '[build]\n  image = "x:1"\n', "platform"),
    ("Render", "render.yaml", "services:\n- type: web\n  image:\n    url: x:1\n", "platform"),
    ("Elastic Beanstalk", "Dockerrun.aws.json", '{"Image": {"Name": "x:1"}}', "platform"),
    ("Bicep", "app.bicep", "containers: [ { image: 'x:1' } ]\n", "platform"),
    ("Cloud Foundry", "manifest.yml", "applications:\n- name: a\n  docker:\n    image: x:1\n", "platform"),
    ("werf", "werf.yaml", "project: a\n---\nimage: app\nfrom: x:1\n", "werf"),
    ("Packer", "web.pkr.hcl", 'source "docker" "a" {\n  image = "x:1"\n}\n', "packer"),
    ("an artifact of Quadlet", "model.artifact", "[Artifact]\nArtifact=quay.io/a/b:1\n", "quadlet"),
    ("an Earthfile of another name", "from-dockerfile.earth", "VERSION 0.8\nFROM x:1\n", "earthfile"),
    ("an Earthfile", "Earthfile", "VERSION 0.8\nFROM x:1\n", "earthfile"),
    ("Apptainer", "app.def", "Bootstrap: docker\nFrom: x:1\n", "apptainer"),
    ("a Jenkins agent", "Jenkinsfile", "pipeline { agent { docker { image 'x' } } }\n", "jenkins"),
    ("a Dockerfile's template", "Dockerfile.in", "FROM @BASE@\n", "dockerfile"),
    ("a template of FreeMarker", "Dockerfile.ftl", "FROM ${a.b}\n<#if c>\nRUN x\n</#if>\n", "dockerfile"),
    ("an image that Jinja fills in", "templates/Dockerfile", "# x\nFROM {{ base }}\n", "dockerfile"),
    ("an image that a script fills in", "r.Dockerfile.txt", "ARG A\nFROM a/b:{{v}} AS c\n", "dockerfile"),
    ("an image that ERB fills in", "Dockerfile", "from --platform=x <%= base %>\n", "dockerfile"),
    ("an image between signs", "Dockerfile", "FROM @BASE@\n", "dockerfile"),
    ("an image between per cent signs", "Dockerfile", "FROM a:%%V%%\n", "dockerfile"),
    ("a template of development containers", "Dockerfile", "FROM a:${templateOption:imageVariant}\n", "dockerfile"),
    ("the same of Jinja", "Dockerfile.j2", "FROM {{ base }}\n", "dockerfile"),
    ("a template by its start", "Dockerfile.base", "\n{{\n  set x to 1 ^\n}}FROM a:1\n", "dockerfile"),
    ("a template between signs, with text before it", "a.Dockerfile", "# x\nARG A\nFROM @A@\n", "dockerfile"),
    ("a rejected patch", "Dockerfile.rej", "@@ -1 +1 @@\n", "dockerfile"),
    ("a Dockerfile's template with per cent signs", "Dockerfile-alpine.template", "FROM php:%%VERSION%%\nRUN id\n", "dockerfile"),
    ("a template whose placeholders are words of a shell", "Dockerfile-slim.template", 'FROM a:1\nRUN case x in \\\n  "${Y[@]}"\nesac\n', "dockerfile"),
    ("a Dockerfile's template of Handlebars", "Dockerfile.hbs", "FROM {{base}}\n", "dockerfile"),
    ("a compose file's template for Terraform", "compose.yaml.tftpl", "services: ${x}\n", "compose"),
    ("a compose file's template", "docker-compose.yml.j2", "services: {{ x }}\n", "compose"),
    ("jobs of Prow", "jobs.yaml", "periodics:\n- name: a\n  spec:\n    containers:\n    - image: x:1\n      securityContext: {privileged: true}\n", "kubernetes"),
    ("a pod in the settings of another program", "a.yml", "pod:\n  initContainers:\n  - name: a\n    command: [x]\n    image: x:1\n", "kubernetes"),
    ("Molecule", "molecule/default/molecule.yml", "driver: {name: docker}\nplatforms:\n- name: a\n  image: x:1\n  privileged: true\n", "ansible"),
    ("fish", "up.fish", "docker run --privileged x\n", "script"),
    ("a Rakefile", "Rakefile", 'sh "docker run --privileged x"\n', "script"),
    ("a Rakefile's words", "x.rake", "sh 'docker', 'run', 'x'\nsh 'docker run x'\n", "script"),
    ("csh", "up.csh", "docker run x\n", "script"),
    ("a script of another interpreter", "up", "#!/usr/bin/env fish\ndocker run x\n", "script"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "text", "kind"), [pytest.param(path, text, kind, id=name) for name, path, text, kind in UNEVALUATED]
)
def test_a_form_that_is_not_evaluated_is_recognised(path: str, text: str, kind: str) -> None:
    recognition = formats.recognize(path, text)
    assert recognition.kind in {None, "run"}
    assert [form.kind for form in recognition.unevaluated] == [kind]
    assert "not checked" in recognition.unevaluated[0].reason


WEB = "services:\n  web:\n    image: nginx\n"
READ = [
    ("a list in a compose file's name is no project", "compose.yml", "- a: 1\n", "compose"),
    ("a Dockerfile with a name before it", "a-Dockerfile", "", "dockerfile"),
    ("and with an ending after it", "a_dockerfile.prod", "", "dockerfile"),
    ("a name between dots", "a.Dockerfile-b", "", "dockerfile"),
    ("a name within another, by its text", "fix_dockerfile_2", "FROM x:1\n", "dockerfile"),
    ("a pod", "deploy.yaml", POD, "kubernetes"),
    ("a pod as JSON", "pod.json", '{"apiVersion": "v1", "kind": "Pod", "spec": {"containers": []}}', "kubernetes"),
    ("a pod in flow style", "p.yml", "{apiVersion: v1, kind: Pod, spec: {containers: [{image: x}]}}", "kubernetes"),
    ("a pod after another resource", "all.yaml", "apiVersion: v1\nkind: Service\n---\n" + POD, "kubernetes"),
    ("a pod with its keys quoted", "p.yaml", POD.replace("kind", '"kind"').replace("apiVersion", "'apiVersion'"), "kubernetes"),
    ("a pod that starts containers with docker run", "p.yaml", POD + "    args: [docker run x]\n", "kubernetes"),
    ("a workflow of Argo with its own parameters", "w.yaml", POD + "    args: ['{{inputs.parameters.x}}']\n", "kubernetes"),
    ("a workflow with a parameter after a colon", "w.yaml", POD + "    args: ['at: {{workflow.scheduledTime}}', 'a - {{=x}}']\n", "kubernetes"),
    ("a manifest with an action of Helm in a comment", "p.yaml", "# {{- if .Values.on }}\n" + POD + "    # was: {{ .Values.image }}\n", "kubernetes"),
    ("a comment behind a value", "p.yaml", POD.replace("nginx", "nginx # {{ .Values.image | quote }}"), "kubernetes"),
    ("a workflow with a parameter in a comment", "w.yaml", POD + "    # Tip: {{workflow.failures}} is a list\n", "kubernetes"),
    ("a pod beside a program's own templates", "p.yaml", POD + "---\napiVersion: v1\nkind: ConfigMap\ndata:\n  a.conf: |\n    project: {{PROJECT}}\n    {{ .Values.x }}\n", "kubernetes"),
    ("a task of Tekton", "t.yaml", "apiVersion: tekton.dev/v1\nkind: Task\nspec:\n  steps:\n  - image: x\n", "kubernetes"),
    ("a quadlet", "web.container", "[Unit]\n[Container]\nImage=nginx\n", "quadlet"),
    ("a quadlet of a pod", "web.pod", "[Pod]\nPodName=x\n", "quadlet"),
    ("a quadlet with a run line", "web.container", "[Container]\n[Service]\nExecStartPre=podman run x\n", "quadlet"),
    ("a quadlet's drop-in", "web.container.d/a.conf", "[Container]\nImage=nginx\n", "quadlet"),
    ("a development container", ".devcontainer/devcontainer.json", '{"image": "x"}', "devcontainer"),
    ("the same at the top", ".devcontainer.json", "// x\n{}", "devcontainer"),
    ("one of several", "r/.devcontainer/go/devcontainer.json", "{}", "devcontainer"),
    ("a job's container", "r/.github/workflows/ci.yml", "jobs:\n  a:\n    container: x\n", "pipeline"),
    ("a job's services", "r/.github/workflows/ci.yaml", "jobs:\n  a:\n    services:\n      db:\n        image: x\n", "pipeline"),
    ("a step in a container", "r/.gitea/workflows/x.yml", "jobs:\n  a:\n    steps:\n      - uses: docker://x\n", "pipeline"),
    ("a job's container on Compose", "r/.github/workflows/docker-compose.yml", "on: push\njobs:\n  a:\n    container: x\n", "pipeline"),
    ("a job with a container and a run line", "r/.github/workflows/ci.yml", "jobs:\n  a:\n    container: x\n    steps:\n    - run: docker run y\n", "pipeline"),
    ("an action in a container", "action.yml", "runs:\n  using: docker\n  image: Dockerfile\n", "pipeline"),
    ("GitLab's image", ".gitlab-ci.yml", "image: docker:dind\n", "pipeline"),
    ("GitLab's services", "ci/build.gitlab-ci.yml", "a:\n  services:\n  - docker:dind\n", "pipeline"),
    ("GitLab by its content", ".nvidia-ci.yml", "build:\n  stage: build\n  image: x\n  script: [make]\n", "pipeline"),
    ("a part of GitLab's pipeline", "ci/build.yaml", "default: {image: x}\n.base:\n  rules: []\n  script:\n  - make\n", "pipeline"),
    ("GitLab's services at the top", "ci/a.yml", "services: [docker:dind]\nservice:\n  needs: []\n  script: docker run x\n", "pipeline"),
    ("a key twice in GitLab's pipeline", "ci/a.yml", "a:\n  image: x\n  script: x\n  extends: .b\n  extends: .c\n", "pipeline"),
    ("CircleCI", "r/.circleci/config.yml", "jobs:\n  a:\n    docker:\n    - image: x\n", "pipeline"),
    ("Azure", "azure-pipelines.yml", "jobs:\n- job: a\n  container: x\n", "pipeline"),
    ("Bitbucket", "bitbucket-pipelines.yml", "image: x\n", "pipeline"),
    ("Drone", "r/.drone.yml", "steps:\n- name: x\n  image: y\n", "pipeline"),
    ("Woodpecker", "r/.woodpecker/test.yaml", "steps:\n  x:\n    image: y\n", "pipeline"),
    ("Google Cloud Build", "r/cloudbuild.json", '{"steps": [{"name": "x"}]}', "pipeline"),
    ("Buildkite", ".buildkite/pipeline.yml", "steps:\n- plugins:\n  - docker#v5:\n      image: x\n", "pipeline"),
    ("a bake file", "docker-bake.hcl", 'target "app" {\n  dockerfile = "x"\n}\n', "bake"),
    ("a bake file as JSON", "docker-bake.json", '{"target": {"app": {}}}', "bake"),
    ("a compose file of any name", "stack.yml", WEB, "compose"),
    ("indented as a whole", "stack.yml", "".join(f"  {line}\n" for line in WEB.splitlines()), "compose"),
    ("with quoted keys", "stack.yml", WEB.replace("services", '"services"'), "compose"),
    ("in flow style", "stack.yml", "{services: {web: {image: nginx}}}", "compose"),
    ("as JSON", "stack.json", '{"services": {"web": {"image": "nginx"}}}', "compose"),
    ("after many comments", "stack.yml", "# x\n" * 300_000 + WEB, "compose"),
    ("that is not valid", "stack.yml", WEB + "  - x\n", "compose"),
    ("with a byte order mark", "stack.yml", "\ufeff" + WEB, "compose"),
    ("with an explicit key", "stack.yml", "? services\n: web:\n    image: nginx\n", "compose"),
    ("with a tag and an anchor", "stack.yml", "&a !!str services:\n  web:\n    image: nginx\n", "compose"),
    ("with an escaped key", "stack.yml", WEB.replace("services", '"serv\\x69ces"'), "compose"),
    ("with services that are merged in", "stack.yml", "x-a: &a\n  services: {web: {image: nginx}}\n<<: *a\n", "compose"),
    ("a compose file's copy", "compose.yml~", WEB, "compose"),
    ("a compose file to copy", "stack.yml.example", WEB, "compose"),
    ("a compose file as text", "stack.txt", WEB, "compose"),
    ("a compose file's template without anything to fill in", "stack.yml.tmpl", WEB, "compose"),
    ("a manifest's copy", "pod.yaml.bak", POD, "kubernetes"),
    ("a manifest without an ending", "pod", POD, "kubernetes"),
    ("a manifest's template without anything to fill in", "pod.yaml.j2", POD, "kubernetes"),
    ("a quadlet with a byte order mark", "web.container", "\ufeff[Container]\nImage=nginx\n", "quadlet"),
    ("that includes others", "stack.yml", "include:\n- a.yml\n", "compose"),
    ("that includes others by their paths", "stack.yml", "include:\n- path: a.yml\n- b.yml\n", "compose"),
    ("that builds", "stack.yml", "services:\n  web:\n    build: .\n", "compose"),
    ("a Dockerfile as text", "Dockerfile.txt", "FROM debian:13\n", "dockerfile"),
    ("a Dockerfile's template without anything to fill in", "Dockerfile.in", "FROM debian:13\n", "dockerfile"),
    ("a Dockerfile by its text", "build.txt", "# x\nFROM debian:13 AS a\n", "dockerfile"),
    ("a Dockerfile's backup", "Dockerfile.bak", "FROM debian:13\n", "dockerfile"),
    ("a Dockerfile with a template's line in a here-document", "Dockerfile", "FROM a:1\nRUN <<E\nFROM {{ x }}\nE\n", "dockerfile"),
    ("a Dockerfile with a template's line in a command", "Dockerfile", "FROM a:1\nRUN x \\\nFROM @X@\n", "dockerfile"),
    ("a Dockerfile with a template's option in a comment", "Dockerfile", "# ${templateOption:x}\nFROM a:1\n", "dockerfile"),
    ("a compose file in JSON, of a name of its own", "web.compose.yml", '{\n  "services": {}\n}', "compose"),
    ("a Dockerfile for a language", "Dockerfile.node", "FROM node:22\n", "dockerfile"),
    ("the engine's settings", "engine.json", '{"userns-remap": "default"}', "daemon"),
    ("an SBOM", "x.json", '{"bomFormat": "CycloneDX"}', "inventory"),
    ("a script", "up.sh", "docker run x\n", "run"),
    ("a script without a name", "up", "#!/bin/sh\ndocker run x\n", "run"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "text", "kind"), [pytest.param(path, text, kind, id=name) for name, path, text, kind in READ]
)
def test_what_sealock_reads_is_recognised_by_its_content(path: str, text: str, kind: str) -> None:
    recognition = formats.recognize(path, text)
    assert (recognition.kind, recognition.unevaluated) == (kind, ())


@pytest.mark.parametrize(
    ("path", "text"),
    [
        pytest.param("config/services.yaml", "services:\n  App\\X:\n    class: Y\n    arguments: []\n", id="Symfony"),
        pytest.param("travis.yml", "services:\n- mysql\nscript: make\n", id="a list of services"),
        pytest.param("app.yml", "web:\n  image: x\n  script: y\n", id="a script without a stage or rules"),
        pytest.param("app.yml", "web:\n  image: x\n  stage: y\n  a:\n    script: y\n", id="a script deeper in"),
        pytest.param("app.yml", "web:\n  image: x\n  stage: y\n  script: {a: b}\n", id="a script that is a mapping"),
        pytest.param("app.yml", "- image: x\n  stage: y\n  script: y\n", id="a list of scripts"),
        pytest.param("app.yml", "version: 1\nweb:\n  image: x\n  stage: y\n  script: y\n", id="another system's jobs"),
        pytest.param(
            "app.yml", "services: {a: {b: c}}\nweb:\n  image: x\n  stage: y\n  script: y\n", id="services by name"
        ),
        pytest.param(
            "app.yml", "web:\n  image: x\n  stage: y\n  script: y\n a: {\n", id="a broken pipeline of no name"
        ),
        pytest.param("app.txt", "web:\n  image: x\n  stage: y\n  script: y\n", id="a pipeline in a text"),
        pytest.param("app.yml", "web:\n  stage: y\n  script: y\n", id="a pipeline without an image"),
        pytest.param("ci/jobs.yml", "include:\n- local: a.yml\n", id="GitLab's include"),
        pytest.param("matrix.json", '{"include": [{"os": "linux", "image": "x"}]}', id="a matrix of builds"),
        pytest.param(
            "docker_compose_up.yaml", "command: docker compose up\npname: docker\n", id="a reference of Compose"
        ),
        pytest.param("docker-compose.x.yml", "pname: a\nlong: |\n  services:\n    a: b\n", id="services in a text"),
        pytest.param("fix_dockerfile_option.bugfix", "Honor the option\n", id="a note on a Dockerfile"),
        pytest.param("roles/x/tasks/compose.yml", "---\n# x\n- name: y\n  z: 1\n", id="Ansible's tasks on Compose"),
        pytest.param(
            "tasks/docker-compose.yml", '- "include_tasks": a.yml\n', id="Ansible's tasks that include others"
        ),
        pytest.param(
            ".github/workflows/compose.yml", "name: a\non: push\njobs:\n  b: {}\n", id="a workflow on Compose"
        ),
        pytest.param("w/ci-compose.yml", "name: a\n'on': push\njobs:\n  b: {}\n", id="a workflow of a like name"),
        pytest.param("dockerfile.json.golden", '{"Results": []}', id="what a test expects"),
        pytest.param("Dockerfile.license", "SPDX-License-Identifier: MIT\n", id="a note on a licence"),
        pytest.param("tsconfig.json", '{"include": ["src"], "compilerOptions": {}}', id="TypeScript"),
        pytest.param("settings.json", '{"debug": true, "hosts": ["a"], "log-level": "info"}', id="other settings"),
        pytest.param("data.json", '{"history": [], "config": {}}', id="other JSON"),
        pytest.param(
            "ci.yml", "jobs:\n  docker_image_build:\n    steps: []\n", id="a job with the name of a module of Ansible"
        ),
        pytest.param(
            "vars.yml",
            "---\n# x\n- docker_registry: a\n  docker_registries:\n",
            id="a list with a word like a module of Ansible",
        ),
        pytest.param("role.yaml", "apiVersion: v1\nkind: Role\nrules: []\n", id="a manifest without a pod"),
        pytest.param("builder-dockerfile.bats", "load helpers\n\nsetup() {\n  :\n}\n", id="tests of a builder"),
        pytest.param("Dockerfile.rego", "package docker\n\ndefault allow = false\n", id="the policy of a build"),
        pytest.param("notes.txt", "From here on, services: none\n", id="a text"),
        pytest.param("README", "This is an example\n\n" + POD, id="a text with a manifest"),
        pytest.param("README.rst", WEB, id="a document with a compose file"),
        pytest.param("query.txt", "FROM users SELECT *\n", id="a query"),
        pytest.param("vars.tf", 'variable "x" {}\n', id="Terraform without containers"),
        pytest.param("a.container", "any data\n", id="a file that only ends so"),
        pytest.param("up.fish", "# docker run x\necho hello\n", id="a comment in fish"),
        pytest.param("Rakefile", "task :x\n", id="a Rakefile"),
        pytest.param("main.yml", "key: docker image\n", id="YAML that names an engine"),
    ],
)
def test_a_look_alike_is_nothing(path: str, text: str) -> None:
    recognition = formats.recognize(path, text)
    assert (recognition.kind, recognition.unevaluated) == (None, ())


def test_run_lines_are_read_where_the_rest_is_not_evaluated() -> None:
    recognition = formats.recognize("/r/.cirrus.yml", "task:\n  container: {image: x}\n  script: docker run y\n")
    assert recognition.kind == "run"
    assert [form.kind for form in recognition.unevaluated] == ["pipeline"]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (WEB, []),
        (WEB + "models:\n  llm:\n    model: ai/x\n", ["model"]),
        (WEB + "    models: [llm]\n", []),
        (WEB + "    build:\n      dockerfile_inline: |\n        FROM a:1\n", []),
        (WEB + "    develop:\n      watch:\n      - path: .\n        action: sync\n", []),
        (
            WEB
            + "    develop:\n      watch:\n      - path: .\n        action: sync+exec\n        exec: {command: x}\n",
            [],
        ),
    ],
)
def test_parts_of_a_compose_file_that_are_not_evaluated_are_named(text: str, kinds: list[str]) -> None:
    for name in ("compose.yaml", "stack.yml"):
        recognition = formats.recognize(name, text)
        assert recognition.kind == "compose"
        assert [form.kind for form in recognition.unevaluated] == kinds


@pytest.mark.parametrize("text", ["\n" * 5000 + "x", "# x\n" * 5000 + "x", "\t\n \n" * 3000 + "x", "{" * 5000])
def test_what_it_starts_with_takes_linear_time(text: str) -> None:
    assert formats.recognize("a.txt", text).kind is None
    assert formats.sniff("", text) is None


def test_blanks_of_an_instruction_are_read_once() -> None:
    assert formats.recognize("Dockerfile", "FROM" + "\t" * 200_000 + "a").kind == "dockerfile"
    assert formats.recognize("Dockerfile", "FROM \t{{ image }}").kind is None


def test_a_config_map_that_holds_examples_is_nothing_to_name() -> None:
    examples = "apiVersion: v1\nkind: ConfigMap\ndata:\n  _example: |\n    image: {{ .x }}\n"
    recognition = formats.recognize("config/settings.yaml", examples)
    assert recognition.kind == "kubernetes"
    assert recognition.unevaluated == ()
