"""``VaeFolderProbe``: the specification's class for asking a VAE folder what base it belongs to."""

from __future__ import annotations

from pathlib import Path

from modelkeep.core.taxonomy import BaseModelType, ModelRepoVariant
from modelkeep.identification.engine import identify_path
from modelkeep.identification.known_families import load_rules
from modelkeep.identification.readers.folder import FolderHeader


class VaeFolderProbe:
    """Asks about a VAE folder, which need hold no more than its ``config.json``."""

    def __init__(self, path: Path) -> None:
        self.model_path = Path(path)

    def get_base_type(self) -> BaseModelType:
        """Return the base that the VAE belongs to.

        Raises:
            UnknownModelError: it is not a VAE folder, and so on as ``identify``.
        """
        return identify_path(self.model_path, rules=load_rules(), strict=False).base

    def get_repo_variant(self) -> ModelRepoVariant:
        """Return the form of its weights; the default one where there are none.

        Raises:
            CorruptModelError: as ``identify``, and so on for the others.
        """
        return FolderHeader(self.model_path, strict=False).repo_variant
