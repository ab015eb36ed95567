PRAGMA application_id = 1835754594;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE mk_file (
	id INTEGER NOT NULL, 
	model_key TEXT NOT NULL, 
	root TEXT NOT NULL, 
	path TEXT NOT NULL, 
	size INTEGER NOT NULL, 
	mtime_ns INTEGER NOT NULL, 
	inode INTEGER NOT NULL, 
	sha256 TEXT, 
	blake3 TEXT, 
	hashed_at FLOAT, 
	PRIMARY KEY (id), 
	UNIQUE (root, path), 
	FOREIGN KEY(model_key) REFERENCES mk_model ("key") ON DELETE CASCADE
);
CREATE TABLE mk_metadata (
	model_key TEXT NOT NULL, 
	type TEXT NOT NULL, 
	name TEXT NOT NULL, 
	author TEXT NOT NULL, 
	metadata TEXT NOT NULL, 
	PRIMARY KEY (model_key), 
	FOREIGN KEY(model_key) REFERENCES mk_model ("key") ON DELETE CASCADE
);
CREATE TABLE mk_model (
	"key" TEXT NOT NULL, 
	name TEXT NOT NULL, 
	sort_name TEXT NOT NULL, 
	type TEXT NOT NULL, 
	base TEXT NOT NULL, 
	format TEXT NOT NULL, 
	path TEXT NOT NULL, 
	original_hash TEXT, 
	current_hash TEXT, 
	size INTEGER, 
	description TEXT, 
	source TEXT, 
	words TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	updated_at FLOAT NOT NULL, 
	config TEXT NOT NULL, 
	PRIMARY KEY ("key"), 
	UNIQUE (path)
);
CREATE TABLE mk_model_tag (
	model_key TEXT NOT NULL, 
	tag_id INTEGER NOT NULL, 
	PRIMARY KEY (model_key, tag_id), 
	FOREIGN KEY(model_key) REFERENCES mk_model ("key") ON DELETE CASCADE, 
	FOREIGN KEY(tag_id) REFERENCES mk_tag (id) ON DELETE CASCADE
);
CREATE TABLE mk_schema (
	version INTEGER NOT NULL, 
	written_by TEXT NOT NULL, 
	created_at FLOAT NOT NULL
);
INSERT INTO "mk_schema" VALUES(1,'modelkeep 0.1.0',1.79547756549457621574e+09);
CREATE TABLE mk_tag (
	id INTEGER NOT NULL, 
	text TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (text)
);
CREATE INDEX ix_mk_model_base ON mk_model (base);
CREATE INDEX ix_mk_model_created_at ON mk_model (created_at);
CREATE INDEX ix_mk_model_current_hash ON mk_model (current_hash);
CREATE INDEX ix_mk_model_default_order ON mk_model (type, base, format, sort_name);
CREATE INDEX ix_mk_model_format ON mk_model (format);
CREATE INDEX ix_mk_model_name ON mk_model (name);
CREATE INDEX ix_mk_model_original_hash ON mk_model (original_hash);
CREATE INDEX ix_mk_model_size ON mk_model (size);
CREATE INDEX ix_mk_model_sort_name ON mk_model (sort_name);
CREATE INDEX ix_mk_model_source ON mk_model (source);
CREATE INDEX ix_mk_file_blake3 ON mk_file (blake3);
CREATE INDEX ix_mk_file_model_key ON mk_file (model_key);
CREATE INDEX ix_mk_file_sha256 ON mk_file (sha256);
CREATE INDEX ix_mk_file_size ON mk_file (size);
CREATE INDEX ix_mk_metadata_author ON mk_metadata (author);
CREATE INDEX ix_mk_metadata_name ON mk_metadata (name);
CREATE INDEX ix_mk_model_tag_tag_id ON mk_model_tag (tag_id);
COMMIT;
