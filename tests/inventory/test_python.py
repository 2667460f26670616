from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from sealock.inventory.analyzer import AnalyzedFile, BrokenFileError
from sealock.inventory.python import Python
from sealock.model.inventory import Package
from support.analyzers import joined
from support.layeredimages import file, gone
from support.layeredimages import read as read_layers
from support.mutations import survives

SITE = "usr/lib/python3/dist-packages"


def read(path: str, data: bytes | str) -> list[Package]:
    raw = data.encode() if isinstance(data, str) else data
    return [fact for fact in Python().read(AnalyzedFile(path, raw)) if isinstance(fact, Package)]


def one(path: str, data: bytes | str) -> Package:
    (package,) = read(path, data)
    return package


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Jinja2", "jinja2"),
        ("zope.interface", "zope-interface"),
        ("ruamel_yaml-.clib", "ruamel-yaml-clib"),
        ("A__b", "a-b"),
    ],
)
def test_a_name_is_normalised_as_pep_503_does(written: str, name: str) -> None:
    package = one(f"{SITE}/x-1.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {written}\nVersion: 1\n")
    assert (package.type, package.name, package.version) == ("pypi", name, "1")


@pytest.mark.parametrize(
    ("header", "licenses"),
    [
        ("License-Expression: MIT OR Apache-2.0\nLicense: MIT", ("MIT OR Apache-2.0",)),
        ("License: BSD-3-Clause\nClassifier: License :: OSI Approved :: BSD License", ("BSD-3-Clause",)),
        ("License: UNKNOWN\nClassifier: License :: OSI Approved :: MIT License", ("MIT License",)),
        (
            "License: Copyright me\n  All the\n  text\nClassifier: License :: OSI Approved :: MIT License",
            ("MIT License",),
        ),
        (f"License: {'text ' * 50}\nClassifier: License :: Public Domain", ("Public Domain",)),
        ("Classifier: License :: OSI Approved", ()),
        (
            "Classifier: License :: OSI Approved :: MIT License\nClassifier: Topic :: X\nClassifier: License :: DFSG approved",
            ("MIT License", "DFSG approved"),
        ),
        ("Summary: none\n\nLicense: in the description", ()),
    ],
)
def test_licences_are_what_the_headers_say_most_exactly(header: str, licenses: tuple[str, ...]) -> None:
    assert one("x.dist-info/METADATA", f"Name: x\nVersion: 1\n{header}\n").licenses == licenses


@pytest.mark.parametrize(
    "path",
    [
        f"{SITE}/six-1.16.0.egg-info",
        f"{SITE}/six.egg-info/PKG-INFO",
        f"{SITE}/six-1.16.0-py3.11.egg/EGG-INFO/PKG-INFO",
        f"{SITE}/six-1.16.0.dist-info/METADATA",
    ],
)
def test_every_shape_of_installation_is_read(path: str) -> None:
    package = one(path, "Metadata-Version: 1.1\r\nName: six\r\nVersion: 1.16.0\r\nLicense: MIT\r\n\r\nText\r\n")
    assert (package.name, package.version, package.path, package.licenses) == ("six", "1.16.0", path, ("MIT",))


def test_a_zipped_egg_is_opened() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("six.py", "x = 1\n")
        archive.writestr("EGG-INFO/PKG-INFO", "Name: Six\nVersion: 1.0\n")
    package = one("srv/six-1.0-py3.11.egg", buffer.getvalue())
    assert (package.name, package.version, package.path) == ("six", "1.0", "srv/six-1.0-py3.11.egg")


