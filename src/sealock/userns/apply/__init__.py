"""Carries out user-namespace remapping: looks at the machine, changes its files, and knows the way back."""

from sealock.userns.apply.changes import disable, enable, recover
from sealock.userns.apply.record import ChangeRecord, records
from sealock.userns.apply.survey import look

__all__ = ["ChangeRecord", "disable", "enable", "look", "records", "recover"]
