"""XML of any quality -> its elements one by one, without ever holding the whole.

Real files begin with blanks, use prefixes nobody declared, name an encoding they are not in, and stop halfway. Names
are taken without their prefix and in lower case. Document types and entities are refused: no export has them, attacks
do.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from xml.parsers import expat

from loadlens.formats.source import MAX_BYTES, UnreadableFile

if TYPE_CHECKING:
    from loadlens.formats.source import Source

    Element = tuple[str, dict[str, str] | None, str]

BLOCK = 1 << 18  # bytes read at a time
LONGEST_CARRY = 1 << 22  # bytes without a single ">" after which the text is cut anywhere
DEEPEST = 100  # elements within elements; activities need about ten
LONGEST_TEXT = 10_000  # characters kept of one text
MOST_NAMES = 4096  # element names remembered

_STRAY = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9A-Fa-f]{1,6});)")
_CONTROL = bytes(sign for sign in range(32) if sign not in (9, 10, 13))
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})""")
_EIGHT_BIT = re.compile(r"(iso-?8859|latin|windows-?125|cp125|koi8|gb|big5|shift|euc)", re.IGNORECASE)


def strip_head(head: bytes) -> bytes:
    """Return the beginning of a file in ASCII as far as it is, without mark, blanks and the gaps of UTF-16."""
    return head.replace(b"\0", b"").removeprefix(b"\xef\xbb\xbf").lstrip(b"\xff\xfe \t\r\n\xa0")


def read_elements(source: Source, problems: list[str]) -> Iterator[Element]:
    """Yield the elements of a file as they open and close.

    Parameters
    ----------
    source : Source
        The file.
    problems : list of str
        Takes what stopped the reading early; stays empty when the file is whole.

    Yields
    ------
    name : str
        Without prefix, in lower case.
    attributes : dict or None
        When it opens; None when it closes.
    text : str
        When it closes: the text behind its last child, the whole text of an element without children.

    Raises
    ------
    UnreadableFile
        The file has a document type or entities, or elements deeper than `DEEPEST`.
    """
    found: list[Element] = []
    parser = _make_parser(source.name, found)
    try:
        for block in clean_blocks(source, MAX_BYTES):
            parser.Parse(block, False)
            yield from found
            found.clear()
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        problems.append(str(error))
    yield from found


def _make_parser(name: str, found: list[Element]) -> expat.XMLParserType:
    """Make a parser that puts elements into `found`."""
    local: dict[str, str] = {}
    text: list[str] = []
    depth = 0

    def shorten(tag: str) -> str:
        short = tag.rpartition(":")[2].lower()
        if len(local) < MOST_NAMES:
            local[tag] = short
        return short

    def opened(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise UnreadableFile("xml_too_deep", where=name, limit=DEEPEST)
        text.clear()
        found.append((local.get(tag) or shorten(tag), attributes, ""))

    def closed(tag: str) -> None:
        nonlocal depth
        depth -= 1
        found.append((local.get(tag) or shorten(tag), None, "".join(text).strip()[:LONGEST_TEXT]))
        text.clear()

    def said(characters: str) -> None:
        if len(text) < LONGEST_TEXT // 10:
            text.append(characters)

    def refused(*_: object) -> None:
        raise UnreadableFile("xml_entities", where=name)

    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = opened
    parser.EndElementHandler = closed
    parser.CharacterDataHandler = said
    parser.StartDoctypeDeclHandler = refused
    parser.EntityDeclHandler = refused
    return parser


def clean_blocks(source: Source, limit: int) -> Iterator[bytes]:
    """Yield the file in sound UTF-8, in blocks that end where an element does.

    Raises
    ------
    UnreadableFile
        The file is longer than `limit` bytes.
    """
    with source.opener() as stream:
        block = stream.read(BLOCK)
        marked = block[:2] in (b"\xff\xfe", b"\xfe\xff")
        wide = marked or (b"\0" in block[:4] and b"<" in block[:4])
        order = "utf-16" if marked else "utf-16-be" if block[:1] == b"\0" else "utf-16-le"
        decoder = codecs.getincrementaldecoder(order)("replace") if wide else None
        declared = _DECLARED.match(strip_head(block))
        told = declared[1].decode() if declared else "utf-8"
        encoding = told if _EIGHT_BIT.match(told) and _is_known(told) else "utf-8"
        block = block if wide else block.removeprefix(b"\xef\xbb\xbf").lstrip(b"\0 \t\r\n\xa0")
        carry, seen, first = b"", len(block), True
        while block:
            if decoder is not None:
                block = decoder.decode(block).encode("utf-8", "replace")
                block, first = block.lstrip() if first else block, False
            whole = carry + block
            cut = whole.rfind(b">") + 1 or (len(whole) if len(whole) > LONGEST_CARRY else 0)
            yield _mend(whole[:cut], encoding)
            carry = whole[cut:]
            block = stream.read(BLOCK)
            seen += len(block)
            if seen > limit:
                raise UnreadableFile("too_large", where=source.name, limit=limit)
        yield _mend(carry, encoding)


def _is_known(encoding: str) -> bool:
    try:
        return bool(codecs.lookup(encoding))
    except LookupError:
        return False


def _mend(block: bytes, encoding: str) -> bytes:
    """Return a block in UTF-8 without the signs that XML forbids."""
    if encoding != "utf-8":
        block = block.decode(encoding, "replace").encode()
    elif not block.isascii():
        try:
            block.decode("utf-8")
        except UnicodeDecodeError:
            block = block.decode("cp1252", "replace").encode()
    block = block.translate(None, _CONTROL)
    return _STRAY.sub(b"&amp;", block) if b"&" in block else block
