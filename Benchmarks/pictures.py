"""Picture of the documents that a whole run draws: pulls.png. psf_residual.py draws psf-residual.png."""

from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402


def pulls(rows, out):
    """Histograms of (measured - true) / reported error with the unit Gaussian."""
    quantities = [name for name in ("aperture flux", "PSF flux", "centroid") if np.isfinite(rows[name]).any()]
    figure, axes = plt.subplots(1, len(quantities), figsize=(4.2 * len(quantities), 3.4), squeeze=False)
    grid = np.linspace(-5, 5, 201)
    for axis, name in zip(axes[0], quantities):
        snr = rows["place_snr"] if name == "centroid" else rows["snr"]
        values = rows[name][np.isfinite(rows[name]) & (snr >= (10 if name == "centroid" else 5))]
        axis.hist(values, bins=np.linspace(-5, 5, 81), density=True, color="#9db8d2")
        axis.plot(grid, np.exp(-grid**2 / 2) / np.sqrt(2 * np.pi), color="#333333", linewidth=1.2)
        kept = values[np.abs(values) <= 8]
        axis.set_title(f"{name}: mean {kept.mean():+.3f}, width {kept.std():.3f}", fontsize=9)
        axis.set_xlabel("(measured - true) / reported error")
        axis.set_yticks([])
    figure.tight_layout()
    figure.savefig(out, dpi=110, metadata={"Software": None})
    plt.close(figure)


def write(folder, images):
    """Draws what the run has left in `folder`; returns what was drawn."""
    drawn = []
    images.mkdir(parents=True, exist_ok=True)
    place = Path(folder) / "pulls.npz"
    if place.exists():
        pulls(np.load(place), images / "pulls.png")
        drawn.append("pulls.png")
    return drawn
