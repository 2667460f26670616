"""The part of CSAF 2.0 that is read. https://docs.oasis-open.org/csaf/csaf/v2.0/csaf-v2.0.html."""

from __future__ import annotations

import msgspec
from msgspec import Struct


class CsafName(Struct, gc=False):
    """A severity's text."""

    text: str = ""


class Tracking(Struct, gc=False):
    """The document's id and dates."""

    id: str = ""
    current_release_date: str = ""
    initial_release_date: str = ""


class Publisher(Struct, gc=False):
    """The document's publisher."""

    name: str = ""


class Head(Struct):
    """The document's own properties."""

    tracking: Tracking = msgspec.field(default_factory=Tracking)
    publisher: Publisher = msgspec.field(default_factory=Publisher)
    aggregate_severity: CsafName | None = None
    title: str = ""


class Helper(Struct, gc=False):
    """A product's CPE and package URL."""

    cpe: str = ""
    purl: str = ""


class CsafProduct(Struct):
    """A product, or a component."""

    product_id: str
    name: str = ""
    product_identification_helper: Helper | None = None


class Branch(Struct):
    """A node of the tree of products."""

    branches: list[Branch] | None = None
    product: CsafProduct | None = None


class Relationship(Struct):
    """A component of a product, itself a product."""

    full_product_name: CsafProduct
    product_reference: str = ""
    relates_to_product_reference: str = ""


class ProductTree(Struct):
    """All products."""

    branches: list[Branch] | None = None
    relationships: list[Relationship] | None = None


class ProductStatus(Struct):
    """Products by status."""

    fixed: list[str] | None = None
    known_affected: list[str] | None = None
    known_not_affected: list[str] | None = None
    under_investigation: list[str] | None = None


class Remediation(Struct):
    """A remediation, or why there is none."""

    category: str = ""
    details: str = ""
    product_ids: list[str] | None = None


class Cvss(Struct, gc=False):
    """A vector."""

    vectorString: str = ""  # noqa: N815  CSAF's own spelling


class Score(Struct):
    """A rating."""

    cvss_v2: Cvss | None = None
    cvss_v3: Cvss | None = None
    cvss_v4: Cvss | None = None


class Threat(Struct):
    """The impact on products."""

    category: str = ""
    details: str = ""
    product_ids: list[str] | None = None


class Note(Struct, gc=False):
    """A text."""

    category: str = ""
    text: str = ""


class CsafLink(Struct, gc=False):
    """A reference."""

    url: str = ""


class CsafFlaw(Struct):
    """One vulnerability of a document."""

    cve: str = ""
    title: str = ""
    notes: list[Note] | None = None
    product_status: ProductStatus | None = None
    remediations: list[Remediation] | None = None
    scores: list[Score] | None = None
    threats: list[Threat] | None = None
    references: list[CsafLink] | None = None


class CsafDocument(Struct):
    """One document."""

    document: Head = msgspec.field(default_factory=Head)
    product_tree: ProductTree | None = None
    vulnerabilities: list[CsafFlaw] | None = None
