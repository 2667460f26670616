"""Known ways around a filter in front of an engine: each is denied by a policy that forbids what it gives."""

from __future__ import annotations

from typing import Any

import pytest

from sealock.guard.decision.exchange import Allowed, Caller, CallingContainer
from support.guardrows import CREATE, PLAIN, ROWS, SOUND, host, mount, service, world
from support.guardworld import OPEN, GuardWorld, rules, sent


@pytest.mark.parametrize(("what", "line", "body", "rule"), ROWS, ids=[row[0] for row in ROWS])
def test_a_way_around_is_denied(what: str, line: str, body: Any, rule: str) -> None:
    media = None if isinstance(body, bytes | dict | list) else ""
    assert rule in rules(world().decide(line, body, media=media)), what


@pytest.mark.parametrize("sign", "/:?#%é\x07", ids=ascii)
def test_a_name_of_a_network_that_leads_elsewhere_is_denied(sign: str) -> None:
    made = world()
    made.engine[f"/networks/a{sign}b"] = {"Name": "a", "Driver": "bridge"}
    assert "G012" in rules(made.decide(CREATE, host(NetworkMode=f"a{sign}b")))


@pytest.mark.parametrize("sign", " ?#%\\é\x07", ids=ascii)
def test_a_name_of_an_image_that_leads_elsewhere_is_denied(sign: str) -> None:
    assert rules(world().decide(CREATE, host() | {"Image": f"a{sign}b"}))
    assert not rules(world().decide(CREATE, host()))


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_body_of_another_media_type_is_denied(media: str) -> None:
    assert rules(world().decide(CREATE, host(), media=media)) == {"G004"}
    assert rules(world().decide("POST /v1.44/build", b"", media="application/x-www-form-urlencoded")) == {"G004"}


@pytest.mark.parametrize(("line", "body"), SOUND)
def test_what_is_sound_passes(line: str, body: Any) -> None:
    decision = world().decide(line, body)
    assert isinstance(decision, Allowed), decision


@pytest.mark.parametrize(
    ("line", "body"),
    [
        (CREATE, host() | {"Env": ["A=1", "HOME"]}),
        ("POST /v1.44/containers/web/exec", {"Cmd": ["sh"], "Env": ["PATH*"]}),
    ],
)
@pytest.mark.parametrize(
    ("components", "denied"),
    [([{"Name": "Engine"}], set()), ([{"Name": "Podman Engine"}, {"Name": "Conmon"}], {"G004"}), (None, set())],
)
def test_no_variable_comes_out_of_the_environment_of_podman(
    line: str, body: Any, components: Any, denied: set[str]
) -> None:
    made = world()
    made.engine["/version"] = {"Components": components}
    assert rules(made.decide(line, body)) == denied


@pytest.mark.parametrize(
    ("components", "denied"), [([{"Name": "Engine"}], set()), ([{"Name": "Podman Engine"}], {"G006"})]
)
def test_no_file_of_the_host_is_removed_with_a_container(components: Any, denied: set[str]) -> None:
    made = world()
    made.engine["/version"] = {"Components": components}
    assert rules(made.decide(CREATE, host(ContainerIDFile="/etc/passwd"))) == denied
    assert rules(made.decide(CREATE, host(ContainerIDFile=""))) == set()


def test_no_container_is_used_that_is_in_a_namespace_by_its_path() -> None:
    for key in ("PidMode", "NetworkMode", "UsernsMode"):
        made = world()
        made.engine["/containers/web/json"] = PLAIN | {"HostConfig": PLAIN["HostConfig"] | {key: "ns:/proc/1/ns/x"}}
        assert rules(made.decide("POST /v1.44/containers/web/start")) == {"C024"}


def test_no_container_starts_in_a_descriptor_that_its_image_names() -> None:
    made = world()
    made.engine["/containers/web/json"] = PLAIN | {"Config": PLAIN["Config"] | {"WorkingDir": "/proc/self/fd/8"}}
    assert rules(made.decide("POST /v1.44/containers/web/start")) == {"G006"}


def test_a_container_that_was_evaluated_is_the_one_that_is_used() -> None:
    for line, body in (
        ("POST /v1.44/containers/web/start", None),
        ("POST /v1.44/containers/web/exec", {"Cmd": ["sh"]}),
        ("POST /v1.44/containers/web/update", {"Memory": 1 << 29}),
        ("PUT /v1.44/containers/web/archive?path=x", None),
    ):
        made = world()
        decision = made.decide(line, body, media=None if body else "")
        assert isinstance(decision, Allowed), line
        assert decision.target == line.partition(" ")[2].replace("web", "b" * 64)
        assert len(made.asked) == 1


