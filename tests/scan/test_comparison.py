"""The pure comparison of two images: a row for each kind of change, and for each thing that is none."""

from __future__ import annotations

from typing import Any

import pytest

from sealock.model.absent import UNKNOWN, UNSET
from sealock.model.container import Container, Health, Label, Mount, Variable, container
from sealock.model.finding import InputError, Severity, Skipped, Suppression
from sealock.model.imagediff import ImageDiff
from sealock.model.inventory import Distribution, FileFact, Inventory, Layer, Package
from sealock.model.location import Location
from sealock.scan.comparison import ReadImage, compare
from support.linecount import LINEAR, grows
from support.madefindings import finding, vulnerable
from support.madeinventories import DEBIAN, deb, pypi

CONFIGURED = container(user="app")
LAYERS = (Layer(0, "sha256:a"),)
SIZES = ((0, 10, 1024),)


def image(*packages: Package, target: str = "old", **more: Any) -> ReadImage:
    """An image that describes everything, with these packages."""
    read = {name: more.pop(name) for name in ("findings", "skipped", "errors", "settings") if name in more}
    fields: dict[str, Any] = {
        "names": ("app:1",), "id": "sha256:0", "platform": "linux/amd64", "layers": LAYERS, "container": CONFIGURED,
        "distribution": DEBIAN, "sizes": SIZES,
    }  # fmt: skip
    return ReadImage(target, Inventory(packages=packages, **fields | more), **read)


def differences(old: ReadImage, new: ReadImage) -> ImageDiff:
    return compare(old, new, fail_on=Severity.HIGH)


PACKAGES: dict[str, tuple[tuple[Package, ...], tuple[Package, ...], list[tuple[Any, ...]]]] = {
    "a package was added": ((), (deb("bash", "5"),), [("added", "bash", (), ("5",))]),
    "a package was removed": ((deb("bash", "5"),), (), [("removed", "bash", ("5",), ())]),
    "a version changed": ((deb("bash", "5"),), (deb("bash", "6"),), [("changed", "bash", ("5",), ("6",))]),
    "one of two versions changed": (
        (pypi("x", "1"), pypi("x", "2", "b")),
        (pypi("x", "1"), pypi("x", "3", "b")),
        [("changed", "x", ("1", "2"), ("1", "3"))],
    ),
    "a later layer removed the package": (
        (deb("bash", "5"),),
        (deb("bash", "5", removed=True),),
        [("removed", "bash", ("5",), ())],
    ),
    "packages of two types with one name are two": (
        (deb("six", "1"),),
        (pypi("six", "1"),),
        [("removed", "six", ("1",), ()), ("added", "six", (), ("1",))],
    ),
    "another path is no change": ((pypi("x", "1", "a"),), (pypi("x", "1", "b"),), []),
    "another architecture is no change": (
        (deb("bash", "5", architecture="amd64"),),
        (deb("bash", "5", architecture="arm64"),),
        [],
    ),
    "other letters of a Python package are no change": ((pypi("Jinja_2", "1"),), (pypi("jinja-2", "1"),), []),
    "the order is no change": ((deb("a", "1"), deb("b", "1")), (deb("b", "1"), deb("a", "1")), []),
}


@pytest.mark.parametrize("what", PACKAGES)
def test_packages(what: str) -> None:
    old, new, wanted = PACKAGES[what]
    changes = differences(image(*old), image(*new)).packages
    assert [(change.kind, change.name, change.old, change.new) for change in changes] == wanted


