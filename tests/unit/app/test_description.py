"""Descriptions that strangers wrote: their words and links stay, and nothing active does."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep import ModelManager, Settings
from modelkeep.app.description import SHOWN_CHARACTERS, describe, safe_html
from support import tiny

_HOSTILE = [
    "<script>alert(1)</script>x",
    "<p>a</p><script src=//evil.example/x.js></script>",
    '<img src=x onerror="alert(1)">',
    '<a href="javascript:alert(1)">x</a>',
    '<a href=" java&#9;script:alert(1)">x</a>',
    "[x](javascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "![x](http://evil.example/pixel.png)",
    '<a href="/api/v1/model/record/i/x">x</a>',
    '<a href="//evil.example/">x</a>',
    '<form action="/login"><input name=a></form>',
    '<iframe src="http://evil.example"></iframe>',
    "<svg><script>alert(1)</script></svg>",
    '<svg><a xlink:href="javascript:alert(1)">x</a></svg>',
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    '<p style="position:fixed" class="x" id="y" onclick="alert(1)">x</p>',
    "<base href=http://evil.example><meta http-equiv=refresh content=0>",
    "<style>@import url(http://evil.example)</style>x",
    "<object data=x></object><embed src=x><link rel=stylesheet href=x>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<p>" * 5000,
    "[" * 20_000,
    "> " * 20_000,
    "*a " * 20_000,
]


class Looked(HTMLParser):
    """Collects the tags and attributes of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs


def check(html: str) -> None:
    looked = Looked(html)
    assert looked.tags <= {
        "a",
        "b",
        "blockquote",
        "br",
        "code",
        "del",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "li",
        "ol",
        "p",
        "pre",
        "s",
        "strong",
        "sub",
        "sup",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "u",
        "ul",
    }
    for name, value in looked.attributes:
        assert name in {"href", "title", "start", "rel"}
        assert name != "href" or re.match(r"https?://", value or "")
        assert name != "rel" or value == "nofollow noopener"


@pytest.mark.parametrize("text", _HOSTILE, ids=range(len(_HOSTILE)))
def test_nothing_active_stays(text: str) -> None:
    check(safe_html(text))


@given(
    st.lists(st.sampled_from([*_HOSTILE[:20], "\n", "\n\n", "    ", "<p>", "</p>", "`", "*", "é"]))
)
def test_nothing_active_comes_of_parts(parts: list[str]) -> None:
    html = safe_html("".join(parts))
    check(html)
    assert safe_html(html) == html or not html.startswith("<")


def test_words_layout_and_links_stay() -> None:
    html = safe_html(
        "# Ink\n\nUse **0.8**, see [the page](https://site.example/m?a=1&b=2).\n\n- a\n- b"
    )
    assert html.startswith("<h1>Ink</h1>")
    assert "<strong>0.8</strong>" in html
    assert 'href="https://site.example/m?a=1&amp;b=2" rel="nofollow noopener"' in html
    assert "<li>a</li>" in html
    assert (
        safe_html("<p>One <em>two</em></p>\n\n    three") == "<p>One <em>two</em></p>\n\n    three"
    )
    assert safe_html("a < b & c") == "<p>a &lt; b &amp; c</p>"
    assert safe_html("") == ""


def test_texts_are_cut_and_odd_characters_replaced() -> None:
    assert len(safe_html("x" * (SHOWN_CHARACTERS + 50))) == SHOWN_CHARACTERS + len("<p></p>")
    assert safe_html("a\0b\ud800") == "<p>a\ufffdb?</p>"


def test_what_people_wrote_comes_before_what_the_site_says(tmp_path: Path) -> None:
    with ModelManager(Settings(root=tmp_path / "root")) as manager:
        key = manager.installer.install_path(tiny.lora(tmp_path / "a.safetensors", 1))
        record = manager.records.update_model(key, {"description": "*Mine* <script>x</script>"})
        told = describe(manager, record)
        assert (told.source, told.html) == ("record", "<p><em>Mine</em> </p>")
