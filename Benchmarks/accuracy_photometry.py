"""Scatter of fluxes and centroids against the Cramer-Rao bound."""

import numpy as np

from external import chain, ldac, source_extractor
from fields import FWHM, table
from joint_bound import joint_errors
from program import NotThere, knows, measured, peer
from targets import CHAIN, SNR_BINS, label
from together import each
from truth import clipped_rms, inside, matched, stacked

RADII = [round(factor * FWHM, 2) for factor in (0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0)]
MATCH = 0.5 * FWHM
# SourceExtractor's threshold for photometry, sigmas of a pixel; nightjar's, of its filter.
SEX_THRESHOLD, THRESHOLD = 1.5, 4.0
JOINT = (
    "The bound takes all other stars as perfectly known; the joint bound has their fluxes and places as unknowns too, "
    "with priors of their own flux and half a FWHM (joint_bound.py). The stars and their bins are the same.")


def chosen(frame, x, y):
    """True stars well inside the frame, each with its partner."""
    partner = matched(frame.truth, x, y, MATCH)
    keep = (partner >= 0) & inside(frame.truth, frame.field.size)
    truth = {name: column[keep] for name, column in frame.truth.items() if name != "frame"}
    return truth, partner[keep]


def flux_residuals(frame, x, y, flux):
    """In units of the bound, after one factor for the frame: a zero point, which every tool's user would set."""
    truth, rows = chosen(frame, x, y)
    true, error = truth["flux_electrons"], truth["flux_err"]
    scale = np.nanmedian((flux[rows] / true)[true / error > 100])
    columns = {"snr": true / error, "residual": (flux[rows] / scale - true) / error}
    if "joint_err" in truth:
        columns["joint_residual"] = (flux[rows] / scale - true) / truth["joint_err"]
    return columns


def nightjar_psf(frame):
    if not knows("measure", "psf"):
        raise NotThere("nightjar measure --psf")
    out = frame.place("ours-psf.csv")
    measured(frame.calibrated, "--psf", "--threshold", THRESHOLD, "--out", out)
    found = table(out)
    return flux_residuals(frame, found["x"], found["y"], found["flux_psf"])


def chain_psf(frame):
    found, _ = chain(frame, frame.place("x").parent, SEX_THRESHOLD, 1.5 * FWHM)
    return flux_residuals(frame, found["x"], found["y"], found["flux"])


def photutils_psf(frame):
    out, positions = frame.place("photutils.npy"), frame.place("found.csv")
    found = frame.place("se-found.cat")
    source_extractor(frame.signal_file, found, "detect.param", SEX_THRESHOLD, 1.5 * FWHM)
    rows = ldac(found)
    places = np.column_stack([rows["XWIN_IMAGE"], rows["YWIN_IMAGE"]])
    np.savetxt(positions, places, delimiter=",", header="x,y", comments="")
    variance = frame.place("variance.fits")
    if not variance.exists():
        from astropy.io import fits
        fits.PrimaryHDU(frame.variance).writeto(variance)
    peer("psf_photutils.py", frame.signal_file, variance, positions, out, FWHM)
    found = np.load(out)
    return flux_residuals(frame, found["x"], found["y"], found["flux"])


def binned(parts, bins=SNR_BINS, residual="residual", bound="bound", each_star=1):
    """Numbers by bin: rms over the bound, mean, stars, share that is too far off to count.

    Each star has so many residuals.
    """
    rows, numbers = stacked(parts), {}
    for low, high in bins:
        values = rows[residual][(rows["snr"] >= low) & (rows["snr"] < high)]
        rms, off = clipped_rms(values)
        name = label(low, high)
        numbers[f"{name}, rms / {bound}"] = rms
        inner = values[np.abs(values) <= 5]
        numbers[f"{name}, mean [sigma]"] = float(inner.mean()) if len(inner) else None
        numbers[f"{name}, share off by 5 sigma"] = off
        numbers[f"{name}, stars"] = len(values) // each_star
    return numbers


def joint(parts):
    """The same stars in the same bins, over the bound that knows no neighbours; as much of `binned` as differs."""
    numbers = binned(parts, residual="joint_residual", bound="joint bound")
    off = "share off by 5 sigma"
    return {
        key.replace(off, "share off by 5 joint sigma"): value for key, value in numbers.items()
        if key.endswith(("rms / joint bound", off))}


def psf_table(bench, field, kind, with_photutils):
    tools = {"nightjar": nightjar_psf, CHAIN: chain_psf}
    if with_photutils:
        tools["photutils"] = photutils_psf
    columns, crowded = {}, kind == "crowded"
    if crowded:
        for frame, errors in zip(field.frames, each(joint_errors, field.frames)):
            frame.truth["joint_err"] = errors
        bench.say("crowded: joint bound")
    for tool, work in tools.items():
        frames = field.frames[:1] if tool == "photutils" else field.frames
        try:
            parts = each(work, frames)
            columns[tool] = {**binned(parts), **(joint(parts) if crowded else {})}
        except NotThere as why:
            bench.missing("photometry", why)
            columns[tool] = {}
        bench.say(f"{kind}: {tool} on {len(frames)} frames")
    bench.columns(
        f"PSF photometry, {kind}", "Stars found by each tool itself; residual = (flux - true flux) / Cramer-Rao bound "
        "of a flux whose place is fitted too, all photons counted, after one factor for each frame; beyond 5 it counts "
        "as off, and not in the rms. " + (JOINT if crowded else ""), columns)
    ours, theirs = columns["nightjar"], columns[CHAIN]
    for low, high in SNR_BINS:
        key = f"{label(low, high)}, rms / bound"
        bench.measured(f"PSF flux, {kind}, {label(low, high)}", ours.get(key), theirs.get(key))
    if crowded:
        for bin_ in SNR_BINS:
            key = f"{label(*bin_)}, rms / joint bound"
            bench.measured(f"PSF flux, crowded, over the joint bound, {label(*bin_)}", ours.get(key), theirs.get(key))

        def bias(numbers):
            means = [numbers.get(f"{label(*bin_)}, mean [sigma]") for bin_ in SNR_BINS]
            return max((abs(mean) for mean in means), default=None) if None not in means else None
        bench.measured("PSF flux, crowded, largest bias of a bin", bias(ours), bias(theirs))


