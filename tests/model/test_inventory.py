"""What an inventory tells of an image's layers."""

from __future__ import annotations

import pytest

from sealock.model.inventory import instruction


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("/bin/sh -c #(nop) ADD file:1234 in / ", "ADD file:1234 in /"),
        ('/bin/sh -c #(nop)  CMD ["sh"]', 'CMD ["sh"]'),
        ("/bin/sh -c apt-get update", "RUN apt-get update"),
        ("|0 /bin/sh -c apt-get update", "RUN apt-get update"),
        ("RUN /bin/sh -c apt-get install -y curl # buildkit", "RUN apt-get install -y curl"),
        ("RUN /bin/sh -c set -e;\n\tmake # buildkit", "RUN set -e; make"),
        ("RUN |1 A=b /bin/sh -c make", "RUN |1 A=b /bin/sh -c make"),
        ("COPY app /app # buildkit", "COPY app /app"),
        ("bazel build ...", "bazel build ..."),
        ("", ""),
    ],
)
def test_instructions_are_shown_as_people_write_them(told: str, shown: str) -> None:
    assert instruction(told) == shown
