from __future__ import annotations

from sealock.rules.kit import Host, Iterator, Rule, RuleFinding, Severity, docker_docs, given


class SettingsDrift(Rule[Host]):
    """Engine runs with other settings than its files have.

    Somebody changed daemon.json and did not restart the engine, or a flag or a drop-in says otherwise. What was
    checked in the file is then not what holds.
    """

    id = "H015"
    keywords = ("daemon.json", "settings", "configuration", "drift")
    severity = Severity.MEDIUM
    reads = ("drift",)
    references = (docker_docs("reference/cli/dockerd/#daemon-configuration-file"),)
    remedy = "Restart the engine, or take the contradicting flag away; `dockerd --validate` tells of conflicts."
    fixable = False
    bad = (
        (
            '{"observed": {"host": {"drift": [{"setting": "live-restore", "here": "daemon.json", '
            '"value": "true", "there": "engine", "other": "false"}]}}}'
        ),
    )
    good = ('{"observed": {"host": {"drift": null}}}',)

    def check(self, host: Host, /) -> Iterator[RuleFinding]:
        for one in given(host.drift, ()):
            message = f"has {one.setting} = {one.value} by the {one.here}, and {one.other} by the {one.there}"
            yield self.finding(message, evidence=f"{one.setting} {one.here} {one.there}")
