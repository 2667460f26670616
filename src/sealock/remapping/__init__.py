"""User-namespace remapping, planned: values in, a plan out. `remap` reads the machine and carries the plan out."""

from sealock.remapping.facts import Bind, Image, Machine, Owned, Runs
from sealock.remapping.plan import Plan, plan

__all__ = ["Bind", "Image", "Machine", "Owned", "Plan", "Runs", "plan"]
