"""Each language's packages under the URL that the package URL specification gives them."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from sealock.inventory.analyzer import AnalyzedFile, Analyzer
from sealock.inventory.conda import Conda
from sealock.inventory.dotnet import Dotnet
from sealock.inventory.gems import Gems
from sealock.inventory.jars import Jars
from sealock.inventory.lockfiles.bundler import Bundler
from sealock.inventory.lockfiles.cargo import Cargo
from sealock.inventory.lockfiles.gomod import GoMod
from sealock.inventory.npm import Npm
from sealock.inventory.php import Php
from sealock.inventory.python import Python
from sealock.model.inventory import Package
from sealock.model.purl import purl


def archive(name: str, text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr(name, text)
    return buffer.getvalue()


CONDA = {
    "name": "zlib",
    "version": "1.3",
    "build": "h5_1",
    "channel": "https://x/conda-forge/noarch",
    "subdir": "noarch",
}
DEPS = {"libraries": {"Newtonsoft.Json/13.0.3": {"type": "package"}}}
POM = "groupId=org.apache.commons\nartifactId=commons-lang3\nversion=3.12.0\n"


@pytest.mark.parametrize(
    ("analyzer", "path", "data", "url"),
    [
        (Python(), "x.dist-info/METADATA", b"Name: Zope.Interface_x\nVersion: 5.4\n", "pkg:pypi/zope-interface-x@5.4"),
        (Npm(), "node_modules/@babel/core/package.json", b'{"name":"@babel/core","version":"7.24.0"}', "pkg:npm/%40babel/core@7.24.0"),
        (Npm(), "node_modules/x/package.json", b'{"name":"JSONStream","version":"1.3.5"}', "pkg:npm/jsonstream@1.3.5"),
        (Gems(), "specifications/x.gemspec", b"# stub: json 2.7.1 java lib", "pkg:gem/json@2.7.1?platform=java"),
        (Bundler(), "Gemfile.lock", b"GEM\n  specs:\n    Ascii85 (1.1.0)\n", "pkg:gem/Ascii85@1.1.0"),
        (Php(), "vendor/composer/installed.json", b'[{"name":"Monolog/Monolog","version":"2.9.1"}]', "pkg:composer/monolog/monolog@2.9.1"),
        (Jars(), "x.jar", archive("META-INF/maven/g/a/pom.properties", POM), "pkg:maven/org.apache.commons/commons-lang3@3.12.0"),
        (Dotnet(), "App.deps.json", json.dumps(DEPS).encode(), "pkg:nuget/Newtonsoft.Json@13.0.3"),
        (Conda(), "conda-meta/zlib.json", json.dumps(CONDA).encode(), "pkg:conda/zlib@1.3?build=h5_1&channel=conda-forge&subdir=noarch"),
        (GoMod(), "go.mod", b"require github.com/BurntSushi/toml v1.3.2", "pkg:golang/github.com/burntsushi/toml@v1.3.2"),
        (Cargo(), "Cargo.lock", b'[[package]]\nname="a_b"\nversion="1.0.0"\nsource="registry+x"\n', "pkg:cargo/a_b@1.0.0"),
        (
            Cargo(),
            "Cargo.lock",
            b'[[package]]\nname="a"\nversion="1.0.0"\nsource="git+https://github.com/me/a?branch=x#4f2a"\n',
            "pkg:cargo/a@1.0.0?vcs_url=git%2Bhttps://github.com/me/a%404f2a",
        ),
    ],
)  # fmt: skip
def test_a_package_has_the_url_of_its_type(analyzer: Analyzer, path: str, data: bytes, url: str) -> None:
    (package,) = analyzer.read(AnalyzedFile(path, data))
    assert isinstance(package, Package)
    assert purl(package) == url
