"""Background to Kron fluxes by sep: detect_sep.py FRAME OUT THRESHOLD FWHM RADIUS [BACKGROUND]

THRESHOLD is in sigmas of a pixel of the frame, FWHM the filter's, RADIUS the aperture's [px]. BACKGROUND gets the
background map.
"""

import sys

import numpy as np
import sep

from common import Times, kernel, plane


def measure(data, rms, objects, fwhm, radius):
    x, y, _ = sep.winpos(data, objects["x"], objects["y"], np.full(len(objects), fwhm / 2.3548))
    flux, error, _ = sep.sum_circle(data, x, y, radius, err=rms, gain=1.0, subpix=0)
    a, b = np.maximum(objects["a"], 0.5), np.maximum(objects["b"], 0.5)
    # sep refuses an angle that rounding has put beyond 90 degrees, and shapes that are not numbers.
    theta = np.clip(np.nan_to_num(objects["theta"]), -1.57, 1.57)
    a, b = np.nan_to_num(a, nan=1.0), np.nan_to_num(b, nan=1.0)
    kron, _ = sep.kron_radius(data, x, y, a, b, theta, 6.0)
    reach = np.maximum(2.5 * np.nan_to_num(kron), 3.5)
    auto, auto_error, _ = sep.sum_ellipse(data, x, y, a, b, theta, reach, err=rms, gain=1.0, subpix=0)
    return np.rec.fromarrays(
        [x, y, flux, error, auto, auto_error], names="x,y,flux,flux_err,flux_auto,flux_auto_err")


def found(frame, threshold, fwhm, radius, times):
    """The rows and the background."""
    sep.set_extract_pixstack(6_000_000)
    sep.set_sub_object_limit(8192)
    background = times.step("background", lambda: sep.Background(frame, bw=64, bh=64, fw=3, fh=3))
    data, rms = times.step("background map", lambda: (frame - background.back(), background.rms()))
    objects = times.step("detect", lambda: sep.extract(
        data, threshold, err=rms, minarea=3, filter_kernel=kernel(fwhm), filter_type="conv", deblend_nthresh=32,
        deblend_cont=0.005))
    return times.step("measure", lambda: measure(data, rms, objects, fwhm, radius)), background


def main():
    path, out, threshold, fwhm, radius = sys.argv[1], sys.argv[2], *map(float, sys.argv[3:6])
    frame, times = plane(path), Times()
    rows, background = found(frame, threshold, fwhm, radius, times)
    np.save(out, rows)
    if len(sys.argv) > 6:
        np.save(sys.argv[6], background.back())
    times.say(rows=len(rows))


if __name__ == "__main__":
    main()
