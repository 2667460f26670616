"""Compose files, Dockerfiles and manifests within other texts are recognised, and nothing else is taken for one."""

from __future__ import annotations

import pytest

from sealock.formats.embedded import embedded_kinds

SERVICES = "services:\n  web:\n    restart: always\n    image: x:1\n"
IMAGE = "FROM debian:12 AS x\n\nRUN id\n"
POD = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: x\n"


def indented(text: str, by: str = "  ") -> str:
    return "".join(f"{by}{line}" for line in text.splitlines(keepends=True))


@pytest.mark.parametrize(
    ("path", "text", "own", "kinds"),
    [
        pytest.param("up.sh", f"cat > compose.yaml <<EOF\n{SERVICES}EOF\n", "run", ("compose",), id="a here-document"),
        pytest.param("up.sh", f"docker build - <<EOF\n{IMAGE}EOF\n", "run", ("dockerfile",), id="a Dockerfile"),
        pytest.param("up.sh", f"kubectl apply -f - <<EOF\n{POD}EOF\n", "run", ("kubernetes",), id="a manifest"),
        pytest.param("R.md", f"```yaml\n{SERVICES}```\n> ```\n{indented(IMAGE, '> ')}> ```\n", "run", ("compose", "dockerfile"), id="blocks of Markdown"),
        pytest.param("main.tf", f"user_data = <<-EOF\n{indented(SERVICES, '    ')}  EOF\n", "", ("compose",), id="Terraform"),
        pytest.param("play.yml", f"- copy:\n    content: |\n{indented(SERVICES, '      ')}", "", ("compose",), id="Ansible"),
        pytest.param("cm.yaml", f"data:\n  Dockerfile: |-2\n{indented(IMAGE, '    ')}", "", ("dockerfile",), id="a ConfigMap"),
        pytest.param("user-data.yml", f"- content: |  # x\n\n{indented(POD, '    ')}", "", ("kubernetes",), id="cloud-init"),
        pytest.param("up.sh", f"cat <<EOF\r\n{SERVICES}EOF\n".replace("\n", "\r\n"), "run", ("compose",), id="Windows line ends"),
        pytest.param("R.md", "```yaml\napiVersion: argoproj.io/v1alpha1\nspec:\n  templates:\n  - name: a\n    container:\n      image: x\n```\n", "run", ("kubernetes",), id="a workflow of Argo"),
        pytest.param("R.md", "```yaml\napiVersion: tekton.dev/v1\nspec:\n  steps:\n  - name: a\n    image: x\n```\n", "run", ("kubernetes",), id="a task of Tekton"),
        pytest.param("R.md", "```yaml\napiVersion: v1\nkind: Role\nsteps:\n- run: x\n```\n", "run", (), id="a resource without containers"),
        pytest.param("compose.yaml", SERVICES, "compose", (), id="the file itself"),
        pytest.param("ci.yml", f"jobs:\n  a:\n{indented(SERVICES, '    ')}", "", (), id="services of a job"),
        pytest.param("values.yaml", SERVICES, "", (), id="a key of that name at the top"),
        pytest.param("a.sql", "SELECT *\nFROM users\nWHERE a = 1;\n", "run", (), id="SQL"),
        pytest.param("R.md", "Services:\n\nservices:\n- a\n\nFROM here on\nRUN away\n", "run", (), id="prose"),
    ],
)  # fmt: skip
def test_what_a_text_holds(path: str, text: str, own: str, kinds: tuple[str, ...]) -> None:
    assert embedded_kinds(path, text, own) == kinds
