internal import Glibc

/// What a frame and its hint mean in pixels and radians.
struct FrameGeometry {
    let width: Double
    let height: Double
    let centreX: Double
    let centreY: Double
    /// Least and greatest scale [rad/px].
    let scales: ClosedRange<Double>
    /// Cells of the frame; those of the sky are as large.
    let columns: Int
    let rows: Int
    let cellPixels: Double

    static let radiansPerArcsec = Double.pi / 648_000

    /// - Parameter expectedStars: that frame and catalogue have in common, at most.
    init(_ size: FrameSize, scaleRange: ClosedRange<Double>, expectedStars: Double) {
        (width, height) = (Double(size.width), Double(size.height))
        (centreX, centreY) = ((width - 1) / 2, (height - 1) / 2)
        scales =
            (scaleRange.lowerBound * Self.radiansPerArcsec)...(scaleRange.upperBound * Self.radiansPerArcsec)
        // Three stars or so of each cell; 16 cells are enough to be even.
        let side = max(1, min(4, (max(0, expectedStars) / 3).squareRoot().rounded()))
        let pixels = (width * height).squareRoot() / side
        columns = max(1, min(64, Int((width / pixels).rounded())))
        rows = max(1, min(64, Int((height / pixels).rounded())))
        cellPixels = pixels
    }

    var area: Double { width * height }
    /// Middle of the range by ratio [rad/px].
    var scale: Double { (scales.lowerBound * scales.upperBound).squareRoot() }
    var cells: Int { columns * rows }
    var halfDiagonal: Double { 0.5 * (width * width + height * height).squareRoot() }
    /// From the frame's centre to its corners at the greatest scale [rad].
    var reach: Double { atan(halfDiagonal * scales.upperBound) }

    func contains(x: Double, y: Double, margin: Double) -> Bool {
        x >= -0.5 - margin && x <= width - 0.5 + margin && y >= -0.5 - margin && y <= height - 0.5 + margin
    }
}
