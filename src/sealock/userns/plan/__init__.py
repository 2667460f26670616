"""The plan for user-namespace remapping: values in, a plan out. `userns.apply` reads and changes the machine."""

from sealock.userns.plan.facts import Bind, EngineImage, EngineVolume, MachineFacts, Owned, PathEntry, PlannedContainer
from sealock.userns.plan.plan import RemappingPlan, plan

__all__ = [
    "Bind",
    "EngineImage",
    "EngineVolume",
    "MachineFacts",
    "Owned",
    "PathEntry",
    "PlannedContainer",
    "RemappingPlan",
    "plan",
]
