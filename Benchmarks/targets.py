"""Every target of the benchmark, in the order of the report; and how a measured value is judged by it.

A row is {name, unit, value, peer, peerValue, ratio, target, met}. `ratio` says how many times better than the peer:
peerValue / value where less is better, value / peerValue where more is. What the product cannot do yet has the value
null, and is not met.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    part: str
    name: str
    unit: str
    peer: str | None
    # None: told, not judged.
    target: float | None
    # What is held against the target: "ratio" or "value" (its size); "least": the value must be as large; "peer",
    # "peer less": the value must be as large, or as small, as the peer's.
    judged: str = "ratio"
    # The value must rest on at least so many stars.
    stars: int = 0


def speed(part, name, peer, target):
    return Target(part, name, "CPU s", peer, target)


CHAIN = "SourceExtractor + PSFEx"
SNR_BINS = [(6, 50), (50, 100), (100, 300), (300, 1e9)]
PULL_BINS = [(5, 10), (10, 20), (20, 50), (50, 100), (100, 300), (300, 1000)]
DETECTION_SNR = [5, 7, 10]


SIZES = [1024, 2048, 4096]
SIZE_STEPS = ["read", "calibrate", "detect", "measure", "write", "all steps"]


def size_row(size, step):
    return f"measure {size} x {size}, {step}"


def label(low, high):
    return f"S/N above {low:g}" if high >= 1e8 else f"S/N {low:g} to {high:g}"


TARGETS = [
    speed("stack", "median stack of 15 frames", "bottleneck", 12),
    speed("stack", "median stack of 15 frames, beside ccdproc", "ccdproc", 12),
    Target("calibrate", "calibrate with variance and mask, bytes moved per second", "GB/s", "STREAM triad", 0.667),
    speed("cosmics", "L.A.Cosmic, 4 iterations", "astroscrappy, separable median", 25),
    speed("cosmics", "L.A.Cosmic, 4 iterations, beside true medians", "astroscrappy, true median", 25),
    speed("detect", "background to Kron fluxes", "SEP", 6),
    speed("detect", "background to Kron fluxes, file to table", "SourceExtractor", 4),
    speed("psf", "PSF model and photometry", CHAIN, 6),
    speed("psf", "PSF model and photometry, beside photutils", "photutils", 40),
    speed("align", "triangle matching", "astroalign", 10),
    speed("align", "resampling", "SWarp, Lanczos-3", 2),
    speed("frame", "raw to catalogue with L.A.Cosmic", "ccdproc + astroscrappy + SEP + astropy", 20),
    speed("frame", "raw to catalogue", "ccdproc + SEP + astropy", 4),
    Target("memory", "peak memory on a 4k frame, above its planes", "MB", None, 100 + 12 * 4096**2 / 1e6, "value"),
    Target(
        "memory", "peak memory on a calibrated 4k frame, above its planes", "MB", None, 100 + 12 * 4096**2 / 1e6,
        "value"),
    Target("threads", "speed-up by a second thread on a 4k frame", "times", "compute loop", 0.9),
    Target("night", "night of 1k frames through all services", "frames/s", None, 1.0, "least"),
]
for field, share in (("isolated", 0.94), ("isolated at random places", 0.94), ("crowded", 0.75)):
    TARGETS.append(
        Target(
            "detection", f"completeness, {field}, S/N 6 to 8", "share", "SourceExtractor", share, "least", stars=5000))
for field in ("isolated", "isolated at random places", "crowded"):
    for snr in DETECTION_SNR:
        TARGETS.append(
            Target("detection", f"completeness, {field}, S/N {snr}", "share", "SourceExtractor", 0, "peer"))
        TARGETS.append(Target("detection", f"purity, {field}, S/N {snr}", "share", "SourceExtractor", 0, "peer"))
for kind in ("isolated", "isolated, varying PSF", "crowded"):
    for bin_, limit in zip(SNR_BINS, (1.03, 1.05, 1.10, 1.3)):
        TARGETS.append(
            Target("photometry", f"PSF flux, {kind}, {label(*bin_)}", "rms / bound", CHAIN, limit, "value"))
for bin_, limit in zip(SNR_BINS, (1.03, 1.05, 1.10, 1.3)):
    TARGETS.append(
        Target(
            "photometry", f"PSF flux, crowded, over the joint bound, {label(*bin_)}", "rms / joint bound", CHAIN, limit,
            "value"))
TARGETS.append(
    Target("photometry", "PSF flux, crowded, largest bias of a bin", "sigma", CHAIN, 0.2, "value"))
for bin_, limit in zip([(6, 100), (100, 1e9)], (1.15, 1.3)):
    TARGETS.append(
        Target("photometry", f"aperture flux, best radius, {label(*bin_)}", "rms / bound", "SEP", limit, "value"))
TARGETS.append(
    Target("photometry", "centroid, S/N 20 to 300", "rms / bound", "SourceExtractor, windowed", 1.1, "value"))
TARGETS += [
    Target("cosmic accuracy", "cosmic rays found of 120", "rays", "astroscrappy, true median", 116, "least"),
    Target("cosmic accuracy", "star cores hit of 1,000", "stars", "astroscrappy, true median", 0, "value"),
]
for quantity, first in (("aperture flux", 0), ("PSF flux", 0), ("centroid", 1)):
    for bin_ in PULL_BINS[first:]:
        TARGETS.append(
            Target("pulls", f"pull mean, {quantity}, {label(*bin_)}", "sigma", None, 0.05, "value", stars=3000))
        TARGETS.append(
            Target("pulls", f"pull width off 1, {quantity}, {label(*bin_)}", "sigma", None, 0.05, "value", stars=3000))
TARGETS += [
    Target("background", "background bias, 3,000 stars", "e-/px", "SEP", 0.3, "value"),
    Target("background", "background bias, 20,000 stars", "e-/px", "SEP", 2.0, "value"),
    Target("background", "light of a nebula lost to the background", "share", "SEP", 0, "peer less"),
]
for size in SIZES:
    for step in SIZE_STEPS:
        TARGETS.append(
            Target("sizes", size_row(size, step), "CPU s/megapixel", "ccdproc + sep + astropy",
                   1.0 if step == "all steps" else None))
TARGETS += [
    speed("solving", "solving a star list with a pointing", "astrometry-engine", 2),
    speed("solving", "solving a star list blind", "astrometry-engine", 2),
    speed("solving", "solving a frame with a pointing, file to coordinates", "solve-field + SourceExtractor", 3),
    Target("solving", "residual over the errors of both lists", "ratio", None, 1.1, "value"),
    Target("solving count", "hinted fields solved", "share", None, 0.995, "least"),
    Target("solving count", "blind fields solved", "share", None, 0.995, "least"),
    Target("solving count", "false solutions of all fields", "fields", None, 0, "value"),
    Target("narrow fields", "narrow fields without a pointing that are solved", "share", "solve-field", 0.95, "least"),
    Target("narrow fields", "false solutions of narrow fields", "fields", None, 0, "value"),
    Target("real frames", "frames of HAT-P-32 that are solved", "frames", None, 142, "least"),
    Target("real frames", "residual over the errors, median frame of HAT-P-32", "ratio", None, 1.1, "value"),
    Target("real frames", "residual over the errors, share of HAT-P-32 frames above 1.1", "share", None, None),
    Target("real frames", "other real frames with enough stars that are not solved", "frames", None, 0, "value"),
    Target("real frames", "false solutions of real frames", "frames", None, 0, "value"),
]
for whose, margin in (
        *((f"zero points of {stars} stars", 0.10 if stars == 5 else 0.05) for stars in (5, 10, 30, 100, 1000)),
        ("zero points of closed nights", 0.05), ("stars on the scale of a night", 0.05)):
    TARGETS.append(Target("zero points", f"pull mean, {whose}", "sigma", None, 0.05, "value"))
    TARGETS.append(Target("zero points", f"pull width off 1, {whose}", "sigma", None, margin, "value"))
TARGETS.append(Target("zero points", "rms error of zero points of 30 stars", "mag", "clipped weighted mean", 1.0))
TARGETS += [
    Target(
        "objects", "detections found among 1,000,000 objects and written", "detections/s", None, 100_000, "least"),
    speed(
        "objects", "association of detections with the objects around them", "astropy match_to_catalog_sky", 1),
]
PARTS = list(dict.fromkeys(target.part for target in TARGETS))


def result(target, value=None, peer_value=None, unmet=False):
    """The row of a target. `value` and `peer_value` may be None: not measured, and so not met; nor is what is `unmet`,
    whatever its value."""
    more = target.judged in ("least", "peer") or target.unit in ("GB/s", "times")
    ratio = None
    if value is not None and peer_value is not None:
        over, under = (value, peer_value) if more else (peer_value, value)
        ratio = over / under if under else None
    return {
        "name": target.name, "unit": target.unit, "value": rounded(value), "peer": target.peer,
        "peerValue": rounded(peer_value), "ratio": rounded(ratio),
        "target": rounded(limit(target, peer_value)),
        "met": met(target, value, peer_value, ratio) and not (unmet and target.target is not None),
    }


def limit(target, peer_value):
    return peer_value if target.judged.startswith("peer") else target.target


def met(target, value, peer_value, ratio):
    if target.target is None:
        return None
    if value is None or value != value:
        return False
    match target.judged:
        case "ratio":
            return ratio is not None and ratio >= target.target
        case "value":
            return abs(value) <= target.target
        case "least":
            return value >= target.target
        case "peer":
            return peer_value is not None and value >= peer_value
        case "peer less":
            return peer_value is not None and value <= peer_value
    raise ValueError(target.judged)


def rounded(value):
    return None if value is None or value != value else float(f"{value:.5g}")
