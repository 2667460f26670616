"""The swarm itself: whoever manages one runs what it likes on each of its engines, past the guard.

So nobody becomes a manager through the guard: by joining another swarm, by the tokens of this one, by a certificate
authority of their own, or by the promotion of a node. A policy that means to allow it accepts G015.
"""

from __future__ import annotations

from typing import Final

from sealock.guard.decision.case import Case
from sealock.guard.decision.exchange import AnswerFilter
from sealock.guard.decision.hostaccess import check_logging
from sealock.guard.decision.jsonvalues import as_object, text_of

_MANAGES: Final = "G015"
_REMEDY: Final = f'add "{_MANAGES}" to accept of this caller, which may then do anything on the host'
_AUTHORITY: Final = ("SigningCACert", "SigningCAKey", "ExternalCAs")


def check_settings(case: Case) -> None:
    """Check where the tasks of the swarm send their logs by default, and who signs for its managers."""
    settings = as_object(as_object(case.body).get("Spec", case.body))
    driver = settings.get("TaskDefaults", {}).get("LogDriver", {})
    check_logging(case, driver.get("Name", ""), driver.get("Options", {}))
    authority = settings.get("CAConfig", {})
    if named := [key for key in _AUTHORITY if authority.get(key)]:
        _deny(case, f"gives the swarm a certificate authority ({named[0]}) that could make managers of it")


def check_join(case: Case) -> None:
    """Deny to join a swarm, whose managers run what they like on this engine."""
    _deny(case, "would let the managers of another swarm run anything on this engine")


def check_role(case: Case) -> None:
    """Deny to promote a node."""
    if text_of(case.body, "Role") != "manager" or _MANAGES in case.setting.accept:
        return
    node = case.engine(f"/nodes/{case.object}")
    if node and text_of(node.get("Spec"), "Role") != "manager":
        _deny(case, f"would make a manager of the node {case.object[:60]}, which runs anything on this engine")


def hide_tokens(case: Case) -> None:
    """Leave out the tokens by which any engine joins as a manager (`ownership.filter_answer` does)."""
    if _MANAGES in case.setting.accept:
        return
    if not case.guard.rewrites:
        _deny(
            case, "gives the tokens by which any engine joins the swarm as a manager, which only the proxy leaves out"
        )
    setting = case.setting
    case.answer_filter = AnswerFilter(case.guard.policy.label, setting.name, setting.own, setting.reach)


def _deny(case: Case, why: str) -> None:
    if _MANAGES not in case.setting.accept:
        case.deny(_MANAGES, why, _REMEDY)
