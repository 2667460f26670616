"""The hygiene rules raise on no Dockerfile, and their fixes produce valid ones."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sealock import formats
from sealock.formats.textedits import apply_edits
from sealock.model.change import Edit
from sealock.model.document import Document
from sealock.model.finding import Finding
from sealock.model.location import Source
from sealock.rules.catalog import rules
from sealock.rules.evaluation import evaluate
from support.draws import draws

RULES = tuple(rule for rule in rules("build") if rule.id >= "B100")
PARTS = sorted({
    line + "\n"
    for rule in RULES
    for text in (*rule.bad, *rule.good)
    for line in text.splitlines()
    if "<<" not in line and "\\" not in line
})  # fmt: skip
WORDS = st.sampled_from([
    "apt-get", "install", "-y", "update", "&&", ";", "|", "curl", "https://a/b", "cd", "/a", "$X/b", "rm", "-rf", "'", '"',
    "(", ")", "`", "$(", "[", "]", "{", "}", "#", "\\\n", "\n", "export", "A=b", "source", "if", "then", "fi", "&", ">", "<",
    "<<E", "E", "\r\n", "é", "\t", "$", "${", "!", "==", "pip", "--", "-", "npm", "ci", "apk", "add", "\\",
])  # fmt: skip
RUNS = st.lists(WORDS, max_size=12).map(lambda words: "RUN " + " ".join(words) + "\n")
KEYWORDS = st.sampled_from(
    [
        "CMD",
        "ENTRYPOINT",
        "ENV",
        "ARG",
        "LABEL",
        "COPY",
        "WORKDIR",
        "EXPOSE",
        "USER",
        "VOLUME",
        "HEALTHCHECK CMD",
        "FROM",
        "run",
    ]
)
LINES = st.builds(lambda keyword, words: f"{keyword} {' '.join(words)}\n", KEYWORDS, st.lists(WORDS, max_size=6))
HEREDOCS = st.lists(WORDS, max_size=10).map(lambda words: "RUN <<X\n" + " ".join(words) + "\nX\n")
TEXTS = st.lists(st.one_of(st.sampled_from(PARTS), RUNS, LINES, HEREDOCS), max_size=8).map(
    lambda lines: "FROM debian:12 AS first\n" + "".join(lines)
)


def read(text: str) -> Document:
    return formats.read("dockerfile", Source("Dockerfile", text))


def findings(document: Document) -> tuple[Finding, ...]:
    return evaluate("Dockerfile", document, {"build": RULES}).findings


@draws(200)
@given(TEXTS)
def test_no_text_makes_a_rule_raise_and_every_fix_produces_a_dockerfile(text: str) -> None:
    document = read(text)
    for finding in findings(document):
        assert finding.location.line > 0
        edits = [change for change in finding.remedy.changes if isinstance(change, Edit)]
        # A fix may uncover a swallowed instruction, which may have faults of its own.
        freed = finding.rule == "B148" and not finding.remedy.safe
        if edits and not document.errors and not freed:
            changed = apply_edits(text, edits)
            assert changed != text, finding.rule
            assert not read(changed).errors, (finding.rule, changed)


@draws(100)
@given(st.lists(st.sampled_from(PARTS), max_size=10), st.sampled_from(["\n", "\r\n"]))
def test_a_fix_removes_its_finding_in_any_surroundings(lines: list[str], end: str) -> None:
    text = ("FROM debian:12 AS first\n" + "".join(lines)).replace("\n", end)
    document = read(text)
    if document.errors:
        return
    before = findings(document)
    for finding in before:
        edits = [change for change in finding.remedy.changes if isinstance(change, Edit)]
        if edits:
            after = findings(read(apply_edits(text, edits)))
            same = [other.rule for other in before].count(finding.rule)
            assert [other.rule for other in after].count(finding.rule) < same, (finding.rule, apply_edits(text, edits))
