"""Recognises what a file is: what sealock reads, and what it knows but does not evaluate."""

from __future__ import annotations

import re
from typing import Final

from sealock.formats import detection, projectshape
from sealock.formats import runcalls as calls
from sealock.formats.files import NOTHING
from sealock.formats.gitlabshape import is_gitlab
from sealock.formats.unevaluatedforms import FORMS
from sealock.model.document import Recognition, Unevaluated
from sealock.model.location import Source
from sealock.patterns import compile_lazily

_PATHS: Final = tuple(compile_lazily(form.path, re.IGNORECASE) for form in FORMS)
_PARTS_OF_COMPOSE: Final = (
    (
        compile_lazily(r"^models[ \t]*:", re.MULTILINE),
        Unevaluated(
            "model", "models run in a model runner outside of containers: what they are made of is not checked"
        ),
    ),
)
"""Parts of a compose file that are not evaluated."""
_BAKE: Final = compile_lazily(r"(?:.*/)?docker-bake(?:[._-][^/]*)?\.(?:hcl|json)|.*\.hcl")
_BAKE_BLOCK: Final = compile_lazily(r"^[ \t]*(?:target|group)[ \t]+\"|\"target\"[ \t\r\n]*:", re.MULTILINE)
_DEV_CONTAINER: Final = compile_lazily(r"(?:.*/)?\.?devcontainer\.json|(?:.*/)?\.devcontainer/[^/]+/devcontainer\.json")
_PIPELINE: Final = compile_lazily(
    r"(?:.*/)?(?:\.(?:github|gitea|forgejo)/workflows/[^/]*|action|[^/]*gitlab-ci[^/]*|\.?gitlab/.*|\.circleci/[^/]*"
    r"|\.?azure-pipelines[^/]*|\.azure-pipelines/[^/]*|bitbucket-pipelines|\.drone(?:\.[^/]*)?|\.?woodpecker[^/]*"
    r"|\.woodpecker/.*|\.?buildkite[^/]*)\.ya?ml|(?:.*/)?(?:\.buildkite/.*|(?P<builders>cloudbuild[^/]*))\.(?:ya?ml|json)"
)
_CI_CONTAINER: Final = compile_lazily(
    r"(?:^[ \t]*(?:- +)?|[{,][ \t]*)[\"']?(?:image|services|container|containers|docker)[\"']?[ \t]*:|docker://",
    re.MULTILINE,
)
_BUILDER: Final = compile_lazily(r"\bname[\"']?[ \t]*:")
"""The key of Google Cloud Build for an image; elsewhere it names other things."""
_UNIT: Final = compile_lazily(
    r".*\.(?:container|pod|kube|image|build|volume|network)|(?:.*[/.])?(?:container|pod|kube|image|build|volume|network)"
    r"\.d/[^/]*\.conf"
)
_UNIT_SECTION: Final = compile_lazily(
    r"^[ \t]*\[(?:Container|Pod|Kube|Image|Build|Volume|Network)\][ \t]*\r?$", re.MULTILINE
)
"""The paths of Quadlet's units and their drop-ins, and the sections of which they have one."""
_VERSION: Final = compile_lazily(r"(?:^|[{,])[ \t]*[\"']?apiVersion[\"']?[ \t]*:", re.MULTILINE)
_KIND: Final = compile_lazily(r"(?:^|[{,])[ \t]*[\"']?kind[\"']?[ \t]*:", re.MULTILINE)
_PODS: Final = compile_lazily(
    r"[\"']?\b(?:containers|initContainers|ephemeralContainers|image|images|hostPath|securityContext)\b[\"']?\s*:"
)
_RELEASE: Final = compile_lazily(r"^kind[ \t]*:[ \t]*[\"']?Helm(?:Release|Chart)\b", re.MULTILINE)
_CONTAINER_LISTS: Final = compile_lazily(r"\b(?:containers|initContainers|ephemeralContainers)\b[\"']?\s*:")
_STEP_LISTS: Final = compile_lazily(r"\b(?:steps|sidecars|container|script)\b[\"']?\s*:")
"""Keys of Kubernetes manifests that hold containers; the latter of these groups of custom resources only."""
_STEP_GROUPS: Final = ("tekton.dev/", "argoproj.io/")
_SETTINGS: Final = compile_lazily(
    r"(?:^|[{,])[ \t]*(?:- +)?[\"']?kind[\"']?[ \t]*:[ \t]*[\"']?(?:ConfigMap|Secret|ConfigMapList|SecretList)\b",
    re.MULTILINE,
)
"""The kinds of manifests that hold settings."""
_KUSTOMIZATIONS: Final = ("kustomization.yaml", "kustomization.yml")
_HELM: Final = compile_lazily(
    r"\{\{-?\s*(?:[.$(]|/\*|(?:end|else)\b|[A-Za-z]\w*\s+[^\s}])|(?:^|[:-][ \t]+)\{\{", re.MULTILINE
)
"""An action of a template, or a value that starts as no YAML does; other programs fill in {{name}} in a text."""
_NAMED_VALUE: Final = compile_lazily(r"\{\{[=\w][^{}\s]*\}\}")
_TEMPLATE: Final = compile_lazily(r"\{\{|\{%|<[%#]|^\s*#(?:if|include|define)\b|@\w+@|%%\w+%%", re.MULTILINE)
_STATEMENT: Final = compile_lazily(
    r"^[ \t]*+(?:\{%[-+]?[ \t]*[a-z]|(?:[^#'\"\n]{0,200}?[:-][ \t]+)?\{\{-?[ \t]*+"
    r"(?!(?:end|else|break|continue)\b)[A-Za-z_][\w.]*[ \t]*(?:[\[|(]|-?\}\}))",
    re.MULTILINE,
)
"""A line of Jinja or its like that is no YAML: a statement, or a name in braces; Docker's have a dot, as {{.Name}}."""
_OWN_PARSER: Final = compile_lazily(
    r"(.*/)?(?:[^/]*\.(?P<ending>fish|rake|nu|t?csh|elv|xsh|awk|exp|tcl)|(?P<rake>rakefile))", re.IGNORECASE
)
_LANGUAGES: Final = {
    "fish": "fish scripts",
    "rake": "Rakefiles",
    "nu": "Nushell scripts",
    "csh": "csh scripts",
    "tcsh": "csh scripts",
}


