"""The tables of the state file, step by step."""

from __future__ import annotations

#: What each version of the file adds to the one before; a file is brought up when it is opened.
STEPS = (
    """
CREATE TABLE job (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL DEFAULT 'install',
    source TEXT NOT NULL,
    details TEXT NOT NULL,
    status TEXT NOT NULL,
    request TEXT,
    owner TEXT NOT NULL,
    key TEXT,
    error_type TEXT,
    error TEXT,
    hint TEXT,
    bytes INTEGER NOT NULL DEFAULT 0,
    total_bytes INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL,
    beat_at REAL NOT NULL DEFAULT 0,
    ended_at REAL
);
CREATE INDEX job_by_owner ON job (owner) WHERE ended_at IS NULL;
CREATE INDEX job_by_source ON job (kind, source) WHERE ended_at IS NULL;
CREATE TABLE journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    note TEXT NOT NULL,
    owner TEXT NOT NULL,
    job INTEGER REFERENCES job(id) ON DELETE SET NULL,
    updated_at REAL NOT NULL
);
CREATE TABLE trash_place (folder TEXT PRIMARY KEY);
CREATE TABLE lookup (
    path BLOB PRIMARY KEY,
    stamp TEXT NOT NULL,
    rules TEXT NOT NULL,
    verdict TEXT NOT NULL
) WITHOUT ROWID;
""",
    """
CREATE TABLE left_out (
    root TEXT NOT NULL,
    path TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    sample TEXT NOT NULL,
    PRIMARY KEY (root, path)
) WITHOUT ROWID;
ALTER TABLE job ADD COLUMN speed REAL;
CREATE TABLE oddity (
    subject TEXT PRIMARY KEY,
    sign TEXT NOT NULL,
    accepted INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE catalogue (path TEXT PRIMARY KEY);
CREATE TABLE page_end (
    token TEXT PRIMARY KEY,
    cursor TEXT NOT NULL,
    used_at REAL NOT NULL
) WITHOUT ROWID;
""",
)
