from __future__ import annotations

from sealock.rules.kit import UNKNOWN, Enforced, Iterator, Rule, RuleFinding, Severity, cis_docker, docker_docs


class ProfileMissing(Rule[Enforced]):
    """Declared AppArmor profile is not in effect.

    The settings name a profile, but the kernel shows the first process as unconfined or confined by another one: the
    profile was not loaded, or AppArmor was started after the container.
    """

    id = "K004"
    keywords = ("AppArmor",)
    severity = Severity.HIGH
    references = (cis_docker("5.2"), docker_docs("engine/security/apparmor/"))
    remedy = "Load the profile (apparmor_parser -r FILE), check it with `aa-status`, and restart the container."
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
        expected, label = enforced.declared.apparmor, enforced.process.apparmor
        if not isinstance(expected, str) or expected == "unconfined":
            return
        if label is UNKNOWN:
            yield self.skip("the AppArmor label could not be read")
            return
        name, _, mode = label.partition(" (") if isinstance(label, str) else ("unconfined", "", "")
        if expected not in _names(name):
            yield self.finding(f"should be confined by {expected}, but is {name or 'unconfined'}", evidence=expected)
        elif mode.startswith("complain"):
            yield self.finding(f"is not confined: the profile {expected} is in complain mode", evidence=expected)


def _names(label: str) -> set[str]:
    """The profiles in a label: several may be stacked ("a//&b"), each with a namespace (":ns:a")."""
    return {part.rpartition(":")[2] for part in label.split("//&")}
