"""Who calls, what is changed, exempted, watched or asked for, and what the denial says."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from sealock.errors import PolicyError
from sealock.guard.decision.decide import decide, describe, recognize
from sealock.guard.decision.exchange import (
    Allowed,
    Caller,
    CallingContainer,
    Denied,
    EngineAnswer,
    EngineQuestion,
    EngineRequest,
    GuardReason,
    ImageAnswer,
    NeedsFacts,
    NoAnswer,
)
from sealock.guard.decision.prepared import prepare
from sealock.guard.decision.routes import BY_NAME, GROUPS, ROUTES
from sealock.guard.denials import denial_message
from sealock.model.location import Source
from sealock.policy.guardpresets import PRESETS
from sealock.policy.settings import read
from support.guardworld import OPEN, TODAY, GuardWorld, rules, sent

CREATE = "POST /v1.44/containers/create?name=web"
NGINX = {"Image": "nginx:1.27"}


def caller(text: str) -> str:
    return f'[guard]\n[[guard.caller]]\nname = "x"\nallow = ["containers", "images"]\n{text}\n'


@pytest.mark.parametrize(
    ("conditions", "of", "met"),
    [
        ("", Caller(), True),
        ("", Caller(uid=0, container=CallingContainer("a" * 64, "web")), True),
        ("uid = 0", Caller(uid=0, gid=0), True),
        ("uid = 0", Caller(uid=1, gid=0), False),
        ("uid = 0", Caller(), False),
        ("uid = 0", Caller(uid=0, gid=0, container=CallingContainer("a" * 64, "web")), False),
        ('uid = 0\ncontainer = "*"', Caller(uid=0, gid=0, container=CallingContainer("a" * 64, "web")), True),
        ("gid = 50", Caller(uid=1, gid=1, groups=(1, 50)), True),
        ("gid = 50", Caller(uid=1, gid=50), True),
        ("gid = 50", Caller(uid=1, gid=1), False),
        ('tls-name = "*.example.com"', Caller(tls_name="ci.example.com"), True),
        ('tls-name = "*"', Caller(), False),
        ('container = "web-*"', Caller(container=CallingContainer("a", "web-1")), True),
        ('container = "web-*"', Caller(container=CallingContainer("a", "db")), False),
        ('container = "*"', Caller(uid=0), False),
        ('container-image = "docker.io/library/traefik"', Caller(container=CallingContainer("a", "t", "traefik:3")), True),
        ('container-image = "docker.io/library/traefik"', Caller(container=CallingContainer("a", "t", "evil/traefik:3")), False),
        ('container-label = { role = "c*" }', Caller(container=CallingContainer("a", "t", "", {"role": "ci"})), True),
        ('container-label = { role = "c*" }', Caller(container=CallingContainer("a", "t", "", {})), False),
    ],
)  # fmt: skip
def test_a_caller_is_known_by_all_its_conditions(conditions: str, of: Caller, met: Any) -> None:
    decision = GuardWorld(caller(conditions)).decide("GET /containers/json", None, of)
    assert (rules(decision) != {"G001"}) == met


def test_the_first_caller_that_matches_decides() -> None:
    text = (
        '[guard]\n[[guard.caller]]\nname = "a"\nuid = 5\nallow = "ping"\n[[guard.caller]]\nname = "b"\nallow = "info"\n'
    )
    assert rules(GuardWorld(text).decide("GET /info", None, Caller(uid=5, gid=5))) == {"G002"}
    assert rules(GuardWorld(text).decide("GET /info", None, Caller(uid=6, gid=6))) == set()


def test_without_a_table_no_caller_may_send_anything() -> None:
    assert rules(GuardWorld("").decide("GET /_ping")) == {"G001"}


def test_callers_are_described() -> None:
    assert describe(Caller()) == "nothing known of it"
    assert describe(Caller(uid=1, gid=2, tls_name="a", container=CallingContainer("c" * 64))) == (
        "container cccccccccccc, certificate a, uid 1, gid 2"
    )


def test_a_denied_route_says_how_to_allow_it() -> None:
    decision = GuardWorld(caller("")).decide("POST /v1.44/swarm/init", {})
    assert isinstance(decision, Denied)
    (reason,) = decision.reasons
    assert reason.why == "x may not use POST /swarm/init"
    assert reason.remedy == 'add "POST /swarm/init" or "swarm:write" to allow of this caller in sealock.toml'
    assert decision.setting is not None
    assert (decision.setting.file, decision.setting.line) == ("sealock.toml", 2)


def test_a_denial_names_the_container_that_would_be_created() -> None:
    decision = GuardWorld(caller("")).decide(CREATE, {**NGINX, "HostConfig": {"Privileged": True}})
    assert isinstance(decision, Denied)
    assert denial_message(decision).startswith(
        "denied by sealock guard for caller x, web: C001: Container runs in priv"
    )


@pytest.mark.parametrize("end", [".", "!", "?"])
def test_a_reason_that_is_a_sentence_gets_no_second_end(end: str) -> None:
    why = f"the engine cannot be reached{end}"
    assert denial_message(Denied((GuardReason("G011", why),))) == f"denied by sealock guard: G011: {why}"
    assert denial_message(Denied((GuardReason("G011", why[:-1]),))).endswith("reached.")


@pytest.mark.parametrize("word", ["container", "containers:reading", "GET /container/json", "POST /v1.44/info"])
def test_a_policy_that_names_an_unknown_route_is_refused(word: str) -> None:
    text = f'[guard]\n[[guard.caller]]\nname = "x"\nallow = "{word}"\n'
    with pytest.raises(PolicyError, match="allow"):
        prepare(read(Source("sealock.toml", text), "."), TODAY)


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_every_preset_names_routes_that_exist(preset: str) -> None:
    text = f'[guard]\n[[guard.caller]]\nname = "x"\npreset = "{preset}"\n'
    guard = prepare(read(Source("sealock.toml", text), "."), TODAY)
    assert guard.policy.callers[0].allow <= {
        *BY_NAME,
        *(f"{group}:{access}" for group in GROUPS for access in ("read", "write")),
    }


def test_every_group_has_a_route_and_every_route_a_group() -> None:
    assert {route.group for route in ROUTES} == set(GROUPS)


def test_a_newer_version_passes_where_the_policy_says_so() -> None:
    text = '[guard]\nnewest-api = "1.60"\n[[guard.caller]]\nname = "x"\nallow = "info"\n'
    assert rules(GuardWorld(text).decide("GET /v1.60/info")) == set()
    assert rules(GuardWorld(text).decide("GET /v1.61/info")) == {"G003"}


def test_the_route_of_a_request_line_is_known_before_its_body() -> None:
    guard = GuardWorld().guard
    route = recognize("POST", "/v1.44/build", guard)
    assert route is not None
    assert (route.body, route.name) == ("stream", "POST /build")
    assert recognize("POST", "/v1.44.0/build", guard) is None


CHANGES = caller("""
change = ["no-new-privileges", "cap-drop", "limits", "loopback", "digest"]
memory = "512M"
pids = 100
cpus = 1.5
""")


def test_what_the_client_leaves_open_is_changed() -> None:
    decision = GuardWorld(CHANGES).decide(
        CREATE, NGINX | {"HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": "80"}], "81/tcp": None}}}
    )
    host = sent(decision)["HostConfig"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["CapDrop"] == ["ALL"]
    assert "NET_BIND_SERVICE" in host["CapAdd"] or "CHOWN" in host["CapAdd"]
    assert (host["Memory"], host["PidsLimit"], host["NanoCpus"]) == (512 << 20, 100, 1_500_000_000)
    assert host["PortBindings"] == {"80/tcp": [{"HostPort": "80", "HostIp": "127.0.0.1"}], "81/tcp": None}
    assert isinstance(decision, Allowed)
    kept = ", ".join(host["CapAdd"])
    assert {"no-new-privileges set", f"capabilities dropped: ALL but {kept}", "memory limited to 512 MiB", "processes limited to 100",
            "CPUs limited to 1.5", "port 80/tcp published on 127.0.0.1 only"} <= set(decision.changes)  # fmt: skip


EXPOSING: dict[str, Any] = {"Config": {"ExposedPorts": {"80/tcp": {}, "53/udp": {}}}}
HERE = {"HostIp": "127.0.0.1", "HostPort": ""}


@pytest.mark.parametrize(
    ("body", "image", "bindings"),
    [
        ({}, EXPOSING, {"80/tcp": [HERE], "53/udp": [HERE]}),
        ({"ExposedPorts": {"80": {}, "90": {}}}, EXPOSING, {"80/tcp": [HERE], "90/tcp": [HERE], "53/udp": [HERE]}),
        ({"ExposedPorts": {"90/tcp": {}}}, None, {"90/tcp": [HERE]}),
        ({}, {"Config": {"ExposedPorts": [1]}}, {}),
        ({}, {"Config": None}, {}),
    ],
)
def test_all_exposed_ports_are_published_on_the_loopback_address(
    body: dict[str, Any], image: Any, bindings: dict[str, Any]
) -> None:
    world = GuardWorld(caller('change = "loopback"'))
    if image is not None:
        world.engine["/images/nginx:1.27/json"] = image
    decision = world.decide(CREATE, NGINX | body | {"HostConfig": {"PublishAllPorts": True}})
    host = sent(decision)["HostConfig"]
    assert (host["PublishAllPorts"], host["PortBindings"]) == (False, bindings)
    assert isinstance(decision, Allowed)
    assert decision.changes == tuple(f"port {port} published on 127.0.0.1 only" for port in sorted(bindings))


def test_a_port_that_is_published_already_keeps_its_address() -> None:
    world = GuardWorld(caller('change = "loopback"'))
    world.engine["/images/nginx:1.27/json"] = EXPOSING
    given = {"80": [{"HostIp": "10.0.0.1", "HostPort": "80"}], "53/udp": None}
    host = sent(world.decide(CREATE, NGINX | {"HostConfig": {"PublishAllPorts": True, "PortBindings": given}}))[
        "HostConfig"
    ]
    assert host["PortBindings"] == {"80": given["80"], "53/udp": [HERE]}


@pytest.mark.parametrize(
    ("line", "body", "said"),
    [
        (CREATE, {"HostConfig": {"Memory": 1 << 30}}, "asks for 1 GiB of memory, and x may have 512 MiB"),
        (CREATE, {"HostConfig": {}}, "asks for unlimited memory, and x may have 512 MiB"),
        (CREATE, {"HostConfig": {"Memory": (512 << 20) + 1}}, "asks for 536870913 bytes of memory, and x may have 536870912 bytes"),
        (CREATE, {"HostConfig": {"Memory": 5, "MemorySwap": 2 << 30}}, "asks for 2 GiB of memory and swap, and x may have 1 GiB"),
        (CREATE, {"HostConfig": {"Memory": 5, "MemorySwap": -1}}, "asks for unlimited memory and swap, and x may have 1 GiB"),
        ("POST /containers/web/update", {"Memory": 1 << 30}, "Memory is 1 GiB, and x may have 512 MiB"),
        ("POST /containers/web/update", {"Memory": -1}, "Memory is -1, and x may have 512 MiB"),
        ("POST /build?memory=1073741824", None, "asks for 1 GiB of memory, and x may have 512 MiB"),
        ("POST /build?memory=x", None, "asks for x bytes of memory, and x may have 512 MiB"),
        ("POST /build?memory=0", None, "asks for unlimited memory, and x may have 512 MiB"),
        ("POST /build?memory=5&memswap=2147483648", None, "asks for 2 GiB of memory and swap, and x may have 1 GiB"),
        ("POST /build?memory=5&memswap=-1", None, "asks for -1 bytes of memory and swap, and x may have 1 GiB"),
    ],
)  # fmt: skip
def test_a_denial_names_sizes_that_people_read(line: str, body: Any, said: str) -> None:
    world = GuardWorld(caller('memory = "512M"').replace('"images"', '"images", "build"'))
    world.engine["/containers/web/json"] = {"Id": "a" * 64, "Config": {}, "HostConfig": {"Memory": 1}}
    decision = world.decide(line, NGINX | body if line == CREATE else body)
    assert isinstance(decision, Denied)
    assert [reason.why for reason in decision.reasons if reason.rule == "G010"] == [said]


def test_what_the_client_sets_stays_and_is_evaluated() -> None:
    host = {
        "SecurityOpt": ["no-new-privileges=false"], "CapDrop": ["NET_RAW"], "Memory": 1 << 28, "PidsLimit": 5, "CpuQuota": 50_000,
        "PortBindings": {"80/tcp": [{"HostIp": "10.0.0.1", "HostPort": "80"}]},
    }  # fmt: skip
    decision = GuardWorld(CHANGES).decide(CREATE, NGINX | {"HostConfig": host})
    assert sent(decision)["HostConfig"] == host | {"CgroupnsMode": "private"}
    assert isinstance(decision, Allowed)
    assert decision.changes == ()


@pytest.mark.parametrize(
    "host", [{"Memory": 1 << 40}, {"PidsLimit": 101}, {"NanoCpus": 2_000_000_000}, {"CpuQuota": 300_000}]
)
def test_more_than_the_limits_is_denied(host: dict[str, Any]) -> None:
    assert "G010" in rules(GuardWorld(CHANGES).decide(CREATE, NGINX | {"HostConfig": host}))


def test_no_limit_is_denied_where_there_is_one_and_none_is_set_for_it() -> None:
    only = caller('memory = "512M"')
    assert rules(GuardWorld(only).decide(CREATE, NGINX)) == {"G010"}
    assert rules(GuardWorld(only).decide(CREATE, NGINX | {"HostConfig": {"Memory": 1 << 20}})) == set()


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ({"PidsLimit": -1}, "G010"),
        ({"PidsLimit": 0}, "G010"),
        ({"Memory": 1 << 30}, "G010"),
        ({"Memory": -1}, "G010"),
        ({"Memory": 1 << 20}, ""),
    ],
)
def test_an_update_stays_within_the_limits(body: dict[str, Any], rule: str) -> None:
    world = GuardWorld(CHANGES)
    world.engine["/containers/web/json"] = {"Id": "a" * 64, "Config": {}, "HostConfig": {"Memory": 1, "PidsLimit": 9}}
    assert rules(world.decide("POST /v1.44/containers/web/update", body)) == ({rule} if rule else set())


def test_an_update_that_breaks_a_rule_is_denied() -> None:
    world = GuardWorld(caller('deny = "C030"'))
    world.engine["/containers/web/json"] = {"Id": "a" * 64, "Config": {}, "HostConfig": {"PidsLimit": 9}}
    assert "C030" in rules(world.decide("POST /v1.44/containers/web/update", {"PidsLimit": -1}))


DIGEST = f"sha256:{'d' * 64}"
LOCAL = {"RepoTags": ["nginx:1.27"], "RepoDigests": [f"other@sha256:{'e' * 64}", f"nginx@{DIGEST}"], "Config": {}}


def test_an_image_is_pinned_to_what_the_engine_has() -> None:
    world = GuardWorld(CHANGES)
    world.engine["/images/nginx:1.27/json"] = LOCAL
    assert sent(world.decide(CREATE, NGINX))["Image"] == f"nginx:1.27@{DIGEST}"
    assert sent(world.decide(CREATE, {"Image": "local:1"}))["Image"] == "local:1"


@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        (ImageAnswer(DIGEST), ""),
        (ImageAnswer(DIGEST, distrusted="it is not signed"), "G009"),
        (ImageAnswer(DIGEST, exploited=("CVE-2021-44228",)), "G009"),
        (NoAnswer("nothing is known", "sealock guard evidence nginx"), "G011"),
        (NoAnswer("nothing is known"), "G011"),
    ],
)
def test_evidence_about_an_image(answer: Any, rule: str) -> None:
    world = GuardWorld(caller('require = ["trust", "no-exploited"]'))
    world.engine["/images/nginx:1.27/json"] = LOCAL
    world.images[f"nginx:1.27@{DIGEST}"] = answer
    decision = world.decide(CREATE, NGINX)
    assert rules(decision) == ({rule} if rule else set())
    if rule == "G011":
        assert isinstance(decision, Denied)
        (reason,) = decision.reasons
        assert reason.remedy == (answer.remedy or "send the request again once the engine answers")
    if not rule:
        assert sent(decision)["Image"] == f"nginx:1.27@{DIGEST}"


def test_an_image_without_a_digest_has_no_evidence() -> None:
    world = GuardWorld(caller('require = "digest"'))
    world.engine["/images/built:1/json"] = {"RepoTags": ["built:1"], "RepoDigests": []}
    assert rules(world.decide(CREATE, {"Image": "built:1"})) == {"G009"}
    world.engine[f"/images/{DIGEST}/json"] = {"RepoTags": ["built:1"]}
    assert rules(world.decide(CREATE, {"Image": DIGEST})) == set()


def test_an_image_by_its_short_id_matches_no_pattern() -> None:
    world = GuardWorld(caller('images = "docker.io/library/*"'))
    world.engine["/images/dddddddddddd/json"] = {"RepoTags": ["ghcr.io/x/y:1"], "RepoDigests": []}
    assert rules(world.decide(CREATE, {"Image": "dddddddddddd"})) == {"G009"}
    world.engine["/images/nginx:1.27/json"] = LOCAL
    assert rules(world.decide(CREATE, NGINX)) == set()


@pytest.mark.parametrize("image", ["../containers/x", "a b", "a?x", "a#b", "a%2fb", "", "a//b", "\u00e9"])
def test_what_is_no_name_of_an_image_is_denied(image: str) -> None:
    assert "G009" in rules(GuardWorld(caller('require = "trust"')).decide(CREATE, {"Image": image}))


EXEMPT = """
[[guard.exempt]]
rule = ["C001", "G004"]
caller = "x"
name = "w*"
reason = "builds images"
until = 2026-11-27
"""


def test_an_exemption_lets_a_fault_pass_until_its_last_day() -> None:
    body = NGINX | {"HostConfig": {"Privileged": True}}
    world = GuardWorld(caller("") + EXEMPT)
    decision = world.decide(CREATE, body)
    assert isinstance(decision, Allowed)
    assert [reason.rule for reason in decision.exempted] == ["C001"]
    assert rules(GuardWorld(caller("") + EXEMPT.replace("27", "26")).decide(CREATE, body)) == {"C001"}
    assert rules(world.decide(CREATE.replace("web", "db"), body)) == {"C001"}


def test_no_exemption_covers_what_could_not_be_read() -> None:
    assert rules(GuardWorld(caller("") + EXEMPT).decide(CREATE, {"image": "nginx"})) == {"G004"}


@pytest.mark.parametrize("place", ["guard", "caller"])
def test_audit_denies_nothing_and_forwards_what_came(place: str) -> None:
    text = (
        caller("").replace("[guard]\n", '[guard]\nmode = "audit"\n') if place == "guard" else caller('mode = "audit"')
    )
    raw = b'{"image": "nginx", "HostConfig": {"Privileged": true}}'
    decision = GuardWorld(text).decide("POST /v1.44.0/containers/create", raw)
    assert isinstance(decision, Allowed)
    assert (decision.body, decision.target) == (raw, "/v1.44.0/containers/create")
    assert [reason.rule for reason in decision.would_deny] == ["G003"]
    sound = GuardWorld(text).decide(CREATE, NGINX)
    assert isinstance(sound, Allowed)
    assert sound.would_deny == ()


def test_a_plugin_forwards_what_came_or_denies() -> None:
    world = GuardWorld(CHANGES, rewrites=False)
    raw = b'{ "Image": "nginx:1.27", "HostConfig": {"Memory": 1000000, "PidsLimit": 5, "NanoCpus": 1000000000} }'
    decision = world.decide(CREATE, raw)
    assert isinstance(decision, Allowed)
    assert (decision.body, decision.changes) == (raw, ())
    assert rules(world.decide("GET /v1.44/images/nginx%40sha256:a/json")) == {"G003"}
    own = GuardWorld(caller("own = true"), rewrites=False)
    assert "G005" in rules(own.decide(CREATE, NGINX))
    assert "G005" in rules(own.decide("GET /containers/json"))


def test_a_request_without_settings_is_what_the_client_meant() -> None:
    decision = GuardWorld(OPEN).decide(
        "POST /v1.44/containers/create", NGINX | {"Env": None, "HostConfig": {"Binds": None, "Memory": 0}}
    )
    assert sent(decision) == NGINX | {"HostConfig": {"Memory": 0, "CgroupnsMode": "private"}}


def test_a_container_gets_a_cgroup_namespace_of_its_own_on_any_host() -> None:
    for version in ("v1.40", "v1.55"):
        made = sent(GuardWorld(OPEN).decide(f"POST /{version}/containers/create", NGINX))
        assert made["HostConfig"]["CgroupnsMode"] == "private"
    assert sent(GuardWorld(caller('accept = "C023"')).decide(CREATE, NGINX))["HostConfig"] == {}


@pytest.mark.parametrize(("version", "denied"), [("1", set()), ("2", {"C023"}), (None, {"C023"})])
def test_what_cgroup_v1_gives_every_container_denies_the_use_of_none(version: str | None, denied: set[str]) -> None:
    shared = {"CgroupnsMode": "host"}
    world = GuardWorld(caller(""))
    world.engine["/containers/web/json"] = {"Id": "a" * 64, "Config": {}, "HostConfig": shared}
    world.engine["/info"] = {"CgroupVersion": version}
    assert rules(world.decide("POST /v1.44/containers/web/start")) == denied
    assert rules(world.decide(CREATE, {**NGINX, "HostConfig": shared})) == {"C023"}, "a client that asks for it"


def test_a_rule_that_the_policy_names_denies_where_it_cannot_be_evaluated() -> None:
    body = {"Image": "registry.example/app:1"}
    assert rules(GuardWorld(caller('deny = "C046"')).decide(CREATE, body)) == {"C046"}
    decision = GuardWorld(caller("")).decide(CREATE, body)
    assert isinstance(decision, Allowed)
    assert "C046" in decision.skipped


def test_an_existing_container_counts_by_what_it_has_of_the_host() -> None:
    world = GuardWorld(caller("").replace('"images"]', '"images", "exec"]'))
    made = {"Image": "postgres:16", "Env": ["POSTGRES_PASSWORD=s3cretPassw0rd"], "User": "0"}
    world.engine["/containers/db/json"] = {"Id": "a" * 64, "Config": made, "HostConfig": {}}
    assert rules(world.decide("POST /containers/db/exec", {"Cmd": ["psql"]})) == set()
    assert rules(world.decide("POST /containers/db/start")) == set()
    assert "C048" in rules(
        world.decide("POST /containers/db/exec", {"Cmd": ["psql"], "Env": ["PGPASSWORD=s3cretPassw0rd"]})
    )
    assert "C049" in rules(world.decide("POST /containers/db/exec", {"Cmd": ["psql", "--password=s3cretPassw0rd"]}))
    assert "C048" in rules(world.decide(CREATE, made))


def test_a_build_gets_the_limit_of_memory() -> None:
    world = GuardWorld(CHANGES.replace('"images"]', '"images", "build"]'))
    decision = world.decide("POST /build?t=a:1")
    assert isinstance(decision, Allowed)
    assert decision.target == f"/build?t=a%3A1&memory={512 << 20}&cpuquota=150000"
    asked = world.decide("POST /build?memory=5")
    assert isinstance(asked, Allowed)
    assert asked.target == "/build?memory=5&cpuquota=150000"


def test_severities_and_skips_of_the_policy_count() -> None:
    body = NGINX | {"HostConfig": {"NetworkMode": "host"}}
    assert rules(GuardWorld('skip = ["C020"]\n' + caller("")).decide(CREATE, body)) == set()
    assert "C028" in rules(GuardWorld('severity = { C028 = "critical" }\n' + caller("")).decide(CREATE, NGINX))
    assert rules(GuardWorld(caller('accept = "C020"')).decide(CREATE, body)) == set()


def test_the_guards_own_sockets_are_never_mounted() -> None:
    world = GuardWorld(caller('binds = "/"'), protected=("/srv/guard/engine.sock",))
    for path in ("/srv/guard/engine.sock", "/srv/guard", "/srv", "/"):
        assert "G006" in rules(world.decide(CREATE, NGINX | {"HostConfig": {"Binds": [f"{path}:/h:ro"]}}))
    assert rules(world.decide(CREATE, NGINX | {"HostConfig": {"Binds": ["/opt/app:/h:ro"]}})) == set()


def test_a_link_is_mounted_as_what_it_leads_to() -> None:
    world = GuardWorld(caller('binds = "/srv/*"'))
    world.links["/srv/current"] = "/srv/v2"
    body = {"Binds": ["/srv/current:/a:ro"], "Mounts": [{"Type": "bind", "Source": "/srv/current", "Target": "/b"}]}
    host = sent(world.decide(CREATE, NGINX | {"HostConfig": body}))["HostConfig"]
    assert host["Binds"] == ["/srv/v2:/a:ro"]
    assert host["Mounts"][0]["Source"] == "/srv/v2"


def test_a_volume_of_a_link_is_made_as_what_it_leads_to() -> None:
    world = GuardWorld(caller('binds = "/srv/*"').replace('"images"]', '"images", "volumes"]'))
    world.links |= {"/srv/current": "/srv/v2", "/srv/odd": "/srv/a:b"}
    options = {"type": "none", "o": "bind", "device": "/srv/current"}
    made = sent(world.decide("POST /volumes/create", {"Name": "v", "DriverOpts": options}))
    assert made["DriverOpts"]["device"] == "/srv/v2"
    body = NGINX | {"HostConfig": {"Binds": ["/srv/odd:/a"]}}
    assert "G006" in rules(world.decide(CREATE, body))


def test_a_volume_that_cannot_be_labelled_is_denied() -> None:
    body = NGINX | {"HostConfig": {"Binds": ["new:/d:z"]}}
    assert rules(GuardWorld(caller("own = true")).decide(CREATE, body)) == {"G005"}
    listed = GuardWorld(caller('volume-drivers = "nfs"'))
    assert rules(listed.decide(CREATE, NGINX | {"HostConfig": {"Binds": ["new:/d"], "VolumeDriver": "nfs"}})) == set()


def test_containers_are_counted_only_for_an_owner() -> None:
    assert rules(GuardWorld(caller("containers = 5")).decide(CREATE, NGINX)) == {"G010"}


def test_devices_that_the_policy_lists_pass() -> None:
    world = GuardWorld(caller('devices = ["/dev/ttyUSB*", "nvidia", "vendor.com/gpu=*", "c 188:* rw"]'))
    world.links["/dev/serial"] = "/dev/ttyUSB0"
    body = {
        "Devices": [{"PathOnHost": "/dev/serial"}],
        "DeviceRequests": [{"Driver": "nvidia", "Count": -1}, {"Driver": "cdi", "DeviceIDs": ["vendor.com/gpu=0"]}],
        "DeviceCgroupRules": ["c 188:* rw"],
    }
    host = sent(world.decide(CREATE, NGINX | {"HostConfig": body}))["HostConfig"]
    assert host["Devices"] == [{"PathOnHost": "/dev/ttyUSB0", "PathInContainer": "/dev/serial"}]


@pytest.mark.parametrize("status", [500, 403])
def test_an_engine_that_does_not_answer_denies(status: int) -> None:
    guard = GuardWorld(OPEN).guard
    request = EngineRequest("POST", "/v1.44/containers/web/start")
    question = EngineQuestion("/containers/web/json")
    first = decide(request, Caller(uid=1, gid=1), guard, {}, TODAY)
    assert first == NeedsFacts((question,))
    answer = EngineAnswer(status, {"message": "no"})
    assert rules_of(decide(request, Caller(uid=1, gid=1), guard, {question: answer}, TODAY)) == {"G011"}


def rules_of(decision: Any) -> set[str]:
    assert isinstance(decision, Denied)
    return rules(decision)


def test_today_decides_on_exemptions() -> None:
    guard = GuardWorld(caller("") + EXEMPT).guard
    request = EngineRequest(
        "POST", "/containers/create?name=web", "application/json", b'{"Image":"a:1","HostConfig":{"Privileged":true}}'
    )
    assert isinstance(decide(request, Caller(uid=1, gid=1), guard, {}, date(2026, 11, 27)), Allowed)
    assert isinstance(decide(request, Caller(uid=1, gid=1), guard, {}, date(2026, 11, 28)), Denied)
