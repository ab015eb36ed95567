"""The catalogue: records, their files and their metadata."""

#: Version of the record format, as the seed counts.
RECORDS_VERSION = "3.2"
