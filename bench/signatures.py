"""Measures the verification of cosign's signatures on a real registry of this machine, beside cosign itself.

Counts requests too: four at the most beyond a pull, for a signature under a tag. Exits 1 when a figure is missed. Needs
Debian's packages cosign and docker-registry.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from sealock.net.http import HttpTransport
from sealock.net.http.exchange import HttpAnswer
from sealock.net.registry.client import Registry
from sealock.net.registry.names import reference
from sealock.trust.cosign import signer
from sealock.trust.cosign.keys import read_public
from sealock.trust.cosign.privatekeys import read_private
from sealock.trust.cosign.requirements import CosignRequirements
from sealock.trust.cosign.signer import SignatureForm
from sealock.trust.cosign.verifier import verify_cosign
from support.realcosign import SECRET, UNLOGGED, Place, cosign_place, good

REQUESTS = 4
"""Of one verification at the most."""
IMAGES = 20


class Counting(HttpTransport):
    """Counts requests."""

    def __init__(self) -> None:
        super().__init__(environment={})
        self.count = 0

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        named_by: str = "",
    ) -> HttpAnswer:
        """Count one, and send it."""
        self.count += 1
        return super().request(method, url, headers=headers, body=body, named_by=named_by)


def timed(work: Callable[[], object], times: int) -> float:
    """The median of several runs, in seconds."""
    took: list[float] = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        took.append(time.perf_counter() - begun)
    return median(took)


def requests(image: str, public: Path) -> int:
    """How many requests one verification makes, the tag's digest being known."""
    transport, name = Counting(), reference(image)
    registry = Registry(transport)
    registry.manifest(name)  # what comes before: how the registry is spoken to, and the digest
    transport.count = 0
    expected = CosignRequirements((read_public(public.read_bytes(), ""),))
    assert verify_cosign(registry, name, name.digest or "", expected).state == "trusted"
    return transport.count


def measure(place: Place, times: int) -> tuple[dict[str, float], dict[str, int]]:
    """Seconds and requests, by what was done."""
    private, public = place.pair("ecdsa-p256")
    key = read_private(private.read_bytes(), "", lambda: SECRET)

    def signed(form: SignatureForm) -> str:
        image = place.image()
        name = reference(image)
        signer.sign(place.client, name, name.digest or "", key, form=form)
        return image

    images = [signed("tag") for _ in range(IMAGES)]
    ours = ["trust", "verify", "--no-policy", "--key", str(public)]
    theirs = ["verify", "--key", str(public), *UNLOGGED]
    seconds = {
        "sealock trust verify, one image": timed(lambda: good(place.sealock(*ours, images[0])), times),
        "cosign verify, one image": timed(lambda: good(place.cosign(*theirs, images[0])), times),
        f"sealock trust verify, {IMAGES} images": timed(lambda: good(place.sealock(*ours, *images)), times),
        f"cosign verify, {IMAGES} images": timed(lambda: good(place.cosign(*theirs, *images)), times),
    }
    counts = {
        "under a tag": requests(images[0], public),
        "a bundle, no list of referrers": requests(signed("bundle"), public),
    }
    return seconds, counts


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=5, metavar="N", help="repetitions (default: %(default)s)")
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder, cosign_place(Path(folder)) as place:
        seconds, counts = measure(place, arguments.times)
    for name, took in seconds.items():
        print(f"{name:42}{took * 1000:7.0f} ms")
    for name, count in counts.items():
        print(f"requests, {name:32}{count:7}")
    met = max(counts.values()) <= REQUESTS
    print(f"{'met' if met else 'MISSED'}: at most {REQUESTS} requests a verification")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
