"""Assets: what models in one file do not bring and share, the vocabularies of tokenizers.

They lie below ``assets/`` of the library's root. They are no models: no record names them. Each is
fetched once, by a function that is given from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from modelkeep.core.names import shown
from modelkeep.disk import paths
from modelkeep.errors import DownloadError, MissingAssetError
from modelkeep.jobs.owner import locked


@dataclass(frozen=True, slots=True)
class Asset:
    """Files that several models need.

    Attributes:
        name: One word; the name of its folder.
        label: What messages call it.
        repo: The repository on Hugging Face that has them.
        files: Their names there.
    """

    name: str
    label: str
    repo: str
    files: tuple[str, ...]

    def is_in(self, folder: Path) -> bool:
        """Tell whether all files lie in a folder, none of them empty."""
        places = (folder / name for name in self.files)
        return all(place.is_file() and place.stat().st_size for place in places)

    def folder(self, assets: Path | None) -> Path:
        """Return the folder that has the files.

        Args:
            assets: The folder of all assets; None where there is none.

        Raises:
            MissingAssetError: they are not there, or not all of them.
        """
        folder = assets / self.name if assets is not None else None
        if folder is None or not self.is_in(folder):
            raise self.missing(folder)
        return folder

    def missing(self, folder: Path | None, why: str = "") -> MissingAssetError:
        """Return the error that says that this asset is not here.

        Args:
            folder: Where it would be.
            why: Why it could not be fetched, if that was tried.
        """
        place = "the folder of assets" if folder is None else shown(folder)
        there = [name for name in self.files if folder is not None and (folder / name).is_file()]
        return MissingAssetError(
            f"{self.label} is {'incomplete' if there else 'not'} in {place}"
            + (f", and it could not be fetched: {why}" if why else ""),
            hint=f"Put {', '.join(self.files)} of https://huggingface.co/{self.repo} there, or go"
            f" online{' and remove that folder' if there else ''} and try again.",
            asset=self.name,
        )


#: The tokenizers, by the names that facts have for them. OpenCLIP has the vocabulary of CLIP, and
#: T5 1.1 that of T5.
ASSETS: Mapping[str, Asset] = MappingProxyType(
    {
        asset.name: asset
        for asset in (
            Asset(
                "clip",
                "The vocabulary of CLIP",
                "openai/clip-vit-large-patch14",
                ("vocab.json", "merges.txt"),
            ),
            Asset("t5", "The vocabulary of T5", "google-t5/t5-base", ("tokenizer.json",)),
        )
    }
)

#: Fetches files of a repository on Hugging Face into an empty folder.
Fetch = Callable[[str, tuple[str, ...], Path], object]


class AssetStore:
    """The assets of one library.

    Args:
        folder: Where they are; made when the first is fetched.
        fetch: Fetches files; None where nothing may be fetched.
    """

    def __init__(self, folder: Path, fetch: Fetch | None = None) -> None:
        self.folder = folder
        self._fetch = fetch

    def need(self, asset: Asset) -> Path:
        """Return the folder of an asset; it is fetched if it is not here.

        Several threads and processes may ask at once: one fetches, the others wait. An asset gets
        its folder when it is whole, so what a crash leaves is no asset.

        Raises:
            MissingAssetError: it is not here, and nothing may be fetched or fetching failed.
        """
        place = self.folder / asset.name
        if asset.is_in(place):
            return place
        if self._fetch is None:
            raise asset.missing(place)
        paths.make_own_folder(self.folder)
        with locked(self.folder / f".{asset.name}.lock"):
            if not asset.is_in(place):
                self._bring(asset, place, self._fetch)
        return place

    def _bring(self, asset: Asset, place: Path, fetch: Fetch) -> None:
        draft = self.folder / f".{asset.name}.new"
        if place.exists():  # somebody put some of the files there
            raise asset.missing(place)
        if draft.exists():  # a run was interrupted
            paths.remove_tree(draft, self.folder)
        paths.make_folder(draft)
        try:
            fetch(asset.repo, asset.files, draft)
        except DownloadError as error:
            raise asset.missing(place, str(error)) from error
        if not asset.is_in(draft):
            raise asset.missing(place)
        paths.sync_folders(draft)
        paths.publish(draft, place)
