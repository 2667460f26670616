"""The outside pages that rules cite, each by one function, so that they are spelled alike."""

from __future__ import annotations

from sealock.model.finding import Reference


def cis_docker(section: str, *, benchmark: str = "1.6.0") -> Reference:
    """Cite a recommendation of the CIS Docker Benchmark; numbers move between versions, so both are kept."""
    return Reference(f"CIS Docker Benchmark {benchmark}, {section}", "https://www.cisecurity.org/benchmark/docker")


def cwe(number: int) -> Reference:
    """Cite a weakness of the Common Weakness Enumeration."""
    return Reference(f"CWE-{number}", f"https://cwe.mitre.org/data/definitions/{number}.html")


def docker_docs(page: str) -> Reference:
    """Cite a page of Docker's documentation by its path: "engine/security/seccomp/"."""
    return Reference(f"Docker documentation, {page.strip('/')}", f"https://docs.docker.com/{page}")


def man(page: str, section: int) -> Reference:
    """Cite a Linux manual page."""
    return Reference(f"{page}({section})", f"https://man7.org/linux/man-pages/man{section}/{page}.{section}.html")


def page(label: str, url: str) -> Reference:
    """Cite any other page."""
    return Reference(label, url)
