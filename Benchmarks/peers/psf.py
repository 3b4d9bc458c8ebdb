"""PSF photometry by the peers on one frame: SourceExtractor + PSFEx + SourceExtractor, and photutils.

usage: psf.py {chain,photutils} FRAME.fits TRUTH.txt SKY_VARIANCE FWHM

FRAME holds electrons (gain 1). TRUTH has a row per star: x y flux fluxBound xBound, 0-based pixels and electrons; the
bounds are the Cramer-Rao bounds of flux and x. Prints, as JSON, the CPU seconds of each step with its children, and for
each S/N bin the number of stars matched within 1.5 px, the median and the robust scatter of (flux - truth) / bound, and
the robust scatter of (x - truth) / bound.

The chain: SourceExtractor at 4 sigma with vignettes of 35 px; PSFEx with a pixel basis, order 2 in position and S/N
above 20; SourceExtractor again for FLUX_PSF, XPSF_IMAGE. photutils: an ePSF by EPSFBuilder from the 150 brightest
isolated stars, fitted by PSFPhotometry with grouping at 2 FWHM.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import warnings

import numpy as np
from astropy.io import fits

EDGES = [5, 6, 10, 20, 50, 100, 300, 1000, 4000]


def cpu():
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


class Steps:
    def __init__(self):
        self.seconds = {}

    def run(self, name, work):
        start = cpu()
        result = work()
        self.seconds[name] = cpu() - start
        return result


def source_extractor(frame, out, folder, fwhm, columns, *options):
    names = os.path.join(folder, "columns.param")
    with open(names, "w") as file:
        file.write("\n".join(columns) + "\n")
    kernel = os.path.join(folder, "kernel.conv")
    reach = int(np.ceil(fwhm))
    line = np.exp(-0.5 * (np.arange(-reach, reach + 1) / (fwhm / 2.3548)) ** 2)
    with open(kernel, "w") as file:
        file.write("CONV NORM\n")
        np.savetxt(file, np.outer(line, line), fmt="%.6f")
    subprocess.run(
        ["source-extractor", frame, "-CATALOG_NAME", out, "-CATALOG_TYPE", "FITS_LDAC", "-PARAMETERS_NAME", names,
         "-FILTER_NAME", kernel, "-DETECT_THRESH", "1.0", "-ANALYSIS_THRESH", "1.0", "-DETECT_MINAREA", "3",
         "-GAIN", "1", "-PHOT_APERTURES", f"{4 * fwhm:.2f}", "-SATUR_LEVEL", "1e9", "-BACK_SIZE", "64",
         "-NTHREADS", "1", "-VERBOSE_TYPE", "QUIET", "-STARNNW_NAME", "/usr/share/source-extractor/default.nnw",
         *options],
        check=True, cwd=folder)
    return fits.getdata(out, 2)


def chain(frame, fwhm, steps):
    with tempfile.TemporaryDirectory() as folder:
        first, second = os.path.join(folder, "first.cat"), os.path.join(folder, "second.cat")
        shape = [
            "X_IMAGE", "Y_IMAGE", "FLUX_RADIUS", "FLUX_APER(1)", "FLUXERR_APER(1)", "SNR_WIN", "ELONGATION", "FLAGS"]
        steps.run("detect", lambda: source_extractor(frame, first, folder, fwhm, ["VIGNET(35,35)"] + shape))
        steps.run("psfex", lambda: subprocess.run(
            ["psfex", first, "-SAMPLE_MINSN", "20", "-PSFVAR_DEGREES", "2", "-PSF_SIZE", "35,35",
             "-PSF_SAMPLING", "0.7", "-PHOTFLUX_KEY", "FLUX_APER(1)", "-PHOTFLUXERR_KEY", "FLUXERR_APER(1)",
             "-CHECKIMAGE_TYPE", "NONE",
             "-CHECKPLOT_TYPE", "NONE", "-WRITE_XML", "N", "-NTHREADS", "1", "-VERBOSE_TYPE", "QUIET"],
            check=True, cwd=folder))
        columns = ["X_IMAGE", "Y_IMAGE", "XPSF_IMAGE", "YPSF_IMAGE", "FLUX_PSF", "FLUXERR_PSF"]
        table = steps.run("photometry", lambda: source_extractor(
            frame, second, folder, fwhm, columns, "-PSF_NAME", first.replace(".cat", ".psf")))
        return (np.array(table["XPSF_IMAGE"]) - 1, np.array(table["YPSF_IMAGE"]) - 1, np.array(table["FLUX_PSF"]))


def photutils_epsf(frame, variance, fwhm, steps):
    from astropy.nddata import NDData
    from astropy.table import QTable, Table
    from photutils.background import Background2D, LocalBackground, MMMBackground
    from photutils.detection import DAOStarFinder
    from photutils.psf import EPSFBuilder, PSFPhotometry, SourceGrouper, extract_stars

    data = fits.getdata(frame).astype(float)
    background = steps.run("background", lambda: Background2D(data, 64, filter_size=3).background)
    data = data - background
    threshold = 4.0 * np.sqrt(variance) / (fwhm * 1.5)
    found = steps.run("detect", lambda: DAOStarFinder(threshold * 2.2, fwhm)(data))
    x, y = (np.array(found[name]) for name in (
        ("x_centroid", "y_centroid") if "x_centroid" in found.colnames else ("xcentroid", "ycentroid")))
    flux = np.array(found["flux"])

    def model():
        from scipy.spatial import cKDTree
        order = np.argsort(-flux)
        distance = cKDTree(np.c_[x, y]).query(np.c_[x, y], k=2)[0][:, 1]
        inside = (x > 20) & (y > 20) & (x < data.shape[1] - 20) & (y < data.shape[0] - 20)
        good = [i for i in order if distance[i] > 4 * fwhm and inside[i]]
        stars = extract_stars(NDData(data), Table({"x": x[good[:150]], "y": y[good[:150]]}), size=25)
        return EPSFBuilder(oversampling=3, maxiters=8, progress_bar=False)(stars)[0]

    epsf = steps.run("model", model)
    fit = PSFPhotometry(
        epsf, fit_shape=(7, 7), grouper=SourceGrouper(2 * fwhm), aperture_radius=1.5 * fwhm,
        localbkg_estimator=LocalBackground(3 * fwhm, 6 * fwhm, MMMBackground()))
    error = np.sqrt(variance + np.clip(data, 0, None))
    rows = steps.run("photometry", lambda: fit(
        data, error=error, init_params=QTable({"x": x, "y": y})))
    return np.array(rows["x_fit"]), np.array(rows["y_fit"]), np.array(rows["flux_fit"])


def bins(x, y, flux, truth):
    from scipy.spatial import cKDTree
    good = np.isfinite(x) & np.isfinite(y) & np.isfinite(flux)
    x, y, flux = x[good], y[good], flux[good]
    distance, index = cKDTree(np.c_[x, y]).query(truth[:, :2])
    ratio = truth[:, 2] / truth[:, 3]
    rows = []
    for low, high in zip(EDGES, EDGES[1:]):
        use = (ratio >= low) & (ratio < high) & (distance < 1.5)
        if use.sum() < 5:
            continue
        error = (flux[index[use]] - truth[use, 2]) / truth[use, 3]
        place = (x[index[use]] - truth[use, 0]) / truth[use, 4]
        rows.append({
            "snr": [low, high], "stars": int(use.sum()), "of": int(((ratio >= low) & (ratio < high)).sum()),
            "bias": float(np.median(error)), "rms": robust(error), "centroid": robust(place)})
    return rows


def robust(values):
    return float(1.4826 * np.median(np.abs(values - np.median(values))))


def main():
    warnings.simplefilter("ignore")
    peer, frame, truth, variance, fwhm = sys.argv[1:6]
    steps = Steps()
    if peer == "chain":
        x, y, flux = chain(os.path.abspath(frame), float(fwhm), steps)
    else:
        x, y, flux = photutils_epsf(frame, float(variance), float(fwhm), steps)
    print(json.dumps({
        "peer": peer, "sources": len(x), "cpuSeconds": steps.seconds, "totalCPUSeconds": sum(steps.seconds.values()),
        "bins": bins(x, y, flux, np.loadtxt(truth))}, indent=1))


if __name__ == "__main__":
    main()
