"""The catalogue: records, their files and their metadata."""

#: Version of the record format, as the specification counts.
RECORDS_VERSION = "3.2"