_FILLED_KINDS: Final = frozenset({"compose", "kubernetes", "pipeline"})
"""Kinds of YAML, which is not valid before a template engine has filled it in."""


def is_manifest(text: str) -> bool:
    """Whether a text may be a Kubernetes manifest: each has an apiVersion and a kind."""
    return "apiVersion" in text and _VERSION.search(text) is not None and _KIND.search(text) is not None


def is_pipeline(path: str, text: str) -> bool:
    """Whether a file is a pipeline of a CI system that names a container to run in."""
    match = _PIPELINE.fullmatch(path)
    if match is None:
        return _CI_CONTAINER.search(text) is not None and is_gitlab(path, text)
    return (_BUILDER if match["builders"] else _CI_CONTAINER).search(text) is not None


def is_unit(path: str, text: str) -> bool:
    """Whether a file is a unit of Podman's Quadlet, or a drop-in of one."""
    return _UNIT.fullmatch(path) is not None and _UNIT_SECTION.search(text) is not None


def is_manifest_of_pods(path: str, text: str) -> bool:
    """Whether a file is a Kubernetes manifest that may hold containers; a template or kustomization is none."""
    lowered = path.lower()
    if lowered.endswith(_KUSTOMIZATIONS) or not projectshape.may_be_document(path):
        return False
    if not lowered.endswith((".yml", ".yaml", ".json")):
        return not _is_template(lowered, text) and "ontainers" in text and is_manifest(text) and _has_pods(text)
    lists = ("ontainers" in text and _CONTAINER_LISTS.search(text)) or (
        any(group in text for group in _STEP_GROUPS) and _STEP_LISTS.search(text)
    )
    if lists and is_manifest(text):
        return _HELM.search(text) is None or _HELM.search(_without_other_templates(text)) is None
    odd = ("apiVersion" in text and not is_manifest(text)) or projectshape.has_hidden_key(text)
    return odd and _has_pods(text)


