"""The detection threshold at which a tool reaches the purity that all tools are held to."""

import math

PURITY = 0.995
# The purity is reached when it lies from PURITY to this much above it: within 4 % of the false detections, 0.2 % of the
# threshold. Where no threshold does that, two that are as near to each other, one pure enough and one not, will do.
SPARE, FINEST = 0.0002, 1.002
# Purities farther apart than this, of tools that are compared, are not equal.
EQUAL = 0.002
# The share of false detections falls about as this power of the threshold; `tuned` measures it anew at each step.
STEEPNESS = 20.0
STEPS = 16


def along(threshold, share, steepness=STEEPNESS):
    """The threshold at which the share of false detections is in the middle of what is allowed, by the power law."""
    change = math.log(max(share, 1e-5) / (1 - PURITY - SPARE / 2)) / steepness
    return threshold * math.exp(min(max(change, -0.2), 0.2))


def guessed(false_share, start):
    """About the threshold where a tool is pure enough, by a sample too small to tune on; and how many were tried."""
    threshold = start
    for tried in range(1, 5):
        before, threshold = threshold, along(threshold, false_share(threshold))
        if abs(math.log(threshold / before)) < 0.5 / STEEPNESS:
            break
    return threshold, tried


def tuned(false_share, start):
    """The least threshold at which a tool is pure enough, and how many thresholds were tried on the way.

    `false_share` gives the share of false detections at a threshold. Each step goes along the power law through the
    last point, as steep as that point and the one nearest to it say; where that leads out of the bracket, the bracket
    is halved. If no threshold tried is pure enough, the highest one is the answer: who compares looks at the purity.
    """
    most, tried, steepness, threshold = 1 - PURITY, {}, STEEPNESS, start
    for _ in range(STEPS):
        before = min(tried, key=lambda other: abs(math.log(other / threshold)), default=None)
        share = tried[threshold] = false_share(threshold)
        if most - SPARE <= share <= most:
            return threshold, len(tried)
        if before is not None and share != tried[before] and min(share, tried[before]) > 0:
            measured = math.log(share / tried[before]) / math.log(before / threshold)
            steepness = min(max(measured, STEEPNESS / 2), STEEPNESS * 2)
        low = max((other for other in tried if tried[other] > most), default=None)
        high = min((other for other in tried if tried[other] <= most and other > (low or 0)), default=None)
        if low and high and high / low < FINEST:
            break
        threshold = along(threshold, share, steepness)
        if low and high and not low < threshold < high:
            threshold = math.sqrt(low * high)
    pure = [other for other in tried if tried[other] <= most]
    return min(pure, default=max(tried)), len(tried)
