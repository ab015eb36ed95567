"""Tokens of the server and login codes, with several at once at the files."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from modelkeep.app.login_codes import LIFETIME, LoginCodes
from modelkeep.app.server_tokens import MAIN, ServerTokens
from modelkeep.errors import SettingsError
from modelkeep.settings import Settings


@pytest.fixture
def tokens(tmp_path: Path) -> ServerTokens:
    return ServerTokens(Settings(root=tmp_path))


def test_those_who_start_at_once_get_one_token(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = pool.map(lambda _: ServerTokens(Settings(root=tmp_path)).ensure(), range(8))
    [value] = set(made)
    assert (tmp_path / "secrets" / MAIN).read_text() == value
    assert len(value) == 43, "256 bits in letters"


def test_those_who_add_at_once_lose_nothing(tmp_path: Path, tokens: ServerTokens) -> None:
    names = [f"token-{number}" for number in range(16)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: ServerTokens(Settings(root=tmp_path)).add(n, "read"), names))
    assert sorted(one.name for one in tokens.named()) == sorted(names)


def test_of_those_who_use_a_code_at_once_one_gets_in(tokens: ServerTokens) -> None:
    tokens.ensure()
    main = tokens.by_name(MAIN)
    assert main is not None
    code = LoginCodes(tokens).make(main)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: LoginCodes(tokens).redeem(code), range(8)))
    assert [one for one in found if one] == [main]


def test_a_code_ends_after_ten_minutes(
    tokens: ServerTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens.ensure()
    main = tokens.by_name(MAIN)
    assert main is not None
    codes = LoginCodes(tokens)
    monkeypatch.setattr("modelkeep.app.login_codes.time.time", lambda: 1000.0)
    code, other = codes.make(main), codes.make(main)
    monkeypatch.setattr("modelkeep.app.login_codes.time.time", lambda: 999.0 + LIFETIME)
    assert codes.redeem(code) == main
    monkeypatch.setattr("modelkeep.app.login_codes.time.time", lambda: 1000.0 + LIFETIME)
    assert codes.redeem(other) is None


def test_rights_of_others_are_taken_away(
    tokens: ServerTokens, caplog: pytest.LogCaptureFixture
) -> None:
    value = tokens.ensure()
    assert not caplog.records
    path = tokens.folder / MAIN
    path.chmod(0o644)
    tokens.folder.chmod(0o755)
    assert tokens.ensure() == value
    assert (path.stat().st_mode & 0o777, tokens.folder.stat().st_mode & 0o777) == (0o600, 0o700)
    assert "Other users could read" in caplog.text
    assert value not in caplog.text


def test_a_short_token_is_refused(tokens: ServerTokens) -> None:
    tokens.ensure()
    (tokens.folder / MAIN).write_text("secret")
    with pytest.raises(SettingsError, match="too short"):
        tokens.ensure()
    assert tokens.find("secret") is None
    (tokens.folder / MAIN).write_text("")
    assert tokens.find("") is None
    assert len(tokens.ensure()) == 43
