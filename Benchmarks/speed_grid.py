"""World coordinates that carry one frame of a shifted and turned field onto the other, for SWarp."""

import numpy as np
from astropy.io import fits

from program import Wrong

SCALE = 1 / 3600


def located(frame, reference, folder):
    """The frame's signal with coordinates in which it lies on the reference; and where the result goes."""
    ours, theirs = frame.truth, reference.truth
    common = np.intersect1d(ours["star"], theirs["star"])
    pick = lambda truth: np.column_stack([truth["x"], truth["y"]])[np.searchsorted(truth["star"], common)]
    source, target = pick(ours), pick(theirs)
    design = np.column_stack([source, np.ones(len(source))])
    solution, *_ = np.linalg.lstsq(design, target, rcond=None)
    centre = (reference.field.size - 1) / 2
    matrix = solution[:2].T
    place = np.linalg.solve(matrix, np.array([centre, centre]) - solution[2])
    header = fits.Header()
    for key, value in cards(place[0], place[1], matrix * SCALE):
        header[key] = value
    image, out = folder / "shifted.fits", folder / "grid.fits"
    fits.PrimaryHDU(frame.signal, header).writeto(image, overwrite=True)
    return image, out


def cards(x, y, matrix):
    return [
        ("CTYPE1", "RA---TAN"), ("CTYPE2", "DEC--TAN"), ("CRVAL1", 150.0), ("CRVAL2", 0.0),
        ("CRPIX1", x + 1), ("CRPIX2", y + 1), ("CD1_1", -matrix[0, 0]), ("CD1_2", -matrix[0, 1]),
        ("CD2_1", matrix[1, 0]), ("CD2_2", matrix[1, 1]), ("CUNIT1", "deg"), ("CUNIT2", "deg"), ("EQUINOX", 2000.0),
    ]


def grid(size=2048):
    """Header of the reference's grid."""
    header = fits.Header([("SIMPLE", True), ("BITPIX", -32), ("NAXIS", 2), ("NAXIS1", size), ("NAXIS2", size)])
    for key, value in cards((size - 1) / 2, (size - 1) / 2, np.eye(2) * SCALE):
        header[key] = value
    return header.tostring(sep="\n", endcard=False, padding=False) + "\nEND\n"


def on_grid(path, size=2048):
    """SWarp writes the part of the grid that the frame covers; the whole grid, NaN elsewhere."""
    whole = np.full((size, size), np.nan, dtype=np.float32)
    with fits.open(path, memmap=False) as hdus:
        header, part = hdus[0].header, hdus[0].data
    x, y = (round((size + 1) / 2 - header[f"CRPIX{axis}"]) for axis in (1, 2))
    top, right = min(size, y + part.shape[0]), min(size, x + part.shape[1])
    whole[max(y, 0):top, max(x, 0):right] = part[max(-y, 0):top - y, max(-x, 0):right - x]
    return whole


def same_pixels(ours, theirs, edge=40):
    """Whether both resampled frames agree to a hundredth of the noise where they do at all: not at bright cores."""
    ours, theirs = ours[edge:-edge, edge:-edge], theirs[edge:-edge, edge:-edge]
    good = np.isfinite(ours) & np.isfinite(theirs) & (theirs != 0)
    difference = np.abs(ours - theirs)[good]
    noise = 1.4826 * np.median(np.abs(theirs[good] - np.median(theirs[good])))
    if np.median(difference) > 0.05 * noise:
        raise Wrong(f"resampled pixels differ by {np.median(difference) / noise:.3g} of the noise")
