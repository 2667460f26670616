from __future__ import annotations

import pytest

from sealock.inventory.analyzer import AnalyzedFile, BrokenFileError
from sealock.inventory.gems import Gems
from sealock.model.inventory import Package
from support.linecount import counted
from support.mutations import survives

HOME = "usr/local/lib/ruby/gems/3.3.0/specifications"


def read(path: str, text: str) -> list[Package]:
    return [fact for fact in Gems().read(AnalyzedFile(path, text.encode())) if isinstance(fact, Package)]


def spec(*lines: str, stub: str = "") -> str:
    body = "".join(f"  s.{line}\n" for line in lines)
    return f"# -*- encoding: utf-8 -*-\n{stub}\nGem::Specification.new do |s|\n{body}end\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (spec('name = "rake".freeze', 'version = "13.2.1"'), ("rake", "13.2.1", (), ())),
        (spec("name = %q{rake}", 'version = "0.8.7"', "licenses = [%q<MIT>, %q(Ruby)]"), ("rake", "0.8.7", ("MIT", "Ruby"), ())),
        (spec("name = 'a'", "version = Gem::Version.new('1.0')", "license = 'MIT'"), ("a", "1.0", ("MIT",), ())),
        (
            spec('name = "nokogiri".freeze', 'version = "1.16.0"', 'platform = "x86_64-linux".freeze', 'licenses = ["MIT".freeze]'),
            ("nokogiri", "1.16.0", ("MIT",), (("platform", "x86_64-linux"),)),
        ),
        (spec(stub="# stub: json 2.7.1 java lib"), ("json", "2.7.1", (), (("platform", "java"),))),
        (spec(stub="# stub: json 2.7.1 ruby lib"), ("json", "2.7.1", (), ())),
        (
            spec('name = "a"', 'version = "1" if s.respond_to? "version"', 'licenses = ["A \\"or\\" B"] # "C"'),
            ("a", "1", ('A "or" B',), ()),
        ),
        (spec('name = "a"', 'version = "1"', 'licenses = ["A"] + motif "B"'), ("a", "1", ("A", "B"), ())),
        (spec('name = "a"', 'version = "1"', 'metadata = { "name" => "b" }', 'name = "c"'), ("a", "1", (), ())),
    ],
)  # fmt: skip
def test_the_generated_ruby_is_read(text: str, found: tuple[object, ...]) -> None:
    (package,) = read(f"{HOME}/x.gemspec", text)
    assert (package.name, package.version, package.licenses, package.qualifiers) == found


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (f"{HOME}/rake-13.gemspec", True),
        (f"{HOME}/default/rake-13.gemspec", True),
        ("usr/local/lib/ruby/gems/3.3.0/gems/rake-13/rake.gemspec", False),
        ("app/rake.gemspec", False),
    ],
)
def test_only_what_is_installed_counts(path: str, found: bool) -> None:  # noqa: FBT001  a column
    assert bool(read(path, spec('name = "rake"', 'version = "13"'))) is found


@pytest.mark.parametrize(
    "text", ["", "x", spec('name = "a"'), spec('name = "a', 'version = "1"', "licenses = [%q{"), "\0" * 100]
)
def test_a_specification_without_name_or_version_is_broken(text: str) -> None:
    with pytest.raises(BrokenFileError, match="names no gem"):
        read(f"{HOME}/x.gemspec", text.replace('version = "1"', ""))


def test_long_lines_take_little_work() -> None:
    text = spec(
        'name = "a"',
        'version = "1"',
        "licenses = " + "%q{" * 500_000,
        "x = " + '"\\' * 500_000,
        "y." * 300_000 + "z = 1",
    )
    (package,), ran = counted(lambda: read(f"{HOME}/x.gemspec", text))
    assert package.name == "a"
    assert ran < 100_000


def test_text_of_any_shape_does_no_harm() -> None:
    text = spec('name = "a".freeze', 'version = "1"', "licenses = [%q{MIT}, 'x']", stub="# stub: a 1 java lib")
    survives(Gems(), f"{HOME}/x.gemspec", text)