def test_a_distribution_owns_what_its_record_lists() -> None:
    info = f"{SITE}/x-1.dist-info"
    record = '"odd, ""name"".py",,\nx/__init__.py,sha256=abc,3\n../../../bin/x,,\n/etc/x.conf,,\n../../../../../../etc/no,,\n'
    url = {"url": "https://example.org/x.git", "vcs_info": {"vcs": "git", "commit_id": "4f2a"}}
    analyzer = Python()
    facts = [
        *analyzer.read(AnalyzedFile(f"{info}/RECORD", record.encode())),
        *analyzer.read(AnalyzedFile(f"{info}/METADATA", b"Name: x\nVersion: 1\n")),
        *analyzer.read(AnalyzedFile(f"{info}/direct_url.json", json.dumps(url).encode())),
        *analyzer.read(AnalyzedFile(f"{SITE}/y-2.dist-info/METADATA", b"Name: y\nVersion: 2\n")),
        *analyzer.read(AnalyzedFile(f"{SITE}/nameless.dist-info/RECORD", b"gone.py,,\n")),
        *analyzer.read(AnalyzedFile(f"{SITE}/z-3.dist-info/RECORD", b"z.py,,\n")),
    ]
    first, second, third = (fact for fact in analyzer.join(facts) if isinstance(fact, Package))
    assert first.files == (f'{SITE}/odd, "name".py', f"{SITE}/x/__init__.py", "usr/bin/x", "etc/x.conf")
    assert first.qualifiers == (("vcs_url", "git+https://example.org/x.git@4f2a"),)
    assert (second.name, second.files, second.qualifiers) == ("y", (), ())
    assert (third.name, third.files) == ("z", (f"{SITE}/z.py",))


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("flask_sqlalchemy-2.5.1.dist-info/RECORD", ("flask-sqlalchemy", "2.5.1")),
        ("Zope.interface-5.4.0.dist-info/WHEEL", ("zope-interface", "5.4.0")),
        ("torch-2.0.1+cu118.dist-info/INSTALLER", ("torch", "2.0.1+cu118")),
        ("six-1.15.0-py3.11.egg-info/installed-files.txt", ("six", "1.15.0")),
        ("mine.egg-info/installed-files.txt", None),
        ("mine.dist-info/RECORD", None),
    ],
)
def test_a_distribution_without_metadata_has_the_name_of_its_directory(
    path: str, named: tuple[str, str] | None
) -> None:
    packages = joined(Python(), {f"{SITE}/{path}": b"x.py,,\n"})
    assert [(one.name, one.version) for one in packages if isinstance(one, Package)] == ([named] if named else [])


def test_a_record_in_a_later_layer_is_not_another_distribution(tmp_path: Path) -> None:
    home = f"{SITE}/flask-2.0.1.dist-info"
    record = file(f"{home}/RECORD", "flask/__init__.py,,\n")
    metadata = file(f"{home}/METADATA", "Name: Flask\nVersion: 2.0.1\n")
    whole, both, removed = [metadata, record], [record], [gone(f"{home}/METADATA")]
    for layers in ([whole, both], [whole, removed], [[*removed, record]], [whole, [*removed, record]]):
        packages = read_layers(tmp_path, [file(f"{SITE}/flask/__init__.py")], *layers).packages
        assert [(one.name, one.version, one.removed) for one in packages] == [("flask", "2.0.1", False)]


def test_old_installations_list_their_files_relative_to_the_egg_info() -> None:
    analyzer = Python()
    facts = [
        *analyzer.read(AnalyzedFile(f"{SITE}/x.egg-info/PKG-INFO", b"Name: x\nVersion: 1\n")),
        *analyzer.read(AnalyzedFile(f"{SITE}/x.egg-info/installed-files.txt", b"../x.py\nPKG-INFO\n")),
    ]
    (package,) = analyzer.join(facts)
    assert isinstance(package, Package)
    assert package.files == (f"{SITE}/x.py", f"{SITE}/x.egg-info/PKG-INFO")


@pytest.mark.parametrize(
    ("path", "data", "fault"),
    [
        ("x.dist-info/METADATA", b"", "names no package, or not its version"),
        ("x.dist-info/METADATA", b"Name: x\n\nVersion: 1\n", "names no package, or not its version"),
        ("x.dist-info/METADATA", b"Name: " + b"x" * 10_000 + b"\nVersion: 1\n", "names no package, or not its version"),
        ("x.dist-info/direct_url.json", b"{", "is not valid JSON"),
        ("x.egg", b"no zip", "is not a zip archive"),
    ],
)
def test_what_cannot_be_read_is_said_to_be_broken(path: str, data: bytes, fault: str) -> None:
    with pytest.raises(BrokenFileError, match=fault):
        read(path, data)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("x.dist-info/METADATA", "Metadata-Version: 2.1\nName: x\nVersion: 1\nClassifier: License :: A :: B\n\nText"),
        ("x.dist-info/RECORD", 'x.py,sha256=y,3\n"a ""b""",,\n../../bin/x,,\n'),
        ("x.egg-info/installed-files.txt", "../x.py\nPKG-INFO\n"),
        ("x.dist-info/direct_url.json", '{"url": "https://e.org/x", "vcs_info": {"vcs": "git", "commit_id": "4f2a"}}'),
    ],
)
def test_text_of_any_shape_does_no_harm(path: str, text: str) -> None:
    survives(Python(), path, text)
