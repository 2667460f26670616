"""VEX documents of all three formats: statements are read, and an unreadable one never applies more widely."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.formats.vex import MOST, Vex, read_vex
from sealock.model.location import Source
from sealock.model.vex import VexProduct, VexStatement, moment
from support.draws import draws

OPENSSL = "pkg:deb/debian/openssl@3.0.9-1"
NO_VERSIONS: tuple[Any, ...] = ([], {}, None, ["1"])
NO_PARTS: tuple[Any, ...] = ([], OPENSSL, [{}], [OPENSSL, 1])
WHEN = "2026-01-02T03:04:05Z"


def read(table: object, *, attached: bool = False) -> Vex:
    return read_vex(Source("it.json", table if isinstance(table, str) else json.dumps(table)), attached=attached)


def openvex(*rows: Any, **more: Any) -> dict[str, Any]:
    head = {"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.org/1", "author": "Me"}
    return head | {"timestamp": WHEN, "version": 1, "statements": list(rows)} | more


def row(**more: Any) -> dict[str, Any]:
    """A valid statement of OpenVEX, with members replaced; None leaves one out."""
    table = {
        "vulnerability": {"name": "CVE-2024-0001"},
        "products": [{"@id": OPENSSL}],
        "status": "not_affected",
        "justification": "component_not_present",
    }
    return {key: value for key, value in (table | more).items() if value is not None}


def bom(*rows: Any, **more: Any) -> dict[str, Any]:
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "vulnerabilities": list(rows)} | more


def flaw(**more: Any) -> dict[str, Any]:
    """A vulnerability of CycloneDX that was analysed."""
    table = {
        "id": "CVE-2024-0001",
        "affects": [{"ref": OPENSSL}],
        "analysis": {"state": "not_affected", "justification": "code_not_reachable", "detail": "never called"},
    }
    return {key: value for key, value in (table | more).items() if value is not None}


def csaf(*rows: Any, tree: Any = None) -> dict[str, Any]:
    names = [
        {"product_id": "A", "name": "a", "product_identification_helper": {"purl": "pkg:oci/app"}},
        {"product_id": "B", "name": "b", "product_identification_helper": {"purl": OPENSSL}},
    ]
    joined = {"product_reference": "B", "relates_to_product_reference": "A", "category": "default_component_of"}
    head = {
        "csaf_version": "2.0",
        "publisher": {"name": "Acme"},
        "tracking": {"id": "ACME-1", "current_release_date": WHEN},
    }
    default = {
        "full_product_names": names,
        "relationships": [joined | {"full_product_name": {"product_id": "A:B", "name": "b in a"}}],
        "product_groups": [{"group_id": "G", "product_ids": ["A:B", "B"]}],
    }
    return {"document": head, "product_tree": default if tree is None else tree, "vulnerabilities": list(rows)}


def known(**more: Any) -> dict[str, Any]:
    """A vulnerability of CSAF."""
    table = {
        "cve": "CVE-2024-0001",
        "product_status": {"known_not_affected": ["A:B"]},
        "flags": [{"label": "vulnerable_code_not_present", "product_ids": ["A:B"]}],
    }
    return {key: value for key, value in (table | more).items() if value is not None}


def test_openvex_document() -> None:
    vex = read(
        openvex(
            row(
                vulnerability={"name": "CVE-2024-0001", "aliases": ["GHSA-1"]},
                products=[
                    {
                        "@id": "pkg:oci/app",
                        "identifiers": {"cpe23": "cpe:2.3:a:b:c"},
                        "hashes": {"sha-256": "ab", "md5": "cd"},
                        "subcomponents": [{"@id": OPENSSL}],
                    }
                ],
                impact_statement="not\n linked",
                timestamp="2026-02-02T00:00:00Z",
            ),
            row(status="affected", justification=None, action_statement="update"),
        )
    )
    assert vex == Vex(
        (
            VexStatement(
                ("CVE-2024-0001", "GHSA-1"),
                "not_affected",
                (VexProduct(("cpe:2.3:a:b:c", "sha256:ab"), (OPENSSL,)),),
                "component_not_present",
                "not linked",
                "",
                "2026-02-02T00:00:00Z",
                "Me",
                "it.json (https://example.org/1)",
            ),
            VexStatement(
                ("CVE-2024-0001",),
                "affected",
                (VexProduct((OPENSSL,)),),
                action="update",
                when=WHEN,
                author="Me",
                document="it.json (https://example.org/1)",
            ),
        )
    )


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        pytest.param({"timestamp": None}, (("CVE-2024-0001",), "not_affected"), id="no time"),
        pytest.param({"vulnerability": "CVE-1"}, (("CVE-1",), "not_affected"), id="a bare name"),
        pytest.param(
            {"vulnerability": {"@id": "https://nvd.example/CVE-2"}},
            (("CVE-2",), "not_affected"),
            id="an id's last part",
        ),
        pytest.param({"products": [OPENSSL]}, (("CVE-2024-0001",), "not_affected"), id="bare products"),
        pytest.param({"status": "fixed", "justification": None}, (("CVE-2024-0001",), "fixed"), id="fixed"),
        pytest.param(
            {"justification": None, "impact_statement": "no"}, (("CVE-2024-0001",), "not_affected"), id="impact alone"
        ),
    ],
)
def test_forms_of_openvex(more: dict[str, Any], expected: object) -> None:
    vex = read(openvex(row(**more)))
    assert (vex.errors, [(statement.names, statement.status) for statement in vex.statements]) == ((), [expected])
    assert vex.statements[0].products == (VexProduct((OPENSSL,)),)


@pytest.mark.parametrize(
    ("product", "ids"),
    [
        ({"@id": OPENSSL, "identifiers": {"purl": "pkg:deb/debian/openssl"}}, (OPENSSL,)),
        ({"@id": "pkg:npm/a", "identifiers": {"purl": "pkg:npm/a@1"}}, ("pkg:npm/a@1",)),
        ({"@id": "pkg:oci/a?tag=1", "identifiers": {"purl": "pkg:oci/a"}}, ("pkg:oci/a?tag=1",)),
        ({"@id": "pkg:oci/a", "hashes": {"sha256": "ab"}}, ("sha256:ab",)),
        ({"@id": "pkg:oci/a?tag=1", "hashes": {"sha256": "ab"}}, ("pkg:oci/a?tag=1", "sha256:ab")),
        # A package has no digest that an image would show.
        ({"@id": "pkg:npm/a", "hashes": {"sha256": "ab"}}, ("pkg:npm/a", "sha256:ab")),
        ({"@id": "urn:a", "identifiers": {"purl": "pkg:npm/a", "cpe22": "cpe:/a:b:c"}}, ("urn:a", "pkg:npm/a", "cpe:/a:b:c")),
        ({"@id": "urn:a@1?tag=1", "identifiers": {"purl": "pkg:npm/a"}}, ("urn:a@1?tag=1", "pkg:npm/a")),
        ({"@id": "pkg:npm/a?tag=1", "identifiers": {"purl": "pkg:npm/a"}}, ("pkg:npm/a?tag=1", "pkg:npm/a")),
        ({"@id": "pkg:npm/a", "supplier": "Me"}, ("pkg:npm/a",)),
    ],
)  # fmt: skip
def test_a_product_of_one_version_is_not_every_version(product: dict[str, Any], ids: tuple[str, ...]) -> None:
    assert [statement.products for statement in read(openvex(row(products=[product]))).statements] == [
        (VexProduct(ids),)
    ]
    within = read(openvex(row(products=[{"@id": "pkg:oci/app", "subcomponents": [product]}])))
    assert [statement.products[0].parts for statement in within.statements] == [ids]


def test_products_of_the_document_are_those_of_statements_without_any() -> None:
    vex = read(openvex(row(products=None), row(), products=["pkg:oci/app"]))
    assert [statement.products for statement in vex.statements] == [
        (VexProduct(("pkg:oci/app",)),),
        (VexProduct((OPENSSL,)),),
    ]


def test_known_members_beside_no_products() -> None:
    more = {"@id": "1", "version": 1, "supplier": "Me", "status_notes": "a", "action_statement_timestamp": WHEN}
    assert [
        statement.products for statement in read(openvex(row(products=None, **more)), attached=True).statements
    ] == [()]
    more = {"@type": "Statement"}
    assert [
        statement.products for statement in read(openvex(row(products=None, **more)), attached=True).statements
    ] == [()]
    more = {"vuln_description": "a", "x-note": 1, "products": [OPENSSL]}
    assert [statement.products for statement in read(openvex(row(**more))).statements] == [(VexProduct((OPENSSL,)),)]


@pytest.mark.parametrize("status", ["not_affected", "fixed"])
@pytest.mark.parametrize("make", [openvex, bom])
def test_a_statement_that_would_hide_a_vulnerability_everywhere_is_an_error(make: Any, status: str) -> None:
    state = {"not_affected": "not_affected", "fixed": "resolved"}[status]
    entry = row(products=None, status=status) if make is openvex else flaw(affects=None, analysis={"state": state})
    vex = read(make(entry))
    assert not vex.statements
    assert [error.message for error in vex.errors] == [
        (
            "a statement on CVE-2024-0001 names no product, and would hide the vulnerability everywhere: "
            "name the image or the package"
        )
    ]
    (statement,) = read(make(entry), attached=True).statements
    assert (statement.status, statement.products) == (status, ())


@pytest.mark.parametrize("status", ["affected", "under_investigation"])
def test_a_statement_that_hides_nothing_needs_no_product(status: str) -> None:
    (statement,) = read(openvex(row(products=None, status=status))).statements
    assert (statement.status, statement.products) == (status, ())


@pytest.mark.parametrize(
    ("component", "ids"),
    [
        pytest.param({"bom-ref": "r", "purl": "pkg:oci/app@1"}, ("pkg:oci/app@1", "r"), id="a reference and a URL"),
        pytest.param({"purl": "pkg:oci/app@1"}, ("pkg:oci/app@1",), id="a URL"),
        pytest.param({"bom-ref": "r"}, ("r",), id="a reference"),
    ],
)
def test_what_cyclonedx_is_about_is_the_product_where_a_vulnerability_names_none(
    component: dict[str, str], ids: tuple[str, ...]
) -> None:
    vex = read(bom(flaw(affects=None), metadata={"component": component}))
    assert [statement.products for statement in vex.statements] == [(VexProduct(ids),)]
    assert not vex.errors


def test_a_mark_of_the_encoding_is_passed_over() -> None:
    assert read("\ufeff" + json.dumps(openvex(row()))) == read(openvex(row()))


def test_subcomponents_beside_the_products() -> None:
    vex = read(openvex(row(products=["pkg:oci/app"], subcomponents=[{"@id": OPENSSL}, "pkg:npm/a"])))
    assert vex.statements[0].products == (VexProduct(("pkg:oci/app",), (OPENSSL, "pkg:npm/a")),)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        pytest.param(openvex(row(vulnerability={})), "statement 1 names no vulnerability", id="no vulnerability"),
        pytest.param(openvex(7), "statement 1 names no vulnerability", id="no object"),
        pytest.param(openvex(row(status="fine")), "has the unknown status 'fine'", id="a status"),
        pytest.param(openvex(row(status=["fixed"])), "has the unknown status ''", id="a list for a status"),
        pytest.param(openvex(row(justification=None)), "not_affected without a justification", id="no reason"),
        pytest.param(openvex(row(products=[])), "has products that cannot be read", id="an empty list of products"),
        pytest.param(openvex(row(products="all")), "has products that cannot be read", id="products that are a text"),
        pytest.param(openvex(row(products=[{}])), "has products that cannot be read", id="a product without an id"),
        pytest.param(openvex(row(products=[OPENSSL, ""])), "has products that cannot be read", id="an empty product"),
        pytest.param(
            openvex(row(products=[{"@id": "pkg:oci/app", "subcomponents": []}])),
            "has products that cannot be read",
            id="an empty list of subcomponents, which would mean all",
        ),
        pytest.param(
            openvex(row(products=[{"@id": "pkg:oci/app", "subcomponents": [{"@id": OPENSSL}, {}]}])),
            "has products that cannot be read",
            id="a subcomponent without an id",
        ),
        *(
            pytest.param(openvex(row(products=products)), "has products that cannot be read", id=f"products {products}")
            for products in (
                [{"@id": "pkg:npm/a", "Version": "1"}],
                [{"@id": "pkg:npm/a", "vulnerable_versions": ["1"]}],
                [{"@id": "pkg:oci/app", "subcomponent": {"@id": OPENSSL}}],
                [{"@id": "pkg:oci/app", "Subcomponents": [{"@id": OPENSSL}]}],
                [{"@id": "pkg:oci/app", "x-component": OPENSSL}],
                [{"@id": "pkg:oci/app", "subcomponents": [{"@id": "pkg:npm/a", "version": "1"}]}],
            )
        ),
        pytest.param(
            openvex(row(products=None, product=[OPENSSL])),
            "has no products, and the unknown member 'product'",
            id="a misspelt member, without which a statement would be on every product",
        ),
        pytest.param(
            openvex(row(products=None, **{"0": 1})),
            "has no products, and the unknown member '0'",
            id="a number as a member",
        ),
        pytest.param(
            openvex(row(timestamp=20240101)), "has a timestamp that is not a time", id="a time that is a number"
        ),
        pytest.param(openvex(row(last_updated="")), "has a last_updated that is not a time", id="an empty time"),
        pytest.param(
            openvex(row(products=None), products=[]), "has products that cannot be read", id="the document's products"
        ),
        pytest.param(
            csaf({}) | {"vulnerabilities": {}}, "its vulnerabilities are not a list", id="CSAF without a list"
        ),
        *(
            pytest.param(
                csaf({"cve": "CVE-1", "product_status": {"fixed": products}}),
                "vulnerability 1 has fixed products that cannot be read",
                id=f"products of CSAF that are {products!r}",
            )
            for products in ("A", [], ["A", 1])
        ),
        pytest.param(openvex(row(timestamp="yesterday")), "has the invalid time 'yesterday'", id="a time"),
        pytest.param(
            openvex(timestamp="now", statements=[row()]), "has the invalid time 'now'", id="the document's time"
        ),
        pytest.param(openvex(statements={}), "it has no list of statements", id="statements that are no list"),
        pytest.param(
            bom(flaw(affects=None, affected=[{"ref": OPENSSL}])),
            "vulnerability 1 does not name what it affects, and has the unknown member 'affected'",
            id="a misspelt member of CycloneDX, without which a vulnerability would be everywhere",
        ),
        pytest.param(
            bom(flaw(affects=[{"ref": OPENSSL}, {"ref": "pkg:npm/a", "version": ["1"]}])),
            "vulnerability 1 has the unknown member 'version' in what it affects",
            id="a misspelt list of versions",
        ),
        pytest.param(bom(flaw(id=None)), "vulnerability 1 has no id", id="CycloneDX without an id"),
        pytest.param(bom(flaw(analysis={"state": "good"})), "has the unknown state 'good'", id="a state"),
        pytest.param(bom(flaw(affects=[])), "does not name what it affects", id="affects nothing"),
        pytest.param(bom(flaw(affects=[{}])), "does not name what it affects", id="affects without a reference"),
        *(
            pytest.param(
                bom(flaw(affects=[{"ref": OPENSSL, "versions": versions}])),
                "vulnerability 1 has a list of versions that cannot be read",
                id=f"versions that are {versions!r}",
            )
            for versions in NO_VERSIONS
        ),
        *(
            pytest.param(
                openvex(row(subcomponents=parts)), "has products that cannot be read", id=f"subcomponents {parts!r}"
            )
            for parts in NO_PARTS
        ),
        pytest.param(
            bom(vulnerabilities=7), "its vulnerabilities are not a list", id="vulnerabilities that are no list"
        ),
        pytest.param(csaf(known(cve=None)), "has neither a CVE nor another id", id="CSAF without a CVE"),
        pytest.param(
            csaf(known(flags=None)), "lists known_not_affected products without a reason (1)", id="CSAF, no reason"
        ),
        pytest.param("{", "it is not valid JSON", id="broken JSON"),
        pytest.param('{"@context": ["openvex"', "it is not valid JSON", id="truncated JSON"),
        pytest.param("[" * 100_000, "it is not valid JSON", id="nested beyond all measure"),
        pytest.param("", "it is not valid JSON", id="nothing"),
        pytest.param([], "it is not a VEX document", id="a list"),
        pytest.param({}, "it is not a VEX document", id="an empty object"),
        pytest.param({"bomFormat": "CycloneDX"}, "it is not a VEX document", id="CycloneDX without vulnerabilities"),
        pytest.param("\ud800", "it is not valid JSON", id="a lone surrogate"),
    ],
)
def test_unreadable_statement_is_an_error_and_left_out(table: object, expected: str) -> None:
    vex = read(table)
    assert vex.statements == ()
    (error,) = vex.errors
    assert expected in error.message
    assert error.location.file == "it.json"


def test_errors_have_places() -> None:
    broken = read('{\n "@context": "openvex",\n "statements": [}\n')
    assert (broken.errors[0].location.line, broken.errors[0].location.column) == (3, 17)
    assert read(openvex(row(), row(status="?"))).errors[0].location.pointer == "/statements/1"
    assert read(bom(flaw(), flaw(id=""))).errors[0].location.pointer == "/vulnerabilities/1"


def test_valid_statements_are_kept_when_others_are_invalid() -> None:
    vex = read(openvex(row(status="?"), row()))
    assert (len(vex.statements), len(vex.errors)) == (1, 1)


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("resolved", "fixed"),
        ("resolved_with_pedigree", "fixed"),
        ("exploitable", "affected"),
        ("in_triage", "under_investigation"),
        ("false_positive", "not_affected"),
        ("not_affected", "not_affected"),
    ],
)
def test_states_of_cyclonedx(state: str, status: str) -> None:
    (statement,) = read(bom(flaw(analysis={"state": state}))).statements
    assert statement.status == status


def test_cyclonedx_document() -> None:
    inner = {"bom-ref": "inner", "purl": "pkg:npm/inner@1"}
    vex = read(
        bom(
            flaw(
                references=[{"id": "GHSA-1"}, {"source": {}}],
                affects=[
                    {"ref": "c1"},
                    {"ref": "inner"},
                    {"ref": "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#pkg:npm/%40a/b@1"},
                    {"ref": "pkg:golang/x@1#sub"},
                ],
            ),
            flaw(id="CVE-2", analysis=None),
            serialNumber="urn:uuid:1",
            metadata={"timestamp": WHEN},
            components=[{"bom-ref": "c1", "purl": OPENSSL, "components": [inner]}],
        )
    )
    (statement,) = vex.statements
    assert statement == VexStatement(
        ("CVE-2024-0001", "GHSA-1"),
        "not_affected",
        (
            VexProduct((OPENSSL, "c1")),
            VexProduct(("pkg:npm/inner@1", "inner")),
            VexProduct(
                ("pkg:npm/@a/b@1", "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#pkg:npm/%40a/b@1"),
            ),
            VexProduct(("pkg:golang/x@1#sub",)),
        ),
        "vulnerable_code_not_in_execute_path",
        "never called",
        "",
        WHEN,
        "",
        "it.json (urn:uuid:1)",
    )


C1 = {"bom-ref": "c1", "version": "1.0", "purl": "pkg:npm/a"}


@pytest.mark.parametrize(
    ("more", "affects", "products"),
    [
        pytest.param({"components": [C1]}, {"ref": "c1"}, [("pkg:npm/a@1.0", "c1")], id="a version beside the URL"),
        pytest.param({"components": [C1 | {"purl": "pkg:npm/a@?x=y#z"}]}, {"ref": "c1"}, [("pkg:npm/a@1.0?x=y#z", "c1")],
                     id="an empty version"),
        pytest.param({"components": [C1 | {"purl": "pkg:oci/a"}]}, {"ref": "c1"}, [("pkg:oci/a?tag=1.0", "c1")],
                     id="an image's tag"),
        pytest.param({"components": [C1 | {"purl": "pkg:oci/a?arch=b#c"}]}, {"ref": "c1"},
                     [("pkg:oci/a?tag=1.0&arch=b#c", "c1")], id="an image's tag, beside another qualifier"),
        pytest.param({"components": [C1 | {"purl": "pkg:oci/a?tag=2"}]}, {"ref": "c1"}, [("pkg:oci/a?tag=2", "c1")],
                     id="an image with a tag"),
        pytest.param({"components": [C1 | {"purl": "pkg:oci/a", "version": "sha256:0"}]}, {"ref": "c1"},
                     [("pkg:oci/a@sha256:0", "c1")], id="an image's digest"),
        pytest.param({"components": [C1 | {"purl": "pkg:npm/%40a/b@2"}]}, {"ref": "c1"}, [("pkg:npm/%40a/b@2", "c1")],
                     id="a version in the URL"),
        pytest.param({"components": [C1 | {"bom-ref": "pkg:npm/a"}]}, {"ref": "pkg:npm/a"}, [("pkg:npm/a@1.0",)],
                     id="a reference that is a URL without the version"),
        pytest.param({"components": [C1, C1 | {"version": "2"}]}, {"ref": "c1"}, [("c1",)], id="a reference of two components"),
        pytest.param({"components": [C1, C1]}, {"ref": "c1"}, [("pkg:npm/a@1.0", "c1")], id="a component twice"),
        pytest.param({"components": [C1], "serialNumber": "urn:uuid:AB"}, {"ref": "urn:cdx:cd/1#c1"},
                     [("c1", "urn:cdx:cd/1#c1")], id="another document's component of the same reference"),
        pytest.param({"components": [C1]}, {"ref": "urn:cdx:cd/1#c1"}, [("c1", "urn:cdx:cd/1#c1")],
                     id="another document's component, in one without a number"),
        pytest.param({"components": [C1], "serialNumber": "urn:uuid:AB"}, {"ref": "urn:cdx:ab/1#c1"},
                     [("pkg:npm/a@1.0", "c1", "urn:cdx:ab/1#c1")], id="its own component by its number"),
        pytest.param({}, {"ref": "pkg:npm/a", "versions": [{"version": "1+b", "status": "unaffected"}]},
                     [("pkg:npm/a@1%2Bb", "pkg:npm/a 1+b")], id="one version"),
        pytest.param({}, {"ref": "pkg:npm/a", "versions": [{"version": "1"}, {"version": "2", "status": "unaffected"}]},
                     [("pkg:npm/a@2", "pkg:npm/a 2")], id="the version that it is of, beside an affected one"),
        pytest.param({}, {"ref": "pkg:npm/a@1", "versions": [{"version": "1", "status": "affected"}]},
                     [("pkg:npm/a@1", "pkg:npm/a@1 1")], id="the affected version, as scanners list it"),
        pytest.param({}, {"ref": "pkg:npm/a@1", "versions": [{"version": "2", "status": "unaffected"}]},
                     [("pkg:npm/a@1 2",)], id="another version than the URL's"),
        pytest.param({}, {"ref": "pkg:npm/a", "versions": [{"range": "vers:npm/<2", "status": "unaffected"}]},
                     [("pkg:npm/a vers:npm/<2",)], id="a range, which is not every version"),
        pytest.param({}, {"ref": "pkg:npm/a", "versions": [{}]}, [("pkg:npm/a of an unknown version",)], id="no version"),
    ],
)  # fmt: skip
def test_products_of_cyclonedx(more: dict[str, Any], affects: object, products: list[tuple[str, ...]]) -> None:
    vex = read(bom(flaw(affects=[affects]), **more))
    assert (vex.errors, [product.ids for product in vex.statements[0].products]) == ((), products)


def test_an_affected_version_is_not_an_unaffected_one() -> None:
    versions = [{"version": "1", "status": "affected"}, {"version": "2", "status": "unaffected"}]
    affects = [{"ref": "pkg:npm/a", "versions": versions}]
    (statement,) = read(bom(flaw(affects=affects, analysis={"state": "exploitable"}))).statements
    assert statement.products == (VexProduct(("pkg:npm/a@1", "pkg:npm/a 1")),)


def test_csaf_document() -> None:
    vex = read(
        csaf(
            known(
                ids=[{"text": "GHSA-1", "system_name": "GitHub"}],
                product_status={"known_not_affected": ["A:B"], "known_affected": ["A"], "fixed": ["B", "C"]},
                flags=[{"label": "vulnerable_code_not_present", "group_ids": ["G"]}],
                threats=[{"category": "impact", "details": "none", "product_ids": ["A:B"]}, {"category": "x"}],
                remediations=[{"category": "vendor_fix", "details": "update", "product_ids": ["A"]}],
            )
        )
    )
    assert vex.errors == ()
    reasons = {
        (statement.status, statement.products, statement.justification, statement.impact, statement.action)
        for statement in vex.statements
    }
    flag = "vulnerable_code_not_present"
    assert reasons == {
        ("not_affected", (VexProduct(("pkg:oci/app", "a"), (OPENSSL, "b")),), flag, "none", ""),
        ("affected", (VexProduct(("pkg:oci/app", "a")),), "", "", "update"),
        ("fixed", (VexProduct((OPENSSL, "b")),), flag, "", ""),
        ("fixed", (VexProduct(("C",)),), "", "", ""),
    }
    assert {
        (statement.names, statement.when, statement.author, statement.document) for statement in vex.statements
    } == {(("CVE-2024-0001", "GHSA-1"), WHEN, "Acme", "it.json (ACME-1)")}


def test_products_in_deep_branches() -> None:
    tree: dict[str, Any] = {"product": {"product_id": "P", "name": "p"}}
    for _ in range(20):
        tree = {"branches": [tree]}
    rows = known(product_status={"fixed": ["P"]})
    assert read(csaf(rows, tree=tree)).statements[0].products == (VexProduct(("p",)),)


ONE = {"product_id": "P", "name": "p", "product_identification_helper": {"purl": "pkg:npm/a"}}


@pytest.mark.parametrize(
    ("branch", "purl", "ids"),
    [
        pytest.param({"category": "product_version", "name": "1.0"}, "pkg:npm/a", ("pkg:npm/a@1.0", "p"), id="version"),
        pytest.param({"category": "product_version", "name": "1.0"}, "pkg:npm/a@2", ("pkg:npm/a@2", "p"), id="its own"),
        pytest.param({"category": "product_version", "name": "a"}, "pkg:npm/a", ("pkg:npm/a", "p"), id="any version"),
        pytest.param({"category": "product_version", "name": "m:1/a"}, "pkg:npm/a", ("pkg:npm/a", "p"), id="of a module"),
        pytest.param({"category": "product_version_range", "name": "vers:npm/<2"}, "pkg:npm/a", ("p",), id="a range"),
        pytest.param({"category": "product_name", "name": "a"}, "pkg:npm/a", ("pkg:npm/a", "p"), id="a name"),
    ],
)  # fmt: skip
def test_versions_in_branches_of_csaf(branch: dict[str, Any], purl: str, ids: tuple[str, ...]) -> None:
    product = ONE | {"product_identification_helper": {"purl": purl}}
    rows = known(product_status={"fixed": ["P"]})
    assert read(csaf(rows, tree={"branches": [branch | {"product": product}]})).statements[0].products == (
        VexProduct(ids),
    )


def test_products_of_csaf_by_their_ids() -> None:
    several = ONE | {"product_identification_helper": {"purls": ["pkg:npm/a@1", "pkg:npm/a@2"]}}
    rows = known(product_status={"fixed": ["P"]})
    for products, ids in (
        ([several], ("pkg:npm/a@1", "pkg:npm/a@2", "p")),
        ([ONE, ONE], ("pkg:npm/a", "p")),
        ([ONE, several], ("P",)),
    ):
        assert read(csaf(rows, tree={"full_product_names": products})).statements[0].products == (VexProduct(ids),)


def test_a_component_of_a_component_stands_for_no_other() -> None:
    def within(key: str, part: str, whole: str) -> dict[str, Any]:
        names = {"product_reference": part, "relates_to_product_reference": whole}
        return names | {"category": "default_component_of", "full_product_name": {"product_id": key, "name": key}}

    products = [{"product_id": key, "name": key.lower()} for key in "ABC"]
    relationships = [within("AB", "A", "B"), within("ABC", "AB", "C"), within("CAB", "C", "AB")]
    tree = {"full_product_names": products, "relationships": relationships}
    rows = known(product_status={"fixed": ["AB", "ABC", "CAB"]})
    assert read(csaf(rows, tree=tree)).statements[0].products == (
        VexProduct(("b",), ("a",)),
        VexProduct(("ABC",)),
        VexProduct(("CAB",)),
    )


def test_too_many_statements_are_cut_with_an_error() -> None:
    text = json.dumps(openvex()).replace('"statements": []', f'"statements": [{",".join(["{}"] * (MOST + 5))}]')
    vex = read(text)
    assert vex.statements == ()
    assert len(vex.errors) == 52
    assert {"more of its statements cannot be read" in vex.errors[-1].message} == {True}
    assert "the rest is not read" in vex.errors[-2].message


def test_groups_of_csaf_do_not_multiply() -> None:
    many = [f"P{number}" for number in range(2000)]
    tree = {"product_groups": [{"group_id": "G", "product_ids": many}]}
    flags = [{"label": "x", "group_ids": ["G"] * 1000}] * 5
    vex = read(csaf(known(flags=flags, product_status={"known_not_affected": many}), tree=tree))
    assert "the rest is ignored" in vex.errors[-1].message


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("2023-01-16T19:07:16.853479631-06:00", "2023-01-17T01:07:16.853479+00:00"),
        ("2023-01-16T19:07:16Z", "2023-01-16T19:07:16+00:00"),
        ("2023-01-16", "2023-01-16T00:00:00+00:00"),
        ("0001-01-01T00:00:00+23:59", None),
        ("soon", None),
        ("", None),
    ],
)
def test_times(text: str, when: str | None) -> None:
    time = moment(text)
    assert (time.isoformat() if time else None) == when


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8) | st.sampled_from([OPENSSL, "fixed", "A"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["@id", "status", "ref", "state", "id", "cve", "products", "vulnerability", "name", "purl"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@draws(150)
@given(rows=st.lists(JSON, max_size=3), inner=JSON, kind=st.sampled_from(["openvex", "bom", "csaf"]))
def test_nothing_raises_and_a_statement_always_has_a_name(rows: list[Any], inner: Any, kind: str) -> None:
    table = {
        "openvex": openvex(*rows, row(products=inner), row(vulnerability=inner)),
        "bom": bom(*rows, flaw(affects=inner), flaw(analysis=inner)),
        "csaf": csaf(*rows, known(product_status=inner), known(flags=inner), tree=inner),
    }[kind]
    vex = read(table)
    assert all(statement.names and all(statement.names) for statement in vex.statements)


@pytest.mark.parametrize("version", [None, 1, True, [], {}, ["1"]])
def test_a_component_of_an_unreadable_version_is_not_every_version(version: object) -> None:
    component = {"bom-ref": "a", "purl": "pkg:npm/a", "version": version}
    vex = read(bom(flaw(affects=[{"ref": "a"}]), components=[component]))
    assert [statement.products for statement in vex.statements] == [(VexProduct(("a",)),)]


def test_a_component_without_a_version_is_every_version() -> None:
    for version in ({}, {"version": ""}):
        vex = read(bom(flaw(affects=[{"ref": "a"}]), components=[{"bom-ref": "a", "purl": "pkg:npm/a"} | version]))
        assert [statement.products for statement in vex.statements] == [(VexProduct(("pkg:npm/a", "a")),)]


def test_known_members_of_cyclonedx_beside_no_products() -> None:
    more = {"bom-ref": "x", "source": {}, "references": [], "cwes": [1], "created": WHEN, "properties": [], "tools": []}
    vex = read(bom(flaw(affects=None, **more)), attached=True)
    assert [statement.products for statement in vex.statements] == [()]
    vex = read(bom(flaw(note="x")))
    assert [statement.products for statement in vex.statements] == [(VexProduct((OPENSSL,)),)]


@pytest.mark.parametrize(
    ("branch", "url"),
    [
        ({"category": "product_version", "name": "1"}, "pkg:npm/a@1"),
        ({"category": "product_version", "name": "x/a"}, "pkg:npm/a"),
        ({"category": "product_name", "name": "a"}, "pkg:npm/a"),
        ({"category": "architecture", "name": "x86_64"}, "pkg:npm/a"),
        ({"category": "product_version_range", "name": "<1"}, ""),
        ({"category": "product_version", "name": ""}, ""),
        ({"category": "product_version", "name": 1}, ""),
        ({"category": "product_version"}, ""),
        ({"category": "version", "name": "1"}, ""),
        ({"category": ["product_version"], "name": "1"}, ""),
        ({"name": "1"}, ""),
    ],
)
def test_a_branch_that_cannot_be_read_is_not_every_version(branch: dict[str, Any], url: str) -> None:
    product = {"product_id": "A", "name": "n", "product_identification_helper": {"purl": "pkg:npm/a"}}
    row = {"cve": "CVE-1", "product_status": {"fixed": ["A"]}}
    vex = read(csaf(row, tree={"branches": [branch | {"product": product}]}))
    assert [statement.products for statement in vex.statements] == [(VexProduct(tuple(filter(None, (url, "n")))),)]
