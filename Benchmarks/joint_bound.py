"""The Cramer-Rao bound of stars in each other's light: all places and fluxes are unknown at once.

The bound of `truth.csv` takes a star's neighbours as perfectly known, though nobody is told them. Here x, y and flux of
every star are unknown together; a flux's bound comes from the inverse of the information that all of them share,

    I_ab = sum over pixels (d mu / d a) (d mu / d b) / V + prior_ab,   mu = sky + sum_i F_i P(u - x_i),

V being the true variance with all photons counted; sky and star image are taken as known. Without a prior the inverse
says nothing about a star that cannot be told from its neighbour: both would have an error without limit. So of its
*neighbours* a star is told the least that makes them finite: their fluxes to within themselves (sigma = F), their
places to half a FWHM. Of itself it is told nothing. That is more than any program knows, which is not even told that
there is a star: the bound errs low. Where a neighbour is seen well the prior does not count; where it cannot be seen,
its light is noise of its own size, whatever is done with the pixels.
- Source: Kay 1993, Fundamentals of Statistical Signal Processing: Estimation Theory, chapter 3; with a prior:
  Van Trees 1968, Detection, Estimation, and Modulation Theory, part I, section 2.4.
"""

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from scipy.special import erf

from fields import FWHM, GAIN, READ_NOISE, SIGMA, SKY

# Farther apart than this many standard deviations of the star image, two stars share e^-16 of their information.
OVERLAP = 8.0
PLACE_PRIOR = FWHM / 2
BACKGROUND = SKY + READ_NOISE**2 + GAIN**2 / 12


def gaussian_stamps(x, y, half):
    """Shares of the light in the pixels around each star, by x and by y [stars, 3, side, side]; the first pixels."""
    left, low = np.rint(x).astype(int) - half, np.rint(y).astype(int) - half

    def along(place, first):
        edges = first[:, None] - 0.5 + np.arange(2 * half + 2) - place[:, None]
        heights = np.exp(-(edges**2) / (2 * SIGMA**2)) / (SIGMA * np.sqrt(2 * np.pi))
        return np.diff(erf(edges / (SIGMA * np.sqrt(2))), axis=1) / 2, -np.diff(heights, axis=1)

    (across, across_slope), (up, up_slope) = along(x, left), along(y, low)
    images = [(up, across), (up, across_slope), (up_slope, across)]
    return np.stack([rows[:, :, None] * columns[:, None, :] for rows, columns in images], axis=1), left, low


class Crowd:
    """Stars of Gaussian images on a frame, and the information that they share."""

    def __init__(self, x, y, flux, size):
        half = int(np.ceil(5.5 * SIGMA))
        self.flux, self.side = flux, 2 * half + 1
        self.stamps, self.left, self.low = gaussian_stamps(x, y, half)
        # With a margin; what lies beyond the frame tells nothing.
        variance = np.full((size + 2 * self.side,) * 2, BACKGROUND)
        for index in range(len(x)):
            variance[self.box(index)] += flux[index] * self.stamps[index, 0]
        weight, frame = np.zeros_like(variance), (slice(self.side, self.side + size),) * 2
        weight[frame] = 1 / variance[frame]
        self.weight = [weight[self.box(index)] for index in range(len(x))]
        self.stamps[:, 1:] *= flux[:, None, None, None]
        pairs = cKDTree(np.column_stack([x, y])).query_pairs(OVERLAP * SIGMA, output_type="ndarray")
        links = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(x),) * 2)
        labels = connected_components(links, directed=False)[1]
        order = np.argsort(labels, kind="stable")
        self.groups = np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)

    def box(self, index):
        row, column = self.low[index] + self.side, self.left[index] + self.side
        return slice(row, row + self.side), slice(column, column + self.side)

    def shared(self, a, b):
        """What two stars share: 3 x 3, flux, x, y."""
        dx, dy = self.left[b] - self.left[a], self.low[b] - self.low[a]
        if max(abs(dx), abs(dy)) >= self.side:
            return np.zeros((3, 3))
        of_a = (slice(max(dy, 0), self.side + min(dy, 0)), slice(max(dx, 0), self.side + min(dx, 0)))
        of_b = (slice(max(-dy, 0), self.side + min(-dy, 0)), slice(max(-dx, 0), self.side + min(-dx, 0)))
        weighted = (self.stamps[a][:, *of_a] * self.weight[a][of_a]).reshape(3, -1)
        return weighted @ self.stamps[b][:, *of_b].reshape(3, -1).T

    def information(self, group):
        matrix = np.zeros((3 * len(group), 3 * len(group)))
        for row, a in enumerate(group):
            for column, b in enumerate(group[: row + 1]):
                block = self.shared(a, b)
                matrix[3 * row:3 * row + 3, 3 * column:3 * column + 3] = block
                matrix[3 * column:3 * column + 3, 3 * row:3 * row + 3] = block.T
        return matrix

    def group_ratios(self, group):
        """sigma(joint) / sigma(neighbours known) of each flux."""
        matrix = self.information(group)
        prior = np.column_stack([1 / self.flux[group] ** 2, *np.full((2, len(group)), 1 / PLACE_PRIOR**2)]).ravel()
        scale = np.sqrt(np.diag(matrix) + prior)
        scales = np.outer(scale, scale)
        inverse = np.linalg.inv((matrix + np.diag(prior)) / scales) / scales
        ratios = np.ones(len(group))
        for index in range(len(group)):
            own = slice(3 * index, 3 * index + 3)
            # The information on one star once all others are fitted too, less its own prior.
            joint = np.linalg.inv(inverse[own, own]) - np.diag(prior[own])
            ratios[index] = np.sqrt(np.linalg.inv(joint)[0, 0] / np.linalg.inv(matrix[own, own])[0, 0])
        return ratios

    def ratios(self):
        ratios = np.ones(len(self.flux))
        for group in self.groups:
            if len(group) > 1:
                ratios[group] = self.group_ratios(group)
        return ratios


def joint_errors(frame):
    """The bound of each true star's flux [e-], its neighbours not known; kept beside the frame."""
    place = frame.place("joint-bound.npy")
    if not place.exists():
        truth = frame.truth
        crowd = Crowd(truth["x"], truth["y"], truth["flux_electrons"], frame.field.size)
        np.save(place, crowd.ratios() * truth["flux_err"])
    return np.load(place)
