from __future__ import annotations

from sealock.rules.build._ran import calls
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, cis_docker, page


class PipWithoutHashes(Rule[Build]):
    """pip install -r without --require-hashes.

    A version number does not identify the contents: an index, a mirror or a proxy can serve another file under it. With
    hashes in the requirements file, pip rejects any file other than the locked one.
    """

    id = "B108"
    keywords = ("pip", "hashes", "require-hashes", "hash")
    severity = Severity.LOW
    pedantic = True
    references = (
        cis_docker("4.11"),
        page("pip documentation, secure installs", "https://pip.pypa.io/en/stable/topics/secure-installs/"),
    )
    remedy = "Lock with hashes (pip-compile --generate-hashes, uv pip compile) and install with --require-hashes."
    bad = ("FROM python:3.12\nCOPY requirements.txt /\nRUN pip install --no-cache-dir -r requirements.txt\n",)
    good = (
        "FROM python:3.12\nCOPY requirements.txt /\nRUN pip install --require-hashes -r requirements.txt\n",
        "FROM python:3.12\nRUN pip install --no-cache-dir flask==3.0.3\n",
    )
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for call in calls(build, ("pip",), ("install", "wheel", "download")):
            if call.has("-r", "--requirement") and not call.has("--require-hashes"):
                yield self.finding("installs requirements without checking hashes", call.ran.at, place=call.verb.place)
