from __future__ import annotations

from sealock.model.build import Env, LabelSet, Pair
from sealock.rules.kit import Build, Edit, Iterator, Place, Rule, RuleFinding, Severity, docker_docs


class PairWithoutEquals(Rule[Build]):
    """ENV or LABEL without an equals sign (legacy format).

    The legacy form takes the rest of the line as one value, so it cannot set two variables, and may include blanks by
    accident. It is deprecated.
    """

    id = "B150"
    keywords = ("legacy", "ENV", "LABEL", "key=value")
    aliases = ("LegacyKeyValueFormat",)
    severity = Severity.INFO
    safe = True
    references = (docker_docs("reference/build-checks/legacy-key-value-format/"),)
    remedy = "Write NAME=value, with quotes if the value has blanks."
    bad = (
        "FROM debian:12\nENV LANG C.UTF-8\n",
        "FROM debian:12\nENV OPTIONS -a -b\n",
        "FROM debian:12\nLABEL version 1.2\n",
        "FROM debian:12\nENV PATH $PATH:/app/bin\n",
    )
    good = ("FROM debian:12\nENV LANG=C.UTF-8\n", 'FROM debian:12\nLABEL version="1.2" x=y\n')

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for at, _, instruction in build.each(Env, LabelSet):
            if len(instruction.pairs) == 1:
                pair = instruction.pairs[0]
                if build.excerpt(pair.place)[len(pair.name) : len(pair.name) + 1].isspace():
                    yield self.finding(f"sets {pair.name} without an equals sign", at, place=pair.place, fix=_fix(pair))


def _fix(pair: Pair) -> tuple[Edit, ...]:
    """Replace the blanks with an equals sign, and quote a value with blanks; line breaks and comments stay."""
    if pair.value is None:
        return ()
    raw, place = pair.value.raw, pair.value.place
    gap = Place(pair.place.start + len(pair.name), place.start)
    if any(sign in raw for sign in "\"'\\\n#"):
        quoted = (
            len(raw) > 1 and raw[0] == raw[-1] and raw[0] in "\"'" and not any(sign in raw[1:-1] for sign in "\"'\\\n")
        )
        return (Edit(gap, "="),) if quoted else ()
    if raw and not any(sign.isspace() for sign in raw):
        return (Edit(gap, "="),)
    return (Edit(gap, '="'), Edit(Place(place.end, place.end), '"'))
