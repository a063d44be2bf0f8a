"""Damage tables of text as people, spreadsheets and scripts do: headings, cells, rows, separators, encodings."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from odd import pick_cell

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    Rows = list[list[str]]

MOST = 1 << 20  # bytes
MARKS = (",", ";", "\t", "|")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "utf-8", "utf-8", "utf-8", "utf-8")


def spoil_table(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """Return a table with a few things wrong, in any form a table can be written in."""
    text, mark = read_text(data)
    rows = read_rows(text, mark)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 5))):
        if not rows:
            break
        weights = [weight for _, weight in _WAYS]
        chance.choices([way for way, _ in _WAYS], weights)[0](rows, others, chance)
    if chance.random() < 0.15:
        mark = chance.choice(MARKS)
    quoting = chance.choice((csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    written = write_rows(rows, mark, chance.choice(("\n", "\n", "\n", "\r\n", "\r")), quoting)
    for _ in range(chance.choice((0, 0, 1))):
        written = _spoil_text(written, chance)
    coding = chance.choice(ENCODINGS)
    return written.encode(coding, "surrogateescape" if coding.startswith("utf-8") else "replace")[:MOST]


def read_text(data: bytes) -> tuple[str, str]:
    """Return a table as text, and what parts its cells."""
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    text = data.decode("utf-16" if wide else "utf-8-sig", "replace" if wide else "surrogateescape")
    first = text[:2000].splitlines()[:3]
    return text, max(MARKS, key=lambda mark: sum(line.count(mark) for line in first))


def read_rows(text: str, mark: str) -> Rows:
    """Return the rows as far as they can be told apart."""
    rows: Rows = []
    usual = csv.field_size_limit(10 * MOST)  # which counts for all that reads csv in this process
    try:
        rows.extend(csv.reader(io.StringIO(text, newline=""), delimiter=mark))
    except csv.Error:
        rows += [line.split(mark) for line in text.splitlines()[len(rows) :]]
    finally:
        csv.field_size_limit(usual)
    return rows


def write_rows(rows: Rows, mark: str, end: str = "\n", quoting: int = csv.QUOTE_MINIMAL) -> str:
    """Return a table as text."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=mark, lineterminator=end, quoting=quoting).writerows(rows)  # type: ignore[arg-type]
    return out.getvalue()


def _cells(rows: Rows, _: Sequence[bytes], chance: random.Random) -> None:
    for _ in range(chance.choice((1, 1, 3, 10))):
        row = chance.choice(rows)
        if row:
            row[chance.randrange(len(row))] = pick_cell(chance)


def _column(rows: Rows, _: Sequence[bytes], chance: random.Random) -> None:
    """Fill a column, or half of it, with one odd thing or with many; its heading stays as often as not."""
    place = chance.randrange(max(map(len, rows), default=0) or 1)
    same, share, first = pick_cell(chance), chance.choice((0.3, 1, 1)), chance.randrange(2)
    many = chance.random() < 0.4
    for row in rows[first:]:
        if place < len(row) and chance.random() < share:
            row[place] = pick_cell(chance) if many else same


def _swap_columns(rows: Rows, _: Sequence[bytes], chance: random.Random) -> None:
    width = len(rows[0])
    if width < 2:
        return
    one, other = chance.sample(range(width), 2)
    for row in rows[: chance.choice((1, len(rows)))]:
        if max(one, other) < len(row):
            row[one], row[other] = row[other], row[one]


def _heading(rows: Rows, others: Sequence[bytes], chance: random.Random) -> None:
    """Rename, empty or repeat a heading, or take one from another export."""
    row = chance.choice(rows[:3])
    if not row:
        return
    foreign = _foreign_rows(others, chance)
    place = chance.randrange(len(row))
    kinds = [chance.choice(row), "", row[place].upper(), row[place] + " (km)", row[place] + "\n", row[place][:-1]]
    row[place] = chance.choice([*kinds, pick_cell(chance), *(foreign[0] if foreign and foreign[0] else [])])


def _drop_column(rows: Rows, _: Sequence[bytes], chance: random.Random) -> None:
    width = len(rows[0])
    if width:
        place = chance.randrange(width)
        for row in rows[: chance.choice((1, len(rows), len(rows)))]:
            del row[place : place + 1]


def _add_column(rows: Rows, _: Sequence[bytes], chance: random.Random) -> None:
    width = len(rows[0])
    source, place = chance.randrange(width) if width else 0, chance.randrange(width + 1)
    for row in rows[: chance.choice((1, len(rows), len(rows)))]:
        row.insert(place, row[source] if source < len(row) else "")


def _ragged(rows: Rows, _: Sequence[bytes], chance: random.Random) -> None:
    for row in chance.sample(rows, min(len(rows), chance.choice((1, 2, len(rows))))):
        if chance.random() < 0.5:
            del row[chance.randrange(len(row) + 1) :]
        else:
            row += [pick_cell(chance)] * chance.choice((1, 2, 300))


