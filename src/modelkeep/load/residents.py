"""``Residents``: which model each part in memory was loaded for."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.events import EventBus
from modelkeep.load.cache import Gone
from modelkeep.load.events import unloaded
from modelkeep.load.forecast import LoadedModel
from modelkeep.load.model_cache import HOST, Entry, PartKey


class Residents:
    """Knows parts by their models. Two models may share one; it is shown as the last one's.

    Args:
        bus: Is told of parts that leave memory.
    """

    def __init__(self, bus: EventBus | None) -> None:
        self._bus = bus
        self._lock = threading.Lock()
        # Of each part: keys of models, with their names and what they call the part; last one last.
        self._models: dict[PartKey, dict[str, tuple[str, str]]] = {}

    def note(self, key: PartKey, record: ModelConfigBase, part: str) -> None:
        """Remember the model that a part is loaded for, on its device and on the way there.

        Args:
            key: Of what is loaded; of another model where that stands in.
            record: The model.
            part: What it is called in that model.
        """
        names = (record.name, part)
        with self._lock:
            for place in (key, key.on(HOST)):
                models = self._models.setdefault(place, {})
                models.pop(record.key, None)
                models[record.key] = names

    def is_of(self, key: PartKey, model: str, part: str | None) -> bool:
        """Tell whether a part is of a model, and of this name where one is given."""
        with self._lock:
            known = self._models.get(key, {}).get(model)
        return known is not None and part in {None, known[1]}

    def name_of(self, key: PartKey) -> str:
        """Return what messages call a part."""
        _, name = self._model_of(key)
        return f"{name} ({key})" if name else str(key)

    def loaded(self, entries: Iterable[Entry]) -> list[LoadedModel]:
        """Return what entries of the cache are, for those who ask."""
        return [
            LoadedModel(
                *self._model_of(entry.key),
                part=entry.key.part,
                class_name=entry.value.class_name,
                device=entry.key.device,
                precision=entry.key.precision,
                bytes=entry.bytes,
                mapped=entry.value.mapped,
                users=entry.holders,
                seconds=entry.seconds,
                idle=0.0 if entry.holders else max(time.monotonic() - entry.last_used, 0.0),
            )
            for entry in entries
        ]

    def tell_gone(self, key: PartKey, count: int, why: Gone) -> None:
        """Tell that a part left the memory of its device."""
        unloaded(
            self._bus,
            model_key=self._model_of(key)[0],
            submodel=key.part or None,
            device=key.device,
            precision=key.precision or None,
            bytes=count,
            reason=why.value,
        )

    def _model_of(self, key: PartKey) -> tuple[str, str]:
        with self._lock:
            models = self._models.get(key)
            if not models:
                return ("", "")
            model = next(reversed(models))
            return (model, models[model][0])
