"""How the history is sealed: entries are the leaves of a Merkle tree whose root is chained to the seal before. Pure.

A seal keeps the id and the digest of each of its entries. The digests are bound by the root, the root by the seal's
hash, the hash by every later seal: an outsider who holds one newer hash can tell whether anything older was changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bson import ObjectId, json_util

GENESIS = ""
FORMAT = "guicheng-seal-1"
_LEAF, _NODE = b"\x00", b"\x01"  # so that no inner node can be passed off as an entry
_ID, _DIGEST = 12, 32
Step = tuple[str, bytes]


def leaf(id: ObjectId, digest: str) -> bytes:
    """The leaf of one entry: its id and the digest of its content."""
    return hashlib.sha256(_LEAF + id.binary + bytes.fromhex(digest)).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(_NODE + left + right).digest()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The root over leaves in their order; a last one without a partner moves up as it is."""
    level = list(leaves)
    if not level:
        return hashlib.sha256(b"").digest()
    while len(level) > 1:
        level = _above(level)
    return level[0]


def _above(level: list[bytes]) -> list[bytes]:
    pairs = [_node(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
    return pairs + level[len(level) - len(level) % 2 :]


def proof(leaves: Sequence[bytes], index: int) -> list[Step]:
    """What somebody who knows one leaf and the root needs to be sure that the leaf is among those under the root."""
    level, steps = list(leaves), []
    while len(level) > 1:
        beside = index ^ 1
        if beside < len(level):
            steps.append(("left" if beside < index else "right", level[beside]))
        level, index = _above(level), index // 2
    return steps


def verify(content: bytes, steps: Sequence[Step], root: bytes) -> bool:
    """Whether a leaf stands under a root."""
    for side, other in steps:
        content = _node(other, content) if side == "left" else _node(content, other)
    return content == root


def pack(leaves: Sequence[tuple[ObjectId, str]]) -> bytes:
    """Ids and digests one after the other, as a seal keeps them."""
    return b"".join(id.binary + bytes.fromhex(digest) for id, digest in leaves)


def unpack(packed: bytes) -> Iterator[tuple[ObjectId, str]]:
    """The ids and digests of a seal."""
    width = _ID + _DIGEST
    for at in range(0, len(packed) - width + 1, width):
        yield ObjectId(packed[at : at + _ID]), packed[at + _ID : at + width].hex()


def seal_of(entries: Sequence[tuple[ObjectId, str]], last: Mapping[str, Any] | None, at: Any) -> dict[str, Any]:
    """The seal over these entries (id and digest), chained to the last one."""
    seal = {
        "_id": (last["_id"] if last else 0) + 1,
        "at": at,
        "from": entries[0][0],
        "to": entries[-1][0],
        "count": len(entries),
        "root": root_of(entries).hex(),
        "prev": last["hash"] if last else GENESIS,
    }
    return {**seal, "hash": seal_hash(seal), "leaves": pack(entries)}


def root_of(entries: Sequence[tuple[ObjectId, str]]) -> bytes:
    return merkle_root([leaf(id, digest) for id, digest in entries])


def seal_hash(seal: Mapping[str, Any]) -> str:
    """The SHA-256 of what a seal says, in a canonical form."""
    values = {name: seal.get(name) for name in ("_id", "at", "from", "to", "count", "root", "prev")}
    text = json_util.dumps(values, json_options=json_util.CANONICAL_JSON_OPTIONS, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def faults_in(seal: Mapping[str, Any], last: Mapping[str, Any] | None) -> Iterator[str]:
    """What is wrong with a seal by itself and with its place after the one before."""
    entries = list(unpack(bytes(seal.get("leaves") or b"")))
    if seal.get("prev") != (last["hash"] if last else GENESIS):
        yield "does not follow the seal before it"
    if seal_hash(seal) != seal.get("hash"):
        yield "was changed"
    if len(entries) != seal.get("count") or root_of(entries).hex() != seal.get("root"):
        yield "does not fit its own entries"


def checkpoint_of(seal: Mapping[str, Any]) -> str:
    """A seal as a file that somebody outside keeps; it holds nothing of what the entries say."""
    content = {"format": FORMAT, "number": seal["_id"], "at": seal["at"].isoformat(), "hash": seal["hash"]}
    return json.dumps(content, indent=1) + "\n"


def read_checkpoint(text: str) -> dict[str, Any]:
    """A checkpoint read from its file. Raises ValueError when it is none."""
    payload = json.loads(text)
    is_one = isinstance(payload, dict) and payload.get("format") == FORMAT
    if not is_one or not isinstance(payload.get("number"), int) or not isinstance(payload.get("hash"), str):
        raise ValueError("not a checkpoint")
    return payload
