"""The verbs of `sealock guard` that need no engine: explain, replay, learn, import."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sealock.guard.decision.routes import ROUTES
from sealock.guard.permits import words_for
from sealock.model.location import Source
from sealock.policy.settings import read
from support.commandline import sealock

POLICY = """
[guard]
[[guard.caller]]
name = "ci"
uid = 1000
allow = ["ping", "containers", "images"]
binds = ["/srv/*"]
change = "loopback"
[[guard.exempt]]
rule = "C001"
name = "dind"
reason = "builds images"
until = 2100-01-01
[[guard.caller]]
name = "watch"
container = "watch"
mode = "audit"
allow = "ping"
"""
CALLER = {"name": "ci", "uid": 1000, "gid": 1000}
TRAEFIK = {
    "name": "all", "uid": 0, "gid": 0, "container": "a" * 64, "container_name": "traefik", "image": "traefik:3.1",
    "labels": {"a": "b"},
}  # fmt: skip


def entry(method: str, target: str, body: Any = None, result: str = "allowed", **more: Any) -> dict[str, Any]:
    line = {
        "time": "2026-11-27T10:00:00.000+00:00",
        "id": "1",
        "caller": CALLER,
        "method": method,
        "target": target,
        "result": result,
    }
    content = {"content_type": "application/json", "body": body} if body is not None else {}
    return line | content | more


def guard(directory: Path, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    (directory / "sealock.toml").write_text(POLICY, encoding="utf-8")
    return sealock("guard", *words, cwd=directory, environment={"HOME": str(directory)}, stdin=text)


def log(directory: Path, *entries: dict[str, Any]) -> str:
    path = directory / "guard.log"
    path.write_text("".join(json.dumps(line) + "\n" for line in entries), encoding="utf-8")
    return str(path)


def test_explain_says_what_is_denied_by_which_rule_and_what_to_do(tmp_path: Path) -> None:
    body = {"Image": "nginx:1.27", "HostConfig": {"Privileged": True, "Binds": ["/srv/app:/app"]}}
    made = guard(tmp_path, "explain", "-", "--uid", "1000", text=json.dumps(body))
    assert made.returncode == 1, made.stderr
    assert made.stdout.splitlines()[:3] == [
        "Request  POST /containers/create",
        "Caller   ci (uid 1000, gid 1000)",
        "Decision denied",
    ]
    assert "  C001  Container runs in privileged mode" in made.stdout
    assert "Remove privileged" in made.stdout
    assert "Assumed  /srv/app is a directory, is no link, and the caller cannot replace it" in made.stdout
    assert max(map(len, made.stdout.splitlines())) <= 80


def test_explain_reads_a_line_of_the_log_and_prints_the_body_that_goes_on(tmp_path: Path) -> None:
    body = {"Image": "nginx:1.27", "HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": "80"}]}, "Privileged": True}}
    line = json.dumps(entry("POST", "/v1.44/containers/create?name=dind", body))
    made = guard(tmp_path, "explain", "-", text=line)
    assert made.returncode == 0, made.stdout
    assert "Decision allowed" in made.stdout
    assert "  changed: port 80/tcp published on 127.0.0.1 only" in made.stdout
    assert "  exempted: C001" in made.stdout
    forwarded = json.loads(guard(tmp_path, "explain", "-", "--body", text=line).stdout)
    assert forwarded["HostConfig"]["PortBindings"] == {"80/tcp": [{"HostPort": "80", "HostIp": "127.0.0.1"}]}


@pytest.mark.parametrize(
    ("target", "unread"),
    [
        ("/v1.44/images/load", "the images in the archive, with their names and labels"),
        ("/v1.44/images/create?fromSrc=-&repo=own", "the files of the imported image"),
        ("/v1.44/images/create?fromImage=nginx&tag=1.27", ""),
    ],
)
def test_explain_names_what_passes_unread(target: str, unread: str, tmp_path: Path) -> None:
    request = {"method": "POST", "target": target, "stream": True}
    made = guard(tmp_path, "explain", "-", "--uid", "1000", text=json.dumps(request))
    assert made.returncode == 0, made.stdout
    assert ("since it is a stream" in made.stdout) == bool(unread)
    assert unread in made.stdout


def test_explain_takes_the_caller_from_the_command_line(tmp_path: Path) -> None:
    made = guard(tmp_path, "explain", "-", "--container", "watch", text='{"method": "GET", "target": "/info"}')
    assert made.returncode == 0
    assert "Caller   watch (container watch)" in made.stdout
    assert "Decision would be denied, but is only logged (audit)" in made.stdout
    made = guard(tmp_path, "explain", "-", "--gid", "7", "--tls-name", "a", text='{"method": "GET", "target": "/info"}')
    assert made.returncode == 1
    assert "none of the policy (certificate a)" in made.stdout


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "the body is not valid JSON"),
        ("[1]", "this is no request"),
        ('{"method": 1, "target": "/info"}', "this is no request"),
        ('{"a": 1, "a": 2}', "has the key 'a' twice"),
    ],
)
def test_what_is_no_request_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    made = guard(tmp_path, "explain", "-", text=text)
    assert made.returncode == 2
    assert message in made.stderr


def test_without_a_guard_in_the_policy_nothing_is_explained(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text('fail-on = "low"\n', encoding="utf-8")
    made = guard(tmp_path, "explain", "-", "--policy", "other.toml", text="{}")
    assert made.returncode == 2
    assert "other.toml has no table [guard]" in made.stderr
    assert guard(tmp_path, "explain", "gone.json").returncode == 2


def test_replay_prints_what_another_policy_would_change(tmp_path: Path) -> None:
    privileged = {"Image": "nginx:1.27", "HostConfig": {"Privileged": True}}
    path = log(
        tmp_path,
        {"time": "x", "event": "started", "message": "guard"},
        entry("GET", "/v1.44/containers/json"),
        entry("GET", "/v1.44/info"),
        entry("GET", "/v1.44/info"),
        entry("POST", "/containers/create", privileged, "denied", rules=["C001"]),
        entry("POST", "/containers/create?name=dind", privileged, "denied", rules=["C001"]),
        entry("POST", "/containers/create", "70000 bytes"),
        entry("POST", "/build", stream=True, content_type="application/x-tar", result="denied"),
        entry("POST", "/containers/create", {"Image": "nginx:1.27", "HostConfig": {"Binds": ["/srv/a:/a"]}}),
    )
    made = guard(tmp_path, "replay", path)
    assert made.returncode == 1, made.stderr
    rows = made.stdout.splitlines()
    assert rows[0] == "8 requests: 4 as before, 1 not decided, 1 now allowed, 2 now denied"
    assert rows[1] == "1 of the decisions assume that paths are no links, and objects on the engine new."
    assert "      2 now denied: GET /v1.44/info by ci" in rows
    assert "        G002: ci may not use GET /info" in rows
    assert "        denied before by C001" in rows
    assert "        the log does not hold the body" in rows


@pytest.mark.parametrize(("kinds", "more"), [(39, 0), (40, 0), (41, 1), (43, 3)])
def test_replay_prints_so_many_kinds_of_changes(tmp_path: Path, kinds: int, more: int) -> None:
    path = log(tmp_path, *(entry("GET", f"/v1.44/plugins/{number}/json") for number in range(kinds)))
    rows = guard(tmp_path, "replay", path).stdout.splitlines()
    assert sum("now denied: " in row for row in rows) == kinds - more
    assert [row for row in rows if "kinds more" in row] == [f"  and {more} kinds more"] * bool(more)


PASSWORD, OTHER = "POSTGRES_PASSWORD=***", "DB_URL=***"
SECRET = {"rules": ["C048"], "reasons": [{"rule": "C048", "why": "has a password"}]}
ACCEPTS = POLICY.replace('change = "loopback"', 'accept = ["C048"]')
EXEMPTS = f'{POLICY}[[guard.exempt]]\nrule = "C048"\nname = "db"\nreason = "old"\nuntil = 2100-01-01\n'


@pytest.mark.parametrize(
    ("variable", "result", "more", "policy", "outcome", "code"),
    [
        (PASSWORD, "denied", SECRET, POLICY, "not decided", 2),
        (OTHER, "denied", SECRET, POLICY, "not decided", 2),
        (OTHER, "audit", SECRET, POLICY, "not decided", 2),
        (PASSWORD, "allowed", {}, POLICY, "not decided", 2),
        (OTHER, "allowed", {"exempted": SECRET["reasons"]}, POLICY, "not decided", 2),
        (OTHER, "allowed", {}, POLICY, "as before", 0),
        (OTHER, "denied", SECRET, ACCEPTS, "now allowed", 0),
        (PASSWORD, "allowed", {}, ACCEPTS, "as before", 0),
        (OTHER, "denied", SECRET, EXEMPTS, "now allowed", 0),
        (PASSWORD, "denied", SECRET, EXEMPTS, "now allowed", 0),
        (OTHER, "denied", {"rules": ["C001"]}, POLICY, "now allowed", 0),
        ("POSTGRES_PASSWORD_FILE=/run/secrets/db", "denied", SECRET, POLICY, "now allowed", 0),
    ],
)  # fmt: skip
def test_replay_decides_nothing_by_what_the_log_masks(  # noqa: PLR0917  a row
    variable: str, result: str, more: dict[str, Any], policy: str, outcome: str, code: int, tmp_path: Path
) -> None:
    (tmp_path / "new.toml").write_text(policy, encoding="utf-8")
    path = log(tmp_path, entry("POST", "/containers/create?name=db", {"Image": "a", "Env": [variable]}, result, **more))
    made = guard(tmp_path, "replay", path, "--policy", "new.toml")
    rows = made.stdout.splitlines()
    assert (rows[0], made.returncode) == (f"1 request: 1 {outcome}", code)
    why = "        cannot be decided: the log masks what the policy asks about (C048)"
    assert (why in rows) == (outcome == "not decided")
    masked = "In 1 of them the log masks values: what a rule finds in the value itself is not seen."
    assert (masked in rows) == ("***" in variable and outcome != "not decided")


@pytest.mark.parametrize(("rule", "outcome"), [("G005", "not decided"), ("C001", "now allowed")])
def test_replay_decides_nothing_by_masked_instructions(rule: str, outcome: str, tmp_path: Path) -> None:
    made = guard(
        tmp_path,
        "replay",
        log(tmp_path, entry("POST", "/images/create?fromSrc=-&repo=a&changes=***", None, "denied", rules=[rule])),
    )
    assert made.stdout.splitlines()[0] == f"1 request: 1 {outcome}"


def test_replay_of_what_stays_is_quiet(tmp_path: Path) -> None:
    made = guard(tmp_path, "replay", log(tmp_path, entry("GET", "/containers/json")))
    assert (made.returncode, made.stdout) == (0, "1 request: 1 as before\n")


@pytest.mark.parametrize("line", ["x", '{"method": "GET"}', "[]"])
def test_a_log_that_is_none_is_an_error_with_its_line(tmp_path: Path, line: str) -> None:
    (tmp_path / "guard.log").write_text(json.dumps(entry("GET", "/info")) + f"\n\n{line}\n", encoding="utf-8")
    for verb in ("replay", "learn"):
        made = guard(tmp_path, verb, "guard.log")
        assert made.returncode == 2
        assert "guard.log:3: this is no line of the guard's log" in made.stderr


def test_learn_writes_the_narrowest_policy(tmp_path: Path) -> None:
    create = {
        "Image": "ghcr.io/acme/app:2",
        "HostConfig": {
            "Binds": ["/srv/app/:/app", "data:/d"],
            "Mounts": [
                {"Type": "bind", "Source": "/srv/b", "Target": "/b"},
                {"Type": "volume", "Source": "v", "VolumeOptions": {"DriverConfig": {"Name": "nfs", "Options": {"o": "bind", "device": "/srv/c"}}}},
            ],
            "Devices": [{"PathOnHost": "/dev/ttyUSB0"}], "DeviceCgroupRules": ["c 1:* r"],
            "LogConfig": {"Type": "syslog", "Config": {"syslog-address": "tcp://logs:514"}},
            "DeviceRequests": [{"Driver": "", "Capabilities": [["gpu"]]}, {"Driver": "cdi", "DeviceIDs": ["a/b=c"]}],
        },
    }  # fmt: skip
    faults = {"rules": ["C001"], "reasons": [{"rule": "C001", "why": "privileged"}, {"rule": "G002", "why": "x"}]}
    path = log(
        tmp_path,
        *(entry("GET", "/v1.44/containers/json?all=1", caller=TRAEFIK) for _ in range(3)),
        entry("GET", f"/v1.44/containers/{'b' * 64}/json", caller=TRAEFIK),
        entry("GET", "/v1.44/nonsense", caller=TRAEFIK),
        entry("POST", "/v1.44/containers/create", create, "audit", **faults),
        entry("POST", "/v1.44/images/create?fromImage=nginx&tag=1"),
        entry("POST", "/v1.44/networks/create", {"Name": "n", "Driver": "macvlan"}),
        entry("POST", "/v1.44/volumes/create", {"Name": "n", "Driver": "nfs"}),
        entry(
            "POST",
            "/v1.44/services/create",
            {"TaskTemplate": {"ContainerSpec": {"Image": "redis:7"}, "LogDriver": {"Name": "fluentd"}}},
        ),
        entry("GET", "/_ping", caller={"tls_name": "ci.example.com"}),
        entry("GET", "/_ping", caller={}),
        entry("POST", "/grpc", caller={}),
    )
    made = guard(tmp_path, "learn", path)
    assert made.returncode == 0, made.stderr
    callers = {caller.name: caller for caller in read(Source("sealock.toml", made.stdout), ".").guard.callers}
    assert set(callers) == {"traefik", "uid-1000", "ci.example.com", "caller-4"}
    traefik, ci = callers["traefik"], callers["uid-1000"]
    assert traefik.allow == {"GET /containers/json", "GET /containers/{id}/json"}
    assert traefik.conditions.containers == ("traefik",)
    assert [pattern.text for pattern in traefik.conditions.container_images] == ["docker.io/library/traefik"]
    assert ci.binds == ("/srv/app", "/srv/b", "/srv/c")
    assert ci.devices == ("/dev/ttyUSB0", "a/b=c", "c 1:* r", "gpu")
    assert ci.volume_drivers == ("nfs",)
    assert "# Nothing evaluates what passes by POST /grpc: BuildKit's build" in made.stdout
    assert ci.log_drivers == ("fluentd", "syslog=tcp://logs:514")
    assert ci.network_drivers == ("macvlan",)
    assert {pattern.text for pattern in ci.reach.images} == {
        "ghcr.io/acme/app", "docker.io/library/nginx", "docker.io/library/redis",
    }  # fmt: skip
    assert '# Denied by C001 (privileged). If it is needed: accept = ["C001"]' in made.stdout
    assert all(len(row) <= 80 for row in made.stdout.splitlines() if row.startswith("#"))
    assert "# 5 requests\n# Not allowed: 1 request on routes that sealock does not know" in made.stdout
    (tmp_path / "learned.toml").write_text(made.stdout, encoding="utf-8")
    again = guard(tmp_path, "replay", path, "--policy", "learned.toml")
    assert "now denied: POST /v1.44/containers/create" not in again.stdout
    assert again.stdout.count("now denied") == 2  # the summary, and the route that sealock does not know


def mounted(*paths: str) -> dict[str, Any]:
    return {"Image": "nginx:1.27", "HostConfig": {"Binds": [f"{path}:{path}" for path in paths]}}


LINKS = {"/var/run/app": "/run/app", "/dev/serial/by-id/usb-1": "/dev/ttyUSB0"}


def test_learn_allows_where_the_paths_of_a_request_led(tmp_path: Path) -> None:
    host = {"Binds": ["/var/run/app:/a", "//srv/x/../b/:/b"], "Devices": [{"PathOnHost": "/dev/serial/by-id/usb-1"}]}
    bound = {"Driver": "local", "DriverOpts": {"type": "none", "o": "rbind", "device": "/var/run/app"}}
    path = log(
        tmp_path,
        entry("POST", "/containers/create", {"Image": "nginx:1.27", "HostConfig": host}, paths=LINKS),
        entry("POST", "/volumes/create", bound, paths=LINKS, caller={"uid": 7}),
    )
    made = guard(tmp_path, "learn", path)
    first, second = read(Source("sealock.toml", made.stdout), ".").guard.callers
    assert (first.binds, first.devices, second.binds) == (("/run/app", "/srv/b"), ("/dev/ttyUSB0",), ("/run/app",))
    assert "Left denied" not in made.stdout
    (tmp_path / "learned.toml").write_text(made.stdout, encoding="utf-8")
    again = guard(tmp_path, "replay", path, "--policy", "learned.toml")
    assert again.stdout.startswith("2 requests: 2 as before\n")


@pytest.mark.parametrize(
    ("path", "paths", "row"),
    [
        ("/srv/../etc", {}, "  G006  Would mount the host's /srv/../etc (which is /etc)."),
        ("//srv/app", {}, "Assumed  /srv/app is a directory, is no link, and the caller cannot replace it"),
        ("/srv/a", {"/srv/a": "/etc"}, "Assumed  /srv/a is /etc, and the caller cannot replace it"),
        ("/srv/a", {"/srv/a": "/etc"}, "  G006  Would mount the host's /srv/a (which is /etc)."),
        ("/a", {"/a": "/srv/a"}, "Decision allowed"),
    ],
)
def test_explain_follows_a_path_as_far_as_it_is_known(
    path: str, paths: dict[str, str], row: str, tmp_path: Path
) -> None:
    body = {"Image": "nginx:1.27", "HostConfig": {"Binds": [f"{path}:/a"]}}
    made = guard(tmp_path, "explain", "-", text=json.dumps(entry("POST", "/containers/create", body, paths=paths)))
    assert any(line.startswith(row) for line in made.stdout.splitlines()), made.stdout


def test_explain_says_which_objects_a_limited_caller_reaches(tmp_path: Path) -> None:
    policy = POLICY.replace('change = "loopback"', 'labels = { team = "web" }')
    (tmp_path / "team.toml").write_text(policy, encoding="utf-8")
    request = {"method": "POST", "target": "/containers/db/stop"}
    words = ("explain", "-", "--uid", "1000", "--policy", "team.toml")
    made = guard(tmp_path, *words, text=json.dumps(request))
    assert "Reach    only containers with the label team=web; others are denied (G005)\n" in made.stdout
    assert made.returncode == 0
    assert "Reach" not in guard(tmp_path, "explain", "-", "--uid", "1000", text=json.dumps(request)).stdout


def test_learn_names_what_its_policy_leaves_denied(tmp_path: Path) -> None:
    path = log(
        tmp_path,
        *(entry("POST", "/containers/create", mounted("/srv")) for _ in range(2)),
        *(entry("POST", "/containers/create?name=a", mounted("/srv/app")) for _ in range(3)),
        entry("POST", "/containers/create", mounted("/srv/other/x\n\x1b[guard]")),
        entry("POST", "/containers/create", "70000 bytes"),
        entry("POST", "/containers/create", mounted("/data")),
        entry("POST", "/containers/create", {"Image": "nginx:1.27", "HostConfig": {"Privileged": True}}, "audit", reasons=[{"rule": "C001", "why": "p"}]),
        entry("POST", "/containers/create", mounted("/srv/app"), caller={"uid": 0, "gid": 0}),
        entry("POST", "/containers/create", mounted("/srv"), caller={"uid": 0, "gid": 0}),
    )  # fmt: skip
    made = guard(tmp_path, "learn", path)
    assert made.returncode == 0, made.stderr
    text = made.stdout.replace("\n#   ", " ")
    assert "# Left denied by G007: 3 requests of POST /containers/create: would mount /srv/app," in text
    assert "# Left denied by G007: 1 request of POST /containers/create: would mount /srv/other/x" in text
    assert text.count("Left denied") == 2
    assert "/data," not in text
    again = read(Source("sealock.toml", made.stdout), ".").guard.callers
    assert [caller.name for caller in again] == ["uid-1000", "uid-0"]


def test_learn_names_some_kinds_of_what_stays_denied_and_counts_the_others(tmp_path: Path) -> None:
    paths = [f"/srv/{number}" for number in range(22)]
    path = log(tmp_path, *(entry("POST", "/containers/create", mounted(path)) for path in ("/srv", *paths)))
    text = guard(tmp_path, "learn", path).stdout
    assert text.count("# Left denied by G007: ") == 20
    assert "# Left denied: 2 kinds of requests more, which guard replay names" in text


def test_learn_puts_the_callers_with_more_conditions_first(tmp_path: Path) -> None:
    unnamed = {**TRAEFIK, "container_name": ""}
    other = {**TRAEFIK, "image": "x/traefik"}
    path = log(
        tmp_path,
        entry("GET", "/_ping", caller={}),
        entry("GET", "/version", caller=unnamed),
        entry("GET", "/info", caller=TRAEFIK),
        entry("GET", "/events", caller=other),
    )
    made = guard(tmp_path, "learn", path)
    callers = read(Source("sealock.toml", made.stdout), ".").guard.callers
    assert [caller.name for caller in callers] == ["traefik", "traefik-2", "caller-3", "caller-4"]
    assert "Left denied" not in made.stdout
    (tmp_path / "learned.toml").write_text(made.stdout, encoding="utf-8")
    assert guard(tmp_path, "replay", path, "--policy", "learned.toml").stdout == "4 requests: 4 as before\n"


def test_learn_of_one_caller_and_of_none(tmp_path: Path) -> None:
    path = log(tmp_path, entry("GET", "/info"), entry("GET", "/version", caller=TRAEFIK))
    made = guard(tmp_path, "learn", path, "--only", "all", "--output", "new.toml")
    assert made.returncode == 0
    assert 'allow = ["version"]' in (tmp_path / "new.toml").read_text(encoding="utf-8")
    assert "info" not in (tmp_path / "new.toml").read_text(encoding="utf-8")
    assert guard(tmp_path, "learn", path, "--only", "nobody").returncode == 2


IMPORTS = (
    ("CONTAINERS=1\n", {"ping:read", "version:read", "events:read", "containers:read", "files:read"}, {"containers:write", "POST /containers/{id}/attach", "GET /containers/{id}/attach/ws"}),
    ("export PING=0\nVERSION='0'\nEVENTS=0\nINFO=1\n", {"info:read"}, {"ping:read", "version:read", "events:read"}),
    ("POST=1\nALLOW_START=1\n", {"POST /containers/{id}/start"}, {"POST /containers/{id}/stop"}),
    ("POST=0\nALLOW_RESTARTS=1\n", {"ping:read"}, {"POST /containers/{id}/stop"}),
    ("POST=1\nEXEC=1\n", {"POST /exec/{id}/start", "exec:read"}, {"exec:write", "POST /containers/{id}/exec"}),
    ("POST=1\nCONTAINERS=1\nEXEC=1\nSESSION=1\n", {"exec:write", "attach:write", "POST /session"}, {"POST /grpc"}),
    ("POST=yes\nIMAGES=1\n", {"images:read"}, {"images:write"}),
    ("services:\n  proxy:\n    image: tecnativa/docker-socket-proxy:0.4\n    environment: {VOLUMES: 1, POST: 1}\n", {"volumes:write"}, {"networks:read"}),
    ("docker run -e NETWORKS=1 ghcr.io/tecnativa/docker-socket-proxy\n", {"networks:read"}, {"networks:write"}),
)  # fmt: skip


@pytest.mark.parametrize(("text", "allowed", "missing"), IMPORTS)
def test_import_allows_what_the_settings_grant_and_no_more(
    tmp_path: Path, text: str, allowed: set[str], missing: set[str]
) -> None:
    made = guard(tmp_path, "import", "-", text=text)
    assert made.returncode == 0, made.stderr
    (caller,) = read(Source("sealock.toml", made.stdout), ".").guard.callers
    assert allowed <= caller.allow
    assert not missing & caller.allow


@pytest.mark.parametrize(
    ("text", "said"),
    [("ALLOW_START=1\n", True), ("ALLOW_START=1\nPOST=1\n", False), ("CONTAINERS=1\n", False)],
    ids=["an action without POST", "an action with POST", "no action"],
)
def test_import_says_where_an_action_grants_nothing(tmp_path: Path, text: str, *, said: bool) -> None:
    assert ("grant nothing there without POST=1" in guard(tmp_path, "import", "-", text=text).stdout) == said


def test_import_gives_each_proxy_of_a_file_a_caller_of_its_own(tmp_path: Path) -> None:
    image = "image: tecnativa/docker-socket-proxy"
    services = (
        f"  a:\n    {image}\n    environment: {{IMAGES: 1, POST: x}}\n  b:\n    {image}\n  c:\n    image: nginx\n"
    )
    made = guard(tmp_path, "import", "-", text=f"services:\n{services}")
    assert made.returncode == 0, made.stderr
    first, second = read(Source("sealock.toml", made.stdout), ".").guard.callers
    assert (first.name, second.name) == ("client of service a", "client of service b")
    assert "POST is no number" in made.stdout
    assert first.allow - second.allow == {"images:read"}
    assert max(map(len, made.stdout.splitlines())) <= 80


@pytest.mark.parametrize("text", ["", "A=1\n", "services: {}\n"])
def test_import_of_nothing_is_an_error(tmp_path: Path, text: str) -> None:
    made = guard(tmp_path, "import", "-", text=text)
    assert (made.returncode, made.stdout) == (2, "")


def test_import_of_no_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "settings").write_bytes(b"POST=1\xff")
    assert "no text in UTF-8" in guard(tmp_path, "import", "settings").stderr.replace("not a text", "no text")


def test_groups_stand_for_all_their_routes_only() -> None:
    every = {route.name for route in ROUTES}
    assert words_for(every - {"GET /info"}).count("info") == 0
    assert "containers" in words_for(every)
    assert words_for(every - {"POST /containers/create"})[7:] != words_for(every)[7:]
    assert words_for({"GET /volumes"}) == ("GET /volumes",)
    assert words_for({"GET /volumes", "GET /volumes/{id}"}) == ("volumes:read",)
    assert words_for(()) == ()
