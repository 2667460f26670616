"""The client against the real registry, beside skopeo: what one pushes the other pulls, and both see the same digests."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealock.errors import TransportError
from sealock.image.remote import open_remote
from sealock.net.http import HttpTransport
from sealock.net.registry import upload
from sealock.net.registry.client import Fetched, Registry
from sealock.net.registry.clientconfig import open_registry
from sealock.net.registry.credentials import RegistryLogin
from sealock.net.registry.names import reference
from sealock.net.registry.requests import RegistryError, RequestOptions
from support.madeimages import config, docker_save, files, info, tar, write
from support.realregistry import HTPASSWD, real_registry, token_giver
from support.simulators.certificates import certificates
from support.simulators.registry import sha256
from support.waiting import PATIENCE

pytestmark = pytest.mark.live

STATUS = b"Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2-1\n\n"
BASE = tar(info("var/lib/dpkg/status", STATUS), info("etc/os-release", b'ID=debian\nVERSION_ID="13"\n'))
TOP = files(app=os.urandom(300_000))
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


class Me:
    """Is "me" everywhere."""

    def __init__(self, password: str = "word") -> None:  # noqa: S107  made up
        self.password = password

    def login(self, host: str, repository: str, /) -> RegistryLogin:
        del host, repository
        return RegistryLogin("me", self.password)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with real_registry(tmp_path_factory.mktemp("registry")) as one:
        yield one


@pytest.fixture(scope="module")
def skopeo(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    policy = tmp_path_factory.mktemp("policy") / "policy.json"
    policy.write_text('{"default":[{"type":"insecureAcceptAnything"}]}')
    return ["skopeo", "--policy", str(policy)]


def run(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, timeout=PATIENCE, env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stderr
    return done


def client(credentials: Me | None = None) -> Registry:
    return Registry(HttpTransport(environment={}), credentials)


def push(registry: Registry, text: str, **more: str) -> Fetched:
    """Push an image of two layers."""
    name = reference(text)
    sent = [upload.push_blob(registry, name, data) for data in (config(BASE, TOP, **more), gzip.compress(BASE), TOP)]
    kinds = ("image.config.v1+json", "image.layer.v1.tar+gzip", "image.layer.v1.tar")
    told = [
        upload.written(blob) | {"mediaType": f"application/vnd.oci.{kind}"}
        for blob, kind in zip(sent, kinds, strict=True)
    ]
    table = {"schemaVersion": 2, "mediaType": MANIFEST, "config": told[0], "layers": told[1:]}
    return upload.push_manifest(registry, name, json.dumps(table).encode(), MANIFEST, name.tag or "")


def test_what_we_push_skopeo_pulls(host: str, skopeo: list[str], tmp_path: Path) -> None:
    pushed = push(client(), f"{host}/ours:1")
    run(*skopeo, "copy", "--src-tls-verify=false", f"docker://{host}/ours:1", f"dir:{tmp_path / 'out'}")
    assert (tmp_path / "out" / "manifest.json").read_bytes() == pushed.raw


def test_what_skopeo_pushes_we_list(host: str, skopeo: list[str], tmp_path: Path) -> None:
    archive = write(tmp_path / "app.tar", docker_save(BASE, TOP))
    run(*skopeo, "copy", "--dest-tls-verify=false", f"docker-archive:{archive}", f"docker://{host}/theirs:1")
    image = open_remote(client(), reference(f"{host}/theirs:1"), platform="linux/amd64")
    assert [[entry.path for entry in layer.entries()] for layer in image.layers] == [
        ["var/lib/dpkg/status", "etc/os-release"],
        ["app"],
    ]
    assert image.errors == ()


def test_both_see_the_same_digest(host: str, skopeo: list[str]) -> None:
    push(client(), f"{host}/same:1")
    words = ("inspect", "--tls-verify=false", "--format", "{{.Digest}}", f"docker://{host}/same:1")
    theirs = run(*skopeo, *words).stdout.strip()
    ours = run(sys.executable, "-m", "sealock", "digest", "--no-policy", f"{host}/same:1").stdout.strip()
    assert ours == f"{host}/same:1@{theirs}"


def test_an_index_of_two_platforms_keeps_its_own_digest(host: str, skopeo: list[str]) -> None:
    one = client()
    made = {arch: push(one, f"{host}/many:{arch}", architecture=arch) for arch in ("amd64", "arm64")}
    entries = [
        upload.written(image.descriptor) | {"platform": {"os": "linux", "architecture": arch}}
        for arch, image in made.items()
    ]
    raw = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode()
    index = upload.push_manifest(one, reference(f"{host}/many:1"), raw, INDEX, "1")
    assert one.claim(reference(f"{host}/many:1")).digest == index.digest == sha256(raw)
    assert one.resolve(reference(f"{host}/many:1"), "linux/arm64").image.digest == made["arm64"].digest
    assert run(*skopeo, "inspect", "--raw", "--tls-verify=false", f"docker://{host}/many:1").stdout.encode() == raw


def test_a_large_blob_goes_up_in_chunks_and_comes_back(host: str) -> None:
    one, name = client(), reference(f"{host}/chunks:1")
    data = os.urandom(upload.CHUNK + 1000)
    upload.push_stream(one, name, sha256(data), (data[at : at + 1_000_000] for at in range(0, len(data), 1_000_000)))
    assert b"".join(one.blob(name, sha256(data), len(data))) == data


def test_a_blob_comes_from_the_middle_on(host: str) -> None:
    one, name = client(), reference(f"{host}/ours:1")
    upload.push_blob(one, name, TOP)
    path = f"blobs/{sha256(TOP)}"
    with one.requests.send(
        name, "GET", path, RequestOptions(headers={"range": "bytes=1000-"}, accepted=(206,))
    ) as answer:
        assert answer.headers["content-range"] == f"bytes 1000-{len(TOP) - 1}/{len(TOP)}"
        assert answer.read(len(TOP)) == TOP[1000:]


def test_a_blob_is_mounted(host: str) -> None:
    one = client()
    upload.push_blob(one, reference(f"{host}/from"), BASE)
    assert upload.mount(one, reference(f"{host}/into"), sha256(BASE), "from")
    assert one.has_blob(reference(f"{host}/into"), sha256(BASE))
    assert not upload.mount(one, reference(f"{host}/into"), "sha256:" + "1" * 64, "from")


def test_a_registry_without_referrers_keeps_the_tag_that_stands_for_them(host: str) -> None:
    one, name = client(), reference(f"{host}/referred:1")
    image = push(one, f"{host}/referred:1")
    made = {
        upload.push_artifact(one, name, kind, [(b"x", "text/plain", {})], subject=image.descriptor).digest
        for kind in ("application/a", "application/b")
    }
    assert {found.digest for found in one.referrers(name, image.digest)} == made
    assert image.digest.replace(":", "-") in list(one.tags(name))


def test_tags_are_listed(host: str) -> None:
    one = client()
    for tag in ("1", "2", "latest"):
        push(one, f"{host}/tagged:{tag}")
    assert sorted(one.tags(reference(f"{host}/tagged"))) == ["1", "2", "latest"]


def test_what_was_deleted_is_gone(host: str) -> None:
    one, name = client(), reference(f"{host}/deleted:1")
    pushed = push(one, f"{host}/deleted:1", architecture="gone")
    one.requests.send(name, "DELETE", f"manifests/{pushed.digest}", RequestOptions(accepted=(202,))).close()
    with pytest.raises(RegistryError, match="does not exist"):
        one.claim(reference(f"{host}/deleted@{pushed.digest}"))


def test_a_name_and_password_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "htpasswd").write_text(HTPASSWD)
    with real_registry(tmp_path, auth={"htpasswd": {"realm": "test", "path": str(tmp_path / "htpasswd")}}) as host:
        pushed = push(client(Me()), f"{host}/a:1")
        assert client(Me()).claim(reference(f"{host}/a:1")).digest == pushed.digest
        for nobody in (None, Me("other")):
            with pytest.raises(TransportError, match="docker login"):
                client(nobody).claim(reference(f"{host}/a:1"))


def test_tokens_are_asked_for(tmp_path: Path) -> None:
    made = certificates(tmp_path)
    with token_giver(made.certificate, made.key) as (realm, asked):
        auth = {"token": {"realm": realm, "service": "registry", "issuer": "test", "rootcertbundle": made.authority}}
        with real_registry(tmp_path, auth=auth) as host:
            pushed = push(client(Me()), f"{host}/a:1")
            one = client(Me())
            del asked[:]
            assert one.claim(reference(f"{host}/a:1")).digest == pushed.digest
            assert one.manifest(reference(f"{host}/a:1")) == pushed
            assert [query["scope"] for query in asked] == [["repository:a:pull"]]
            assert upload.mount(client(Me()), reference(f"{host}/b"), sha256(TOP), "a")


def test_tls_by_an_authority_in_certs_d(tmp_path: Path) -> None:
    made = certificates(tmp_path)
    tls = {"tls": {"certificate": made.certificate, "key": made.key}}
    with real_registry(tmp_path, http=tls) as host:
        with pytest.raises(TransportError, match="not trusted"):
            client().claim(reference(f"{host}/a:1"))
        folder = tmp_path / ".config" / "docker" / "certs.d" / host
        folder.mkdir(parents=True)
        (folder / "ca.crt").write_bytes(Path(made.authority).read_bytes())
        pushed = push(open_registry(environment={"HOME": str(tmp_path)}), f"{host}/a:1")
        words = (sys.executable, "-m", "sealock", "digest", "--no-policy", f"{host}/a:1")
        assert run(*words, HOME=str(tmp_path)).stdout == f"{host}/a:1@{pushed.digest}\n"


def test_an_archive_and_its_copy_in_a_registry_hold_the_same(host: str, skopeo: list[str], tmp_path: Path) -> None:
    archive = write(tmp_path / "app.tar", docker_save(BASE, TOP))
    run(*skopeo, "copy", "--dest-tls-verify=false", f"docker-archive:{archive}", f"docker://{host}/copied:1")
    told = []
    for target in (archive, f"image:{host}/copied:1"):
        words = (sys.executable, "-m", "sealock", "sbom", "--format", "json", "--platform", "linux/amd64", target)
        told.append(json.loads(run(*words, SEALOCK_CACHE_DIR=str(tmp_path / "cache")).stdout))
    assert told[0]["packages"] == told[1]["packages"]
    assert told[0]["packages"]
