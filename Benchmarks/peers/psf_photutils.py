"""Effective PSF and PSF photometry by photutils: psf_photutils.py FRAME VARIANCE POSITIONS OUT FWHM

POSITIONS are those found by another tool (x, y, 0-based), so that the times are those of the PSF alone.
"""

import sys
import warnings

import numpy as np
from astropy.nddata import NDData
from astropy.table import Table
from photutils.background import Background2D, MedianBackground
from photutils.psf import EPSFBuilder, PSFPhotometry, SourceGrouper, extract_stars
from scipy.spatial import cKDTree

from common import Times, plane


def model(data, x, y, fwhm):
    """From the 150 brightest stars that have no neighbour within five widths."""
    inside = (np.minimum(x, y) > 20) & (x < data.shape[1] - 20) & (y < data.shape[0] - 20)
    lonely = cKDTree(np.column_stack([x, y])).query(np.column_stack([x, y]), k=2)[0][:, 1] > 5 * fwhm
    stars = Table({"x": x, "y": y, "peak": data[np.rint(y).astype(int), np.rint(x).astype(int)]})[inside & lonely]
    stars.sort("peak", reverse=True)
    cutouts = extract_stars(NDData(data), stars[:150], size=21)
    return EPSFBuilder(oversampling=2, maxiters=5, progress_bar=False)(cutouts)[0]


def main():
    warnings.simplefilter("ignore")
    path, variance, positions, out, fwhm = *sys.argv[1:5], float(sys.argv[5])
    frame, error = plane(path), np.sqrt(plane(variance))
    x, y = np.loadtxt(positions, delimiter=",", skiprows=1, unpack=True)
    data = frame - Background2D(frame, 64, filter_size=3, bkg_estimator=MedianBackground()).background
    inside = (x > 0) & (y > 0) & (x < data.shape[1] - 1) & (y < data.shape[0] - 1)
    x, y = x[inside], y[inside]
    times = Times()
    psf = times.step("psf model", lambda: model(data, x, y, fwhm))
    photometry = PSFPhotometry(
        psf, (11, 11), grouper=SourceGrouper(1.5 * fwhm), aperture_radius=1.5 * fwhm, progress_bar=False)
    rows = times.step("psf photometry", lambda: photometry(
        data, error=error, init_params=Table({"x_init": x, "y_init": y})))
    columns = [np.asarray(rows[name], dtype=float) for name in ("x_fit", "y_fit", "flux_fit", "flux_err")]
    np.save(out, np.rec.fromarrays(columns, names="x,y,flux,flux_err"))
    times.say(rows=len(rows))


if __name__ == "__main__":
    main()
