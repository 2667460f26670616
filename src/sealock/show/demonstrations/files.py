"""Files: the root file system, mounts, the engine's socket."""

from __future__ import annotations

from typing import Final

from sealock.model.absent import UNSET
from sealock.model.change import Set
from sealock.show.demonstration import Demonstration, Other, Step

_WRITES: Final = (
    Step("touch <target>/written"),
    Step("ls -l <stand-in>/written", "host", shows="written"),
)
_REMAPPED: Final = (("remapped", "the engine remaps root: on the host it is a user that may not write there"),)
_MAKES: Final = (
    Step("<docker> -H unix://<socket> create --privileged --name <box>-made --label <label> <image> sleep 300"),
    Step("inspect -f {{.HostConfig.Privileged}} <box>-made", "client", shows="true"),
)

DEMONSTRATIONS: Final = (
    Demonstration(
        rule="C011",
        run="docker run -v /var/run/docker.sock:/var/run/docker.sock app",
        harm="The container makes a privileged container, which is root on the host.",
        steps=_MAKES,
        refused="o such",
        fields=("mounts",),
        refused_because="Without the socket it cannot reach the engine.",
        makes=("<box>-made",),
    ),
    Demonstration(
        rule="C012",
        run="docker run -v /run:/host-run app",
        harm="Through the directory it reaches the engine's socket, and makes a privileged container.",
        steps=_MAKES,
        refused="o such",
        fields=("mounts",),
        refused_because="Without the directory it cannot reach the engine.",
        makes=("<box>-made",),
    ),
    Demonstration(
        rule="C014",
        run="docker run -v /etc:/host app",
        harm="The container adds a file to the host's directory.",
        steps=_WRITES,
        refused="No such file",
        fields=("mounts",),
        refused_because="A read-only mount refuses all changes.",
        stopped_by=_REMAPPED,
    ),
    Demonstration(
        rule="C015",
        run="docker run -v /etc:/host:ro app",
        harm="The container reads a file of the host.",
        steps=(Step("cat <target>/marker", shows="<marker>"),),
        refused="No such file",
        fields=("mounts",),
        refused_because="Without the mount the file is not there.",
    ),
    Demonstration(
        rule="C016",
        run="docker run -v ~/.ssh:/root/.ssh:ro app",
        harm="The container reads the credentials of a user of the host.",
        steps=(Step("cat <target>/marker", shows="<marker>"),),
        refused="No such file",
        fields=("mounts",),
        refused_because="Without the mount they are not there.",
    ),
    Demonstration(
        rule="C040",
        run="docker run app",
        harm="The container leaves a file where programs and settings are, as an attacker leaves tools.",
        steps=(Step("touch /left-behind"),),
        refused="Read-only file system",
        fields=("read_only",),
        refused_because="On a read-only root file system nothing can be left behind.",
    ),
    Demonstration(
        rule="C041",
        run="docker run --tmpfs /run:exec app",
        harm="The container copies a program into memory and starts it, as an attacker starts a downloaded one.",
        steps=(Step("cp <busybox> <target>/busybox"), Step("sh -c '<target>/busybox echo started'", shows="started")),
        refused="ermission denied",
        fields=("mounts",),
        refused_because="On a tmpfs that is mounted noexec, nothing can be started.",
    ),
    Demonstration(
        rule="C056",
        run="docker run --volumes-from other app",
        harm="The container reads the data of another one.",
        steps=(Step("cat /data/marker", shows="<marker>"),),
        refused="No such file",
        fields=("volumes_from",),
        refused_because="Without the other's volumes its data is not there.",
        other=Other("echo <marker> > /data/marker; exec sleep 300", "--volume /data"),
        remedy=(Set("volumes_from", UNSET),),
    ),
    Demonstration(
        rule="C067",
        run="docker run -v settings:/etc app",
        harm="What one container leaves in the system directory, the next one finds there.",
        steps=(Step("touch /etc/left-behind"), Step("ls /etc/left-behind", "again")),
        refused="No such file",
        refused_because="Without the volume each container starts from its image.",
    ),
    Demonstration(
        rule="C084",
        run="docker run -v .:/app app",
        harm="The container changes the project's directory on the host.",
        steps=_WRITES,
        refused="No such file",
        fields=("mounts",),
        refused_because="A read-only mount refuses all changes.",
        stopped_by=_REMAPPED,
    ),
)
