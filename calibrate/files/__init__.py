"""Files: read as one version of themselves, written whole or not at all, never both in one run."""

from calibrate.files.ledger import Ledger, Placed, Version, changed, together
from calibrate.files.reading import (
    check_regular,
    check_version,
    once,
    parsed,
    peek,
    read_text,
    reading,
    version_of,
)
from calibrate.files.writing import (
    announce,
    check_folder,
    check_writable,
    json_text,
    read_json,
    write_bytes,
    write_folder,
    write_json,
    writing,
)

__all__ = [
    "Ledger",
    "Placed",
    "Version",
    "announce",
    "changed",
    "check_folder",
    "check_regular",
    "check_version",
    "check_writable",
    "json_text",
    "once",
    "parsed",
    "peek",
    "read_json",
    "read_text",
    "reading",
    "together",
    "version_of",
    "write_bytes",
    "write_folder",
    "write_json",
    "writing",
]