SECRET = "hunter2-and-more-of-it"
SETTINGS: dict[str, tuple[dict[str, Any], dict[str, Any], list[tuple[Any, ...]]]] = {
    "the user is gone": ({"user": "app"}, {"user": UNSET}, [("user", "", "app", None)]),
    "an empty user is none": ({"user": ""}, {"user": UNSET}, []),
    "the entrypoint changed": (
        {"entrypoint": ("a", "b c")},
        {"entrypoint": ("a",)},
        [("entrypoint", "", '["a", "b c"]', '["a"]')],
    ),
    "a command was added": ({}, {"command": ("sh",)}, [("command", "", None, '["sh"]')]),
    "a variable changed": (
        {"environment": (Variable("A", "1"), Variable("B", "1"))},
        {"environment": (Variable("B", "1"), Variable("A", "2"))},
        [("environment", "A", "1", "2")],
    ),
    "a variable became empty": (
        {"environment": (Variable("A", "1"),)},
        {"environment": (Variable("A", ""),)},
        [("environment", "A", "1", "")],
    ),
    "a password changed, and is masked": (
        {"environment": (Variable("DB_PASSWORD", SECRET),)},
        {"environment": (Variable("DB_PASSWORD", f"{SECRET}!"),)},
        [("environment", "DB_PASSWORD", "hunt…", "hunt…")],
    ),
    "a port and a volume are new": (
        {},
        {"expose": ("80/tcp",), "mounts": (Mount("volume", None, "/data"),)},
        [("port", "80/tcp", None, ""), ("volume", "/data", None, "")],
    ),
    "a label changed": (
        {"labels": (Label("v", "1"),)},
        {"labels": (Label("v", "2"),)},
        [("label", "v", "1", "2")],
    ),
    "the health check was disabled": (
        {"health": Health(test=("CMD", "a"), interval=30.0)},
        {"health": Health(disabled=True)},
        [("health check", "", '["CMD", "a"] interval=30', "NONE")],
    ),
}


@pytest.mark.parametrize("what", SETTINGS)
def test_configuration(what: str) -> None:
    old, new, wanted = SETTINGS[what]
    made = differences(image(container=container(**old)), image(container=container(**new)))
    assert [(change.field, change.name, change.old, change.new) for change in made.settings] == wanted
    assert made.uncompared == ()
    assert SECRET not in repr(made.settings)


SETUID = FileFact("setuid", "bin/su", 0o4755)
TOKEN = FileFact("secret", "app/.env", detail="a token", mark="1f")
FILES: dict[str, tuple[tuple[FileFact, ...], tuple[FileFact, ...], list[str], list[str]]] = {
    "a setuid program is new": ((), (SETUID,), ["bin/su"], []),
    "a setuid program is gone": ((SETUID,), (), [], ["bin/su"]),
    "a removed setuid program does not count": ((), (FileFact("setuid", "bin/su", removed=True),), [], []),
    "a removed secret counts, since its layer is still there": (
        (),
        (FileFact("secret", "app/.env", mark="1f", removed=True),),
        ["app/.env"],
        [],
    ),
    "another secret in the same file is new": (
        (TOKEN,),
        (FileFact("secret", "app/.env", detail="a token", mark="2e"),),
        ["app/.env"],
        ["app/.env"],
    ),
    "another layer is no change": ((SETUID,), (FileFact("setuid", "bin/su", 0o4755, layer=3),), [], []),
    "facts that are no risk are left out": ((), (FileFact("apk-repositories", "etc/apk"),), [], []),
}


@pytest.mark.parametrize("what", FILES)
def test_risky_files(what: str) -> None:
    old, new, fresh, gone = FILES[what]
    made = differences(image(files=old), image(files=new)).files
    assert ([fact.path for fact in made.new], [fact.path for fact in made.gone]) == (fresh, gone)


PROPERTIES: dict[str, tuple[dict[str, Any], list[tuple[Any, ...]]]] = {
    "a newer base": ({"distribution": Distribution("debian", "13")}, [("base", "debian 12", "debian 13")]),
    "no base": ({"distribution": None}, [("base", "debian 12", None)]),
    "the name for people is no change": ({"distribution": Distribution("debian", "12", name="Debian")}, []),
    "another platform": ({"platform": "linux/arm64"}, [("platform", "linux/amd64", "linux/arm64")]),
    "one more layer": ({"layers": (*LAYERS, Layer(1, "sha256:b"))}, [("layers", "1", "2")]),
    "more bytes": ({"sizes": (*SIZES, (1, 1, 1024))}, [("size", "1 KiB", "2 KiB")]),
}


@pytest.mark.parametrize("what", PROPERTIES)
def test_properties(what: str) -> None:
    fields, wanted = PROPERTIES[what]
    made = differences(image(), image(**fields)).properties
    assert [(change.field, change.old, change.new) for change in made] == wanted


