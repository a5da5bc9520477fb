"""Progress of long work: a bar on stderr, on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from attest.cli.screen import Screen


@contextmanager
def progress(
    screen: Screen, words: str, *, total: int | None = None
) -> Iterator[Callable[[int], None] | None]:
    """A function that counts work as done; None where nobody looks.

    `words` say what is counted; without a `total` the bar has no end.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, no_color=not screen.colour)
    columns = (
        TextColumn(f"{words} {{task.completed}}"),
        BarColumn(pulse_style="none"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(words, total=total)
        yield lambda count: bar.advance(task, count)
