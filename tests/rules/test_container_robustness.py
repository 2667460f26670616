"""No rule on containers or projects raises, whatever words a field holds."""

from __future__ import annotations

from typing import Any, get_args

from hypothesis import given
from hypothesis import strategies as st

from sealock.model.absent import UNKNOWN, UNSET
from sealock.model.container import (
    FIELDS,
    Container,
    Device,
    Health,
    Hook,
    ImageRole,
    Label,
    Link,
    Logging,
    Mount,
    Network,
    PodVolume,
    Port,
    Restart,
    Sysctl,
    Ulimit,
    Variable,
)
from sealock.model.document import Document, Subject
from sealock.model.location import Source
from sealock.model.project import Project, Service, ServiceBuild
from sealock.rules.catalog import rules
from sealock.rules.evaluation import evaluate
from support.draws import draws

WORDS = st.sampled_from(
    ["", "/", "//", "..", "~", "$HOME", "0", "-1", ":", "host", "container:", "/run/..", "root", "a:b:c", "x*", "%", "é", "\0", "ALL"]
) | st.text(max_size=12)  # fmt: skip
NUMBERS = st.integers(-2, 2**40)


def names(text: str) -> frozenset[str]:
    return frozenset(text.split())


SEVERAL = {
    "environment": st.builds(Variable, WORDS, st.none() | WORDS),
    "labels": st.builds(Label, WORDS, WORDS),
    "devices": st.builds(Device, WORDS, WORDS, WORDS),
    "sysctls": st.builds(Sysctl, WORDS, WORDS),
    "mounts": st.builds(
        Mount, st.sampled_from(["bind", "volume", "tmpfs", "npipe"]), st.none() | WORDS, WORDS, st.booleans(), WORDS
    ),
    "networks": st.builds(Network, WORDS),
    "pod_volumes": st.builds(PodVolume, WORDS, st.sampled_from(["hostPath", "gitRepo", "nfs", "secret"]), WORDS),
    "links": st.builds(Link, WORDS, WORDS),
    "ports": st.builds(Port, WORDS, st.none() | WORDS, st.none() | WORDS, WORDS),
    "ulimits": st.builds(Ulimit, WORDS, NUMBERS, NUMBERS),
    "hooks": st.builds(
        Hook,
        WORDS,
        st.tuples(WORDS),
        st.none() | WORDS,
        st.booleans(),
        st.tuples(st.builds(Variable, WORDS, WORDS)),
        st.none() | WORDS,
        st.none() | WORDS,
    ),
}
OTHERS = {
    "restart": st.builds(Restart, WORDS, st.none() | NUMBERS),
    "health": st.builds(Health, st.booleans(), st.tuples(WORDS)),
    "logging": st.builds(Logging, st.none() | WORDS, st.tuples(st.tuples(WORDS, WORDS))),
    "cpus": st.floats(-1, 100),
}
SWITCHES = names(
    "content_trust init tty stdin_open privileged no_new_privileges unconfined_paths read_only publish_all"
    " oom_kill_disable auto_remove detach host_process root_refused service_token"
)
NUMERIC = names(
    "memory memory_reservation memory_swap memory_swappiness shm_size cpu_shares cpu_quota cpu_period cpu_rt_runtime"
    " cpu_rt_period pids_limit blkio_weight oom_score_adj stop_timeout"
)
LISTS = names(
    "entrypoint command env_files secrets history groups cap_add cap_drop selinux device_rules volumes_from expose dns"
    " dns_search dns_options extra_hosts storage_options probe_hosts"
)


def values(field: str) -> st.SearchStrategy[Any]:
    if field in SEVERAL:
        return st.lists(SEVERAL[field], max_size=3).map(tuple)
    if field in OTHERS:
        return OTHERS[field]
    if field == "annotations":
        return st.just(())
    if field in SWITCHES:
        return st.booleans()
    if field in NUMERIC:
        return NUMBERS
    return st.lists(WORDS, max_size=3).map(tuple) if field in LISTS else WORDS


ABSENT = st.sampled_from([UNSET, UNKNOWN])
CONTAINERS = st.builds(
    lambda role, fields: Container(image_role=role, **fields),
    st.sampled_from(get_args(ImageRole)),
    st.fixed_dictionaries({field: ABSENT | values(field) for field in FIELDS}),
)


@draws(150)
@given(CONTAINERS, CONTAINERS)
def test_no_rule_raises(container: Container, other: Container) -> None:
    services = (
        Service("a", "a", container, ServiceBuild(args=(("X", None),), ssh=("=",)), external_links=("x",)),
        Service("b", "b", other),
    )
    subjects = (Subject("a", container, {}), Subject("b", other, {}), Subject("p", Project("compose", services), {}))
    document = Document("compose", {"": Source("x", "")}, subjects)
    result = evaluate("x", document, {kind: rules(kind) for kind in ("container", "project")})
    assert all(finding.message and finding.remedy.text for finding in result.findings)
