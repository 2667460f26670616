from __future__ import annotations

from sealock.rules.kit import Host, Iterator, Rule, RuleFinding, Severity, docker_docs, given


class SettingsDrift(Rule[Host]):
    """Engine runs with other settings than its files have.

    Someone changed daemon.json and did not restart the engine, or a flag or a drop-in overrides the file. The settings
    that were checked in the file are not in effect.
    """

    id = "H015"
    keywords = ("daemon.json", "settings", "configuration", "drift")
    severity = Severity.MEDIUM
    reads = ("drift",)
    references = (docker_docs("reference/cli/dockerd/#daemon-configuration-file"),)
    remedy = "Restart the engine, or remove the conflicting flag; `dockerd --validate` reports conflicts."
    fixable = False
    bad = (
        (
            '{"observed": {"host": {"drift": [{"setting": "live-restore", "source": "daemon.json", '
            '"value": "true", "other_source": "engine", "other_value": "false"}]}}}'
        ),
    )
    good = ('{"observed": {"host": {"drift": null}}}',)

    def check(self, host: Host, /) -> Iterator[RuleFinding]:
        for drift in given(host.drift, ()):
            setting, source, other = drift.setting, drift.source, drift.other_source
            message = f"has {setting} = {drift.value} in the {source}, but {drift.other_value} in the {other}"
            yield self.finding(message, evidence=f"{setting} {source} {other}")