def nightjar_forced(frame, radius):
    out = frame.place(f"forced-{radius}.csv")
    measured(frame.calibrated, "--positions", frame.positions(), "--aperture", radius, "--out", out)
    return table(out, "flux_aperture")["flux_aperture"]


def nightjar_apertures(frame):
    """Fluxes by radius. Each radius by itself: with several at once the annulus of the first would serve them all."""
    return [nightjar_forced(frame, radius) for radius in RADII]


def sep_apertures(frame):
    out = frame.place("sep-forced.npy")
    peer("forced_sep.py", frame.signal_file, frame.positions(), out, *RADII)
    return np.load(out)[:, 0]


def aperture_bins(frames, apertures):
    """Best rms over the bound of all radii, after scaling each radius by its bright stars' median."""
    best, measured_fluxes = {}, each(apertures, frames)
    for index, radius in enumerate(RADII):
        parts = []
        for frame, fluxes in zip(frames, measured_fluxes):
            keep, truth = inside(frame.truth, frame.field.size), frame.truth
            flux, true = fluxes[index][keep], truth["flux_electrons"][keep]
            snr = true / truth["flux_err_place_known"][keep]
            scale = np.nanmedian((flux / true)[snr > 100])
            parts.append({"snr": snr, "residual": (flux / scale - true) / truth["flux_err_place_known"][keep]})
        rows = stacked(parts)
        for low, high in [(6, 100), (100, 1e9)]:
            rms, _ = clipped_rms(rows["residual"][(rows["snr"] >= low) & (rows["snr"] < high)], limit=30)
            if rms is not None and rms < best.get(label(low, high), (np.inf, 0))[0]:
                best[label(low, high)] = (rms, radius)
    return best


def apertures(bench):
    frames = bench.fields.get("pulls").frames[: 2 if bench.quick else 4]
    ours, theirs = aperture_bins(frames, nightjar_apertures), aperture_bins(frames, sep_apertures)
    columns = {
        tool: {f"{name}, {what}": best[name][index] for name in best for index, what in
               enumerate(("rms / bound", "radius [px]"))}
        for tool, best in (("nightjar", ours), ("SEP", theirs))}
    bench.columns("Aperture photometry, best radius", "Forced at true places; scaled by the median of bright stars; "
                  "bound: of a flux at a known place.", columns)
    for low, high in [(6, 100), (100, 1e9)]:
        name = label(low, high)
        bench.measured(f"aperture flux, best radius, {name}", ours[name][0], theirs[name][0])


def place_residuals(frame, x, y):
    truth, rows = chosen(frame, x, y)
    residuals = [(x[rows] - truth["x"]) / truth["x_err"], (y[rows] - truth["y"]) / truth["y_err"]]
    snr = truth["flux_electrons"] / truth["flux_err"]
    return {"snr": np.concatenate([snr, snr]), "residual": np.concatenate(residuals)}


def nightjar_centroids(frame):
    out = frame.place("ours-centroids.csv")
    extra = ["--psf"] if knows("measure", "psf") else []
    measured(frame.calibrated, *extra, "--threshold", THRESHOLD, "--out", out)
    found = table(out)
    return place_residuals(frame, found["x"], found["y"])


def centroids(bench):
    frames = bench.fields.get("pulls").frames[: 2 if bench.quick else 8]
    chains = each(lambda frame: chain(frame, frame.place("x").parent, SEX_THRESHOLD, 1.5 * FWHM)[0], frames[:4])
    parts = {
        "nightjar": each(nightjar_centroids, frames),
        "SourceExtractor, windowed": [
            place_residuals(frame, found["x_windowed"], found["y_windowed"]) for frame, found in zip(frames, chains)],
        CHAIN: [place_residuals(frame, found["x"], found["y"]) for frame, found in zip(frames, chains)],
    }
    bins = [(10, 20), (20, 300), (300, 1e9)]
    columns = {tool: binned(part, bins, each_star=2) for tool, part in parts.items()}
    bench.columns("Centroids", "x and y together, over the Cramer-Rao bound.", columns)
    key = "S/N 20 to 300, rms / bound"
    bench.measured(
        "centroid, S/N 20 to 300", columns["nightjar"][key], columns["SourceExtractor, windowed"][key])


def photometry(bench):
    bench.fields.prepare("isolated", "varying", "crowded", "pulls")
    bench.say("frames are there")
    psf_table(bench, bench.fields.get("isolated"), "isolated", with_photutils=not bench.quick)
    psf_table(bench, bench.fields.get("varying"), "isolated, varying PSF", with_photutils=False)
    psf_table(bench, bench.fields.get("crowded"), "crowded", with_photutils=False)
    apertures(bench)
    bench.say("apertures")
    centroids(bench)
    bench.say("centroids")
