from __future__ import annotations

from sealock.rules.kit import Daemon, Final, Iterator, Rule, RuleFinding, Severity, docker_docs, given

FLAGS: Final = {
    "add-runtime": "runtimes",
    "authorization-plugin": "authorization-plugins",
    "cdi-spec-dir": "cdi-spec-dirs",
    "default-address-pool": "default-address-pools",
    "default-network-opt": "default-network-opts",
    "default-ulimit": "default-ulimits",
    "dns-opt": "dns-opts",
    "exec-opt": "exec-opts",
    "host": "hosts",
    "insecure-registry": "insecure-registries",
    "label": "labels",
    "log-opt": "log-opts",
    "node-generic-resource": "node-generic-resources",
    "registry-mirror": "registry-mirrors",
    "storage-opt": "storage-opts",
}
"""Flags whose key in daemon.json has another name."""


class UnknownKey(Rule[Daemon]):
    """Unknown daemon setting.

    The engine does not start with a key that it does not know: after the next restart nothing runs. The name of a flag
    instead of the key ("insecure-registry" for "insecure-registries") is harder to notice: the engine accepts it and
    ignores it.
    """

    id = "E022"
    keywords = ("daemon setting", "daemon.json", "unknown key")
    severity = Severity.HIGH
    reads = ("unknown_keys",)
    references = (docker_docs("reference/cli/dockerd/#daemon-configuration-file"),)
    remedy = "Correct the name, and test it with `dockerd --validate --config-file FILE`."
    fixable = False
    bad = (
        '{"icc": false, "insecure_registries": []}',
        '{"icc": false, "registry-mirror": ["https://mirror.example.net"]}',
    )
    good = ('{"icc": false, "insecure-registries": []}',)

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        for index, key in enumerate(given(daemon.unknown_keys, ())):
            at = ("unknown_keys", index)
            if (correct := FLAGS.get(key)) is not None:
                message = f"ignores {key!r}; the key is {correct!r}"
                yield self.finding(message, at, evidence=key, severity=Severity.MEDIUM)
            else:
                yield self.finding(f"does not start with the unknown key {key!r}", at, evidence=key)