@pytest.mark.parametrize(
    ("entry", "driver", "address", "passes"),
    [
        ("syslog", "syslog", "tcp://logs.example.com:514", True),
        ("syslog=tcp://logs.example.com:*", "syslog", "tcp://logs.example.com:514", True),
        ("syslog=tcp://logs.example.com:*", "syslog", "tcp://127.0.0.1:6379", False),
        ("syslog=tcp://logs.example.com:*", "syslog", "tcp://logs.example.com:514@127.0.0.1:6379", False),
        ("syslog=tcp://logs.example.com*", "syslog", "tcp://logs.example.com%00.evil", False),
        ("syslog=*", "gelf", "tcp://logs.example.com:514", False),
        ("fluentd=logs:24224", "fluentd", "logs:24224", True),
        ("fluentd=*", "fluentd", "", False),
        ("fluentd", "fluentd", "", True),
        ("gcplogs=*", "gcplogs", "", False),
        ("*", "vendor/plugin:1", "", True),
        ("", "journald", "", True),
        ("", "syslog", "", True),
        ("", "local", "", True),
    ],
)
def test_a_log_goes_where_the_policy_says(entry: str, driver: str, address: str, *, passes: bool) -> None:
    option = {"syslog": "syslog-address", "gelf": "gelf-address", "fluentd": "fluentd-address"}.get(driver, "x-url")
    config = {option: address} if address else {}
    decision = world(f'{OPEN}log-drivers = ["{entry}"]\n').decide(
        CREATE, host(LogConfig={"Type": driver, "Config": config}, Memory=1 << 26)
    )
    assert rules(decision) == (set() if passes else {"G017"})


@pytest.mark.parametrize("line", ["POST /v1.44/swarm/init", "POST /v1.44/swarm/update?version=1"])
def test_the_tasks_of_a_swarm_log_where_the_policy_says(line: str) -> None:
    defaults = {"TaskDefaults": {"LogDriver": {"Name": "fluentd", "Options": {"fluentd-address": "127.0.0.1:6379"}}}}
    body = {"Spec": defaults} if line.endswith("init") else defaults
    policy = OPEN.replace('"checkpoints",', '"checkpoints", "swarm",')
    assert rules(world(policy).decide(line, body)) == {"G017"}
    assert isinstance(world(f'{policy}log-drivers = ["fluentd"]\n').decide(line, body), Allowed)


@pytest.mark.parametrize(
    ("line", "body", "passes"),
    [
        ("GET /v1.44/distribution/127.0.0.1:6379/x/json", None, False),
        ("GET /v1.44/distribution/ghcr.io/team/x/json", None, True),
        ("GET /v1.44/images/search?term=127.0.0.1:6379/x", None, False),
        ("GET /v1.44/images/search?term=localhost/x", None, False),
        ("GET /v1.44/images/search?term=ghcr.io/x", None, True),
        ("GET /v1.44/images/search?term=team/nginx", None, True),
        ("GET /v1.44/plugins/privileges?remote=127.0.0.1:6379/x", None, False),
        ("POST /v1.44/auth", {"serveraddress": "http://127.0.0.1:6379"}, False),
        ("POST /v1.44/auth", {"serveraddress": "https://ghcr.io/v2/"}, True),
        ("POST /v1.44/auth", {"serveraddress": "https://ghcr.io@127.0.0.1/"}, False),
        ("POST /v1.44/auth", {"username": "x"}, False),
        ("POST /v1.44/auth", None, False),
    ],
)
def test_the_engine_connects_to_registries_of_the_policy_only(line: str, body: Any, *, passes: bool) -> None:
    decision = world(f'{OPEN}images = ["ghcr.io/team/*"]\n').decide(line, body, media=None if body else "")
    assert rules(decision) == (set() if passes else {"G009"})


@pytest.mark.parametrize(
    ("line", "upgrade", "denied"),
    [
        ("POST /v1.44/containers/web/attach", "tcp", False),
        ("POST /v1.44/containers/web/attach", "h2c", True),
        ("GET /v1.44/containers/web/attach/ws", "websocket", False),
        ("POST /v1.44/exec/e2/start", "TCP", False),
        ("POST /v1.44/exec/e2/start", "h2c", True),
    ],
)
def test_a_connection_changes_to_the_protocol_of_its_route_only(line: str, upgrade: str, *, denied: bool) -> None:
    decision = world().decide(line, upgrade=upgrade)
    assert rules(decision) == ({"G004"} if denied else set())


