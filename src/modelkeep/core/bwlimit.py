"""``Timetable``: how many bytes a second may be fetched when, as rclone's ``--bwlimit`` says it.

``10M`` is always 10 MiB/s, ``08:00,2M 23:00,off`` is 2 MiB/s by day and all there is by night,
``Mon-08:00,2M Fri-18:00,off`` counts by the week. A number alone is KiB/s; ``b``, ``K``, ``M``,
``G``, ``T`` and ``P`` say what it is else. Of a pair such as ``1M:10M`` the second is for
downloads. (https://rclone.org/docs/#bwlimit-bandwidth-spec)
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY_LETTERS = 3
_MINUTES_OF_DAY = 24 * 60
_KIB = 1024
_FACTORS = {letter: _KIB**power for power, letter in enumerate("bkmgtp")}
_RATE = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)([bkmgtp]?)(?:i?b?)", re.IGNORECASE | re.ASCII)
_TIME = re.compile(r"(?:([a-z]+)-)?(\d{1,2}):(\d{2})", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Timetable:
    """Limits by the minute of the week.

    Attributes:
        changes: (minute since Monday 00:00, bytes each second from then on or None for no limit),
            sorted; the last of a week holds until the first of the next.
    """

    changes: tuple[tuple[int, int | None], ...] = ((0, None),)

    @property
    def is_unlimited(self) -> bool:
        """There is no limit at any time."""
        return all(rate is None for _, rate in self.changes)

    def rate_at(self, moment: datetime) -> int | None:
        """Return the bytes each second at a moment of local time; None for no limit."""
        minute = moment.weekday() * _MINUTES_OF_DAY + moment.hour * 60 + moment.minute
        place = bisect_right(self.changes, minute, key=lambda change: change[0])
        return self.changes[place - 1][1]


def read_bwlimit(text: str | None) -> Timetable:
    """Return what a limit means; none at all for None and ``off``.

    Raises:
        ValueError: it is none; says which part and why.
    """
    parts = re.split(r"[\s;]+", text.strip()) if text is not None else ["off"]
    if len(parts) == 1 and "," not in parts[0]:
        return Timetable(((0, _rate(parts[0])),))
    changes: dict[int, int | None] = {}
    for part in parts:
        changes |= _slot(part)
    return Timetable(tuple(sorted(changes.items())))


def _slot(part: str) -> dict[int, int | None]:
    """Return the minutes of the week at which one entry of a timetable begins, with its limit."""
    when, comma, rate = part.partition(",")
    time = _TIME.fullmatch(when)
    if not comma or time is None:
        raise ValueError(f"{part!r} is not an entry such as 08:00,2M or Mon-08:00,2M")
    hour, minute = int(time[2]), int(time[3])
    if hour > 23 or minute > 59:  # noqa: PLR2004 - as clocks have it
        raise ValueError(f"{when!r} is not a time of day")
    days = range(len(_DAYS)) if time[1] is None else [_day(time[1])]
    begin = hour * 60 + minute
    return {day * _MINUTES_OF_DAY + begin: _rate(rate) for day in days}


def _day(word: str) -> int:
    for number, name in enumerate(_DAYS):
        if word.lower() in {name, name[:_DAY_LETTERS]}:
            return number
    raise ValueError(f"{word!r} is not a day of the week")


def _rate(text: str) -> int | None:
    """Return bytes each second, or None for no limit; of a pair those for downloads."""
    upload, colon, word = text.rpartition(":")
    if colon:
        _rate(upload)
    if word.lower() in {"off", "0"}:
        return None
    found = _RATE.fullmatch(word)
    if found is None:
        raise ValueError(f"{text!r} is not a bandwidth such as 10M, 512K, 1M:10M or off")
    factor = _FACTORS[found[2].lower() or "k"]
    rate = float(found[1]) * factor
    return max(1, round(rate)) if rate else None
