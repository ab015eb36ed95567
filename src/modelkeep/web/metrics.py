"""``metrics_text``: the numbers of a server, as Prometheus reads them.

They are gathered when they are asked for. Labels are routes, states, types and devices, of which
there are few; nothing that a request says becomes one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

import modelkeep
from modelkeep.app import load as loads
from modelkeep.core.taxonomy import ModelType
from modelkeep.web.context import WebContext

#: A number for each combination of labels.
_Values = Mapping[Any, float]
_TYPES = frozenset(kind.value for kind in ModelType)


def metrics_text(context: WebContext) -> bytes:
    """Return the numbers of a server in the text format of Prometheus."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_Numbers(context))
    return generate_latest(registry)


class _Numbers(Collector):
    def __init__(self, context: WebContext) -> None:
        self._context = context

    def describe(self) -> Iterable[Metric]:
        """Describe nothing: gathering the numbers for that would take as long as they do."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Gather the numbers."""
        yield _gauge("info", "Version of the program.", {(modelkeep.__version__,): 1}, "version")
        ready = float(self._context.is_ready.is_set())
        yield _gauge("ready", "Recovery is done.", {(): ready})
        yield from self._library()
        yield from self._loads()
        yield from self._requests()

    def _library(self) -> Iterator[Metric]:
        manager = self._context.manager
        models: Counter[tuple[str, ...]] = Counter()
        sizes: Counter[tuple[str, ...]] = Counter()
        for kind in manager.records.totals():
            name = kind.type if kind.type in _TYPES else ModelType.Unknown.value
            models[name,] += kind.models
            sizes[name,] += kind.size
        jobs = Counter((row.kind, row.status.value) for row in manager.jobs.rows())
        yield _gauge("models", "Models of the library.", models, "type")
        yield _gauge("model_bytes", "Bytes of the models.", sizes, "type")
        yield _gauge("jobs", "Jobs of every process on this root.", jobs, "kind", "state")

    def _loads(self) -> Iterator[Metric]:
        devices = loads.stats(self._context.manager)

        def of(field: str) -> _Values:
            return {(one.device,): getattr(one, field) for one in devices}

        yield _gauge("loaded_bytes", "Memory that loaded models take.", of("bytes"), "device")
        yield _gauge("loaded_limit_bytes", "Memory that they may take.", of("limit"), "device")
        yield _counter("load_hits", "Loads that found it in memory.", of("hits"), "device")
        yield _counter("load_misses", "Loads that read the files.", of("misses"), "device")
        yield _counter("load_evictions", "Parts that left memory.", of("evictions"), "device")

    def _requests(self) -> Iterator[Metric]:
        traffic = self._context.traffic
        counts = {(m, r, str(s)): n for (m, r, s), n in traffic.requests.copy().items()}
        seconds = {(route,): spent for route, spent in traffic.seconds.copy().items()}
        yield _counter("requests", "Answered requests.", counts, "method", "route", "status")
        yield _counter("request_seconds", "Time that answers took.", seconds, "route")
        listeners = self._context.hub.listeners
        yield _gauge("event_streams", "Clients that listen to events.", {(): listeners})
        yield _gauge("requests_running", "Requests being answered.", {(): traffic.running})


def _gauge(name: str, about: str, values: _Values, *labels: str) -> Metric:
    family = GaugeMetricFamily(f"modelkeep_{name}", about, labels=labels)
    for words, value in values.items():
        family.add_metric(words, value)
    return family


def _counter(name: str, about: str, values: _Values, *labels: str) -> Metric:
    family = CounterMetricFamily(f"modelkeep_{name}", about, labels=labels)
    for words, value in values.items():
        family.add_metric(words, value)
    return family
