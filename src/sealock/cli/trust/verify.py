"""`sealock trust verify`: whether images are trusted, and their digests."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Final

from msgspec.structs import replace

from sealock.cli.output import WIDTH, complain, print_output, width
from sealock.cli.trust import bypolicy, cosign, notary, notation
from sealock.cli.trust.common import add_output, add_server, name_of, registry_of
from sealock.errors import SealockError, UsageError
from sealock.model.trust import TrustResult, exit_status
from sealock.reports.trust import render_json, render_text, unverified
from sealock.text import visible

EPILOG: Final = """\
Without options, if sealock.toml has a [trust] table: each image must meet it. A file or directory stands for all images
that it names.

cosign (--key or --identity): the digest must be signed under its tag sha256-HEX.sig, or by a bundle that refers to it,
for the repository in REF. --attestation verifies statements about it instead. For file:PATH the statement is in the
bundle PATH.sigstore.json.

Notation (--notation): a signature that refers to the digest must have a certificate chain to the trust stores that the
trust policy names for the repository, or to an --authority.

Content trust (Notary v1): the repository's trust data must sign the tag. Its root is pinned by certificate (--pin, or
trust_pinning in Docker's or Notary's config.json), by the authority that issued the certificate (--pin-authority,
trust_pinning), or trusted on first use. The trust data is kept in Docker's directory, $DOCKER_CONFIG/trust, so that an
older version is refused later. Use the digest that is printed: a tag can move. With --quiet it stands alone, for
docker pull "$(sealock trust verify -q REF)".

exit status:
  0  all images are trusted, or accepted by a policy
  1  an image is not trusted
  2  an image could not be verified: a server is down, a file is missing
"""


def configure(parser: ArgumentParser) -> None:
    """Add the verb's options."""
    parser.epilog = EPILOG
    parser.add_argument(
        "references", nargs="+", metavar="REF", help="an image reference, or file:PATH; by policy, a file too"
    )
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="print only REF@DIGEST of each image that may be used"
    )
    notary.add_verifying(parser)
    add_server(parser)
    cosign.add_verifying(parser)
    notation.add_verifying(parser)
    add_output(parser)


def run(arguments: Namespace) -> int:
    """Run the verb and return the exit status."""
    if arguments.quiet and arguments.format == "json":
        msg = "--quiet prints text, and --format json does not go with it"
        raise UsageError(msg)
    results, named = _verify(arguments)
    if arguments.quiet:
        results = [_with_digest(result, arguments) for result in results]
        passing = (result for result in results if result.passes)
        print_output("".join(f"{_pinned(result)}\n" for result in passing), arguments.output)
        for result in results:
            if result.state == "untrusted":
                complain(f"{visible(result.reference)} is not trusted: {result.why}")
    elif arguments.format == "json":
        print_output(render_json(results, named.errors, named.skipped), arguments.output, exact=True)
    else:
        print_output(render_text(results, WIDTH if arguments.output else width()), arguments.output)
    for result in results:
        if result.state == "unknown" and not result.accepted:
            complain(unverified(result))
    for skipped in named.skipped:
        complain(f"skipped: {skipped}")
    for error in named.errors:
        complain(error)
    return 2 if named.errors else exit_status(results)


def _with_digest(result: TrustResult, arguments: Namespace) -> TrustResult:
    """Look up the digest of an image that a policy accepts without a signature."""
    if result.digest or not result.passes:
        return result
    try:
        return replace(result, digest=registry_of(arguments).claim(name_of(result.reference)).digest)
    except SealockError as error:
        return replace(result, state="unknown", accepted=False, why=str(error))


def _pinned(result: TrustResult) -> str:
    """A reference with its verified digest, for a command that pulls."""
    return f"{result.reference.partition('@')[0]}@{result.digest}"


def _verify(arguments: Namespace) -> tuple[list[TrustResult], bypolicy.NamedImages]:
    """Verify in the one system that the options select; return the results, and what files name."""
    if arguments.notation:
        if arguments.key or arguments.identity or arguments.pin or arguments.pin_authority or arguments.server:
            msg = "--notation does not go with cosign's --key and --identity, nor with Notary's --pin and --server"
            raise UsageError(msg)
        bypolicy.refuse_files(arguments.references)
        return notation.verify(arguments), bypolicy.NamedImages()
    if any(getattr(arguments, option) for option in notation.VERIFYING):
        words = ", ".join("--" + option.replace("_", "-") for option in notation.VERIFYING)
        msg = f"{words} are Notation's, and go with --notation"
        raise UsageError(msg)
    if cosign.selected(arguments):
        if notary.selected(arguments):
            msg = "--key and --identity are cosign's, and do not go with Notary's --pin and --server"
            raise UsageError(msg)
        bypolicy.refuse_files(arguments.references)
        return cosign.verify(arguments), bypolicy.NamedImages()
    policy = None if notary.selected(arguments) else bypolicy.policy_for(arguments)
    if policy is None:
        bypolicy.refuse_files(arguments.references)
        return notary.verify(arguments), bypolicy.NamedImages()
    return bypolicy.verify(arguments, policy)
