"""Damage JSON: other values in any place, members gone or doubled, lists for objects, depth without end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from odd import pick_cell, pick_value

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

MOST = 1 << 20  # bytes
DEEPEST = 100_000
MOST_PLACES = 4000
VALUE_WAYS = (
    "odd " * 5 + "column " * 6 + "drop drop every rename wrap unwrap swap type type double digits digits "
    "list object grow splice deep"
).split()
TEXT_WAYS = ("none " * 14 + "deep cut mark wide nul lines comma number again half").split()


def spoil_json(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """Return JSON with a few things wrong; what is no JSON is given back as it is."""
    try:
        whole = [json.loads(data)]
    except (ValueError, RecursionError):
        return data
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        _spoil_value(whole, others, chance)
    return _spoil_text(json.dumps(whole[0]), chance)[:MOST]


def list_places(value: Any) -> list[tuple[Any, Any]]:
    """Return container and key of everything inside, the first some thousands."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting and len(found) < MOST_PLACES:
        here = waiting.pop(0)
        keys = list(here) if isinstance(here, dict) else range(len(here)) if isinstance(here, list) else ()
        for key in keys:
            found.append((here, key))
            if isinstance(here[key], (dict, list)):
                waiting.append(here[key])
    return found


def _spoil_value(whole: list[Any], others: Sequence[bytes], chance: random.Random) -> None:
    places = list_places(whole)
    holder, key = chance.choice(places)
    value = holder[key]
    match chance.choice(VALUE_WAYS):
        case "odd":
            holder[key] = pick_value(chance)
        case "column":
            fresh, many, share = pick_value(chance), chance.random() < 0.4, chance.choice((0.3, 1, 1))
            for there, name in places:
                if name == key and chance.random() < share:
                    there[name] = pick_value(chance) if many else fresh
        case "drop" if len(places) > 1 and holder is not whole:
            del holder[key]
        case "every":
            for there, name in places:
                if name == key and isinstance(there, dict):
                    there.pop(name, None)
        case "rename" if isinstance(holder, dict):
            holder[chance.choice([pick_cell(chance)[:200], str(key).upper(), *map(str, holder)])] = holder.pop(key)
        case "wrap":
            holder[key] = chance.choice(([value], {"value": value}, [[value]], {str(key): value}))
        case "unwrap" if isinstance(value, (list, dict)) and value:
            holder[key] = next(iter(value.values())) if isinstance(value, dict) else value[0]
        case "swap":
            there, name = chance.choice(places)
            holder[key], there[name] = json.loads(json.dumps(there[name])), json.loads(json.dumps(value))
        case "type":
            holder[key] = _other_type(value)
        case "double" if isinstance(value, list):
            value += json.loads(json.dumps(value[: chance.choice((1, 100))]))
        case "digits":
            for there, name in places:
                if chance.random() < 0.2:
                    there[name] = _other_digits(there[name], chance)
        case "list" if isinstance(value, dict):
            holder[key] = list(value.values())
        case "object" if isinstance(value, list):
            holder[key] = {str(number): one for number, one in enumerate(value)}
        case "grow" if isinstance(value, list) and value and chance.random() < 0.3:
            holder[key] = _grow(value, chance)
        case "splice" if others:
            try:
                foreign = json.loads(chance.choice(others))
            except (ValueError, RecursionError):
                return
            holder[key] = foreign if chance.random() < 0.5 else chance.choice(list_places([foreign]))[0]
        case "deep":
            for _ in range(chance.choice((5, 60, 300))):
                value = [value] if chance.random() < 0.5 else {str(key): value}
            holder[key] = value


def _other_type(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return len(value)
    return len(value)


def _other_digits(value: Any, chance: random.Random) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return value
    text = str(value)
    places = [place for place, sign in enumerate(text[:30]) if sign.isdigit()]
    if not places:
        return value
    place = chance.choice(places)
    fresh = f"{text[:place]}{chance.randrange(10)}{text[place + 1 :]}"
    try:
        return type(value)(fresh)
    except ValueError:
        return value


def _grow(value: list[Any], chance: random.Random) -> list[Any]:
    """Repeat a list up to near the largest size, each part a little different."""
    told = json.dumps(value[:20])
    grown: list[Any] = []
    for _ in range(min(chance.choice((20_000, 200_000, MOST - 10_000)) // len(told), 60_000)):
        part = json.loads(told)
        for holder, key in chance.sample(places := list_places(part), min(len(places), 2)):
            holder[key] = _other_digits(holder[key], chance)
        grown += part
    return grown


def _spoil_text(text: str, chance: random.Random) -> bytes:
    at = chance.randrange(len(text) + 1)
    match chance.choice(TEXT_WAYS):
        case "deep":
            opening = chance.choice(("[", '{"a":', "[{" + '"value":[')) * chance.choice((900, 20_000, DEEPEST))
            text = text[:at] + opening + text[at:]
        case "cut":
            text = text[:at]
        case "mark":
            return b"\xef\xbb\xbf" + text.encode()
        case "wide":
            return text.encode("utf-16")
        case "nul":
            text = text[:at] + "\0" + text[at:]
        case "lines":
            text = text.replace("}, {", "}\n{").strip("[]")
        case "comma":
            text = text.replace("]", ",]")
        case "number":
            text = text.replace(": ", ": " + "1" * chance.choice((1, 400, 5000)), chance.choice((1, 100)))
        case "again":
            text += text
        case "half":
            text = text.replace('": "', '": "\\ud800')
    return text.encode()
