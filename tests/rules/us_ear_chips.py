"""The pack us-ear-chips, its worked cases, and facts made from them, for the tests."""

from __future__ import annotations

import copy
import json
from typing import Any

from attest.data import data_dir
from attest.encoding import Json
from attest.rules.cases import read_cases
from attest.rules.evaluate import Finding, evaluate
from attest.rules.facts import facts_from_json, facts_to_json
from attest.rules.pack import compile_pack, read_pack_folder

FOLDER = data_dir("rules") / "us-ear-chips"
RAW = read_pack_folder(FOLDER)
DOCUMENT: dict[str, Any] = json.loads(RAW)
PACK = compile_pack(RAW)
CASES = read_cases(FOLDER)
BY_ID = {case.id: case for case in CASES}


def changed(case: str, **changes: Json) -> Json:
    """The facts of a case with members replaced: `item={"datacenter": True}`; None removes one."""
    tree = copy.deepcopy(facts_to_json(BY_ID[case].facts))
    for group, members in changes.items():
        for name, value in members.items():
            tree.setdefault(group, {}).pop(name, None)
            if value is not None:
                tree[group][name] = value
    return tree


def findings_of(case: str, **changes: Json) -> dict[str, Finding]:
    """The findings by rule for the facts of a case with members replaced."""
    facts = facts_from_json(changed(case, **changes))
    return {finding.rule: finding for finding in evaluate(PACK, facts)}
