"""Requests for the guard: known ways around a filter in front of an engine, and requests that are sound."""

from __future__ import annotations

from typing import Any

from sealock.guard.decision.exchange import PathAnswer
from support.guardworld import OPEN, GuardWorld

CREATE = "POST /v1.44/containers/create?name=web"
MASKED = [
    "/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
    "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap",
]  # fmt: skip
READ_ONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
"""What Engine 26 describes, and clients send that make a container again."""
HOST_VOLUME = {"Name": "root", "Driver": "local", "Options": {"type": "none", "o": "bind", "device": "/"}}
PRIVILEGED: dict[str, Any] = {
    "Id": "a" * 64, "Name": "/db", "Config": {"Image": "postgres:16", "User": "999", "Labels": {}},
    "HostConfig": {"Privileged": True, "MaskedPaths": None, "ReadonlyPaths": None},
    "NetworkSettings": {"Networks": {}}, "Mounts": [],
}  # fmt: skip
PLAIN = PRIVILEGED | {
    "Id": "b" * 64, "Name": "/web",
    "HostConfig": {"Privileged": False, "MaskedPaths": ["/proc/kcore"], "ReadonlyPaths": ["/proc/sys"], "Memory": 1 << 20},
}  # fmt: skip


def world(policy: str = OPEN, *, rewrites: bool = True) -> GuardWorld:
    """An engine with containers, volumes, networks and services of all kinds."""
    made = GuardWorld(policy, rewrites=rewrites)
    made.engine |= {
        "/volumes/root": HOST_VOLUME,
        "/volumes/data": {"Name": "data", "Driver": "local", "Options": None},
        "/containers/db/json": PRIVILEGED,
        "/containers/web/json": PLAIN,
        "/exec/e1/json": {"ID": "e1", "ContainerID": "b" * 64, "ProcessConfig": {"privileged": True}},
        "/exec/e2/json": {"ID": "e2", "ContainerID": "b" * 64, "ProcessConfig": {"privileged": False}},
        f"/containers/{'b' * 64}/json": PLAIN,
        "/services/odd": {"PreviousSpec": {"Unknown": 1}},
        "/networks/4f2a": {"Name": "host", "Id": "4f2a", "Driver": "host"},
        "/services/old": {"Spec": {}, "PreviousSpec": {
            "Name": "old",
            "TaskTemplate": {"ContainerSpec": {"Image": "app:1", "CapabilityAdd": ["SYS_ADMIN"]}},
        }},
    }  # fmt: skip
    made.links |= {"/srv/link": "/etc", "/srv/app/../../run": "/run"}
    made.paths["/srv/engine"] = PathAnswer("/srv/engine", "socket")
    return made


def host(**fields: Any) -> dict[str, Any]:
    return {"Image": "nginx:1.27", "HostConfig": fields}


def mount(**fields: Any) -> dict[str, Any]:
    return host(Mounts=[{"Target": "/h"} | fields])


def service(network: str = "", **fields: Any) -> dict[str, Any]:
    task: dict[str, Any] = {"ContainerSpec": {"Image": "nginx:1.27"} | fields}
    return {"Name": "s", "TaskTemplate": task | ({"Networks": [{"Target": network}]} if network else {})}


