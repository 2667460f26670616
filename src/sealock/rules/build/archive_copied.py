from __future__ import annotations

from sealock.model.build import Copy
from sealock.rules.build._ran import ran
from sealock.rules.kit import At, Build, Final, Iterator, Rule, RuleFinding, Severity, docker_docs

_ARCHIVES: Final = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".tar.lzma")


class ArchiveCopied(Rule[Build]):
    """Archive is copied and then unpacked instead of ADD.

    The archive stays in the layer of COPY, even if a later RUN deletes it. ADD unpacks a local tar archive as it
    copies; a bind mount makes it available to a single RUN.
    """

    id = "B158"
    keywords = ("archive", "ADD", "tar")
    aliases = ("DL3010",)
    differs = (("DL3010", "only where a RUN then unpacks the archive by name"),)
    severity = Severity.INFO
    references = (docker_docs("reference/dockerfile/#adding-local-tar-archives"),)
    remedy = "Use ADD, or RUN --mount=type=bind,target=… with the archive."
    bad = ("FROM debian:12\nCOPY app.tar.gz /tmp/\nRUN tar -xzf /tmp/app.tar.gz -C /opt\n",)
    good = (
        "FROM debian:12\nADD app.tar.gz /opt/\n",
        "FROM debian:12\nCOPY app.tar.gz /srv/downloads/\n",
        "FROM debian:12\nRUN --mount=type=bind,source=app.tar.gz,target=/a.tar.gz tar -xzf /a.tar.gz -C /opt\n",
    )
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        unpacked = [
            call for call in ran(build, "tar", "bsdtar") if not call.command.option("-c", "--create", "-t", "--list")
        ]
        if not unpacked:
            return
        last: dict[tuple[int, str], At] = {}
        for call in unpacked:
            for word in call.command.words[1:]:
                name = call.stage.index, word.text.rpartition("/")[2]
                last[name] = max(last.get(name, ()), call.at)
        for at, stage, copy in build.each(Copy):
            if copy.source_image is not None:
                continue
            for source in copy.sources:
                base = source.text.rpartition("/")[2]
                target = copy.target.text.rpartition("/")[2] or base
                if base.endswith(_ARCHIVES) and any(last.get((stage.index, name), ()) > at for name in (base, target)):
                    yield self.finding(f"copies {base}, and a later RUN unpacks it", at, place=source.place)
