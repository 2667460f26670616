"""The systemd units of the guard, and the engine's setting for its plugin."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from sealock.errors import FormatError
from sealock.formats import daemon
from sealock.formats.textedits import apply_edits
from sealock.guard.running import PLUGIN, SOCKET, STATUS
from sealock.model.change import Add, Remove
from sealock.model.location import Source

NAME: Final = "sealock"
"""The plugin's name: that of its socket without .sock."""
USER: Final = "sealock-guard"
UNITS: Final = "etc/systemd/system"
DAEMON: Final = "etc/docker/daemon.json"

_HARDENING: Final = """\
NoNewPrivileges=yes
ProtectSystem=strict
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
# The guard follows the paths that containers mount, and compares them with what is mounted: it sees the host's files,
# and may look up every path. It must not have PrivateTmp=, PrivateMounts= or ProtectHome=.
AmbientCapabilities=CAP_DAC_READ_SEARCH CAP_SYS_PTRACE
CapabilityBoundingSet=CAP_DAC_READ_SEARCH CAP_SYS_PTRACE
LimitNOFILE=65536
"""


class GuardUnit(Struct, frozen=True):
    """A file of systemd: its path without the leading slash, and its text."""

    path: str
    text: str


def proxy_units(program: str, policy: str, engine: str, group: str) -> tuple[GuardUnit, ...]:
    """The units of the proxy: systemd holds its sockets, so that a restart refuses no client."""
    guard = _socket_unit("its socket", "Requires=sealock-guard-status.socket", "guard", SOCKET, group)
    guard += "\n[Install]\nWantedBy=sockets.target\n"
    status = _socket_unit("its status", "PartOf=sealock-guard.socket", "status", STATUS, group)
    service = f"""\
[Unit]
Description=Guard in front of the container engine (sealock)
Requires=sealock-guard.socket sealock-guard-status.socket
After=docker.service
StartLimitIntervalSec=0

[Service]
User={USER}
SupplementaryGroups=docker
Sockets=sealock-guard.socket sealock-guard-status.socket
ExecStart={program} guard proxy --engine {engine} --policy {policy} --status {STATUS} --leave-streams
ExecReload=/bin/kill -HUP $MAINPID
# Streams that last go on in a process of their own when the guard restarts.
KillMode=process
Restart=always
RestartSec=1
# Archives are kept there while they are evaluated.
ReadWritePaths=/var/tmp
{_HARDENING}"""
    return (
        GuardUnit(f"{UNITS}/sealock-guard.socket", guard),
        GuardUnit(f"{UNITS}/sealock-guard-status.socket", status),
        GuardUnit(f"{UNITS}/sealock-guard.service", service),
    )


def _socket_unit(what: str, relation: str, name: str, path: str, group: str) -> str:
    """A socket that systemd holds, and the members of a group may connect to.

    systemd makes its directory, as root. It is no RuntimeDirectory= of the service: systemd gives all that is in one to
    the service's user and group, and so would take the socket from the members.
    """
    return f"""\
[Unit]
Description=Guard in front of the container engine (sealock), {what}
{relation}

[Socket]
ListenStream={path}
SocketUser={USER}
SocketGroup={group}
SocketMode=0660
DirectoryMode=0755
FileDescriptorName={name}
Service=sealock-guard.service
RemoveOnStop=yes
"""


def plugin_units(program: str, policy: str, engine: str) -> tuple[GuardUnit, ...]:
    """The unit of the plugin; it starts before the engine, which ends if a plugin that it names is missing."""
    service = f"""\
[Unit]
Description=Authorization plugin of the container engine (sealock)
Before=docker.service
StartLimitIntervalSec=0

[Service]
ExecStart={program} guard plugin --listen {PLUGIN} --engine {engine} --policy {policy} --status {STATUS}
ExecReload=/bin/kill -HUP $MAINPID
RuntimeDirectory=sealock
RuntimeDirectoryPreserve=yes
Restart=always
RestartSec=1
{_HARDENING.replace("ProtectSystem=strict", "ProtectSystem=full")}
[Install]
WantedBy=docker.service
"""
    return (GuardUnit(f"{UNITS}/sealock-guard-plugin.service", service),)


def with_plugin(text: str, path: str) -> str:
    """The text of daemon.json with the plugin; FormatError where it is no JSON."""
    return _changed(text or "{}\n", path, Add("authorization_plugins", NAME))


def without_plugin(text: str, path: str) -> str:
    """The text of daemon.json without the plugin."""
    return _changed(text, path, Remove("authorization_plugins", NAME))


def _changed(text: str, path: str, change: Add | Remove) -> str:
    document = daemon.read(Source(path, text))
    if document.errors:
        message = f"/{path} cannot be read: {document.errors[0].message}"
        raise FormatError(message)
    return apply_edits(text, daemon.edits(document, document.subjects[0], change))
