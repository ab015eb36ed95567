"""``ModelLoadService``: the specification's load service."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from modelkeep.core.events import EventBus
from modelkeep.core.names import path_to_text, shown
from modelkeep.core.taxonomy import ModelType, SubModelType
from modelkeep.errors import MissingAssetError, ServiceInactiveException, UsageError
from modelkeep.library.library import Library
from modelkeep.load.assets import ASSETS, AssetStore, Fetch
from modelkeep.load.budget import MemoryBudget
from modelkeep.load.events import LoadEvents
from modelkeep.load.expiry import Expiry
from modelkeep.load.forecast import LoadedModel, LoadForecast, LoadStats
from modelkeep.load.host import HostDevice, has_gpu
from modelkeep.load.info import ModelInfo
from modelkeep.load.loader import LOADERS, ModelLoader
from modelkeep.load.locks import ModelLocker
from modelkeep.load.making import Listener, PartMaker
from modelkeep.load.memory import VRAM_RESERVE, host_memory, ram_budget
from modelkeep.load.model_cache import ModelCache, PartRequest
from modelkeep.load.planner import Planner
from modelkeep.load.ports import Device, LoadedPart, Runtime
from modelkeep.load.precision import name_of
from modelkeep.load.prefetch import Prefetch
from modelkeep.load.residents import Residents
from modelkeep.load.resolve import Resolved, Resolver, Wanted
from modelkeep.load.watch import OnProgress

if TYPE_CHECKING:
    from modelkeep.records.service import ModelRecordServiceBase
    from modelkeep.settings import Settings


class ModelLoadService:
    """Loads installed models for use, and keeps them in memory that is counted.

    Safe to use from several threads: a part is loaded once however many ask, and nothing that one
    caller does to it reaches the next.

    Args:
        config: The settings: device, precision, and how much memory models may take.
        record_store: The catalogue.
        event_bus: Takes the events; none are sent when None.
        library: Knows the roots; of the settings and the catalogue when None.
        runtime: Loads parts and has the devices; torch when None.
        loaders: The kinds of models that can be loaded; those of this program and of plug-ins
            when None.
        fetch: Fetches tokenizers that models in one file do not bring; they have to be there when
            None.
    """

    def __init__(
        self,
        config: Settings,
        record_store: ModelRecordServiceBase,
        *,
        event_bus: EventBus | None = None,
        library: Library | None = None,
        runtime: Runtime | None = None,
        loaders: Sequence[ModelLoader] | None = None,
        fetch: Fetch | None = None,
        on_loaded: Callable[[str], None] | None = None,
    ) -> None:
        self.settings = config
        self.records = record_store
        self._bus = event_bus
        self._on_loaded = on_loaded
        self._given_library = library
        self._given_runtime = runtime
        self._given_loaders = loaders
        self._assets = AssetStore(config.root / "assets", fetch)
        self._host = HostDevice()
        self._residents = Residents(event_bus)
        self._is_closed = False
        self._ahead: WeakSet[Prefetch] = WeakSet()
        budget = MemoryBudget(ram_budget(host_memory(), config.ram_cache_gb))
        self._cache = ModelCache(budget, self._host, self._vram_limit, self._residents.tell_gone)
        self._expiry = Expiry(self._cache.expire)
        self._maker = PartMaker(self._host, lambda: self._runtime)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.settings.root)!r})"

    # -- loading

    def get_model(
        self,
        key: str,
        submodel_type: SubModelType | str | None = None,
        context: object = None,
        *,
        device: object = None,
        precision: object = None,
        keep_alive: float | str | None = None,
        parts: Mapping[str, str] | None = None,
        accept_changed: bool = False,
        on_progress: OnProgress | None = None,
        timeout: float | None = None,
    ) -> ModelInfo:
        """Load a model, or one part of a main model, and return a handle to it.

        Args:
            key: Of the record.
            submodel_type: The part; needed for main models.
            context: Of who asks: events carry its ids (``queue_id``, ``queue_item_id``,
                ``queue_batch_id``, ``graph_execution_state_id``) and go to its bus, too.
            device: ``auto``, ``cpu``, ``cuda``, ``cuda:1`` ..., or a ``torch.device``; the
                setting when None.
            precision: ``auto``, ``float32``, ``float16`` or ``bfloat16``, or a ``torch.dtype``;
                the setting when None.
            keep_alive: Seconds that it stays in memory after its last use, 0 for not at all,
                ``math.inf`` or ``forever`` until memory is short; the setting when None.
            parts: Keys of models that stand in for parts, by the names of the parts.
            accept_changed: Take files for right that changed since they were recorded.
            on_progress: Gets the bytes that are done and the bytes in all. What it raises is
                raised here, and stops the load unless others wait for it.
            timeout: Seconds after which this caller gives up.

        Raises:
            UnknownModelException: no record has this key.
            ModelNotFoundException: its files are not there; also when their disk is away.
            ChangedModelError: its files are not those that were recorded; names both hashes.
            MissingPartError: it has no such part, or one must be named; lists them.
            InvalidModelException: it is damaged, unsafe, or of a kind that cannot be loaded.
            UnreadableSourceError: this user may not read its files.
            LoadMemoryError: it does not fit, also after all was evicted that nobody uses.
            LoadTimeoutError: the time is over.
            UsageError: an argument is none of those above.
            ServiceInactiveException: the service is closed.
            LoadError: a library, a device or a tokenizer is missing.
        """
        wanted = self._wanted(key, submodel_type, device, precision, parts, accepts=accept_changed)
        stay = self._keep_alive(keep_alive)
        if timeout is not None:
            timeout = _seconds("timeout", timeout)
        return self._load(wanted, stay, context, on_progress, timeout=timeout)

    def prefetch(
        self,
        key: str,
        submodel_type: SubModelType | str | None = None,
        context: object = None,
        *,
        device: object = None,
        precision: object = None,
        keep_alive: float | str | None = None,
        parts: Mapping[str, str] | None = None,
        accept_changed: bool = False,
        on_progress: OnProgress | None = None,
    ) -> Prefetch:
        """Load a part in the background, so that it is there when it is asked for.

        The arguments are those of ``get_model``.

        Returns:
            What tells when it is done, and cancels it.
        """
        wanted = self._wanted(key, submodel_type, device, precision, parts, accepts=accept_changed)
        stay = self._keep_alive(keep_alive)

        def load(is_unwanted: threading.Event) -> ModelInfo:
            return self._load(wanted, stay, context, on_progress, is_unwanted=is_unwanted.is_set)

        ahead = Prefetch(load)
        self._ahead.add(ahead)
        return ahead

    def peek(
        self,
        key: str,
        submodel_type: SubModelType | str | None = None,
        *,
        device: object = None,
        precision: object = None,
        parts: Mapping[str, str] | None = None,
    ) -> LoadForecast:
        """Tell what loading a part would take. Only headers are read; the rest is as it was.

        Raises:
            ModelKeepError: it cannot be loaded; as for ``get_model``.
        """
        self._check_open()
        found = self._resolver.resolve(self._wanted(key, submodel_type, device, precision, parts))
        is_loaded = self._cache.has(found.key)
        budget = self._cache.budget(found.device)
        would_go = () if is_loaded else self._cache.would_go(found.device, found.bytes)
        return LoadForecast(
            key=found.record.key,
            name=found.record.name,
            part=found.part,
            class_name=found.planned.plan.class_name,
            device=found.device.name,
            precision=found.precision.value,
            bytes=found.bytes,
            read_bytes=0 if is_loaded else found.planned.plan.bytes,
            is_loaded=is_loaded,
            fits=is_loaded or self._cache.in_use(found.device) + found.bytes <= budget.limit,
            would_go=tuple(map(self._residents.name_of, would_go)),
        )

    def parts(self, key: str) -> tuple[str, ...]:
        """Return the names of the parts of a main model; none of one that is one thing.

        Raises:
            ModelKeepError: it cannot be loaded; as for ``get_model``.
        """
        self._check_open()
        return self._resolver.parts(key)

    # -- what is in memory

    def loaded(self) -> list[LoadedModel]:
        """Return the parts that are in memory."""
        return self._residents.loaded(self._cache.entries())

    def evict(self, key: str, submodel_type: SubModelType | str | None = None) -> int:
        """Take a model, or one part of it, out of memory; who uses it keeps it to the end.

        Returns:
            How many parts were there.
        """
        part = str(submodel_type) if submodel_type is not None else None
        here = [entry.key for entry in self._cache.entries()]
        gone = [one for one in here if self._residents.is_of(one, key, part)]
        return sum(self._cache.evict(one) for one in gone)

    def clear(self) -> int:
        """Take everything out of memory that nobody uses; return how many bytes became free."""
        return self._cache.clear()

    def stats(self) -> list[LoadStats]:
        """Return what the memory of each device did."""
        return [
            LoadStats.of(name, stats, budget)
            for name, (stats, budget) in self._cache.stats().items()
        ]

    def close(self) -> None:
        """Free all memory that nobody uses, and stop what runs in the background.

        Nothing can be loaded any more.
        """
        self._is_closed = True
        for ahead in list(self._ahead):
            ahead.cancel()
        self._expiry.stop()
        self._cache.clear()

    # -- inside

    def _load(
        self,
        wanted: Wanted,
        keep_alive: float,
        context: object,
        on_progress: OnProgress | None,
        *,
        timeout: float | None = None,
        is_unwanted: Callable[[], bool] = lambda: False,
    ) -> ModelInfo:
        resolved = self._resolve(wanted)
        # Who gives up loading ahead may still use the handle.
        request = self._request(resolved, keep_alive, timeout)
        events = LoadEvents(self._bus, context, lambda: _facts(resolved))
        events.started()
        part, is_cached = self._cache.find(request, resolved.device), True
        if part is None:
            part, is_cached = self._bring(request, resolved, events, on_progress, is_unwanted)
        events.completed(part.bytes, is_cached=is_cached)
        if self._on_loaded is not None:
            self._on_loaded(resolved.record.key)
        self._look_at_times(keep_alive)
        return ModelInfo(
            key=resolved.record.key,
            name=resolved.record.name,
            base_model=resolved.record.base,
            type=_type_of(resolved),
            location=resolved.planned.files.path,
            precision=self._runtime.dtype(resolved.precision),
            context=ModelLocker(lambda: self._hold(wanted, request, resolved.device)),
            hash=resolved.contents.hash,
            bytes=part.bytes,
            device=resolved.device.name,
            class_name=part.class_name,
            is_cached=is_cached,
        )

    def _bring(
        self,
        request: PartRequest,
        resolved: Resolved,
        events: LoadEvents,
        on_progress: OnProgress | None,
        is_unwanted: Callable[[], bool],
    ) -> tuple[LoadedPart, bool]:
        """Load a part, and tell how that goes; another thread may have loaded it meanwhile."""
        listener = Listener(events.progress, on_progress)
        request = replace(request, is_unwanted=lambda: listener.has_failed or is_unwanted())
        with self._maker.listening(resolved.key, listener):
            try:
                with listener.heard():
                    return self._cache.load(request, resolved.device)
            except BaseException as error:
                events.failed(error)
                raise

    @cached_property
    def _runtime(self) -> Runtime:
        from modelkeep.load.start import open_runtime

        return self._given_runtime or open_runtime(self.settings)

    @cached_property
    def _resolver(self) -> Resolver:
        from modelkeep.load.start import open_library

        library = self._given_library or open_library(self.settings, self.records)
        # Those of other packages come first, so that they may take over what we load, too.
        loaders = self._given_loaders or sorted(LOADERS.load(), key=_is_ours)
        planner = Planner(library, loaders, self._assets.folder)
        return Resolver(library, planner, self._device)

    def _device(self, wanted: str) -> Device:
        if wanted == "cpu" or (wanted == "auto" and self._given_runtime is None and not has_gpu()):
            return self._host
        return self._runtime.device(wanted)

    def _check_open(self) -> None:
        if self._is_closed:
            raise ServiceInactiveException(
                f"The load service of {shown(self.settings.root)} is closed",
                hint="Make another ModelManager.",
            )

    def _resolve(self, wanted: Wanted) -> Resolved:
        """Return what will be loaded; a tokenizer that it needs is fetched."""
        self._check_open()
        try:
            return self._resolver.resolve(wanted)
        except MissingAssetError as error:
            if error.asset not in ASSETS:
                raise
            self._assets.need(ASSETS[error.asset])
            return self._resolver.resolve(wanted)

    def _wanted(
        self,
        key: str,
        part: SubModelType | str | None,
        device: object,
        precision: object,
        parts: Mapping[str, str] | None,
        *,
        accepts: bool = False,
    ) -> Wanted:
        return Wanted(
            key=key,
            part=str(part) if part is not None else "",
            device=str(device) if device is not None else self.settings.device,
            precision=name_of(precision) if precision is not None else self.settings.precision,
            replaced=tuple(sorted((parts or {}).items())),
            accepts_changed=accepts,
        )

    def _keep_alive(self, wanted: float | str | None) -> float:
        stated = self.settings.keep_alive if wanted is None else wanted
        return math.inf if stated == "forever" else _seconds("keep_alive", stated)

    def _request(
        self,
        resolved: Resolved,
        keep_alive: float,
        timeout: float | None,
    ) -> PartRequest:
        self._residents.note(resolved.key, resolved.record, resolved.part)
        return PartRequest(
            key=resolved.key,
            name=resolved.name,
            bytes=resolved.bytes,
            load=lambda event: self._maker.make(resolved, event),
            keep_alive=keep_alive,
            timeout=timeout,
        )

    @contextmanager
    def _hold(self, wanted: Wanted, request: PartRequest, device: Device) -> Iterator[object]:
        """Hold a part for a block; what is in memory needs no look at its files."""
        if not self._cache.has(request.key):
            resolved = self._resolve(wanted)
            request = self._request(resolved, request.keep_alive, request.timeout)
        try:
            with self._cache.use(request, device) as value:
                yield value
        finally:
            self._look_at_times(request.keep_alive)

    def _look_at_times(self, keep_alive: float) -> None:
        if not math.isinf(keep_alive):
            self._expiry.look()

    def _vram_limit(self, device: Device) -> int:
        wanted = self.settings.vram_cache_gb
        return (
            int(wanted * 1e9) if wanted is not None else max(device.available() - VRAM_RESERVE, 0)
        )


def _is_ours(loader: ModelLoader) -> bool:
    return type(loader).__module__.startswith(f"{__package__}.")


def _facts(resolved: Resolved) -> dict[str, Any]:
    return {
        "model_key": resolved.record.key,
        "submodel": resolved.part or None,
        "hash": resolved.contents.hash,
        "location": path_to_text(resolved.planned.files.path),
        "precision": resolved.precision.value,
    }


def _type_of(resolved: Resolved) -> ModelType | SubModelType:
    return SubModelType(resolved.part) if resolved.part else resolved.record.type


def _seconds(name: str, value: object) -> float:
    """Return a number of seconds that a caller gave.

    Raises:
        UsageError: it is none.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0:
        return value
    raise UsageError(
        f"{name} cannot be {value!r}", hint="Give it in seconds, 0 or more, or math.inf."
    )
