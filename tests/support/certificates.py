"""Certificates that nobody vouches for, made by openssl."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def self_signed(folder: Path, name: str = "server", *, passphrase: str = "") -> tuple[Path, Path]:
    """Make a certificate of 127.0.0.1 and its key; skips where there is no openssl."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is missing")
    folder.mkdir(parents=True, exist_ok=True)
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    words += ["-passout", f"pass:{passphrase}"] if passphrase else ["-nodes"]
    words += ["-keyout", str(key), "-out", str(cert), "-days", "2", "-subj", "/CN=127.0.0.1"]
    words += ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    subprocess.run(["openssl", *words], check=True, capture_output=True)
    return cert, key
