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
INSERT INTO "mk_file" VALUES(1,'not-utf8-absolute','','file:///mnt/disk/caf%E9/l%F6ra.safetensors',5,1,-3,NULL,NULL,NULL);
INSERT INTO "mk_file" VALUES(2,'not-utf8-relative','models','file://sd-1/lora/%FF%FE.pt',6,2,3,NULL,NULL,NULL);
INSERT INTO "mk_file" VALUES(3,'raw-bytes-file','models',X'73642D312F6C6F72612F666F6C6465722FEDB3A92E62696E',7,3,4,NULL,NULL,NULL);
INSERT INTO "mk_file" VALUES(4,'raw-bytes-file','models','sd-1/lora/folder/plain.bin',8,-1,5,'457c769f39d8644199c0e5bdbcfbc85b37ce91cbde1fc1b0ea6b44f130436dd7',NULL,NULL);
INSERT INTO "mk_file" VALUES(5,'absolute','','/mnt/models/Lora/Ünï côdé ''quotes'' "double"%20.safetensors',4611686018427387904,4611686018427387904,9,NULL,NULL,NULL);
CREATE TABLE mk_metadata (
	model_key TEXT NOT NULL, 
	type TEXT NOT NULL, 
	name TEXT NOT NULL, 
	author TEXT NOT NULL, 
	metadata TEXT NOT NULL, 
	PRIMARY KEY (model_key), 
	FOREIGN KEY(model_key) REFERENCES mk_model ("key") ON DELETE CASCADE
);
INSERT INTO "mk_metadata" VALUES('absolute','basemetadata','ñül','me','{"name":"ñül","author":"me","tags":["%","Tag With Space","a,b","tag_with_underscore","ünï"],"type":"basemetadata"}');
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
INSERT INTO "mk_model" VALUES('not-utf8-absolute','not-utf8-absolute','not-utf8-absolute','lora','sd-1','lycoris','file:///mnt/disk/caf%E9/l%F6ra.safetensors',NULL,NULL,NULL,NULL,NULL,'not-utf8-absolute',1.79547756681839394566e+09,1.79547756681839394566e+09,'{"key":"not-utf8-absolute","name":"not-utf8-absolute","path":"file:///mnt/disk/caf%E9/l%F6ra.safetensors","type":"lora","base":"sd-1","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":null,"size":null,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[],"root":"models","state":"present"}');
INSERT INTO "mk_model" VALUES('not-utf8-relative','not-utf8-relative','not-utf8-relative','lora','sd-1','lycoris','file://sd-1/lora/%FF%FE.pt',NULL,NULL,NULL,NULL,NULL,'not-utf8-relative',1795477566.82885,1795477566.82885,'{"key":"not-utf8-relative","name":"not-utf8-relative","path":"file://sd-1/lora/%FF%FE.pt","type":"lora","base":"sd-1","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":null,"size":null,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[],"root":"models","state":"present"}');
INSERT INTO "mk_model" VALUES('raw-bytes-file','raw-bytes-file','raw-bytes-file','lora','sd-1','lycoris','sd-1/lora/folder',NULL,NULL,NULL,NULL,NULL,'raw-bytes-file',1.79547756683100032809e+09,1.79547756683100032809e+09,'{"key":"raw-bytes-file","name":"raw-bytes-file","path":"sd-1/lora/folder","type":"lora","base":"sd-1","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":null,"size":null,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[],"root":"models","state":"present"}');
INSERT INTO "mk_model" VALUES('absolute','absolute','absolute','lora','sd-1','lycoris','/mnt/models/Lora/Ünï côdé ''quotes'' "double"%20.safetensors',NULL,NULL,NULL,NULL,NULL,'absolute',1.7954775668337771893e+09,1.7954775668337771893e+09,'{"key":"absolute","name":"absolute","path":"/mnt/models/Lora/Ünï côdé ''quotes'' \"double\"%20.safetensors","type":"lora","base":"sd-1","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":null,"size":null,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[],"root":"models","state":"present"}');
INSERT INTO "mk_model" VALUES('absolute-dots','absolute-dots','absolute-dots','lora','sd-1','lycoris','/mnt/models/../x/./y.safetensors',NULL,NULL,NULL,NULL,NULL,'absolute-dots',1.79547756683562207227e+09,1.79547756683562207227e+09,'{"key":"absolute-dots","name":"absolute-dots","path":"/mnt/models/../x/./y.safetensors","type":"lora","base":"sd-1","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":null,"size":null,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[],"root":"models","state":"present"}');
INSERT INTO "mk_model" VALUES('relative-dots','relative-dots','relative-dots','lora','sd-1','lycoris','../outside/z.safetensors',NULL,NULL,NULL,NULL,NULL,'relative-dots',1.79547756683672833435e+09,1.79547756683672833435e+09,'{"key":"relative-dots","name":"relative-dots","path":"../outside/z.safetensors","type":"lora","base":"sd-1","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":null,"size":null,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[],"root":"models","state":"present"}');
INSERT INTO "mk_model" VALUES('long','long','long','lora','sd-1','lycoris','d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.pt',NULL,NULL,NULL,NULL,NULL,'long',1.79547756683772850036e+09,1.79547756683772850036e+09,'{"key":"long","name":"long","path":"d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.pt","type":"lora","base":"sd-1","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":null,"size":null,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[],"root":"models","state":"present"}');
INSERT INTO "mk_model" VALUES('newline','newline','newline','lora','sd-1','lycoris','sd-1/lora/new
line	tab.pt',NULL,NULL,NULL,NULL,NULL,'newline',1.79547756683872890477e+09,1.79547756683872890477e+09,'{"key":"newline","name":"newline","path":"sd-1/lora/new\nline\ttab.pt","type":"lora","base":"sd-1","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":null,"size":null,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[],"root":"models","state":"present"}');
INSERT INTO "mk_model" VALUES('_','_','_','lora','sd-1','lycoris','sd-1/lora/_-_.._.-style_v1.0.safetensors',NULL,NULL,NULL,NULL,NULL,'_',1.79547756684022116659e+09,1.79547756684022116659e+09,'{"key":"_","name":"_","path":"sd-1/lora/_-_.._.-style_v1.0.safetensors","type":"lora","base":"sd-1","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":null,"size":null,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[],"root":"models","state":"present"}');
INSERT INTO "mk_model" VALUES('KEY with CAPS é','KEY with CAPS é','key with caps é','lora','sd-1','lycoris','sd-1/lora/ẞtraße İ.safetensors',NULL,NULL,NULL,NULL,NULL,'key with caps é',1.79547756684173417094e+09,1.79547756684173417094e+09,'{"key":"KEY with CAPS é","name":"KEY with CAPS é","path":"sd-1/lora/ẞtraße İ.safetensors","type":"lora","base":"sd-1","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":null,"size":null,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[],"root":"models","state":"present"}');
CREATE TABLE mk_model_tag (
	model_key TEXT NOT NULL, 
	tag_id INTEGER NOT NULL, 
	PRIMARY KEY (model_key, tag_id), 
	FOREIGN KEY(model_key) REFERENCES mk_model ("key") ON DELETE CASCADE, 
	FOREIGN KEY(tag_id) REFERENCES mk_tag (id) ON DELETE CASCADE
);
INSERT INTO "mk_model_tag" VALUES('absolute',1);
INSERT INTO "mk_model_tag" VALUES('absolute',2);
INSERT INTO "mk_model_tag" VALUES('absolute',3);
INSERT INTO "mk_model_tag" VALUES('absolute',4);
INSERT INTO "mk_model_tag" VALUES('absolute',5);
CREATE TABLE mk_schema (
	version INTEGER NOT NULL, 
	written_by TEXT NOT NULL, 
	created_at FLOAT NOT NULL
);
INSERT INTO "mk_schema" VALUES(1,'modelkeep 0.1.0',1.79547756680339789386e+09);
CREATE TABLE mk_tag (
	id INTEGER NOT NULL, 
	text TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (text)
);
INSERT INTO "mk_tag" VALUES(1,'%');
INSERT INTO "mk_tag" VALUES(2,'Tag With Space');
INSERT INTO "mk_tag" VALUES(3,'a,b');
INSERT INTO "mk_tag" VALUES(4,'tag_with_underscore');
INSERT INTO "mk_tag" VALUES(5,'ünï');
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
