internal import Imaging

/// What is subtracted from a frame: bias + scale * dark [ADU].
///
/// - dark without bias: bias + dark * t / t_dark;
/// - dark that contains the bias: the dark alone, for the same exposure time only;
/// - no dark: the bias alone; nothing at all: zero.
struct PedestalRule<Source: MasterSource> {
    let bias: Source?
    let dark: Source?
    let darkScale: Double
    let flags: CalibrationFlags

    init(
        bias: Source?, dark: Source?, exposureSeconds: Double, tolerance: MatchTolerance
    ) throws(CalibrationError) {
        self.dark = dark
        guard let dark else {
            self.bias = bias
            darkScale = 0
            flags = bias == nil ? [.noBias, .noDark] : .noDark
            return
        }
        let darkSeconds = dark.facts.exposureSeconds
        let isSame = tolerance.sameExposure(darkSeconds, exposureSeconds)
        if dark.facts.flags.contains(.containsBias) {
            guard isSame else {
                throw .darkNotScalable(
                    master: dark.facts.id, darkSeconds: darkSeconds, exposureSeconds: exposureSeconds)
            }
            self.bias = nil
            darkScale = 1
            flags = .containsBias
            return
        }
        self.bias = bias
        // Equal within the tolerance is still scaled by the true ratio: it costs nothing.
        darkScale = darkSeconds > 0 ? exposureSeconds / darkSeconds : 0
        flags = (bias == nil ? CalibrationFlags.noBias : []).union(isSame ? [] : .darkScaled)
    }

    /// How much of the bias pattern remains in the sum: its error counts 1 - scale times when the dark was made with
    /// it.
    var biasCoefficient: Double {
        guard let bias else { return 0 }
        guard let dark else { return 1 }
        return dark.facts.biasID == bias.facts.id ? 1 - darkScale : 1
    }
}

/// Of masters in memory, for building others.
typealias Pedestal = PedestalRule<Master<ADU>>
/// Of masters whose rows may have to be read, for lights.
typealias LightPedestal = PedestalRule<MasterPlanes<ADU>>

protocol MasterSource {
    var facts: MasterFacts { get }
}

extension Master: MasterSource {}
extension MasterPlanes: MasterSource {}

extension PedestalRule where Source == Master<ADU> {
    /// Subtracts from rows that start at row `start` of the frame.
    func subtract(from pixels: inout [Float], startRow start: Int, width: Int) {
        let offset = start * width
        if let bias {
            for i in pixels.indices { pixels[i] -= bias.image.pixels[offset + i] }
        }
        if let dark {
            let scale = Float(darkScale)
            for i in pixels.indices { pixels[i] -= scale * dark.image.pixels[offset + i] }
        }
    }
}
