"""Units beside each other in memory, and units that hypothesis makes."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st

from sealock.formats.files import FileRefusedError
from sealock.model.project import ProjectFile


class UnitFiles:
    """Files by their paths, as a directory would have them."""

    environment: Mapping[str, str] = {}

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = files

    def text(self, path: str) -> str:
        if path not in self.files:
            msg = f"{path} does not exist"
            raise FileRefusedError(msg)
        return self.files[path]

    def fact(self, path: str) -> ProjectFile:
        return ProjectFile(path)

    def entries(self, directory: str) -> tuple[str, ...] | None:
        if directory == ".":
            return tuple(path for path in self.files if "/" not in path)
        return tuple(path.rpartition("/")[2] for path in self.files if path.startswith(f"{directory}/")) or None


SINGLE = {
    "PidsLimit": ["100", "-1"],
    "ShmSize": ["64m", '"1g"'],
    "WorkingDir": ["/w", '"/w x"'],
    "HostName": ["h", '"h"'],
    "StopTimeout": ["10"],
    "StopSignal": ["SIGINT"],
    "Pull": ["always", "never"],
    "LogDriver": ["journald", "none"],
    "SeccompProfile": ["unconfined", "/p.json"],
    "SecurityLabelType": ["spc_t"],
    "SecurityLabelLevel": ["s0:c1,c2"],
    "UserNS": ["keep-id", "host", "auto:size=10"],
    "AutoUpdate": ["registry"],
    "HealthCmd": ["curl -f http://localhost/ || exit 1", "none"],
    "HealthRetries": ["3"],
    "HealthInterval": ["10s", "1m30s"],
    "ContainerName": ["web", '"web"'],
    "User": ["1000", "root", "%U"],
    "Entrypoint": ["/e"],
    "Timezone": ["local"],
}
FLAGS = (
    "RunInit", "ReadOnly", "NoNewPrivileges", "SecurityLabelDisable", "SecurityLabelNested", "VolatileTmp",
    "EnvironmentHost", "ReadOnlyTmpfs",
)  # fmt: skip
LISTS = {
    "PublishPort": ["80:80", "127.0.0.1:8080:80/udp", "8000-8010:8000-8010", "[::1]:80:80"],
    "Volume": ["/a:/b", "/a:/b:ro,z", "name:/c", "/anonymous", "%h/x:/y", "d.volume:/d:ro"],
    "Tmpfs": ["/t", "/t:size=1m,mode=700"],
    "Network": ["n.network", "other", "n.network:alias=x"],
    "DNS": ["1.1.1.1"],
    "DNSSearch": ["example.com"],
    "AddHost": ["a:1.2.3.4", "b:host-gateway"],
    "GroupAdd": ["keep-groups", "27"],
    "Ulimit": ["nofile=10:20", "nproc=5"],
    "ExposeHostPort": ["80", "8000-8010"],
}
WORDS = {
    "AddCapability": ["NET_ADMIN", "cap_sys_time", "CHOWN"],
    "DropCapability": ["all", "MKNOD"],
    "Sysctl": ["net.ipv4.ip_forward=1", "kernel.msgmax=65536"],
    "AddDevice": ["/dev/null", "/dev/null:/dev/x:r"],
    "LogOpt": ["a=b", "c=d"],
}
ARGUMENTS = {
    "Mount": ["type=tmpfs,dst=/m", "type=bind,source=/a,destination=/m,ro", "type=volume,source=d.volume,destination=/m"],
    "Secret": ["s", "s,type=env,target=S"],
    "Unmask": ["ALL", "/proc/a"],
    "Mask": ["/proc/a"],
    "EnvironmentFile": ["/x.env"],
    "PodmanArgs": ["--privileged", "--pid=host", "--cap-add=SYS_ADMIN", "--memory=1g", "--cpus=1.5", "--ipc=host"],
    "Exec": ["sh", "-c", "a b", "it's", "x=y", 'say "hi"'],
}  # fmt: skip
PAIRS = {
    "Environment": ["A=b", "C=d e", "E=f=g", "A=again", 'Q=say "x"'],
    "Label": ["a.b=c", "d=e f"],
    "Annotation": ["x=y"],
}


def quoted(word: str, how: int) -> str:
    """A word in one of the ways to write it."""
    plain = not set(word) & set(" \"'\\")
    if how == 1 and "'" not in word:
        return f"'{word}'"
    return word if plain and how == 0 else '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


@st.composite
def entries(draw: st.DrawFn) -> str:
    """One key with its value, over one or several lines."""
    group = draw(st.sampled_from(["single", "flag", "list", "words", "arguments", "pairs", "reset", "comment"]))
    if group == "comment":
        return draw(st.sampled_from(["# a comment", "; another", "", "  # indented"]))
    if group == "reset":
        return draw(st.sampled_from([*LISTS, *WORDS, *ARGUMENTS, *PAIRS])) + "="
    if group == "flag":
        return f"{draw(st.sampled_from(FLAGS))}={draw(st.sampled_from(['true', 'no', 'YES', '0', 'on', 'x']))}"
    if group in {"single", "list"}:
        table = SINGLE if group == "single" else LISTS
        key = draw(st.sampled_from(list(table)))
        return key + draw(st.sampled_from(["=", " = ", "=\\\n  "])) + draw(st.sampled_from(table[key]))
    table = {"words": WORDS, "arguments": ARGUMENTS, "pairs": PAIRS}[group]
    key = draw(st.sampled_from(list(table)))
    words = draw(st.lists(st.sampled_from(table[key]), min_size=1, max_size=3))
    written = [quoted(word, draw(st.integers(0, 1 if group == "words" else 2))) for word in words]
    joint = draw(st.sampled_from([" ", "  ", " \\\n  ", " \\\n# within\n  "]))
    return f"{key}={joint.join(written)}"


@st.composite
def units(draw: st.DrawFn) -> str:
    """A unit that Quadlet accepts."""
    lines = draw(st.lists(entries(), max_size=8))
    head = draw(st.sampled_from(["[Container]\n", "[Unit]\nDescription=x\n\n[Container]\n", "# first\n[Container]\n"]))
    return f"{head}Image=quay.io/a/b:1\n" + "\n".join(lines) + "\n"
