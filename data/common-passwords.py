"""Prints the list of the most used passwords from a Django wheel, in the form that Ringfence searches."""

import gzip
import sys
import unicodedata
import zipfile

LIST = "django/contrib/auth/common-passwords.txt.gz"

with zipfile.ZipFile(sys.argv[1]) as wheel:
    raw = gzip.decompress(wheel.read(LIST)).decode("utf-8")

# NFKC once more after lower-casing, which can undo it: "J" with a caron has no composed form, "j" with a caron has.
entries = {
    unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", line.strip()).lower())
    for line in raw.split("\n")
}
for entry in sorted(entry.encode("utf-8") for entry in entries if entry):
    sys.stdout.buffer.write(entry + b"\n")
