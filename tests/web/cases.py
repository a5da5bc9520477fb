"""Case files of the simulated world for the verifier page, good ones and ways to change them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from attest.casefile import Logged, make_casefile
from attest.encoding import Json, canonical, decode_base64, digest, encode_base64, loads
from attest.log.checkpoint import CheckpointSigner
from attest.log.stamps import Link
from attest.log.writer import Draft
from attest.recorded import read_decision
from service.founding import LOG_KEYS
from service.records import payload_of
from tests.world import NOW, World, derived_signer, known, party
from tests.world_log import ORIGIN, WorldLog

LIMIT: Final = 2**24
HEBREW, TAMIL = "מפעל לדוגמה", "எடுத்துக்காட்டு"
"""Legal names in scripts of their own, one of them written from the right."""


@dataclass(frozen=True)
class Cases:
    """A log with its keys as text and case files by name."""

    log: WorldLog
    keys: str
    good: dict[str, bytes]

    def of(self, raw: bytes) -> bytes:
        """The case file of a recorded submission, at the newest checkpoint."""
        recorded = self.log.records.lookup(digest(raw))
        reviews = [review.index for review in recorded.reviews]
        return self.made(recorded.submission_index, recorded.decision.index, reviews)

    def made(
        self,
        submission: int,
        decision: int,
        reviews: Sequence[int] = (),
        timestamps: Sequence[Link] = (),
    ) -> bytes:
        """The case file of entries."""
        refs = self.log.standing.refs
        return make_casefile(
            submission=self._logged(submission),
            decision=self._logged(decision),
            reviews=[self._logged(index) for index in reviews],
            trust=self._logged(refs["trust"][0]),
            keysets=[self.log.records.item(index).body for index in refs["keyset"]],
            packs=[self.log.records.item(index).body for index in refs["pack"]],
            timestamps=timestamps,
        )

    def _logged(self, index: int) -> Logged:
        item = self.log.records.item(index)
        return Logged(body=item.body, proof=item.proof_document())

    def decided(self, raw: bytes) -> bytes:
        """The payload of the decision on a recorded submission."""
        return payload_of(self.log.records.lookup(digest(raw)).decision.body)

    def forged(self, submission: bytes, decision: bytes, *reviews: bytes) -> bytes:
        """A case whose entries the log really signed, whatever the bodies are."""
        refs, start = dict(self.log.standing.refs), self.log.writer.head.size
        drafts = [
            Draft("submission", submission),
            Draft("decision", decision, refs | {"submission": (start,)}),
            *(Draft("review", body, refs | {"decision": (start + 1,)}) for body in reviews),
        ]
        self.log.writer.append(drafts, at=NOW)
        return self.made(start, start + 1, range(start + 2, start + 2 + len(reviews)))

    def log_signer(self) -> CheckpointSigner:
        """What the log itself signs with, for a log that lies."""
        pems = [(self.log.folder / name).read_bytes() for name in LOG_KEYS]
        return CheckpointSigner.from_pem(ORIGIN, (pems[0], pems[1]), None)


def recorded_cases(world: World, log: WorldLog) -> Cases:
    """Record a PASS, a FAIL, a reviewed HOLD and refusals, and make their case files."""
    parties = [*world.declaration()["parties"], party("other", HEBREW), party("other", TAMIL)]
    raws = {
        "pass": world.submission(
            {"end_use": "<img src=x onerror=alert(1)> soft\u00adhyphen", "parties": parties},
            fabricator={},
        ),
        "fail": world.submission({"datacenter": known(True)} | _dense()),
        "hold": world.submission({"end_use": "Held."}),
        "reviewed": world.submission({"end_use": "Reviewed."}),
        "refused-binding": world.submission({"audience": "someone"}),
        "refused-signature": _signed_by_nobody(),
    }
    log.register(list(raws.values()))
    cases = Cases(log, "\n".join(log.keys.vkeys()) + "\n", {})
    for action in ("ask", "release"):
        payload = cases.decided(raws["reviewed"])
        review = world.review(payload, read_decision(payload)["subject"], action=action)
        log.registrar.review(digest(raws["reviewed"]), review, NOW)
    cases.good.update({name: cases.of(raw) for name, raw in raws.items()})
    return cases


def _dense() -> dict[str, Json]:
    precisions = [{"name": "FP16", "bit_length": 16, "dense_gops": 900_000}]
    return {"performance": {"knowledge": "first-hand", "precisions": precisions}}


def _signed_by_nobody() -> bytes:
    other = World()
    other.designer.signer = derived_signer("nobody", other.designer.algorithm)
    return other.submission({"end_use": "Signed by nobody."}, fabricator={})


def changed(written: bytes, *path: str | int, to: Any) -> bytes:
    """A copy of a case file with one member changed."""
    document = loads(written, bytes_max=LIMIT, string_bytes_max=LIMIT)
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to(place[path[-1]]) if callable(to) else to
    return canonical(document)


def part(written: bytes, *path: str | int) -> Any:
    """A member of a case file."""
    value = loads(written, bytes_max=LIMIT, string_bytes_max=LIMIT)
    for step in path:
        value = value[step]
    return value


def inside(change: Callable[[bytes], bytes]) -> Callable[[str], str]:
    """The change of bytes as one of their base64."""
    return lambda text: encode_base64(change(decode_base64(text)))


def flipped(raw: bytes, at: int | None = None) -> bytes:
    """The bytes with one bit changed, in the middle unless said otherwise."""
    place = len(raw) // 2 if at is None else at
    return raw[:place] + bytes((raw[place] ^ 1,)) + raw[place + 1 :]


def line_changed(number: int, change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """The change of one line of a text, counted from 0 or, when negative, from its end."""

    def change_line(text: bytes) -> bytes:
        lines = text.split(b"\n")
        lines[number] = change(lines[number])
        return b"\n".join(lines)

    return change_line


def signature_flipped(line: bytes) -> bytes:
    """A signature line of a note with one bit of its signature changed."""
    head, _, blob = line.rpartition(b" ")
    return head + b" " + encode_base64(flipped(decode_base64(blob.decode()), -1)).encode()
