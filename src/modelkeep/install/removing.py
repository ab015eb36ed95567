"""``Removing``: the methods of an install service that remove and restore models."""

from __future__ import annotations

from modelkeep.core.configs import ModelConfigBase
from modelkeep.library import removal
from modelkeep.library.left_out import note_removed
from modelkeep.library.library import Library
from modelkeep.library.trash import TrashEntry
from modelkeep.records.service import ModelRecordServiceBase


class Removing:
    """Removes models from a library."""

    library: Library
    _records: ModelRecordServiceBase

    def unregister(self, key: str) -> None:
        """Forget a record for good; its files stay, and a sync leaves them out.

        Raises:
            UnknownModelException: there is no such record.
        """
        note_removed(self.library, self._records.get_model(key))
        self._records.del_model(key)
        self.library.previews.drop(key)

    def delete(self, key: str) -> None:
        """Forget a record and, if its files are inside ``models_dir``, put them in the trash."""
        self.remove(key, everywhere=False)

    def unconditionally_delete(self, key: str) -> None:
        """Forget a record and put its files in the trash, wherever they are."""
        self.remove(key, everywhere=True)

    def remove(self, key: str, *, everywhere: bool = False, keep_files: bool = False) -> TrashEntry:
        """Forget a record and put its files in the trash; see ``removal.remove``."""
        return removal.remove(self.library, key, everywhere=everywhere, keep_files=keep_files)

    def restore(self, name: str) -> ModelConfigBase:
        """Bring a model back from the trash, by key, key prefix or name.

        Raises:
            SourceNotFoundError: nothing in the trash is called that.
        """
        return removal.restore(self.library, self.library.trash.find(name))

    def trash(self) -> list[TrashEntry]:
        """Return what is in the trash, the oldest first."""
        return self.library.trash.entries()

    def purge(self, entry: TrashEntry) -> None:
        """Remove a trash entry for good."""
        removal.purge(self.library, entry)
