"""Policies: whose signatures a reader of logs asks for (c2sp.org/tlog-policy; SPEC 13.3).

    log <vkey> [<url>]                     a log that counts
    witness <name> <vkey> [<url>]          a key of a witness, under a name of the policy's own
    group <name> all|any|<k> <members…>    so many of witnesses and groups
    quorum <name>|none                     what a checkpoint needs; exactly once

Lines are split at blanks and tabs; # starts a comment. A name is defined before it is used, is used
in one group at most, and no public key stands twice. A witness with two keys is one operator: put
its two lines into a group `any`, and it counts once.

>>> from attest.log.cosignature import CosignatureSigner
>>> witness = CosignatureSigner.generate("witness.example/w1")
>>> policy = parse_policy(
...     f"witness w1 {witness.keys[0].vkey} https://witness.example\\n"
...     f"witness w1-pq {witness.keys[1].vkey}\\ngroup w any w1 w1-pq\\nquorum w\\n"
... )
>>> policy.satisfied_by({"w1-pq"}), policy.satisfied_by(set())
(True, False)
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from attest import limits
from attest.errors import InputError, LogError
from attest.log.checkpoint import Checkpoint, LogKeys, open_checkpoint
from attest.log.cosignature import Cosignature, cosignatures
from attest.log.note import (
    ED25519_COSIGNATURE,
    ED25519_NOTE,
    ML_DSA_44_COSIGNATURE,
    NoteKey,
    parse_vkey,
)

NO_QUORUM: Final = "none"
_POLICY_NAME = re.compile(r"[!-~]{1,255}")
_URL = re.compile(r"https?://[!-~]{1,1024}")
_THRESHOLD = re.compile(r"[1-9][0-9]{0,4}")


@dataclass(frozen=True)
class Witness:
    """A key of a witness and where it answers, if anywhere."""

    key: NoteKey
    url: str | None


@dataclass(frozen=True)
class Group:
    """So many of its members, which are names of witnesses and groups."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True)
class Policy:
    """A parsed policy; `quorum` is None where none is asked for."""

    logs: tuple[tuple[NoteKey, str | None], ...]
    witnesses: Mapping[str, Witness]
    groups: Mapping[str, Group]
    quorum: str | None

    def satisfied_by(self, names: Collection[str]) -> bool:
        """Whether the quorum is reached by the witnesses of these names of the policy."""
        return self.quorum is None or self._reached(self.quorum, names)

    def _reached(self, name: str, names: Collection[str]) -> bool:
        group = self.groups.get(name)
        if group is None:
            return name in names
        reached = sum(self._reached(member, names) for member in group.members)
        return reached >= group.threshold


@dataclass(frozen=True)
class Cosigned:
    """A checkpoint that its log signed and enough witnesses cosigned.

    `witnesses` are the names, in the policy's words, of those whose cosignatures verified.
    """

    checkpoint: Checkpoint
    cosignatures: tuple[Cosignature, ...]
    witnesses: tuple[str, ...]


def open_cosigned(note: bytes, *, keys: LogKeys, policy: Policy) -> Cosigned:
    """Verify a checkpoint under its log's keys and a policy's witnesses.

    Raises:
        LogError: checkpoint-malformed, checkpoint-origin, checkpoint-signature, quorum-missing.
    """
    checkpoint = open_checkpoint(note, keys=keys)
    found = cosignatures(note, [witness.key for witness in policy.witnesses.values()])
    by = {each.key for each in found}
    names = tuple(name for name, witness in policy.witnesses.items() if witness.key in by)
    if not policy.satisfied_by(names):
        raise LogError("quorum-missing", "too few witnesses have cosigned the checkpoint")
    return Cosigned(checkpoint=checkpoint, cosignatures=found, witnesses=names)


def parse_policy(text: str) -> Policy:
    """Read a policy.

    Raises:
        InputError: policy-malformed, with the number of the line; too-large.
    """
    if len(text) > limits.POLICY_CHARACTERS_MAX:
        raise InputError("too-large", f"over {limits.POLICY_CHARACTERS_MAX} characters")
    parser = _Parser()
    for number, line in enumerate(text.split("\n"), 1):
        parser.line = number
        words = [word for word in re.split(r"[ \t]+", line.partition("#")[0]) if word]
        if words:
            parser.take(words)
    return parser.policy()


class _Parser:
    """A policy as far as it was read."""

    def __init__(self) -> None:
        self.line = 0
        self._logs: list[tuple[NoteKey, str | None]] = []
        self._witnesses: dict[str, Witness] = {}
        self._groups: dict[str, Group] = {}
        self._grouped: set[str] = set()
        self._publics: set[bytes] = set()
        self._quorum: str | None = None

    def take(self, words: list[str]) -> None:
        """Read the words of one line."""
        match words:
            case ["log", vkey, *url] if len(url) <= 1:
                key = self._key(vkey, {ED25519_NOTE, ML_DSA_44_COSIGNATURE})
                self._logs.append((key, self._url(url)))
            case ["witness", name, vkey, *url] if len(url) <= 1:
                self._define(name)
                key = self._key(vkey, {ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE})
                self._witnesses[name] = Witness(key, self._url(url))
            case ["group", name, threshold, *members] if members:
                self._define(name)
                self._groups[name] = self._group(threshold, members)
            case ["quorum", name]:
                if self._quorum is not None:
                    self._refuse("a policy has one quorum")
                if name != NO_QUORUM:
                    self._known(name)
                self._quorum = name
            case _:
                self._refuse("not a line of log, witness, group or quorum")

    def policy(self) -> Policy:
        """What was read, once all is."""
        if self._quorum is None:
            self._refuse("the quorum is missing")
        quorum = None if self._quorum == NO_QUORUM else self._quorum
        return Policy(tuple(self._logs), self._witnesses, self._groups, quorum)

    def _refuse(self, why: str) -> None:
        raise InputError("policy-malformed", f"line {self.line}: {why}")

    def _key(self, vkey: str, kinds: set[int]) -> NoteKey:
        try:
            key = parse_vkey(vkey)
        except InputError as error:
            raise InputError("policy-malformed", f"line {self.line}: {error.detail}") from None
        if key.kind not in kinds:
            self._refuse("the key is not of a type for this line")
        if key.public in self._publics:
            self._refuse("the public key stands twice")
        self._publics.add(key.public)
        return key

    def _url(self, words: list[str]) -> str | None:
        if not words:
            return None
        if not _URL.fullmatch(words[0]):
            self._refuse("not an http or https address")
        return words[0]

    def _define(self, name: str) -> None:
        if not _POLICY_NAME.fullmatch(name) or name == NO_QUORUM:
            self._refuse("not a name")
        if name in self._witnesses or name in self._groups:
            self._refuse("the name stands twice")

    def _known(self, name: str) -> None:
        if name not in self._witnesses and name not in self._groups:
            self._refuse("a name is not defined on an earlier line")

    def _group(self, threshold: str, members: list[str]) -> Group:
        for member in members:
            self._known(member)
            if member in self._grouped:
                self._refuse("a name is in two groups")
            self._grouped.add(member)
        if threshold not in ("all", "any") and not _THRESHOLD.fullmatch(threshold):
            self._refuse("expected all, any or a number")
        wanted = {"all": len(members), "any": 1}.get(threshold) or int(threshold)
        if wanted > len(members):
            self._refuse("the group asks for more members than it has")
        return Group(wanted, tuple(members))
