"""Completeness and purity, with the threshold of every tool tuned to the same purity."""

import sys

import numpy as np
from scipy.ndimage import maximum_filter
from scipy.signal import fftconvolve
from scipy.spatial import cKDTree

from external import PEERS, ldac, source_extractor
from fields import FWHM, SIGMA, SKY, table
from program import Failed, measured
from targets import DETECTION_SNR
from together import each
from truth import EDGE, inside, matched, real, stacked
from tuning import EQUAL, PURITY, guessed, tuned

sys.path.append(str(PEERS))
import detect_sep  # noqa: E402
from common import Times, plane  # noqa: E402

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
# Below every threshold of the ideal filter that is tried.
IDEAL_LOWEST = 3.0
NOTES = {
    "isolated": "The stars keep 34 px apart.",
    "isolated at random places": f"Those stars that have no other within {LONELY} FWHM.",
}


def nightjar_places(frame, threshold):
    out = frame.place("ours.csv")
    measured(frame.calibrated, "--threshold", threshold, "--aperture", RADIUS, "--out", out)
    found = table(out, "x", "y")
    return found["x"], found["y"]


def sep_places(frame, threshold):
    """As peers/detect_sep.py does it, within this process: starting Python takes longer than SEP does."""
    rows, _ = detect_sep.found(plane(frame.signal_file), threshold, FWHM, RADIUS, Times())
    return rows["x"], rows["y"]


def extractor_places(frame, threshold):
    out = frame.place("se.cat")
    source_extractor(frame.signal_file, out, "detect.param", threshold, RADIUS)
    found = ldac(out)
    return found["XWIN_IMAGE"], found["YWIN_IMAGE"]


def ideal_map(frame):
    """The file of the signal to noise by the true PSF, sky and noise: the most that a matched filter can see."""
    place = frame.place("ideal.npy")
    if place.exists():
        return place
    line = np.exp(-0.5 * (np.arange(-8, 9) / np.hypot(SIGMA, 1 / np.sqrt(12))) ** 2)
    psf = np.outer(line, line) / line.sum() ** 2
    weight = 1 / frame.variance.astype(float)
    data = (frame.signal - SKY) * weight
    result = fftconvolve(data, psf, "same") / np.sqrt(np.maximum(fftconvolve(weight, psf**2, "same"), 1e-30))
    np.save(place, result)
    return place


def ideal_peaks(frame):
    """The file of all maxima: height, x, y. Which are maxima, and where, does not depend on a threshold."""
    place = frame.place("ideal-peaks.npy")
    if not place.exists():
        np.save(place, peaks(np.load(ideal_map(frame))))
    return place


def peaks(image):
    y, x = np.nonzero((image == maximum_filter(image, size=3)) & (image > IDEAL_LOWEST))
    inner = (x > 0) & (y > 0) & (x < image.shape[1] - 1) & (y < image.shape[0] - 1)
    x, y = x[inner], y[inner]
    half = lambda left, mid, right: 0.5 * (left - right) / np.minimum(left + right - 2 * mid, -1e-9)
    middle = image[y, x]
    across = x + half(image[y, x - 1], middle, image[y, x + 1])
    return np.stack([middle, across, y + half(image[y - 1, x], middle, image[y + 1, x])])


def ideal_places(frame, threshold):
    if threshold < IDEAL_LOWEST:
        raise Failed(f"the ideal filter's maxima are kept from {IDEAL_LOWEST} sigma on, not from {threshold}")
    height, x, y = np.load(ideal_peaks(frame))
    return x[height > threshold], y[height > threshold]


# Name: how it finds places at a threshold, and the threshold that is tried first: in sigmas of the tool's own filter.
TOOLS = {
    "nightjar": (nightjar_places, 4.4),
    "SourceExtractor": (extractor_places, 0.86),
    "SEP": (sep_places, 0.86),
    "ideal matched filter": (ideal_places, 4.4),
}


def lonely(truth):
    place = np.column_stack([truth["x"], truth["y"]])
    return cKDTree(place).query(place, k=2)[0][:, 1] > LONELY * FWHM


