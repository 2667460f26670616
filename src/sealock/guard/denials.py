"""What a client reads when a request is denied: which rule, why, and how to do it right."""

from __future__ import annotations

from sealock.guard.decision.exchange import Denied
from sealock.text import line

_MOST = 8
_LONGEST = 400
_NAME = 80


def denial_message(denied: Denied) -> str:
    """The message of a denial, on as many lines as it has reasons."""
    reasons = denied.reasons[:_MOST]
    rows = [f"{reason.rule}: {_sentence(reason.why)}{_remedy(reason.remedy)}" for reason in reasons]
    if len(denied.reasons) > _MOST:
        rows.append(f"and {len(denied.reasons) - _MOST} more")
    who = f" for caller {line(denied.caller)}" if denied.caller else ""
    who += f", {line(denied.created, _NAME)}" if denied.created else ""
    return f"denied by sealock guard{who}:" + (
        f" {rows[0]}" if len(rows) == 1 else "".join(f"\n  {row}" for row in rows)
    )


def _sentence(text: str) -> str:
    text = line(text, _LONGEST)
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _remedy(text: str) -> str:
    if not text:
        return ""
    text = line(text, _LONGEST)
    return f" {text[0].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"
