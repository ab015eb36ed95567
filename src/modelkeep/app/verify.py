"""Verifying models: every byte is read, and its hashes are compared with the recorded ones."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelkeep.care.sweep import Sweep
from modelkeep.care.throttle import TokenBucket, at_most
from modelkeep.core.commands import command
from modelkeep.core.hashing import Progress, no_progress
from modelkeep.core.names import counted
from modelkeep.library.verify import UNREAD, Verdict, verify_model

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.core.configs import ModelConfigBase
    from modelkeep.library.verify import ModelCheck

_VERDICTS = {"new": "ok; first check, its hash is now stored"}


@dataclass(frozen=True, slots=True)
class SweepOptions:
    """Which models a sweep over the library reads.

    Attributes:
        only_new: Those whose hash is not known.
        max_age: Those that were not read for so many seconds; None for any.
        restart: All of them, also those that an interrupted sweep has read.
    """

    only_new: bool = False
    max_age: float | None = None
    restart: bool = False


def verify(
    manager: ModelManager,
    model: ModelConfigBase,
    *,
    accept: bool = False,
    limit_rate: float | None = None,
    progress: Progress = no_progress,
    sleep: Callable[[float], None] = time.sleep,
) -> ModelCheck:
    """Read a model whole.

    Args:
        manager: Of the library.
        model: The record.
        accept: Take its bytes for right as they are.
        limit_rate: Bytes a second at most.
        progress: Gets the number of bytes of each piece that was read.
        sleep: Waits for so many seconds, where the rate asks for it; may raise to stop.
    """
    paced = paced_by(limit_rate, sleep)(progress)
    return verify_model(manager.installer.library, model.key, paced, accept=accept)


def sweep(manager: ModelManager, options: SweepOptions) -> Sweep:
    """Return a sweep over the library, which continues where an earlier one was interrupted."""
    return Sweep(
        manager.installer.library,
        only_new=options.only_new,
        max_age=options.max_age,
        afresh=options.restart,
    )


def checks(
    found: Sweep,
    *,
    limit_rate: float | None,
    progress: Progress,
    settle: Callable[[int], None],
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[ModelCheck]:
    """Give the check of each model of a sweep.

    Args:
        found: The sweep.
        limit_rate: Bytes a second at most.
        progress: Gets the number of bytes of each piece that was read.
        settle: Gets the size of each model that is done.
        sleep: Waits for so many seconds, where the rate asks for it; may raise to stop.
    """
    for target, check in found.checks(paced_by(limit_rate, sleep)(progress)):
        settle(target.size)
        yield check


def paced_by(
    limit_rate: float | None, sleep: Callable[[float], None] = time.sleep
) -> Callable[[Progress], Progress]:
    """Return what slows a reader down to a rate."""
    bucket = TokenBucket(limit_rate, sleep=sleep) if limit_rate else None
    return lambda progress: at_most(bucket, progress)


def text_of(check: ModelCheck, *, verbose: bool = False) -> str:
    """Return the result of reading a model as text."""
    word = "changed, and accepted" if check.is_accepted else check.verdict.value
    lines = [f"{check.name} ({check.key[:8]}): {_VERDICTS.get(word, word)}"]
    lines += [f"  {file.detail}" for file in check.files if file.detail]
    if verbose:
        read = sum(1 for file in check.files if file.found.blake3)
        lines.append(f"  {counted(read, 'file')} read")
    return "\n".join(lines)


def swept_text(verdicts: Counter[Verdict]) -> str:
    """Return how many models a sweep read, how many of them are ok, and why others were not."""
    unread = [f"{count:,} {verdict}" for verdict in UNREAD if (count := verdicts[verdict])]
    read = sum(count for verdict, count in verdicts.items() if verdict not in UNREAD)
    changed = verdicts[Verdict.CHANGED]
    text = f"{counted(read, 'model')} read"
    if read:
        text += f": {read - changed:,} ok, {changed:,} not"
    return "; ".join([text, *([", ".join(unread)] if unread else [])]) + "."


def advice_for(check: ModelCheck) -> str:
    """Return what to do about a model that changed; empty for others."""
    if check.verdict != "changed" or check.is_accepted:
        return ""
    return (
        f"  If you changed it: {command('verify', '--accept', check.key[:8])}. Otherwise"
        " reinstall it from its source."
    )
