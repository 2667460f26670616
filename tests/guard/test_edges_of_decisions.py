"""What a decision turns on at its edges: exactly the most that is allowed, an object beside the caller's, odd fields."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from sealock.guard.decision.exchange import (
    Allowed,
    ArchiveAnswer,
    ArchivedImage,
    Caller,
    CallingContainer,
    Denied,
    EngineRequest,
    GuardReason,
)
from sealock.guard.decision.offline import decide_offline
from sealock.guard.decision.requestbodies import BodyError, check_shape, parse_strictly
from sealock.guard.decision.targets import TargetError, read_target
from sealock.guard.denials import denial_message
from support.guardrows import CREATE, PLAIN, host, service, world
from support.guardworld import OPEN, TODAY, GuardWorld, rules, sent

DIGEST = f"sha256:{'d' * 64}"
OWNER = "sealock.guard.owner"
DEBIAN = 'images = ["docker.io/library/debian"]'
LIBRARY = 'images = ["docker.io/library/*"]'
IMAGES = {
    "debian:12": {"RepoTags": ["debian:12"], "Config": {}},
    "theirs:1": {"RepoTags": ["theirs:1"], "Config": {"Labels": {OWNER: "them"}}},
    "mine:1": {"RepoTags": ["mine:1"], "Config": {"Labels": {OWNER: "all"}}},
    "built:1": {"RepoTags": ["built:1"], "RepoDigests": [], "Config": {}},
    "odd:1": {"RepoTags": [5, "a:b:c", "odd:1"], "Config": {}},
    "beef": {"RepoTags": ["beef:1"], "Config": {}},
    "nginx": {"RepoTags": ["nginx:latest"], "Config": {}},
    "alpine:latest": {"RepoTags": [], "RepoDigests": [f"alpine@{DIGEST}"], "Config": {}},
    f"nginx@{DIGEST}": {"RepoTags": [], "RepoDigests": [], "Config": {}},
}


def made_of(policy: str, **more: Any) -> GuardWorld:
    """The world of the ways around, with images and containers in more states."""
    made = world(OPEN + policy, **more)
    made.engine |= {f"/images/{name}/json": described for name, described in IMAGES.items()}
    return made


def build(**query: str) -> str:
    """The request line of a build."""
    return f"POST /v1.44/build?{urlencode(query)}"


PARAMETERS: dict[str, tuple[str, str, set[str]]] = {
    "a session without a version is BuildKit's": ("", build(session="abc"), {"G015"}),
    "BuildKit passes for a caller that may open its session": ('allow = ["build", "session"]', build(version="2", session="abc"), set()),
    "a context that the engine fetches passes where that is accepted": ('accept = ["G015"]', build(remote="http://10.0.0.1/x"), set()),
    "build arguments that are no JSON": ("", build(buildargs="{"), {"G003"}),
    "build arguments that are null are none": ("", build(buildargs="null"), set()),
    "labels that are null are none": ("", build(labels="null"), set()),
    "outputs that are an object are no list": ("", build(outputs="{}"), {"G015"}),
    "an output that is a number is none": ("", build(outputs="[5]"), {"G015"}),
    "an output with an unknown field": ("", build(outputs='[{"Type": "local", "Plugin": "x"}]'), {"G015"}),
    "an output with all its fields": ("", build(outputs='[{"Type": "local", "Attrs": {"dest": "x"}}]'), set()),
    "a build of exactly the memory that is allowed": ('memory = "1G"', build(memory=str(1 << 30)), set()),
    "a build that names no limit of memory": ('memory = "1G"', build(rm="1"), {"G010"}),
    "a build with the limit 0, which is none": ('memory = "1G"', build(memory="0"), {"G010"}),
    "a build by BuildKit has no limit to name": ('memory = "1G"\ncpus = 1\naccept = ["G015"]', build(version="2"), {"G015"}),
    "a build that names no limit of CPUs": ("cpus = 1.5", build(rm="1"), {"G010"}),
    "a build of exactly the CPUs that are allowed": ("cpus = 1.5", build(cpuquota="150000"), set()),
    "a build of more than them": ("cpus = 1.5", build(cpuquota="150001"), {"G010"}),
    "a build of as many in a longer period": ("cpus = 1.5", build(cpuquota="300000", cpuperiod="200000"), set()),
    "a build of more than them in a shorter period": ("cpus = 1.5", build(cpuquota="150000", cpuperiod="50000"), {"G010"}),
    "a period that is no number": ("cpus = 1.5", build(cpuquota="1", cpuperiod="1e9"), {"G004"}),
    "a build of one byte more than that": ('memory = "1G"', build(memory=str((1 << 30) + 1)), {"G010"}),
}  # fmt: skip


@pytest.mark.parametrize(("policy", "line", "denied"), PARAMETERS.values(), ids=PARAMETERS)
def test_the_parameters_of_a_build_decide(policy: str, line: str, denied: set[str]) -> None:
    text = OPEN.replace('"build",', '"build", "session",') if "session" in policy else OPEN + policy
    assert rules(GuardWorld(text).decide(line)) == denied


DOCKERFILES: dict[str, tuple[str, str, set[str]]] = {
    "a copy from the context": ("own = true", "FROM debian:12\nCOPY a /b\nUSER 1\n", set()),
    "a copy from a stage": ("own = true", "FROM debian:12 AS a\nFROM debian:12\nCOPY --from=a /a /b\nUSER 1\n", set()),
    "an image that is not known, of a caller that owns": ("own = true", "ARG B\nFROM $B\nUSER 1\n", {"G009"}),
    "an image that is not known, where a digest is required": ('require = ["digest"]', "ARG B\nFROM $B\nUSER 1\n", {"G009"}),
    "an image that is not known, of a caller with all images": ("", "ARG B\nFROM $B\nUSER 1\n", set()),
    "a text that is no name has no digest": ('require = ["digest"]', f"FROM debian:12@{DIGEST}\nCOPY --from=a:b:c /a /b\nUSER 1\n", {"G009"}),
    "an image of the caller's reach that the engine has": (DEBIAN, "FROM debian:12\nUSER 1\n", set()),
    "an image that the caller made itself": ("own = true", "FROM mine:1\nUSER 1\n", set()),
    "a rule of low severity that the policy names": ('deny = ["B142"]', "FROM debian:12.9\nRUN cd /srv && make\nUSER 1\n", {"B142"}),
    "a rule of low severity that it does not name": ("", "FROM debian:12.9\nRUN cd /srv && make\nUSER 1\n", set()),
}  # fmt: skip


@pytest.mark.parametrize(("policy", "text", "denied"), DOCKERFILES.values(), ids=DOCKERFILES)
def test_the_images_of_a_dockerfile_decide(policy: str, text: str, denied: set[str]) -> None:
    made = made_of(policy)
    made.archive = ArchiveAnswer(text)
    assert rules(made.decide("POST /v1.44/build")) == denied


def loaded(labels: dict[str, str] | None = None, *names: str, config: str = "") -> ArchiveAnswer:
    """What an archive with one image holds."""
    text = config or json.dumps({"architecture": "amd64", "os": "linux", "config": {"Labels": labels, "User": "1"}})
    return ArchiveAnswer("", (ArchivedImage(names, text, ("sha256:1",)),))


LOADS: dict[str, tuple[str, ArchiveAnswer, set[str]]] = {
    "a configuration that is no JSON": ("", loaded(config="{"), {"G016"}),
    "a configuration that is empty": ("", loaded(config="[]"), {"G016"}),
    "a label of another name": ("own = true", loaded({"team": "web"}, "new:1"), set()),
    "the caller's own label": ("own = true", loaded({OWNER: "all"}, "new:1"), set()),
    "the label of nobody": ("own = true", loaded({OWNER: ""}, "new:1"), set()),
    "the label of another caller, for one that owns nothing": ("", loaded({OWNER: "them"}, "new:1"), set()),
    "the name of an image that came from no registry": ('require = ["digest"]', loaded({}, "built:1"), set()),
    "what is not read, of a caller that owns": ('own = true\naccept = ["G016"]', loaded(), {"G009"}),
    "what is not read, of a caller with some images": (f'{DEBIAN}\naccept = ["G016"]', loaded(), {"G009"}),
    "what is not read, of a caller with all images": ('accept = ["G016"]', loaded(), set()),
}  # fmt: skip


@pytest.mark.parametrize(("policy", "answer", "denied"), LOADS.values(), ids=LOADS)
def test_what_is_loaded_decides(policy: str, answer: ArchiveAnswer, denied: set[str]) -> None:
    made = made_of(policy)
    made.archive = answer
    assert rules(made.decide("POST /v1.44/images/load")) == denied


SERVICE = service()
BEFORE = {"bare": {}, "mine": {OWNER: "all"}, "theirs": {OWNER: "them"}}
USES: dict[str, tuple[str, str, Any, set[str]]] = {
    # What streams
    "a Dockerfile that was read is no stream that nothing evaluates": ('deny = ["G016"]', "POST /v1.44/build", None, set()),
    "a request without a stream has none that nothing evaluates": ('deny = ["G016"]', "GET /v1.44/info", None, set()),
    # Images
    "an image whose id begins as another's name": (LIBRARY, CREATE, {"Image": "beef"}, {"G009"}),
    "an image whose names are not all texts, or names": (LIBRARY, CREATE, {"Image": "odd:1"}, set()),
    "an image by its name without a tag": (LIBRARY, CREATE, {"Image": "nginx"}, set()),
    "an image of which the engine knows only the digest": (LIBRARY, CREATE, {"Image": "alpine:latest"}, set()),
    "an image by its digest": ('require = ["digest"]', CREATE, {"Image": f"nginx@{DIGEST}"}, set()),
    "a pull of all tags, of which the caller may use some": ('images = ["docker.io/library/debian:l*"]', "POST /v1.44/images/create?fromImage=debian", None, {"G009"}),
    "a pull of one of these tags": ('images = ["docker.io/library/debian:l*"]', "POST /v1.44/images/create?fromImage=debian&tag=latest", None, set()),
    "a search for a word with a dot": (DEBIAN, "GET /v1.44/images/search?term=nginx.conf", None, set()),
    "a save of an image beyond the reach": (DEBIAN, "GET /v1.44/images/get?names=ghcr.io/x/y:1", None, {"G009"}),
    # Networks and logs
    "the ingress network of a swarm": ("", "POST /v1.44/networks/create", {"Name": "n", "Ingress": True}, {"G012"}),
    "a log option that is empty": ("", CREATE, host(LogConfig={"Type": "json-file", "Config": {"path": ""}}), set()),
    "a log that is sent away where that is accepted": ('accept = ["G017"]', CREATE, host(LogConfig={"Type": "fluentd"}), set()),
    "a log that is kept and sent away by the engine's own driver": (
        "", CREATE, host(LogConfig={"Type": "", "Config": {"syslog-address": "unix:///run/x", "fluentd-address": "10.0.0.1:1"}}), {"G006", "G017"},
    ),
    # Limits
    "an update of processes within the limit": ("pids = 9", "POST /v1.44/containers/web/update", {"PidsLimit": 9}, set()),
    "an update of one process more": ("pids = 9", "POST /v1.44/containers/web/update", {"PidsLimit": 10}, {"G010"}),
    # Paths
    "a socket that binds names itself": ('binds = ["/srv/engine"]', CREATE, host(Binds=["/srv/engine:/s:ro"]), set()),
    "a socket below a directory of binds": ('binds = ["/srv"]', CREATE, host(Binds=["/srv/engine:/s:ro"]), {"G006"}),
    # Bodies
    "an empty object for a route without a body, of no media type": ("", "POST /v1.44/containers/web/start", b"{}", set()),
    "a null character beside a letter beyond ASCII": ("", CREATE, host() | {"Env": ["A=\u00e9\0"]}, {"G004"}),
    "null where the body may be left out": ("", "POST /v1.44/exec/e2/start", b"null", set()),
    # Rules
    "a pedantic rule that the policy names": ('deny = ["C032"]', CREATE, host(), {"C032"}),
    "a pedantic rule that it does not name": ("", CREATE, host(), set()),
    # Plugins
    "settings of a plugin, of which there are none": ("", "POST /v1.44/plugins/x/set", [], {"G015"}),
    # Lists and labels
    "a list of what has a label of any value": ('labels = { team = "*" }', "GET /v1.44/volumes", None, set()),
    "a list of what has a label of a pattern": ('labels = { team = "w*" }', "GET /v1.44/volumes", None, {"G005"}),
    "a service that goes back to what bears no label": ("own = true", "POST /v1.44/services/bare/update?version=3&rollback=previous", SERVICE, set()),
    "a service that goes back to what bears the caller's label": ("own = true", "POST /v1.44/services/mine/update?version=3&rollback=previous", SERVICE, set()),
    "a service that goes back to what bears another's": ("own = true", "POST /v1.44/services/theirs/update?version=3&rollback=previous", SERVICE, {"G005"}),
    # The cache of builds
    "the cache of builds, of a caller that owns nothing": ('names = "web-*"', "POST /v1.44/build/prune", None, set()),
    # Targets
    "a path beside that of an image": ("", "GET /v1.44/image/a/b/json", None, {"G003"}),
    "a fragment behind a path": ("", "GET /v1.44/info#x", None, {"G003"}),
    "a sign in a query that URLs do not have": ("", "GET /v1.44/containers/json?filters=<", None, {"G003"}),
    "a null character in a query": ("", "GET /v1.44/containers/json?filters=%00", None, {"G003"}),
    "a sign in an escape": ("", "GET /v1.44/containers/json?limit=%+1", None, {"G003"}),
}  # fmt: skip


@pytest.mark.parametrize(("policy", "line", "body", "denied"), USES.values(), ids=USES)
def test_what_a_request_says_at_an_edge_decides(policy: str, line: str, body: Any, denied: set[str]) -> None:
    media = "" if body == b"{}" else None
    made = made_of(policy)
    made.engine |= {
        f"/services/{name}": {
            "ID": "x1",
            "Spec": {"Labels": {OWNER: "all"}},
            "PreviousSpec": service() | {"Labels": labels},
        }
        for name, labels in BEFORE.items()
    }
    assert rules(made.decide(line, body, media=media)) == denied


EXISTING: dict[str, tuple[str, dict[str, Any], set[str]]] = {
    "a volume that is a bind of the host": ("", {"Mounts": [{"Type": "volume", "Name": "root", "Source": "/x", "Destination": "/h"}]}, {"G006", "C014"}),
    "a volume that the engine keeps": ("", {"Mounts": [{"Type": "volume", "Name": "data", "Source": "/x", "Destination": "/h"}]}, set()),
    "a volume with options that are no object": ("", {"Mounts": [{"Type": "volume", "Name": "odd", "Source": "/x", "Destination": "/h"}]}, {"G011"}),
    "a volume with an option that is no text": ("", {"Mounts": [{"Type": "volume", "Name": "number", "Source": "/x", "Destination": "/h"}]}, {"G011"}),
    "a volume without a name": ("", {"Mounts": [{"Type": "volume", "Destination": "/h"}]}, set()),
    "a file system in memory": ("", {"Mounts": [{"Type": "tmpfs", "Destination": "/h"}]}, set()),
    "a bind that names no directory": ("", {"Mounts": [{"Type": "bind", "Destination": "/h"}]}, set()),
    "an image that is called like a volume": ("", {"Mounts": [{"Type": "image", "Source": "root", "Destination": "/h"}]}, set()),
    "a directory of the host": ("", {"Mounts": [{"Type": "bind", "Source": "/srv/x", "Destination": "/h"}]}, {"G006"}),
    "a directory of the host that has a name": ('binds = ["/srv/*"]', {"Mounts": [{"Type": "bind", "Source": "/srv/x", "Destination": "/h", "RW": False}]}, set()),
    "no masks": ("", {"HostConfig": {"MaskedPaths": ["/x"]}}, {"C010"}),
    "no masks, which are accepted": ('accept = ["C010"]', {"HostConfig": {"MaskedPaths": ["/x"]}}, set()),
}  # fmt: skip


@pytest.mark.parametrize(("policy", "has", "denied"), EXISTING.values(), ids=EXISTING)
def test_what_a_container_has_decides_on_its_start(policy: str, has: dict[str, Any], denied: set[str]) -> None:
    made = made_of(policy)
    made.engine["/containers/web/json"] = (
        PLAIN
        | {"HostConfig": PLAIN["HostConfig"] | has.get("HostConfig", {})}
        | {key: value for key, value in has.items() if key != "HostConfig"}
    )
    made.engine |= {
        "/volumes/odd": {"Name": "odd", "Driver": "local", "Options": ["o=bind"]},
        "/volumes/number": {"Name": "number", "Driver": "local", "Options": {"type": "tmpfs", "device": 5}},
    }
    assert rules(made.decide("POST /v1.44/containers/web/start")) == denied


MOUNTS: dict[str, tuple[Any, bool]] = {
    "the directory above": ({"Type": "bind", "Source": "/srv/ci"}, True),
    "the directory itself": ({"Type": "bind", "Source": "/srv/ci/x"}, False),
    "another directory": ({"Type": "bind", "Source": "/srv/web"}, False),
    "the root directory": ({"Type": "bind", "Source": "/"}, True),
    "a file system in memory": ({"Type": "tmpfs", "Destination": "/srv/ci"}, False),
    "no mount at all": ("nonsense", False),
}


@pytest.mark.parametrize(("mounted", "denied"), MOUNTS.values(), ids=MOUNTS)
def test_a_container_swaps_what_lies_below_what_it_mounts(mounted: Any, *, denied: bool) -> None:
    made = made_of('binds = ["/srv/ci/*"]')
    made.engine["/containers/c1/json"] = {"Mounts": [mounted]}
    decision = made.decide(
        CREATE, host(Binds=["/srv/ci/x:/d:ro"]), Caller(uid=0, container=CallingContainer("c1", "ci"))
    )
    assert rules(decision) == ({"G007"} if denied else set())


def test_what_lies_below_a_directory_of_the_guard_is_never_mounted() -> None:
    made = GuardWorld(f'{OPEN}binds = ["/"]\n', protected=("/srv/guard",))
    decision = made.decide(CREATE, host(Binds=["/srv/guard/state:/h:ro"]))
    assert isinstance(decision, Denied)
    assert "with it the guard's /srv/guard" in {reason.why.partition("and ")[2] for reason in decision.reasons}
    assert rules(made.decide(CREATE, host(Binds=["/srv/guards:/h:ro"]))) == set()


def test_the_host_s_network_is_denied_once() -> None:
    body = host(NetworkMode="host") | {"NetworkingConfig": {"EndpointsConfig": {"host": {}}}}
    decision = made_of("").decide(CREATE, body)
    assert isinstance(decision, Denied)
    assert [reason.rule for reason in decision.reasons] == ["C020"]


@pytest.mark.parametrize("line", ["GET /v1.44/containers/json", "GET /v1.44/images/json", "POST /v1.44/volumes/prune"])
def test_a_plugin_narrows_nothing_to_a_caller_s_own(line: str) -> None:
    assert rules(made_of("own = true").decide(line)) == set()
    assert rules(made_of("own = true", rewrites=False).decide(line)) == {"G005"}


ASSUMED: dict[str, tuple[EngineRequest, set[str]]] = {
    "a create": (
        EngineRequest("POST", "/v1.44/containers/create", "application/json", json.dumps(host(Binds=["/srv/x/:/d:ro"], NetworkMode="net")).encode()),
        {"/srv/x is a directory, is no link, and the caller cannot replace it", "the caller has no containers yet", "the engine has no image nginx:1.27", "the engine has no network net"},
    ),
    "a build": (EngineRequest("POST", "/v1.44/build", "application/x-tar", None), {"the policy allows the Dockerfile of the context"}),
    "a load": (EngineRequest("POST", "/v1.44/images/load", "application/x-tar", None), {"the policy allows the images in the archive"}),
    "a ping": (EngineRequest("GET", "/_ping"), set()),
}  # fmt: skip


@pytest.mark.parametrize(("request_", "assumed"), ASSUMED.values(), ids=ASSUMED)
def test_a_decision_without_an_engine_says_what_it_assumes(request_: EngineRequest, assumed: set[str]) -> None:
    made = made_of('own = true\ncontainers = 2\nbinds = ["/srv/*"]\nchange = ["digest"]')
    decision = decide_offline(request_, Caller(uid=1000), made.guard, TODAY)
    assert set(decision.assumed) == assumed
    assert rules(decision.result) <= {"G009"}


def test_a_plugin_pins_no_image() -> None:
    made = made_of('change = ["digest"]', rewrites=False)
    made.engine["/images/nginx:1.27/json"] = {"RepoTags": ["nginx:1.27"], "RepoDigests": [f"nginx@{DIGEST}"]}
    decision = made.decide(CREATE, host())
    assert isinstance(decision, Allowed)
    assert decision.changes == ()


def test_a_rule_on_builds_that_the_policy_skips_denies_nothing() -> None:
    for policy, denied in ((OPEN, {"B039"}), (f'skip = ["B039"]\n{OPEN}', set())):
        made = GuardWorld(policy)
        made.archive = ArchiveAnswer("FROM debian:12.9\nRUN echo root:x | chpasswd\nUSER 1\n")
        assert rules(made.decide("POST /v1.44/build")) == denied


def test_only_what_the_policy_limits_is_limited() -> None:
    made = sent(GuardWorld(f'{OPEN}change = ["limits"]\npids = 9\n').decide(CREATE, host()))
    assert made["HostConfig"]["PidsLimit"] == 9
    assert "Memory" not in made["HostConfig"]


TAGS = {
    '/images/json?filters={"reference": {"mine": true}}': [
        {"RepoTags": ["mine:1", "<none>:<none>", "other/mine:1"], "Labels": {OWNER: "all"}},
        {"RepoTags": ["other/mine:2"], "Labels": {OWNER: "them"}},
        "nonsense",
    ],
    '/images/json?filters={"reference": {"shared": true}}': [
        {"RepoTags": ["shared:1"], "Labels": {OWNER: "all"}},
        {"RepoTags": ["shared:2"], "Labels": {OWNER: "them"}},
    ],
    '/images/json?filters={"reference": {"labelled": true}}': [{"RepoTags": ["labelled:1"], "Labels": {OWNER: 5}}],
}
ALL_TAGS: dict[str, tuple[str, str, set[str]]] = {
    "a push of tags that the caller made": ("own = true", "POST /v1.44/images/mine/push", set()),
    "a push of tags of which another made one": ("own = true", "POST /v1.44/images/shared/push", {"G005"}),
    "a push of tags whose label is no text": ("own = true", "POST /v1.44/images/labelled/push", {"G005"}),
    "a push of tags of which the caller may name one": ('images = ["docker.io/library/shared", "docker.io/library/shared:1"]', "POST /v1.44/images/shared/push", set()),
    "a save of tags that the caller made": ("own = true", "GET /v1.44/images/mine/get", set()),
    "a save of tags of which another made one": ("own = true", "GET /v1.44/images/shared/get", {"G005"}),
    "a save of tags of others, by a caller that owns nothing": (LIBRARY, "GET /v1.44/images/shared/get", set()),
    "a save of tags that nobody's label names": ("own = true", "GET /v1.44/images/labelled/get", set()),
}  # fmt: skip


@pytest.mark.parametrize(("policy", "line", "denied"), ALL_TAGS.values(), ids=ALL_TAGS)
def test_all_tags_of_a_repository_decide(policy: str, line: str, denied: set[str]) -> None:
    made = made_of(policy)
    made.engine |= TAGS
    assert rules(made.decide(line)) == denied


def test_a_body_of_exactly_the_most_passes() -> None:
    for length, passes in ((4 << 20, True), ((4 << 20) + 1, False)):
        text = b'"' + b"x" * (length - 2) + b'"'
        if passes:
            assert len(parse_strictly(text)) == length - 2
        else:
            with pytest.raises(BodyError, match="larger than 4"):
                parse_strictly(text)


@pytest.mark.parametrize(("count", "denied"), [(20_000 - 3, set()), (20_000 - 2, {"G004"})])
def test_a_body_of_exactly_the_most_values_passes(count: int, denied: set[str]) -> None:
    body = {"Labels": {f"k{number}": "v" for number in range(count)}, "Image": "nginx:1.27"}
    assert rules(GuardWorld().decide(CREATE, body)) == denied


@pytest.mark.parametrize(("count", "denied"), [(20_000 - 2, set()), (20_000 - 1, {"G004"})])
def test_so_does_a_last_list_of_as_many(count: int, denied: set[str]) -> None:
    body = json.dumps({"Image": "nginx:1.27", "Env": ["A=1"] * (count - 1)}, indent=1).encode()
    assert rules(GuardWorld().decide(CREATE, body)) == denied


def test_a_target_of_exactly_the_most_characters_passes() -> None:
    start = "/v1.44/containers/json?filters="
    for length, passes in ((64 << 10, True), ((64 << 10) + 1, False)):
        target = start + "x" * (length - len(start))
        if passes:
            assert read_target("GET", target).parameter("filters").startswith("x")
        else:
            with pytest.raises(TargetError):
                read_target("GET", target)


@pytest.mark.parametrize(("count", "more"), [(8, ""), (9, "\n  and 1 more")])
def test_a_denial_says_how_many_reasons_it_leaves_out(count: int, more: str) -> None:
    message = denial_message(Denied(tuple(GuardReason("G011", f"why {number}.") for number in range(count))))
    assert message.endswith(more or "why 7.")
    assert ("more" in message) == bool(more)


WORDS: dict[str, tuple[Any, str, bool]] = {
    "a number": (1, "i", True),
    "a truth for a whole number": (True, "i", False),
    "a truth for a number": (True, "n", False),
    "a truth": (True, "b", True),
    "a number for a truth": (1, "b", False),
    "truths for numbers": ([True], "i*", False),
}


@pytest.mark.parametrize(("value", "shape", "sound"), WORDS.values(), ids=WORDS)
def test_a_truth_is_no_number(value: Any, shape: str, *, sound: bool) -> None:
    if sound:
        assert check_shape(value, shape, "it") == value
    else:
        with pytest.raises(BodyError, match="it should be"):
            check_shape(value, shape, "it")
