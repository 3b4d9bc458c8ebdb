"""What is compared with the truth: matching, robust numbers, bins."""

import numpy as np
from scipy.spatial import cKDTree

# Stars nearer to the edge than this are left out [px].
EDGE = 20


def inside(truth, size, edge=EDGE):
    return (np.minimum(truth["x"], truth["y"]) > edge) & (np.maximum(truth["x"], truth["y"]) < size - 1 - edge)


def matched(truth, x, y, radius):
    """For each true star the row that is its nearest within `radius`, and whose nearest it is; else -1."""
    partner = np.full(len(truth["x"]), -1)
    good = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if len(good) == 0 or len(partner) == 0:
        return partner
    stars = cKDTree(np.column_stack([truth["x"], truth["y"]]))
    rows = cKDTree(np.column_stack([x[good], y[good]]))
    gap, nearest = rows.query(np.column_stack([truth["x"], truth["y"]]))
    _, back = stars.query(np.column_stack([x[good], y[good]]))
    both = (gap < radius) & (back[nearest] == np.arange(len(partner)))
    partner[both] = good[nearest[both]]
    return partner


def real(truth, x, y, radius):
    """Which rows have a true star within `radius`."""
    if len(x) == 0:
        return np.zeros(0, bool)
    gap, _ = cKDTree(np.column_stack([truth["x"], truth["y"]])).query(np.column_stack([x, y]))
    return gap < radius


def clipped_rms(values, limit=5):
    """Root mean square of what is within `limit`, and the share that is not: blends and mismatches."""
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return None, None
    kept = np.abs(values) <= limit
    return (float(np.sqrt(np.mean(values[kept] ** 2))) if kept.any() else None), float(1 - kept.mean())


def mean_width(values, limit=8):
    values = values[np.isfinite(values)]
    values = values[np.abs(values) <= limit]
    if len(values) < 30:
        return None, None
    return float(values.mean()), float(values.std(ddof=1))


def stacked(parts):
    """Dictionaries of columns, one below the other."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]} if parts else {}
