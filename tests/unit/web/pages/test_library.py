"""The page of the library, over HTTP."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from support.shelf import many, put
from support.web import WebServer

PAGE = {"Accept": "text/html"}
_BYTES = 150 * 1024


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with WebServer(tmp_path_factory.mktemp("library")) as server:
        put(
            server.manager,
            [
                {"name": "red cat", "tags": ["animal", "red"], "size": 150_000_000},
                {"name": "blue cat", "tags": ["animal"], "base": "flux", "preview": "blue.png"},
                {"name": "grey dog", "tags": ["NSFW"], "preview": "dog.webm"},
                {"name": "big one", "type": "main", "size": 7_000_000_000, "state": "missing"},
                {"name": "<script>alert(1)</script>", "key": "a/b", "type": "vae", "nsfw": True,
                 "preview": "p.png"},
            ],
        )  # fmt: skip
        yield server


def show(web: WebServer, query: str = "") -> str:
    answer = web.get(f"/?{query}", headers=PAGE)
    assert answer.status_code == 200, answer.text
    return answer.text


def send(web: WebServer, path: str, **fields: str) -> requests.Response:
    """Send a form; return the answer of the page that it leads to."""
    return web.ask("POST", path, data=fields, headers=PAGE)


def names(page: str) -> list[str]:
    return [html.unescape(name) for name in re.findall('class="name".*?>(.*?)</a>', page)]


def links(page: str) -> dict[str, str]:
    """Return where the values of facets lead to."""
    found = re.findall(r'<li><a href="(/\?[^"]*|/)"[^>]*>\s*<span>(.*?)</span>', page)
    return {label: html.unescape(address) for address, label in found}


def test_cards_lead_to_models_and_know_their_list(web: WebServer) -> None:
    page = show(web, "type=lora&sort=size")
    assert names(page) == ["red cat", "blue cat", "grey dog"]
    assert 'href="/models/red-cat?list=type%3Dlora%26sort%3Dsize"' in page
    assert "3</b> models" in page
    assert "150.0 MB" in page


def test_the_companions_of_a_model_are_a_list_too(web: WebServer) -> None:
    page = show(web, "for=big-one")
    assert {"red cat", "grey dog"} <= set(names(page))
    assert "blue cat" not in names(page), "it is of another base"
    assert "works with big one" in page


def test_hostile_names_are_text(web: WebServer) -> None:
    page = show(web)
    assert "<script>alert" not in page
    assert "<script>alert(1)</script>" in names(page)
    assert 'href="/models/a/b"' in page


def test_long_names_break_after_their_underscores(web: WebServer) -> None:
    [model] = put(web.manager, [{"name": "autumn_cobalt<b>_v5"}])
    page = show(web, "q=cobalt")
    assert ">autumn_<wbr>cobalt&lt;b&gt;_<wbr>v5</a>" in page, names(page)
    web.manager.records.del_model(model.key)


def test_facets_add_and_remove_values_and_their_counts_stay(web: WebServer) -> None:
    whole, narrowed = show(web), show(web, "type=lora")
    assert links(whole)["FLUX.1"] == "/?base=flux"
    assert links(narrowed)["FLUX.1"] == "/?type=lora&base=flux"
    assert links(narrowed)["LoRA"] == "/"
    counts = re.compile("<small>([0-9,]+)</small></a>")
    assert counts.findall(whole) == counts.findall(narrowed)
    for query, count in (("tag=animal&tag=red", 1), ("size=large", 1), ("used=never", 5)):
        assert len(names(show(web, query))) == count, query


def test_a_column_sorts_the_table_and_says_so(web: WebServer) -> None:
    plain = headings(show(web, "view=table"))
    assert plain["Name"] == ("ascending", "/?view=table&sort=name")
    assert plain["Size"] == ("", "/?view=table&sort=size")
    page = show(web, "view=table&type=lora&sort=size")
    assert names(page)[0] == "red cat"
    assert headings(page)["Size"] == ("descending", "/?type=lora&view=table")
    assert headings(page)["Added"] == ("", "/?type=lora&view=table&sort=date")
    assert [order for order, _ in headings(page).values() if order] == ["descending"]


def headings(page: str) -> dict[str, tuple[str, str]]:
    """Return how each column is sorted, and where its heading leads."""
    found = re.findall(r'<th scope="col"[^>]*?(?:aria-sort="(\w+)")?><a href="(.*?)">(\w+)', page)
    return {label: (order, html.unescape(address)) for order, address, label in found}


def test_the_same_list_as_a_table(web: WebServer) -> None:
    page = show(web, "view=table&q=cat")
    assert names(page) == ["blue cat", "red cat"] or names(page) == ["red cat", "blue cat"]
    assert "<table" in page
    assert links(page)["LoRA"] == "/?q=cat&view=table&type=lora"
    assert 'name="view" value="table"' in page


def test_where_nothing_fits_it_says_what_to_remove(web: WebServer) -> None:
    page = show(web, "type=vae&q=cat")
    assert "No model matches" in page
    assert re.search(
        r'href="/\?q=cat">Without[^<]*VAE[^<]*</a>\s*<span class="muted">2 models', page
    )
    assert re.search(
        r'href="/\?type=vae">Without the text[^<]*</a>\s*<span class="muted">1 model<', page
    )


def test_pictures_are_lazy_have_a_size_and_some_are_covered(web: WebServer) -> None:
    page = show(web)
    cards = {name: card for card in page.split("<li class=") for name in names(card)}
    assert re.search('<img loading="lazy"[^>]* width="512" height="512"', cards["blue cat"])
    assert "mature" not in cards["blue cat"]
    assert '<video muted loop playsinline preload="none"' in cards["grey dog"]
    assert "<img" not in cards["grey dog"] + cards["red cat"]
    for name in ("grey dog", "<script>alert(1)</script>"):
        assert 'class="picture mature"' in cards[name]
    assert "SDXL</text>" in cards["red cat"]
    assert "missing" in cards["big one"]


def test_new_models_are_counted(web: WebServer) -> None:
    [address] = re.findall('data-news="([^"]*)"', show(web, "type=lora"))
    path = html.unescape(address)
    assert "new model" not in web.get(path, headers=PAGE).text
    put(web.manager, [{"name": "green cat"}, {"name": "green vae", "type": "vae"}])
    try:
        page = web.get(path, headers=PAGE).text
        assert "1 new model - show" in page
        assert 'href="/?type=lora&amp;sort=date"' in page
    finally:
        for key in ("green-cat", "green-vae"):
            web.manager.records.del_model(key)


def test_views_are_saved_and_forgotten(web: WebServer) -> None:
    send(web, "/views", name="cats", query="q=cat&sort=size", here="/?q=cat")
    assert '/?q=cat&amp;sort=size" aria-current="true"' in show(web, "q=cat&sort=size")
    told = send(web, "/views/forget", name="cats", here="/").text
    assert "cats is forgotten" in told
    assert 'value="q=cat&amp;sort=size"' in told, "it can be undone"
    assert "No view is called" in send(web, "/views/forget", name="cats", here="/").text


@pytest.mark.parametrize("query", ["sofa=1", "type=sofa", "limit=x", "after=x"])
def test_an_address_that_means_nothing_is_an_error_in_words(web: WebServer, query: str) -> None:
    answer = web.get(f"/?{query}", headers=PAGE)
    assert answer.status_code == 400
    assert "This cannot be done" in answer.text


def test_more_and_then_the_next(tmp_path: Path) -> None:
    with WebServer(tmp_path) as web:
        assert "Search" not in show(web), "there is nothing to search"
        put(web.manager, many(620))
        first = show(web, "type=lora")
        assert len(names(first)) == 50
        assert len(first.encode()) < _BYTES
        assert 'href="/?type=lora&amp;limit=100#m-model-0049"' in first
        whole = show(web, "type=lora&limit=500")
        [following] = re.findall(r'href="(/\?type=lora&amp;after=[^"]*)"', whole)
        rest = web.get(html.unescape(following), headers=PAGE).text
        assert names(rest)[0] == "model 0500"
        assert 'href="/?type=lora"' in rest, "it leads to the beginning"
