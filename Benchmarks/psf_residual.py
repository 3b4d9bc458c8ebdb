"""Draws docs/images/psf-residual.png: stars of a simulated frame, what was fitted to them, and what is left.

usage: psf_residual.py [OUT]

The star image grows and turns over the frame; `nightjar measure --residual --psf-out` alone makes what is shown.
"""

import sys
import tempfile
from pathlib import Path

import matplotlib
import numpy as np
from astropy.io import fits

from fields import native
from program import ROOT, nightjar

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

FIELD = [
    "--scenario", "dense", "--frames", 1, "--size", 1024, "--stars", 3000, "--snr", "8:600", "--flux-slope", 0.6,
    "--psf", "moffat", "--fwhm", 3.2, "--fwhm-growth", 0.2, "--ellipticity", 0.05, "--ellipticity-growth", 0.06,
    "--sky", 200, "--read-noise", 5, "--gain", 2, "--seed", 41]
# The part that is shown: near a corner, where the star image is far from that of the middle.
COLUMNS, ROWS = slice(40, 240), slice(40, 240)
SURFACE, INK = "#ffffff", "#333333"


def frames(folder):
    """The calibrated frame, the same without its stars, and the header of the star image."""
    folder = Path(folder)
    nightjar("simulate", *FIELD, "--out", folder / "sim")
    masters = [
        word for kind in ("bias", "dark", "flat") for word in (f"--{kind}", folder / f"sim/masters/{kind}.fits")]
    light = next((folder / "sim/frames").glob("*-light-*"), None) or next((folder / "sim/frames").iterdir())
    calibrated, rest, model = folder / "c.fits", folder / "rest.fits", folder / "c.psf"
    nightjar("calibrate", light, *masters, "--out", calibrated)
    nightjar("measure", calibrated, "--residual", rest, "--psf-out", model, "--out", folder / "c.csv")
    return calibrated, rest, fits.getheader(model, "PSF_DATA")


def panel(figure, axis, image, title, note, scale):
    shown = axis.imshow(image, origin="lower", cmap="gray_r", interpolation="nearest", **scale)
    axis.set_title(title, fontsize=10, color=INK, loc="left")
    axis.set_xticks([])
    axis.set_yticks([])
    for spine in axis.spines.values():
        spine.set_color("#bbbbbb")
    bar = figure.colorbar(shown, ax=axis, orientation="horizontal", fraction=0.05, pad=0.03)
    bar.set_label(note, fontsize=8, color=INK, labelpad=1)
    bar.ax.tick_params(labelsize=7, colors=INK)
    bar.outline.set_visible(False)
    return bar


def histogram(axis, under, width):
    """Pixels with starlight, in units of their own noise, beside the unit Gaussian."""
    grid = np.linspace(-5, 5, 201)
    axis.hist(under, bins=np.linspace(-5, 5, 81), density=True, color="#9db8d2")
    axis.plot(grid, np.exp(-grid**2 / 2) / np.sqrt(2 * np.pi), color=INK, linewidth=1.2)
    axis.set_title(f"pixels on stars: width {width:.2f}", fontsize=10, color=INK, loc="left")
    axis.set_xlabel("residual / noise", fontsize=8, color=INK)
    axis.set_xlim(-5, 5)
    axis.set_yticks([])
    axis.set_box_aspect(1)
    axis.tick_params(labelsize=7, colors=INK)
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)


def draw(calibrated, rest, model, out):
    signal, left, variance = native(calibrated), native(rest), native(rest, "VARIANCE")
    good = native(rest, "MASK") == 0
    stars = signal - left
    sky = np.median(left[good])
    pull = (left - sky) / np.sqrt(variance)
    # Where the stars' own photons are most of the noise.
    under = pull[good & (stars > 0.5 * variance)]
    chi2 = np.mean(np.clip(under, -8, 8) ** 2)
    part = (ROWS, COLUMNS)
    top = np.percentile(stars[part], 99.7)
    light = {"norm": matplotlib.colors.AsinhNorm(linear_width=40, vmin=-40, vmax=top)}
    figure, axes = plt.subplots(1, 4, figsize=(12.4, 4.1), facecolor=SURFACE)
    for axis, image, title in ((axes[0], signal - sky, "frame"), (axes[1], stars, "fitted stars")):
        bar = panel(figure, axis, image[part], title, "electrons above the sky, asinh", light)
        bar.set_ticks([0, 100, 1000, 10000] if top > 10000 else [0, 100, 1000])
        bar.ax.set_xticklabels([f"{tick:g}" for tick in bar.get_ticks()])
    panel(
        figure, axes[2], pull[part], f"frame - stars: chi² per pixel {chi2:.2f}", "units of the pixel's noise",
        {"vmin": -5, "vmax": 5})
    histogram(axes[3], under, np.sqrt(chi2))
    figure.supxlabel(
        f"{COLUMNS.stop - COLUMNS.start} x {ROWS.stop - ROWS.start} of 1024 x 1024 px; star image of "
        f"{model['ACCEPTED']} stars, order {model['POLDEG1']} in position, FWHM {model['PSF_FWHM']:.2f} px",
        fontsize=8, color="#666666", x=0.012, y=0.01, ha="left")
    figure.subplots_adjust(left=0.012, right=0.988, top=0.97, bottom=0.13, wspace=0.08)
    figure.savefig(out, dpi=110, metadata={"Software": None})
    plt.close(figure)
    return len(under), chi2


def main(arguments):
    out = Path(arguments[0]) if arguments else ROOT / "docs/images/psf-residual.png"
    with tempfile.TemporaryDirectory() as folder:
        count, chi2 = draw(*frames(folder), out)
    print(f"{out}: {count} pixels under stars, chi^2 {chi2:.3f}")


if __name__ == "__main__":
    main(sys.argv[1:])
