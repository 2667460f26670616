"""Which container a process is in, by every shape of path and mount that engines make."""

from __future__ import annotations

import pytest

from sealock.runtime.kernel import procfiles
from sealock.runtime.kernel.identity import ContainerIdentity, identity
from support.recordedtree import ID, OTHER

POD = "pod11111111_2222_3333_4444_555555555555"
PATHS = {
    "docker, cgroupfs": (f"/docker/{ID}", "docker"),
    "docker, systemd": (f"/system.slice/docker-{ID}.scope", "docker"),
    "docker, rootless": (f"/user.slice/user-1000.slice/user@1000.service/user.slice/docker-{ID}.scope", "docker"),
    "docker, below another parent": (f"/batch/{ID}", ""),
    "docker, in a group of its own making": (f"/docker/{ID}/init", "docker"),
    "podman, systemd": (f"/machine.slice/libpod-{ID}.scope", "podman"),
    "podman, systemd, below the scope": (f"/machine.slice/libpod-{ID}.scope/container", "podman"),
    "podman, rootless": (f"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope", "podman"),
    "podman, cgroupfs": (f"/libpod_parent/libpod-{ID}", "podman"),
    "podman, in its unit's group, as Quadlet has it": (f"/system.slice/web.service/libpod-payload-{ID}", "podman"),
    "podman, split, below": (f"/user.slice/user-1000.slice/user@1000.service/app.slice/web.service/libpod-payload-{ID}/init", "podman"),
    "nerdctl, systemd": (f"/system.slice/nerdctl-{ID}.scope", "nerdctl"),
    "docker in LXC": (f"/lxc.payload.c1/docker/{ID}", "docker"),
    "docker in nspawn": (f"/machine.slice/systemd-nspawn@c1.service/payload/system.slice/docker-{ID}.scope", "docker"),
    "kind": (f"/system.slice/docker-{OTHER}.scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-{POD}.slice/cri-containerd-{ID}.scope", "containerd"),
    "ECS": (f"/ecs/0123456789abcdef0123456789abcdef/{ID}", ""),
    "containerd, Kubernetes, systemd": (
        f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-{POD}.slice/cri-containerd-{ID}.scope",
        "containerd",
    ),
    "containerd, Kubernetes, cgroupfs": (f"/kubepods/burstable/{POD}/{ID}", "kubernetes"),
    "containerd, Kubernetes, a unit's prefix": (f"/system.slice/containerd.service/{POD}:cri-containerd:{ID}", "containerd"),
    "CRI-O, systemd": (f"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-{POD}.slice/crio-{ID}.scope", "cri-o"),
    "CRI-O, cgroupfs": (f"/kubepods/besteffort/{POD}/crio-{ID}", "cri-o"),
    "containerd by itself": (f"/default/{ID}", ""),
    "k3s in Docker: the inner one counts": (f"/docker/{OTHER}/kubepods/besteffort/{POD}/{ID}", "kubernetes"),
    "Docker in Docker: the inner one counts": (f"/docker/{OTHER}/docker/{ID}", "docker"),
    "Docker in Kubernetes": (f"/kubepods/{POD}/{OTHER}/docker/{ID}", "docker"),
}  # fmt: skip
NONE = [
    "/",
    "/init.scope",
    "/user.slice/user-1000.slice/session-1.scope",
    "/system.slice/docker.service",
    f"/machine.slice/libpod-conmon-{ID}.scope",
    f"/kubepods.slice/kubepods-{POD}.slice/crio-conmon-{ID}.scope",
    "/lxc.payload.c1/init.scope",
    "/machine.slice/systemd-nspawn@c1.service/payload",
    "/nomad.slice/share.slice/0123abcd-0123-0123-0123-0123456789ab.web.scope",
    f"/system.slice/docker-{ID[:-1]}.scope",
    f"/docker/{ID.upper()}",
    f"/docker/{ID[:12]}",
    "/docker/" + "a/" * 5000 + ID,
]
MOUNTS = {
    "docker": (f"/var/lib/docker/containers/{ID}/hostname", "/etc/hostname", "docker"),
    "docker, another data root": (f"/data/100000.100000/containers/{ID}/resolv.conf", "/etc/resolv.conf", "docker"),
    "podman": (f"/containers/storage/overlay-containers/{ID}/userdata/hosts", "/etc/hosts", "podman"),
    "podman, another driver": (f"/containers/storage/vfs-containers/{ID}/userdata/hostname", "/etc/hostname", "podman"),
    "nerdctl": (f"/var/lib/nerdctl/1935db59/containers/default/{ID}/resolv.conf", "/etc/resolv.conf", "nerdctl"),
    "nerdctl, hosts": (f"/var/lib/nerdctl/1935db59/etchosts/default/{ID}/hosts", "/etc/hosts", "nerdctl"),
    "containerd": (f"/io.containerd.grpc.v1.cri/sandboxes/{ID}/resolv.conf", "/etc/resolv.conf", "containerd"),
}


@pytest.mark.parametrize(("path", "engine"), PATHS.values(), ids=PATHS)
@pytest.mark.parametrize(
    "line", ["0::{}\n", "12:memory:{}\n11:cpu,cpuacct:{}\n1:name=systemd:{}\n0::/\n"], ids=["2", "1"]
)
def test_the_cgroup_shows_the_id(path: str, engine: str, line: str) -> None:
    assert identity(procfiles.control_groups(line.replace("{}", path)), ()) == ContainerIdentity(
        ID, engine, "cgroup path"
    )


@pytest.mark.parametrize("path", NONE, ids=range(len(NONE)))
def test_what_is_no_containers_group_shows_nothing(path: str) -> None:
    assert identity(procfiles.control_groups(f"0::{path}\n"), ()) == ContainerIdentity()


@pytest.mark.parametrize(("root", "target", "engine"), MOUNTS.values(), ids=MOUNTS)
@pytest.mark.parametrize("path", ["/", "/../../.."])
def test_in_a_private_namespace_of_groups_the_mounts_show_the_id(
    root: str, target: str, engine: str, path: str
) -> None:
    mounts = procfiles.mounts(f"1 2 8:1 {root} {target} rw - ext4 /dev/sda rw\n")
    assert identity(procfiles.control_groups(f"0::{path}\n"), mounts) == ContainerIdentity(ID, engine, "mountinfo")


def test_a_mount_elsewhere_shows_nothing() -> None:
    mounts = procfiles.mounts(f"1 2 8:1 /var/lib/docker/containers/{ID}/hostname /tmp/x rw - ext4 /dev/sda rw\n")
    assert identity((), mounts) == ContainerIdentity()


@pytest.mark.parametrize(
    ("name", "found"), [(ID[:12], ID[:12]), ("web", ""), (ID[:13], ""), ("0123456789AB", ""), (ID[:12] + "\n", "")]
)
def test_a_short_id_as_the_host_name_comes_last(name: str, found: str) -> None:
    assert identity((), (), name).id == found


def test_the_group_counts_more_than_a_mount_that_anybody_may_make() -> None:
    mounts = procfiles.mounts(f"1 2 8:1 /containers/{OTHER}/hostname /etc/hostname rw - ext4 /dev/sda rw\n")
    assert identity((("", f"/docker/{ID}"),), mounts).id == ID
