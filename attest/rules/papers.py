"""Which paper shows which fact, and who signs it.

Every fact of `attest.rules.register` is shown by exactly one paper, but those of `SETTING`: the
dates, the mode, who ships and what the item is are the question itself, which no document settles:

>>> paper_of("osat.dies").title, paper_of("osat.dies").signer
('Determination of the OSAT', 'the OSAT that packages')
>>> paper_of("transaction.mode") is None
True
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A document that shows facts.

    `facts` are full names, or a group and `.*` for what no other paper names of it.
    """

    id: str
    title: str
    signer: str
    facts: tuple[str, ...]


def _of(group: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{group}.{name}" for name in names)


PAPERS: Final = (
    Paper(
        id="designer-performance",
        title="Datasheet or other statement of performance and of the dies",
        signer="the IC designer",
        facts=_of("declared", "dies", "precisions", "datacenter"),
    ),
    Paper(
        id="designer-status",
        title="Statement of status: headquarters, ultimate parent, locations, listed company, "
        "the agreement of 15 CFR 743.9(b) and the application of 15 CFR 748.16 with its receipt",
        signer="the IC designer",
        facts=_of(
            "declared",
            *("designer_name", "designer_group", "designer_hq", "designer_parent_hq"),
            *("designer_locations", "agreed_743_9", "agreed_743_9_on", "application_748_16"),
            *("application_filed_on", "application_denied_on"),
        ),
    ),
    Paper(
        id="package-statement",
        title="Statement of the package: packager, site and memory",
        signer="the IC designer",
        facts=_of("declared", "packaging_country", "packager_name", "hbm", "memories"),
    ),
    Paper(
        id="fabricator-determination",
        title="Determination of the front-end fabricator",
        signer="the front-end fabricator",
        facts=("fabricator.*",),
    ),
    Paper(
        id="osat-determination",
        title="Determination of the OSAT",
        signer="the OSAT that packages",
        facts=("osat.*",),
    ),
    Paper(
        id="parties-statement",
        title="Statement of every party with its role, site and headquarters",
        signer="the IC designer",
        facts=(
            *_of("transaction", "destinations", "party_hqs"),
            *_of("declared", "parties", "roles_not_filled"),
        ),
    ),
    Paper(
        id="product-datasheet",
        title="Datasheet of the product",
        signer="the maker of the product",
        facts=("item.*",),
    ),
    Paper(
        id="classification-record",
        title="Record of classification, with the designer's status and the origin of the item",
        signer="the exporter",
        facts=_of(
            "item",
            *("eccn", "controlled_in", "presumed", "designer_status"),
            *("direct_product", "contains_plant_ic"),
        ),
    ),
    Paper(
        id="shipping-order",
        title="Purchase order and shipping papers",
        signer="the exporter",
        facts=(
            "item.units",
            *_of("trade", "from_country", "act", "shipment_date", "purchase_order"),
            *_of("trade", "notified_on", "informed_of"),
        ),
    ),
    Paper(
        id="end-user-statement",
        title="Statement of the ultimate consignee: who it is, for whom, and to what end",
        signer="the ultimate consignee",
        facts=("trade.*",),
    ),
    Paper(
        id="certification",
        title="Certifications for a review case by case, with the laboratory's report",
        signer="the exporter",
        facts=_of("trade", "certified"),
    ),
    Paper(
        id="licence",
        title="Licence of the agency",
        signer="the Bureau of Industry and Security",
        facts=_of("trade", "licence"),
    ),
    Paper(
        id="foreign-permits",
        title="Permits of other countries",
        signer="the authority of each country",
        facts=_of("trade", "permits"),
    ),
    Paper(
        id="screening-result",
        title="Result of screening every party against the lists, with the date of the lists",
        signer="whoever screened, for the foundry",
        facts=(*_of("party", "listings", "listed_subsidiary"), *_of("screening", "lists", "hits")),
    ),
    Paper(
        id="ownership-statement",
        title="Statement of owners and of partners in joint ventures",
        signer="the party itself",
        facts=_of("party", "owners", "owned", "partner_hqs"),
    ),
    Paper(
        id="red-flag-record",
        title="Record of red flags and how each was resolved",
        signer="the foundry's compliance officer",
        facts=("party.*",),
    ),
    Paper(
        id="kyc-form",
        title="Know-your-customer vetting form (15 CFR 743 Supp. 2)",
        signer="the front-end fabricator",
        facts=("party.answers", *_of("record", "kyc_form", "model_number")),
    ),
    Paper(
        id="shipment-ledger",
        title="Account of what was shipped before",
        signer="the exporter",
        facts=("ledger.*",),
    ),
    Paper(
        id="transaction-record",
        title="File of the transaction: sale, report, end, retention",
        signer="the foundry",
        facts=("record.*",),
    ),
)
"""Every paper, in the order in which evidence is asked for."""


SETTING: Final = frozenset(
    {
        *_of("transaction", "exporter", "completion_date", "decision_date", "mode", "attested_by"),
        *_of("item", "name", "kind"),
    }
)
"""The facts that are the question and not evidence."""

_BY_NAME: Final[Mapping[str, Paper]] = {name: paper for paper in PAPERS for name in paper.facts}


def paper_of(fact: str) -> Paper | None:
    """The paper that shows a fact, or None for the setting of the question."""
    if fact in SETTING:
        return None
    return _BY_NAME.get(fact) or _BY_NAME.get(f"{fact.partition('.')[0]}.*")
