"""The folder of the sample models loads as real ones do."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.app.sample.files import write_sd1_folder
from modelkeep.load.precision import Precision
from support.loading import files_of, load

pytestmark = pytest.mark.torch


@pytest.mark.slow
def test_the_configs_of_the_sample_folder_fit_its_weights(tmp_path: Path) -> None:
    files = files_of(
        write_sd1_folder(tmp_path / "sample"), type="main", base="sd-1", format="diffusers"
    )
    for part, name in (("vae", "AutoencoderKL"), ("text_encoder", "CLIPTextModel")):
        assert type(load(files, part, Precision.FLOAT16)).__name__ == name
