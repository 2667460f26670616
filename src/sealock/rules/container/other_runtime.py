from __future__ import annotations

from sealock.rules.kit import Container, Iterator, Rule, RuleFinding, Severity, docker_docs

_KNOWN = (
    *("runc", "crun", "youki", "runsc", "gvisor", "kata", "sysbox"),
    *("io.containerd.runc", "io.containerd.runsc", "io.containerd.kata"),
)


class OtherRuntime(Rule[Container]):
    """Non-default container runtime.

    Another runtime than the engine's default then isolates the container, and sealock does not know its defaults.
    gVisor, Kata and sysbox isolate more than runc; a GPU runtime adds devices and libraries of the host. On current
    engines `gpus` (or a CDI device) does the same without another runtime.
    """

    id = "C057"
    keywords = ("runtime", "OCI")
    severity = Severity.INFO
    reads = ("runtime",)
    references = (docker_docs("engine/daemon/alternative-runtimes/"),)
    remedy = "Use the engine's default runtime; pass a GPU with gpus."
    bad = (
        "docker run --runtime nvidia alpine",
        "services:\n  app:\n    image: alpine:3.20\n    runtime: nvidia\n",
    )
    good = ("docker run --runtime=runsc alpine", "docker run --gpus all alpine")
    fixable = False

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        runtime = container.runtime
        if isinstance(runtime, str) and runtime and not runtime.startswith(_KNOWN):
            yield self.finding(f"uses the runtime {runtime}", "runtime")
