"""The command line: report, check, demo, simulate. Says what it did and where the result is.

Exit codes: 0 done, 1 the input cannot be used (one plain sentence says why), 2 the command was not understood.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from loadlens import __version__, words
from loadlens.formats.source import UnreadableFile
from loadlens.ledger_words import tell_entry, tell_format, tell_message
from loadlens.log import RunningLog

SAMPLES = Path(__file__).parents[2] / "sample_data"
DEMO = "overload"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str, optional
        The words after ``loadlens``; those of the process by default.

    Returns
    -------
    int
        The exit code.
    """
    given = _parser().parse_args(argv)
    try:
        return int(given.run(given))
    except UnreadableFile as error:
        print(f"loadlens: {error.tell(given.lang)}", file=sys.stderr)
        return 1
    except (ValueError, OSError) as error:
        print(f"loadlens: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="loadlens", description=words.say("cli.about"))
    parser.add_argument("--version", action="version", version=f"loadlens {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    report = commands.add_parser("report", help=words.say("cli.help_report"))
    _add_input(report)
    _add_output(report)
    report.set_defaults(run=_report)

    check = commands.add_parser("check", help=words.say("cli.help_check"))
    _add_input(check)
    check.set_defaults(run=_check)

    demo = commands.add_parser("demo", help=words.say("cli.help_demo"))
    _add_language(demo)
    _add_output(demo)
    demo.set_defaults(run=_demo)

    simulate = commands.add_parser("simulate", help=words.say("cli.help_simulate"))
    simulate.add_argument("out", type=Path, metavar="OUT", help=words.say("cli.help_out"))
    simulate.add_argument("--seed", type=int, default=0, help=words.say("cli.help_seed"))
    _add_language(simulate)
    simulate.set_defaults(run=_simulate)
    return parser


def _add_input(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", metavar="PATH", help=words.say("cli.help_paths"))
    parser.add_argument("--tz", help=words.say("cli.help_tz"))
    _add_language(parser)


def _add_language(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lang", choices=words.LANGUAGES, default="en", help=words.say("cli.help_lang"))


def _add_output(parser: argparse.ArgumentParser) -> None:
    out = Path("loadlens_report.html")
    parser.add_argument("-o", "--out", type=Path, default=out, metavar="FILE", help=words.say("cli.help_report_out"))


def _read(paths: Sequence[str | Path], lang: str, tz: str | None = None) -> RunningLog:
    from loadlens.files import read  # heavy: not for --help

    log = read(*paths, tz=tz)
    print(_tell_read(log, lang))
    return log


def _tell_read(log: RunningLog, lang: str) -> str:
    first, last = log.span
    return words.say(
        "cli.read",
        lang,
        sources=words.number(float((log.sources["status"].isin(["read", "damaged"])).sum()), lang),
        runs=words.number(float(len(log.runs)), lang),
        first=words.date(first, lang),
        last=words.date(last, lang),
        unread=words.number(float((log.sources["status"] == "unreadable").sum()), lang),
    )


def _report(given: argparse.Namespace) -> int:
    return _write_report(_read(given.paths, given.lang, given.tz), given.out, given.lang)


def _write_report(log: RunningLog, out: Path, lang: str) -> int:
    from loadlens.findings import assess
    from loadlens.reports import report

    found = assess(log)
    latest = found.rules["level"].astype(str)
    assessed = int((latest != "not_assessable").sum())
    above = int(latest.isin(["watch", "act", "doctor", "emergency"]).sum())
    alarms = len(found.alarms)
    print(words.say("cli.assessed", lang, assessed=assessed, rules=len(latest), above=above, alarms=alarms))
    written = report(found, out, lang=lang)
    print(words.say("cli.written", lang, path=str(Path(str(written)).resolve())))
    return 0


def _demo(given: argparse.Namespace) -> int:
    from loadlens.simulated_exports import write_samples

    if SAMPLES.is_dir():
        return _write_report(_read([SAMPLES / DEMO], given.lang), given.out, given.lang)
    with tempfile.TemporaryDirectory() as folder:  # installed without the repository: simulate the same data first
        write_samples(Path(folder))
        return _write_report(_read([Path(folder) / DEMO], given.lang), given.out, given.lang)


def _simulate(given: argparse.Namespace) -> int:
    from loadlens.simulated_exports import write_samples

    written = write_samples(given.out, seed=given.seed)
    print(words.say("cli.simulated", given.lang, files=len(written), path=str(given.out.resolve())))
    return 0


def _check(given: argparse.Namespace) -> int:
    log = _read(given.paths, given.lang, given.tz)
    lang = given.lang
    for heading, table in (
        ("check.sources", _tell_sources(log.sources, lang)),
        ("check.days", _tell_days(log.days, lang)),
        ("check.ledger", _tell_ledger(log.ledger, lang)),
    ):
        print(f"\n{words.say(heading, lang)}")
        print(table)
    return 0


def _tell_sources(sources: pd.DataFrame, lang: str) -> str:
    lines = []
    for row in _records(sources):
        lines.append(str(row["path"]))
        status = words.say(f"status.{row['status']}", lang)
        lines.append(f"    {status} {row.get('format', '')}".rstrip())
        if message := tell_message(row, lang):
            lines.append(f"    {message}")
        if row["rows"]:
            counts = {name: words.number(float(row[name]), lang) for name in ("rows", "used", "set_aside")}
            lines.append("    " + words.say("check.rows", lang, **counts))
        if "first_date" in row:
            lines.append(f"    {words.date(row['first_date'], lang)} – {words.date(row['last_date'], lang)}")
        if written := tell_format(row, lang):
            lines.append("    " + "; ".join(written))
    return "\n".join(lines)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as dicts that hold only what is known."""
    return [{str(k): v for k, v in row.items() if pd.notna(v)} for row in table.to_dict("records")]


def _tell_days(days: pd.DataFrame, lang: str) -> str:
    counts = days.groupby(["state", "reason"]).size().rename("count").reset_index()
    return "\n".join(
        "{:6d}  {}: {}".format(
            row["count"], words.say("states." + row["state"], lang), words.say("day_reasons." + row["reason"], lang)
        )
        for row in _records(counts)
    )


def _tell_ledger(ledger: pd.DataFrame, lang: str) -> str:
    """One line for each kind of entry, field and source."""
    if ledger.empty:
        return words.say("check.ledger_empty", lang)
    kinds: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in _records(ledger):
        known = kinds.setdefault((row.get("source"), row["what"], row.get("field")), row | {"count": 0})
        known["count"] += row["count"]
    return "\n".join(_tell_entry(row, lang) for row in kinds.values())


def _tell_entry(row: dict[str, Any], lang: str) -> str:
    place = f"{row['source']}: " if "source" in row else ""
    action = words.say("actions." + row["action"], lang)
    return f"{place}{tell_entry(row, lang)} [{action}]"


if __name__ == "__main__":
    sys.exit(main())
