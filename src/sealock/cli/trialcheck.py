"""The check that `sealock learn` and `sealock harden` have in common: --check, --exec and --wait."""

from __future__ import annotations

import math
from argparse import Namespace

from sealock.errors import UsageError
from sealock.runtime.trials import TrialCheck


def check_of(arguments: Namespace) -> TrialCheck:
    """The check that the user names; UsageError where --wait is no time."""
    if not 0 < arguments.wait < math.inf:
        message = f"--wait {arguments.wait} is no time"
        raise UsageError(message)
    return TrialCheck(arguments.check, arguments.exec, arguments.wait)
