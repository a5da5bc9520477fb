"""A load generator: many connections, each posting one body after the other, statuses checked.

It speaks just enough HTTP/1.1 to cost little beside the server that it measures.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import uvloop


@dataclass(frozen=True)
class Load:
    """What a run found: answers a second and latencies in milliseconds."""

    per_second: float
    p50_ms: float
    p99_ms: float


def post_all(
    ports: Sequence[int], path: str, bodies: Sequence[bytes], *, connections: int, status: int
) -> Load:
    """Post every body once over keep-alive connections to loopback, spread over its ports.

    Raises:
        RuntimeError: an answer has another status than the one demanded.
    """
    return uvloop.run(_post_all(ports, path, bodies, connections, status))


async def _post_all(
    ports: Sequence[int], path: str, bodies: Sequence[bytes], connections: int, status: int
) -> Load:
    pending = iter(bodies)
    latencies: list[float] = []

    async def connection(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for body in pending:
            start = time.perf_counter()
            writer.write(
                b"POST %b HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n" % (path.encode(), len(body))
            )
            writer.write(body)
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.partition(b":")[2])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length:")
            )
            answer = await reader.readexactly(length)
            if not head.startswith(b"HTTP/1.1 %d " % status):
                raise RuntimeError(f"unexpected answer: {head[:30]!r} {answer[:300]!r}")
            latencies.append(time.perf_counter() - start)
        writer.close()

    start = time.perf_counter()
    await asyncio.gather(*(connection(ports[at % len(ports)]) for at in range(connections)))
    elapsed = time.perf_counter() - start
    latencies.sort()
    return Load(
        per_second=len(latencies) / elapsed,
        p50_ms=latencies[len(latencies) // 2] * 1000,
        p99_ms=latencies[len(latencies) * 99 // 100] * 1000,
    )
