/// What may be wrong with a source or its measurement. A published registry: bits are never reused
/// (docs/registries.md).
public struct SourceFlags: OptionSet, Sendable, Hashable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// A pixel of the source or of its aperture is saturated.
    public static let saturated = SourceFlags(rawValue: 1 << 0)
    /// The source's footprint touches the frame's edge.
    public static let edge = SourceFlags(rawValue: 1 << 1)
    /// Bad or missing pixels in the aperture were filled from the pixels opposite to them or from the star image.
    public static let masked = SourceFlags(rawValue: 1 << 2)
    /// Separated from a source whose footprint it shares.
    public static let blended = SourceFlags(rawValue: 1 << 3)
    /// Pixels of another source lie inside the aperture.
    public static let neighbour = SourceFlags(rawValue: 1 << 4)
    /// The aperture reaches beyond the frame: its flux is a lower limit.
    public static let apertureTruncated = SourceFlags(rawValue: 1 << 5)
    /// No good pixel in the aperture: there is no flux.
    public static let noData = SourceFlags(rawValue: 1 << 6)
    /// The windowed centroid did not converge; the isophotal or given position was used.
    public static let centroidFailed = SourceFlags(rawValue: 1 << 7)
    /// The aperture's flux is zero or negative.
    public static let negative = SourceFlags(rawValue: 1 << 8)
    /// More than half of the light is in one pixel: a cosmic ray or hot pixel rather than a star.
    public static let sharp = SourceFlags(rawValue: 1 << 9)
    /// The frame was too crowded to separate overlapping sources.
    public static let deblendingIncomplete = SourceFlags(rawValue: 1 << 10)
    /// Too few clean pixels in the annulus; the background mesh was used alone.
    public static let poorAnnulus = SourceFlags(rawValue: 1 << 11)
    /// Measured at a given position, not at a detection.
    public static let forced = SourceFlags(rawValue: 1 << 12)
    /// The gain is not known: the error leaves out the source's own photon noise.
    public static let gainUnknown = SourceFlags(rawValue: 1 << 13)
    /// Second moments are not those of an extended positive source: no width or shape.
    public static let shapeFailed = SourceFlags(rawValue: 1 << 14)
    /// The Kron aperture could not be determined; its smallest size was used.
    public static let kronFailed = SourceFlags(rawValue: 1 << 15)
    /// No comparison star was usable on the frame.
    public static let noZeroPoint = SourceFlags(rawValue: 1 << 16)
    /// No star image could be fitted: no model, or no usable pixel under it.
    public static let psfFailed = SourceFlags(rawValue: 1 << 17)
    /// The pixels disagree with the star image: chi^2 per degree of freedom above 2.
    public static let psfPoorFit = SourceFlags(rawValue: 1 << 18)
    /// The fit rests on wings or half of the star image, a hidden star was found within one FWHM, or the place had to
    /// be held where the source was found.
    public static let psfUncertain = SourceFlags(rawValue: 1 << 19)
    /// A pixel of the aperture was hit by a cosmic ray.
    public static let cosmicRay = SourceFlags(rawValue: 1 << 20)
    /// A pixel of the aperture lies under a trail.
    public static let trail = SourceFlags(rawValue: 1 << 21)
    /// Too few bright isolated stars: the light outside the aperture is not known.
    public static let apertureCorrectionUnknown = SourceFlags(rawValue: 1 << 22)
    /// No optimally weighted flux.
    public static let optimalFailed = SourceFlags(rawValue: 1 << 23)
    /// More than half of the light in the aperture had to be filled in.
    public static let mostlyFilled = SourceFlags(rawValue: 1 << 24)
    /// A pixel of the aperture is above the range in which the detector's linearity was measured.
    public static let nonLinear = SourceFlags(rawValue: 1 << 25)

    /// The flux of the Kron ellipse may be far from the source's: it is not positive, the ellipse reaches beyond the
    /// frame or more than a tenth of it belongs to other sources, or the light does not end where it is looked for.
    public static let kronUncertain = SourceFlags(rawValue: 1 << 26)
    /// Found on light that lies around it, of a comet, a galaxy or a nebula: above that it does not reach the
    /// threshold, and may be noise.
    public static let onExtendedLight = SourceFlags(rawValue: 1 << 27)

    /// Every named bit with its text, in bit order.
    public static let registry: [(flag: SourceFlags, name: String, text: String)] = [
        (.saturated, "saturated", "a pixel of the source or of its aperture is saturated"),
        (.edge, "edge", "the source's footprint touches the frame's edge"),
        (.masked, "masked", "bad or missing pixels in the aperture were filled from opposite ones or the star image"),
        (.blended, "blended", "separated from a source whose footprint it shares"),
        (.neighbour, "neighbour", "pixels of another source lie inside the aperture"),
        (.apertureTruncated, "apertureTruncated", "the aperture reaches beyond the frame"),
        (.noData, "noData", "no good pixel in the aperture"),
        (.centroidFailed, "centroidFailed", "the windowed centroid did not converge"),
        (.negative, "negative", "the aperture's flux is zero or negative"),
        (.sharp, "sharp", "more than half of the light is in one pixel: cosmic ray or hot pixel"),
        (.deblendingIncomplete, "deblendingIncomplete", "the frame was too crowded to separate overlapping sources"),
        (.poorAnnulus, "poorAnnulus", "too few clean pixels in the annulus; the background mesh was used alone"),
        (.forced, "forced", "measured at a given position, not at a detection"),
        (.gainUnknown, "gainUnknown", "the error leaves out the source's own photon noise"),
        (.shapeFailed, "shapeFailed", "no width or shape could be measured"),
        (.kronFailed, "kronFailed", "the Kron aperture could not be determined; its smallest size was used"),
        (.noZeroPoint, "noZeroPoint", "no comparison star was usable on the frame"),
        (.psfFailed, "psfFailed", "no star image could be fitted"),
        (.psfPoorFit, "psfPoorFit", "the pixels disagree with the star image: chi^2 per degree of freedom above 2"),
        (.psfUncertain, "psfUncertain", "fitted by part of the star image, beside a hidden star, or held in place"),
        (.cosmicRay, "cosmicRay", "a pixel of the aperture was hit by a cosmic ray"),
        (.trail, "trail", "a pixel of the aperture lies under a trail"),
        (.apertureCorrectionUnknown, "apertureCorrectionUnknown", "too few bright isolated stars for a total flux"),
        (.optimalFailed, "optimalFailed", "no optimally weighted flux"),
        (.mostlyFilled, "mostlyFilled", "more than half of the light in the aperture was filled in"),
        (.nonLinear, "nonLinear", "a pixel of the aperture is above the range in which the detector is linear"),
        (.kronUncertain, "kronUncertain", "flux_auto not positive, cut off, or mixed with other sources' light"),
        (.onExtendedLight, "onExtendedLight", "below the threshold above the light around it: it may be noise"),
    ]

    /// Names of the flags that are set, in bit order.
    public var names: [String] {
        Self.registry.filter { contains($0.flag) }.map(\.name)
    }
}
