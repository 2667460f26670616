"""What the recorded commands of `sealock pin` meet: a file of each format, and a registry that refuses and moves."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from support.simulators.registry import Asked, RegistrySimulator, Reply

RECORD: Final = "pins"
_REFUSALS: Final = {"/v2/closed/": 401, "/v2/denied/": 403, "/v2/odd/": 418}
_OLD: Final = f"@sha256:{'a' * 64}"
_FILES: Final = {
    "pin/Dockerfile": "ARG TAG=1\nARG FULL=HOST/app:2\nFROM HOST/app:$TAG AS a\nFROM $FULL\nCOPY --from=HOST/multi:1 / /\nFROM a\n",
    "pin/compose.yaml": f"services:\n  a: {{image: 'HOST/app:1{_OLD}'}}\n  b:\n    image: HOST/multi:${{TAG:-1}} # kept\n  c: {{image: own, build: .}}\n",
    "pin/pod.yaml": "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - {name: a, image: HOST/app:1}\n  - name: b\n    image: HOST/multi:arm\n",
    "pin/web.container": "[Container]\nImage=HOST/app:2\n",
    "pin/.gitlab-ci.yml": "image: HOST/app:1\nj: {script: [docker run HOST/app:2]}\n",
    "pin/docker-bake.hcl": 'target "a" {\n  contexts = { b = "docker-image://HOST/multi:1" }\n}\n',
    "pin/.devcontainer/devcontainer.json": '{"image": "HOST/app:1"} // a comment\n',
    "pin/up.sh": "IMAGE=HOST/app:1\ndocker run $IMAGE\ndocker pull HOST/app:2\n",
    "pin/Makefile": "up:\n\tdocker run HOST/app:2 $(X)\n",
    "fail/gone.sh": "docker run HOST/app:1\ndocker run HOST/gone:1\n",
    "fail/closed.sh": "docker run HOST/closed:1\n",
    "fail/denied.sh": "docker run HOST/denied:1\n",
    "fail/odd.sh": "docker run HOST/odd:1\n",
    "fail/deleted.sh": f"docker run HOST/app:1{_OLD}\ndocker run HOST/gone:1{_OLD}\ndocker run HOST/app{_OLD}\n",
    "lock/up.sh": "docker run HOST/app:1\n",
    "lost.lock": f'{{"sealock": 1, "images": {{"HOST/app:1": {{"digest": "{_OLD[1:]}"}}}}, "files": {{"lock/up.sh": ["HOST/app:1"]}}}}',
    "files.lock": f'{{"sealock": 1, "images": {{"HOST/app:1": {{"digest": "{_OLD[1:]}"}}}}}}',
    "version.lock": '{"sealock": 2}',
    "digest.lock": '{"sealock": 1, "images": {"a:1": {"digest": "sha256:1"}}}',
    "platform.lock": f'{{"sealock": 1, "images": {{"a:1": {{"digest": "{_OLD[1:]}", "platforms": {{"linux/amd64": "x"}}}}}}}}',
    "seen.lock": '{"sealock": 1, "seen": {"a:1": [{"digest": "x", "first": "2026-11-20T10:00:00Z", "last": "2026-11-20T10:00:00Z"}]}}',
    "array.lock": "[]",
    "aged.toml": '[pin]\nmin-age = "3d"\n',
}


def prepare(here: Path, server: RegistrySimulator) -> None:
    """Write the files, and let the registry refuse some repositories."""
    for name, text in _FILES.items():
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(text.replace("HOST", server.host), encoding="utf-8")

    def refuse(asked: Asked) -> Reply | None:
        status = next((status for start, status in _REFUSALS.items() if asked.path.startswith(start)), None)
        return Reply(status, b"{}") if status else None

    server.answers = refuse


def move_tag(server: RegistrySimulator, tag: str, to: str) -> str:
    """Let a tag of the repository app name what another names."""
    server.manifests["app"][tag] = server.manifests["app"][to]
    return ""
