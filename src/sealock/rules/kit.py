"""What a rule file needs, in one import: the base class, the nouns, changes, places, severities and references."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.model.absent import UNKNOWN, UNSET, Absent, Maybe, given
from sealock.model.build import Build
from sealock.model.change import Add, Edit, On, OnBuild, Remove, Set, Swap
from sealock.model.container import Container
from sealock.model.daemon import Daemon
from sealock.model.enforced import Enforced
from sealock.model.finding import Confidence, RuleFinding, Severity
from sealock.model.host import Host
from sealock.model.inventory import Inventory
from sealock.model.location import At, Place
from sealock.model.network import EngineNetwork
from sealock.model.project import Project
from sealock.rules.references import cis_docker, cwe, docker_docs, man, page
from sealock.rules.rule import DatedRule, Rule

__all__ = [
    "UNKNOWN",
    "UNSET",
    "Absent",
    "Add",
    "At",
    "Build",
    "Confidence",
    "Container",
    "Daemon",
    "DatedRule",
    "Edit",
    "Enforced",
    "EngineNetwork",
    "Final",
    "Host",
    "Inventory",
    "Iterator",
    "Maybe",
    "On",
    "OnBuild",
    "Place",
    "Project",
    "Remove",
    "Rule",
    "RuleFinding",
    "Set",
    "Severity",
    "Swap",
    "cis_docker",
    "cwe",
    "docker_docs",
    "given",
    "man",
    "page",
]  # fmt: skip