def test_an_exemption_of_a_path_covers_no_other_rule_on_where_it_leads() -> None:
    exempt = '[[guard.exempt]]\nrule = "G006"\nreason = "moves"\nuntil = 2027-01-31\n'
    made = GuardWorld(OPEN + exempt)
    made.links |= {"/srv/link": "/etc", "/srv/safe": "/srv/app"}
    assert "C014" in rules(made.decide(CREATE, host(Binds=["/srv/link:/h"])))
    decision = made.decide(CREATE, host(Binds=["/srv/safe:/h"], Memory=1 << 28))
    assert sent(decision)["HostConfig"]["Binds"] == ["/srv/app:/h"]


@pytest.mark.parametrize(
    ("body", "denied"),
    [
        ({"CpuQuota": 100_000}, False),
        ({"CpuQuota": 300_000}, True),
        ({"CpuQuota": -1}, True),
        ({"CpuPeriod": 1000}, True),
        ({"NanoCpus": 3_000_000_000}, True),
        ({"RestartPolicy": {"Name": "no"}}, False),
    ],
)
def test_an_update_keeps_the_limit_of_cpus(body: dict[str, Any], *, denied: bool) -> None:
    made = GuardWorld(OPEN + "cpus = 2\n")
    made.engine["/containers/web/json"] = PLAIN | {"HostConfig": PLAIN["HostConfig"] | {"CpuQuota": 50_000}}
    assert rules(made.decide("POST /v1.44/containers/web/update", body)) == ({"G010"} if denied else set())


@pytest.mark.parametrize(
    ("query", "forwarded"),
    [
        ("", "1073741824"),
        ("&memory=0", "1073741824"),
        ("&memory=1000", "1000"),
        ("&memory=2000000000", ""),
        ("&memory=-1", ""),
        ("&memory=1e3", ""),
        ("&memory=" + "9" * 5000, ""),
    ],
)
def test_a_build_keeps_the_limit_of_memory(query: str, forwarded: str) -> None:
    decision = GuardWorld(OPEN + 'memory = "1G"\nchange = ["limits"]\n').decide(f"POST /v1.44/build?rm=1{query}")
    assert rules(decision) == (set() if forwarded else {"G010"})
    if isinstance(decision, Allowed):
        assert decision.target == f"/v1.44/build?rm=1&memory={forwarded}"


@pytest.mark.parametrize(
    ("query", "forwarded"),
    [
        ("", "&cpuquota=150000"),
        ("&cpuperiod=0", "&cpuperiod=0&cpuquota=150000"),
        ("&cpuperiod=50000", "&cpuperiod=50000&cpuquota=75000"),
        ("&cpuquota=0", "&cpuquota=150000"),
        ("&cpuquota=5", "&cpuquota=5"),
    ],
)
def test_a_build_is_given_the_limit_of_cpus(query: str, forwarded: str) -> None:
    decision = GuardWorld(OPEN + 'cpus = 1.5\nchange = ["limits"]\n').decide(f"POST /v1.44/build?rm=1{query}")
    assert isinstance(decision, Allowed)
    assert decision.target == f"/v1.44/build?rm=1{forwarded}"
    assert decision.changes == (() if query == "&cpuquota=5" else ("CPUs of the build limited to 1.5",))


def test_no_limit_is_set_by_an_engines_plugin() -> None:
    policy = OPEN + 'memory = "1G"\nchange = ["limits"]\n'
    assert rules(GuardWorld(policy, rewrites=False).decide("POST /v1.44/build?rm=1")) == {"G010"}


