"""Keys that came and went, on the verifier page: by the snapshot on which each entry rests."""

from __future__ import annotations

from pathlib import Path

from attest.encoding import canonical, loads
from service.answers import casefile_answer
from service.keyset_changes import change_keysets
from service.records import payload_of
from tests.keyset_changes import THIRD, changed, new_reviewer, revoke, signed_change
from tests.web.cases import LIMIT
from tests.web.chromium import Chromium
from tests.web.verifying import verify
from tests.world import NOW, World
from tests.world_log import open_log, world_log

WORLD = World()
HELD = WORLD.submission({"end_use": "Held."})


def two_cases(folder: Path) -> tuple[str, bytes, bytes]:
    """Verifier keys; a HOLD that new people released; a refusal by a key that is revoked."""
    after = changed(revoke, changed(new_reviewer, WORLD))
    with world_log(WORLD, folder) as log:
        (held,) = log.register([HELD])
        change_keysets(log.writer, log.records, change=signed_change(WORLD, after), at=NOW)
    with open_log(WORLD, folder) as log:
        payload = payload_of(held.decision.body)
        subject = loads(payload, bytes_max=LIMIT)["subject"]
        raw = WORLD.review(payload, subject, signers=[WORLD.reviewers[1], THIRD])
        log.registrar.review(held.submission_id, raw, NOW)
        (refused,) = log.register([WORLD.submission({"end_use": "Too late."})])
        assert refused.refusal_code == "key-revoked"
        cases = [casefile_answer(log.records, each.submission_id) for each in (held, refused)]
        return "\n".join(log.keys.vkeys()) + "\n", cases[0], cases[1]


def test_reviews_under_a_newer_snapshot_and_revoked_keys(browser: Chromium, tmp_path: Path) -> None:
    keys, held, refused = two_cases(tmp_path / "data")
    document = loads(held, bytes_max=LIMIT, string_bytes_max=LIMIT)
    without = canonical({name: value for name, value in document.items() if name != "trusts"})
    for name, raw, word, row in [
        ("held", held, "PASS", ("Review 1", ("PASS", "release by Ana Costa and Kai Ito"))),
        (
            "refused",
            refused,
            "PASS",
            (
                "Envelope 1 of the submission does not open, as the decision says",
                ("PASS", "signed by a key that is revoked"),
            ),
        ),
        (
            "without",
            without,
            "FAIL",
            (
                "Review 1 rests on the decision and the trust snapshot",
                ("FAIL", "the entry does not rest on these entries and the trust snapshot"),
            ),
        ),
    ]:
        file = tmp_path / f"{name}.json"
        file.write_bytes(raw)
        page, shown = verify(browser, file, keys, before="", witnesses="")
        assert shown.word == word
        assert shown.rows[row[0]] == row[1]
        assert page.console == []
        page.close()
