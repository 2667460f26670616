from __future__ import annotations

from sealock.rules.kit import UNKNOWN, Enforced, Iterator, Rule, RuleFinding, Severity, cis_docker, docker_docs


class ProfileMissing(Rule[Enforced]):
    """Declared AppArmor profile is not in effect.

    The engine was told a profile, and the kernel shows the first process as unconfined: the profile was not loaded, or
    AppArmor was started after the container.
    """

    id = "K004"
    keywords = ("AppArmor",)
    severity = Severity.HIGH
    references = (cis_docker("5.2"), docker_docs("engine/security/apparmor/"))
    remedy = "Load the profile (apparmor_parser -r FILE), see it in `aa-status`, and start the container anew."
    fixable = False
    bad = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"privileged": false, "apparmor": "web"}, '
            '"effective": {}, "process": {"pid": 7, "apparmor": "unconfined"}}]}}'
        ),
    )
    good = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"privileged": false, "apparmor": "web"}, '
            '"effective": {}, "process": {"pid": 7, "apparmor": "web (enforce)"}}]}}'
        ),
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"privileged": false, "apparmor": "unconfined"}, '
            '"effective": {}, "process": {"pid": 7, "apparmor": "unconfined"}}]}}'
        ),
    )

    def check(self, enforced: Enforced, /) -> Iterator[RuleFinding]:
        asked, label = enforced.declared.apparmor, enforced.process.apparmor
        if not isinstance(asked, str) or asked == "unconfined":
            return
        if label is UNKNOWN:
            yield self.skip("the label could not be read")
            return
        name, _, mode = label.partition(" (") if isinstance(label, str) else ("unconfined", "", "")
        if asked not in _names(name):
            yield self.finding(f"should be confined by {asked}, and is {name or 'unconfined'}", evidence=asked)
        elif mode.startswith("complain"):
            yield self.finding(f"is watched by {asked} and not confined: the profile only complains", evidence=asked)


def _names(label: str) -> set[str]:
    """The profiles in a label: several may be stacked ("a//&b"), each in a namespace of its own (":ns:a")."""
    return {part.rpartition(":")[2] for part in label.split("//&")}
