"""Descriptions of models as HTML that a page can show: what strangers wrote, and nothing active."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelkeep.errors import UnknownMetadataException
from modelkeep.sources.sidecars.clean_text import plain_text

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.core.configs import ModelConfigBase

#: Characters that are shown; the longest that sites have are a few ten thousand.
SHOWN_CHARACTERS = 100_000
#: A text that begins so is HTML already; in Markdown tags stand between other words.
_IS_HTML = re.compile(
    r"\s*<(?:!--|/?(?:a|article|b|blockquote|br|center|code|div|em|figure|font|h[1-6]|hr|i|img"
    r"|li|ol|p|pre|script|section|span|strong|style|sub|sup|svg|table|u|ul)\b)",
    re.IGNORECASE,
)
_LINK = re.compile(r"https?://", re.IGNORECASE)
_TAGS = frozenset(
    {
        "a", "b", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr",
        "i", "li", "ol", "p", "pre", "s", "strong", "sub", "sup", "table", "tbody", "td", "th",
        "thead", "tr", "u", "ul",
    }
)  # fmt: skip
#: Their content is no text for people.
_DROPPED = frozenset({"iframe", "math", "noscript", "object", "script", "style", "svg", "template"})
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}


@dataclass(frozen=True, slots=True)
class Description:
    """What is said of a model.

    Attributes:
        text: As it was written; may hold anything.
        html: The same as safe HTML; empty where nothing is said.
        source: Who says it: ``record`` or ``site``.
    """

    text: str
    html: str
    source: str

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"text": self.text, "html": self.html, "source": self.source}


def describe(manager: ModelManager, record: ModelConfigBase) -> Description:
    """Return what is said of a model: by its site with its layout, else by the record.

    What people changed in the record comes before what the site says.
    """
    own, of_site = record.description or "", _of_site(manager, record)
    is_from_site = bool(of_site) and (not own or own == plain_text(of_site))
    text = of_site if is_from_site else own
    return Description(text, safe_html(text), "site" if is_from_site else "record")


def safe_html(text: str) -> str:
    """Return HTML or Markdown that strangers wrote as HTML without anything active in it.

    Links lead to ``http:`` and ``https:`` addresses and carry ``rel="nofollow noopener"``. There
    are no pictures, styles, classes, forms and frames.

    Args:
        text: Of any length; what is over ``SHOWN_CHARACTERS`` is left out.
    """
    import nh3
    from markdown_it import MarkdownIt

    text = text[:SHOWN_CHARACTERS].encode("utf-8", "replace").decode()
    if not _IS_HTML.match(text):
        reader = MarkdownIt("commonmark", {"html": True, "breaks": True})
        text = reader.enable(["table", "strikethrough"]).render(text)
    return nh3.clean(
        text,
        tags=set(_TAGS),
        clean_content_tags=set(_DROPPED),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        attribute_filter=_kept,
        url_schemes={"http", "https"},
        link_rel="nofollow noopener",
    ).strip()


def _kept(tag: str, name: str, value: str) -> str | None:
    """Return the value of an attribute; a link into this server could do something there."""
    del tag
    return None if name == "href" and not _LINK.match(value) else value


def _of_site(manager: ModelManager, record: ModelConfigBase) -> str:
    try:
        metadata = manager.records.get_metadata(record.key)
    except UnknownMetadataException:
        return ""
    return str(getattr(metadata, "description", None) or "")
