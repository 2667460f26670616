"""User-namespace remapping, planned: values in, a plan out. `remap` reads the machine and carries the plan out."""

from sealock.userns.plan.facts import Bind, Entry, Image, Machine, Owned, Runs, Volume
from sealock.userns.plan.plan import Plan, plan

__all__ = ["Bind", "Entry", "Image", "Machine", "Owned", "Plan", "Runs", "Volume", "plan"]
