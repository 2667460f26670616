"""Second stage of a run: opens what an input names and reads it into documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, assert_never

from msgspec import Struct
from msgspec.structs import replace

from sealock import formats
from sealock.formats.buildcontexts import has_inline
from sealock.model.document import Document
from sealock.model.finding import Finding, InputError, Skipped
from sealock.model.inventory import OF_DISTRIBUTIONS, UNREAD, Inventory
from sealock.model.location import Location
from sealock.model.report import ImageIdentity
from sealock.patterns import compile_lazily
from sealock.policy.settings import Policy
from sealock.scan.namedcontexts import with_contexts
from sealock.scan.settings import Settings
from sealock.scan.useevidence import UseEvidence
from sealock.targets.inputs import FileInput, ImageInput, MachineInput
from sealock.targets.locks import is_lock
from sealock.text import list_first

if TYPE_CHECKING:
    from sealock.runtime.containers import ObservedContainer


_LIBC: Final = compile_lazily(r"(?:.*/)?(?:libc\.so(?:\.\d+)?|libc[.-][\w.-]*\.so[\d.]*|ld-(?:linux|musl|uClibc)[^/]*)")
"""The path of a C library or its loader."""


class ReadTarget(Struct, frozen=True):
    """A document, with the input that it came from and the policy that applies to it.

    `name` is its name in reports; fingerprints rest on `key`. `inventories` are matched with advisories, each with the
    name of its subject. `distrust` is what the trust policy holds against the image. `unevaluated` are the parts that
    were recognised and not evaluated.
    """

    name: str
    key: str
    input: FileInput | ImageInput | MachineInput
    document: Document
    policy: Policy
    inventories: tuple[tuple[str, Inventory], ...] = ()
    distrust: tuple[Finding, ...] = ()
    unevaluated: tuple[Skipped, ...] = ()
    image: ImageIdentity | None = None
    """The image of a container, as its engine names it."""
    evidence: UseEvidence | None = None
    """The files that the container uses; None where nothing runs or they cannot be seen, and no profile was given."""


def read_file(input_: FileInput) -> Document:
    """Read a text that is no lock file."""
    document = formats.read(input_.kind, input_.source, input_.files, input_.more)
    return with_contexts(document, input_.contexts) if input_.contexts else document


class DocumentReader:
    """Reads the inputs of one run. `note` hears what is worth knowing of the run as a whole."""

    def __init__(self, settings: Settings, note: Callable[[str], None]) -> None:
        self._settings = settings
        self._note = note

    def read(
        self, input_: FileInput | ImageInput | MachineInput, policy: Policy, progress: Callable[[str], None]
    ) -> Iterator[ReadTarget]:
        """Yield the documents of an input: one of a text, one for each image of an archive, one for each container."""
        match input_:
            case FileInput():
                yield self._file(input_, policy)
            case ImageInput():
                yield from self._images(input_, policy, progress)
            case MachineInput():
                yield from self._machine(input_, policy, progress)
            case _:
                assert_never(input_)

    def _file(self, input_: FileInput, policy: Policy) -> ReadTarget:
        if input_.lock:
            from sealock.scan.lockfiles import lock_file  # noqa: PLC0415  loads all analyzers

            # A lock file lists packages and is no image: no rule applies to it.
            apart = is_lock if input_.walked else lambda _path: False
            document, inventory, skipped = lock_file(input_.source, input_.files, apart)
            listed = ((input_.target, inventory),)
            return ReadTarget(input_.target, input_.name, input_, document, policy, listed, unevaluated=skipped)
        document = read_file(input_)
        skipped = tuple(Skipped("", form.kind, form.reason) for form in input_.unevaluated)
        if input_.kind == "bake" and has_inline(document):
            from sealock.scan.inlinebuilds import unresolved_inline  # noqa: PLC0415  few files hold any

            skipped += tuple(unresolved_inline(document))
        if input_.part:
            # What an included file uses is looked for in the project that includes it, which has its errors.
            skipped += tuple(_left_to_others(document)) if input_.part == "found" else ()
            document = replace(document, errors=tuple(error for error in document.errors if not error.elsewhere))
        elif any(error.elsewhere for error in document.errors):
            self._note(
                f"{input_.name} uses what it does not define: if other compose files do, check all of them together, "
                "in Compose's order: sealock check -f A -f B."
            )
        inventories = _inventories(document)
        return ReadTarget(input_.target, input_.name, input_, document, policy, inventories, unevaluated=skipped)

    def _images(self, input_: ImageInput, policy: Policy, progress: Callable[[str], None]) -> Iterator[ReadTarget]:
        from sealock.scan.images import read_documents  # noqa: PLC0415  loads all analyzers
        from sealock.scan.inventories import image_options  # noqa: PLC0415  as above

        image, distrust, unverified = self._verified(input_, policy)
        options = image_options(self._settings, policy)
        found = read_documents(image, options, progress)
        if input_.image.startswith("docker:"):
            from sealock.runtime.engine import endpoint  # noqa: PLC0415  other images have no engine

            self._note(f"{input_.target} is the image that the engine at {endpoint(self._settings.engine)} has.")
        for document in found:
            inventories = _inventories(document)
            names = inventories[0][1].names
            target = input_.target if len(found) == 1 else f"{input_.target}: {names[0] if names else 'image'}"
            for note in inventories[0][1].notes:
                self._note(f"{target} {note}.")
            complete = replace(document, errors=(*unverified, *document.errors))
            unread = tuple(unread_packages(inventories[0][1]))
            read = ReadTarget(target, input_.name, input_, complete, policy, inventories, distrust, unread)
            yield self._with_profile(read) if self._settings.profile else read

    def _with_profile(self, read: ReadTarget) -> ReadTarget:
        """Add what the profile shows of an image."""
        from sealock.scan.profileuse import digests_of, with_profile  # noqa: PLC0415  most runs have none

        ((_, inventory),) = read.inventories
        return with_profile(read, self._settings.profile, digests_of(inventory))

    def _verified(self, input_: ImageInput, policy: Policy) -> tuple[str, tuple[Finding, ...], tuple[InputError, ...]]:
        """What opens the image, and what the trust policy decides about it: the digest that was verified is read."""
        reference = input_.image.removeprefix("image:")
        if not policy.trust.given or reference == input_.image:
            return input_.image, (), ()
        from sealock.net.registry import names  # noqa: PLC0415  as below
        from sealock.policy.trust import Decision, untrusted  # noqa: PLC0415  as below
        from sealock.trust.bypolicy import verify_images  # noqa: PLC0415  loads every signature system

        name = names.reference(reference)
        (verified,) = verify_images({reference: name}, policy)
        image = f"image:{name.registry}/{name.repository}@{verified.digest}" if verified.digest else input_.image
        if verified.state == "untrusted":
            decision = Decision("untrusted", verified.why, verified.accepted)
            return image, (untrusted(reference, input_.name, Location(input_.name), decision),), ()
        if verified.passes:
            for note in verified.notes:
                self._note(f"{reference}: {note}")
            return image, (), ()
        message = f"could not verify {reference}: {verified.why}"
        return image, (), (InputError(message, Location(input_.target)),)

    def _machine(self, input_: MachineInput, policy: Policy, progress: Callable[[str], None]) -> Iterator[ReadTarget]:
        """A document for the host and for each container, so that each container's findings stand together."""
        from sealock.runtime.containers import observed_documents  # noqa: PLC0415  loads the engine's client and the kernel's reader

        settings = self._settings
        matches = settings.vulnerabilities and not settings.only
        for name, document, observed in observed_documents(
            input_.target, settings.engine, containers=settings.containers
        ):
            progress(name)
            read = ReadTarget(name, name, input_, document, policy, image=_image(observed))
            if observed is not None and observed.image and matches and input_.target not in {"host", "container:*"}:
                from sealock.scan.containercontents import with_contents  # noqa: PLC0415  loads all analyzers

                read = with_contents(read, observed, settings, self._note, progress)
            yield read


