from __future__ import annotations

from sealock.rules.kit import UNSET, Container, Iterator, Rule, RuleFinding, Set, Severity, docker_docs


def _broken(text: str) -> str | None:
    """Explain what is wrong with a cpuset such as "0-3,5", or return None."""
    for piece in text.split(","):
        first, dash, last = piece.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            return f"{piece.strip() or 'an empty entry'} is neither a number nor a range"
        if dash and len(first) < 10 and len(last) < 10 and int(first) > int(last):
            return f"the range {piece.strip()} runs backwards"
    return None


class CpusetMalformed(Rule[Container]):
    """cpuset has no effect.

    The kernel accepts sets like 0-3,5; a container with a malformed one does not start. `cpuset_mems` without
    `cpuset_cpus` binds memory to a NUMA node but lets the program run on any CPU, far from its memory; on a host with
    one node the setting does nothing.
    """

    id = "C038"
    keywords = ("cpuset", "NUMA")
    severity = Severity.LOW
    reads = ("cpuset_cpus", "cpuset_mems")
    references = (docker_docs("reference/cli/docker/container/run/#options"),)
    remedy = "Write a set as 0-3,5, and set cpuset_cpus together with cpuset_mems."
    bad = (
        "docker run --cpuset-cpus 3-1 alpine",
        "docker run --cpuset-mems 0 alpine",
        "services:\n  app:\n    image: alpine:3.20\n    cpuset: '0,,2'\n",
    )
    good = ("docker run --cpuset-cpus 0-3,5 --cpuset-mems 0 alpine", "docker run --cpuset-cpus=1 alpine")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        for field in ("cpuset_cpus", "cpuset_mems"):
            value = getattr(container, field)
            if isinstance(value, str) and value and (error := _broken(value)):
                yield self.finding(f"has an invalid {field}: {error}", field, fix=Set(field, UNSET))
                return
        if container.cpuset_mems and not container.cpuset_cpus:
            yield self.finding(
                "binds memory to NUMA nodes (cpuset_mems) but lets the program run on any CPU",
                "cpuset_mems",
                fix=Set("cpuset_mems", UNSET),
            )
