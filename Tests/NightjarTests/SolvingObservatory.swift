import Astrometry
import CatalogueTiles
import FITS
import Foundation
import FrameSolving
import Imaging
import Instruments
import PhotometricCalibration
import PlateSolving
import PortableNumbers
import ReferenceCatalogue
import Sky
import Testing

@testable import nightjar

/// A catalogue, and frames of its sky.
struct SolvingObservatory: ~Copyable {
    let shop: Workshop
    let centre: SkyPosition
    let truth: TangentSolution
    private let side = 400
    /// Magnitude of a star that gives one electron, of gain 1.
    private let zeroPoint = 21.0
    private let stars: [CatalogueStar]

    init() throws {
        let shop = try Workshop()
        let centre = try SkyPosition(raDegrees: 83.2, decDegrees: 22.1)
        let truth = TangentSolution(
            referencePosition: centre, referenceX: 199.5, referenceY: 199.5, cd11: -0.0015, cd12: 0.0004,
            cd21: 0.0004, cd22: 0.0015)
        var words = SplitMix64(seed: 4)
        let stars = (0..<4800).map { number in
            let place = centre.displaced(
                separationDegrees: 3 * words.uniform().squareRoot(), positionAngleDegrees: 360 * words.uniform())
            let magnitude = Float(12.5 + Elementary.log(words.uniform()) / 0.9)
            return CatalogueStar(
                identifier: Int64(number + 1), position: place, epoch: 2000, positionErrorMas: 50,
                magnitudes: [magnitude], magnitudeErrors: [0.01])
        }
        let builder = try CatalogueBuilder(
            path: shop.path("stars"), id: "made-up", title: "Test", source: "made up",
            bands: [CatalogueBand(name: "V", system: .vega)])
        for star in stars { try builder.add(star) }
        _ = try builder.finish()
        self.centre = centre
        self.truth = truth
        self.stars = stars
        self.shop = shop
    }

    /// The frame's stars: places and electrons.
    var images: [(x: Double, y: Double, flux: Double)] {
        stars.compactMap { star in
            guard let place = truth.pixel(of: star.position), place.x > 5, place.y > 5, place.x < 394, place.y < 394
            else { return nil }
            return (place.x, place.y, Elementary.exp(0.921_034 * (zeroPoint - Double(star.magnitudes[0]))))
        }
    }

    /// The six brightest that have no neighbour.
    var clearStars: [(x: Double, y: Double, flux: Double)] {
        let images = images
        let clear = images.sorted { $0.flux > $1.flux }.filter { star in
            (30...370).contains(star.x) && (30...370).contains(star.y) && star.flux < 60_000
                && images.count { abs($0.x - star.x) < 12 && abs($0.y - star.y) < 12 } == 1
        }
        return Array(clear.prefix(6))
    }

    /// A comparison sequence; its check star, the last, is said to be a tenth of a magnitude brighter than it is.
    func sequence(of stars: [(x: Double, y: Double, flux: Double)]) -> String {
        let entries = stars.enumerated().map { index, star in
            let place = truth.position(x: star.x, y: star.y)
            let isCheck = index == stars.count - 1
            let magnitude = zeroPoint - 2.5 * log10(star.flux) - (isCheck ? 0.1 : 0)
            return """
                {"id": "S\(index)", "raDegrees": \(place.raDegrees), "decDegrees": \(place.decDegrees),
                 "role": "\(isCheck ? "check" : "comparison")",
                 "magnitudes": {"V": {"magnitude": \(magnitude), "error": 0.005}}}
                """
        }
        return #"{"id": "X1", "target": "t", "source": "made up", "stars": [\#(entries.joined(separator: ","))]}"#
    }

    func expose(_ name: String, ra: Double? = nil, stars isLit: Bool = true) throws {
        var words = SplitMix64(seed: 11)
        var counts = (0..<side * side).map { _ in 400 + 5 * words.gaussian() }
        for image in isLit ? images : [] {
            let (column, row) = (Int(image.x.rounded()), Int(image.y.rounded()))
            for y in max(0, row - 5)...min(side - 1, row + 5) {
                for x in max(0, column - 5)...min(side - 1, column + 5) {
                    let (dx, dy) = (Double(x) - image.x, Double(y) - image.y)
                    counts[y * side + x] += image.flux * Elementary.exp(-(dx * dx + dy * dy) / 2.88) / (2.88 * .pi)
                }
            }
        }
        var header = Header()
        header.append("DATE-OBS", .string("2000-01-01T12:00:00"))
        header.append("EXPTIME", .real(1))
        header.append("FILTER", .string("V"))
        header.append("RA", .real(ra ?? centre.raDegrees + 0.2))
        header.append("DEC", .real(centre.decDegrees))
        header.append("PIXSCALE", .real(5.6))
        header.append("OBSERVER", .string("somebody"))
        header.append("CRVAL1", .real(12))
        header.append("A_ORDER", .integer(2))
        try FITSWriter.write(
            counts: counts.map { UInt16(max(0, min(65_535, $0)).rounded()) }, width: side, height: side,
            header: header, to: shop.path(name))
    }
}

extension SolvingObservatory {
    var magnitudes: [(Int, Double)] {
        stars.map { (Int($0.identifier), Double($0.magnitudes[0])) }
    }
}
