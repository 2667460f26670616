"""Every route of the Engine API, from version 1.24 to the newest that Docker documents, and what each takes.

A route belongs to a group; the policy allows groups, or single routes. What the table does not know is denied. Routes,
parameters and media types are facts from the API's descriptions and the engine's routers.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from msgspec import Struct

OLDEST: Final = (1, 24)
NEWEST: Final = (1, 56)

BodyKind: TypeAlias = Literal["none", "json", "optional", "stream"]
Access: TypeAlias = Literal["read", "write"]


class ApiRoute(Struct, frozen=True):
    """A route. `template` has {id} for one segment of the path and {name} for one or several.

    `name` is how the policy writes it: "POST /containers/create". `body` is "json" where one is required, "optional"
    where it may be missing, "stream" for what is no JSON and stays unread. `query` are the parameters, `repeated` those
    that may stand several times, `upgrade` whether the connection may be hijacked.
    """

    method: str
    template: str
    group: str
    access: Access
    body: BodyKind
    query: frozenset[str]
    repeated: frozenset[str]
    upgrade: bool
    segments: tuple[str, ...]
    name: str


GROUPS: Final = {
    "ping": "whether the engine answers",
    "version": "the engine's version",
    "info": "the engine's settings and machine",
    "events": "what happens: containers, images, networks, volumes",
    "system": "disk usage",
    "auth": "logins at registries",
    "containers": "lists and details with environment; create, start, stop, rename, update, delete",
    "logs": "what containers print",
    "attach": "the standard streams of a container, also its input",
    "exec": "commands in containers",
    "files": "files of containers: read, write, export",
    "checkpoints": "checkpoints of containers (experimental)",
    "commit": "images made from containers",
    "images": "lists and details, history; pull, load, tag, push, save, delete",
    "distribution": "digests and platforms of images at registries",
    "build": "builds with the classic builder, or with BuildKit where session is allowed too",
    "session": "BuildKit's streams (/session, /grpc), whose content the guard cannot evaluate",
    "volumes": "volumes",
    "networks": "networks",
    "swarm": "the swarm itself: init, join, leave, its keys",
    "nodes": "nodes of a swarm",
    "services": "services of a swarm",
    "tasks": "tasks of a swarm",
    "secrets": "secrets of a swarm (their names; the engine does not give their content)",
    "configs": "configs of a swarm, with their content",
    "plugins": "plugins of the engine, which run as root on the host",
}
"""The groups of routes that a policy allows, and what they give."""

_LOGS: Final = "details,follow,since,stderr,stdout,tail,timestamps"
_ATTACH: Final = "detachKeys,logs,stderr,stdin,stdout,stream"
_BUILD: Final = (
    "buildargs,buildid,cachefrom,cgroupparent,cpuperiod,cpuquota,cpusetcpus,cpusetmems,cpushares,dockerfile,extrahosts,"
    "forcerm,isolation,labels,memory,memswap,networkmode,nocache,outputs,platform,pull,q,remote,rm,securityopt,session,"
    "shmsize,squash,target,ulimits,version,t+,extrahosts+,securityopt+"
)
_PRUNED: Final = "all,filters,keep-storage,max-used-space,min-free-space,reserved-space"
_ROTATED: Final = "rotateManagerToken,rotateManagerUnlockKey,rotateWorkerToken,version"
_TABLE: Final = f"""
GET    /_ping                                ping
HEAD   /_ping                                ping
GET    /version                              version
GET    /info                                 info
GET    /events                               events        filters,since,until
GET    /system/df                            system        type+,verbose
POST   /auth                                 auth          -  @optional
GET    /containers/json                      containers    all,filters,limit,size,before,since,trunc_cmd
POST   /containers/create                    containers    name,platform  @json
POST   /containers/prune                     containers    filters
GET    /containers/{{id}}/json                 containers    size
GET    /containers/{{id}}/top                  containers    ps_args
GET    /containers/{{id}}/changes              containers
GET    /containers/{{id}}/stats                containers    one-shot,stream
POST   /containers/{{id}}/start                containers    detachKeys,checkpoint,checkpoint-dir
POST   /containers/{{id}}/stop                 containers    signal,t
POST   /containers/{{id}}/restart              containers    signal,t
POST   /containers/{{id}}/kill                 containers    signal
POST   /containers/{{id}}/pause                containers
POST   /containers/{{id}}/unpause              containers
POST   /containers/{{id}}/rename               containers    name
POST   /containers/{{id}}/resize               containers    h,w
POST   /containers/{{id}}/update               containers    -  @json
POST   /containers/{{id}}/wait                 containers    condition
DELETE /containers/{{id}}                      containers    force,link,v
GET    /containers/{{id}}/logs                 logs          {_LOGS},format,until
POST   /containers/{{id}}/attach               attach        {_ATTACH}  @upgrade
GET    /containers/{{id}}/attach/ws            attach        {_ATTACH}  @upgrade
POST   /containers/{{id}}/exec                 exec          -  @json
GET    /exec/{{id}}/json                       exec
POST   /exec/{{id}}/start                      exec          -  @optional,@upgrade
POST   /exec/{{id}}/resize                     exec          h,w
GET    /containers/{{id}}/archive              files         path
HEAD   /containers/{{id}}/archive              files         path
PUT    /containers/{{id}}/archive              files         copyUIDGID,noOverwriteDirNonDir,path  @stream
GET    /containers/{{id}}/export               files
GET    /containers/{{id}}/checkpoints          checkpoints   dir
POST   /containers/{{id}}/checkpoints          checkpoints   -  @json
DELETE /containers/{{id}}/checkpoints/{{id}}     checkpoints   dir
POST   /commit                               commit        author,changes+,comment,container,pause,repo,tag  @optional
GET    /images/json                          images        all,digests,filter,filters,identity,manifests,shared-size
POST   /images/create                        images        changes+,fromImage,fromSrc,message,platform,repo,tag  @stream
POST   /images/load                          images        platform+,quiet  @stream
POST   /images/prune                         images        filters
GET    /images/search                        images        filters,limit,term
GET    /images/get                           images        names+,platform+
GET    /images/{{name}}/json                   images        manifests,platform
GET    /images/{{name}}/history                images        platform
GET    /images/{{name}}/get                    images        platform+
GET    /images/{{name}}/attestations           images        platform,statement,type+
POST   /images/{{name}}/push                   images        platform,tag
POST   /images/{{name}}/tag                    images        repo,tag
DELETE /images/{{name}}                        images        force,noprune,platforms+
GET    /distribution/{{name}}/json             distribution
POST   /build                                build         {_BUILD}  @stream
POST   /build/prune                          build         {_PRUNED}
POST   /build/cancel                         build         id
POST   /session                              session       -  @stream,@upgrade
POST   /grpc                                 session       -  @stream,@upgrade
GET    /volumes                              volumes       filters
POST   /volumes/create                       volumes       -  @json
POST   /volumes/prune                        volumes       filters
GET    /volumes/{{id}}                         volumes
PUT    /volumes/{{id}}                         volumes       version  @json
DELETE /volumes/{{id}}                         volumes       force
GET    /networks                             networks      filters
POST   /networks/create                      networks      -  @json
POST   /networks/prune                       networks      filters
GET    /networks/{{id}}                        networks      scope,verbose
POST   /networks/{{id}}/connect                networks      -  @json
POST   /networks/{{id}}/disconnect             networks      -  @json
DELETE /networks/{{id}}                        networks
GET    /swarm                                swarm
POST   /swarm/init                           swarm         -  @json
POST   /swarm/join                           swarm         -  @json
POST   /swarm/leave                          swarm         force
POST   /swarm/update                         swarm         {_ROTATED}  @json
GET    /swarm/unlockkey                      swarm
POST   /swarm/unlock                         swarm         -  @json
GET    /nodes                                nodes         filters
GET    /nodes/{{id}}                           nodes
POST   /nodes/{{id}}/update                    nodes         version  @json
DELETE /nodes/{{id}}                           nodes         force
GET    /services                             services      filters,status
POST   /services/create                      services      -  @json
GET    /services/{{id}}                        services      insertDefaults
GET    /services/{{id}}/logs                   logs          {_LOGS}
POST   /services/{{id}}/update                 services      registryAuthFrom,rollback,version  @json
DELETE /services/{{id}}                        services
GET    /tasks                                tasks         filters
GET    /tasks/{{id}}                           tasks
GET    /tasks/{{id}}/logs                      logs          {_LOGS}
GET    /secrets                              secrets       filters
POST   /secrets/create                       secrets       -  @json
GET    /secrets/{{id}}                         secrets
POST   /secrets/{{id}}/update                  secrets       version  @json
DELETE /secrets/{{id}}                         secrets
GET    /configs                              configs       filters
POST   /configs/create                       configs       -  @json
GET    /configs/{{id}}                         configs
POST   /configs/{{id}}/update                  configs       version  @json
DELETE /configs/{{id}}                         configs
GET    /plugins                              plugins       filters
GET    /plugins/privileges                   plugins       name,remote
POST   /plugins/pull                         plugins       name,remote  @json
POST   /plugins/create                       plugins       name  @stream
GET    /plugins/{{name}}/json                  plugins
POST   /plugins/{{name}}/enable                plugins       timeout
POST   /plugins/{{name}}/disable               plugins       force
POST   /plugins/{{name}}/push                  plugins
POST   /plugins/{{name}}/set                   plugins       -  @json
POST   /plugins/{{name}}/upgrade               plugins       remote  @json
DELETE /plugins/{{name}}                       plugins       force
"""
_READING: Final = frozenset({"POST /containers/{id}/wait"})
"""Routes that change nothing though their method says so."""
_WRITING: Final = frozenset({"GET /containers/{id}/attach/ws", "GET /swarm/unlockkey"})
"""Routes that do more than read: one writes the standard input, one gives the key of the swarm."""


def _route(line: str) -> ApiRoute:
    method, template, group, *rest = line.split()
    words = [word for word in ",".join(rest).split(",") if word and word != "-"]
    body: BodyKind = "none"
    kinds: tuple[BodyKind, ...] = ("json", "optional", "stream")
    query: set[str] = set()
    repeated: set[str] = set()
    upgrade = False
    for word in words:
        if word == "@upgrade":
            upgrade = True
        elif word.startswith("@"):
            body = next(kind for kind in kinds if kind == word[1:])
        else:
            query.add(word.rstrip("+"))
            repeated |= {word[:-1]} if word.endswith("+") else set()
    name = f"{method} {template}"
    reads = name in _READING or (method in {"GET", "HEAD"} and name not in _WRITING)
    segments = tuple(template.split("/")[1:])
    return ApiRoute(
        method, template, group, "read" if reads else "write", body, frozenset(query), frozenset(repeated), upgrade,
        segments, name,
    )  # fmt: skip


ROUTES: Final = tuple(_route(line) for line in _TABLE.strip().splitlines())
BY_NAME: Final = {route.name: route for route in ROUTES}


def _index() -> dict[tuple[str, str], tuple[ApiRoute, ...]]:
    """The routes by method and first segment; those without parameters come first."""
    index: dict[tuple[str, str], list[ApiRoute]] = {}
    for route in sorted(ROUTES, key=lambda route: "{" in route.template):
        index.setdefault((route.method, route.segments[0]), []).append(route)
    return {key: tuple(routes) for key, routes in index.items()}


_INDEX: Final = _index()


def match_route(method: str, segments: tuple[str, ...]) -> tuple[ApiRoute, tuple[str, ...]] | None:
    """The route of a path's segments, and the values of its parameters; None for no route of the table."""
    for route in _INDEX.get((method, segments[0]), ()):
        if (values := _values(route.segments, segments)) is not None:
            return route, values
    return None


def _values(pattern: tuple[str, ...], segments: tuple[str, ...]) -> tuple[str, ...] | None:
    if "{name}" in pattern:
        after = len(pattern) - pattern.index("{name}") - 1
        before = pattern.index("{name}")
        end = len(segments) - after
        if end <= before or segments[:before] != pattern[:before] or segments[end:] != pattern[before + 1 :]:
            return None
        return ("/".join(segments[before:end]),)
    if len(pattern) != len(segments):
        return None
    values: list[str] = []
    for wanted, segment in zip(pattern, segments, strict=True):
        if wanted == "{id}":
            values.append(segment)
        elif wanted != segment:
            return None
    return tuple(values)
