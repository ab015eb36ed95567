from __future__ import annotations

import inspect

from modelkeep import errors
from modelkeep.app.outcomes import EXIT_STATUSES, OUTCOMES, outcome_of

CLASSES = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if kind.__module__ == errors.__name__
]


def test_every_error_has_a_line() -> None:
    assert set(CLASSES) <= set(OUTCOMES)


def test_statuses_are_those_that_exist() -> None:
    for outcome in OUTCOMES.values():
        assert outcome.exit in EXIT_STATUSES - {0}
        assert 400 <= outcome.http < 600


def test_an_error_that_has_none_ends_as_its_parent() -> None:
    class OddDownloadError(errors.ConnectionFailedError):
        pass

    assert outcome_of(OddDownloadError("odd")) == OUTCOMES[errors.ConnectionFailedError]
    assert outcome_of(ZeroDivisionError()).http == 500
    assert outcome_of(errors.UsageError("odd")).exit == 2
    assert outcome_of(KeyboardInterrupt()).exit == 130
    assert outcome_of(errors.InvalidModelConfigException.of("c", "f", "odd")).http == 415