def _shift(rows: Rows, _: Sequence[bytes], chance: random.Random) -> None:
    row = chance.choice(rows)
    row.insert(chance.randrange(len(row) + 1), "")


def _move_rows(rows: Rows, _: Sequence[bytes], chance: random.Random) -> None:
    match chance.choice(("shuffle", "drop", "double", "head again", "blank", "note", "head away", "reverse", "sep")):
        case "shuffle":
            chance.shuffle(rows)
        case "drop":
            del rows[chance.randrange(len(rows)) :]
        case "double":
            rows += [list(row) for row in rows[1:] * chance.choice((1, 1, 5))]
        case "head again":
            rows.insert(chance.randrange(len(rows) + 1), list(rows[0]))
        case "blank":
            rows[0:0] = [[]] * chance.choice((1, 30, 200))
        case "note":
            rows.insert(0, [pick_cell(chance)])
        case "head away":
            del rows[0]
        case "reverse":
            rows[1:] = rows[:0:-1]
        case "sep":
            rows.insert(0, [f"sep={chance.choice(MARKS)}"])


def _splice(rows: Rows, others: Sequence[bytes], chance: random.Random) -> None:
    """Take rows, or the headings, of another export."""
    foreign = _foreign_rows(others, chance)
    if not foreign:
        return
    match chance.choice(("after", "before", "rows", "heading")):
        case "after":
            rows += foreign
        case "before":
            rows[0:0] = foreign
        case "rows":
            rows += foreign[1:]
        case "heading":
            rows[0] = foreign[0]


def _foreign_rows(others: Sequence[bytes], chance: random.Random) -> Rows:
    return read_rows(*read_text(chance.choice(others)[:4000])) if others else []


def _grow(rows: Rows, _: Sequence[bytes], chance: random.Random) -> None:
    """Repeat the rows up to near the largest size, each a little different: a digit is drawn anew here and there."""
    size = sum(len(cell) + 1 for row in rows for cell in row) or 1
    most = chance.choice((20_000, 200_000, MOST - 10_000))
    body = rows[1:] or rows
    for _ in range(min(most // size, 30_000)):
        for row in body:
            fresh = list(row)
            for _ in range(chance.choice((0, 1, 2))):
                if fresh:
                    place = chance.randrange(len(fresh))
                    fresh[place] = _other_digit(fresh[place], chance)
            rows.append(fresh)


def _other_digit(cell: str, chance: random.Random) -> str:
    places = [place for place, sign in enumerate(cell[:30]) if sign.isdigit()]
    if not places:
        return cell
    place = chance.choice(places)
    return f"{cell[:place]}{chance.randrange(10)}{cell[place + 1 :]}"


def _digits(rows: Rows, _: Sequence[bytes], chance: random.Random) -> None:
    for row in rows[1:]:
        for place, cell in enumerate(row):
            if chance.random() < 0.2:
                row[place] = _other_digit(cell, chance)


def _widen(rows: Rows, _: Sequence[bytes], chance: random.Random) -> None:
    """Make a table of thousands of columns."""
    more = chance.choice((400, 3000))
    for number, row in enumerate(rows[:60]):
        row += [f"x{place}" if number == 0 and chance.random() < 0.9 else "1" for place in range(more)]


_WAYS: list[tuple[Callable[[Rows, Sequence[bytes], random.Random], None], float]] = [
    *((_cells, 8), (_column, 8), (_swap_columns, 3), (_heading, 6), (_drop_column, 3), (_add_column, 2), (_ragged, 2)),
    *((_shift, 1), (_move_rows, 4), (_splice, 2), (_grow, 0.3), (_digits, 3), (_widen, 0.2)),
]


def _spoil_text(text: str, chance: random.Random) -> str:
    """Damage what stands between the cells."""
    ends = "\n", "\r\n", "\r", "\n\n"
    at = chance.randrange(len(text) + 1)
    match chance.choice(("quote", "nul", "ends", "cut", "long", "mark", "bytes", "comma", "space", "marks")):
        case "quote":
            return text[:at] + '"' + text[at:]
        case "nul":
            return text[:at] + "\0" * chance.choice((1, 3, 100)) + text[at:]
        case "ends":
            return "".join(line + chance.choice(ends) for line in text.split("\n"))
        case "cut":
            return text[:at]
        case "long":
            return text[:at] + chance.choice(("x", '"', ",", " ", ";", "\n", "1")) * 300_000 + text[at:]
        case "mark":
            return text[:at] + "\ufeff" + text[at:]
        case "bytes":
            return text[:at] + chance.choice(("\udcff\udcfe", "\udced\udca0\udc80", "\udc80", "\udce9")) + text[at:]
        case "comma":
            return text.replace(".", ",")
        case "space":
            return text.replace(" ", chance.choice(("\u00a0", "\u202f", "  ", "")))
        case "marks":
            return text.replace(chance.choice(MARKS), chance.choice(MARKS))
    return text