def is_manifest_of_settings(path: str, text: str) -> bool:
    """Whether a file is a Kubernetes manifest that holds settings; a template is none."""
    if not path.lower().endswith((".yml", ".yaml", ".json")) or _SETTINGS.search(text) is None or not is_manifest(text):
        return False
    return _HELM.search(text) is None or _HELM.search(_without_other_templates(text)) is None


def _without_other_templates(text: str) -> str:
    """A text of YAML without what may be another program's templates; a text that is no YAML as it is.

    Those are comments, block scalars, and {{name}} within a scalar, as Argo's workflows have it.
    """
    from sealock.formats.yamltree import comments, parse, scalars  # noqa: PLC0415  few texts need it

    tree = parse(text)
    if tree.flaws:
        return text
    written = scalars(tree)
    other = {scalar.start: "|" for scalar in written if scalar.style in {"|", ">"}}
    other |= {place.start: "#" for place in comments(text)}
    spans = [(scalar.start, scalar.end) for scalar in written]
    spans += ((place.start, place.end) for place in comments(text))
    pieces: list[str] = []
    at = 0
    for start, end in sorted(spans):
        if "{{" in text[start:end] and start >= at:
            pieces += (text[at:start], other.get(start) or _NAMED_VALUE.sub("", text[start:end]))
            at = end
    return "".join((*pieces, text[at:]))


def _is_template(path: str, text: str) -> bool:
    """Whether another program fills in what a text leaves open."""
    return path.lower().endswith(detection.TEMPLATE_ENDINGS) and _TEMPLATE.search(text) is not None


def _is_broken(text: str) -> bool:
    """Whether a text is no Dockerfile as it stands, such as one whose placeholders are commands of a shell."""
    from sealock.formats import dockerfile  # noqa: PLC0415  few texts need it

    return bool(dockerfile.read(Source("", text), NOTHING).errors)


def _has_pods(text: str) -> bool:
    """Whether a text has pods by its parsed keys, however they are written."""
    from sealock.formats.kubernetes.reader import read  # noqa: PLC0415  few texts need it

    return bool(read(Source("", text)).subjects)


def recognize(path: str, text: str) -> Recognition:
    """Recognise a file by its path (with forward slashes) and its text."""
    recognition = _recognize(path, text)
    if "{{" in path.rpartition("/")[0] and recognition.kind not in {None, "run"} and _is_unfilled(path, text):
        kind = recognition.kind
        return Recognition(
            None, (Unevaluated(kind, "templates of projects are not checked; check what is made of them"),)
        )
    is_filled_in = "{%" in text or "{{" in text
    if is_filled_in and recognition.kind in _FILLED_KINDS and _STATEMENT.search(text) and _is_unfilled(path, text):
        kind = recognition.kind
        return Recognition(None, (Unevaluated(kind, "templates are not checked; check what is made of them"),))
    return recognition


def _is_unfilled(path: str, text: str) -> bool:
    """Whether a text in a directory whose name a template engine fills in is none that its reader takes as it is."""
    if _TEMPLATE.search(text) is None:
        return False
    if detection.is_dockerfile_name(path.rpartition("/")[2]):
        return _is_broken(text)
    if not path.lower().endswith((".yml", ".yaml", ".json")):
        return False
    from sealock.formats import yamltree  # noqa: PLC0415  few texts need it

    tree = yamltree.parse(text)
    # To YAML, {{name}} is a mapping with a mapping as its key.
    return bool(tree.flaws) or yamltree.has_mapping_as_key(tree)


