"""`sealock trust attest`: attach a signed statement to an image or a file: its SBOM, its scan, or anything else."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from typing import Any, Final

from msgspec.structs import replace

from sealock import __version__, reports
from sealock.cli.cacheoptions import named_directory
from sealock.cli.output import write
from sealock.cli.registries import registries
from sealock.cli.trust import files
from sealock.cli.trust.common import add_policy, name_of, open_image
from sealock.cli.trust.cosign import add_bundle, open_key
from sealock.errors import TargetError, UsageError, reason_of
from sealock.model.imagename import ImageName
from sealock.reports import sbom
from sealock.scan.images import ImageOptions, read_inventories
from sealock.scan.run import check
from sealock.scan.settings import Settings
from sealock.trust.cosign.signer import attest
from sealock.trust.intoto import CUSTOM, MOST_BYTES, SIGNATURE, type_of

EPILOG: Final = """\
  --sbom cyclonedx|spdx    the image's SBOM, as `sealock sbom` prints it
  --scan                   the findings of `sealock check`, as cosign's predicate for scans
  --predicate FILE         JSON of the --type: custom, slsaprovenance1, openvex, vuln, ..., or a URI

--predicate attests an index as it is; --sbom and --scan attest one of its images (--platform). For file:PATH the
statement goes into PATH.sigstore.json, a bundle as `cosign attest-blob` writes it. The passphrase of the key comes from
$COSIGN_PASSWORD.
"""


def configure(parser: ArgumentParser) -> None:
    """Add the verb's options."""
    parser.epilog = EPILOG
    parser.add_argument("reference", metavar="REF", help="the image, for example example.com/app:1.2, or file:PATH")
    parser.add_argument("--key", required=True, metavar="FILE", help="the private key: cosign's own file, or PEM")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--sbom", choices=("cyclonedx", "spdx"), metavar="FORMAT", help="attest the image's SBOM: cyclonedx or spdx"
    )
    what.add_argument("--scan", action="store_true", help="attest sealock's findings")
    what.add_argument("--predicate", metavar="FILE", help="attest the JSON in a file")
    parser.add_argument("--type", default="", metavar="TYPE", help="the type of --predicate (default: custom)")
    parser.add_argument("--platform", default="", metavar="OS/ARCH", help="--sbom, --scan: which image of an index")
    parser.add_argument("--offline", action="store_true", help="--scan: download no advisories")
    add_bundle(parser)
    parser.add_argument(
        "--bundle-file", metavar="FILE", help="file:PATH: where the bundle goes (default: PATH.sigstore.json)"
    )
    add_policy(parser)


def run(arguments: Namespace) -> int:
    """Run the verb and return the exit status."""
    if arguments.type and arguments.predicate is None:
        msg = "--type goes with --predicate"
        raise UsageError(msg)
    of_file = arguments.reference.startswith(files.PREFIX)
    if of_file and arguments.predicate is None:
        msg = "a file is attested with --predicate: write its SBOM or report to a file first"
        raise UsageError(msg)
    if arguments.bundle_file and not of_file:
        msg = f"--bundle-file goes with {files.PREFIX}PATH: the attestation of an image goes to its registry"
        raise UsageError(msg)
    key = open_key(arguments.key)
    if of_file:
        kind, predicate = _predicate(arguments)
        return files.attest(arguments.reference, arguments.bundle_file, key, kind, predicate)
    name = name_of(arguments.reference)
    registry, digest = open_image(arguments, name)
    if arguments.predicate is None:
        digest = registry.resolve(replace(name, tag=None, digest=digest), arguments.platform).image.digest
    image = replace(name, tag=None, digest=digest)
    if arguments.sbom:
        kind, predicate = type_of(arguments.sbom), _contents(image, arguments)
    elif arguments.scan:
        kind, predicate = type_of("vuln"), _scan(image, arguments)
    else:
        kind, predicate = _predicate(arguments)
    made = attest(
        registry,
        name,
        digest,
        key,
        predicate_type=kind,
        predicate=predicate,
        form="bundle" if arguments.bundle else "tag",
    )
    write(f"{name.familiar}@{digest} is attested by key {key.public.id[:12]} ({kind})\n{made.where}\n")
    return 0


def _predicate(arguments: Namespace) -> tuple[str, object]:

    kind = type_of(arguments.type or "custom")
    if kind == SIGNATURE:
        msg = "that is the type of signatures: use `sealock trust sign --bundle`"
        raise UsageError(msg)
    if ":" not in kind:
        msg = f"--type {kind}: expected a URI, or one of cosign's short names"
        raise UsageError(msg)
    text = _utf8(arguments.predicate)
    if kind == CUSTOM:
        return kind, text
    try:
        predicate = json.loads(text)
    except (ValueError, RecursionError):
        msg = f"{arguments.predicate} is not JSON, as {kind} requires"
        raise TargetError(msg) from None
    if not isinstance(predicate, dict):
        msg = f"{arguments.predicate} should hold a JSON object: cosign reads no other predicate of {kind}"
        raise TargetError(msg)
    return kind, predicate


def _utf8(path: str) -> str:

    try:
        with open(path, "rb") as file:  # noqa: PTH123  as read_file
            raw = file.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            msg = f"{path} has more than {MOST_BYTES} bytes, which no verifier reads"
            raise TargetError(msg)
        return raw.decode()
    except OSError as error:
        msg = f"{path} could not be read: {reason_of(error)}"
    except UnicodeDecodeError:
        msg = f"{path} is not UTF-8"
    raise TargetError(msg)


def _spelled(name: ImageName) -> str:
    return f"image:{name.registry}/{name.repository}@{name.digest}"


def _contents(name: ImageName, arguments: Namespace) -> Any:  # noqa: ANN401  whatever the form has

    access = registries(arguments.policy, none=arguments.no_policy)
    inventory = read_inventories(_spelled(name), ImageOptions(access=access, cache=named_directory("")))[0]
    if inventory.errors:
        error = inventory.errors[0]
        msg = f"{name.familiar} could not be read in full, so its SBOM is not attested: {error.message}"
        raise TargetError(msg)
    return json.loads(sbom.render(arguments.sbom, inventory))


def _scan(name: ImageName, arguments: Namespace) -> dict[str, Any]:

    start = datetime.now(UTC)
    settings = Settings(policy_file="" if arguments.no_policy else arguments.policy, offline=arguments.offline)
    report = check(_spelled(name), settings=settings)
    if report.status == 2:
        error = next((error for target in report.targets for error in target.errors), None)
        why = f": {error.message}".removesuffix(" (--no-vulnerabilities skips this check)") if error else ""
        msg = f"{name.familiar} could not be checked in full, so the result is not attested{why}"
        raise TargetError(msg)
    return {
        "invocation": {"uri": "", "event_id": "", "builder.id": ""},
        "scanner": {
            "uri": f"sealock@{__version__}",
            "version": __version__,
            "db": {"uri": "", "version": ""},
            "result": json.loads(reports.render("json", report)),
        },
        "metadata": {"scanStartedOn": _when(start), "scanFinishedOn": _when(datetime.now(UTC))},
    }


def _when(moment: Any) -> str:  # noqa: ANN401  a datetime, which is imported above
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
