"""Cox regression: counting-process rows, strata, Breslow's ties, Newton's method; to check with, not to study with."""

from __future__ import annotations

import numpy as np
import pandas as pd


def fit_cox(rows: pd.DataFrame, columns: list[str], strata: str | None = None) -> pd.DataFrame:
    """Give ratio, low and high (95 %) of each column, from start, stop and event; rows with NaN are left out."""
    rows = rows.dropna(subset=columns)
    stratum = np.zeros(len(rows)) if strata is None else rows[strata].to_numpy("float64")
    length = 2 * rows["stop"].max() + 2  # strata one after the other on one axis of time
    start, stop = (rows[name].to_numpy("float64") + stratum * length for name in ("start", "stop"))
    event, x = rows["event"].to_numpy() == 1, rows[columns].to_numpy("float64")
    times, ties = np.unique(stop[event], return_counts=True)
    begun, ended = np.argsort(start), np.argsort(stop)
    first = np.searchsorted(start[begun], times, side="left")  # rows that began before
    last = np.searchsorted(stop[ended], times, side="left")  # and have not ended before

    def at_risk(values: np.ndarray) -> np.ndarray:
        def up_to(order: np.ndarray) -> np.ndarray:
            return np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values[order], axis=0)])

        return up_to(begun)[first] - up_to(ended)[last]

    beta = np.zeros(x.shape[1])
    for _ in range(30):
        weight = np.exp(x @ beta)
        total = at_risk(weight)[:, None]
        mean = at_risk(weight[:, None] * x) / total
        square = at_risk(weight[:, None, None] * np.einsum("ni,nj->nij", x, x)) / total[:, None]
        spread = np.einsum("t,tij->ij", ties, square - np.einsum("ti,tj->tij", mean, mean))
        step = np.linalg.solve(spread, x[event].sum(axis=0) - ties @ mean)
        beta = beta + step
        if np.abs(step).max() < 1e-9:
            break
    else:
        raise ValueError("no convergence")
    error = np.sqrt(np.diag(np.linalg.inv(spread)))
    told = {"ratio": np.exp(beta), "low": np.exp(beta - 1.96 * error), "high": np.exp(beta + 1.96 * error)}
    return pd.DataFrame(told, index=columns)
