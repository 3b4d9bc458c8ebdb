internal import PortableNumbers

/// An artificial star and what became of it.
struct StarTrial {
    /// Centre [px].
    let x: Double
    let y: Double
    /// Part of its light in each pixel of a stamp around it.
    let image: [Float]
    /// Standard error of an optimally weighted flux there, from the noise without the star's own photons [e-].
    var fluxError: Double
    var magnitude = 0.0
    /// All of its light [e-].
    var flux = 0.0
    var isRecovered = false
    /// Optimally weighted flux at its place with the star's own photons in the frame [e-], and its error.
    var measuredFlux = 0.0
    var measuredFluxError = 0.0

    /// Expected signal-to-noise ratio.
    var significance: Double { flux / fluxError }
}

/// Places on a grid that covers a frame, one in each cell at random: every place is as likely as any other, and none
/// of the frame's parts is left out.
struct JitteredGrid {
    private let columns: Int
    private let rows: Int
    private let width: Double
    private let height: Double

    /// - Parameter count: places wanted; there may be a few more.
    init(count: Int, width: Int, height: Int) {
        (self.width, self.height) = (Double(width), Double(height))
        let even = Int((Double(max(count, 1)) * self.width / self.height).squareRoot().rounded())
        columns = min(max(even, 1), max(count, 1))
        rows = (max(count, 1) + columns - 1) / columns
    }

    func places(_ random: inout SplitMix64) -> [(x: Double, y: Double)] {
        (0..<(columns * rows)).map { cell in
            let x = (Double(cell % columns) + random.uniform()) / Double(columns) * width
            let y = (Double(cell / columns) + random.uniform()) / Double(rows) * height
            return (x - 0.5, y - 0.5)
        }
    }
}
