"""VAEs in one file, tiny ones too."""

from __future__ import annotations

from typing import ClassVar

from modelkeep.core.configs import ModelConfigBase, VaeCheckpointConfig
from modelkeep.core.names import shown
from modelkeep.errors import InvalidModelException
from modelkeep.identification.prefixes import VAE
from modelkeep.load.facts.autoencoders import TINY_VAE, VAES, vae
from modelkeep.load.file_parts import find_part
from modelkeep.load.ldm_config import LdmConfig
from modelkeep.load.loader import ModelLoader, TensorSource
from modelkeep.load.model_files import ModelFiles
from modelkeep.load.plan import LoadPlan
from modelkeep.load.precision import Precision
from modelkeep.load.weights import weights_of


class VaeFileLoader(ModelLoader):
    """Loads a VAE in one file, in the names of the original code or of diffusers."""

    name: ClassVar[str] = "vae_file"

    def takes(self, record: ModelConfigBase) -> bool:
        """Take VAEs in one file, of the bases whose VAE is known."""
        return isinstance(record, VaeCheckpointConfig) and record.base.value in VAES

    def parts(self, files: ModelFiles) -> tuple[str, ...]:
        """Return none: it is one thing."""
        del files
        return ()

    def plan(self, files: ModelFiles, part: str) -> LoadPlan:
        """Return what it is made of."""
        weights, record = weights_of(files.path), files.record
        for facts in (vae(record.base.value, VAE), TINY_VAE):
            found = find_part(weights, facts, record.tensor_prefix)
            if found is not None:
                ldm = LdmConfig.of(files.config)
                config = found.config(ldm.vae() if ldm is not None else {}, {})
                return found.plan(self.name, part, config, files.sources)
        raise InvalidModelException(
            f"{shown(files.path)} does not hold both halves of a VAE",
            hint="Install a file that has the encoder and the decoder.",
        )

    def make(self, plan: LoadPlan, source: TensorSource, precision: Precision) -> object:
        """Return the VAE, on the CPU."""
        from modelkeep.load.convert import make_from_file

        return make_from_file(plan, source, precision)


LOADER = VaeFileLoader()
