"""What a person is about to sign, in sentences; and which words of it leave the house.

The sentences sum up; the list below them holds every member, so that nothing is signed unseen:

>>> members({"package": {"hbm": {"knowledge": "supplier", "value": False}}})
['package.hbm: no (supplier)']
>>> knowledge_of({"hbm": {"knowledge": "unknown"}})
[('hbm', 'unknown', None)]
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from attest import limits, schemas
from attest.cli.documents import predicate_word
from attest.cli.figures import in_words
from attest.encoding import Json, decode_base64, loads

LIABILITY: Final = (
    "A false or misleading statement can be a violation of 15 CFR 764.2(g). A signature says who "
    "said this, not that it is true."
)
STAYS: Final = (
    "the design files themselves: layout, netlist, masks",
    "the salts of design commitments (*.salt.json)",
    "private keys and passphrases",
)
"""What no document of ours ever holds."""


def knowledge_of(predicate: Json, path: str = "") -> list[tuple[str, str, Json]]:
    """Every claim of a predicate: path, knowledge, value (None when unknown)."""
    if isinstance(predicate, dict):
        if "knowledge" in predicate:
            value = predicate.get("value", predicate.get("precisions"))
            return [(path, predicate["knowledge"], value)]
        steps = [(f"{path}.{name}" if path else name, each) for name, each in predicate.items()]
    elif isinstance(predicate, list):
        steps = [(f"{path}.{index}", each) for index, each in enumerate(predicate)]
    else:
        return []
    return [claim for step, each in steps for claim in knowledge_of(each, step)]


def ended(sentence: str) -> str:
    """The sentence with one full stop, its own or ours.

    >>> ended("Sold by Tianqiu Inc."), ended("Sold by Tianqiu")
    ('Sold by Tianqiu Inc.', 'Sold by Tianqiu.')
    """
    return sentence if sentence.endswith((".", "。")) else f"{sentence}."


def sentences(statement: Json) -> list[str]:
    """The statement as its signer would say it, one sentence per line, then every member."""
    predicate = statement["predicate"]
    word = predicate_word(statement)
    acts = {
        "review": _review,
        "activation": _activation,
        "keyset-change": _keyset_change,
        "policy": _policy,
    }
    summed = acts[word](predicate) if word in acts else _summed(statement, word)
    if word == "keyset-change":
        predicate = {**predicate, "keysets": _keysets(predicate)}
    return [*summed, "All that is signed:", *(f"  {each}" for each in members(predicate))]


def members(value: Json, path: str = "") -> list[str]:
    """Every member of a predicate with its value; a claim with how it is known."""
    if isinstance(value, dict) and "knowledge" in value and value.keys() <= {"knowledge", "value"}:
        told = f"{_told(value['value'])} (" if "value" in value else "("
        return [f"{path}: {told}{value['knowledge']})"]
    if isinstance(value, dict) and value:
        steps = [(f"{path}.{name}" if path else name, each) for name, each in value.items()]
    elif isinstance(value, list) and any(isinstance(each, dict | list) for each in value):
        steps = [(f"{path}.{index}", each) for index, each in enumerate(value)]
    else:
        return [f"{path}: {_told(value)}"]
    return [line for step, each in steps for line in members(each, step)]


def _told(value: Json) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return in_words(value)
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value) or "none"


def _summed(statement: Json, word: str) -> list[str]:
    predicate = statement["predicate"]
    signer, validity = predicate["signer"], predicate["validity"]
    who = f"{signer['name']}, {signer['title']}"
    lines = [f"I, {who}, make this {word} to {predicate['audience']}."]
    lines += _declared(predicate) if word == "declaration" else _determined(statement)
    lines += [_die(die) for die in predicate["dies"]]
    lines.append(_package(predicate["package"]))
    claims = knowledge_of(predicate)
    for level in ("supplier", "estimate", "unknown"):
        paths = [path for path, knowledge, _ in claims if knowledge == level]
        if paths:
            lines.append(f"{_KNOWN_BY[level]}: {', '.join(paths)}.")
    lines.append(f"This counts from {validity['not_before']} to {validity['not_after']}.")
    lines.append(LIABILITY)
    return lines


_KNOWN_BY: Final = {
    "supplier": "I have from a supplier",
    "estimate": "I estimate",
    "unknown": "I do not know",
}


_WORDS: Final = {"activation": "activate", "keyset-change": "keys", "policy": "witnesses"}


def word_to_type(statement: Json) -> str:
    """What a person types to sign: the product, the tape-out, the review's action, or a word."""
    word = predicate_word(statement)
    if word == "declaration":
        return str(statement["predicate"]["product"]["name"])
    if word == "review":
        return str(statement["predicate"]["action"])
    if word in _WORDS:
        return _WORDS[word]
    return str(statement["subject"][0]["name"])


