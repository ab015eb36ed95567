"""Whatever names and shapes a file has, asking what it is ends well and soon."""

from __future__ import annotations

import sys
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.errors import ModelKeepError
from modelkeep.identification.engine import identify_view
from modelkeep.identification.globs import glob_matches
from modelkeep.identification.header import TensorHeader, TensorInfo
from modelkeep.identification.known_families import load_rules
from modelkeep.identification.view import ModelView
from sample_models import SD1, diffusers_unet, flux_transformer, ldm_unet, ldm_vae
from support.rounds import rounds
from unit.identification.cases import kohya

_REAL = sorted({*ldm_unet(SD1), *diffusers_unet(SD1), *flux_transformer(), *ldm_vae(), *kohya(SD1)})
_PIECES = [
    "model.diffusion_model.", "lora_unet_", "double_blocks.0.", "base_model.model.", "alpha",
    ".lora_A.weight", ".lora_up.weight", ".lokr_w1", ".hada_w1_a", "_", ".", "0", "<x>", "\n",
    "emb_params", "clip_g", "string_to_param.*", "input_blocks", "attn2.to_k",
]  # fmt: skip
_names = st.one_of(
    st.sampled_from(_REAL),
    st.lists(st.sampled_from(_PIECES), max_size=8).map("".join),
    st.text(max_size=30),
)
_shapes = st.lists(st.sampled_from([0, 1, 4, 9, 320, 768, 2048, 3072, 2**62]), max_size=5)
_infos = st.builds(
    lambda dtype, shape: TensorInfo(dtype, tuple(shape)),
    st.sampled_from(["F16", "U8", "F8_E4M3", "I32"]),
    _shapes,
)
_metadata = st.dictionaries(
    st.sampled_from(
        ["modelspec.architecture", "ss_tag_frequency", "ss_base_model_version", "global_step"]
    ),
    st.one_of(st.text(max_size=40), st.sampled_from(["sdxl", '{"1_a": {"a": 2}}', "[" * 9999])),
)


def _ask(tensors: dict[str, TensorInfo], metadata: dict[str, str], name: str = "m") -> None:
    header = TensorHeader("m", "safetensors", 0, tensors, metadata)
    view = ModelView(name, (name,), header=header, names=load_rules().names)
    try:
        found = identify_view(view, rules=load_rules(), source="m", size=0)
    except ModelKeepError as error:
        assert error.hint  # noqa: PT017 - either outcome is right
    else:
        assert found.evidence


@given(st.dictionaries(_names, _infos, max_size=40), _metadata, st.text(max_size=20))
@settings(max_examples=rounds(200), deadline=None)
def test_nothing_but_our_errors(
    tensors: dict[str, TensorInfo], metadata: dict[str, str], name: str
) -> None:
    _ask(tensors, metadata, name)


@given(st.text("ab*", max_size=8), st.text("ab", max_size=12))
def test_globs_mean_what_they_mean_everywhere(pattern: str, text: str) -> None:
    positions = {0}
    for letter in pattern:
        if letter == "*":
            positions = {end for p in positions for end in range(p, len(text) + 1)}
        else:
            positions = {p + 1 for p in positions if text[p : p + 1] == letter}

    assert glob_matches(pattern, text) == (len(text) in positions)


def _calls(count: int, form: str) -> int:
    """Count the calls that asking takes: a measure of work that is the same on every machine."""
    tensors = {form.format(number): TensorInfo("F16", (4, 768)) for number in range(count)}
    calls = 0

    def count_call(frame: FrameType, event: str, argument: object) -> None:
        del frame, argument
        nonlocal calls
        calls += event.endswith("call")

    before = sys.getprofile()
    sys.setprofile(count_call)
    try:
        _ask(tensors, {})
    finally:
        sys.setprofile(before)
    return calls


@pytest.mark.parametrize(
    "form",
    [
        "lora_unet_x{0}_attn2_to_q.lora_A.weight",
        "lora_unet_x_{0}_attn2_to_q.lora_A.weight",
        "down_blocks.{0}.attn1.to_k.lora_A.weight",
        "input_blocks.{0}.weight",
        "x{0}",
    ],
)
@pytest.mark.slow
def test_work_grows_no_faster_than_the_names(form: str) -> None:
    _calls(10, form)  # what is made once is made now
    small, large = _calls(1_000, form), _calls(8_000, form)

    assert large < 10 * small


@pytest.mark.slow
def test_long_names_are_no_trap() -> None:
    name = "lora_unet_" + "attentions_0_transformer_blocks_" * 50_000 + "attn2_to_k"
    _ask({f"{name}.lora_down.weight": TensorInfo("F16", (4, 9))}, {})
    _ask({"base_model.model." * 50_000 + "x.lora_A.weight": TensorInfo("F16", (4, 9))}, {})
