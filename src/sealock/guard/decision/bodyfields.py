"""The fields of every JSON body of the Engine API, by the exact spelling in which the guard accepts and forwards them.

A type is one word: s string, i whole number, n number, b true or false; s* is a list of strings, s** a list of such
lists, s% an object whose keys are data. `words` is a list of strings, or one string that stands for such a list. An
object with known keys is a dict. Fields are facts from the API's descriptions and from what clients send; what is
missing here is denied.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from msgspec import Struct

Shape: TypeAlias = Any
"""A word, a dict of shapes, or ListOf or MapOf a shape."""


class ListOf(Struct, frozen=True):
    """A list whose elements have this shape."""

    shape: Shape


class MapOf(Struct, frozen=True):
    """An object whose keys are data, and whose values have this shape or are null."""

    shape: Shape


def _fields(text: str, **more: Shape) -> dict[str, Shape]:
    """Fields as "Name:type …", and those of other shapes."""
    fields: dict[str, Shape] = {}
    for field in text.split():
        name, _, word = field.partition(":")
        fields[name] = word
    return fields | more


_HEALTH: Final = _fields("Test:s* Interval:i Timeout:i Retries:i StartPeriod:i StartInterval:i")
CONFIG: Final = _fields(
    "Hostname:s Domainname:s User:s AttachStdin:b AttachStdout:b AttachStderr:b Tty:b OpenStdin:b StdinOnce:b Env:s* "
    "Cmd:words Entrypoint:words ArgsEscaped:b Image:s WorkingDir:s NetworkDisabled:b MacAddress:s OnBuild:s* Labels:s% "
    "StopSignal:s StopTimeout:i Shell:s*",
    ExposedPorts=MapOf({}),
    Volumes=MapOf({}),
    Healthcheck=_HEALTH,
)
_RATE: Final = ListOf(_fields("Path:s Rate:i"))
_ULIMITS: Final = ListOf(_fields("Name:s Soft:i Hard:i"))
MOUNT: Final = _fields(
    "Type:s Source:s Target:s ReadOnly:b Consistency:s",
    BindOptions=_fields(
        "Propagation:s NonRecursive:b CreateMountpoint:b ReadOnlyNonRecursive:b ReadOnlyForceRecursive:b"
    ),
    VolumeOptions=_fields("NoCopy:b Labels:s% Subpath:s", DriverConfig=_fields("Name:s Options:s%")),
    ImageOptions=_fields("Subpath:s"),
    TmpfsOptions=_fields("SizeBytes:i Mode:i Options:s**"),
    ClusterOptions={},
)
RESOURCES: Final = _fields(
    "CpuShares:i Memory:i NanoCpus:i CgroupParent:s BlkioWeight:i CpuPeriod:i CpuQuota:i CpuRealtimePeriod:i "
    "CpuRealtimeRuntime:i CpusetCpus:s CpusetMems:s DeviceCgroupRules:s* DiskQuota:i KernelMemory:i KernelMemoryTCP:i "
    "MemoryReservation:i MemorySwap:i MemorySwappiness:i OomKillDisable:b PidsLimit:i CpuCount:i CpuPercent:i "
    "IOMaximumIOps:i IOMaximumBandwidth:i",
    BlkioWeightDevice=ListOf(_fields("Path:s Weight:i")),
    BlkioDeviceReadBps=_RATE,
    BlkioDeviceWriteBps=_RATE,
    BlkioDeviceReadIOps=_RATE,
    BlkioDeviceWriteIOps=_RATE,
    Devices=ListOf(_fields("PathOnHost:s PathInContainer:s CgroupPermissions:s")),
    DeviceRequests=ListOf(_fields("Driver:s Count:i DeviceIDs:s* Capabilities:s** Options:s%")),
    Ulimits=_ULIMITS,
)
_RESTART: Final = _fields("Name:s MaximumRetryCount:i")
HOST_CONFIG: Final = RESOURCES | _fields(
    "Binds:s* ContainerIDFile:s NetworkMode:s AutoRemove:b VolumeDriver:s VolumesFrom:s* ConsoleSize:i* Annotations:s% "
    "CapAdd:s* CapDrop:s* CgroupnsMode:s Dns:s* DnsOptions:s* DnsSearch:s* ExtraHosts:s* GroupAdd:s* IpcMode:s "
    "Cgroup:s Links:s* OomScoreAdj:i PidMode:s Privileged:b PublishAllPorts:b ReadonlyRootfs:b SecurityOpt:s* "
    "StorageOpt:s% Tmpfs:s% UTSMode:s UsernsMode:s ShmSize:i Sysctls:s% Runtime:s Isolation:s MaskedPaths:s* "
    "ReadonlyPaths:s* Init:b Umask:i",
    LogConfig=_fields("Type:s Config:s%"),
    PortBindings=MapOf(ListOf(_fields("HostIp:s HostPort:s"))),
    RestartPolicy=_RESTART,
    Mounts=ListOf(MOUNT),
)
ENDPOINT: Final = _fields(
    "Links:s* MacAddress:s Aliases:s* DriverOpts:s% GwPriority:i NetworkID:s EndpointID:s Gateway:s IPAddress:s "
    "IPPrefixLen:i IPv6Gateway:s GlobalIPv6Address:s GlobalIPv6PrefixLen:i DNSNames:s*",
    IPAMConfig=_fields("IPv4Address:s IPv6Address:s LinkLocalIPs:s*"),
)
_DRIVER: Final = _fields("Name:s Options:s%")
_FILE: Final = _fields("Name:s UID:s GID:s Mode:i")
_PRIVILEGE: Final = _fields("Name:s Description:s Value:s*")
_GENERIC: Final = ListOf(
    {"NamedResourceSpec": _fields("Kind:s Value:s"), "DiscreteResourceSpec": _fields("Kind:s Value:i")}
)
_CONTAINER_SPEC: Final = _fields(
    "Image:s Labels:s% Command:s* Args:s* Hostname:s Env:s* Dir:s User:s Groups:s* Init:b StopSignal:s TTY:b "
    "OpenStdin:b ReadOnly:b StopGracePeriod:i Hosts:s* Isolation:s Sysctls:s% CapabilityAdd:s* CapabilityDrop:s* "
    "OomScoreAdj:i",
    Privileges={
        "CredentialSpec": _fields("Config:s File:s Registry:s"),
        "SELinuxContext": _fields("Disable:b User:s Role:s Type:s Level:s"),
        "Seccomp": _fields("Mode:s Profile:s"),
        "AppArmor": _fields("Mode:s"),
        "NoNewPrivileges": "b",
    },
    Mounts=ListOf(MOUNT),
    HealthCheck=_HEALTH,
    Healthcheck=_HEALTH,
    DNSConfig=_fields("Nameservers:s* Search:s* Options:s*"),
    Secrets=ListOf(_fields("SecretID:s SecretName:s", File=_FILE)),
    Configs=ListOf(_fields("ConfigID:s ConfigName:s", File=_FILE, Runtime={})),
    Ulimits=_ULIMITS,
)
_NETWORKS: Final = ListOf(_fields("Target:s Aliases:s* DriverOpts:s%"))
_ROLLOUT: Final = _fields("Parallelism:i Delay:i FailureAction:s Monitor:i MaxFailureRatio:n Order:s")
SERVICE: Final = _fields(
    "Name:s Labels:s%",
    TaskTemplate=_fields(
        "ForceUpdate:i Runtime:s",
        ContainerSpec=_CONTAINER_SPEC,
        PluginSpec=_fields("Name:s Remote:s Disabled:b", PluginPrivilege=ListOf(_PRIVILEGE)),
        NetworkAttachmentSpec=_fields("ContainerID:s"),
        Resources=_fields(
            "SwapBytes:i MemorySwappiness:i",
            Limits=_fields("NanoCPUs:i MemoryBytes:i Pids:i", GenericResources=_GENERIC),
            Reservations=_fields("NanoCPUs:i MemoryBytes:i", GenericResources=_GENERIC),
        ),
        RestartPolicy=_fields("Condition:s Delay:i MaxAttempts:i Window:i"),
        Placement=_fields(
            "Constraints:s* MaxReplicas:i",
            Preferences=ListOf({"Spread": _fields("SpreadDescriptor:s")}),
            Platforms=ListOf(_fields("Architecture:s OS:s")),
        ),
        Networks=_NETWORKS,
        LogDriver=_DRIVER,
    ),
    Mode={
        "Replicated": _fields("Replicas:i"),
        "Global": {},
        "ReplicatedJob": _fields("MaxConcurrent:i TotalCompletions:i"),
        "GlobalJob": {},
    },
    UpdateConfig=_ROLLOUT,
    RollbackConfig=_ROLLOUT,
    Networks=_NETWORKS,
    EndpointSpec=_fields(
        "Mode:s", Ports=ListOf(_fields("Name:s Protocol:s TargetPort:i PublishedPort:i PublishMode:s"))
    ),
)
_SWARM: Final = _fields(
    "Name:s Labels:s%",
    Orchestration=_fields("TaskHistoryRetentionLimit:i"),
    Raft=_fields("SnapshotInterval:i KeepOldSnapshots:i LogEntriesForSlowFollowers:i ElectionTick:i HeartbeatTick:i"),
    Dispatcher=_fields("HeartbeatPeriod:i"),
    CAConfig=_fields(
        "NodeCertExpiry:i SigningCACert:s SigningCAKey:s ForceRotate:i",
        ExternalCAs=ListOf(_fields("Protocol:s URL:s Options:s% CACert:s")),
    ),
    EncryptionConfig=_fields("AutoLockManagers:b"),
    TaskDefaults={"LogDriver": _DRIVER},
)
_CLUSTER_WISHES: Final = _fields(
    "Availability:s",
    Secrets=ListOf(_fields("Key:s Secret:s")),
    AccessibilityRequirements={
        "Requisite": ListOf(_fields("Segments:s%")),
        "Preferred": ListOf(_fields("Segments:s%")),
    },
    CapacityRange=_fields("RequiredBytes:i LimitBytes:i"),
)
# Engines and clients have these beside AccessMode; the API's description has them within it, where engines ignore them.
_CLUSTER_VOLUME: Final = _CLUSTER_WISHES | _fields(
    "Group:s",
    AccessMode=_CLUSTER_WISHES
    | _fields("Scope:s Sharing:s", MountVolume=_fields("FsType:s MountFlags:s*"), BlockVolume={}),
)
_SECRET: Final = _fields("Name:s Labels:s% Data:s", Driver=_DRIVER, Templating=_DRIVER)
_CONFIG_SPEC: Final = _fields("Name:s Labels:s% Data:s", Templating=_DRIVER)

BODIES: Final[dict[str, Shape]] = {
    "POST /auth": _fields("username:s password:s auth:s email:s serveraddress:s identitytoken:s registrytoken:s"),
    "POST /containers/create": CONFIG
    | {"HostConfig": HOST_CONFIG, "NetworkingConfig": {"EndpointsConfig": MapOf(ENDPOINT)}},
    "POST /containers/{id}/update": RESOURCES | {"RestartPolicy": _RESTART, "Init": "b"},
    # docker-py names the container here too, which engines replace by that of the path.
    "POST /containers/{id}/exec": _fields(
        "Container:s User:s Privileged:b Tty:b ConsoleSize:i* AttachStdin:b AttachStderr:b AttachStdout:b Detach:b "
        "DetachKeys:s Env:s* WorkingDir:s Cmd:s*"
    ),
    "POST /exec/{id}/start": _fields("Detach:b Tty:b ConsoleSize:i*"),
    "POST /containers/{id}/checkpoints": _fields("CheckpointID:s CheckpointDir:s Exit:b"),
    "POST /commit": CONFIG,
    "POST /volumes/create": _fields("Name:s Driver:s DriverOpts:s% Labels:s%", ClusterVolumeSpec=_CLUSTER_VOLUME),
    "PUT /volumes/{id}": {"Spec": _CLUSTER_VOLUME},
    "POST /networks/create": _fields(
        "Name:s CheckDuplicate:b Driver:s Scope:s Internal:b Attachable:b Ingress:b ConfigOnly:b EnableIPv4:b "
        "EnableIPv6:b Options:s% Labels:s%",
        ConfigFrom=_fields("Network:s"),
        IPAM=_fields(
            "Driver:s Options:s%",
            Config=ListOf(_fields("Subnet:s IPRange:s Gateway:s AuxiliaryAddresses:s%")),
        ),
    ),
    "POST /networks/{id}/connect": {"Container": "s", "EndpointConfig": ENDPOINT},
    "POST /networks/{id}/disconnect": _fields("Container:s Force:b"),
    "POST /swarm/init": _fields(
        "ListenAddr:s AdvertiseAddr:s DataPathAddr:s DataPathPort:i DefaultAddrPool:s* ForceNewCluster:b SubnetSize:i "
        "Availability:s AutoLockManagers:b",
        Spec=_SWARM,
    ),
    "POST /swarm/join": _fields(
        "ListenAddr:s AdvertiseAddr:s DataPathAddr:s RemoteAddrs:s* JoinToken:s Availability:s"
    ),
    "POST /swarm/update": _SWARM,
    "POST /swarm/unlock": _fields("UnlockKey:s"),
    "POST /nodes/{id}/update": _fields("Name:s Labels:s% Role:s Availability:s"),
    "POST /services/create": SERVICE,
    "POST /services/{id}/update": SERVICE,
    "POST /secrets/create": _SECRET,
    "POST /secrets/{id}/update": _SECRET,
    "POST /configs/create": _CONFIG_SPEC,
    "POST /configs/{id}/update": _CONFIG_SPEC,
    "POST /plugins/pull": ListOf(_PRIVILEGE),
    "POST /plugins/{name}/upgrade": ListOf(_PRIVILEGE),
    "POST /plugins/{name}/set": "s*",
}
"""The shape of each route's body."""
