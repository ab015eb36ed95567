"""``Filler``: writes the data of a site to fields that the user has not edited."""

from __future__ import annotations

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.names import safe_name
from modelkeep.core.roots import MODELS_ROOT
from modelkeep.enrich.fields import Known, fields_to_fill
from modelkeep.errors import UnknownMetadataException
from modelkeep.http.client import Client
from modelkeep.jobs.hash_lookups import HashLookups, SiteAnswer
from modelkeep.library.library import Library
from modelkeep.library.previews import preview_text
from modelkeep.library.remote_preview import SUFFIX, fetch_preview_of
from modelkeep.records.metadata import AnyMetadata
from modelkeep.sources.site import RemoteModel, Site


class Filler:
    """Fills in records, metadata and previews.

    Args:
        library: Where the models are recorded.
    """

    def __init__(self, library: Library, lookups: HashLookups, client: Client) -> None:
        self._library = library
        self._lookups = lookups
        self._client = client
        self._answers = lookups.answers()

    def fill(self, key: str, sha256: str, site: Site, remote: RemoteModel) -> tuple[str, ...]:
        """Write new values, store which were written, and return their names.

        Args:
            key: The record.
            sha256: By which the site knows it.
            site: Who says so.
            remote: What it says.

        Raises:
            UnknownModelException: the record was removed meanwhile.
            InvalidModelConfigException: what the site says does not fit.
        """
        library, before = self._library, self._answers.get(key)
        config = library.records.get_model(key)
        earlier = dict(before.fields) if before is not None else {}
        known = Known(library.find(config), self._lookups.edited(key), earlier)
        fields = fields_to_fill(config, remote, site.label, known)
        changed = [*fields]
        if (picture := self._preview(config, remote)) is not None:
            fields["preview"] = picture
            changed.append("preview")
        if remote.metadata is not None and self._note(key, remote.metadata):
            changed.append("metadata")
        if fields:
            stored = library.records.update_model(key, fields).to_json()
            earlier |= {
                name: stored[name] for name in fields if name not in {"evidence", "preview"}
            }
        self._answers[key] = SiteAnswer(site.name, sha256, earlier)
        self._lookups.note_answer(key, self._answers[key])
        return tuple(changed)

    def _note(self, key: str, metadata: AnyMetadata) -> bool:
        """Store metadata of the site unless another kind is stored; return whether it is new."""
        store = self._library.records.metadata_store
        try:
            before = store.get_metadata(key)
        except UnknownMetadataException:
            store.add_metadata(key, metadata)
            return True
        if before == metadata or type(before) is not type(metadata):
            return False
        store.update_metadata(key, metadata)
        return True

    def _preview(self, config: ModelConfigBase, remote: RemoteModel) -> str | None:
        """Fetch a picture for an installed model that has none; return how its record names it."""
        library = self._library
        place = library.find(config)
        if place is None or config.root != MODELS_ROOT or not library.is_ours(place):
            return None
        if library.preview_of(config) is not None or remote.preview is None:
            return None
        picture = library.previews.folder / f"{safe_name(config.key)}{SUFFIX}"
        kept = fetch_preview_of(remote, self._client, picture)
        return preview_text(kept, place) if kept is not None else None
