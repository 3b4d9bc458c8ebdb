"""SourceExtractor, PSFEx and SWarp with the configurations of peers/, and the tools that are tuned and compared."""

import shutil
from pathlib import Path

import numpy as np
from astropy.io import fits

from fields import FWHM
from program import HERE, Failed, run

PEERS = HERE / "peers"


def program(*names):
    for name in names:
        if shutil.which(name):
            return name
    raise Failed(f"{names[0]} is missing: scripts/setup.sh bench installs it")


def source_extractor(image, catalogue, parameters, threshold, radius, *more):
    return run(
        program("source-extractor", "sex"), image, "-c", PEERS / "detect.sex", "-PARAMETERS_NAME", PEERS / parameters,
        "-FILTER_NAME", PEERS / "gauss_3.2_9x9.conv", "-CATALOG_NAME", catalogue, "-DETECT_THRESH", threshold,
        "-ANALYSIS_THRESH", threshold, "-PHOT_APERTURES", 2 * radius, "-SEEING_FWHM", FWHM, *more)


def ldac(path):
    """The rows of a catalogue; FITS counts pixels from 1, we from 0."""
    with fits.open(path, memmap=False) as hdus:
        rows = hdus["LDAC_OBJECTS"].data
        columns = {name: np.array(rows[name]).astype(float) for name in rows.names if name != "VIGNET"}
    for name in columns:
        if name in ("X_IMAGE", "Y_IMAGE", "XWIN_IMAGE", "YWIN_IMAGE", "XPSF_IMAGE", "YPSF_IMAGE"):
            columns[name] = columns[name] - 1
    return columns


def chain(frame, folder, threshold, radius):
    """SourceExtractor, PSFEx, SourceExtractor: the rows, and the CPU seconds of all three."""
    stars, rows = Path(folder) / f"{Path(frame.name).stem}-stars.cat", Path(folder) / f"{Path(frame.name).stem}-psf.cat"
    runs = [source_extractor(frame.signal_file, stars, "stars.param", threshold, radius)]
    runs.append(run(program("psfex"), stars, "-c", PEERS / "model.psfex", "-PSF_DIR", folder))
    model = stars.with_suffix(".psf")
    runs.append(source_extractor(
        frame.signal_file, rows, "psf.param", threshold, radius, "-PSF_NAME", model, "-PSF_NMAX", 1))
    found = ldac(rows)
    columns = {
        "x": found["XPSF_IMAGE"], "y": found["YPSF_IMAGE"], "flux": found["FLUX_PSF"],
        "flux_err": found["FLUXERR_PSF"], "x_windowed": found["XWIN_IMAGE"], "y_windowed": found["YWIN_IMAGE"],
    }
    return columns, sum(done.cpuSeconds for done in runs)


def swarp(image, weightless_out, header, folder):
    """Resamples onto the grid of `header`, which lies beside the output with the ending .head."""
    weightless_out.with_suffix(".head").write_text(header)
    return run(
        program("SWarp", "swarp"), image, "-c", PEERS / "resample.swarp", "-IMAGEOUT_NAME", weightless_out,
        "-RESAMPLE_DIR", folder, folder=folder)