def _left_to_others(document: Document) -> Iterator[Skipped]:
    """What a compose file uses and leaves to others, in a line, however many names it is."""
    missing = [error.message for error in document.errors if error.elsewhere]
    if missing:
        more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
        reason = f"checked without the files that Compose reads before it (name all with -f): {missing[0]}{more}"
        yield Skipped("", "compose", reason)


def unread_packages(inventory: Inventory) -> Iterator[Skipped]:
    """The packages of an image that no analyzer lists, by their package manager, and those that nothing records."""
    facts = [fact for fact in inventory.files if fact.kind == UNREAD and not (fact.removed or fact.owner)]
    for manager in sorted({fact.detail for fact in facts}):
        paths = [fact.path for fact in facts if fact.detail == manager]
        yield Skipped("", f"packages of {manager}", f"no analyzer lists packages of {manager}: {list_first(paths, 3)}")
    known = (package for package in inventory.packages if package.type in OF_DISTRIBUTIONS and not package.removed)
    if inventory.distribution is None and next(known, None) is None:
        libraries = (package.path for package in inventory.packages if not package.removed)
        if library := next((path for path in libraries if _LIBC.fullmatch(path)), ""):
            why = f"it has a C library ({library}) and neither os-release nor a package database"
            yield Skipped("", "packages of the distribution", f"{why}: of what it is made is not known")
    if inventory.platform.startswith("windows/"):
        yield Skipped("", "packages of Windows", "no analyzer lists what Windows itself and its installers bring")


def _image(observed: ObservedContainer | None) -> ImageIdentity | None:
    """Which image a container runs: its name, and its id."""
    if observed is None or not (observed.image or observed.listed.image):
        return None
    return ImageIdentity((observed.listed.image,) if observed.listed.image else (), configuration=observed.image)


def _inventories(document: Document) -> tuple[tuple[str, Inventory], ...]:
    return tuple((subject.name, subject.noun) for subject in document.subjects if isinstance(subject.noun, Inventory))
