"""Which classes are found, and what is said of those that are not."""

from __future__ import annotations

import logging
import sys

import pytest

from modelkeep.errors import LoadError, MissingExtraError, RemoteCodeError
from modelkeep.load.library_classes import find_class, hushed

pytestmark = [pytest.mark.torch, pytest.mark.slow]


def test_what_a_process_says_of_itself_is_heard_again() -> None:
    find_class("transformers", "CLIPTextModel")
    handler = logging.getLogger("transformers").handlers[0]
    record = logging.makeLogRecord({"levelno": logging.WARNING, "msg": "mind this"})
    assert handler.filter(record)
    with hushed():
        assert not handler.filter(record)
        assert handler.filter(logging.makeLogRecord({"levelno": logging.ERROR}))
    assert handler.filter(record)


@pytest.mark.parametrize(
    ("library", "name", "error"),
    [
        ("diffusers", "NoSuchModel", LoadError),
        ("diffusers", "__version__", LoadError),
        ("no_such_library", "Model", RemoteCodeError),
        ("pathlib", "Path", RemoteCodeError),
        ("..models", "UNet2DConditionModel", RemoteCodeError),
    ],
)
def test_classes_that_no_library_exports(library: str, name: str, error: type[Exception]) -> None:
    with pytest.raises(error, match=name):
        find_class(library, name)


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "diffusers", None)
    with pytest.raises(MissingExtraError, match="diffusers") as raised:
        find_class("diffusers", "AutoencoderKL")
    assert "pip install 'modelkeep[load]'" in raised.value.hint


def test_a_class_that_needs_another_library_names_it() -> None:
    with pytest.raises(MissingExtraError, match="LMSDiscreteScheduler") as raised:
        find_class("diffusers", "LMSDiscreteScheduler")
    assert raised.value.hint == "Install it with: pip install scipy"


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_packages_of_pipelines_that_diffusers_passes_over() -> None:
    # Its pipelines need sentencepiece, and its text encoder does not.
    assert find_class("kolors", "ChatGLMModel").__name__ == "ChatGLMModel"


def test_a_class_that_cannot_be_imported_names_what_it_needs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "diffusers.pipelines.shap_e.renderer", None)
    with pytest.raises(MissingExtraError, match=r"shap_e\.renderer") as raised:
        find_class("shap_e", "ShapERenderer")
    assert raised.value.hint
