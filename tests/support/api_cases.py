"""Requests that schemathesis makes of the description of our API, in all of its phases."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from schemathesis import engine
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events
from starlette.types import ASGIApp, Receive, Scope, Send

from support import rounds

#: The same requests each time, but in long rounds.
SEED = 1 if rounds.LENGTH <= 1 else random.randrange(1 << 32)
#: Answers of these have no end.
ENDLESS = frozenset({"/api/v1/events"})
#: Types of bodies that are bytes, whatever they say.
BYTES = ("application/offset+octet-stream", "image/*")
#: So much of all requests may be edges; each time those of so many operations are asked for.
_EDGES, _AT_ONCE = 0.75, 12
#: Operations with little to vary make fewer requests than they may: others get what is left, in so
#: many turns, until so much of all is made.
_TURNS, _ENOUGH = 8, 0.95
#: Requests of one sequence at most.
_STEPS = 6
_SHOWN = 300
_OFF = {"enabled": False}
#: Answers that say that something else is not there now; each route declares its own.
_NOT_OURS = ["2xx", "3xx", "4xx", "502", "503", "507"]


@dataclass
class Outcome:
    """What came of the requests.

    Attributes:
        statuses: How many answers had which.
        failures: What was wrong, each once, with a line for curl.
        phases: How each phase ended.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)
    phases: dict[str, str] = field(default_factory=dict)

    @property
    def requests(self) -> int:
        """All of them."""
        return self.statuses.total()

    @property
    def told(self) -> str:
        """What was wrong, in lines."""
        lines = [f"{what}\n    {asked}" for what, asked in self.failures.items()]
        return "\n".join([f"seed {SEED}, {self.requests:,} requests", *lines])


class Counted:
    """An application that notes the statuses of its answers."""

    def __init__(self, app: ASGIApp, outcome: Outcome) -> None:
        self._app, self._outcome = app, outcome

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def noted(message: Any) -> None:
            if message["type"] == "http.response.start":
                self._outcome.statuses[message["status"]] += 1
            await send(message)

        await self._app(scope, receive, noted)


def ask_everything(
    app: ASGIApp, described: Mapping[str, Any], headers: Mapping[str, str], *, at_most: int
) -> Outcome:
    """Ask in all phases: examples and edges of the operations, then random and in sequences.

    Args:
        app: What is asked.
        described: Its description.
        headers: Of every request.
        at_most: About how many requests are made; edges are those of as many operations as there
            is room for.
    """
    for media_type in BYTES:
        schemathesis.serializer(media_type)(_as_bytes)
    outcome = Outcome()
    chance = random.Random(SEED)
    labels = sorted(
        f"{method.upper()} {path}"
        for path, methods in described["paths"].items()
        for method in methods
        if path not in ENDLESS
    )
    chance.shuffle(labels)
    phases: dict[str, Any] = {"fuzzing": _OFF, "stateful": _OFF}
    for some in _batched(labels):
        if outcome.requests > _EDGES * at_most:
            break
        _run(app, described, headers, outcome, labels=set(some), phases=phases)
    for turn in range(_TURNS):
        left = max(0, at_most - outcome.requests)
        each = {"generation": {"max-examples": 2 + left // len(labels)}}
        steps = {"generation": {"max-examples": 1 + left // (_STEPS * len(labels))}}
        phases = {"examples": _OFF, "coverage": _OFF, "fuzzing": each}
        phases["stateful"] = {**steps, "max-steps": _STEPS}
        _run(app, described, headers, outcome, labels=set(labels), phases=phases, turn=turn)
        if outcome.requests >= _ENOUGH * at_most:
            break
    return outcome


def _batched(labels: list[str]) -> Iterator[list[str]]:
    for first in range(0, len(labels), _AT_ONCE):
        yield labels[first : first + _AT_ONCE]


def _as_bytes(_context: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


def _run(
    app: ASGIApp,
    described: Mapping[str, Any],
    headers: Mapping[str, str],
    outcome: Outcome,
    *,
    labels: set[str],
    phases: Mapping[str, Any],
    turn: int = 0,
) -> None:
    config = SchemathesisConfig.from_dict(
        {
            "seed": SEED + turn,
            "continue-on-failure": True,
            "headers": {**headers, "host": "127.0.0.1"},
            "generation": {"database": "none", "no-shrink": True},
            "suppress-health-check": ["all"],
            "cache": _OFF,
            "checks": {
                "enabled": False,
                "not_a_server_error": {"enabled": True, "expected-statuses": _NOT_OURS},
                "status_code_conformance": {"enabled": True},
                "content_type_conformance": {"enabled": True},
                "response_schema_conformance": {"enabled": True},
            },
            "phases": dict(phases),
        }
    )
    loaded = schemathesis.openapi.from_dict(dict(described), config=config)
    loaded.app = Counted(app, outcome)
    loaded.location = "/openapi.json"
    chosen = loaded.include(lambda context: context.operation.label in labels)
    for event in engine.from_schema(chosen).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            outcome.failures[str(event)[:_SHOWN]] = repr(getattr(event, "info", event))
        elif isinstance(event, events.ScenarioFinished):
            _note(event, outcome)
        elif isinstance(event, events.PhaseFinished):
            outcome.phases[event.phase.name.value] = event.status.value


def _note(event: events.ScenarioFinished, outcome: Outcome) -> None:
    for case, checks in event.recorder.checks.items():
        for check in checks:
            found = check.failure_info
            if found is None:
                continue
            asked, wrong = event.recorder.cases[case].value, found.failure
            what = f"{asked.method} {asked.path}: {wrong.title}: {wrong.message[:_SHOWN]}"
            outcome.failures.setdefault(what, str(found.code_sample)[: 2 * _SHOWN])