def _recognize(path: str, text: str) -> Recognition:
    base = path.rpartition("/")[2]
    text = text.removeprefix("\ufeff")
    pods = is_manifest_of_pods(path, text)
    unevaluated = tuple(_unevaluated(path, base, text, pods=pods))
    if any(form.kind == "dockerfile" for form in unevaluated):
        return Recognition(None, unevaluated)
    kind = detection.sniff(base, text)
    if kind in {None, "run"} and _DEV_CONTAINER.fullmatch(path):
        return Recognition("devcontainer", unevaluated)
    if kind in {None, "run"} and _BAKE.fullmatch(path) and _BAKE_BLOCK.search(text):
        return Recognition("bake", unevaluated)
    if kind in {None, "run"} and is_pipeline(path, text):
        return Recognition("pipeline", unevaluated)
    if kind in {None, "run"} and is_unit(path, text):
        return Recognition("quadlet", unevaluated)
    if kind in {None, "run"} and pods:
        return Recognition("kubernetes", unevaluated)
    if kind is None and _is_sbom(text):
        return Recognition("inventory")
    if kind is None and not unevaluated and is_manifest_of_settings(path, text):
        return Recognition("kubernetes")
    if kind in {None, "run"} and not (detection.is_named(base) or _is_template(base, text)):
        kind = "compose" if projectshape.is_project(base, text) else kind
    if unevaluated and kind not in {None, "run"}:
        unevaluated = ()  # the name may be that of another form, but the text is what sealock reads
    if kind == "compose":
        unevaluated = tuple(part for pattern, part in _PARTS_OF_COMPOSE if pattern.search(text))
    if kind == "run" and _language(path, text):
        kind = None
    return Recognition(kind, unevaluated)


def _is_sbom(text: str) -> bool:
    """Whether a text is an SBOM that does not begin as most do."""
    if not any(word in text for word in ('"bomFormat"', '"spdxVersion"', "spdx.org/rdf")):
        return False
    from sealock.formats.sbom import is_sbom  # noqa: PLC0415  few texts need it

    return is_sbom(text)


def _unevaluated(path: str, base: str, text: str, *, pods: bool) -> list[Unevaluated]:
    found: list[Unevaluated] = []
    lowered = path.lower()
    if detection.is_dockerfile_name(base):
        if lowered.endswith(detection.LEFTOVER_ENDINGS):
            return [Unevaluated("dockerfile", "rejected patches and editors' swap files are not checked")]
        named = lowered.endswith(detection.TEMPLATE_ENDINGS) and (_TEMPLATE.search(text) or _is_broken(text))
        # What builds is checked, whatever stands in its texts.
        if named or (detection.is_template_of_dockerfile(base, text) and _is_broken(text)):
            return [Unevaluated("dockerfile", "templates of Dockerfiles are not checked; check what is made of them")]
        return []
    if pods:
        return []
    resource = lowered.endswith((".yml", ".yaml", ".json", ".tpl", ".j2")) and is_manifest(text)
    if resource and _RELEASE.search(text):
        return [Unevaluated("helm", "charts that Flux and k3s install are not checked")]
    if resource and not lowered.endswith(_KUSTOMIZATIONS) and _PODS.search(text):
        if "{{" in text:
            text = _without_other_templates(text)
            if not _PODS.search(text):
                return []  # such as a ConfigMap that holds examples
        kind = "helm" if "{{" in text else "kubernetes"
        what = "templates of Helm charts" if kind == "helm" else "custom resources without the form of a pod"
        return [Unevaluated(kind, f"{what} are not checked")]
    for form, pattern in zip(FORMS, _PATHS, strict=True):
        if form.endings and not lowered.endswith(form.endings):
            continue
        if form.words and not any(word in text for word in form.words):
            continue
        if pattern.fullmatch(path) and re.search(form.text, text, re.MULTILINE):
            found.append(Unevaluated(form.kind, form.reason))
            break
    if (language := _language(path, text)) and calls.mentions_run(text):
        found += [Unevaluated("script", f"`docker run` lines in {language} are not checked")]
    return found


def _language(path: str, text: str) -> str:
    """The language of a script that sealock does not parse; "" for none."""
    match = _OWN_PARSER.fullmatch(path)
    if match is not None:
        ending = (match.group("ending") or "rake").lower()
        return _LANGUAGES.get(ending, f".{ending} scripts")
    interpreter = calls.interpreter(text)
    return f"{interpreter} scripts" if interpreter and not calls.is_bourne(interpreter) else ""
