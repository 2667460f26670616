"""What an archive that a request streams would give: the Dockerfile of a build, and images that are loaded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.formats import dockerfile, imageconfig
from sealock.formats.files import NOTHING
from sealock.guard.decision.case import Case
from sealock.guard.decision.effects import check_noun
from sealock.guard.decision.exchange import ArchiveAnswer, ArchivedImage, ArchiveQuestion
from sealock.guard.decision.imagechecks import check_base, check_loaded_name
from sealock.guard.decision.requestbodies import BodyError, parse_strictly
from sealock.model.absent import given
from sealock.model.build import AddFile, Build, BuildText, Copy, Run
from sealock.model.container import Container
from sealock.model.document import Document
from sealock.model.imagename import parse
from sealock.model.location import Source
from sealock.rules.evaluation import evaluate
from sealock.secrets.values import mask

_STREAMED: Final = {
    "POST /build": "the Dockerfile and the files of the context",
    "POST /images/load": "the images in the archive, with their names and labels",
    "POST /images/create": "the files of the imported image",
    "PUT /containers/{id}/archive": "the files in the archive",
    "POST /plugins/create": "the plugin in the archive",
    "POST /session": "what BuildKit takes from the client: the files of the context, secrets, keys of ssh, credentials",
    "POST /grpc": "BuildKit's build: its Dockerfile, images, networks, privileges, caches, and where the result goes",
}
"""What streams hold that pass unread."""
_CONTEXT: Final = "the files of the context, other than the Dockerfile"
_IMAGES: Final = "the files of the images"
_SENT: Final = frozenset({"", "client-session", "upload-request"})
"""What a client names as the context of a build that it sends itself; Podman then builds what the body has."""
UNREAD: Final = "G016"
"""Denies an archive that cannot be read as the engine reads it; with `deny`, every stream that nothing evaluates."""
_ROOT: Final = "C046"
_BOUNDARY: Final = frozenset({"B044"})
"""The rules of builds that deny whatever their severity."""
_PLAIN: Final = "send a plain tar archive, as docker does"


def unread(case: Case) -> str:
    """What of the request nothing evaluates, "" where that is nothing."""
    if case.query.get("fromImage"):
        return ""
    return case.unread or _STREAMED.get(case.target.route.name, "")


def check_unread(case: Case) -> None:
    """Deny a stream that nothing of is evaluated, where the policy asks for that."""
    if UNREAD in case.setting.deny and not case.questions and not case.unread and (what := unread(case)):
        case.deny(UNREAD, f"nothing evaluates {what}", f'leave "{UNREAD}" out of deny of this caller to allow it')


def uses_buildkit(case: Case) -> bool:
    """Whether a build is one of BuildKit."""
    return case.query.get("version", "1") != "1" or case.query.get("session", "") != ""


def is_fetched(case: Case) -> bool:
    """Whether the engine fetches the context of a build."""
    return case.query.get("remote", "") not in _SENT


def evaluate_context(case: Case) -> None:
    """Evaluate the Dockerfile of a classic build: by its base images, and by the rules on builds."""
    if UNREAD in case.setting.accept or is_fetched(case) or uses_buildkit(case):
        return  # BuildKit takes more than the context
    arguments = _arguments(case)
    answer = _archive(case, ArchiveQuestion("context", case.query.get("dockerfile", "")))
    if answer is None:
        return
    case.unread = _CONTEXT
    document = dockerfile.read(Source("Dockerfile", answer.dockerfile), NOTHING, arguments)
    if document.errors:
        error = document.errors[0]
        why = f"the Dockerfile cannot be read: {error.message} (line {error.location.line})"
        case.deny(UNREAD, why, "correct the Dockerfile")
        return
    for subject in document.subjects:
        if isinstance(subject.noun, Build):
            _check_images(case, subject.noun)
            _check_sources(case, subject.noun)
            _check_mounts(case, subject.noun)
        elif isinstance(subject.noun, Container):
            _check_defaults(case, subject.noun)
    _check_rules(case, document)


def evaluate_load(case: Case) -> None:
    """Evaluate the images of an archive: the names that they take, their labels, and the rules on configurations."""
    answer = None if UNREAD in case.setting.accept else _archive(case, ArchiveQuestion("images"))
    if answer is None:
        if not case.questions and (case.setting.own or case.setting.reach.images):
            why = "would load images whose names and labels the guard does not see"
            case.deny("G009", why, "pull or build the image")
        return
    case.unread = _IMAGES
    for image in answer.images:
        # Of several spellings of a name, one is checked.
        for name in {familiar(name): name for name in image.names}.values():
            check_loaded_name(case, name, image.ids)
        _check_configuration(case, image)


def familiar(text: str) -> str:
    """A name in its shortest spelling, by which spellings are compared."""
    name = parse(text)
    return text if name is None else f"{name.familiar}:{name.tag or 'latest'}@{name.digest}"


def _archive(case: Case, question: ArchiveQuestion) -> ArchiveAnswer | None:
    """What the archive holds; None where that is not known."""
    answer = case.archive(question)
    if answer is None or answer.unread:
        return None
    if answer.wrong:
        case.deny(UNREAD, f"the archive cannot be read: {answer.wrong}", answer.remedy or _PLAIN)
        return None
    return answer


def _arguments(case: Case) -> dict[str, str]:
    """The build arguments that have a value; others come from the Dockerfile."""
    try:
        value = parse_strictly((case.query.get("buildargs") or "{}").encode())
    except BodyError as error:
        case.deny("G003", f"the build arguments cannot be read: {error.why}", error.remedy)
        return {}
    if value is not None and not isinstance(value, dict):
        case.deny("G003", "the build arguments are no object", 'write buildargs={"NAME": "value"}')
        return {}
    return {name: text for name, text in (value or {}).items() if isinstance(text, str)}


def _check_images(case: Case, build: Build) -> None:
    """Check the images that the stages start from, and those that they copy from."""
    setting = case.setting
    for text in _images(build):
        if isinstance(text.value, str):
            if text.value.lower() != "scratch":
                check_base(case, text.value)
        elif setting.own or setting.needs or setting.reach.images:
            why = f"the image {text.raw[:80]!r} of the Dockerfile depends on what is not known"
            case.deny("G009", why, "write the image's name, or give its build argument a value")


def _check_sources(case: Case, build: Build) -> None:
    """Deny an ADD of what the engine would fetch: it reaches addresses that the client may not."""
    if "G015" in case.setting.accept:
        return
    for _, _, add in build.each(AddFile):
        for source in add.sources:
            if not isinstance(source.value, str):
                why = f"the source {source.raw[:80]!r} of ADD depends on what is not known"
            elif source.value.lower().startswith(("http://", "https://")):
                why = f"would make the engine fetch {mask(source.value)[:80]} (ADD in the Dockerfile)"
            else:
                continue
            case.deny("G015", why, "put the file into the context, or fetch it with RUN; COPY takes no addresses")


def _check_mounts(case: Case, build: Build) -> None:
    """Check the images that RUN mounts: Docker mounts none without BuildKit, Podman does."""
    stages = {stage.name.lower() for stage in build.stages} | {str(stage.index) for stage in build.stages}
    for _, _, run in build.each(Run):
        for mount in run.mounts:
            image = mount.get("from")
            if image and image.lower() not in stages:
                check_base(case, image)


def _images(build: Build) -> Iterator[BuildText]:
    for stage in build.stages:
        if stage.start.stage is None:
            yield stage.start.image
        for step in stage.instructions:
            if isinstance(step, Copy) and step.stage is None and step.source_image is not None:
                yield step.source_image


def _check_rules(case: Case, document: Document) -> None:
    setting = case.setting
    result = evaluate("", document, {"build": case.guard.builds})
    for finding in result.findings:
        severity = case.guard.severity.get(finding.rule, finding.severity)
        denies = severity >= setting.fail_on or finding.rule in setting.deny or finding.rule in _BOUNDARY
        if denies and finding.rule not in setting.accept:
            why = f"{finding.title}: {finding.message} (line {finding.location.line} of the Dockerfile)"
            case.deny(finding.rule, why, finding.remedy.text)
    for skipped in result.skipped:
        if skipped.rule in setting.deny:
            case.deny(skipped.rule, f"{skipped.rule} could not be evaluated: {skipped.reason}")
        else:
            case.skipped.append(skipped.rule)


def _check_configuration(case: Case, image: ArchivedImage) -> None:
    shown = image.names[0] if image.names else "without a name"
    document = imageconfig.read(Source("config.json", image.config))
    if document.errors or not document.subjects:
        why = document.errors[0].message if document.errors else "it is empty"
        case.deny(UNREAD, f"the configuration of the image {shown[:80]} cannot be read: {why}", "build the image again")
        return
    noun = document.subjects[0].noun
    assert isinstance(noun, Container)  # noqa: S101  what a configuration is read into
    label, name = case.guard.policy.label, case.setting.name
    if case.setting.own and any(mark.name == label and mark.value not in {"", name} for mark in given(noun.labels, ())):
        case.deny("G005", f"the image {shown[:80]} bears the label of another caller", "load one of its own")
    _check_defaults(case, noun)


def _check_defaults(case: Case, noun: Container) -> None:
    """Evaluate what an image sets for its containers. Root as its user denies only where the policy names that rule.

    A container may be created with another user, and the guard does not know the user of an image at a create either.
    """
    fields = frozenset(imageconfig.SAYS)
    check_noun(case, noun, only=fields if _ROOT in case.setting.deny else fields - {"user"}, partial=True)