BIND = {"type": "none", "o": "bind", "device": "/"}
TEXT = b'{"Image": "nginx:1.27", "HostConfig": {"Privileged": true}}'
ROWS: tuple[tuple[str, str, Any, str], ...] = (
    # What a create body gives
    ("privileged", CREATE, host(Privileged=True), "C001"),
    ("a capability that is root", CREATE, host(CapAdd=["CAP_SYS_ADMIN"]), "C002"),
    ("all capabilities", CREATE, host(CapAdd=["ALL"]), "C002"),
    ("seccomp unconfined", CREATE, host(SecurityOpt=["seccomp=unconfined"]), "C007"),
    ("seccomp unconfined with a colon", CREATE, host(SecurityOpt=["seccomp:unconfined"]), "C007"),
    ("a seccomp profile that allows all", CREATE, host(SecurityOpt=['seccomp={"defaultAction":"SCMP_ACT_ALLOW"}']), "G013"),
    ("AppArmor unconfined", CREATE, host(SecurityOpt=["apparmor=unconfined"]), "C008"),
    ("another AppArmor profile", CREATE, host(SecurityOpt=["apparmor=open"]), "G013"),
    ("SELinux disabled", CREATE, host(SecurityOpt=["label=disable"]), "C009"),
    ("a security option that the guard does not know", CREATE, host(SecurityOpt=["writable-cgroups=true"]), "G013"),
    ("masked paths emptied", CREATE, host(MaskedPaths=[], ReadonlyPaths=[]), "C010"),
    ("only masked paths emptied", CREATE, host(MaskedPaths=[]), "C010"),
    ("read-only paths replaced", CREATE, host(ReadonlyPaths=["/proc/nothing"]), "C010"),
    ("the engine's socket", CREATE, host(Binds=["/var/run/docker.sock:/s"]), "G006"),
    ("the directory of the socket", CREATE, host(Binds=["/var/run:/s:ro"]), "G006"),
    ("the root directory", CREATE, host(Binds=["/:/h"]), "G006"),
    ("the root directory as a mount", CREATE, mount(Type="bind", Source="/"), "G006"),
    ("a bind without a type", CREATE, mount(Source="/"), "G008"),
    ("a relative bind", CREATE, mount(Type="bind", Source="../etc"), "G006"),
    ("a link to a directory of the host", CREATE, host(Binds=["/srv/link:/h"]), "G006"),
    ("a path with ..", CREATE, host(Binds=["/srv/app/../../run:/h"]), "C012"),
    ("a socket by another name", CREATE, host(Binds=["/srv/engine:/h"]), "G006"),
    ("a volume that is a bind", CREATE, host(Binds=["root:/h"]), "G006"),
    ("a volume that is a bind, as a mount", CREATE, mount(Type="volume", Source="root"), "G006"),
    ("a new volume that is a bind", CREATE, mount(Type="volume", Source="new", VolumeOptions={"DriverConfig": {"Name": "local", "Options": BIND}}), "G006"),
    ("an anonymous volume that is a bind", CREATE, mount(Type="volume", VolumeOptions={"DriverConfig": {"Options": BIND}}), "G006"),
    ("a volume that is a device", CREATE, mount(Type="volume", VolumeOptions={"DriverConfig": {"Options": {"type": "ext4", "device": "/dev/sda1"}}}), "G008"),
    ("a volume that is an overlay of the host", CREATE, mount(Type="volume", VolumeOptions={"DriverConfig": {"Options": {"type": "overlay", "device": "overlay", "o": "lowerdir=/"}}}), "G008"),
    ("a tmpfs that is a bind", CREATE, host(Tmpfs={"/x": "rw,rbind"}), "G008"),
    ("a tmpfs with a source", CREATE, host(Tmpfs={"/x": "source=/"}), "G008"),
    ("a tmpfs with a bind among its flags", CREATE, mount(Type="volume", VolumeOptions={"DriverConfig": {"Options": {"type": "tmpfs", "device": "/", "o": "size=1m,rbind"}}}), "G006"),
    ("another volume driver", CREATE, host(Binds=["new:/h"], VolumeDriver="vieux/sshfs"), "G008"),
    ("a named pipe", CREATE, mount(Type="npipe", Source="//./pipe/docker_engine"), "G008"),
    ("two mounts at one path", CREATE, host(Binds=["data:/h"], Tmpfs={"/h": ""}), "G004"),
    ("a shared mount", CREATE, host(Binds=["/srv/app:/h:rshared"]), "C042"),
    ("volumes of another container", CREATE, host(VolumesFrom=["db"]), "C056"),
    ("the host's PID namespace", CREATE, host(PidMode="host"), "C018"),
    ("the host's IPC namespace", CREATE, host(IpcMode="host"), "C019"),
    ("the host's network", CREATE, host(NetworkMode="host"), "C020"),
    ("the host's network by its id", CREATE, host(NetworkMode="4f2a"), "C020"),
    ("the host's network as an endpoint", CREATE, host() | {"NetworkingConfig": {"EndpointsConfig": {"host": {}}}}, "C020"),
    ("the host's network as an endpoint's id", CREATE, host() | {"NetworkingConfig": {"EndpointsConfig": {"x": {"NetworkID": "4f2a"}}}}, "C020"),
    ("the host's UTS namespace", CREATE, host(UTSMode="host"), "C021"),
    ("the host's user namespace", CREATE, host(UsernsMode="host"), "C022"),
    ("the host's cgroup namespace", CREATE, host(CgroupnsMode="host"), "C023"),
    ("another container's PID namespace", CREATE, host(PidMode="container:db"), "C024"),
    ("another container's network", CREATE, host(NetworkMode="container:db"), "C024"),
    ("another container's cgroup", CREATE, host(Cgroup="container:db"), "C024"),
    # What Podman reads out of it
    ("a PID namespace by its path", CREATE, host(PidMode="ns:/proc/1/ns/pid"), "G004"),
    ("an IPC namespace by its path", CREATE, host(IpcMode="ns:/proc/1/ns/ipc"), "G004"),
    ("a UTS namespace by its path", CREATE, host(UTSMode="ns:/proc/1/ns/uts"), "G004"),
    ("another container's UTS namespace", CREATE, host(UTSMode="container:db"), "G004"),
    ("a user namespace by its path", CREATE, host(UsernsMode="ns:/proc/1/ns/user"), "G004"),
    ("a cgroup namespace by its path", CREATE, host(CgroupnsMode="ns:/proc/1/ns/cgroup"), "G004"),
    ("a network namespace by its path", CREATE, host(NetworkMode="ns:/proc/1/ns/net"), "G012"),
    ("a network of the host's loopback", CREATE, host(NetworkMode="slirp4netns:allow_host_loopback=true"), "G012"),
    ("a mode in another case", CREATE, host(PidMode="HOST"), "G004"),
    ("an anonymous volume with a source", CREATE, {"Image": "nginx:1.27", "Volumes": {"/etc:/x": {}}}, "G004"),
    ("an overlay whose upper directory is the host's", CREATE, host(Binds=["data:/x:O,upperdir=/etc,workdir=/root"]), "G004"),
    ("a bind that changes owners", CREATE, host(Binds=["data:/x:U"]), "G004"),
    ("a mount whose target has options", CREATE, mount(Type="volume", Source="data", Target="/x,volume-opt=o=bind,volume-opt=device=/etc"), "G004"),
    ("a mount whose source has options", CREATE, mount(Type="volume", Source="data,U=true"), "G008"),
    ("a mount whose propagation has options", CREATE, mount(Type="tmpfs", BindOptions={"Propagation": "rprivate,src=/etc"}), "G004"),
    ("the groups of the engine", CREATE, host(GroupAdd=["keep-groups"]), "C047"),
    ("a working directory that is a descriptor by its link", CREATE, host() | {"WorkingDir": "/dev/fd/8"}, "G006"),
    ("a device", CREATE, host(Devices=[{"PathOnHost": "/dev/sda", "PathInContainer": "/dev/x"}]), "G014"),
    ("a device of CDI", CREATE, host(DeviceRequests=[{"Driver": "cdi", "DeviceIDs": ["vendor.com/class=all"]}]), "G014"),
    ("GPUs", CREATE, host(DeviceRequests=[{"Count": -1, "Capabilities": [["gpu"]]}]), "G014"),
    ("a device rule", CREATE, host(DeviceCgroupRules=["b 8:0 rwm"]), "G014"),
    ("a cgroup of the host", CREATE, host(CgroupParent="/"), "C045"),
    ("the cgroup of the system's services", CREATE, host(CgroupParent="system.slice"), "C045"),
    ("the cgroup that an engine takes by itself, where it may have another", CREATE, host(CgroupParent="docker"), "C045"),
    ("masked paths without one of the engine's", CREATE, host(MaskedPaths=[path for path in MASKED if path != "/proc/kcore"]), "C010"),
    ("read-only paths without one of the engine's", CREATE, host(ReadonlyPaths=READ_ONLY[1:]), "C010"),
    ("another runtime", CREATE, host(Runtime="/usr/bin/shim"), "C057"),
    ("the disk group", CREATE, host(GroupAdd=["disk"]), "C047"),
    ("a sysctl of the host", CREATE, host(Sysctls={"kernel.core_pattern": "|/x"}), "C050"),
    ("the OOM killer kept away", CREATE, host(OomScoreAdj=-1000), "C034"),
    ("an annotation for a runtime", CREATE, host(Annotations={"org.criu.config": "/x"}), "G013"),
    ("a log driver that opens a socket", CREATE, host(LogConfig={"Type": "syslog", "Config": {"syslog-address": "unix:///run/x"}}), "G006"),
    ("a log driver that reads a file", CREATE, host(LogConfig={"Type": "splunk", "Config": {"splunk-capath": "/etc/shadow"}}), "G006"),
    ("a log driver that opens a socket, in capitals", CREATE, host(LogConfig={"Type": "syslog", "Config": {"syslog-address": "Unixgram:///run/x"}}), "G006"),
    ("a log driver that reads a relative path", CREATE, host(LogConfig={"Type": "syslog", "Config": {"syslog-tls-key": "etc/key"}}), "G006"),
    *(
        (f"a log that is sent away with {driver}", CREATE, host(LogConfig={"Type": driver, "Config": options}), "G017")
        for driver, options in (
            ("syslog", {"syslog-address": "tcp://127.0.0.1:6379"}), ("gelf", {"gelf-address": "udp://10.0.0.1:1"}), ("fluentd", {}),
            ("splunk", {"splunk-url": "https://169.254.169.254"}), ("awslogs", {"awslogs-endpoint": "http://127.0.0.1"}), ("gcplogs", {}),
            ("vendor/plugin:1", {}),
        )
    ),
    *(
        (f"a log that the engine's own driver sends away by {option}", CREATE, host(LogConfig={"Type": "", "Config": {option: where}}), "G017")
        for option, where in (("syslog-address", "tcp://127.0.0.1:6379"), ("fluentd-address", "127.0.0.1:1"), ("gelf-address", "udp://10.0.0.1:1"))
    ),
    ("a log file by a relative path, which Podman takes", CREATE, host(LogConfig={"Type": "json-file", "Config": {"path": "../../etc/cron.d/x"}}), "G006"),
    ("the tasks' log that is sent away", "POST /v1.44/services/create", {"Name": "s", "TaskTemplate": {"ContainerSpec": {"Image": "nginx:1.27"}, "LogDriver": {"Name": "fluentd"}}}, "G017"),
    ("a tmpfs that is a bind by its options", CREATE, mount(Type="tmpfs", TmpfsOptions={"Options": [["bind"]]}), "G008"),
    ("a working directory that is the runtime's descriptor", CREATE, {"Image": "nginx:1.27", "WorkingDir": "/proc/self/fd/8"}, "G006"),
    ("a working directory behind dots", CREATE, {"Image": "nginx:1.27", "WorkingDir": "//srv/../proc//self/fd/8/.."}, "G006"),
    ("an exec in the runtime's descriptor", "POST /v1.44/containers/web/exec", {"Cmd": ["sh"], "WorkingDir": "/proc/self/fd/8"}, "G006"),
    ("a namespace of a container without a name", CREATE, host(PidMode="container:"), "G004"),
    ("a network that is a path", CREATE, host(NetworkMode="../containers"), "G012"),
    ("a volume that is a path", CREATE, host(Binds=["../x:/h"]), "G008"),
    ("an image mount that is a path", CREATE, mount(Type="image", Source="../x"), "G009"),
    # What stands between two readers
    ("a key in another case", CREATE, {"Image": "nginx:1.27", "hostconfig": {"Privileged": True}}, "G004"),
    ("a key in another case below", CREATE, host(privileged=True), "G004"),
    ("a key with the long s", CREATE, {"Image": "nginx:1.27", "Ho\u017ftConfig": {"Privileged": True}}, "G004"),
    ("a key with the Kelvin sign", CREATE, {"Image": "a:1", "HostConfig": {"Networ\u212aMode": "host"}}, "G004"),
    ("a key twice", CREATE, b'{"Image": "a:1", "HostConfig": {}, "HostConfig": {"Privileged": true}}', "G004"),
    ("a key twice by an escape", CREATE, b'{"Image": "a:1", "HostConfig": {}, "Host\\u0043onfig": {"Privileged": true}}', "G004"),
    ("settings of the host on top", CREATE, {"Image": "nginx:1.27", "Privileged": True}, "G004"),
    ("an unknown key", CREATE, host(PrivilegedToo=True), "G004"),
    ("a word for true", CREATE, host(Privileged="true"), "G004"),
    ("a number for true", CREATE, host(Privileged=1), "G004"),
    ("a number that is none", CREATE, b'{"Image": "a:1", "HostConfig": {"Memory": NaN}}', "G004"),
    ("a number that does not fit", CREATE, host(Memory=1 << 64), "G004"),
    ("text after the end", CREATE, TEXT + TEXT, "G004"),
    ("a byte order mark", CREATE, b"\xef\xbb\xbf" + TEXT, "G004"),
    ("another encoding", CREATE, TEXT.decode().encode("utf-16"), "G004"),
    ("half a character", CREATE, b'{"Image": "a:1", "Env": ["\\ud800"]}', "G004"),
    ("deep nesting", CREATE, b"[" * 100_000, "G004"),
    ("a body that is a list", CREATE, [host()], "G004"),
    ("a body that is null", CREATE, b"null", "G004"),
    ("no body", CREATE, None, "G004"),
    ("a body over the bound", CREATE, host(Labels=["x" * (5 << 20)]), "G004"),
    ("an encoded path", "POST /v1.44/containers/%63reate", host(), "G003"),
    ("an encoded slash", "POST /v1.44/containers%2fcreate", host(), "G003"),
    ("two slashes", "POST /v1.44//containers/create", host(), "G003"),
    ("a slash at the end", "POST /v1.44/containers/create/", host(), "G003"),
    ("a way up", "POST /v1.44/images/../containers/create", host(), "G003"),
    ("a version of three parts", "POST /v1.44.0/containers/create", host(), "G003"),
    ("a version with a dot at the end", "POST /v1.45./containers/create", host(), "G003"),
    ("a version that is too new", "POST /v1.99/containers/create", host(), "G003"),
    ("a version that is too old", "POST /v1.12/containers/create", host(), "G003"),
    ("a path of an absolute URL", "POST http://x/containers/create", host(), "G003"),
    ("another engine's routes", "POST /v5.0.0/libpod/containers/create", host(), "G003"),
    ("a debugging route", "GET /debug/pprof/heap", None, "G003"),
    ("a method that the route has not", "PATCH /v1.44/containers/create", host(), "G003"),
    ("an unknown parameter", "GET /v1.44/containers/json?everything=1", None, "G003"),
    ("a parameter twice", "POST /v1.44/build?networkmode=none&networkmode=host", None, "G003"),
    ("a parameter by an escape", "POST /v1.44/build?network%6dode=host", None, "G003"),
    ("a semicolon between parameters", "POST /v1.44/build?rm=1;networkmode=host", None, "G003"),
    # Other routes that give as much
    ("a volume that binds", "POST /v1.44/volumes/create", {"Name": "x", "DriverOpts": BIND}, "G006"),
    ("a volume of another driver", "POST /v1.44/volumes/create", {"Name": "x", "Driver": "rclone"}, "G008"),
    ("a cluster volume", "POST /v1.44/volumes/create", {"Name": "x", "ClusterVolumeSpec": {}}, "G008"),
    ("a privileged exec", "POST /v1.44/containers/web/exec", {"Cmd": ["sh"], "Privileged": True}, "C001"),
    ("an exec in a privileged container", "POST /v1.44/containers/db/exec", {"Cmd": ["sh"]}, "C001"),
    ("the start of a privileged exec", "POST /v1.44/exec/e1/start", {"Detach": True}, "C001"),
    ("the start of a privileged container", "POST /v1.44/containers/db/start", None, "C001"),
    ("a start with settings", "POST /v1.44/containers/web/start", {"Privileged": True}, "G004"),
    ("the input of a privileged container", "POST /v1.44/containers/db/attach?stdin=1&stream=1", None, "C001"),
    ("the input by a web socket", "GET /v1.44/containers/db/attach/ws?stdin=1", None, "C001"),
    ("files into a privileged container", "PUT /v1.44/containers/db/archive?path=/", None, "C001"),
    ("files out of a privileged container", "GET /v1.44/containers/db/archive?path=/", None, "C001"),
    ("what kind of files a privileged container has", "HEAD /v1.44/containers/db/archive?path=/", None, "C001"),
    ("a checkpoint from the host", "POST /v1.44/containers/web/start?checkpoint=a&checkpoint-dir=/srv", None, "G006"),
    ("devices by an update", "POST /v1.44/containers/web/update", {"Devices": [{"PathOnHost": "/dev/sda"}]}, "G014"),
    ("a service with a bind", "POST /v1.44/services/create", service(Mounts=[{"Type": "bind", "Source": "/", "Target": "/h"}]), "G006"),
    ("a service with a volume that binds", "POST /v1.44/services/create", service(Mounts=[{"Type": "volume", "Source": "x", "Target": "/h", "VolumeOptions": {"DriverConfig": {"Name": "local", "Options": BIND}}}]), "G006"),
    ("a service whose bind is a template", "POST /v1.44/services/create", service(Mounts=[{"Type": "bind", "Source": "/srv/{{`../..`}}", "Target": "/h"}]), "G006"),
    ("a service whose volume is a template", "POST /v1.44/services/create", service(Mounts=[{"Type": "volume", "Target": "/h", "VolumeOptions": {"DriverConfig": {"Options": {"type": "tmpfs", "device": "{{`/`}}"}}}}]), "G006"),
    ("a service with capabilities", "POST /v1.44/services/create", service(CapabilityAdd=["CAP_SYS_ADMIN"]), "C002"),
    ("a service on the host's network", "POST /v1.44/services/create", service("host"), "C020"),
    ("a service on the host's network by its id", "POST /v1.44/services/create", service("4f2a"), "C020"),
    ("a service without seccomp", "POST /v1.44/services/create", service(Privileges={"Seccomp": {"Mode": "unconfined"}}), "C007"),
    ("a service with its own seccomp profile", "POST /v1.44/services/create", service(Privileges={"Seccomp": {"Mode": "custom", "Profile": "e30="}}), "G013"),
    ("a service without AppArmor", "POST /v1.44/services/create", service(Privileges={"AppArmor": {"Mode": "disabled"}}), "C008"),
    ("a service without SELinux", "POST /v1.44/services/create", service(Privileges={"SELinuxContext": {"Disable": True}}), "C009"),
    ("a service of plugins", "POST /v1.44/services/create", {"Name": "s", "TaskTemplate": {"Runtime": "plugin", "PluginSpec": {"Name": "x", "Remote": "y"}}}, "G015"),
    ("a service that goes back", "POST /v1.44/services/old/update?version=3&rollback=previous", service(), "C002"),
    ("a service that goes back to what cannot be read", "POST /v1.44/services/odd/update?version=3&rollback=previous", service(), "G011"),
    ("a service that attaches networks", "POST /v1.44/services/create", {"Name": "s", "TaskTemplate": {"NetworkAttachmentSpec": {}}}, "G012"),
    ("a service with credentials of Windows", "POST /v1.44/services/create", service(Privileges={"CredentialSpec": {"File": "x"}}), "G013"),
    ("a service with its own SELinux type", "POST /v1.44/services/create", service(Privileges={"SELinuxContext": {"Type": "spc_t"}}), "G013"),
    ("a checkpoint on the host", "POST /v1.44/containers/web/checkpoints", {"CheckpointID": "a", "CheckpointDir": "/srv"}, "G006"),
    ("checkpoints of the host", "GET /v1.44/containers/web/checkpoints?dir=/srv", None, "G006"),
    ("a build with an unknown output", "POST /v1.44/build?outputs=%5B%7B%22Type%22%3A%22ssh%22%7D%5D", None, "G015"),
    ("a build with labels twice", "POST /v1.44/build?labels=%7B%22a%22%3A%22b%22%2C%22a%22%3A%22c%22%7D", None, "G015"),
    ("a build with labels that are none", "POST /v1.44/build?labels=5", None, "G015"),
    ("a pull and an import at once", "POST /v1.44/images/create?fromImage=a&fromSrc=-", None, "G003"),
    ("a network with its own address driver", "POST /v1.44/networks/create", {"Name": "n", "IPAM": {"Driver": "x"}}, "G012"),
    ("a build on the host's network", "POST /v1.44/build?networkmode=host", None, "C020"),
    ("a build on the host's network by its id", "POST /v1.44/build?networkmode=4f2a", None, "C020"),
    ("a build in another container's network", "POST /v1.44/build?networkmode=container:db", None, "C024"),
    ("a build in a cgroup of the host", "POST /v1.44/build?cgroupparent=/", None, "C045"),
    ("a build with security options", "POST /v1.44/build?securityopt=seccomp=unconfined", None, "G015"),
    ("a build with BuildKit", "POST /v1.44/build?version=2&session=abc", None, "G015"),
    ("BuildKit's session", "POST /v1.44/session", None, "G002"),
    ("BuildKit's gRPC", "POST /v1.44/grpc", None, "G002"),
    *(
        (f"a network with the addresses {subnet}", "POST /v1.44/networks/create", {"Name": "n", "IPAM": {"Config": [{"Subnet": subnet}]}}, "G012")
        for subnet in ("0.0.0.0/1", "8.8.8.0/24", "10.0.0.0/8", "169.254.0.0/16", "127.0.0.0/16", "2000::/3", "::/0", "fc00::/7", "nowhere")
    ),
    *(
        (f"a build of a Dockerfile whose name is {what} to Podman", f"POST /v1.44/build?dockerfile={name}", None, "G004")
        for what, name in (
            ("a list", "%5B%22other%22%5D"), ("a list after a space", "%20%5B%22other%22%5D"), ("no list", "null"),
            ("an address", "HTTP://127.0.0.1/x"), ("input of a preprocessor", "Dockerfile.in"),
        )
    ),
    ("a build of what the engine fetches", "POST /v1.44/build?remote=http://169.254.169.254/latest", None, "G015"),
    ("a build of what the engine clones", "POST /v1.44/build?remote=git://127.0.0.1/x", None, "G015"),
    ("a network of the host's devices", "POST /v1.44/networks/create", {"Name": "n", "Driver": "macvlan", "Options": {"parent": "eth0"}}, "G012"),
    ("a network on a bridge of the host", "POST /v1.44/networks/create", {"Name": "n", "Options": {"com.docker.network.bridge.name": "br0"}}, "G012"),
    ("the host's network joined later", "POST /v1.44/networks/4f2a/connect", {"Container": "web"}, "C020"),
    ("a plugin with privileges", "POST /v1.44/plugins/pull?remote=x/y", [{"Name": "mount", "Value": ["/"]}], "G015"),
    ("a plugin from an archive", "POST /v1.44/plugins/create?name=x", None, "G015"),
    ("settings of a plugin", "POST /v1.44/plugins/x/set", ["data.source=/"], "G015"),
    ("an image from a URL", "POST /v1.44/images/create?fromSrc=http://169.254.169.254/", None, "G009"),
    ("a swarm", "POST /v1.44/swarm/init", {"ListenAddr": "0.0.0.0"}, "G002"),
)  # fmt: skip
"""What each is, the request, its body, and a rule that denies it."""
SOUND: tuple[tuple[str, Any], ...] = (
    (CREATE, host()),
    ("POST /containers/create", host(Binds=["data:/d"], Memory=1 << 28, NetworkMode="bridge")),
    (CREATE, host(MaskedPaths=MASKED, ReadonlyPaths=READ_ONLY)),
    (
        CREATE,
        host(Binds=["data:/d:ro,z,rslave,nosuid"], PidMode="private", IpcMode="shareable", UsernsMode="keep-id:uid=7"),
    ),
    (CREATE, host(GroupAdd=["audio"]) | {"Volumes": {"/d": {}}, "WorkingDir": "/dev/shm"}),
    (CREATE, mount(Type="volume", Source="data", VolumeOptions={"Labels": {"a": "b,c"}})),
    ("POST /v1.44/containers/web/exec", {"Cmd": ["sh"], "AttachStdout": True}),
    ("GET /v1.54/containers/web/logs?stdout=1&format=json", None),
    ("POST /v1.44/containers/web/start", None),
    ("POST /v1.44/containers/web/start", {}),
    ("POST /v1.44/containers/web/update", {"Memory": 1 << 29}),
    (
        "POST /v1.44/volumes/create",
        {"Name": "x", "DriverOpts": {"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}},
    ),
    ("POST /v1.44/networks/create", {"Name": "n", "Driver": "bridge", "CheckDuplicate": True}),
    *(
        ("POST /v1.44/networks/create", {"Name": "n", "IPAM": {"Config": [{"Subnet": subnet, "Gateway": ""}]}})
        for subnet in ("", "172.28.0.0/16", "10.1.2.0/24", "192.168.5.0/24", "fd00:1::/64")
    ),
    ("POST /v1.44/services/create", service()),
    ("POST /v1.44/plugins/pull?remote=x/y", []),
    ("POST /v1.44/containers/web/checkpoints", {"CheckpointID": "a"}),
    ("GET /v1.44/images/get?names=a:1&names=b:1", None),
    (
        "POST /v1.44/services/create",
        {
            "Name": "s",
            "EndpointSpec": {"Ports": [{"TargetPort": 80, "PublishedPort": 8080}, {"TargetPort": 81}]},
            "TaskTemplate": {
                "ContainerSpec": {
                    "Image": "nginx:1.27",
                    "DNSConfig": {"Nameservers": ["10.0.0.1"]},
                    "Privileges": {"NoNewPrivileges": True, "SELinuxContext": {"Level": "s0"}},
                },
                "Resources": {"Limits": {"MemoryBytes": 1 << 28, "Pids": 50}},
                "LogDriver": {"Name": "json-file", "Options": {"max-size": "1m"}},
            },
        },
    ),
    ("GET /v1.44/images/registry.example:5000/team/app:1/json", None),
    ("GET /v1.44/images/nginx%40sha256%3Aabc/json", None),
    ("HEAD /_ping", None),
    ("POST /v1.44/build?t=app:1&version=1&networkmode=default", None),
)
"""Requests that the open policy allows."""
