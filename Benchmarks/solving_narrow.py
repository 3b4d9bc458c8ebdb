"""Fields of ten arc minutes of which nothing is known but a range of scales: `nightjar solve --astrometry-net` and
`solve-field` alone, with one index of a simulated sky that is deeper than any catalogue of bright stars."""

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from program import NIGHTJAR, NotThere, knows, run
from solving import GREATEST_ERROR, SOLVE_FIELD, catalogue

CENTRE, SIDE, STARS = (120.0, 30.0), 3.0, 12_000
# Pixels of a side, [arcsec/px], the range that is searched, [px].
SIZE, SCALE, SCALES, CENTROID_ERROR = 1024, 0.6, (0.3, 1.2), 0.15
FIELDS, ELSEWHERE = 24, 6


def sky(folder):
    """An index of a square of the sky, and its stars: right ascension, declination, magnitude."""
    random = np.random.default_rng(11)
    dec = CENTRE[1] + SIDE * (random.random(STARS) - 0.5)
    ra = CENTRE[0] + SIDE * (random.random(STARS) - 0.5) / np.cos(np.radians(CENTRE[1]))
    magnitude = np.sort(18 + np.log10(random.random(STARS)) / 0.35)
    columns = [fits.Column(name, "D", array=values) for name, values in (("RA", ra), ("DEC", dec), ("MAG", magnitude))]
    fits.BinTableHDU.from_columns(columns).writeto(folder / "stars.fits", overwrite=True)
    (folder / "index").mkdir(exist_ok=True)
    run("build-astrometry-index", "-i", folder / "stars.fits", "-o", folder / "index/index-1.fits", "-P", 0, "-S",
        "MAG", "-j", 0.1, "-I", 1, "-E")
    (folder / "astrometry.cfg").write_text(f"add_path {folder}/index\nautoindex\n")
    return ra, dec, magnitude


def truth(random, inside):
    """Coordinates of a field within the square, or of one that no index star is near."""
    reach = SIDE / 2 - 0.2
    east, north = reach * (2 * random.random(2) - 1)
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [CENTRE[0] + east / np.cos(np.radians(CENTRE[1])), CENTRE[1] + north + (0 if inside else 20)]
    wcs.wcs.crpix = [(SIZE + 1) / 2] * 2
    turn, flip, step = 2 * np.pi * random.random(), random.choice((-1, 1)), SCALE / 3600
    wcs.wcs.cd = step * np.array([[flip * np.cos(turn), np.sin(turn)], [-flip * np.sin(turn), np.cos(turn)]])
    return wcs


def field(random, stars, inside):
    """Centroids with errors, a tenth of the stars missing, a tenth of the detections none; and the truth."""
    wcs, (ra, dec, magnitude) = truth(random, inside), stars
    if inside:
        x, y = wcs.all_world2pix(ra, dec, 0)
    else:
        x, y = SIZE * random.random((2, 60))
        magnitude = 18 + np.log10(random.random(60)) / 0.35
    seen = (x > 0) & (y > 0) & (x < SIZE - 1) & (y < SIZE - 1) & (random.random(len(x)) > 0.1)
    x, y, flux = x[seen], y[seen], 10 ** (-0.4 * (magnitude[seen] - 25))
    noise = max(1, len(x) // 10)
    rows = np.concatenate([
        np.column_stack([x, y]) + random.normal(0, CENTROID_ERROR, (len(x), 2)), SIZE * random.random((noise, 2))])
    return wcs, rows, np.concatenate([flux * 10 ** random.normal(0, 0.06, len(x)), random.choice(flux, noise)])


def off(header, wcs):
    """Greatest distance at the corners [px]."""
    corners = np.array([(0, 0), (SIZE - 1, 0), (0, SIZE - 1), (SIZE - 1, SIZE - 1)])
    places, true = WCS(header).all_pix2world(corners, 0), wcs.all_pix2world(corners, 0)
    east = (places[:, 0] - true[:, 0]) * np.cos(np.radians(true[:, 1]))
    return float(np.max(np.hypot(east, places[:, 1] - true[:, 1]))) * 3600 / SCALE


def ours(folder, stars):
    report = run(
        NIGHTJAR, "solve", "--stars", folder / "list.csv", "--size", f"{SIZE},{SIZE}", "--scale",
        ",".join(map(str, SCALES)), "--catalog", stars, "--astrometry-net", folder.parent / "astrometry.cfg", "--json",
        accepted=(0, 1)).json["frames"][0]
    if not report["solved"]:
        return None
    found = report["solution"]
    turn, step = np.radians(found["rotationDegrees"]), found["scaleArcsecPerPixel"] / 3600
    flip = 1 if found["isMirrored"] else -1
    return fits.Header({
        "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": found["raDegrees"], "CRVAL2": found["decDegrees"],
        "CRPIX1": (SIZE + 1) / 2, "CRPIX2": (SIZE + 1) / 2, "CD1_1": flip * step * np.cos(turn),
        "CD1_2": step * np.sin(turn), "CD2_1": -flip * step * np.sin(turn), "CD2_2": step * np.cos(turn)})


def theirs(folder):
    place = folder / "theirs.wcs"
    run(SOLVE_FIELD, folder / "list.xyls", "--config", folder.parent / "astrometry.cfg", "--overwrite", "--no-plots",
        "--no-tweak", "--no-remove-lines", "--uniformize", 0, "--width", SIZE, "--height", SIZE, "--x-column", "X",
        "--y-column", "Y", "--sort-column", "FLUX", "--scale-units", "arcsecperpix", "--scale-low", SCALES[0],
        "--scale-high", SCALES[1], "--cpulimit", 60, "--dir", folder, "--wcs", place, accepted=(0, 1, 255))
    return fits.getheader(place) if place.exists() else None


def narrow(bench):
    if not SOLVE_FIELD:
        raise NotThere("solve-field: make bench installs astrometry.net")
    if not knows("solve", "astrometry-net"):
        raise NotThere("nightjar solve --astrometry-net")
    folder, random, bright = bench.fields.folder / "narrow", np.random.default_rng(12), catalogue()
    folder.mkdir(exist_ok=True)
    stars, counts, wrong, pixels = sky(folder), {"nightjar": 0, "solve-field": 0}, 0, []
    fields = FIELDS // 4 if bench.quick else FIELDS
    for number in range(fields + ELSEWHERE):
        inside = number < fields
        wcs, places, flux = field(random, stars, inside)
        own = folder / f"{number}"
        own.mkdir(exist_ok=True)
        np.savetxt(own / "list.csv", np.column_stack([places, flux]), delimiter=",", header="x,y,flux", comments="")
        fits.BinTableHDU.from_columns([
            fits.Column(name, "D", array=values) for name, values in
            (("X", places[:, 0] + 1), ("Y", places[:, 1] + 1), ("FLUX", flux))
        ]).writeto(own / "list.xyls", overwrite=True)
        for name, header in (("nightjar", ours(own, bright)), ("solve-field", theirs(own))):
            if header is None:
                continue
            error = off(header, wcs) if inside else np.inf
            right = error <= GREATEST_ERROR
            counts[name] += right
            if name == "nightjar":
                wrong += not right
                pixels.append(error)
    bench.measured("narrow fields without a pointing that are solved", counts["nightjar"] / fields,
                   counts["solve-field"] / fields)
    bench.measured("false solutions of narrow fields", wrong)
    bench.say(f"narrow fields: median greatest error {np.median(pixels):.2f} px")
