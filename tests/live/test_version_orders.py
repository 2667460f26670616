"""Version orders compared with the programs that they follow."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sealock.vulnerabilities.versions import VersionScheme
from support.versionpairs import order, pairs
from support.waiting import PATIENCE

pytestmark = pytest.mark.live

# Each program reads pairs, a line each with a tab between, and writes a line for each: <, =, > or ? (one is no version).
DPKG = """
while IFS="\t" read -r a b; do
    if dpkg --compare-versions "$a" lt "$b" 2>/dev/null; then echo "<"
    elif [ $? = 2 ]; then echo "?"
    elif dpkg --compare-versions "$a" eq "$b" 2>/dev/null; then echo "="
    else echo ">"; fi
done
"""
RPM = """%{lua:
for line in io.lines("/dev/stdin") do
    local a, b = line:match("^([^\\t]*)\\t(.*)$")
    print(({[-1] = "<", [0] = "=", [1] = ">"})[rpm.vercmp(a, b)] .. "\\n")
end}"""
VERCMP = """
while IFS="\t" read -r a b; do
    case $(vercmp "$a" "$b") in -1) echo "<";; 0) echo "=";; 1) echo ">";; *) exit 1;; esac
done
"""
NODE = """
const {SemVer} = require("/usr/share/nodejs/semver")
const read = text => { try { return new SemVer(text, {loose: true}) } catch { return null } }
for (const line of require("fs").readFileSync(0, "utf8").trimEnd().split("\\n")) {
    const [a, b] = line.split("\\t").map(read)
    console.log(a && b ? "<=>"[a.compare(b) + 1] : "?")
}
"""
RUBY = """
STDIN.each_line(chomp: true) do |line|
    a, b = line.split("\\t")
    known = [a, b].all? { |text| Gem::Version.correct?(text) }
    puts known ? "<=>"[(Gem::Version.new(a) <=> Gem::Version.new(b)) + 1] : "?"
end
"""
PHP = """
require "/usr/share/php/Composer/Semver/autoload.php";
$parser = new Composer\\Semver\\VersionParser();
function form($parser, $text) {
    try { $form = $parser->normalize($text); } catch (UnexpectedValueException $error) { return null; }
    return str_starts_with($form, "dev-") ? null : $form;
}
while (($line = fgets(STDIN)) !== false) {
    [$a, $b] = explode("\\t", rtrim($line, "\\n"));
    [$a, $b] = [form($parser, $a), form($parser, $b)];
    echo $a === null || $b === null ? "?" : "<=>"[version_compare($a, $b) + 1], "\\n";
}
"""

PROGRAMS: list[tuple[VersionScheme, list[str], int]] = [
    ("dpkg", ["bash", "-c", DPKG], 300),
    ("rpm", ["rpm", "--eval", RPM], 5000),
    ("alpm", ["bash", "-c", VERCMP], 300),
    ("npm", ["node", "-e", NODE], 5000),
    ("gem", ["ruby", "-e", RUBY], 5000),
    ("composer", ["php", "-r", PHP], 5000),
]


def _comparable(scheme: VersionScheme, pair: tuple[str, str]) -> bool:
    if scheme == "npm":
        # sealock reads "1" and "1.2" as npm's ranges do; as versions npm takes neither.
        return all(version.strip("v=").count(".") >= 2 for version in pair)
    if scheme == "alpm":
        # vercmp passes over a release where the other version has none.
        return order(scheme, *pair) != "?" and ("-" in pair[0]) == ("-" in pair[1])
    return True


@pytest.mark.parametrize(("scheme", "program", "count"), PROGRAMS, ids=[row[0] for row in PROGRAMS])
def test_keys_sort_as_the_real_program_compares(
    scheme: VersionScheme, program: list[str], count: int, tmp_path: Path
) -> None:
    compared = [pair for pair in pairs(scheme, count) if pair[0][0] != "-" != pair[1][0] and _comparable(scheme, pair)]
    asked = tmp_path / "pairs"
    asked.write_text("".join(f"{one}\t{other}\n" for one, other in compared), encoding="ascii")
    with asked.open("rb") as opened:
        ran = subprocess.run(program, stdin=opened, stdout=subprocess.PIPE, check=True, timeout=PATIENCE)
    answers = ran.stdout.decode().split()

    assert len(answers) == len(compared) > count
    assert answers.count("?") < len(answers) / 2
    differences = [
        (*pair, answer) for pair, answer in zip(compared, answers, strict=True) if order(scheme, *pair) != answer
    ]
    assert differences == []
