"""Damage GPX, TCX and other XML: texts, attributes and elements, entities, depth, encodings."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from odd import pick_cell

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

MOST = 1 << 20  # bytes
PIECE = re.compile(r"<[^>]*>|[^<]+")
ATTRIBUTE = re.compile(r"""([\w:]+)\s*=\s*("[^"]*"|'[^']*')""")
BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]>"
)
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
ENCODINGS = (*("utf-8",) * 12, "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252")
PIECE_WAYS = (
    "text column attribute " * 5 + "attributes attributes drop double swap rename element element bomb deep data cut "
    "declare prefix grow digits digits splice again long unclosed comment"
).split()


def spoil_markup(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """Return XML with a few things wrong."""
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    pieces = PIECE.findall(data.decode("utf-16" if wide else "utf-8", "replace"))
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        if pieces:
            _spoil_pieces(pieces, others, chance)
    return "".join(pieces).encode(chance.choice(ENCODINGS), "replace")[:MOST]


def _spoil_pieces(pieces: list[str], others: Sequence[bytes], chance: random.Random) -> None:
    at = chance.randrange(len(pieces))
    texts = [place for place, piece in enumerate(pieces) if piece[:1] != "<" and piece.strip()]
    told = [place for place, piece in enumerate(pieces) if piece[:1] == "<" and "=" in piece]
    match chance.choice(PIECE_WAYS):
        case "text" if texts:
            pieces[chance.choice(texts)] = _written(chance)
        case "column" if texts:
            name = pieces[max(chance.choice(texts) - 1, 0)]
            same, many, share = _written(chance), chance.random() < 0.4, chance.choice((0.3, 1, 1))
            for place in texts:
                if pieces[place - 1] == name and chance.random() < share:
                    pieces[place] = _written(chance) if many else same
        case "attribute" if told:
            place = chance.choice(told)
            found = list(ATTRIBUTE.finditer(pieces[place]))
            if found:
                one = chance.choice(found)
                first, last = one.span(2) if chance.random() < 0.7 else one.span(0)
                fresh = f'"{_written(chance)}"' if chance.random() < 0.8 else ""
                pieces[place] = pieces[place][:first] + fresh + pieces[place][last:]
        case "attributes" if told:
            names = [one[1] for place in told[:200] for one in ATTRIBUTE.finditer(pieces[place])]
            name, same, many = chance.choice(names or ["a"]), _written(chance), chance.random() < 0.4
            form = re.compile(rf'(\b{name}\s*=\s*)("[^"]*")')
            for place in told:
                fresh = _written(chance) if many else same
                pieces[place] = form.sub(lambda found, fresh=fresh: f'{found[1]}"{fresh}"', pieces[place])
        case "drop":
            del pieces[at : at + chance.choice((1, 1, 2, 10))]
        case "double":
            pieces[at:at] = pieces[at : at + chance.choice((1, 3, 30, 300))]
        case "swap":
            other = chance.randrange(len(pieces))
            pieces[at], pieces[other] = pieces[other], pieces[at]
        case "rename":
            name = re.match(r"</?([\w:]+)", pieces[at])
            fresh = chance.choice(
                ("x", "a:b:c", "Time", "time", "Record", "trkpt", "Lap", "Activity", "Value", "value")
            )
            if name:
                whole = re.compile(rf"^(</?){re.escape(name[1])}\b")
                for place in range(len(pieces)) if chance.random() < 0.6 else [at]:
                    pieces[place] = whole.sub(rf"\g<1>{fresh}", pieces[place])
        case "element":
            _spoil_element(pieces, chance)
        case "bomb":
            pieces.insert(
                chance.choice((0, 1, at)), chance.choice((BOMB, OUTSIDE, "<!DOCTYPE gpx>", "<!ENTITY a 'b'>"))
            )
            if texts:
                pieces[chance.choice(texts)] = chance.choice(("&j;", "&a;", "&#0;", "&#xD800;", "&#1114112;", "&nbsp;"))
        case "deep":
            many = chance.choice((20, 99, 1000, 100_000))
            pieces[at:at] = [chance.choice(("<a>", "<trkpt>", "<extensions>", "<Workout>"))] * many
        case "data":
            pieces[at] = chance.choice((f"<![CDATA[{pieces[at]}]]>", "<![CDATA[", "]]>", "<?php x ?>", "<?xml?>"))
        case "cut":
            del pieces[at:]
        case "declare":
            coding = chance.choice(
                ("utf-16", "latin-1", "gb2312", "utf-7", "rot13", "hex", "idna", "punycode", "euc-jp")
            )
            pieces[0] = f'<?xml version="1.{chance.randrange(3)}" encoding="{coding}"?>'
        case "prefix":
            for place, piece in enumerate(pieces):
                if chance.random() < 0.5:
                    pieces[place] = re.sub(r"^<(/?)(?=\w)", r"<\1gpxdata:", piece)
        case "grow" if chance.random() < 0.3:
            _grow(pieces, chance)
        case "digits":
            for place in range(len(pieces)):
                if chance.random() < 0.1:
                    pieces[place] = _other_digit(pieces[place], chance)
        case "splice" if others:
            foreign = PIECE.findall(chance.choice(others).decode("utf-8", "replace"))
            first = chance.randrange(len(foreign) or 1)
            pieces[at:at] = foreign[first : first + chance.choice((1, 10, 1000))]
        case "again":
            pieces += pieces
        case "long":
            pieces[at] = chance.choice((" ", "x", "<", "&", ">", "1")) * 500_000
        case "unclosed":
            pieces[at] = pieces[at][:-1] or "x"
        case "comment":
            pieces[at] = f"<!-- {pieces[at]} -->" if chance.random() < 0.7 else "<!--"


def _written(chance: random.Random) -> str:
    told = pick_cell(chance)
    return escape(told) if chance.random() < 0.8 else told


def _spoil_element(pieces: list[str], chance: random.Random) -> None:
    """Drop, repeat or move a whole element."""
    opened = [place for place, piece in enumerate(pieces) if re.match(r"<\w[^>]*[^/]>$", piece)]
    if not opened:
        return
    first = chance.choice(opened)
    name = re.match(r"<([\w:]+)", pieces[first])
    closing = f"</{name[1]}>" if name else ""
    last = (
        next((place for place in range(first, min(first + 5000, len(pieces))) if pieces[place] == closing), first) + 1
    )
    whole = pieces[first:last]
    match chance.choice(("drop", "double", "move", "many")):
        case "drop":
            del pieces[first:last]
        case "double":
            pieces[first:first] = whole
        case "move":
            del pieces[first:last]
            at = chance.randrange(len(pieces) + 1)
            pieces[at:at] = whole
        case "many":
            size = sum(map(len, whole)) or 1
            pieces[first:first] = whole * min(chance.choice((5, 50, (MOST // 2) // size)), MOST // 2 // size + 1)


def _grow(pieces: list[str], chance: random.Random) -> None:
    """Repeat the middle, each time a little different, up to near the largest size."""
    body = pieces[len(pieces) // 3 : 2 * len(pieces) // 3][:400]
    size = sum(map(len, body)) or 1
    fresh: list[str] = []
    for _ in range(chance.choice((20_000, 200_000, MOST - 100_000)) // size):
        fresh += [_other_digit(piece, chance) if chance.random() < 0.05 else piece for piece in body]
    pieces[len(pieces) // 3 : len(pieces) // 3] = fresh


def _other_digit(piece: str, chance: random.Random) -> str:
    places = [place for place, sign in enumerate(piece[:200]) if sign.isdigit()]
    if not places:
        return piece
    place = chance.choice(places)
    return f"{piece[:place]}{chance.randrange(10)}{piece[place + 1 :]}"
