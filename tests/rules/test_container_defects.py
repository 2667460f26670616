"""Where other checkers are wrong, as a table: a sentence, a text, and the rule that reports it or does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from sealock.formats import quadlet
from sealock.formats.files import FileRefusedError
from sealock.model.finding import Severity
from sealock.model.location import Source
from sealock.model.project import ProjectFile
from sealock.rules.catalog import rules
from sealock.rules.evaluation import Evaluation, evaluate
from support.documents import read
from support.filetable import Table


def result(text: str) -> Evaluation:
    section = text[1 : text.find("]")].lower() if text.startswith("[") else ""
    document = quadlet.read(Source(f"a.{section}", text)) if section else read(text)
    assert not document.errors, document.errors
    return evaluate("test", document, {kind: rules(kind) for kind in ("container", "build", "project")})


def findings_by_rule(text: str) -> dict[str, Any]:
    return {finding.rule: finding for finding in result(text).findings}


def service(lines: str) -> str:
    return "services:\n  app:\n    image: acme/app:1\n    " + lines.replace("\n", "\n    ") + "\n"


def pod(lines: str = "", *, container: str = "") -> str:
    text = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n"
    text += "".join(f"  {line}\n" for line in lines.splitlines())
    return f"{text}  containers:\n  - name: a\n    image: 'a:1'\n    {container}\n"


def job(container: str) -> str:
    return (
        "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec:\n  template:\n    spec:\n      containers:\n"
        f"      - name: a\n        image: 'a:1'\n        {container}\n"
    )


def patch(container: str) -> str:
    return (
        job(container).replace("        image: 'a:1'\n", "").replace("batch/v1", "apps/v1").replace("Job", "Deployment")
    )


REPORTED = [
    ("-v /run:/run carries the Docker socket", "docker run -v /run:/run alpine", "C012"),
    ("so does /var/run/ with its slash", "docker run -v /var/run/:/r alpine", "C012"),
    ("and a path with dots in it", "docker run -v /srv/../var/run/docker.sock:/s alpine", "C011"),
    ("a read-only mount of a socket is no protection", "docker run -v /var/run/docker.sock:/s:ro alpine", "C011"),
    ("a socket under another name inside", service("volumes: ['/run/docker.sock:/tmp/x']"), "C011"),
    ("podman's socket", "docker run -v /run/user/1000/podman/podman.sock:/s alpine", "C011"),
    ("a pattern that a socket matches", "podman run --mount type=glob,src=/var/run/docker.s*,dst=/x alpine", "C011"),
    ("a pattern of one character of it", "podman run --mount 'type=glob,src=/run/podman/podman.soc?,dst=/x' alpine", "C011"),
    ("a pattern in the directory of sockets", "podman run --mount 'type=glob,src=/run/user/*/podman/podman.sock' alpine", "C011"),
    ("a pattern of a directory that holds sockets", "podman run --mount 'type=glob,src=/r[u]n,dst=/x' alpine", "C012"),
    ("all entries of a directory of the host", "podman run --mount 'type=glob,src=/etc/*,dst=/x' alpine", "C014"),
    ("the same of a few letters", "podman run --mount 'type=glob,src=/[eb]*' alpine", "C014"),
    ("the same read-only", "podman run --mount 'type=glob,src=/etc/s*,ro' alpine", "C015"),
    ("everybody's keys by a pattern", "podman run --mount 'type=glob,src=/home/*/.ssh,ro' alpine", "C016"),
    ("root's keys by a pattern", "podman run --mount 'type=glob,src=/root/.k*' alpine", "C016"),
    ("devices by a pattern", "podman run --mount 'type=glob,src=/dev/sd*' alpine", "C025"),
    ("Windows' engine pipe", r"docker run -v //./pipe/docker_engine://./pipe/docker_engine alpine", "C011"),
    ("a read-only mount of / is a leak", "docker run -v /:/host:ro alpine", "C015"),
    ("so is one written the long way", "docker run --mount type=bind,src=/,dst=/host,readonly alpine", "C015"),
    ("no-new-privileges=false is no pass", "docker run --security-opt no-new-privileges=false alpine", "C006"),
    ("nor is no-new-privileges:false in a file", service("security_opt: ['no-new-privileges:false']"), "C006"),
    ("restart: always has no limit", service("restart: always"), "C043"),
    ("on-failure without a number is too", "docker run --restart on-failure alpine", "C043"),
    ("[::] is as public as 0.0.0.0", "docker run -p '[::]:8080:80' alpine", "C060"),
    ("and no address at all is both", "docker run -p 8080:80 alpine", "C060"),
    ("a container port without a host port is published too", service("ports: ['3000']"), "C060"),
    ("what runs before a service is root by its own image", service("user: app\npre_start: [{image: 'alpine:3.22'}]"), "C046"),
    ("its image may be another tomorrow", service("pre_start: [{image: alpine}]"), "C080"),
    ("and has no digest", service("pre_start: [{image: 'alpine:3.22'}]"), "C081"),
    ("a relative directory of Windows", "docker run -e 'PATH=C:\\app;bin' acme/a:1", "C068"),
    ("a directory of one letter", "docker run -e PATH=/bin:x:/tmp/a acme/a:1", "C068"),
    ("a program without a base is root", 'FROM scratch\nCOPY a /a\nCMD ["/a"]\n', "C046"),
    ("and by its entrypoint", 'FROM scratch\nCOPY a /a\nENTRYPOINT ["/a"]\n', "C046"),
    ("what is copied from files alone runs on its base", "FROM scratch AS a\nCOPY a /a\nFROM alpine:3.22\nCOPY --from=a /a /a\n", "C046"),
    ("root:root is root", "docker run -u root:root acme/app:1", "C046"),
    ("0:0 is root", service("user: '0:0'"), "C046"),
    ("00 is root", "FROM debian:12\nUSER 00\n", "C046"),
    ("+0 is root", "docker run -u +0 acme/app:1", "C046"),
    (":0 is root", "docker run -u :0 acme/app:1", "C046"),
    ("an ARG that resolves to root is root", "FROM debian:12\nARG U=root\nUSER ${U}\n", "C046"),
    ("so is an ENV", "FROM debian:12\nENV U=0\nUSER $U\n", "C046"),
    ("a stage inherits root from the one it builds on", "FROM debian:12 AS a\nUSER 0\nFROM a\n", "C046"),
    ("distroless without nonroot is root", "FROM gcr.io/distroless/static\nCOPY a /a\n", "C046"),
    ("a quota of capabilities: all, in lower case", service("cap_add: [all]"), "C002"),
    ("with its prefix", service("cap_add: [CAP_SYS_ADMIN]"), "C002"),
    ("SYS_PTRACE with the host's processes is a takeover", service("cap_add: [SYS_PTRACE]\npid: host"), "C002"),
    ("dropping one capability keeps thirteen", service("cap_drop: [MKNOD]"), "C004"),
    ("a limit of 0 is none", service("mem_limit: 0"), "C028"),
    ("a pids limit of -1 is none", service("pids_limit: -1"), "C030"),
    ("the health check NONE switches it off", service("healthcheck: {test: [NONE]}"), "C044"),
    ("a database on another host port is a database", service("ports: ['15432:5432']"), "C061"),
    ("an address has no effect on the host's network", "docker run --network host -p 127.0.0.1:6379:6379 redis:7.4", "C061"),
    ("the host's processes by a path", "podman run --pid ns:/proc/1/ns/pid alpine", "C018"),
    ("the host's network by one", "podman run --network=ns:/proc/1/task/1/ns/net alpine", "C020"),
    ("the host's IPC by one", "podman run --ipc ns:/proc/1/ns/ipc alpine", "C019"),
    ("the Docker API in the clear", "docker run -p 2375:2375 docker:27-dind", "C061"),
    ("the default bridge in a compose file", service("network_mode: bridge"), "C064"),
    ("a link's environment variables", "docker run --link db:db alpine", "P012"),
    ("a volume that is /var/run in disguise",
     service("volumes: ['v:/v']") + "volumes:\n  v:\n    driver_opts: {type: none, o: bind, device: /var/run}\n", "P014"),
    ("a secret in a URL", service("environment: ['DB=postgres://app:kV9-tqz2LmWx@db/app']"), "C048"),
    ("a secret in a command", service("command: app --password kV9-tqz2LmWx"), "C049"),
    ("a database without accounts", service("environment: [ALLOW_NONE_AUTHENTICATION=yes]"), "C070"),
    ("an administration interface", service("command: --web.enable-admin-api"), "C070"),
    ("a secret whose container may be privileged", service("privileged: ${P}\nenvironment: [PASSWORD=kV9-tqz2LmWx]"), "C048"),
    ("a secret in a label", service("labels: {api.token: ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8}"), "C049"),
    ("keys of a home folder elsewhere", "docker run -v /srv/people/ann/.ssh/id_ed25519:/k:ro alpine", "C016"),
    ("a home folder by its variable", "docker run -v $HOME/.aws:/root/.aws:ro alpine", "C016"),
    ("everything a device list could say, in one star", "docker run --device-cgroup-rule 'a *:* rwm' alpine", "C026"),
    ("shared propagation in the short form", service("volumes: ['/mnt:/mnt:rshared']"), "C042"),
    ("memory nodes without CPUs", "docker run --cpuset-mems 0 alpine", "C038"),
    ("kubelet's directory holds every pod's secrets", "docker run -v /var/lib/kubelet:/k:ro alpine", "C015"),
    ("a debugger without its PIN", "docker run -e WERKZEUG_DEBUG_PIN=off acme/app:1", "C072"),
    ("an empty password before another option", "docker run jupyter/x:1 jupyter lab --ServerApp.password= --ServerApp.token=x", "C070"),
    ("a tag that begins with latest", "docker run acme/app:latest-alpine", "C080"),
    ("a tag that ends with it", "docker run acme/app:alpine-latest", "C080"),
    ("Podman gives an ordinary user what is added", "podman run --user 1000 --cap-add SYS_ADMIN --security-opt no-new-privileges alpine", "C002"),
    ("Podman takes none for no health check", "podman run --health-cmd none alpine", "C044"),
    ("and in a list", "podman run --health-cmd '[\"NONE\"]' alpine", "C044"),
    ("a home folder that the shell of compose knows", service("volumes: ['${HOME}:/h']"), "C016"),
    ("a folder below it", service("volumes: ['$HOME/.docker:/c:ro']"), "C016"),
    ("a socket below a variable", service("volumes: ['${XDG_RUNTIME_DIR}/podman/podman.sock:/s']"), "C011"),
    ("a home folder that systemd fills in", "[Container]\nImage=quay.io/a/b:1\nVolume=%h:/h\n", "C016"),
    ("logins of registries below it", "[Container]\nImage=quay.io/a/b:1\nVolume=%h/.docker:/c\n", "C016"),
    ("a secret of the image that a unit builds", "[Build]\nImageTag=localhost/a\nSetWorkingDirectory=unit\nEnvironment=DB_PASSWORD=kV9-tqz2LmWx\n", "C048"),
    ("a socket for the build of a unit", "[Build]\nImageTag=localhost/a\nSetWorkingDirectory=unit\nVolume=/run/docker.sock:/s\n", "C011"),
    ("a socket for all of a pod", "[Pod]\nVolume=/run/podman/podman.sock:/s\n", "C011"),
    ("credentials for all of a pod", "[Pod]\nVolume=%h/.ssh:/s:ro\n", "C016"),
    ("a secret in the arguments of a Job", job("args: ['--password=kV9-tqz2LmWx']"), "C049"),
    ("of an init container too", pod("initContainers: [{name: i, image: 'a:1', args: ['--password=kV9-tqz2LmWx']}]"), "C049"),
    ("a secret in the arguments of a patch", patch("args: ['--password=kV9-tqz2LmWx']"), "C049"),
    ("a prefix before ALL drops none", pod(container="securityContext: {capabilities: {drop: [CAP_ALL]}}"), "C004"),
    ("a device for the build", service("build: {context: ., entitlements: [device=/dev/kvm]}"), "P006"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "rule"), [pytest.param(text, rule, id=name) for name, text, rule in REPORTED])
def test_faults_that_other_checkers_miss_are_reported(text: str, rule: str) -> None:
    assert rule in findings_by_rule(text)


SILENT = [
    ("Podman's keep-id runs it as the one who starts it", "podman run --userns keep-id alpine", "C046"),
    ("and as another user", "podman run --userns keep-id:uid=1000,gid=1000 alpine", "C046"),
    ("none is a program for Docker", "docker run --health-cmd none alpine", "C044"),
    ("and a word of that start one for Podman", "podman run --health-cmd none-left alpine", "C044"),
    ("gVisor by the name of its class", pod("runtimeClassName: gvisor"), "C057"),
    ("a volume of the host that is reported where it is mounted", pod("volumes: [{name: v, hostPath: {path: /var/run/docker.sock}}]", container="volumeMounts: [{name: v, mountPath: /s}]"), "C094"),
    ("a device of it", pod("volumes: [{name: v, hostPath: {path: /dev/kvm}}]", container="volumeMounts: [{name: v, mountPath: /s}]"), "C094"),
    ("and where another container mounts it", pod("volumes: [{name: v, hostPath: {path: /etc}}]\ninitContainers: [{name: i, image: 'a:1', volumeMounts: [{name: v, mountPath: /s}]}]"), "C094"),
    ("what a unit builds on the host's network is reported once", "[Build]\nImageTag=localhost/a\nSetWorkingDirectory=unit\nNetwork=host\n", "P006"),
    ("a pattern that no socket matches is none", "podman run --mount type=glob,src=/var/run/app.s*,dst=/x alpine", "C011"),
    ("a pattern does not match below a directory", "podman run --mount type=glob,src=/srv/*,dst=/x alpine", "C014"),
    ("nor above one", "podman run --mount 'type=glob,src=/run/*/*/docker.sockets' alpine", "C011"),
    ("AppArmor is not missing without an option", "docker run alpine", "C008"),
    ("nor SELinux", "docker run alpine", "C009"),
    ("a custom label type does not disable SELinux", "docker run --security-opt label=type:svirt_t alpine", "C009"),
    ("a base whose name is empty is not known", "FROM ${X}\n", "C046"),
    ("nor is one of an empty argument", 'ARG X=""\nFROM $X\n', "C046"),
    ("nothing starts in files alone", "FROM scratch\nCOPY a /a\n", "C046"),
    ("distroless nonroot is not root", "FROM gcr.io/distroless/static:nonroot\nCOPY a /a\n", "C046"),
    ("the image of what runs before a service may set a user", service("user: app\npre_start: [{image: 'gcr.io/distroless/static:nonroot'}]"), "C046"),
    ("and without an image it has the service's user", service("user: app\npre_start: [{command: id}]"), "C046"),
    ("a search path of Windows", "docker run -e 'PATH=C:\\app;C:\\Windows' acme/a:1", "C068"),
    ("one that goes on from another", "docker run -e 'PATH=%PATH%;C:\\app' acme/a:1", "C068"),
    ("an empty entry of Windows is none", "docker run -e 'PATH=C:\\app;;C:\\Windows;' acme/a:1", "C068"),
    ("a group of root is no root", "docker run -u 1000:0 acme/app:1", "C046"),
    ("a user named rootless is no root", "docker run -u rootless acme/app:1", "C046"),
    ("an ordinary number that starts with 0 is no root", "docker run -u 01000 acme/app:1", "C046"),
    ("postgres drops root by itself", service("x-a: 1").replace("acme/app:1", "postgres:16"), "C046"),
    ("the user of an unknown image is skipped", service("x-a: 1"), "C046"),
    ("a documentation file is no socket", "docker run -v ./docker.sock.md:/x alpine", "C011"),
    ("a named volume on /run is none of the host", "docker run -v run:/run alpine", "C012"),
    ("udev's data is no socket", "docker run -v /run/udev:/run/udev:ro alpine", "C012"),
    ("a read-only time zone is sound", service("volumes: ['/etc/localtime:/etc/localtime:ro']"), "C015"),
    ("a program's own directory below /etc is sound", service("volumes: ['/etc/nginx/conf.d:/c']"), "C014"),
    ("certificates to read are sound", service("volumes: ['/etc/ssl/certs:/etc/ssl/certs:ro']"), "C015"),
    ("Let's Encrypt's directory is the proxy's", service("volumes: ['/etc/letsencrypt:/etc/letsencrypt:ro']"), "C015"),
    ("127.0.0.1 is only the host", service("ports: ['127.0.0.1:5432:5432']"), "C061"),
    ("[::1] too", "docker run -p '[::1]:8080:80' alpine", "C060"),
    ("another process's namespace is not the host's", "podman run --pid ns:/proc/12/ns/pid alpine", "C018"),
    ("the host's network publishes nothing", "docker run --network host -p 8080:80 alpine", "C060"),
    ("a database that is only exposed is inside", service("expose: ['5432']"), "C066"),
    ("Redis' image exposes Redis' port", "FROM redis:7.4\nEXPOSE 6379\n", "C066"),
    ("a compose service has its project's network", service("x-a: 1"), "C064"),
    ("on-failure:5 has a limit", service("restart: on-failure:5"), "C043"),
    ("cpuset bounds CPUs too", service("cpuset: '0'"), "C029"),
    ("a quota does as well", "docker run --cpu-quota 50000 alpine", "C029"),
    ("memory limits of deploy count", service("deploy: {resources: {limits: {memory: 1g}}}"), "C028"),
    ("pids limits of deploy count", service("deploy: {resources: {limits: {pids: 100}}}"), "C030"),
    ("a password's file is no password", service("environment: {DB_PASSWORD_FILE: /run/secrets/db}"), "C048"),
    ("a reference is no password", service("environment: ['DB_PASSWORD=${DB_PASSWORD:?}']"), "C048"),
    ("a placeholder is no password", service("environment: {DB_PASSWORD: '<your password>'}"), "C048"),
    ("a key's fingerprint is no key", "docker run -e GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D alpine", "C048"),
    ("a time to live is no token", service("environment: {TOKEN_TTL: '3600'}"), "C048"),
    ("jemalloc is loaded from where only root writes",
     "docker run -e LD_PRELOAD=/usr/lib/x86_64-linux-gnu/libjemalloc.so.2 alpine", "C068"),
    ("adding a default capability is no finding", service("cap_drop: [ALL]\ncap_add: [CHOWN, SETUID]"), "C003"),
    ("a service that is built only names its image", service("build: ."), "C080"),
    ("a client of SSH is no server", "docker run alpine ssh sshd@host", "C036"),
    ("the default runtime under its long name", "docker run --runtime io.containerd.runc.v2 alpine", "C057"),
    ("namespaced sysctls are the container's", "docker run --sysctl kernel.shmmax=1 alpine", "C050"),
    ("WireGuard's mark is sound", "docker run --sysctl net.ipv4.conf.all.src_valid_mark=1 alpine", "C050"),
    ("a name that only begins so", "docker run -v /srv/.sshd:/data alpine", "C016"),
    ("web data below home is no credential", "docker run -v ~/projects/app/data:/data alpine", "C016"),
    ("a debugger's own PIN", "docker run -e WERKZEUG_DEBUG_PIN=123-456 acme/app:1", "C072"),
    ("Tomcat's debugger on localhost", "docker run -e JPDA_ADDRESS=localhost:8000 tomcat:11", "C072"),
    ("Tomcat's debugger without an address", "docker run -e JPDA_ADDRESS=8000 tomcat:11", "C072"),
    ("an option that goes on behind a hyphen", "docker run acme/app:1 serve --unauthenticated-paths /a", "C070"),
    ("an option that goes on", "docker run acme/app:1 serve --unauthenticateds /a", "C070"),
    ("a certificate that is verified", "docker run --log-driver syslog --log-opt syslog-tls-skip-verify=false acme/app:1", "C058"),
    ("env starts what leaves root", "docker run --entrypoint env debian:12 A=b gosu app x", "C046"),
    ("an SSH agent's socket for the build", service("build: {context: ., ssh: ['default=/run/agent.sock']}"), "P006"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "rule"), [pytest.param(text, rule, id=name) for name, text, rule in SILENT])
def test_false_alarms_of_other_checkers_are_not_reported(text: str, rule: str) -> None:
    assert rule not in findings_by_rule(text)


SEVERITIES = [
    ("the socket of root's engine", "docker run -v /run/podman/podman.sock:/s alpine", "C011", Severity.CRITICAL),
    ("the socket of a user's engine", "docker run -v /run/user/1000/docker.sock:/s alpine", "C011", Severity.HIGH),
    ("that of whoever runs the unit", "[Container]\nImage=a\nVolume=%t/podman/podman.sock:/s\n", "C011", Severity.CRITICAL),
    ("that of a user's unit", "[Container]\nImage=a\nVolume=%h/.docker/run/docker.sock:/s\n", "C011", Severity.HIGH),
    ("and the defaults to none", "podman run --user 1000 --cap-add SETUID alpine", "C004", Severity.LOW),
    ("Podman gives an ordinary user SYS_ADMIN", "podman run --user 1000 --cap-add SYS_ADMIN alpine", "C002", Severity.CRITICAL),
    ("the sockets of device plugins are not every pod's secrets", "docker run -v /var/lib/kubelet/device-plugins:/d alpine", "C014", Severity.HIGH),
    ("host-UTS is a no-op under a default engine", "docker run --uts=host alpine", "C021", Severity.INFO),
    ("and is none with SYS_ADMIN", "docker run --uts=host --cap-add SYS_ADMIN alpine", "C021", Severity.MEDIUM),
    ("userns=host matters only where the engine remaps", "docker run --userns=host alpine", "C022", Severity.LOW),
    ("a public database is more severe than a web port", "docker run -p 5432:5432 postgres:16", "C061", Severity.HIGH),
    ("a public web server's port is information", "docker run -p 443:8443 alpine", "C060", Severity.INFO),
    ("another port counts", "docker run -p 8080:8080 alpine", "C060", Severity.MEDIUM),
    ("a database on one address of the LAN", "docker run -p 10.0.0.5:5432:5432 postgres:16", "C061", Severity.MEDIUM),
    ("a GPU by its name in CDI", "docker run --device nvidia.com/gpu=all alpine", "C025", Severity.LOW),
    ("another device by one", "docker run --device vendor.com/net=nic0 alpine", "C025", Severity.MEDIUM),
    ("a file that is named as one", "docker run --device /srv/gpu alpine", "C025", Severity.MEDIUM),
    ("a port of the host's network", "docker run --network host -p 6379:6379 redis:7.4", "C061", Severity.HIGH),
    ("root in an image affects all who run it", "FROM python:3.12\n", "C046", Severity.HIGH),
    ("root of one container", "docker run -u root acme/app:1", "C046", Severity.MEDIUM),
    ("nginx keeps root only for its main process", "docker run nginx:1.27", "C046", Severity.LOW),
    ("a socket proxy holds the socket by design",
     "docker run -v /var/run/docker.sock:/var/run/docker.sock:ro tecnativa/docker-socket-proxy:0.3", "C011", Severity.MEDIUM),
    ("a monitor reads the host by design",
     "docker run -v /:/host:ro,rslave prom/node-exporter:v1.8.2", "C015", Severity.LOW),
    ("a disk is the host", "docker run --device /dev/sda alpine", "C025", Severity.CRITICAL),
    ("a serial line is not", "docker run --device /dev/ttyUSB0 alpine", "C025", Severity.LOW),
    ("the engine's state, writable", "docker run -v /var/lib/docker:/d alpine", "C014", Severity.CRITICAL),
    ("a bare name may be built on the spot", "docker run myapp", "C080", Severity.LOW),
    ("an official one is pulled", "docker run nginx", "C080", Severity.MEDIUM),
    ("NET_RAW on the host's network", "docker run --network host alpine", "C005", Severity.MEDIUM),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "rule", "severity"),
    [pytest.param(text, rule, severity, id=name) for name, text, rule, severity in SEVERITIES],
)
def test_the_severity_depends_on_what_is_exposed(text: str, rule: str, severity: Severity) -> None:
    assert findings_by_rule(text)[rule].severity is severity


def test_no_fix_publishes_a_port_of_the_hosts_network_elsewhere() -> None:
    finding = findings_by_rule("docker run --network host -p 6379:6379 redis:7.4")["C061"]
    assert "not published, but open" in finding.message
    assert not finding.remedy.changes


SKIPPED = [
    (
        "the user of an unknown image that runs before a service",
        service("user: app\npre_start: [{image: 'acme/b:1'}]"),
        "C046",
    ),
    ("an option that depends on a variable", "docker run --privileged=$X alpine", "C001"),
    ("an unknown image", "docker run ghcr.io/acme/app:1", "C046"),
    ("a Dockerfile has no privileges", "FROM alpine:3.20\n", "C001"),
    ("nor mounts from the host", "FROM alpine:3.20\nVOLUME /data\n", "C011"),
    ("a secret file that could not be checked", service("env_file: app.env"), "P003"),
]


@pytest.mark.parametrize(("text", "rule"), [pytest.param(text, rule, id=name) for name, text, rule in SKIPPED])
def test_what_cannot_be_evaluated_is_skipped(text: str, rule: str) -> None:
    evaluated = result(text)
    assert rule in {skipped.rule for skipped in evaluated.skipped}
    assert rule not in {finding.rule for finding in evaluated.findings}


def test_secrets_are_redacted() -> None:
    text = service(
        "environment: {DB_PASSWORD: kV9-tqz2LmWxQ7rB}\ncommand: app --token ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
    )
    findings = result(text).findings
    reported = " ".join(finding.message + finding.evidence for finding in findings if finding.rule in {"C048", "C049"})
    assert reported
    assert "kV9-tqz2LmWxQ7rB" not in reported
    assert "A1b2C3d4E5f6G7h8" not in reported


def test_one_from_is_reported_once() -> None:
    ids = [finding.rule for finding in result("FROM nginx\n").findings]
    assert {"C080", "C081"} & set(ids) == {"C080"}
    assert ids.count("C080") == 1


class Directory:
    """A directory with a .env and an env_file."""

    environment: Mapping[str, str] = {}

    def text(self, path: str) -> str:
        texts = {".env": "DB_PASSWORD=kV9-tqz2LmWx\n", "app.env": "API_PASSWORD=pT4-rrx9QnEd\n"}
        if path.removeprefix("./") not in texts:
            raise FileRefusedError(path)
        return texts[path.removeprefix("./")]

    def fact(self, path: str) -> ProjectFile:
        return ProjectFile(path)

    def entries(self, _directory: str) -> None:
        return None


ORIGINS = [
    ("written out", "environment: {DB_PASSWORD: wX7-qpl9KzRt}", True),
    ("the default of a variable", "environment: ['DB_PASSWORD=${NONE:-wX7-qpl9KzRt}']", True),
    ("interpolated from .env", "environment: ['POSTGRES_PASSWORD=${DB_PASSWORD}']", False),
    ("interpolated into an address from .env", "environment: ['URL=postgres://app:${DB_PASSWORD}@db/app']", False),
    ("taken from the environment by its name", "environment: [DB_PASSWORD]", False),
    ("from an env_file", "env_file: app.env", False),
]


@pytest.mark.parametrize(("lines", "written"), [pytest.param(lines, bad, id=name) for name, lines, bad in ORIGINS])
def test_only_secrets_written_in_the_file_are_reported(lines: str, *, written: bool) -> None:
    document = read(service(lines), Directory())
    assert not document.errors
    findings = evaluate("test", document, {"container": rules("container")}).findings
    assert ("C048" in {finding.rule for finding in findings}) is written


def test_a_secret_of_the_env_file_hides_none_that_is_written_in_the_compose_file() -> None:
    text = service("environment:\n  API_TOKEN: ${TOKEN}\n  DB_PASSWORD: hunter2-xK9")
    document = read(text, Table({".env": "TOKEN=qwe9Kx72LmPzz\n"}))
    (finding,) = (
        each for each in evaluate("test", document, {"container": rules("container")}).findings if each.rule == "C048"
    )
    assert "DB_PASSWORD" in finding.message
