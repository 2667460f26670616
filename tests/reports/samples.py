"""Reports to render: a plain one, an empty one, and hostile ones."""

from __future__ import annotations

from typing import Any

from sealock.model.advisory import Epss, Exploited, Installed, Rating, Vulnerability
from sealock.model.change import Edit, Set
from sealock.model.finding import Confidence, Finding, InputError, Reference, Remedy, Severity, Skipped, Suppression
from sealock.model.location import Location, Place, Source
from sealock.model.report import Report, RulePage, TargetReport

COMPOSE = """services:
  web:
    image: nginx
    privileged: true
    volumes:
      - /var/run/docker.sock:/var/run/docker.sock
    ports:
\t  - "8080:80"   # größer als 日本語
  worker:
    image: registry.example.com/shop/worker:latest
    volumes: ["/var/run/docker.sock:/var/run/docker.sock"]
"""
DOCKERFILE = """FROM python:3.12
RUN apt-get update && apt-get install -y curl \\
    && curl -fsSL https://example.com/install.sh | sh
COPY . /app
CMD ["python", "/app/main.py"]
"""
SOCKET = "Do not mount the Docker socket; give the program a proxy that lets only the calls through that it needs."


def location(source: Source, words: str, nth: int = 0) -> Location:
    at = -1
    for _ in range(nth + 1):
        at = source.text.index(words, at + 1)
    return source.location(Place(at, at + len(words), "/services/web" if "services" in source.text else ""))


def finding(rule: str = "C001", severity: Severity = Severity.CRITICAL, **fields: Any) -> Finding:
    values: dict[str, Any] = {
        "confidence": Confidence.HIGH,
        "title": "Container runs privileged",
        "message": "holds every capability and device of the host",
        "location": Location("compose.yaml", 4, 5, 4, 21, "/services/web/privileged"),
        "subject": "service web",
        "evidence": "privileged: true",
        "remedy": Remedy("Grant the one capability or device that the program needs instead."),
        "references": (Reference("CWE-250", "https://cwe.mitre.org/data/definitions/250.html"),),
        "fingerprint": "0" * 31 + "1",
    }
    return Finding(rule=rule, severity=severity, **(values | fields))


def plain() -> Report:
    compose, dockerfile = Source("compose.yaml", COMPOSE), Source("app/Dockerfile", DOCKERFILE)
    privileged = location(compose, "privileged: true")
    sockets = [location(compose, "/var/run/docker.sock:/var/run/docker.sock", nth) for nth in (0, 1)]
    run = location(dockerfile, DOCKERFILE[DOCKERFILE.index("curl -fsSL") : DOCKERFILE.index("\nCOPY")])
    image = dockerfile.text.index("python:3.12")
    whole_run = location(dockerfile, DOCKERFILE[DOCKERFILE.index("RUN") : DOCKERFILE.index("\nCOPY")])
    return Report(
        version="0.1.0",
        targets=(
            TargetReport(
                "compose.yaml",
                "compose",
                (
                    finding(
                        location=privileged, remedy=Remedy("Grant only what it needs.", (Set("privileged", False),))
                    ),
                    *(
                        finding(
                            "C011",
                            title="Docker socket is mounted",
                            message="hands the container the Docker daemon, and with it root on the host",
                            location=socket,
                            subject=subject,
                            evidence="/var/run/docker.sock",
                            remedy=Remedy(SOCKET),
                            fingerprint=f"{number:032x}",
                        )
                        for number, (socket, subject) in enumerate(
                            zip(sockets, ("service web", "service worker"), strict=True), 2
                        )
                    ),
                    finding(
                        "C040",
                        Severity.MEDIUM,
                        confidence=Confidence.LOW,
                        title="Port is published on every address",
                        message="every host that reaches this machine reaches port 8080, whatever the firewall says",
                        location=location(compose, '"8080:80"'),
                        remedy=Remedy(
                            "Publish it on 127.0.0.1, or put a proxy before it.", (Set("ports", ()),), safe=True
                        ),
                        fingerprint="4" * 32,
                    ),
                    finding(
                        "C060",
                        Severity.LOW,
                        title="Image has no fixed tag",
                        message="runs whatever latest means on the day of the pull",
                        location=location(compose, "registry.example.com/shop/worker:latest"),
                        subject="service worker",
                        remedy=Remedy("Name a version, and its digest."),
                        fingerprint="5" * 32,
                        suppressed=Suppression("compose.yaml:10", "built on the spot & <never> pulled", "2027-01-31"),
                    ),
                ),
                skipped=(Skipped("C070", "service web", "${MEMORY} could not be resolved"),),
                sources={"compose.yaml": compose},
            ),
            TargetReport(
                "app/Dockerfile",
                "dockerfile",
                (
                    finding(
                        "B010",
                        Severity.HIGH,
                        title="Script from the network is run unseen",
                        message="whoever holds example.com, or the way to it, runs what they like in this build",
                        location=run,
                        subject="final stage",
                        remedy=Remedy("Download it with ADD --checksum=sha256:…, then run it."),
                        fingerprint="6" * 32,
                    ),
                    finding(
                        "B020",
                        Severity.INFO,
                        title="Package lists stay in the layer",
                        message="the lists of apt make the image bigger and are stale on the next day",
                        location=whole_run,
                        subject="final stage",
                        remedy=Remedy("Remove /var/lib/apt/lists in the same RUN.", (Set("x", 1),), safe=True),
                        fingerprint="7" * 32,
                    ),
                    finding(
                        "B002",
                        Severity.MEDIUM,
                        title="Base image has no digest",
                        message="builds on whatever the tag means on the day of the build",
                        location=dockerfile.location(Place(image, image + len("python:3.12"))),
                        subject="final stage",
                        remedy=Remedy(
                            "Pin it.", (Edit(Place(image + 11, image + 11), "@sha256:" + "0" * 64),), safe=True
                        ),
                        fingerprint="8" * 32,
                    ),
                    finding(
                        "B031",
                        Severity.LOW,
                        title="No HEALTHCHECK",
                        message="nobody notices when the program hangs",
                        location=Location("app/Dockerfile"),
                        subject="final stage",
                        remedy=Remedy("Add a HEALTHCHECK."),
                        references=(),
                        fingerprint="9" * 32,
                    ),
                ),
                skipped=tuple(
                    Skipped(f"C{number:03}", "final stage", "a Dockerfile has no run-time settings")
                    for number in range(1, 39)
                ),
                sources={"app/Dockerfile": dockerfile},
            ),
        ),
        notes=("sealock.toml is older than the Dockerfile it speaks of",),
        pages={"C001": page()},
    )


