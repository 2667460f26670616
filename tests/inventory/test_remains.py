"""A package is removed when its files are: one whose record alone a later layer removes is still there, and counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.layeredimages import Member, directory, file, gone, hard, read, symbolic

STATUS = "var/lib/dpkg/status"
LODASH = '{"name": "lodash", "version": "4.17.10"}'
FLASK = "Metadata-Version: 2.1\nName: Flask\nVersion: 0.5\n"
OPENSSL = "Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.0.1-1\n\n"
BASH = OPENSSL.replace("openssl", "bash").replace("3.0.1", "5.2")
LIST = "var/lib/dpkg/info/openssl.list"
LISTED = "/.\n/etc\n/etc/ssl.cnf\n/usr\n/usr/bin\n/usr/bin/openssl\n/lib\n/lib/libssl.so.3\n"
DEBIAN = [
    directory("var/lib/dpkg"),
    file(STATUS, OPENSSL + BASH),
    file(LIST, LISTED),
    file("var/lib/dpkg/info/bash.list", "/.\n/bin\n/bin/bash\n"),
    file("usr/bin/openssl", "x"),
    file("usr/lib/libssl.so.3", "x"),
    file("usr/bin/bash", "x"),
    file("etc/ssl.cnf", "x"),
]
SITE = "usr/lib/python3/site-packages"
PYTHON = [
    file(f"{SITE}/Flask-0.5.dist-info/METADATA", FLASK),
    file(f"{SITE}/Flask-0.5.dist-info/RECORD", "flask/__init__.py,,\nFlask-0.5.dist-info/METADATA,,\n"),
    file(f"{SITE}/flask/__init__.py", "x"),
]
MODULE = "app/node_modules/lodash"
NODE = [file(f"{MODULE}/package.json", LODASH), file(f"{MODULE}/lodash.js", "x")]
APK_FILE = "P:musl\nV:1.2.4-r0\nF:lib\nR:ld-musl.so.1\n\nP:zlib\nV:1.3-r0\nF:lib\nR:libz.so.1\n\n"
APK = "lib/apk/db/installed"
INSTALLED = "app/vendor/composer/installed"
AS_PHP = """<?php return array('versions' => array(
    'a/b' => array('pretty_version' => '1.0', 'dev_requirement' => false),
));"""
COMPOSER = json.dumps({"packages": [{"name": "a/b", "version": "1.0"}]})

STAYS, REMOVED = 1, -1
CASES: dict[str, tuple[list[Member], list[Member], str, int]] = {
    "dpkg's directory is removed": (DEBIAN, [gone("var/lib/dpkg")], "openssl", STAYS),
    "the status is removed": (DEBIAN, [gone(STATUS)], "openssl", STAYS),
    "the directory above is removed": (DEBIAN, [gone("var/lib")], "openssl", STAYS),
    "the directory above is made opaque": (DEBIAN, [file("var/.wh..wh..opq")], "openssl", STAYS),
    "the status is emptied": (DEBIAN, [file(STATUS)], "openssl", STAYS),
    "the stanza is cut out of the status": (DEBIAN, [file(STATUS, BASH)], "openssl", STAYS),
    "the database is moved, with no link in its place": (
        DEBIAN,
        [gone("var/lib/dpkg"), file("opt/dpkg/status", OPENSSL)],
        "openssl",
        STAYS,
    ),
    "the database is replaced by a link to an empty one": (
        DEBIAN,
        [file("opt/dpkg/status"), symbolic("var/lib/dpkg", "/opt/dpkg")],
        "openssl",
        STAYS,
    ),
    "the package is removed, its settings stay": (
        DEBIAN,
        [file(STATUS, BASH), gone(LIST), gone("usr/bin/openssl"), gone("usr/lib/libssl.so.3")],
        "openssl",
        REMOVED,
    ),
    "the package is removed but for one library": (
        DEBIAN,
        [file(STATUS, BASH), gone(LIST), gone("usr/bin/openssl")],
        "openssl",
        STAYS,
    ),
    "everything is removed": (DEBIAN, [gone("var"), gone("usr")], "openssl", REMOVED),
    "the package's last file belongs to another now": (
        DEBIAN,
        [
            file(STATUS, BASH),
            file("var/lib/dpkg/info/bash.list", "/usr/bin/bash\n/usr/bin/openssl\n/usr/lib/libssl.so.3\n"),
        ],
        "openssl",
        REMOVED,
    ),
    "the package is upgraded": (
        DEBIAN,
        [file(STATUS, OPENSSL.replace("3.0.1", "3.0.2") + BASH), file("usr/bin/openssl", "y")],
        "openssl",
        REMOVED,
    ),
    "nobody knows its files, and the database is removed": (
        [file(STATUS, OPENSSL)],
        [gone("var/lib/dpkg")],
        "openssl",
        STAYS,
    ),
    "nobody knows its files, and the database lists it no more": (
        [file(STATUS, OPENSSL + BASH)],
        [file(STATUS, BASH)],
        "openssl",
        REMOVED,
    ),
    "the record of a distroless image is removed": (
        [file("var/lib/dpkg/status.d/openssl", OPENSSL), file("var/lib/dpkg/status.d/bash", BASH)],
        [gone("var/lib/dpkg/status.d/openssl")],
        "openssl",
        STAYS,
    ),
    "apk's database is removed": (
        [file(APK, APK_FILE), file("lib/ld-musl.so.1", "x"), file("lib/libz.so.1", "x")],
        [gone("lib/apk")],
        "musl",
        STAYS,
    ),
    "apk removes the package": (
        [file(APK, APK_FILE), file("lib/ld-musl.so.1", "x"), file("lib/libz.so.1", "x")],
        [file(APK, APK_FILE.partition("\n\n")[0] + "\n\n"), gone("lib/libz.so.1")],
        "zlib",
        REMOVED,
    ),
    "the dist-info is removed": (PYTHON, [gone(f"{SITE}/Flask-0.5.dist-info")], "flask", STAYS),
    "the metadata is removed": (PYTHON, [gone(f"{SITE}/Flask-0.5.dist-info/METADATA")], "flask", STAYS),
    "pip removes the distribution": (
        PYTHON,
        [gone(f"{SITE}/Flask-0.5.dist-info"), gone(f"{SITE}/flask")],
        "flask",
        REMOVED,
    ),
    "pip replaces the distribution by a newer one": (
        PYTHON,
        [
            gone(f"{SITE}/Flask-0.5.dist-info"),
            file(f"{SITE}/Flask-2.0.dist-info/METADATA", FLASK.replace("0.5", "2.0")),
            file(f"{SITE}/Flask-2.0.dist-info/RECORD", "flask/__init__.py,,\n"),
            file(f"{SITE}/flask/__init__.py", "y"),
        ],
        "flask",
        REMOVED,
    ),
    "the metadata without a list of files is removed": (
        [PYTHON[0], PYTHON[2]],
        [gone(f"{SITE}/Flask-0.5.dist-info")],
        "flask",
        STAYS,
    ),
    "a manifest is removed": (NODE, [gone(f"{MODULE}/package.json")], "lodash", STAYS),
    "a manifest is emptied": (NODE, [file(f"{MODULE}/package.json", "{}")], "lodash", STAYS),
    "npm removes the package": (NODE, [gone(MODULE)], "lodash", REMOVED),
    "only what is nested in the package stays": (
        [*NODE, file(f"{MODULE}/node_modules/x/package.json", '{"name": "x", "version": "1"}')],
        [gone(f"{MODULE}/package.json"), gone(f"{MODULE}/lodash.js")],
        "lodash",
        REMOVED,
    ),
    "a link to nothing takes the place of the package": (NODE, [symbolic(MODULE, "/nowhere")], "lodash", REMOVED),
    "a link to itself takes the place of the package": (NODE, [symbolic(MODULE, "lodash")], "lodash", REMOVED),
    "the package is moved without its manifest, with a link in its place": (
        NODE,
        [file("opt/lodash/lodash.js", "x"), symbolic(MODULE, "../../opt/lodash")],
        "lodash",
        STAYS,
    ),
    "a link to nothing takes the place of the module, and the record is removed": (
        PYTHON,
        [gone(f"{SITE}/Flask-0.5.dist-info"), symbolic(f"{SITE}/flask", "/nowhere")],
        "flask",
        REMOVED,
    ),
    "the files are moved, with links in the place of their directories, and the record is removed": (
        PYTHON,
        [
            file("opt/site/flask/__init__.py", "x"),
            symbolic("usr/lib/python3", "/opt"),
            symbolic("opt/site-packages", "site"),
        ],
        "flask",
        STAYS,
    ),
    "links to nothing take the place of every file of the package": (
        DEBIAN,
        [
            file(STATUS, BASH),
            gone(LIST),
            *(symbolic(path, "/nowhere") for path in ("usr/bin/openssl", "usr/lib/libssl.so.3")),
        ],
        "openssl",
        REMOVED,
    ),
    "npm upgrades the package": (
        NODE,
        [file(f"{MODULE}/package.json", LODASH.replace("4.17.10", "4.17.21"))],
        "lodash",
        REMOVED,
    ),
    "a gem's specification is removed": (
        [
            file("usr/lib/ruby/gems/3.1.0/specifications/rack-2.0.gemspec", 's.name = "rack"\ns.version = "2.0"\n'),
            file("usr/lib/ruby/gems/3.1.0/gems/rack-2.0/lib/rack.rb", "x"),
        ],
        [gone("usr/lib/ruby/gems/3.1.0/specifications")],
        "rack",
        STAYS,
    ),
    "Composer's record is removed": (
        [file("app/vendor/composer/installed.json", COMPOSER), file("app/vendor/a/b/x.php", "x")],
        [gone("app/vendor/composer")],
        "b",
        STAYS,
    ),
    "a manifest behind a hard link is removed": (
        [file("store/1", LODASH), hard(f"{MODULE}/package.json", "store/1"), file(f"{MODULE}/lodash.js", "x")],
        [gone(f"{MODULE}/package.json")],
        "lodash",
        STAYS,
    ),
}


@pytest.mark.parametrize("files", [True, False], ids=["with files", "packages only"])
@pytest.mark.parametrize("case", CASES)
def test_a_package_is_removed_when_its_files_are(
    case: str,
    files: bool,  # noqa: FBT001  a column
    tmp_path: Path,
) -> None:
    before, after, name, removed_in = CASES[case]
    inventory = read(tmp_path, before, after, files=files)
    package = min(
        (package for package in inventory.packages if package.name == name), key=lambda package: package.version
    )
    assert (package.removed, package.record_removed_in) == (removed_in == REMOVED, removed_in)
    assert package.layer == 0


AS_JSON, IN_PHP = file(f"{INSTALLED}.json", COMPOSER), file(f"{INSTALLED}.php", AS_PHP)
RECORDS = {
    "in one layer": ([AS_JSON, IN_PHP], [], "json"),
    "the second in a later layer": ([AS_JSON], [IN_PHP], "json"),
    "the second in an earlier layer": ([IN_PHP], [AS_JSON], "json"),
    "and the first is removed": ([AS_JSON, IN_PHP], [gone(f"{INSTALLED}.json")], "php"),
    "and the second is removed": ([AS_JSON, IN_PHP], [gone(f"{INSTALLED}.php")], "json"),
    "and the first comes back in another version": (
        [AS_JSON, IN_PHP],
        [file(f"{INSTALLED}.json", COMPOSER.replace("1.0", "1.1"))],
        "json",
    ),
}


@pytest.mark.parametrize(
    ("before", "after", "ends"),
    [pytest.param(*row, id=f"two records of Composer, {key}") for key, row in RECORDS.items()],
)
def test_a_package_with_two_records_is_listed_once(
    before: list[Member], after: list[Member], ends: str, tmp_path: Path
) -> None:
    packages = [package for package in read(tmp_path, before, after).packages if not package.removed]
    assert [package.path.rpartition(".")[2] for package in packages] == ends.split()
