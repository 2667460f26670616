from __future__ import annotations

from sealock.rules.build._fixes import replace_word
from sealock.rules.build._ran import Call, calls
from sealock.rules.kit import Build, Edit, Final, Iterator, Rule, RuleFinding, Severity, man

_SAME: Final = frozenset({
    "install", "update", "upgrade", "remove", "purge", "autoremove", "autopurge", "clean", "autoclean", "source",
    "build-dep", "download", "changelog", "satisfy", "reinstall",
})  # fmt: skip
_CACHE: Final = frozenset({"search", "show", "policy", "depends", "rdepends", "showsrc"})


class AptInScript(Rule[Build]):
    """apt is used instead of apt-get.

    The options and the output of apt may change between versions: its manual says so, and it warns in every build log.
    apt-get and apt-cache have a stable interface.
    """

    id = "B117"
    keywords = ("apt-get", "apt")
    aliases = ("DL3027", "CKV_DOCKER_9")
    severity = Severity.INFO
    safe = True
    references = (man("apt", 8),)
    remedy = "Use apt-get, or apt-cache for search and show."
    bad = (
        "FROM debian:12\nRUN apt update && apt install -y curl\n",
        "FROM debian:12\nRUN apt show curl\n",
        "FROM debian:12\nRUN apt full-upgrade -y\n",
    )
    good = ("FROM debian:12\nRUN apt-get update && apt-get install -y curl\n", "FROM debian:12\nRUN rm -rf /etc/apt\n")

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for call in calls(build, ("apt",)):
            yield self.finding(
                f"uses `apt {call.verb.text}`, which has no stable command line",
                call.ran.at,
                place=call.ran.command.words[0].place,
                fix=_better(call),
            )


def _better(call: Call) -> tuple[Edit, ...]:
    run, first, verb = call.ran.run, call.ran.command.words[0], call.verb
    if verb.text in _SAME:
        return replace_word(run, first, "apt-get")
    if verb.text in _CACHE:
        return replace_word(run, first, "apt-cache")
    if verb.text == "full-upgrade":
        return replace_word(run, first, "apt-get") + replace_word(run, verb, "dist-upgrade")
    return ()
