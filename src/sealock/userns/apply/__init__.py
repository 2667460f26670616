"""Applies user-namespace remapping: surveys the machine, changes its files, and reverts the changes."""

from sealock.userns.apply.changes import disable, enable, recover
from sealock.userns.apply.record import ChangeRecord, records
from sealock.userns.apply.survey import survey

__all__ = ["ChangeRecord", "disable", "enable", "records", "recover", "survey"]
