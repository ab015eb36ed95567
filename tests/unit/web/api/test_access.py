"""Tokens of the server, made and listed over HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.web import WebServer

ACCESS = "/api/v1/access/"


def ends(web: WebServer) -> list[str | None]:
    answer = web.get(ACCESS)
    assert answer.status_code == 200, answer.text
    return [one["expires"] for one in answer.json()["items"]]


@pytest.mark.parametrize("expires", ["3000000d", "999999999d", "9999-12-31T23:59:59-23:59"])
def test_a_time_that_no_calendar_has_is_refused(expires: str, tmp_path: Path) -> None:
    with WebServer(tmp_path) as web:
        answer = web.post(ACCESS, {"name": "late", "expires": expires})
        assert answer.status_code == 400, answer.text
        assert "after the year 9999" in answer.json()["detail"]
        assert ends(web) == []


@pytest.mark.parametrize(
    ("expires", "end"),
    [("never", None), (None, None), ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59+00:00")],
)
def test_a_late_end_is_kept(expires: str | None, end: str | None, tmp_path: Path) -> None:
    with WebServer(tmp_path) as web:
        answer = web.post(ACCESS, {"name": "late", "expires": expires})
        assert answer.status_code == 201, answer.text
        assert ends(web) == [answer.json()["expires"]] == [end]
