"""The vectors of conformance/ put to the verifier page, which shares no code with the library."""

from __future__ import annotations

import json
from typing import Final

import pytest

from conformance.binary import expand, reader
from conformance.vectors import FOLDER, Vector, read_vectors
from tests.web.chromium import Page

READ = reader(FOLDER)
ANSWER: Final = """(async () => {
  const { input: asked } = %s;
  const bytes = (text) => (text ? base64(text) : new Uint8Array());
  const lines = (text) => utf8(bytes(text));
  const can = await abilities();
  const checkpointOf = async (note) => {
    const [, keys] = await readLogKeys(lines(asked.log));
    const [, checkpoint] = readCheckpoint(note, keys);
    for (const key of [keys.ed25519, keys.mlDsa]) await checkLines(checkpoint, key);
    return checkpoint;
  };
  const proven = async (part) => {
    const { kind } = readEntry(bytes(part.proof.entry));
    const [, proof] = await readProof(part, kind);
    const [, included] = await checkInclusion(proof, await checkpointOf(encode(proof.note)));
    return included;
  };
  const answers = {
    "read-vkey": () => readVerifierKey(asked.vkey),
    "read-note": () => readNote(bytes(asked.note)),
    "open-checkpoint": () => checkpointOf(bytes(asked.note)),
    "open-cosignatures": async () => {
      const [, keys] = await readWitnessKeys(lines(asked.witnesses));
      const note = bytes(asked.note), origin = readNote(note).text.split("\\n")[0];
      const [, checkpoint] = readCheckpoint(note, { origin });
      for (const key of keys.filter((key) => linesBy(checkpoint, key).length)) {
        await checkLines(checkpoint, key);
      }
    },
    "open-proof": () => {
      const proof = { v: 1, entry: asked.entry, tlog_proof: asked.proof };
      const salted = SALTED.includes(readEntry(bytes(asked.entry)).kind);
      return proven({ proof: salted ? { ...proof, salt: "A".repeat(43) + "=" } : proof });
    },
    "open-proof-document": async () => {
      const part = { proof: asked.proof_document, body: asked.body };
      await checkCommitment(await proven(part), part);
    },
    "read-entry": () => readEntry(bytes(asked.entry)),
    "open-envelope": async () => {
      const ring = new Map();
      for (const keyset of asked.keysets) {
        const { party, keys } = strictJson(bytes(keyset));
        for (const record of keys) await enrol(ring, record, party);
      }
      await openEnvelope(envelopeOf(bytes(asked.envelope)), ring, asked.at, asked.purpose);
    },
    "open-casefile": async () => {
      const given = { bytes: bytes(asked.casefile), logKeys: lines(asked.log) };
      const { report } = await verify({ ...given, witnessKeys: "", can });
      demand(!report.count(FAIL), "a check failed");
    },
  };
  try { await answers[asked.do](); return "accept"; } catch { return "refuse"; }
})()"""

ASKED: Final = {
    "signed-note",
    "cosignature",
    "tlog-proof",
    "entry",
    "envelope",
    "casefile",
}
OTHERWISE: Final = {
    "casefile/decision-spelling": "it does not decide again, and reads any spelling of a decision",
    "entry/first-with-prev": "it opens no genesis",
    "envelope/keyset-role": "it takes roles as they are written",
}
"""Vectors that the page answers otherwise, and why."""

VECTORS = [
    vector for vector in read_vectors() if vector.suite in ASKED and not vector.input.get("require")
]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector.suite}-{vector.id}")
def test_the_page_agrees(page: Page, vector: Vector) -> None:
    asked = {"input": expand(vector.input, read=READ)}
    said = page.run(ANSWER % json.dumps(asked))
    agrees = said == vector.expect["result"]
    assert agrees is (f"{vector.suite}/{vector.id}" not in OTHERWISE), said