IGNORED = Suppression("an ignore", "not reachable")
FLAW, WORSE = vulnerable("CVE-1", "curl", severity=3), vulnerable("CVE-2", "curl", severity=5)
FINDINGS: dict[str, tuple[tuple[Any, ...], tuple[Any, ...], str, str, str]] = {
    "a vulnerability is new": ((), (FLAW,), "CVE-1", "", ""),
    "a vulnerability is gone": ((FLAW,), (), "", "CVE-1", ""),
    "a newer version that is still affected remains": ((FLAW,), (vulnerable("CVE-1", "curl", "2"),), "", "", "CVE-1"),
    "the gravest is first": ((), (FLAW, WORSE), "CVE-2 CVE-1", "", ""),
    "the package was removed by a later layer": (
        (FLAW,),
        (vulnerable("CVE-1", "curl", removed=True),),
        "",
        "CVE-1",
        "",
    ),
    "a package that a later layer removed hides no other": (
        (),
        (vulnerable("CVE-1", "curl", removed=True), WORSE),
        "CVE-2",
        "",
        "",
    ),
    "what is ignored now is not gone": ((FLAW,), (vulnerable("CVE-1", "curl", suppressed=IGNORED),), "", "", ""),
    "what was ignored before is not new": (
        (vulnerable("CVE-1", "curl", suppressed=IGNORED),),
        (FLAW,),
        "",
        "",
        "CVE-1",
    ),
    "what is ignored and new does not count": ((), (vulnerable("CVE-1", "curl", suppressed=IGNORED),), "", "", ""),
    "two packages of one vulnerability are two": (
        (FLAW,),
        (FLAW, vulnerable("CVE-1", "libcurl4")),
        "CVE-1",
        "",
        "CVE-1",
    ),
}


@pytest.mark.parametrize("what", FINDINGS)
def test_vulnerabilities(what: str) -> None:
    old, new, *wanted = FINDINGS[what]
    made = differences(image(findings=old), image(findings=new)).vulnerabilities
    named = [" ".join(entry.rule for entry in entries) for entries in (made.new, made.gone, made.remaining)]
    assert named == wanted


@pytest.mark.parametrize(
    ("fail_on", "status"),
    [(None, 0), (Severity.CRITICAL, 0), (Severity.HIGH, 1), (Severity.LOW, 1)],
    ids=["without a severity nothing fails", "below it nothing fails", "at it fails", "above it fails"],
)
@pytest.mark.parametrize("new", [vulnerable("CVE-1", "curl"), finding("F001", "setuid bin/su")], ids=["CVE", "rule"])
def test_the_status_of_what_is_new(new: Any, fail_on: Severity | None, status: int) -> None:
    assert compare(image(), image(findings=(new,)), fail_on=fail_on).status == status
    assert compare(image(findings=(new,)), image(), fail_on=fail_on).status == 0
    assert compare(image(findings=(new,)), image(findings=(new,)), fail_on=fail_on).status == 0


SBOM: dict[str, Any] = {
    "unseen": ("files", "layers", "container", "created"),
    "container": Container(),
    "layers": (),
    "sizes": (),
}
UNCOMPARED = (
    "could not compare the configuration: bill does not describe this",
    "could not compare risky files: bill does not describe this",
    "could not compare layers: bill does not describe this",
    "could not compare the size: bill does not describe this",
)


@pytest.mark.parametrize("bill_is_old", [True, False], ids=["the SBOM is the old one", "the SBOM is the new one"])
def test_what_an_sbom_lacks_is_named_and_never_shown_as_a_change(bill_is_old: bool) -> None:  # noqa: FBT001  a row
    full = image(
        deb("bash", "5"),
        target="image",
        files=(SETUID,),
        findings=(finding("F001", "setuid bin/su"), finding("C046", "no user", subject="configuration of app:1")),
        settings=frozenset({"configuration of app:1"}),
    )
    skipped = (Skipped("F001", "app:1", "an SBOM does not describe files", by_kind=True),)
    bill = image(deb("bash", "5"), target="bill", skipped=skipped, **SBOM)
    made = differences(*((bill, full) if bill_is_old else (full, bill)))
    assert made.is_empty
    assert made.uncompared == UNCOMPARED
    assert made.status == 2


