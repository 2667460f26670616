"""User-namespace remapping, planned: values in, a plan out. `remap` reads the machine and carries the plan out."""

from sealock.userns.plan.facts import Bind, EngineImage, EngineVolume, MachineFacts, Owned, PathEntry, Runs
from sealock.userns.plan.plan import RemappingPlan, plan

__all__ = ["Bind", "EngineImage", "EngineVolume", "MachineFacts", "Owned", "PathEntry", "RemappingPlan", "Runs", "plan"]
