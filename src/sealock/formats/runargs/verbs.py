"""The options of each verb, and what the line of a verb says of a container.

`exec`, `update`, `service` and `build` take a part of the options of `run`, some under another name. So each has a
table from its own names to those of `run`, which read and spell the values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sealock.formats.runargs import networks, scalars
from sealock.formats.runargs.mounts import spell_mount
from sealock.formats.runargs.options import OPTIONS, SHORT_OPTIONS, SPELLERS, FieldValue, RunOption, Spelling
from sealock.formats.runargs.scalars import SettingValue
from sealock.model.container import FIELDS, Restart


class VerbOptions(Struct, frozen=True):
    """The options of a verb.

    `bases` leads from the names of the options to those of `run` that they are like. `says` are the fields that a line
    determines although no option sets them. A verb that `makes` a container names its image after the options; after
    the others comes a container, a service or a directory, and with `mixed` further options.
    """

    options: Mapping[str, RunOption]
    short: Mapping[str, RunOption]
    bases: Mapping[str, str]
    says: tuple[str, ...]
    makes: bool = False
    mixed: bool = False

    def spell(self, setting: str, value: SettingValue, like: str = "") -> Spelling:
        """Spell a value, as the option `like` if that can; ValueError where this verb has no option for it."""
        base, text = SPELLERS[setting](value)
        if setting == "mounts" and (self.bases.get(like) == "mount" or base not in self.bases.values()):
            base, text = "mount", spell_mount(value)
        names = [name for name, of_run in self.bases.items() if of_run == base]
        if not names:
            msg = f"this command has no option for {setting.partition('.')[0].replace('_', ' ')}"
            raise ValueError(msg)
        name = like if like in names else names[0]
        own = _SPELLINGS.get(name)
        return name, own(value) if own else text


def _parse_published(text: str) -> tuple[FieldValue, ...]:
    """Parse a port of a service: as `run` does, or published=8080,target=80,protocol=tcp,mode=host."""
    if "=" not in text:
        port = networks.parse_port(text)
        if port.address:
            raise scalars.invalid(text, "has an address, and a service is published on all of them")
        return (("ports", port),)
    pairs = dict(part.partition("=")[::2] for part in text.split(","))
    if unknown := pairs.keys() - {"published", "target", "protocol", "mode"}:
        raise scalars.invalid(text, f'has the unknown key "{min(unknown)}"')
    if "target" not in pairs:
        raise scalars.invalid(text, "names no target port")
    published, protocol = pairs.get("published", ""), pairs.get("protocol", "tcp")
    return (("ports", networks.parse_port(f"{published}:{pairs['target']}/{protocol}".removeprefix(":"))),)


_CONDITIONS: Final = {"none": "no", "on-failure": "on-failure", "any": "always"}


def _parse_condition(text: str) -> tuple[FieldValue, ...]:
    """Parse the restart condition of a service."""
    if text not in _CONDITIONS:
        raise scalars.invalid(text, "is none of none, on-failure, any")
    return (("restart", Restart(_CONDITIONS[text])),)


def _spell_condition(restart: Restart) -> str:
    """Spell a restart policy as the condition of a service."""
    return {policy: name for name, policy in _CONDITIONS.items()}.get(restart.policy, "any")


def _parse_allowed(text: str) -> tuple[FieldValue, ...]:
    """Parse an entitlement that a build gets."""
    return {"security.insecure": (("privileged", True),), "network.host": (("net", "host"),)}.get(text, ())


def _ignore(_: str) -> tuple[FieldValue, ...]:
    return ()


_SPELLINGS: Final[dict[str, Callable[[SettingValue], str]]] = {"restart-condition": _spell_condition}
_READERS_OF_SERVICES: Final[dict[str, Callable[[str], tuple[FieldValue, ...]]]] = {
    "publish": _parse_published,
    "publish-add": _parse_published,
    "restart-condition": _parse_condition,
}
"""The options of a service that take other values than those of `run`."""


def _verb_options(  # noqa: PLR0913  each is a column of the tables below
    taken: str,
    *,
    flags: str = "",
    ignored: str = "",
    short: str = "",
    own: Iterable[RunOption] = (),
    readers: Mapping[str, Callable[[str], tuple[FieldValue, ...]]] = MappingProxyType({}),
    says: tuple[str, ...] = (),
    makes: bool = False,
    mixed: bool = False,
) -> VerbOptions:
    """Make a table. `taken` are names of `run`, as NAME or OWN-NAME=NAME; `short` are pairs such as "t:tag".

    `readers` read the values of the options that take others than those of `run`.
    """
    options: dict[str, RunOption] = {}
    bases: dict[str, str] = {}
    for word in taken.split():
        name, _, base = word.partition("=")
        bases[name] = base or name
        of_run = OPTIONS[bases[name]]
        options[name] = replace(of_run, name=name, short="", verbs=(), read=readers.get(name, of_run.read))
    for name in ignored.split():
        options[name] = RunOption(name, _ignore)
    for name in flags.split():
        options[name] = RunOption(name, _ignore, flag=True)
    for option in own:
        options[option.name] = option
    letters: dict[str, RunOption] = {}
    for pair in short.split():
        letter, _, name = pair.partition(":")
        letters[letter] = options[name] = replace(options[name], short=letter)
    return VerbOptions(options, letters, bases, says, makes, mixed)


_CHANGES: Final = (
    "memory memory-reservation memory-swap cpus cpu-shares cpu-quota cpu-period cpu-rt-runtime cpu-rt-period "
    "cpuset-cpus cpuset-mems pids-limit blkio-weight restart"
)
_OF_SERVICES: Final = (
    "user workdir hostname tty read-only init stop-signal entrypoint cap-add cap-drop no-healthcheck health-cmd "
    "health-interval health-timeout health-start-period health-start-interval health-retries log-driver log-opt "
    "limit-memory=memory reserve-memory=memory-reservation limit-cpu=cpus limit-pids=pids-limit memory-swap "
    "memory-swappiness oom-score-adj restart-condition=restart"
)
_LISTS: Final = {
    "env": "env", "mount": "mount", "publish": "publish", "network": "network", "container-label": "label",
    "group": "group-add", "dns": "dns", "dns-search": "dns-search", "dns-option": "dns-option", "host": "add-host",
    "sysctl": "sysctl", "ulimit": "ulimit",
}  # fmt: skip
"""The lists of a service, and the options of `run` that they are."""
_IGNORED_LISTS: Final = ("config", "secret", "constraint", "generic-resource", "label", "placement-pref")
_IGNORED_OF_SERVICES: Final = (
    "credential-spec endpoint-mode isolation max-concurrent mode replicas replicas-max-per-node reserve-cpu "
    "restart-delay restart-max-attempts restart-window rollback-delay rollback-failure-action "
    "rollback-max-failure-ratio rollback-monitor rollback-order rollback-parallelism stop-grace-period update-delay "
    "update-failure-action update-max-failure-ratio update-monitor update-order update-parallelism"
)
_NOT_OF_SERVICES: Final = frozenset({"auto_remove", "no_new_privileges"})
"""What no option of a service sets and a service may yet have; unlike `privileged`, which none can be."""
_FLAGS_OF_SERVICES: Final = "detach quiet no-resolve-image with-registry-auth"

VERBS: Final[dict[str, VerbOptions]] = {
    **dict.fromkeys(
        ("run", "create"), VerbOptions(OPTIONS, SHORT_OPTIONS, {name: name for name in OPTIONS}, FIELDS, True)
    ),
    "exec": _verb_options(
        "privileged env env-file",
        flags="detach interactive tty latest help",
        ignored="detach-keys user workdir preserve-fds preserve-fd cidfile",
        short="d:detach e:env i:interactive t:tty u:user w:workdir l:latest",
        says=("privileged", "environment"),
    ),
    "compose exec": _verb_options(
        "privileged env",
        flags="detach interactive tty no-tty no-TTY dry-run help",
        ignored="user workdir index",
        short="d:detach e:env i:interactive t:tty T:no-tty u:user w:workdir",
        says=("privileged", "environment"),
    ),
    "compose run": _verb_options(
        "env volume publish cap-add cap-drop entrypoint name",
        flags="build detach interactive tty no-tty no-TTY no-deps quiet quiet-build quiet-pull remove-orphans rm "
        "service-ports use-aliases dry-run help",
        ignored="user workdir label pull env-from-file index",
        short="d:detach e:env i:interactive t:tty T:no-tty p:publish P:service-ports q:quiet u:user v:volume w:workdir "
        "l:label",
        says=("environment", "volumes_from"),
    ),
    "update": _verb_options(
        _CHANGES,
        flags="latest help no-healthcheck",
        ignored="kernel-memory blkio-weight-device device-read-bps device-read-iops device-write-bps device-write-iops "
        "env unsetenv health-cmd health-interval health-log-destination health-max-log-count health-max-log-size "
        "health-on-failure health-retries health-start-period health-startup-cmd health-startup-interval "
        "health-startup-retries health-startup-success health-startup-timeout health-timeout memory-swappiness ulimit",
        short="m:memory c:cpu-shares l:latest",
        mixed=True,
    ),
    "service create": _verb_options(
        f"{_OF_SERVICES} env-file name " + " ".join(f"{name}={of_run}" for name, of_run in _LISTS.items()),
        flags=f"{_FLAGS_OF_SERVICES} help",
        ignored=f"{_IGNORED_OF_SERVICES} {' '.join(_IGNORED_LISTS)}",
        readers=_READERS_OF_SERVICES,
        short="d:detach e:env l:label p:publish q:quiet t:tty u:user w:workdir",
        says=tuple(field for field in FIELDS if field not in _NOT_OF_SERVICES),
        makes=True,
    ),
    "service update": _verb_options(
        f"{_OF_SERVICES} " + " ".join(f"{name}-add={of_run}" for name, of_run in _LISTS.items()),
        flags=f"{_FLAGS_OF_SERVICES} force rollback help",
        ignored=f"{_IGNORED_OF_SERVICES} args image credential-spec mount-rm "
        + " ".join(f"{name}-rm {name}-add" for name in _IGNORED_LISTS)
        + " "
        + " ".join(f"{name}-rm" for name in _LISTS),
        readers=_READERS_OF_SERVICES,
        short="d:detach q:quiet t:tty u:user w:workdir",
        says=("volumes_from",),
        mixed=True,
    ),
    "build": _verb_options(
        "network net=network add-host ulimit shm-size memory memory-swap cpu-shares cpu-period cpu-quota cpuset-cpus "
        "cpuset-mems cgroup-parent cap-add cap-drop device security-opt volume env pid ipc uts userns cgroupns dns "
        "dns-search dns-option group-add build-arg=env",
        flags="load no-cache push pull quiet help compress force-rm rm squash squash-all layers no-hostname no-hosts "
        "stdin omit-history pull-always pull-never disable-compression disable-content-trust http-proxy identity-label "
        "inherit-labels inherit-annotations skip-unused-stages logsplit save-stages check debug created-annotation "
        "compat-volumes tls-verify all-platforms",
        ignored="allow annotation attest build-context builder cache-from cache-to file iidfile label "
        "metadata-file no-cache-filter output platform progress provenance sbom secret ssh tag target isolation "
        "arch authfile build-arg-file cache-ttl cert-dir cpp-flag creds cw decryption-key format from hooks-dir "
        "ignorefile jobs layer-label logfile manifest os os-feature os-version retry retry-delay runtime-flag "
        "sbom-image-output sbom-image-purl-output sbom-merge-strategy sbom-output sbom-purl-output "
        "sbom-scanner-command sbom-scanner-image sign-by timestamp source-date-epoch rewrite-timestamp unsetenv "
        "unsetlabel unsetannotation userns-gid-map userns-gid-map-group userns-uid-map userns-uid-map-user variant "
        "transient-store call policy buildkit-host",
        own=(RunOption("allow", _parse_allowed, settings=("privileged", "net")),),
        short="f:file t:tag q:quiet o:output m:memory c:cpu-shares v:volume D:disable-compression",
        says=("privileged", "environment", "volumes_from"),
        mixed=True,
    ),
}
"""The verbs whose lines say what a container gets."""