def test_two_sboms_can_be_compared_and_what_neither_describes_is_a_note() -> None:
    made = differences(image(deb("bash", "5"), **SBOM), image(deb("bash", "6"), **SBOM))
    assert len(made.packages) == 1
    assert (made.uncompared, made.status) == ((), 0)
    assert made.notes == (
        "neither describes the configuration, risky files, layers, the size, so this is not compared",
    )


NAMED: dict[str, tuple[ReadImage, str]] = {
    "a rule that was skipped on one side": (
        image(skipped=(Skipped("F001", "image app:1", "the end of support is not known"),)),
        "could not compare F001, which was skipped on old: the end of support is not known",
    ),
    "packages that no analyzer lists": (
        image(skipped=(Skipped("", "packages of Nix", "no analyzer lists packages of Nix: nix/store"),)),
        "could not compare packages of Nix in old: no analyzer lists packages of Nix: nix/store",
    ),
    "a field of the configuration that could not be read": (
        image(container=container(user=UNKNOWN)),
        "could not compare user of the configuration: that of old could not be read",
    ),
}


@pytest.mark.parametrize("what", NAMED)
def test_these_are_named_and_give_2(what: str) -> None:
    old, wanted = NAMED[what]
    made = differences(old, image(target="new", findings=(finding("F001", "setuid bin/su"),)))
    assert made.uncompared == (wanted,)
    assert made.status == 2


def test_a_rule_that_a_configuration_cannot_answer_is_still_compared_on_the_contents() -> None:
    """Rules of several nouns share an id: one that needs run-time settings is skipped on every configuration."""
    skipped = (Skipped("C036", "configuration of app:1", "no run-time settings", by_kind=True),)
    settings = frozenset({"configuration of app:1"})
    old = image(skipped=skipped, settings=settings)
    new = image(skipped=skipped, settings=settings, findings=(finding("C036", "package openssh-server"),))
    assert [entry.rule for entry in differences(old, new).findings.new] == ["C036"]


def test_errors_of_both_are_kept_once_and_give_2() -> None:
    error = InputError("was not read", Location("app.tar"))
    made = differences(image(errors=(error,)), image(errors=(error,)))
    assert (made.errors, made.status, made.is_empty) == ((error,), 2, True)


def test_an_image_does_not_differ_from_itself() -> None:
    same = image(deb("bash", "5"), files=(SETUID, TOKEN), findings=(FLAW, finding("F001", "setuid bin/su")))
    made = differences(same, same)
    assert made.is_empty
    assert made.status == 0


def test_the_order_of_what_was_read_changes_nothing() -> None:
    packages = [deb(f"p{number}", "1") for number in range(9)]
    findings = [vulnerable(f"CVE-{number}", "curl", severity=1 + number % 5) for number in range(9)]
    files = [FileFact("setuid", f"bin/{number}") for number in range(9)]
    forth = image(*packages, findings=tuple(findings), files=tuple(files))
    back = image(*reversed(packages), findings=tuple(reversed(findings)), files=tuple(reversed(files)))
    assert differences(image(), forth) == differences(image(), back)
    assert differences(forth, image()) == differences(back, image())


def halves(number: int) -> tuple[ReadImage, ReadImage]:
    """Two images with this many packages: half of them changed, and each has a vulnerability."""
    made = [
        image(
            *(deb(f"p{index}", version) for index in range(start, start + number)),
            findings=tuple(vulnerable(f"CVE-{index}", f"p{index}") for index in range(start, start + number)),
        )
        for start, version in ((0, "1"), (number // 2, "2"))
    ]
    return made[0], made[1]


@pytest.mark.untraced
def test_twenty_thousand_packages_take_twice_the_work_of_ten_thousand() -> None:
    once, twice = halves(10_000), halves(20_000)
    assert len(differences(*twice).packages) == 30_000
    assert grows(lambda: differences(*once), lambda: differences(*twice)) < LINEAR
