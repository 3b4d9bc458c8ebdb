"""Cosmic rays found and stars hit; what the background takes for sky."""

import numpy as np
from astropy.io import fits
from scipy.spatial import cKDTree

from fields import FWHM, READ_NOISE, SKY, native
from program import NotThere, knows, measured, nightjar, peer, require
from together import each

# A flagged pixel within this of a star's centre hits its core [px].
CORE = 1.0


def flagged_by_nightjar(frame):
    require("calibrate", "cosmic-rays")
    out = frame.place("cosmics.fits")
    nightjar("calibrate", frame.raw, *frame.field.masters, "--cosmic-rays", "--out", out)
    return cosmic_ray_mask(out)


def cosmic_ray_mask(path):
    """The mask's header says which bit is that of cosmic rays."""
    with fits.open(path, memmap=False) as hdus:
        header, bits = hdus["MASK"].header, hdus["MASK"].data
    for bit in range(32):
        if str(header.get(f"MASKBIT{bit}", "")).lower().replace("_", "") in ("cosmicray", "cosmicrays"):
            return (bits.astype(np.int64) >> bit & 1).astype(bool)
    raise NotThere("a mask bit cosmicRay")


def flagged_by_peer(frame, kind):
    out = frame.place(f"cosmics-{kind}.npy")
    peer("cosmics.py", kind, frame.signal_file, out, READ_NOISE)
    return np.load(out)


def judged(mask, frame):
    """Tracks whose brightest pixel is flagged, and stars' cores hit where no track is near."""
    rays, truth = frame.field.rays(frame), frame.truth
    x, y, track = (rays[name].astype(int) for name in ("x", "y", "track"))
    found = 0
    for number in np.unique(track):
        own = np.flatnonzero(track == number)
        brightest = own[np.argmax(rays["electrons"][own])]
        found += bool(mask[y[brightest], x[brightest]])
    x, y = x[rays["electrons"] > 1], y[rays["electrons"] > 1]
    rows, columns = np.nonzero(mask)
    free = cKDTree(np.column_stack([x, y])).query(np.column_stack([truth["x"], truth["y"]]))[0] > 4
    hit = 0
    if len(rows):
        gap = cKDTree(np.column_stack([columns, rows])).query(np.column_stack([truth["x"], truth["y"]]))[0]
        hit = int(((gap <= CORE) & free).sum())
    return {"tracks": len(np.unique(track)), "found": found, "stars": int(free.sum()), "cores hit": hit,
            "pixels flagged": int(mask.sum())}


def cosmic_accuracy(bench):
    bench.fields.prepare("cosmics")
    frame = bench.fields.get("cosmics").frames[0]
    true, separable = each(lambda kind: judged(flagged_by_peer(frame, kind), frame), ("true", "separable"))
    columns = {"astroscrappy, true median": true, "astroscrappy, separable": separable}
    try:
        columns["nightjar"] = judged(flagged_by_nightjar(frame), frame)
    except NotThere as why:
        bench.missing("cosmic accuracy", why)
    bench.columns(
        "Cosmic rays", "A track is found when its brightest pixel is flagged; a core is hit when a pixel within "
        f"{CORE} px of a star's centre is, and no track is near.", columns)
    ours, theirs = columns.get("nightjar", {}), columns["astroscrappy, true median"]
    bench.measured("cosmic rays found of 120", ours.get("found"), theirs["found"])
    bench.measured("star cores hit of 1,000", ours.get("cores hit"), theirs["cores hit"])


def sep_background(frame):
    out = frame.place("sep-background.npy")
    peer("detect_sep.py", frame.signal_file, frame.place("sep.npy"), 1.5, FWHM, 5.0, out)
    return np.load(out)


def nightjar_background(frame):
    """The map, where it can be had; else the number that stands for the whole frame."""
    if knows("measure", "background"):
        out = frame.place("background.fits")
        measured(frame.calibrated, "--background", out, "--out", frame.place("rows.csv"))
        return native(out)
    summary, _, _ = measured(frame.calibrated, "--out", frame.place("rows.csv"))
    return np.full((frame.field.size,) * 2, summary["backgroundElectrons"])


def nebula_lost(level, field_size, electrons=100.0, sigma=60.0):
    """Share of the nebula's light within two sigmas that is in the background, above what is there without it."""
    y, x = np.mgrid[:field_size, :field_size] - (field_size - 1) / 2
    square = x**2 + y**2
    near = square < (2 * sigma) ** 2
    glow = electrons * np.exp(-square / (2 * sigma**2))
    outside = np.median(level[square > (8 * sigma) ** 2])
    return float((level[near] - outside).sum() / glow[near].sum())


def background(bench):
    bench.fields.prepare("few", "many", "nebula")
    columns = {"nightjar": {}, "SEP": {}}
    for name, stars in (("few", "3,000"), ("many", "20,000")):
        for tool, work in (("nightjar", nightjar_background), ("SEP", sep_background)):
            bias = each(lambda frame: float(work(frame).mean() - SKY), bench.fields.get(name).frames)
            columns[tool][f"bias among {stars} stars [e-/px]"] = float(np.mean(bias))
        bench.measured(f"background bias, {stars} stars", *(
            columns[tool][f"bias among {stars} stars [e-/px]"] for tool in ("nightjar", "SEP")))
    frame, key = bench.fields.get("nebula").frames[0], "share of a nebula lost"
    columns["SEP"][key] = nebula_lost(sep_background(frame), frame.field.size)
    if knows("measure", "background"):
        columns["nightjar"][key] = nebula_lost(nightjar_background(frame), frame.field.size)
    else:
        bench.missing("background", "nightjar measure --background")
    bench.measured("light of a nebula lost to the background", columns["nightjar"].get(key), columns["SEP"][key])
    bench.columns(
        "Background", f"Mean of the background map minus the true sky of {SKY} e-/px, on an even detector; a round "
        "nebula of 100 e-/px and sigma 60 px.", columns)
