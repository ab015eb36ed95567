"""Saved views over HTTP."""

from __future__ import annotations

from pathlib import Path

from support.web import WebServer

VIEWS = "/api/v1/views"


def test_views_are_saved_listed_and_forgotten(tmp_path: Path) -> None:
    with WebServer(tmp_path) as web:
        assert web.get(VIEWS).json() == {"views": []}
        saved = web.ask("PUT", f"{VIEWS}/new/red", json={"query": "type=LoRA&tag=red&sort=date"})
        assert saved.json()["query"] == "type=lora&tag=red&sort=date"
        web.ask("PUT", f"{VIEWS}/all", json={"query": ""})
        web.ask("PUT", f"{VIEWS}/all", json={"query": "q=a"})
        listed = [(view["name"], view["query"]) for view in web.get(VIEWS).json()["views"]]
        assert listed == [("all", "q=a"), ("new/red", "type=lora&tag=red&sort=date")]
        for name, query in (("all", "sofa=1"), ("%20", "q=a"), ("a%00", "q=a")):
            refused = web.ask("PUT", f"{VIEWS}/{name}", json={"query": query})
            assert (refused.status_code, refused.json()["error"]["code"]) == (400, "UsageError")
        assert web.ask("DELETE", f"{VIEWS}/all").status_code == 204
        assert web.ask("DELETE", f"{VIEWS}/all").status_code == 404
