"""``ModelCache``: parts of models in the memory of the processor and of other devices."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

from modelkeep.core.names import size_text
from modelkeep.errors import LoadMemoryError, LoadTimeoutError
from modelkeep.load.budget import MemoryBudget
from modelkeep.load.cache import Cache, CacheEntry, CacheStats, Gone
from modelkeep.load.locks import ModelLocker
from modelkeep.load.memory import HostMemory, host_memory, under_pressure
from modelkeep.load.ports import Device, LoadedPart

HOST = "cpu"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PartKey:
    """What makes two loaded parts the same.

    Attributes:
        contents: Hash of all that the part is made of.
        part: Its name.
        precision: Of its numbers; empty where it has none.
        device: Where it is.
    """

    contents: str
    part: str
    precision: str
    device: str = HOST

    def on(self, device: str) -> PartKey:
        """Return the key of the same part on a device."""
        if device == self.device:
            return self
        return PartKey(self.contents, self.part, self.precision, device)

    def __str__(self) -> str:
        return " ".join(word for word in (self.part or "model", self.precision) if word)


@dataclass(frozen=True, slots=True)
class PartRequest:
    """What is asked of the cache.

    Attributes:
        key: Of the part, on the device that it is wanted on.
        name: What messages call it.
        bytes: What it will take.
        load: Loads it into the memory of the processor.
        keep_alive: Seconds that it stays after its last use.
        is_unwanted: Tells whether the caller gave up.
        timeout: Seconds after which the caller gives up.
    """

    key: PartKey
    name: str
    bytes: int
    load: Callable[[threading.Event], LoadedPart]
    keep_alive: float
    is_unwanted: Callable[[], bool] = lambda: False
    timeout: float | None = None


Entry = CacheEntry[PartKey, LoadedPart]
#: Told of each part that left a tier: its key, its bytes, and why.
OnGone = Callable[[PartKey, int, Gone], object]


@dataclass(frozen=True, slots=True)
class _Fetch:
    """Loads one part into one kind of memory, evicting and trying once more where it is full."""

    request: PartRequest
    device: Device
    make: Callable[[threading.Event], LoadedPart]
    evict_all: Callable[[], int]

    @property
    def bytes(self) -> int:
        """Bytes that the part will take."""
        return self.request.bytes

    def load(self, is_unwanted: threading.Event) -> tuple[LoadedPart, int]:
        """Return the part and its bytes."""
        try:
            part = self.make(is_unwanted)
        except Exception as error:
            if not self.device.is_out_of_memory(error):
                raise
        else:
            return part, part.bytes
        self.evict_all()
        self.device.release()
        try:
            part = self.make(is_unwanted)
        except Exception as error:
            if not self.device.is_out_of_memory(error):
                raise
            raise self._too_large(error) from error
        return part, part.bytes

    def _too_large(self, error: Exception) -> LoadMemoryError:
        self.device.release()
        free = self.device.available()
        return LoadMemoryError(
            f"{self.request.name} does not fit in the memory of {self.device.name}: it needs"
            f" {size_text(self.bytes)}, and {size_text(free)} are available ({error})",
            hint="Free memory, or load it with a smaller --precision.",
            needed=self.bytes,
            available=free,
        )


class ModelCache:
    """Parts in memory: one tier for the processor, one for each device that was used.

    Args:
        ram: Budget of the processor's memory.
        host: The processor.
        vram_limit: Returns the bytes that a device may hold, when it is first used.
        on_gone: Told of each part that leaves a tier.
        memory: Tells how much memory the machine has now.
    """

    #: The specification's name for what locks a part.
    ModelLocker: ClassVar[type[ModelLocker]] = ModelLocker

    def __init__(
        self,
        ram: MemoryBudget,
        host: Device,
        vram_limit: Callable[[Device], int],
        on_gone: OnGone = lambda _key, _bytes, _why: None,
        *,
        memory: Callable[[], HostMemory] = host_memory,
    ) -> None:
        self._host = host
        self._vram_limit = vram_limit
        self._on_gone = on_gone
        self._memory = memory
        self._ram_limit = ram.limit
        self._lock = threading.Lock()
        self._devices: dict[str, Device] = {HOST: host}
        self._budgets: dict[str, MemoryBudget] = {HOST: ram}
        self._tiers: dict[str, Cache[PartKey, LoadedPart]] = {HOST: self._tier(ram)}

    # -- using parts

    @contextmanager
    def use(self, request: PartRequest, device: Device) -> Iterator[object]:
        """Hold a part for a block; gives the part."""
        if self._where(request, device) is not device:
            with self._use_streamed(request, device) as value:
                yield value
            return
        tier, entry = self._lock_part(request, device)
        try:
            yield entry.value.hand_out()
        finally:
            self._unlock(tier, entry, request.name)

    def find(self, request: PartRequest, device: Device) -> LoadedPart | None:
        """Return a part that is in memory, without holding it; None where it has to be loaded."""
        where = self._where(request, device).name
        tier = self._tiers.get(where)
        entry = tier.note_use(request.key.on(where)) if tier is not None else None
        if entry is None:
            return None
        entry.keep_alive = request.keep_alive
        return entry.value

    def load(self, request: PartRequest, device: Device) -> tuple[LoadedPart, bool]:
        """Have a part in memory, without holding it.

        Returns:
            The part, and whether it was there already.
        """
        where = self._where(request, device)
        before = self._tiers[where.name].stats.misses if where.name in self._tiers else 0
        tier, entry = self._lock_part(request, where)
        tier.unlock(entry, is_used=False)
        return entry.value, tier.stats.misses == before

    def _where(self, request: PartRequest, device: Device) -> Device:
        """Return where a part is kept for a device: with the processor where it is too large."""
        is_small = device.is_host or request.bytes <= self.budget(device).limit
        return device if is_small else self._host

    def _lock_part(
        self, request: PartRequest, device: Device
    ) -> tuple[Cache[PartKey, LoadedPart], Entry]:
        if device.is_host:
            return self._lock_on_host(request)
        tier = self.tier(device)
        request = replace(request, key=request.key.on(device.name))
        fetch = _Fetch(request, device, partial(self._place, request, device), tier.clear)
        entry = self._locked(tier, request, fetch)
        return tier, entry

    def _lock_on_host(self, request: PartRequest) -> tuple[Cache[PartKey, LoadedPart], Entry]:
        tier = self._tiers[HOST]
        if request.key.device != HOST:
            request = replace(request, key=request.key.on(HOST))
        if request.key not in tier:
            self._heed_pressure()
        fetch = _Fetch(request, self._host, request.load, tier.clear)
        return tier, self._locked(tier, request, fetch)

    def _locked(
        self, tier: Cache[PartKey, LoadedPart], request: PartRequest, fetch: _Fetch
    ) -> Entry:
        try:
            entry = tier.lock(
                request.key, fetch, is_unwanted=request.is_unwanted, timeout=request.timeout
            )
        except LoadTimeoutError as error:
            raise LoadTimeoutError(
                f"{request.name} was not loaded within {request.timeout} seconds", hint=error.hint
            ) from error
        entry.keep_alive = request.keep_alive
        return entry

    def _place(
        self, request: PartRequest, device: Device, is_unwanted: threading.Event
    ) -> LoadedPart:
        """Copy a part to a device; it is loaded into the processor's memory for that."""
        inner = replace(request, is_unwanted=is_unwanted.is_set, timeout=None)
        tier, entry = self._lock_on_host(inner)
        try:
            return device.place(entry.value)
        finally:
            tier.unlock(entry)

    @contextmanager
    def _use_streamed(self, request: PartRequest, device: Device) -> Iterator[object]:
        """Run a part that is larger than a device on it, piece by piece, out of the RAM."""
        tier, entry = self._lock_on_host(request)
        try:
            with device.streamed(entry.value) as value:
                yield value
        finally:
            self._unlock(tier, entry, request.name)

    def _unlock(self, tier: Cache[PartKey, LoadedPart], entry: Entry, name: str) -> None:
        # What else may have changed is looked for once nobody else uses the part.
        part = entry.value
        is_last = entry.holders == 1
        if not entry.is_gone and (part.was_written() or (is_last and part.was_rebuilt())):
            _log.warning("%s was changed while it was used, so it is loaded again next time", name)
            tier.evict(entry.key, Gone.CHANGED)
        tier.unlock(entry)

    def _heed_pressure(self) -> None:
        budget = self._budgets[HOST]
        budget.limit = under_pressure(self._ram_limit, budget.used, self._memory())

    # -- what is there

    def tier(self, device: Device) -> Cache[PartKey, LoadedPart]:
        """Return the tier of a device; it begins with the first part."""
        with self._lock:
            if device.name not in self._tiers:
                budget = MemoryBudget(self._vram_limit(device))
                self._devices[device.name] = device
                self._budgets[device.name] = budget
                self._tiers[device.name] = self._tier(budget)
            return self._tiers[device.name]

    def budget(self, device: Device) -> MemoryBudget:
        """Return the budget of a device."""
        self.tier(device)
        return self._budgets[device.name]

    def has(self, key: PartKey) -> bool:
        """Tell whether a part is in the memory of its device."""
        tier = self._tiers.get(key.device)
        return tier is not None and key in tier

    def entries(self) -> list[Entry]:
        """Return all parts that are in memory."""
        return [entry for tier in self._all() for entry in tier.entries()]

    def in_use(self, device: Device) -> int:
        """Return the bytes on a device that somebody uses now."""
        return sum(entry.bytes for entry in self.tier(device).entries() if entry.holders)

    def would_go(self, device: Device, count: int) -> list[PartKey]:
        """Return what would have to leave a device for so many bytes more."""
        return [entry.key for entry in self.tier(device).would_go(count)]

    def evict(self, key: PartKey) -> bool:
        """Take a part out of the memory of its device; who uses it keeps it to the end."""
        tier = self._tiers.get(key.device)
        return tier is not None and tier.evict(key)

    def clear(self) -> int:
        """Take out all that nobody uses; return how many bytes became free."""
        return sum(tier.clear() for tier in self._all())

    def expire(self) -> float | None:
        """Take out what was not used for long enough; return seconds until the next may go."""
        waits = [wait for tier in self._all() if (wait := tier.expire()) is not None]
        return min(waits, default=None)

    def stats(self) -> dict[str, tuple[CacheStats, MemoryBudget]]:
        """Return what each tier did, and its budget, by the name of its device."""
        with self._lock:
            return {name: (tier.stats, self._budgets[name]) for name, tier in self._tiers.items()}

    def _all(self) -> list[Cache[PartKey, LoadedPart]]:
        with self._lock:
            return list(self._tiers.values())

    def _tier(self, budget: MemoryBudget) -> Cache[PartKey, LoadedPart]:
        return Cache(budget, self._dropped)

    def _dropped(self, entry: Entry) -> None:
        self._on_gone(entry.key, entry.value.bytes, entry.why_gone)
