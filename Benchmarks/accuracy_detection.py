"""Completeness and purity, with the threshold of every tool tuned to the same purity."""

import numpy as np
from scipy.ndimage import maximum_filter
from scipy.signal import fftconvolve
from scipy.spatial import cKDTree

from external import ldac, source_extractor
from fields import FWHM, SIGMA, SKY, table
from program import measured, peer
from targets import DETECTION_SNR
from truth import EDGE, inside, matched, real, stacked

PURITY = 0.995
# A star is found when its nearest detection is within this many widths and belongs to no other star; a detection is
# real when any star is within REAL widths, for the centroid of a blend lies between its stars.
MATCH = {"isolated": 0.6, "isolated at random places": 0.6, "crowded": 0.5}
REAL = 0.75
# The stars of the field "isolated" keep their distance from each other: a program that drops what is faint near a
# bright star, as SourceExtractor does when it cleans, loses nothing by it there. On the sky stars lie at random; those
# of "isolated at random places" are the ones without another within this many widths.
LONELY = 4.0
FIELDS = {"isolated": "isolated", "isolated at random places": "sparse", "crowded": "crowded"}
RADIUS = 5.0
NOTES = {
    "isolated": "The stars keep 34 px apart.",
    "isolated at random places": f"Those stars that have no other within {LONELY} FWHM.",
}


def nightjar_places(frame, threshold):
    out = frame.place("ours.csv")
    measured(frame.calibrated, "--threshold", threshold, "--aperture", RADIUS, "--out", out)
    found = table(out)
    return found["x"], found["y"]


def sep_places(frame, threshold):
    out = frame.place("sep.npy")
    peer("detect_sep.py", frame.signal_file, out, threshold, FWHM, RADIUS)
    found = np.load(out)
    return found["x"], found["y"]


def extractor_places(frame, threshold):
    out = frame.place("se.cat")
    source_extractor(frame.signal_file, out, "detect.param", threshold, RADIUS)
    found = ldac(out)
    return found["XWIN_IMAGE"], found["YWIN_IMAGE"]


def ideal_map(frame):
    """Signal to noise by the true PSF, sky and noise: the most that a matched filter can see."""
    place = frame.place("ideal.npy")
    if place.exists():
        return np.load(place)
    line = np.exp(-0.5 * (np.arange(-8, 9) / np.hypot(SIGMA, 1 / np.sqrt(12))) ** 2)
    psf = np.outer(line, line) / line.sum() ** 2
    weight = 1 / frame.variance.astype(float)
    data = (frame.signal - SKY) * weight
    result = fftconvolve(data, psf, "same") / np.sqrt(np.maximum(fftconvolve(weight, psf**2, "same"), 1e-30))
    np.save(place, result)
    return result


def ideal_places(frame, threshold):
    image = ideal_map(frame)
    y, x = np.nonzero((image == maximum_filter(image, size=3)) & (image > threshold))
    inner = (x > 0) & (y > 0) & (x < image.shape[1] - 1) & (y < image.shape[0] - 1)
    x, y = x[inner], y[inner]
    half = lambda left, mid, right: 0.5 * (left - right) / np.minimum(left + right - 2 * mid, -1e-9)
    middle = image[y, x]
    return (x + half(image[y, x - 1], middle, image[y, x + 1]), y + half(image[y - 1, x], middle, image[y + 1, x]))


# Name: how it finds places at a threshold, and thresholds between which the purity asked for lies.
TOOLS = {
    "nightjar": (nightjar_places, 3.3, 6.0),
    "SourceExtractor": (extractor_places, 0.5, 1.5),
    "SEP": (sep_places, 0.5, 1.5),
    "ideal matched filter": (ideal_places, 3.3, 6.0),
}


def lonely(truth):
    place = np.column_stack([truth["x"], truth["y"]])
    return cKDTree(place).query(place, k=2)[0][:, 1] > LONELY * FWHM


def judged(frame, places, threshold, kind):
    """Detections well inside the frame, with the signal to noise there and whether they are real; stars found."""
    x, y = places(frame, threshold)
    size = frame.field.size
    keep = (np.minimum(x, y) > EDGE) & (np.maximum(x, y) < size - 1 - EDGE)
    image = ideal_map(frame)
    snr = image[np.rint(y[keep]).astype(int), np.rint(x[keep]).astype(int)]
    rows = {"snr": snr, "real": real(frame.truth, x[keep], y[keep], REAL * FWHM)}
    partner = matched(frame.truth, x, y, MATCH[kind] * FWHM)
    stars = inside(frame.truth, size)
    if FIELDS[kind] == "sparse":
        stars &= lonely(frame.truth)
    return rows, {"snr": frame.truth["matched_snr"][stars], "found": partner[stars] >= 0}


def tuned(frames, places, low, high, kind):
    """The least threshold at which the purity is reached; the highest tried when it is not.

    First on a few frames, then on all, to 0.2 %: a step of 1 % changes the number of false detections by 20 %.
    """
    low, high = halved(frames[:4], places, low, high, kind, 5)
    return halved(frames, places, low / 1.04, high * 1.04, kind, 6)[1]


def halved(frames, places, low, high, kind, steps):
    """Thresholds between which the purity is reached, after so many halvings."""
    for _ in range(steps):
        middle = np.sqrt(low * high)
        rows = stacked([judged(frame, places, middle, kind)[0] for frame in frames])
        pure = len(rows["real"]) > 0 and rows["real"].mean() >= PURITY
        low, high = (low, middle) if pure else (middle, high)
    return low, high


def field_table(field, kind):
    """Tool: numbers by name."""
    columns = {}
    for tool, (places, low, high) in TOOLS.items():
        threshold = tuned(field.frames, places, low, high, kind)
        parts = [judged(frame, places, threshold, kind) for frame in field.frames]
        rows, stars = stacked([part[0] for part in parts]), stacked([part[1] for part in parts])
        numbers = {"threshold": threshold, "purity": rows["real"].mean(), "detections": len(rows["real"])}
        faint = (stars["snr"] >= 6) & (stars["snr"] < 8)
        numbers["stars of S/N 6 to 8"] = int(faint.sum())
        numbers["completeness, S/N 6 to 8"] = stars["found"][faint].mean()
        for snr in DETECTION_SNR:
            near = lambda values: np.abs(values - snr) < 0.5
            found, true = stars["found"][near(stars["snr"])], rows["real"][near(rows["snr"])]
            numbers[f"completeness, S/N {snr}"] = found.mean() if len(found) else np.nan
            numbers[f"purity, S/N {snr}"] = true.mean() if len(true) else np.nan
        columns[tool] = {name: float(value) for name, value in numbers.items()}
    return columns


def detection(bench):
    for kind in FIELDS:
        columns = field_table(bench.fields.get(FIELDS[kind]), kind)
        bench.columns(
            f"Detection, {kind}",
            f"Thresholds tuned to a purity of {PURITY} on the same frames; a star is found when a detection of its own "
            f"is within {MATCH[kind]} FWHM, a detection is false when no star is within {REAL} FWHM. S/N: of a matched "
            "filter with the true PSF and noise. " + NOTES.get(kind, ""), columns)
        for name in ["completeness, S/N 6 to 8"] + [
                f"{what}, S/N {snr}" for snr in DETECTION_SNR for what in ("completeness", "purity")]:
            what, snr = name.split(", ")
            bench.measured(
                f"{what}, {kind}, {snr}", columns["nightjar"][name], columns["SourceExtractor"][name])
