"""Errors go from one process to another with all that they say."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Iterator

import pytest

from modelkeep import errors
from modelkeep.errors import (
    HttpStatusError,
    InvalidModelConfigException,
    InvalidSettingsError,
    ModelKeepError,
)
from modelkeep.settings import Settings

#: What they are made of is more than a message.
_OTHERS = (HttpStatusError, InvalidModelConfigException, InvalidSettingsError)


def _one_of_each() -> Iterator[ModelKeepError]:
    yield HttpStatusError("no", status=404, reason="NOT FOUND", hint="go on", retry_after=2.0)
    yield HttpStatusError("no", status=503, reason="BUSY", headers={"Server": "x"}, body=b"y")
    yield InvalidModelConfigException.of("Config", "size", "is too large", 3, hint="go on")
    try:
        Settings(port="sofa")
    except InvalidSettingsError as error:
        yield error
    for kind in vars(errors).values():
        if inspect.isclass(kind) and issubclass(kind, ModelKeepError) and kind not in _OTHERS:
            yield kind("no", hint="go on")


@pytest.mark.parametrize("error", list(_one_of_each()), ids=lambda error: type(error).__name__)
def test_copies_say_the_same(error: ModelKeepError) -> None:
    unpickled = pickle.loads(pickle.dumps(error))  # noqa: S301 - written on this line
    for other in (unpickled, copy.copy(error), copy.deepcopy(error)):
        assert type(other) is type(error)
        assert str(other) == str(error)
        assert vars(other) == vars(error)
