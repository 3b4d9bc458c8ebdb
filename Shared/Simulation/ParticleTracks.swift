internal import Glibc

/// Charge that charged particles leave in a detector: straight tracks of unresolved width.
///
/// A muon crosses a layer of `thicknessPixels` at a zenith angle drawn from cos^2 theta and leaves
/// `electronsPerPixel` times an exponential straggling per pixel of its path; it is thrown at the layer's place of
/// entry, anywhere on the frame.
/// - Source: Groom 2002, Experimental Astronomy 14, 45.
struct ParticleTracks {
    var thicknessPixels = 2.0
    var electronsPerPixel = 900.0

    /// One pixel that a track has touched.
    struct Deposit {
        let track: Int
        let x: Int
        let y: Int
        let electrons: Double
    }

    /// - Returns: the pixels of each track in the order of the tracks, with at least 1 e- each.
    func throwTracks(_ count: Int, width: Int, height: Int, random: inout RandomStream) -> [Deposit] {
        (0..<count).flatMap { track(number: $0, width, height, &random) }
    }

    private func track(number: Int, _ width: Int, _ height: Int, _ random: inout RandomStream) -> [Deposit] {
        let (x, y) = (random.uniform() * Double(width), random.uniform() * Double(height))
        let azimuth = 2 * .pi * random.uniform()
        // Flux through a flat layer goes as cos^2 * cos * sin: cos^4 theta is uniform.
        let cosine = max(pow(random.uniform(), 0.25), 0.05)
        let run = thicknessPixels * (1 / (cosine * cosine) - 1).squareRoot()
        let path = thicknessPixels / cosine
        let steps = max(Int(path * 20), 20)
        let charge = electronsPerPixel * path * (0.7 - 0.3 * log(random.uniform())) / Double(steps)
        var pixels: [(place: Int, electrons: Double)] = []
        for step in 0..<steps {
            let along = run * (Double(step) + 0.5) / Double(steps)
            let (column, row) = (Int(x + along * cos(azimuth)), Int(y + along * sin(azimuth)))
            guard column >= 0, row >= 0, column < width, row < height else { continue }
            let place = row * width + column
            if pixels.last?.place == place {
                pixels[pixels.count - 1].electrons += charge
            } else {
                pixels.append((place, charge))
            }
        }
        return pixels.filter { $0.electrons >= 1 }.map {
            Deposit(track: number, x: $0.place % width, y: $0.place / width, electrons: $0.electrons.rounded())
        }
    }
}
