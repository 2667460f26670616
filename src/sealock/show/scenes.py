"""The scenes of the chapters on images: what goes wrong without the remedy, and the same with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from sealock.errors import TargetError
from sealock.model.imagename import parse
from sealock.net.registry.clientconfig import open_registry
from sealock.net.registry.upload import push_blob, push_manifest
from sealock.show.chapters import Scene
from sealock.show.client import Client
from sealock.show.demonstration import Demonstration
from sealock.show.notary import PROGRAM, is_installed, notary
from sealock.show.plan import TOOLS, Act, Command, Plan, removal, start_box
from sealock.show.registry import registry
from sealock.show.setting import Place

_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
_THEFT: Final = "a thief of the registry's password puts another image under the tag"
_CONFIG: Final = "application/vnd.oci.image.config.v1+json"


def _about(harm: str, refused: str, because: str) -> Demonstration:
    return Demonstration(rule="", run="", harm=harm, steps=(), refused=refused, refused_because=because)


@contextmanager
def scene(name: Scene, place: Place, client: Client) -> Iterator[Plan]:
    """Make what a scene needs, and plan it; all is gone at the end."""
    match name:
        case "images":
            yield _images(place, client.words)
        case "scanning":
            yield _scanning(place, client.words)
        case "digests":
            with registry() as server:
                yield _digests(server.host, server.program)
        case "content-trust":
            with registry() as server:
                if not is_installed():
                    yield _signed_by_key(place, server.host, server.program)
                    return
                known = dict(client.environment)
                with notary(Path(place.files)) as environment:
                    client.environment |= environment
                    try:
                        yield _signed_in_notary(server.host, server.program)
                    finally:
                        client.environment = known
        case "":
            message = "this chapter has no scene"
            raise TargetError(message)


def _images(place: Place, client: tuple[str, ...]) -> Plan:
    secret, clean = f"sealock-show:{place.run}-1", f"sealock-show:{place.run}-2"
    commit = (*client, "commit", "--change", f"LABEL {place.label}")
    read = (*client, "image", "inspect", "--format", "{{.Config.Env}}")
    token = f"marker-{place.run}"
    return Plan(
        _about(
            "A build sets a token in the image; everybody who has the image reads it, without starting anything.",
            "[",
            "A secret that is mounted for the build, or given to the container, is in no image.",
        ),
        (start_box(client, place),),
        Act(
            (Command((*commit, "--change", f"ENV TOKEN={token}", place.box, secret)),),
            (Command((*read, secret), "harm", shows=token),),
            (),
        ),
        Act((Command((*commit, place.box, clean)),), (Command((*read, clean), "harm", shows=token),), ()),
        (Command((*client, *removal(client[0]), place.box), "remove"),),
        (),
    )


def _scanning(place: Place, client: tuple[str, ...]) -> Plan:
    bad, good = f"sealock-show:{place.run}-3", f"sealock-show:{place.run}-4"
    commit = (*client, "commit", "--change", f"LABEL {place.label}")
    check = (
        "sealock",
        "check",
        "--only",
        "F001",
        "--format",
        "concise",
        "--fail-on",
        "info",
        "--no-policy",
        "--no-cache",
        "--quiet",
    )
    busybox = f"{TOOLS}/bin/busybox" if place.own_image else "/bin/busybox"
    add = (*client, "exec", place.box, "sh", "-c", f"cp {busybox} /as-root && chmod 4755 /as-root")
    drop = (*client, "exec", place.box, "chmod", "755", "/as-root")
    return Plan(
        _about(
            "An image has a program that makes every user root; the scanner names it before anything runs.",
            "",
            "Without the set-user-ID bit there is nothing to report.",
        ),
        (start_box(client, place),),
        Act(
            (Command(add), Command((*commit, place.box, bad))),
            (Command((*check, f"docker:{bad}"), "harm", shows="F001", status=1),),
            (),
        ),
        Act(
            (Command(drop), Command((*commit, place.box, good))),
            (Command((*check, f"docker:{good}"), "harm", shows="F001", status=1),),
            (),
        ),
        (Command((*client, *removal(client[0]), place.box), "remove"),),
        (),
    )


def _digests(host: str, program: str) -> Plan:
    name = f"{host}/app"
    tested, other = _push(f"{name}:1", "tested"), _digest("other")
    ask = ("sealock", "digest", "--no-policy")
    move = Command(("#", "the tag is moved to another image"), calls=lambda: _push(f"{name}:1", "other"))
    return Plan(
        _about(
            f"The image behind a tag is exchanged: the same words pull another image ({program}, on this machine).",
            tested,
            "The digest is the hash of the image: what is pulled by it is that image, or nothing.",
        ),
        (),
        Act(
            (Command((*ask, f"{name}:1")), move),
            (Command((*ask, f"{name}:1"), "harm", shows=other),),
            (),
        ),
        Act((), (Command((*ask, f"{name}@{tested}"), "harm", shows=other),), ()),
        (),
        (),
    )


def _signed_in_notary(host: str, program: str) -> Plan:
    name = f"{host}/app"
    tested = _push(f"{name}:1", "tested")
    move = Command(("#", _THEFT), calls=lambda: _push(f"{name}:1", "other"))
    trust = ("sealock", "trust")
    return Plan(
        _about(
            "A thief of the registry's password exchanges an image, and no pull notices "
            f"({program} and {PROGRAM}, on this machine).",
            tested,
            "The publisher signed the digest of this tag: verified first, the name leads to that image again.",
        ),
        (
            Command((*trust, "init", name, "--no-policy")),
            Command((*trust, "sign", f"{name}:1", "--no-policy")),
        ),
        Act((move,), (_ask(f"{name}:1"),), ()),
        Act(
            (),
            (Command((*trust, "verify", "--quiet", f"{name}:1", "--no-policy"), "harm", shows=_digest("other")),),
            (),
        ),
        (),
        (),
    )


def _signed_by_key(place: Place, host: str, program: str) -> Plan:
    name = f"{host}/app:1"
    _push(name, "tested")
    key = f"{place.files}/release"
    move = Command(("#", _THEFT), calls=lambda: _push(name, "other"))
    return Plan(
        _about(
            f"A thief of the registry's password exchanges an image, and no pull notices ({program}, and cosign's kind "
            "of signature, since no notary-server is installed).",
            "is not trusted",
            "The thief has no key: a pull that verifies first refuses the image.",
        ),
        (
            Command(("sealock", "trust", "keys", "generate", "--cosign", key)),
            Command(("sealock", "trust", "sign", name, "--key", f"{key}.key", "--no-policy")),
        ),
        Act((move,), (_ask(name),), ()),
        Act((), (Command(("sealock", "trust", "verify", name, "--key", f"{key}.pub", "--no-policy"), "harm"),), ()),
        (),
        (),
    )


def _ask(name: str) -> Command:
    """Ask for the digest, without a look at who signed it."""
    return Command(("sealock", "digest", "--no-policy", name), "harm", shows=_digest("other"))


def _image(what: str) -> tuple[bytes, bytes]:
    """An image without layers: its configuration and its manifest."""
    table = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Labels": {"what": what}},
        "rootfs": {"type": "layers", "diff_ids": []},
    }
    config = json.dumps(table).encode()
    digest = f"sha256:{sha256(config).hexdigest()}"
    described = {"mediaType": _CONFIG, "digest": digest, "size": len(config)}
    manifest: dict[str, Any] = {"schemaVersion": 2, "mediaType": _MANIFEST, "config": described, "layers": []}
    return config, json.dumps(manifest).encode()


def _digest(what: str) -> str:
    return f"sha256:{sha256(_image(what)[1]).hexdigest()}"


def _push(name: str, what: str) -> str:
    """Push an image under a name, and return its digest."""
    image = parse(name)
    if image is None:
        message = f"{name} is no reference"
        raise TargetError(message)
    config, manifest = _image(what)
    client = open_registry()
    push_blob(client, image, config)
    push_manifest(client, image, manifest, _MANIFEST, image.tag or "")
    return _digest(what)
