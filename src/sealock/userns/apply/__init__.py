"""Carries out user-namespace remapping: looks at the machine, changes its files, and knows the way back."""

from sealock.remap.carrying import disable, enable, recover
from sealock.remap.looking import look
from sealock.remap.record import Record, records

__all__ = ["Record", "disable", "enable", "look", "records", "recover"]