def _declared(predicate: Json) -> list[str]:
    product = predicate["product"]
    parties = "; ".join(
        f"{party['role']} {party['name']}"
        + ("" if party["name"] == party["name_latin"] else f" ({party['name_latin']})")
        for party in predicate["parties"]
    )
    return [
        ended(
            f"The product is {product['name']}, tape-out {product['tape_out_id']}, "
            f"revision {product['revision']}"
        ),
        ended(f"The parties are: {parties}"),
        *(f"Nobody acts as {role}." for role in predicate.get("roles_not_filled", ())),
        *map(_owned, predicate.get("ownership", ())),
        ended(f"The end use is: {predicate['end_use']}"),
        f"Export, reexport or transfer is planned to be completed on "
        f"{predicate['planned_completion_date']}.",
    ]


def _owned(record: Json) -> str:
    owners = "; ".join(
        f"{each['name']} ({each['kind']}), {_share(each['share_bp'])}, {_listed(each['listed_on'])}"
        for each in record["owners"]
    )
    return ended(f"{record['name']} is owned by: {owners}")


def _share(claim: Json) -> str:
    whole, hundredths = divmod(claim.get("value", 0), 100)
    return f"{whole}.{hundredths:02d} percent" if "value" in claim else "share unknown"


def _listed(claim: Json) -> str:
    if "value" not in claim:
        return "listed or not is unknown"
    return f"on the list {claim['value']}" if claim["value"] else "on no list"


def _determined(statement: Json) -> list[str]:
    predicate = statement["predicate"]
    lines = [
        f"I attest as {predicate['attester_role']} for tape-out {statement['subject'][0]['name']}, "
        f"declaration {predicate['declaration']}.",
        f"Aggregated approximated transistor count: {_claimed(predicate['aatc_transistors'])}.",
    ]
    if "completion_date" in predicate:
        lines.append(f"Completion is on {predicate['completion_date']}.")
    return lines


def _die(die: Json) -> str:
    process = die["process"]
    parts = [
        f"{die['units']} x die {die['name']} ({die['function']})",
        f"made by {process['foundry_name']}",
        f"node {_claimed(process['node_nm'])} nm ({_claimed(process['node_class'])})",
        f"{_claimed(process['architecture'])} transistors",
        f"area {_claimed(die['area_um2'])} um2",
    ]
    if "transistors" in die:
        counted = die["transistors"]
        count = in_words(counted["count"]) if "count" in counted else "unknown"
        parts.append(f"{count} transistors each, by method {counted['method']}")
    own = ("density_per_mm2", "gds_transistors")
    parts += [f"{name} {_claimed(die[name])}" for name in own if name in die]
    return ", ".join(parts) + "."


def _package(package: Json) -> str:
    site = _claimed(package["site_country"])
    if "packager" in package:
        by = f"It is packaged by {_claimed(package['packager'])} in country {site}"
    else:
        by = f"Packaged by me: {_claimed(package['attester_packages'])}, in country {site}"
    return f"{by}; high-bandwidth memory: {_claimed(package['hbm'])}."


def _claimed(claim: Json) -> str:
    return _told(claim["value"]) if "value" in claim else str(claim["knowledge"])


