"""Carries out user-namespace remapping: looks at the machine, changes its files, and knows the way back."""

from sealock.userns.apply.carrying import disable, enable, recover
from sealock.userns.apply.looking import look
from sealock.userns.apply.record import Record, records

__all__ = ["Record", "disable", "enable", "look", "records", "recover"]
