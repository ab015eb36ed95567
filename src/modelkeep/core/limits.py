"""All limits that keep hostile or broken input cheap are defined here."""

from __future__ import annotations

KIB = 1024
MIB = 1024 * KIB

SAFETENSORS_HEADER_BYTES = 100_000_000
SAFETENSORS_TENSORS = 200_000
#: One JSON value of a header (a name with its entry, or all of ``__metadata__``).
SAFETENSORS_VALUE_BYTES = 16 * MIB
#: What names and shapes of one header may take in memory: 200,000 ordinary ones fit.
SAFETENSORS_MEMORY = 54 * MIB
#: Keys of ``__metadata__``; trainers write about a hundred.
SAFETENSORS_METADATA_KEYS = 20_000
#: Dimensions of one tensor; torch itself stops at 64.
TENSOR_DIMENSIONS = 64

GGUF_KEYS = 200_000
GGUF_TENSORS = 200_000
#: Lists of GGUF within lists; known files have none.
GGUF_DEPTH = 4
#: Texts and lists in all lists of a header: the largest tokenizers have some 800,000 texts.
GGUF_LISTED = 2_000_000
#: What is kept of one text; the rest is passed over.
GGUF_TEXT_BYTES = 64 * KIB
#: A tensor's name or a key; ggml itself stops at 64 bytes for tensors.
GGUF_NAME_BYTES = 4 * KIB
#: What names, shapes and texts of one header may take in memory.
GGUF_MEMORY = 54 * MIB

#: Fields that are looked at in an ONNX model, each node being one.
ONNX_FIELDS = 300_000
ONNX_NAME_BYTES = 4 * KIB
ONNX_TEXT_BYTES = 64 * KIB
#: What names and texts of one model may take in memory.
ONNX_MEMORY = 54 * MIB

PICKLE_BYTES = 64 * MIB
PICKLE_OPCODES = 2_000_000
PICKLE_DEPTH = 100
#: What a pickle and the values in it may take in memory; 100 MiB are there for identifying.
PICKLE_MEMORY = 80 * MIB
#: Names of tensors, joined over the levels of a pickle, and texts kept from its top.
PICKLE_NAMES_BYTES = 8 * MIB
PICKLE_NAME_CHARACTERS = 4 * KIB
PICKLE_METADATA_VALUES = 1_000
PICKLE_METADATA_BYTES = 64 * KIB
ZIP_MEMBERS = 20_000
#: The central directory of a zip: 20,000 entries with long names.
ZIP_DIRECTORY_BYTES = 8 * MIB

FOLDER_JSON_BYTES = 16 * MIB
FOLDER_JSON_FILES = 200
FOLDER_FILES = 10_000
FOLDER_DEPTH = 32

#: Files in which other programs say where their models are; theirs have a few kilobytes.
LAYOUT_FILE_BYTES = 256 * KIB
#: Folders that one of them may name, aliases followed.
LAYOUT_FOLDERS = 10_000
YAML_DEPTH = 16
#: One model's entry in the catalogue of another program, as JSON.
FOREIGN_ENTRY_BYTES = 1 * MIB

#: Bytes copied or hashed in one piece.
PIECE_BYTES = 4 * MIB
#: Bytes written in one call; larger ones have the system look for larger runs of free memory.
WRITE_BYTES = 256 * KIB
#: A file name may have this many bytes on the file systems that people use.
NAME_BYTES = 255
#: Free space that an install leaves untouched.
SPACE_RESERVE_BYTES = 64 * MIB
#: Days that a removed model stays in the trash.
TRASH_DAYS = 7

#: Installs that wait, run or are paused; a server takes no more.
QUEUED_INSTALLS = 64
#: Tasks that wait or run; a server takes no more.
QUEUED_TASKS = 64

#: Trigger phrases of one model, and characters of one of them: some are whole prompts.
PHRASES = 1_000
PHRASE_CHARACTERS = 4 * KIB

#: A file beside a model that says something about it: the site's answers reach hundreds of KiB.
SIDECAR_BYTES = 8 * MIB
SIDECAR_NAME_CHARACTERS = 200
SIDECAR_DESCRIPTION_CHARACTERS = 64 * KIB
SIDECAR_URL_CHARACTERS = 2_000
SIDECAR_TAG_CHARACTERS = 200
SIDECAR_TAGS = 200
#: Files that a site's answer lists for one version of a model.
SIDECAR_FILES = 200
#: A model up to this size is hashed while a folder is scanned, to compare what a sidecar states.
STATED_HASH_BYTES = 64 * MIB
#: Another program's file with hashes of all its models, which also keeps their headers' texts.
OTHER_CACHE_BYTES = 32 * MIB
PREVIEW_BYTES = 64 * MIB
#: A picture that a site names, before it is drawn anew.
FETCHED_PREVIEW_BYTES = 16 * MIB
#: Pixels of such a picture: a screen of 8K has 33 million.
FETCHED_PREVIEW_PIXELS = 40_000_000
#: Chunks looked at before the pixels of a PNG begin.
PNG_CHUNKS = 100

#: A text that a request over HTTP states, and a description.
TEXT_CHARACTERS = 4 * KIB
DESCRIPTION_CHARACTERS = 64 * KIB

#: Models of one page, and characters of what says where a page ended.
PAGE_MODELS = 1_000
CURSOR_CHARACTERS = 16 * KIB
#: Answers about models that a server keeps until the catalogue changes.
READY_ANSWER_BYTES = 32 * MIB
VIEW_NAME_CHARACTERS = 200

#: A YAML catalogue: 5,000 models with what their sites say take about 20 MiB.
CATALOGUE_BYTES = 64 * MIB
#: Values of one record of a YAML catalogue, aliases counted as often as they stand there.
CATALOGUE_VALUES = 200_000
CATALOGUE_DEPTH = 32

#: The body of a request to the server; and of one that brings a piece of a file, or a picture.
REQUEST_BYTES = 1 * MIB
UPLOAD_PIECE_BYTES = 64 * MIB
#: Path and query of a request; httptools itself stops at 64 KiB.
REQUEST_ADDRESS_BYTES = 32 * KIB
#: All headers of a request, and how long they and what else is no body may take, seconds.
REQUEST_HEAD_BYTES = 128 * KIB
REQUEST_HEAD_SECONDS = 30.0
#: Changes over HTTP that the log keeps, the newest of them.
LOGGED_CHANGES = 10_000
