"""The comment of an animated WebP: FFmpeg's muxer has no place for it, the file format has."""

from __future__ import annotations

import struct
from pathlib import Path
from xml.sax.saxutils import escape

__all__ = ["add_description"]

_XMP_FLAG = 0x04  # of the VP8X chunk's first byte (RFC 9649, 2.7.1)
_FLAGS_AT = 20
_PACKET = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:description><rdf:Alt>'
    '<rdf:li xml:lang="x-default">{}</rdf:li></rdf:Alt></dc:description>'
    "</rdf:Description></rdf:RDF></x:xmpmeta>"
)


def add_description(path: Path, text: str) -> None:
    """Append an XMP chunk with ``dc:description``; a file without an extended header is left alone.

    Raises:
        OSError: the disk is full.
    """
    body = _PACKET.format(escape(text)).encode()
    chunk = b"XMP " + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
    with path.open("r+b") as file:
        head = file.read(_FLAGS_AT + 1)
        if head[:4] != b"RIFF" or head[12:16] != b"VP8X":
            return
        size = struct.unpack("<I", head[4:8])[0]
        file.seek(0, 2)
        file.write(chunk)
        file.seek(4)
        file.write(struct.pack("<I", size + len(chunk)))
        file.seek(_FLAGS_AT)
        file.write(bytes([head[_FLAGS_AT] | _XMP_FLAG]))
