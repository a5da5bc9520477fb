"""Problems: every code has a status, every problem is of its schema."""

from __future__ import annotations

import json

import pytest

from attest import errors, schemas
from attest.errors import CODES, AttestError
from service.problems import RETRY_SECONDS, STATUS, Problem


def error_of(code: str, pointer: str | None = None) -> AttestError:
    kind: type[AttestError] = getattr(errors, CODES[code].blame)
    return kind(code, "what went wrong", pointer=pointer)


def test_every_code_has_a_status_and_nothing_else_does() -> None:
    assert set(STATUS) == set(CODES)


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_makes_a_problem(code: str) -> None:
    problem = Problem.of(error_of(code, "/dies/0"))
    document = json.loads(problem.body)
    schemas.validate("problem", document)
    assert document["status"] == problem.status == STATUS[code]
    assert document["code"] == code
    assert document["pointer"] == "/dies/0"
    assert problem.headers()["content-length"] == str(len(problem.body))


def test_a_problem_without_a_place_has_no_pointer() -> None:
    document = json.loads(Problem.of(error_of("busy")).body)
    assert "pointer" not in document
    schemas.validate("problem", document)


def test_only_what_passes_by_itself_invites_another_try() -> None:
    assert Problem.of(error_of("busy")).headers()["retry-after"] == str(RETRY_SECONDS)
    assert "retry-after" not in Problem.of(error_of("log-stopped")).headers()


def test_blame_decides_between_the_senders_and_the_servers_fault() -> None:
    theirs = {code for code, status in STATUS.items() if 400 <= status < 500}
    for code in theirs:
        assert CODES[code].blame in ("InputError", "TrustError")
    assert {CODES[code].blame for code in CODES} - {CODES[code].blame for code in theirs} == {
        "RuleError",
        "LogError",
        "RemoteError",
        "InternalError",
    }


def test_a_defect_says_nothing_of_itself() -> None:
    document = json.loads(Problem.of_defect().body)
    assert (document["status"], document["code"]) == (500, "internal")
