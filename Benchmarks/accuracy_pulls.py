"""Whether reported errors are true: (measured - true) / reported error, forced at true places."""

import numpy as np
import sep
from scipy.special import erf

from fields import FWHM, SIGMA, table
from program import knows, measured
from targets import PULL_BINS, label
from together import each
from truth import inside, matched, mean_width, stacked

RADIUS = 5.0


def share_in_aperture(radius):
    """Light of a pixelated Gaussian star within a circle around it, averaged over places in the pixel."""
    random = np.random.default_rng(1)
    shares = []
    for _ in range(200):
        x, y = 20 + random.uniform(-0.5, 0.5, 2)
        edges = np.arange(42) - 0.5
        line = lambda centre: np.diff(erf((edges - centre) / SIGMA / np.sqrt(2))) / 2
        star = np.ascontiguousarray(np.outer(line(y), line(x)))
        shares.append(sep.sum_circle(star, [x], [y], radius, subpix=0)[0][0])
    return float(np.mean(shares))


def pulls_of(frame, share):
    """Columns of pulls of one frame, for stars well inside it."""
    out = frame.place("pulls.csv")
    extra = ["--psf"] if knows("measure", "psf") else []
    measured(frame.calibrated, "--positions", frame.positions(), "--aperture", RADIUS, *extra, "--out", out)
    found, truth = table(out), frame.truth
    keep = inside(truth, frame.field.size)
    true = truth["flux_electrons"]
    columns = {
        "snr": (true / truth["flux_err_place_known"])[keep],
        "aperture flux": ((found["flux_aperture"] - true * share) / found["flux_aperture_err"])[keep],
    }
    columns["PSF flux"] = ((found["flux_psf"] - true) / found["flux_psf_err"])[keep]
    return columns


def centroid_pulls(frame):
    out = frame.place("pulls-centroids.csv")
    extra = ["--psf"] if knows("measure", "psf") else []
    measured(frame.calibrated, "--positions", frame.positions(), "--recentre", *extra, "--out", out)
    found, truth = table(out), frame.truth
    keep = inside(truth, frame.field.size) & (matched(truth, found["x"], found["y"], FWHM) >= 0)
    snr = (truth["flux_electrons"] / truth["flux_err_place_known"])[keep]
    both = [((found[axis] - truth[axis]) / found[f"{axis}_err"])[keep] for axis in ("x", "y")]
    return {"snr": np.concatenate([snr, snr]), "centroid": np.concatenate(both)}


def pulls(bench):
    bench.fields.prepare("pulls")
    field, share = bench.fields.get("pulls"), share_in_aperture(RADIUS)
    fluxes = stacked(each(lambda frame: pulls_of(frame, share), field.frames))
    places = stacked(each(centroid_pulls, field.frames))
    if not np.isfinite(fluxes["PSF flux"]).any():
        bench.missing("pulls", "nightjar measure --psf")
    columns = {}
    for quantity, rows in (("aperture flux", fluxes), ("PSF flux", fluxes), ("centroid", places)):
        numbers = columns.setdefault(quantity, {})
        for low, high in PULL_BINS[1 if quantity == "centroid" else 0:]:
            name = label(low, high)
            values = rows[quantity][(rows["snr"] >= low) & (rows["snr"] < high)]
            mean, width = mean_width(values)
            stars = len(values) // (2 if quantity == "centroid" else 1)
            numbers.update({f"{name}, mean": mean, f"{name}, width": width, f"{name}, stars": stars})
            bench.measured(f"pull mean, {quantity}, {name}", mean, stars=stars)
            off = None if width is None else width - 1
            bench.measured(f"pull width off 1, {quantity}, {name}", off, stars=stars)
    bench.columns(
        "Pulls", f"Forced at true places on {len(field.frames)} frames, aperture {RADIUS} px; centroids recentred from "
        "there, x and y together. Values beyond 8 are left out.", columns)
    np.savez(bench.fields.folder / "pulls.npz", **fluxes, place_snr=places["snr"], centroid=places["centroid"])