def judged(frame, places, threshold, kind):
    """Detections well inside the frame, with the signal to noise there and whether they are real; stars found."""
    x, y = places(frame, threshold)
    size = frame.field.size
    keep = (np.minimum(x, y) > EDGE) & (np.maximum(x, y) < size - 1 - EDGE)
    image = np.load(ideal_map(frame), mmap_mode="r")
    snr = image[np.rint(y[keep]).astype(int), np.rint(x[keep]).astype(int)]
    rows = {"snr": snr, "real": real(frame.truth, x[keep], y[keep], REAL * FWHM)}
    partner = matched(frame.truth, x, y, MATCH[kind] * FWHM)
    stars = inside(frame.truth, size)
    if FIELDS[kind] == "sparse":
        stars &= lonely(frame.truth)
    return rows, {"snr": frame.truth["matched_snr"][stars], "found": partner[stars] >= 0}


class Trials:
    """What one tool finds on the frames of a field: run once on each frame at each threshold that is tried."""

    def __init__(self, frames, places, kind):
        self.frames, self.places, self.kind, self.parts = frames, places, kind, {}

    def at(self, threshold, count=None):
        """Detections and stars of the first `count` frames, or of all."""
        frames = self.frames[:count]
        new = [frame for frame in frames if (threshold, frame.name) not in self.parts]
        for frame, part in zip(new, each(lambda frame: judged(frame, self.places, threshold, self.kind), new)):
            self.parts[threshold, frame.name] = part
        parts = [self.parts[threshold, frame.name] for frame in frames]
        return stacked([part[0] for part in parts]), stacked([part[1] for part in parts])

    def false_share(self, threshold, count=None):
        rows = self.at(threshold, count)[0]
        return 1 - rows["real"].mean() if len(rows["real"]) else 1.0

    def tuned(self, start):
        """On a few frames from the first guess, on all from there; says what was tried."""
        few = max(1, len(self.frames) // 4)
        near, first = guessed(lambda threshold: self.false_share(threshold, few), start)
        threshold, tried = tuned(self.false_share, near)
        return threshold, f"thresholds tried: {first} on {few} frames, {tried} on all {len(self.frames)}"


def numbers(rows, stars):
    """Of one tool at its threshold."""
    false, faint = rows["snr"][~rows["real"]], (stars["snr"] >= 6) & (stars["snr"] < 8)
    found = {
        "purity": rows["real"].mean(), "detections": len(rows["real"]), "false": len(false),
        "false, below S/N 4.5": (false < 4.5).sum(), "stars of S/N 6 to 8": faint.sum(),
        "completeness, S/N 6 to 8": stars["found"][faint].mean(),
    }
    for snr in DETECTION_SNR:
        near = lambda values: np.abs(values - snr) < 0.5
        seen, true = stars["found"][near(stars["snr"])], rows["real"][near(rows["snr"])]
        found[f"completeness, S/N {snr}"] = seen.mean() if len(seen) else np.nan
        found[f"purity, S/N {snr}"] = true.mean() if len(true) else np.nan
    return {name: float(value) for name, value in found.items()}


def field_table(bench, field, kind):
    """Tool: numbers by name."""
    columns = {}
    for tool, (places, start) in TOOLS.items():
        trials = Trials(field.frames, places, kind)
        threshold, tried = trials.tuned(start)
        columns[tool] = {"threshold": threshold, **numbers(*trials.at(threshold))}
        bench.say(f"{kind}, {tool}: threshold {threshold:.4g}, purity {columns[tool]['purity']:.5f}; {tried}")
    return columns


def detection(bench):
    bench.fields.prepare(*FIELDS.values())
    each(ideal_peaks, [frame for name in FIELDS.values() for frame in bench.fields.get(name).frames])
    bench.say("frames are there")
    for kind in FIELDS:
        columns = field_table(bench, bench.fields.get(FIELDS[kind]), kind)
        bench.columns(
            f"Detection, {kind}",
            f"Thresholds tuned to a purity of {PURITY} on the same frames; a star is found when a detection of its own "
            f"is within {MATCH[kind]} FWHM, a detection is false when no star is within {REAL} FWHM. S/N: of a matched "
            "filter with the true PSF and noise. " + NOTES.get(kind, ""), columns)
        ours, theirs = columns["nightjar"], columns["SourceExtractor"]
        for name in ["completeness, S/N 6 to 8"] + [
                f"{what}, S/N {snr}" for snr in DETECTION_SNR for what in ("completeness", "purity")]:
            what, snr = name.split(", ")
            bench.measured(f"{what}, {kind}, {snr}", ours[name], theirs[name], stars=int(ours["stars of S/N 6 to 8"]))
            if max(abs(found["purity"] - PURITY) for found in columns.values()) > EQUAL:
                bench.void(f"{what}, {kind}, {snr}", "the tools' purities are not equal, so nothing is compared")
