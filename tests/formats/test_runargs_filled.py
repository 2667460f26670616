"""What people, programs and template engines fill in is unresolved in a run line, and the rest is read."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from sealock import formats
from sealock.model.absent import UNKNOWN, UNSET
from sealock.model.container import Container
from sealock.model.document import Document, Subject
from sealock.model.location import Source


def read(text: str, name: str = "") -> Document:
    return formats.read("run", Source(name, text))


def only(text: str, name: str = "") -> tuple[Subject, Container]:
    document = read(text, name)
    assert document.errors == ()
    (subject,) = (subject for subject in document.subjects if isinstance(subject.noun, Container))
    assert isinstance(subject.noun, Container)
    return subject, subject.noun


@pytest.mark.parametrize(
    "image", ["nginx:...", "nginx:…", "{image}", "nginx:{tag}", "@IMAGE@", "a/@name@:1", "[image]", "%%IMAGE%%"]
)
def test_an_image_with_a_placeholder_is_unresolved(image: str) -> None:
    subject, noun = only(f"docker run --privileged {image} sh")
    assert (noun.image, noun.command, noun.privileged) == (UNKNOWN, ("sh",), True)
    assert subject.unresolved["image"] == image


@pytest.mark.parametrize("image", ["{1x}", "{-x}", "@1@", "@@", "{a b}", "A/b", "a{", "%%%%"])
def test_an_image_with_signs_of_its_own_is_wrong(image: str) -> None:
    assert [error.message for error in read(f"docker run '{image}'").errors] == [f'"{image}" is not an image\'s name']


FILLED: list[tuple[str, str, list[object]]] = [
    ("a sign in a word", "xargs -I{} docker run --name 'a-{}' {} sh", [UNKNOWN, UNKNOWN, ("sh",)]),
    ("a sign alone is one word", "xargs -I {} docker run {} sh", [UNSET, UNKNOWN, ("sh",)]),
    ("another sign", "xargs -I % docker run --name a% b:% sh", [UNKNOWN, UNKNOWN, ("sh",)]),
    ("a sign of -i", "xargs -i@ docker run --name a@ b@c {}", [UNKNOWN, UNKNOWN, ("{}",)]),
    ("a sign of --replace", "xargs --replace=IMG docker run IMG-x", [UNSET, UNKNOWN, UNSET]),
    ("find", r"find . -exec docker run --name a{} b-{} c \;", [UNKNOWN, UNKNOWN, ("c",)]),
    ("parallel", "parallel docker run --name a{/.} {1} {2} ::: x ::: y", [UNKNOWN, UNKNOWN, ("{2}",)]),
    ("a script of it", "xargs -I {} sh -c 'docker run --name a{} {}:1 b'", [UNKNOWN, UNKNOWN, ("b",)]),
    ("beside a variable", 'xargs -I {} docker run --name "$A-{}" $B/{}:1 b', [UNKNOWN, UNKNOWN, ("b",)]),
]


@pytest.mark.parametrize(("line", "expected"), [pytest.param(*row[1:], id=row[0]) for row in FILLED])
def test_what_another_program_fills_in_is_unresolved(line: str, expected: list[object]) -> None:
    _, noun = only(line)
    assert [noun.name, noun.image, noun.command] == expected


TEMPLATES: list[tuple[str, str, str]] = [
    ("Jinja's filter", "docker run {{ image | default('nginx') }} sh", "UNKNOWN ('sh',)"),
    ("a filter in a word", 'docker run nginx:{{ v|default("1") }} sh', "UNKNOWN ('sh',)"),
    ("an expression alone", "docker run {{ image }} sh", "UNKNOWN ('sh',)"),
    ("an expression in quotes", "docker run '{{ image | x }}' sh", "UNKNOWN ('sh',)"),
    ("a statement in a line", "docker run {% if x %}--privileged{% endif %} nginx:1 sh", "privileged nginx:1 ('sh',)"),
    ("statements between lines", "docker run \\\n  {% if x %}\n  --privileged \\\n{% endif %}\n  nginx:1 sh", "privileged nginx:1 ('sh',)"),
    ("two statements in a line", "docker run \\\n{% if x %}{% if y %}\n{%- endif %}\n--privileged nginx:1", "privileged nginx:1 UNSET"),
    ("ERB", "docker run <%= image %> sh", "UNKNOWN ('sh',)"),
    ("a choice of FreeMarker", "docker run ${a.b ?then('--privileged ', '')}-d x/${c}:1 sh", "UNKNOWN UNKNOWN"),
    ("a statement of FreeMarker", "docker run <#if x>--privileged</#if> nginx:1", "privileged nginx:1 UNSET"),
    ("a statement of ERB", "docker run <% if x -%>--privileged<% end %> nginx:1", "privileged nginx:1 UNSET"),
    ("Go", "docker run {{ .Image | quote }} sh", "UNKNOWN ('sh',)"),
    ("a statement of Go", "docker run {{- if .X }} --privileged {{ end }} nginx:1", "privileged nginx:1 UNSET"),
    ("shortcodes", 'docker run {{< image name="x" >}}:{{% tag "y" %}} sh', "UNKNOWN ('sh',)"),
    ("what a shell quotes", "docker run -e 'A={% if x %}' nginx:1 \"{% a %}\"", "nginx:1 ('{% a %}',)"),
    ("an escape", r"docker run nginx:1 \'{% a %}", "nginx:1 (\"'\",)"),
    ("a comment", "# don't {{ x | y\ndocker run nginx:1 {{ a | b }}", "nginx:1 ('{{ a | b }}',)"),
    ("a here-document", "cat <<EOF\n{% if x %}\nEOF\ndocker run nginx:1", "nginx:1 UNSET"),
    ("what is not closed", "docker run nginx:1 {% a", "nginx:1 ('{%', 'a')"),
    ("GitHub's", "docker run ${{ inputs.a || 'b' }} sh", "UNKNOWN UNKNOWN"),
    ("anything of Jinja's", "docker run {{ x | y }} nginx:1 sh", "UNKNOWN ('nginx:1', 'sh')"),
    ("Jinja's options", "docker run {{ docker_args | x }} nginx:1 sh", "nginx:1 ('sh',)"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), [pytest.param(*row[1:], id=row[0]) for row in TEMPLATES])
def test_what_a_template_engine_fills_in_is_read_around(text: str, expected: str) -> None:
    _, noun = only(text, "start.sh")
    words = ["privileged"] * (noun.privileged is True) + [str(noun.image), str(noun.command)]
    assert " ".join(words).replace("Absent.", "") == expected


@pytest.mark.parametrize("image", ['<Image name="x"/>', '<Image name="x" tag="y" />', "nginx:|version|", "nginx:<tag>"])
def test_the_substitutions_of_a_page_are_unresolved(image: str) -> None:
    _, noun = only(f"```sh\ndocker run --privileged {image} sh\n```\n", "a.mdx")
    assert (noun.image, noun.command, noun.privileged) == (UNKNOWN, ("sh",), True)


@pytest.mark.parametrize("line", ["docker run --privileged", "docker run -it --privileged -v /:/x"])
def test_a_command_of_a_page_may_leave_the_image_out(line: str) -> None:
    _, noun = only(f"```sh\n{line}\n```\n", "a.md")
    assert (noun.image, noun.privileged) == (UNKNOWN, True)


@pytest.mark.parametrize(
    ("name", "text", "messages"),
    [
        ("a.sh", "docker run --privileged", ["docker run names no image"]),
        ("a.md", "```\ndocker run -p x\n```\n", ['-p: "x" is not a port', "docker run names no image"]),
        ("a.md", "```\ndocker run --name\n```\n", ["--name needs a value", "docker run names no image"]),
        ("a.sh", "docker run --privileged Ab", ['"Ab" is not an image\'s name']),
        ("a.md", "```\ndocker run --privileged Ab\n```\n", []),
        ("a.md", "```\ndocker run -v $A\n```\n", []),
    ],
)
def test_a_command_without_an_image_is_wrong_elsewhere(name: str, text: str, messages: list[str]) -> None:
    assert sorted(error.message for error in read(text, name).errors) == sorted(messages)


LONG_NAME = """
from sealock import formats
from sealock.model.location import Source

text = "```sh\\ndocker run --privileged " + ".:" * 300_000 + "\\n```\\n"
print(len(formats.read("run", Source("README.md", text)).errors))
"""
"""A pattern that backtracks takes minutes for a name of 600,000 characters."""


def test_a_very_long_name_of_an_image_takes_no_time() -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", LONG_NAME], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "1\n"
