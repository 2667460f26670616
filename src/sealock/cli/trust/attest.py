"""`sealock trust attest`: attach a signed statement to an image: what is in it, how it was judged, or anything else."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any, Final

from sealock.cli.output import write
from sealock.cli.trust.common import name_of
from sealock.cli.trust.cosign import add_bundle, open_image, open_key
from sealock.errors import TargetError, UsageError

if TYPE_CHECKING:
    from sealock.model.imagename import ImageName

EPILOG: Final = """\
  --sbom cyclonedx|spdx    what is in the image, as `sealock sbom` lists it
  --scan                   what `sealock check` finds in it, as cosign's predicate of scans
  --predicate FILE         JSON of a type that --type names: custom, slsaprovenance1, openvex, vuln, ..., or a URI

An image that is an index is attested as it is with --predicate; --sbom and --scan look at one of its images
(--platform), and attest that one. The passphrase of the key comes from $COSIGN_PASSWORD.
"""


def configure(parser: ArgumentParser) -> None:
    """Add the verb's options."""
    parser.epilog = EPILOG
    parser.add_argument("reference", metavar="REF", help="the image, such as example.com/app:1.2")
    parser.add_argument("--key", required=True, metavar="FILE", help="the private key: cosign's own file, or PEM")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--sbom", choices=("cyclonedx", "spdx"), metavar="FORMAT", help="attest an SBOM of the image: cyclonedx or spdx"
    )
    what.add_argument("--scan", action="store_true", help="attest what sealock finds in it")
    what.add_argument("--predicate", metavar="FILE", help="attest what a file says")
    parser.add_argument("--type", default="", metavar="TYPE", help="the type of --predicate (default: custom)")
    parser.add_argument("--platform", default="", metavar="OS/ARCH", help="--sbom, --scan: which image of an index")
    parser.add_argument("--offline", action="store_true", help="--scan: fetch no advisories")
    add_bundle(parser)
    parser.add_argument("--policy", metavar="FILE", help="the policy (default: sealock.toml here or above)")
    parser.add_argument("--no-policy", action="store_true", help="heed no sealock.toml")


def run(arguments: Namespace) -> int:
    """Run the verb and return the exit status."""
    from msgspec.structs import replace  # noqa: PLC0415  configuring does without

    from sealock.trust.cosign.signer import attest  # noqa: PLC0415  as above
    from sealock.trust.intoto import type_of  # noqa: PLC0415  as above

    if arguments.type and arguments.predicate is None:
        msg = "--type goes with --predicate"
        raise UsageError(msg)
    key = open_key(arguments.key)
    name = name_of(arguments.reference)
    registry, digest = open_image(arguments, name)
    if arguments.predicate is None:
        digest = registry.resolve(replace(name, tag=None, digest=digest), arguments.platform).image.digest
    one = replace(name, tag=None, digest=digest)
    if arguments.sbom:
        kind, predicate = type_of(arguments.sbom), _contents(one, arguments)
    elif arguments.scan:
        kind, predicate = type_of("vuln"), _scan(one, arguments)
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
    from sealock.trust.intoto import CUSTOM, SIGNATURE, type_of  # noqa: PLC0415  configuring does without

    kind = type_of(arguments.type or "custom")
    if kind == SIGNATURE:
        msg = "that type is of signatures: `sealock trust sign --bundle` makes them"
        raise UsageError(msg)
    if ":" not in kind:
        msg = f"--type {kind}: a URI is wanted, or one of cosign's short names"
        raise UsageError(msg)
    text = _utf8(arguments.predicate)
    if kind == CUSTOM:
        return kind, text
    try:
        return kind, json.loads(text)
    except (ValueError, RecursionError):
        msg = f"{arguments.predicate} is not JSON, and the predicate of {kind} is"
        raise TargetError(msg) from None


def _utf8(path: str) -> str:
    from sealock.trust.intoto import MOST_BYTES  # noqa: PLC0415  configuring does without

    try:
        with open(path, "rb") as file:  # noqa: PTH123  as read_file
            raw = file.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            msg = f"{path} has more than {MOST_BYTES} bytes, and would be read by nobody"
            raise TargetError(msg)
        return raw.decode()
    except OSError as error:
        msg = f"{path} could not be read: {error.strerror or error}"
    except UnicodeDecodeError:
        msg = f"{path} is not UTF-8"
    raise TargetError(msg)


def _spelled(name: ImageName) -> str:
    return f"image:{name.registry}/{name.repository}@{name.digest}"


def _contents(name: ImageName, arguments: Namespace) -> Any:  # noqa: ANN401  whatever the form has
    from sealock.cli.cacheoptions import named_directory  # noqa: PLC0415  configuring does without
    from sealock.cli.registries import registries  # noqa: PLC0415  as above
    from sealock.reports import sbom  # noqa: PLC0415  as above
    from sealock.scan.images import ImageOptions, read_inventories  # noqa: PLC0415  as above

    access = registries(arguments.policy, none=arguments.no_policy)
    inventory = read_inventories(_spelled(name), ImageOptions(access=access, cache=named_directory("")))[0]
    if inventory.errors:
        error = inventory.errors[0]
        msg = f"what is in {name.familiar} is not known in full, so it is not attested: {error.message}"
        raise TargetError(msg)
    return json.loads(sbom.render(arguments.sbom, inventory))


def _scan(name: ImageName, arguments: Namespace) -> dict[str, Any]:
    from datetime import UTC, datetime  # noqa: PLC0415  configuring does without

    from sealock import __version__, reports  # noqa: PLC0415  as above
    from sealock.scan.run import check  # noqa: PLC0415  as above
    from sealock.scan.settings import Settings  # noqa: PLC0415  as above

    start = datetime.now(UTC)
    settings = Settings(policy_file="" if arguments.no_policy else arguments.policy, offline=arguments.offline)
    report = check(_spelled(name), settings=settings)
    if report.status == 2:
        error = next((error for target in report.targets for error in target.errors), None)
        why = f": {error.message}".removesuffix(" (--no-vulnerabilities skips this check)") if error else ""
        msg = f"{name.familiar} could not be judged in full, so the result is not attested{why}"
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