def _review(predicate: Json) -> list[str]:
    return [
        f"I review decision {predicate['decision']}.",
        f"I {predicate['action']} it, for reason {predicate['reason_code']}.",
        f"In words: {predicate['reason']}",
        f"I rest on {len(predicate['evidence'])} pieces of evidence, named by digest.",
        *(
            f"I say that party {each['party']} is not the listed {each['entry']}, "
            f"until {each['until']}."
            for each in predicate.get("clears", ())
        ),
        f"Reviewed at {predicate['reviewed_at']}.",
    ]


def _activation(predicate: Json) -> list[str]:
    return [
        f"I replace the trust snapshot {predicate['replaces']}.",
        f"From then on these packs decide, in mode {predicate['mode']}:",
        *(
            f"  {pack['id']}, edition {pack['edition']}, {pack['digest']}"
            for pack in predicate["packs"]
        ),
        *_lists(predicate),
        f"From then on the mandate is {predicate['mandate']}."
        if "mandate" in predicate
        else "Who has to sign, and whose certificates count, stays what it is.",
        f"In words: {predicate['reason']}",
        f"Activated at {predicate['activated_at']}.",
    ]


def _lists(predicate: Json) -> list[str]:
    if "lists" not in predicate:
        return ["The lists against which parties are screened stay what they are."]
    return [
        "From then on parties are screened against these lists:",
        *(f"  {each['list']} of {each['as_of']}, {each['digest']}" for each in predicate["lists"]),
    ]


def _keyset_change(predicate: Json) -> list[str]:
    parties = {each["party"]["id"]: each["party"] for each in _keysets(predicate)}
    lines = [
        f"I replace the trust snapshot {predicate['replaces']}.",
        ended(f"It changes the keys of {'; '.join(map(_party, parties.values()))}"),
    ]
    for each in predicate["enrolled"]:
        holder = f"{each['holder']['name']}, {each['holder']['title']}"
        key = f"{each['purpose']} key {each['keyid']}"
        lines.append(ended(f"From then on the {key} counts for {each['party']}; holder: {holder}"))
    for each in predicate["revoked"]:
        said = each["revoked"]
        lines.append(
            f"From then on the key {each['keyid']} of {each['party']} counts no longer: "
            f"{said['reason']}."
        )
        if "suspect_from" in said:
            lines.append(
                f"What it signed from {said['suspect_from']} on may be somebody else's: "
                "attest keys impact names it."
            )
    lines += [f"In words: {predicate['reason']}", f"Changed at {predicate['changed_at']}."]
    return lines


def _keysets(predicate: Json) -> list[Json]:
    keysets = [
        loads(decode_base64(text), bytes_max=limits.KEYSET_BYTES_MAX)
        for text in predicate["keysets"]
    ]
    for keyset in keysets:
        schemas.validate("keyset", keyset)
    return keysets


def _party(party: Json) -> str:
    roles = ", ".join(party["roles"])
    return f"{party['legal_name']} ({party['name_latin']}), {party['country']}, as {roles}"


def _policy(predicate: Json) -> list[str]:
    return [
        f"I name the witnesses of the log {predicate['origin']}, "
        f"from {predicate['valid_from']} to {predicate['valid_until']}:",
        *(f"  {line}" for line in predicate["lines"]),
        f"In words: {predicate['reason']}",
    ]


def what_leaves(predicate: Json) -> dict[str, list[str]]:
    """The places of a predicate by how much of them its reader sees.

    `clear`: as written; `digests`: recognisable to whoever has the same file; `commitments`: opened
    only with a salt that stays; `stays`: what is never in a document.
    """
    found: dict[str, list[str]] = {"clear": [], "digests": [], "commitments": []}
    for path, value in _leaves(predicate, ""):
        kind = "clear"
        if path.startswith("design.") and path.endswith(".sha256"):
            form = predicate["design"][int(path.split(".")[1])]["form"]
            kind = "commitments" if form == "commitment" else "digests"
        elif isinstance(value, str) and value.startswith("sha256:"):
            kind = "digests"
        found[kind].append(path)
    return {**found, "stays": list(STAYS)}


def _leaves(value: Json, path: str) -> Iterator[tuple[str, Json]]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _leaves(member, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}.{index}")
    else:
        yield path, value