def page() -> RulePage:
    return RulePage(
        id="C001",
        title="Container runs privileged",
        severity=Severity.CRITICAL,
        confidence=Confidence.HIGH,
        kinds=("container",),
        fix="unsafe",
        pedantic=False,
        why="It holds every capability, sees every device of the host and runs outside seccomp and AppArmor: root "
        "inside it is\nroot on the host.\n\nGrant the one capability that the program needs instead.",
        remedy="Grant the one capability or device that the program needs instead.",
        references=(Reference("CWE-250", "https://cwe.mitre.org/data/definitions/250.html"), Reference("A talk")),
        bad=("docker run --privileged alpine", "services:\n  web:\n    image: alpine\n    privileged: true\n"),
        good=("docker run --cap-add NET_ADMIN alpine",),
    )


def broken() -> Report:
    source = Source("bad.yaml", "services:\n  web: [\n")
    error = InputError("the file ends within a list that starts on line 2", source.location(Place(17, 18)))
    lost = InputError("permission denied", Location("secret/Dockerfile"))
    return Report(
        "0.1.0",
        (
            TargetReport("bad.yaml", "compose", errors=(error,), sources={"bad.yaml": source}),
            TargetReport("secret/Dockerfile", "file", errors=(lost,)),
        ),
    )


def known(name: str, fixed: str, package: str, **fields: Any) -> Vulnerability:
    """A vulnerability; the package's texts are all made of its name."""
    exploited = fields.pop("exploited", None)
    epss = fields.pop("epss", None)
    return Vulnerability(
        name,
        Installed(
            "deb",
            package,
            "1-1",
            f"pkg:deb/debian/{package}@1-1",
            fields.pop("source", package),
            "1-1",
            package,
            package,
            package,
        ),
        fields.pop("severity", Severity.HIGH),
        fields.pop("feed", "osv/Debian"),
        fixed=fixed,
        ratings=(Rating(package, Severity.HIGH, package, 7.5),),
        exploited=exploited,
        epss=epss,
        **fields,
    )


