"""Why targets are missed, in a sentence each: written by hand, and told only where the run's own tables bear it out."""

from targets import SNR_BINS, label

LINKS = {
    "0031": "[0031](../docs/decisions/0031-detection.md)", "0032": "[0032](../docs/decisions/0032-psf.md)",
}


def why(name, tables):
    """The sentence and where more of it is written; None when there is none, or the run does not show what it says.

    `tables` are the run's: {title: {tool: {name: number}}}.
    """
    if name not in WRITTEN:
        return None
    decision, sentence, *more = WRITTEN[name]
    try:
        text = sentence(tables, *more)
    except (KeyError, TypeError):
        return None
    return text and f"{text} ({LINKS[decision]})"


def kron(tables):
    """How much faster each of the two steps is than the peer's; the decision says what detection's time goes into."""
    ours, theirs = (tables["CPU seconds of the timed frame"][tool] for tool in ("nightjar", "SEP"))
    others = {"measuring": theirs["measure"], "detection": sum(theirs.values()) - theirs["measure"]}
    seconds = {"measuring": ours["measure"], "detection": ours["detect"]}
    slow, fast = sorted(seconds, key=lambda step: others[step] / seconds[step])
    return (
        f"{slow.capitalize()} holds it back: with {seconds[slow]:.3f} s it is {others[slow] / seconds[slow]:.1f} times "
        f"as fast as SEP's; {fast} takes {seconds[fast]:.3f} s and is {others[fast] / seconds[fast]:.1f} times as fast")


def second_thread(tables):
    """The step whose time with two threads is farthest above what the compute loop's speed-up would leave of it."""
    columns = tables["A second thread"]
    one, two, loop = columns["one thread"], columns["two threads"], columns["speed-up"]["compute loop"]
    lost = {step: two[step] - one[step] / loop for step in one}
    step = max(lost, key=lost.get)
    return (
        f"With two threads the step '{step}' takes {1e3 * two[step]:.0f} ms instead of {1e3 * one[step]:.0f} ms, "
        f"{1e3 * lost[step]:.0f} ms more than the compute loop's speed-up would leave: no step loses more")


def cleaned(tables):
    columns, key = tables["Detection, isolated"], "completeness, S/N 5"
    ideal, other = columns["ideal matched filter"][key], columns["SourceExtractor"][key]
    random = tables["Detection, isolated at random places"]
    if not (ideal < other and random["SourceExtractor"][key] < random["nightjar"][key]):
        return None
    return (
        "SourceExtractor finds more here than a filter that is told star image, sky and noise "
        f"({other:.3f} beside {ideal:.3f}), for it drops what is faint beside a bright star, which costs nothing where "
        "all stars keep 34 px apart; at random places it finds "
        f"{random['SourceExtractor'][key]:.3f} and we {random['nightjar'][key]:.3f}")


def false_below(tables, kind):
    columns, key = tables[f"Detection, {kind}"], "purity, S/N 5"
    ours, other, ideal = (columns[tool] for tool in ("nightjar", "SourceExtractor", "ideal matched filter"))
    false, below = "false", "false, below S/N 4.5"
    if not (ideal[key] < other[key] and ours[below] / ours[false] < other[below] / other[false]):
        return None
    return (
        "The tools have the same share of false detections over all S/N, but SourceExtractor asks for three pixels "
        f"above a threshold and not for the S/N of a star, so that {other[below]:.0f} of its {other[false]:.0f} lie "
        f"below S/N 4.5 and outside this bin, {ours[below]:.0f} of our {ours[false]:.0f}; an ideal matched filter's "
        f"purity here is {ideal[key]:.3f}")


def neighbours(tables, name):
    numbers = tables["PSF photometry, crowded"]["nightjar"]
    known, joint = numbers[f"{name}, rms / bound"], numbers[f"{name}, rms / joint bound"]
    if not joint < known:
        return None
    return (
        "This bound takes every neighbour as perfectly known, and blends too close to be told apart are not; over the "
        f"bound that has the neighbours as unknowns too, the same fluxes have {joint:.3f} instead of {known:.3f}")


# Row: the decision that says more, the sentence, what it is about.
WRITTEN = {
    "background to Kron fluxes": ("0031", kron),
    "speed-up by a second thread on a 4k frame": ("0031", second_thread),
    "completeness, isolated, S/N 5": ("0031", cleaned),
    **{f"purity, {kind}, S/N 5": ("0031", false_below, kind) for kind in ("isolated", "isolated at random places")},
    **{f"PSF flux, crowded, {label(*bin_)}": ("0032", neighbours, label(*bin_)) for bin_ in SNR_BINS},
}
