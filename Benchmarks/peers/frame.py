"""The Python stack on one raw frame: ccdproc calibrates, sep finds and measures, astropy reads and writes.

usage: frame.py RAW BIAS DARK FLAT OUT RADIUS FWHM [cosmics]

Does what `nightjar measure` does, step by step, with the calls that the libraries' own guides show: bias, dark, gain,
flat; background mesh of 64 px; seeing, then detection at 4 sigma; windowed centroids; exact sums in a circle above an
annulus and in the Kron ellipse, with errors; a table. RADIUS and FWHM [px] are those that nightjar found, so that both
measure within the same aperture. With `cosmics`, astroscrappy finds and cleans cosmic rays after calibration, with
separable medians, its fastest. Prints the times of each step as JSON, the masters having been read before.
"""

import json
import sys
import time
import warnings

import astropy.units as u
import astroscrappy
import ccdproc
import numpy as np
import sep
from astropy.io import fits
from astropy.nddata import CCDData
from astropy.table import Table

THRESHOLD = 4.0


class Times:
    def __init__(self):
        self.steps = {}

    def step(self, name, work):
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        self.steps[name] = (time.perf_counter() - wall, time.process_time() - cpu)
        return result


def image(path, unit):
    with fits.open(path, memmap=False) as hdus:
        return CCDData(hdus[0].data.astype(np.float32), unit=unit, header=hdus[0].header)


def calibrate(raw, bias, dark, flat):
    gain = float(raw.header["EGAIN"])
    frame = ccdproc.subtract_bias(raw, bias)
    frame = ccdproc.subtract_dark(frame, dark, exposure_time="EXPTIME", exposure_unit=u.s, scale=True)
    frame = ccdproc.gain_correct(frame, gain * u.electron / u.adu)
    frame = ccdproc.flat_correct(frame, flat, norm_value=1.0)
    return np.ascontiguousarray(frame.data, dtype=np.float32)


def kernel(fwhm):
    reach = int(np.ceil(fwhm))
    line = np.exp(-0.5 * (np.arange(-reach, reach + 1) / (fwhm / 2.3548)) ** 2)
    return np.outer(line, line).astype(np.float32)


def detect(signal):
    """The seeing from bright stars with sep's own kernel, then what stands out by THRESHOLD under a star image.

    sep's convolution with a threshold in sigmas of the filtered frame: of sep's filters the one that finds the most
    stars, and the fastest.
    """
    background = sep.Background(signal, bw=64, bh=64, fw=3, fh=3)
    data = signal - background.back()
    bright = sep.extract(data, 10.0, err=background.globalrms)
    good = bright[bright["flag"] == 0]
    good = good[np.argsort(-good["peak"])][:300]
    radius, _ = sep.flux_radius(data, good["x"], good["y"], 6.0 * good["a"], 0.5, normflux=good["flux"], subpix=5)
    fwhm = min(max(2.0 * float(np.median(radius)), 1.0), 20.0)
    shape = kernel(fwhm)
    threshold = THRESHOLD * float(np.sqrt((shape**2).sum()) / shape.sum())
    error = background.rms()
    objects = sep.extract(
        data, threshold, err=error, minarea=3, filter_kernel=shape, filter_type="conv", deblend_nthresh=32,
        deblend_cont=0.005)
    return data, error, objects, fwhm


def measure(data, error, objects, radius, fwhm):
    x, y, _ = sep.winpos(data, objects["x"], objects["y"], np.full(len(objects), fwhm / 2.3548))
    outer = max(4.0 * radius, 2.5 * radius + 6.0)
    flux, flux_error, flag = sep.sum_circle(
        data, x, y, radius, err=error, gain=1.0, bkgann=(2.5 * radius, outer), subpix=0)
    a, b = np.maximum(objects["a"], 0.5), np.maximum(objects["b"], 0.5)
    # sep refuses an angle that rounding has put beyond 90 degrees, and shapes that are not numbers.
    theta = np.clip(np.nan_to_num(objects["theta"]), -1.57, 1.57)
    a, b = np.nan_to_num(a, nan=1.0), np.nan_to_num(b, nan=1.0)
    kron, _ = sep.kron_radius(data, x, y, a, b, theta, 6.0)
    reach = np.maximum(2.5 * np.nan_to_num(kron), 3.5)
    auto, auto_error, _ = sep.sum_ellipse(data, x, y, a, b, theta, reach, err=error, gain=1.0, subpix=0)
    return {
        "x": x, "y": y, "flux_aperture": flux, "flux_aperture_err": flux_error, "flux_auto": auto,
        "flux_auto_err": auto_error, "peak": objects["peak"], "flags": objects["flag"] | flag,
    }


def clean(signal, read_noise):
    _, cleaned = astroscrappy.detect_cosmics(
        signal, sigclip=4.5, sigfrac=0.3, objlim=5.0, gain=1.0, readnoise=read_noise, satlevel=1e6, niter=4,
        sepmed=True, cleantype="meanmask", fsmode="median")
    return np.ascontiguousarray(cleaned, dtype=np.float32)


def run(raw_path, masters, out, radius, fwhm, cosmics):
    times = Times()
    raw = times.step("read", lambda: image(raw_path, "adu"))
    signal = times.step("calibrate", lambda: calibrate(raw, *masters))
    if cosmics:
        read_noise = float(raw.header["RDNOISE"])
        signal = times.step("cosmic rays", lambda: clean(signal, read_noise))
    data, error, objects, own_fwhm = times.step("detect", lambda: detect(signal))
    columns = times.step("measure", lambda: measure(data, error, objects, radius, fwhm))
    times.step("write", lambda: Table(columns).write(out, format="ascii.csv", overwrite=True))
    return times.steps, len(objects), own_fwhm


def main():
    warnings.simplefilter("ignore")
    raw_path, bias, dark, flat, out, radius, fwhm = sys.argv[1:8]
    sep.set_extract_pixstack(4_000_000)
    masters = image(bias, "adu"), image(dark, "adu"), image(flat, "")
    steps, count, own_fwhm = run(raw_path, masters, out, float(radius), float(fwhm), "cosmics" in sys.argv[8:])
    print(json.dumps({
        "rows": count, "fwhmPixels": own_fwhm,
        "steps": [{"step": name, "wallSeconds": wall, "cpuSeconds": cpu} for name, (wall, cpu) in steps.items()],
    }))


if __name__ == "__main__":
    main()
