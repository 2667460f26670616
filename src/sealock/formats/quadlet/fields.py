"""The tables of Quadlet's keys: for each section the option of `podman` that a key stands for, in Quadlet's order."""

from __future__ import annotations

from typing import Final

from sealock.formats.optionkeys.table import OptionKey, Shape

SECTIONS: Final = {
    "container": "Container",
    "pod": "Pod",
    "kube": "Kube",
    "image": "Image",
    "build": "Build",
    "volume": "Volume",
    "network": "Network",
}
"""The section of a unit by the ending of its name."""
_COMMON: Final = frozenset({"ContainersConfModule", "GlobalArgs", "PodmanArgs", "ServiceName"})


def _keys(shape: Shape, pairs: str, *, value: str = "{}", writable: bool = True) -> tuple[OptionKey, ...]:
    """Rows of one shape, written as "Key=option Key=option"."""
    rows = (pair.partition("=") for pair in pairs.split())
    return tuple(OptionKey(key, option, shape, value, writable) for key, _, option in rows)


_LOG: Final = (*_keys("text", "LogDriver=log-driver"), *_keys("words", "LogOpt=log-opt"))
_USER_NAMESPACE: Final = (
    *_keys("text", "UserNS=userns"),
    *_keys("words", "UIDMap=uidmap GIDMap=gidmap"),
    *_keys("text", "SubUIDMap=subuidname SubGIDMap=subgidname"),
)
_NETWORK: Final = _keys("list", "Network=network")
_VOLUME: Final = _keys("list", "Volume=volume")
_NAMES: Final = _keys("list", "DNS=dns DNSOption=dns-option DNSSearch=dns-search AddHost=add-host")
_PUBLISH: Final = _keys("list", "PublishPort=publish")
_ARGUMENTS: Final = (OptionKey("PodmanArgs", shape="arguments"),)
_HEALTH: Final = (
    "HealthCmd=health-cmd HealthInterval=health-interval HealthOnFailure=health-on-failure "
    "HealthLogDestination=health-log-destination HealthMaxLogCount=health-max-log-count "
    "HealthMaxLogSize=health-max-log-size HealthRetries=health-retries HealthStartPeriod=health-start-period "
    "HealthTimeout=health-timeout HealthStartupCmd=health-startup-cmd HealthStartupInterval=health-startup-interval "
    "HealthStartupRetries=health-startup-retries HealthStartupSuccess=health-startup-success "
    "HealthStartupTimeout=health-startup-timeout"
)
CONTAINER: Final = (
    *_keys("text", "ContainerName=name"),
    *_LOG,
    *_keys(
        "text",
        "CgroupsMode=cgroups Timezone=tz PidsLimit=pids-limit ShmSize=shm-size Entrypoint=entrypoint "
        "WorkingDir=workdir IP=ip IP6=ip6 HostName=hostname StopSignal=stop-signal StopTimeout=stop-timeout Pull=pull",
    ),
    *_keys("text", "Memory=memory Retry=retry RetryDelay=retry-delay", writable=False),
    *_keys("list", "NetworkAlias=network-alias Ulimit=ulimit GroupAdd=group-add Tmpfs=tmpfs"),
    *_NAMES,
    *_keys("flag", "RunInit=init EnvironmentHost=env-host ReadOnlyTmpfs=read-only-tmpfs"),
    *_NETWORK,
    *_keys("switch", "NoNewPrivileges=security-opt", value="no-new-privileges"),
    *_keys("switch", "SecurityLabelDisable=security-opt", value="label=disable"),
    *_keys("switch", "SecurityLabelNested=security-opt", value="label=nested"),
    *_keys("text", "SecurityLabelType=security-opt", value="label=type:{}"),
    *_keys("text", "SecurityLabelFileType=security-opt", value="label=filetype:{}"),
    *_keys("text", "SecurityLabelLevel=security-opt", value="label=level:{}"),
    *_keys("text", "AppArmor=security-opt", value="apparmor={}", writable=False),
    *_keys("flag", "HttpProxy=http-proxy", writable=False),
    *_keys("words", "AddDevice=device"),
    *_keys("text", "SeccompProfile=security-opt", value="seccomp={}"),
    *_keys("words", "DropCapability=cap-drop AddCapability=cap-add Sysctl=sysctl"),
    *_keys("flag", "ReadOnly=read-only"),
    *_keys("switch", "VolatileTmp=tmpfs", value="/tmp:rw,size=512M,mode=1777"),  # noqa: S108  it is in the container
    *_keys("text", "User=user"),
    *_USER_NAMESPACE,
    *_VOLUME,
    *_keys("text", "AutoUpdate=label", value="io.containers.autoupdate={}"),
    *_keys("list", "ExposeHostPort=expose"),
    *_PUBLISH,
    *_keys("pairs", "Environment=env Label=label Annotation=annotation"),
    *_keys("args", "Mask=security-opt", value="mask={}"),
    *_keys("args", "Unmask=security-opt", value="unmask={}"),
    *_keys("args", "EnvironmentFile=env-file Secret=secret Mount=mount"),
    *_keys("text", _HEALTH),
    *_keys("text", "Pod=pod"),
    *_ARGUMENTS,
    OptionKey("Exec", shape="command"),
)
POD: Final = (
    *_USER_NAMESPACE,
    *_PUBLISH,
    *_keys("pairs", "Label=label"),
    *_NETWORK,
    *_keys("text", "IP=ip IP6=ip6 ShmSize=shm-size"),
    *_NAMES,
    *_keys("list", "NetworkAlias=network-alias HostName=hostname"),
    *_VOLUME,
    *_ARGUMENTS,
)
KUBE: Final = (*_LOG, *_USER_NAMESPACE[:1], *_NETWORK, *_PUBLISH, *_ARGUMENTS)
IMAGE: Final = _ARGUMENTS
BUILD: Final = (*_keys("pairs", "Annotation=annotation Environment=env Label=label"), *_NETWORK, *_VOLUME, *_ARGUMENTS)
TABLES: Final = {"Container": CONTAINER, "Pod": POD, "Kube": KUBE, "Image": IMAGE, "Build": BUILD}


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_REMAP: Final = _names("RemapGid RemapUid RemapUidSize RemapUsers")
_OTHER_KEYS: Final = {
    "Container": _REMAP | _names("Group Image Notify ReloadCmd ReloadSignal Rootfs StartWithPod"),
    "Pod": _REMAP | _names("ExitPolicy PodName StopTimeout"),
    "Kube": _REMAP | _names("AutoUpdate ConfigMap ExitCodePropagation KubeDownForce SetWorkingDirectory Yaml"),
    "Image": _names(
        "AllTags Arch AuthFile CertDir Creds DecryptionKey Image ImageTag OS Policy Retry RetryDelay TLSVerify Variant"
    ),
    "Build": _names(
        "Annotation Arch AuthFile BuildArg DNS DNSOption DNSSearch Environment File ForceRM GroupAdd IgnoreFile "
        "ImageTag Label Pull Retry RetryDelay Secret SetWorkingDirectory Target TLSVerify Variant"
    ),
    "Volume": _names("Copy Device Driver GID Group Image Label Options Type UID User VolumeName"),
    "Network": _names(
        "DisableDNS DNS Driver Gateway Internal InterfaceName IPAMDriver IPRange IPv6 Label NetworkDeleteOnStop "
        "NetworkName Options Subnet"
    ),
}
KNOWN: Final = {
    section: _COMMON | others | {row.key for row in TABLES.get(section, ())} for section, others in _OTHER_KEYS.items()
}
"""Every key that a section may have; Quadlet refuses a unit with any other."""
