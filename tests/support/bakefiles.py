"""Bake files that hypothesis makes, whose every value the text decides."""

from __future__ import annotations

from hypothesis import strategies as st

VARIABLES = 'variable "S" { default = "v1.2" }\nvariable "N" { default = 3 }\nvariable "B" { default = true }\nvariable "E" {}\nvariable "L" { default = ["a", "b"] }\nvariable "T" {\n  default = "${S}-${N}"\n}\nfunction "twice" {\n  params = [x]\n  result = "${x}${x}"\n}\n'  # fmt: skip
TEXTS = ['"plain"', "S", "T", "E", '"${S}"', '"a ${S} b ${N}c"', '"q\\"uote\\\\ \\u00e9"', '"$${S}"', '"tab\\tx"', "L[0]", '"${L[1]}"']  # fmt: skip


def texts() -> st.SearchStrategy[str]:
    """Expressions whose value is a text."""
    return st.recursive(
        st.sampled_from(TEXTS),
        lambda inner: st.one_of(
            st.builds("upper({})".format, inner),
            st.builds("lower({})".format, inner),
            st.builds("twice({})".format, inner),
            st.builds('trimprefix({}, "v")'.format, inner),
            st.builds('replace({}, "a", "b")'.format, inner),
            st.builds('"<${{{}}}>"'.format, inner),
            st.builds("({})".format, inner),
            st.builds("{} ? {} : {}".format, booleans(), inner, inner).map("({})".format),
            st.builds('join("-", [{}, {}])'.format, inner, inner),
        ),
        max_leaves=4,
    )


def numbers() -> st.SearchStrategy[str]:
    """Expressions whose value is a number."""
    return st.sampled_from(["1", "N", "N + 2", "N * 2 - 1", "length(L)", "-N", "7 % N"])


def booleans() -> st.SearchStrategy[str]:
    """Expressions whose value is a boolean."""
    return st.sampled_from(["true", "B", "!B", 'S == "v1.2"', 'E != ""', "N < 3", "N >= 3 && B", 'notequal(E, "")', "false || B"])  # fmt: skip


@st.composite
def targets(draw: st.DrawFn, number: int) -> str:
    lines: list[str] = []
    parents = draw(st.lists(st.integers(0, number - 1), max_size=2, unique=True)) if number else []
    if parents:
        lines.append("inherits = [" + ", ".join(f'"t{parent}"' for parent in parents) + "]")
    scalars = draw(st.lists(st.sampled_from(["context", "dockerfile", "target"]), unique=True, max_size=3))
    lines += [f"{name} = {draw(texts())}" for name in scalars if name != "context"]
    lines += ['context = "./c"'] if "context" in scalars else []
    for name in draw(st.lists(st.sampled_from(["args", "labels"]), unique=True, max_size=2)):
        keys = draw(st.lists(st.sampled_from(["A", "B_C", '"d.e"']), unique=True, min_size=1, max_size=3))
        values = [draw(st.one_of(texts(), numbers(), booleans())) for _ in keys]
        lines.append(f"{name} = {{ " + ", ".join(f"{key} = {value}" for key, value in zip(keys, values, strict=True)) + " }")  # fmt: skip
    if draw(st.booleans()):
        form = draw(st.sampled_from(["[{}]", "[{}, S]", "concat([{}], L)", '[for x in L : "${{x}}:1"]']))
        lines.append("tags = " + form.format(draw(texts())))
    if draw(st.booleans()):
        lines.append(draw(st.sampled_from(['secret = ["id=a,src=/etc/passwd"]', 'platforms = ["linux/amd64"]', 'cache-from = ["type=gha"]', "no-cache = B", "# nothing"])))  # fmt: skip
    return f'target "t{number}" {{\n' + "".join(f"  {line}\n" for line in lines) + "}\n"


@st.composite
def bake_files(draw: st.DrawFn) -> str:
    """A file of several targets."""
    return VARIABLES + "".join(draw(targets(number)) for number in range(draw(st.integers(1, 8))))