def vulnerable(*vulnerabilities: Vulnerability, remedy: str = "") -> Report:
    """A report on an image with these; by default some of each kind."""
    some = vulnerabilities or (
        known("CVE-2024-0001", "1-2", "libssl3", source="openssl", exploited=Exploited("2024-05-01", "2024-05-22", ransomware=True), epss=Epss(0.91, 0.99)),
        known("CVE-2024-0001", "1-2", "openssl", source="openssl", exploited=Exploited("2024-05-01"), epss=Epss(0.91, 0.99)),
        known("CVE-2024-0002", "1-2", "libssl3", source="openssl", severity=Severity.LOW, summary="A read out of bounds", aliases=("GHSA-1",)),
        known("CVE-2024-0003", "", "bash", severity=Severity.MEDIUM, state="no-dsa", epss=Epss(0.2, 0.8)),
        known("CVE-2024-0004", "", "bash", severity=Severity.INFO, state="unimportant", note="nobody has rated it"),
    )  # fmt: skip
    return Report(
        "0.1.0",
        (
            TargetReport(
                "app.tar",
                "image",
                tuple(
                    finding(
                        one.id,
                        one.severity,
                        title=f"{one.package.name}: {one.summary}",
                        message=f"{one.package.name} 1-1 is affected",
                        location=Location("app.tar"),
                        subject="image app:1",
                        evidence=f"pkg:deb/debian/{one.package.name}",
                        remedy=Remedy(
                            remedy
                            or (
                                f"upgrade {one.package.source} to {one.fixed}"
                                if one.fixed
                                else "no version mends it yet"
                            )
                        ),
                        references=(),
                        fingerprint=f"{number:032x}",
                        vulnerability=one,
                    )
                    for number, one in enumerate(some)
                ),
            ),
        ),
    )


def clean() -> Report:
    return Report("0.1.0", (TargetReport("Dockerfile", "dockerfile"),))


HOSTILE = {
    "line breaks": "a\nb\r\nc\u2028d\u2029e\x85f",
    "escapes": "\x1b[31mred\x1b]0;title\x07\x9b2J\x1b[2K\r",
    "nul and controls": "\x00\x01\x08\x0b\x0c\x7f",
    "bidi overrides": "user\u202e\u2066 evil \u2069\u200f",
    "zero width": "pa\u200bss\u00adword\ufeff\U000e0041",
    "cdata end": "]]> <![CDATA[ --> <!--",
    "markup": "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"' &amp; </pre></title>",
    "workflow command": "%0A::error file=x::y\n::set-output name=a::b\n##[error]x",
    "percent": "100% %25 %0D%0A,:;",
    "markdown": "[x](javascript:alert(1)) ![y](http://z/) `` ``` ~~~ | \\",
    "lone surrogates": "a\ud800b\udcffc\udfff",
    "noncharacters": "\ufffe\uffff\U0001ffff",
    "huge": "x" * 100_000 + " " + "ж " * 50_000,
    "wide and combining": "日本語 é e\u0301 👩\u200d🚀" + "a\u0301" * 100,
    "empty": "",
    "blank": " \t ",
    "dots and slashes": "../../etc//passwd",
    "a scheme": "javascript:alert(1)//",
    "backslashes": "C:\\x\\..\\y",
}
"""Text from outside, by what is wrong with it."""


def hostile(text: str) -> Report:
    """A report in which every word that comes from outside is this text."""
    source = Source(text, text * 2 if len(text) < 1000 else text)
    end = len(source.text)
    places = (
        Location(text),
        Location(text, 1, 1, 1, 2, text),
        source.location(Place(0, end, text)),
        Location(text, 999, 9),
    )
    findings = tuple(
        finding(
            title=text,
            message=text,
            location=one,
            subject=text,
            evidence=text,
            remedy=Remedy(text, (Edit(Place(0, 0), text),), safe=True),
            references=(Reference(text, text),),
            fingerprint=f"{number:032x}",
            suppressed=Suppression(text, text, text) if number == 3 else None,
        )
        for number, one in enumerate(places)
    ) + tuple(
        finding(
            text or "CVE-2024-0001",
            title=text,
            message=text,
            location=places[0],
            subject=text,
            evidence=text,
            remedy=Remedy(text),
            references=(),
            fingerprint=f"{number:032x}",
            vulnerability=known(text, fixed, text, summary=text, note=text, feed=text, aliases=(text,)),
        )
        for number, fixed in enumerate((text, "", "2"), 10)
    )
    rule = page()
    return Report(
        "0.1.0",
        (
            TargetReport(
                text, text, findings, (Skipped("C002", text, text),), (InputError(text, places[1]),), {text: source}
            ),
        ),
        notes=(text,),
        pages={"C001": RulePage(**{name: getattr(rule, name) for name in rule.__struct_fields__} | {"why": text})},
    )
