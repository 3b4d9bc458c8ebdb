/// What `cosmicRays(in:parameters:)` takes for a cosmic ray. The defaults suit frames of ground-based telescopes.
///
/// - Source: van Dokkum 2001, PASP 113, 1420 (names of its IRAF task in brackets).
public struct CosmicRayParameters: Sendable, Equatable {
    /// How many times its noise a pixel is sharper than its surroundings [sigclip].
    public var sigmaLimit: Float = 4.5
    /// Share of `sigmaLimit` that is enough beside a pixel that was hit [sigfrac].
    public var neighbourFraction: Float = 0.3
    /// Three pixels in a row are hit, however thin the track, where each is sharper than this share of `sigmaLimit` and
    /// together they are sharper than `trackSum` of it. Noise that does so is rarer than noise above `sigmaLimit`.
    public var trackFraction: Float = 0.6
    public var trackSum: Float = 2.4
    /// Contrast between sharpness and fine structure [objlim]: against the medians' fine structure as in the paper;
    /// against a point spread, how many times sharper than a star.
    public var contrastLimit: Float
    /// The search is repeated with the hit pixels replaced until nothing new is found, at most so often.
    public var iterationLimit: Int = 4
    /// What a star is told from a cosmic ray by.
    public var fineStructure: FineStructure

    /// What is left of stars, and hardly anything of cosmic rays.
    public enum FineStructure: Sendable, Equatable {
        /// F = M3 - M7(M3): the paper's. Stars of a FWHM below about 2.5 px are not safe.
        case medians
        /// F = C - M7(C), C the image convolved with its point spread: for any sampling, where the seeing is known.
        case pointSpread(SampledPointSpread)
    }

    public init(fineStructure: FineStructure = .medians) {
        self.fineStructure = fineStructure
        switch fineStructure {
        case .medians: contrastLimit = 5
        case .pointSpread: contrastLimit = 1.5
        }
    }
}
