internal import Astrometry
internal import Glibc
internal import Imaging
internal import PortableNumbers

/// Gaussian stars on a flat sky, rendered at points: band-limited to 1e-4 of their power when FWHM >= 3 px.
struct StarField {
    var stars: [(x: Double, y: Double, flux: Double)]
    var fwhm: Double
    var sky: Double

    /// - Parameter count: stars on a lattice with sub-pixel places that are all different.
    init(count: Int, spacing: Double = 37.37, fwhm: Double = 3.2, sky: Double = 100) {
        let side = Int(Double(count).squareRoot().rounded(.up))
        stars = (0..<count).map { index in
            (30.1 + Double(index % side) * spacing, 30.7 + Double(index / side) * (spacing + 0.719), 1e5)
        }
        (self.fwhm, self.sky) = (fwhm, sky)
    }

    var sigma: Double { fwhm / 2.354_820_045 }

    /// The field as a frame sees it whose pixel (x, y) lies at `place(x, y)`.
    func image(width: Int, height: Int, place: (Double, Double) -> (x: Double, y: Double)) -> Image<Electron> {
        let norm = 1 / (2 * .pi * sigma * sigma)
        var image = Image<Electron>(width: width, height: height)
        for y in 0..<height {
            for x in 0..<width {
                let point = place(Double(x), Double(y))
                var sum = sky
                for star in stars {
                    let (dx, dy) = (point.x - star.x, point.y - star.y)
                    let square = (dx * dx + dy * dy) / (2 * sigma * sigma)
                    if square < 40 { sum += star.flux * norm * exp(-square) }
                }
                image[x, y] = Float(sum)
            }
        }
        return image
    }

    func frame(width: Int, height: Int, map: PixelTransform = .identity) -> CalibratedFrame {
        CalibratedFrame(
            signal: image(width: width, height: height) { map(x: $0, y: $1) },
            variance: Image(width: width, height: height, filledWith: 25), mask: Mask(width: width, height: height))
    }
}

func rotation(_ degrees: Double, scale: Double = 1, shift: (Double, Double) = (0, 0), about: Double = 100)
    -> PixelTransform
{
    let (c, s) = (scale * cos(degrees * .pi / 180), scale * sin(degrees * .pi / 180))
    return PixelTransform(
        xx: c, xy: -s, x0: about - c * about + s * about + shift.0, yx: s, yy: c,
        y0: about - s * about - c * about + shift.1)
}
