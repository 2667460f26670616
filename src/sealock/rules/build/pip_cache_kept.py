from __future__ import annotations

from sealock.model.build import Arg, Env, Run, Stage
from sealock.rules.build._fixes import insert_after
from sealock.rules.build._ran import calls, inherited, mounted, once_each, reaches_image, removes
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, page

_FOLDERS = ("~/.cache/pip", "~/.cache")


class PipCacheKept(Rule[Build]):
    """Download cache of pip stays in the image.

    Every wheel is in the layer twice: installed, and in ~/.cache/pip for a next time that never comes.
    """

    id = "B113"
    severity = Severity.INFO
    safe = True
    references = (page("pip documentation, caching", "https://pip.pypa.io/en/stable/topics/caching/"),)
    remedy = "Add --no-cache-dir, set PIP_NO_CACHE_DIR=1, or mount a cache on /root/.cache/pip."
    bad = (
        "FROM python:3.12\nRUN pip install flask==3.0.3\n",
        "FROM python:3.12\nRUN python -m pip install -r requirements.txt\n",
        "FROM python:3.12\nRUN bash -c 'pip3 install flask==3.0.3'\n",
    )
    good = (
        "FROM python:3.12\nRUN pip install --no-cache-dir flask==3.0.3\n",
        "FROM python:3.12\nENV PIP_NO_CACHE_DIR=1\nRUN pip install flask==3.0.3\n",
        "FROM python:3.12\nRUN --mount=type=cache,target=/root/.cache/pip pip install flask==3.0.3\n",
        "FROM python:3.12\nRUN pip install flask==3.0.3 && rm -rf /root/.cache/pip\n",
        "FROM python:3.12\nRUN PIP_NO_CACHE_DIR=1 pip install flask==3.0.3\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        reaching = reaches_image(build)
        switched_off = inherited(build, _switched_off)
        kept = once_each(_kept)
        for call in calls(build, ("pip",), ("install",)):
            run = call.ran.run
            if call.ran.stage.index not in reaching or call.has("--no-cache-dir") or switched_off(call.ran.stage):
                continue
            if kept(call.ran):
                yield self.finding(
                    "leaves downloaded packages in ~/.cache/pip",
                    call.ran.at,
                    place=call.verb.place,
                    fix=insert_after(run, call.verb, "--no-cache-dir"),
                )


def _kept(run: Run) -> bool:
    """Whether nothing in the RUN keeps the cache out of the layer."""
    if mounted(run, *_FOLDERS) or removes(run, *_FOLDERS):
        return False
    return not any(
        any(assignment.name == "PIP_NO_CACHE_DIR" for assignment in command.assignments)
        or (command.name.startswith("pip") and command.arguments[:2] == ("cache", "purge"))
        for command in run.script.commands()
    )


def _switched_off(stage: Stage) -> bool:
    return any(
        pair.name == "PIP_NO_CACHE_DIR" and pair.value is not None
        for instruction in stage.of(Env, Arg)
        if isinstance(instruction, Env | Arg)
        for pair in instruction.pairs
    )
