"""Every endpoint does what the OpenAPI document says: schemathesis asks what fits, and what does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import positive_data_acceptance

from sealock.service.web.application import openapi
from support.draws import draws
from support.servicepages import ServiceWorld, world

load_all_checks()
DOCUMENT = openapi()
schema = schemathesis.openapi.from_dict(DOCUMENT)


WITH_RULES = {"after", "repository", "images", "host", "days", "url"}
"""Fields with rules that no schema says: cursors, names of images, repositories and registries, 7 but not 7.0, and
addresses of webhooks, none of which may be internal, as http://0 is."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceWorld]:
    with world(tmp_path_factory.mktemp("fuzzed")) as started:
        yield started


@pytest.fixture(scope="module")
def token(made: ServiceWorld) -> str:
    return made.token("admin")


@schema.auth()
class Authenticated:
    """Requests have a token, which the test puts in: so the same request without it, or with another, must be refused."""

    def get(self, _case: Any, _context: Any) -> str:
        return "a token"

    def set(self, case: Any, data: str, context: Any) -> None:
        del case, data, context


@pytest.mark.untraced
@schema.parametrize()
@draws(
    8, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture],
)  # fmt: skip
def test_every_endpoint_is_as_its_document_says(case: Any, made: ServiceWorld, token: str) -> None:
    made.clock.now += 60  # rates are by the clock of the process; sessions and tokens by this one
    case.headers["Authorization"] = f"Bearer {token}"
    asked = {name for name, value in (case.query or {}).items() if value}
    asked |= set(case.body) if isinstance(case.body, dict) else set()
    has_rules = bool(asked & WITH_RULES) or case.path == "/api/v1/notifications"  # of which one field must be there
    excluded = [positive_data_acceptance] if has_rules else []
    case.call_and_validate(base_url=made.url, excluded_checks=excluded)