ROOT = Caller(uid=0, gid=0)
BELOW: dict[str, tuple[str, Caller | None, str, str]] = {
    "the directory itself": ('["/srv/ci"]', None, "/srv/ci", ""),
    "a directory in it": ('["/srv/ci"]', None, "/srv/ci/x", "G007"),
    "a directory in it, for root of the host": ('["/srv/ci"]', ROOT, "/srv/ci/x", ""),
    "a directory in it, for root of a container": (
        '["/srv/ci"]', Caller(uid=0, gid=0, container=CallingContainer("c1", "ci")), "/srv/ci/x", "G007",
    ),
    "a directory in it, for a name in a certificate": ('["/srv/ci"]', Caller(tls_name="ci"), "/srv/ci/x", "G007"),
    "what is in a directory": ('["/srv/ci/*"]', None, "/srv/ci/x", ""),
    "what is in it, named twice": ('["/srv/ci/*", "/srv/ci/x"]', None, "/srv/ci/x", ""),
    "a directory whose entries are named": ('["/srv/ci/*"]', None, "/srv/ci", "G006"),
    "further down": ('["/srv/ci/*"]', None, "/srv/ci/x/y", "G007"),
    "two levels down": ('["/srv/ci/*/*"]', None, "/srv/ci/x/y", ""),
    "one level of two": ('["/srv/ci/*/*"]', None, "/srv/ci/x", "G006"),
    "an entry that another entry has": ('["/srv", "/srv/ci/*"]', None, "/srv/ci/x", "G007"),
    "a directory whose name begins alike": ('["/srv/ci/*"]', None, "/srv/cid/x", "G006"),
    "what is in the root": ('["/*"]', None, "/data", ""),
    "the root itself": ('["/*"]', None, "/", "G006"),
    "all of the host": ('["/"]', None, "/srv/ci/x", ""),
}  # fmt: skip


@pytest.mark.parametrize(("binds", "who", "path", "denied"), BELOW.values(), ids=BELOW)
def test_no_container_can_put_a_link_where_another_mounts(
    binds: str, who: Caller | None, path: str, denied: str
) -> None:
    """A container is root in what it mounts, and the engine follows links whenever it starts another."""
    made = GuardWorld(f'{OPEN}fail-on = "critical"\nbinds = {binds}\n')
    made.engine["/containers/c1/json"] = {"Mounts": []}
    for body in (host(Binds=[f"{path}:/h:ro"]), mount(Type="bind", Source=path, ReadOnly=True)):
        decision = made.decide(CREATE, body, who or Caller(uid=1000, gid=1000))
        assert rules(decision) - {"C012", "C015"} == ({denied} if denied else set())


SWAPPED = (
    '[guard]\n[[guard.caller]]\nname = "ci"\nmemory = "1M"\nfail-on = "critical"\n'
    + OPEN.partition('name = "all"\n')[2]
)
MEMORY = 1 << 20
UPDATE = "POST /v1.44/containers/web/update"
SERVICE = "POST /v1.44/services/create"


def of_service(swap: int | None) -> Any:
    made = service()
    made["TaskTemplate"]["Resources"] = {"Limits": {"MemoryBytes": MEMORY}, "SwapBytes": swap}
    return made


SWAPS: dict[str, tuple[str, Any, bool]] = {
    "none named": (CREATE, host(Memory=MEMORY), False),
    "the engine's own": (CREATE, host(Memory=MEMORY, MemorySwap=0), False),
    "no swap": (CREATE, host(Memory=MEMORY, MemorySwap=MEMORY), False),
    "as much as an engine gives": (CREATE, host(Memory=MEMORY, MemorySwap=2 * MEMORY), False),
    "more": (CREATE, host(Memory=MEMORY, MemorySwap=2 * MEMORY + 1), True),
    "unlimited": (CREATE, host(Memory=MEMORY, MemorySwap=-1), True),
    "unlimited by an update": (UPDATE, {"MemorySwap": -1}, True),
    "more by an update": (UPDATE, {"MemorySwap": 2 * MEMORY + 1}, True),
    "as much by an update": (UPDATE, {"MemorySwap": 2 * MEMORY}, False),
    "unlimited of a service": (SERVICE, of_service(-1), True),
    "more of a service": (SERVICE, of_service(MEMORY + 1), True),
    "as much of a service": (SERVICE, of_service(MEMORY), False),
    "none of a service": (SERVICE, of_service(None), False),
    "unlimited of a build": (f"POST /v1.44/build?memory={MEMORY}&memswap=-1", b"", True),
    "more of a build": (f"POST /v1.44/build?memory={MEMORY}&memswap={2 * MEMORY + 1}", b"", True),
    "as much of a build": (f"POST /v1.44/build?memory={MEMORY}&memswap={2 * MEMORY}", b"", False),
    "none of a build": (f"POST /v1.44/build?memory={MEMORY}&memswap=0", b"", False),
}


@pytest.mark.parametrize(("line", "body", "denied"), SWAPS.values(), ids=SWAPS)
def test_swap_is_no_way_around_a_limit_of_memory(line: str, body: Any, *, denied: bool) -> None:
    assert ("G010" in rules(world(SWAPPED).decide(line, body))) == denied
