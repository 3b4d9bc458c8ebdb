internal import Astrometry
internal import CatalogueTiles
internal import Events
internal import Foundation
internal import Imaging
internal import ReferenceCatalogue
internal import Sky
internal import Statistics

/// Which of a frame's detections is which star of the catalogue: by error ellipse, on the plane around the frame's
/// middle.
///
/// A first, wide match tells how far detections and catalogue are apart as a whole, and how much they scatter; the
/// second takes each pair whose chi^2 is below 13.8, which one in a thousand true pairs exceeds.
///
///     chi^2 = d^T C^-1 d,   C = A diag(e_x^2, e_y^2) A^T + (e_star^2 + s^2) 1
///
/// A: pixels to arcsec; s: scatter of the wide match.
struct MatchedStars {
    struct Pair: Equatable {
        /// Row of the table of detections.
        let detection: Int
        /// Index into the stars.
        let star: Int
    }

    private(set) var pairs: [Pair] = []
    /// Scatter of one coordinate in the wide match [arcsec].
    private(set) var scatterArcsec = 0.0

    private static let largestChiSquared = 13.8

    /// - Parameters:
    ///   - table: detections; those without a place on the sky are left out.
    ///   - stars: places at the frame's epoch and their errors [mas].
    init(_ table: DetectionTable, _ stars: [(position: SkyPosition, errorMas: Float)], on plane: FramePlane) {
        guard let map = plane.map else { return }
        let scale = abs(map.xx * map.yy - map.xy * map.yx).squareRoot()
        let places = stars.map { plane.place(of: $0.position) }
        let radius = scale * max(3, 2 * plane.seeingPixels)
        let wide = Astrometry.match(places, to: plane.places, radius: radius)
        let offsets = zip(places, wide).compactMap { place, found in
            found.map { (x: plane.places[$0].x - place.x, y: plane.places[$0].y - place.y) }
        }
        guard let x = RobustStatistics.median(offsets.map(\.x)), let y = RobustStatistics.median(offsets.map(\.y)),
            let spread = RobustStatistics.sigma(offsets.flatMap { [$0.x - x, $0.y - y] }, about: 0)
        else { return }
        let shift = (x: x, y: y)
        // Of a few pairs the spread says little.
        let scatter = max(spread, offsets.count < 5 ? 0.5 * scale : 0.02 * scale)
        scatterArcsec = scatter
        let moved = places.map { (x: $0.x + shift.x, y: $0.y + shift.y) }
        let near = Astrometry.match(moved, to: plane.places, radius: radius)
        for (star, found) in near.enumerated() {
            guard let found else { continue }
            let row = plane.rows[found]
            let error = stars[star].errorMas.isFinite ? Double(stars[star].errorMas) / 1000 : 0
            let (dx, dy) = (plane.places[found].x - moved[star].x, plane.places[found].y - moved[star].y)
            let own = error * error + scatter * scatter
            let chiSquared = Self.chiSquared(dx, dy, table.xError(row), table.yError(row), map, own)
            if chiSquared < Self.largestChiSquared { pairs.append(Pair(detection: row, star: star)) }
        }
    }

    private static func chiSquared(
        _ dx: Double, _ dy: Double, _ xError: Double, _ yError: Double, _ map: PixelTransform, _ own: Double
    ) -> Double {
        let (vx, vy) = (xError * xError, yError * yError)
        let xx = map.xx * map.xx * vx + map.xy * map.xy * vy + own
        let yy = map.yx * map.yx * vx + map.yy * map.yy * vy + own
        let xy = map.xx * map.yx * vx + map.xy * map.yy * vy
        return (yy * dx * dx - 2 * xy * dx * dy + xx * dy * dy) / (xx * yy - xy * xy)
    }
}

/// The stars of the catalogue around a frame, and which of its detections they are.
struct CatalogueStarsOfFrame {
    let plane: FramePlane
    /// Those around the frame, at its epoch, the brightest first.
    let stars: [(star: CatalogueStar, position: SkyPosition)]
    let matched: MatchedStars

    /// - Returns: nil for a frame that is nowhere on the sky.
    init?(_ table: DetectionTable, _ version: FrameVersion, _ catalogue: ReferenceStars.Opened) throws {
        guard let plane = try FramePlane(table, seeingPixels: version.measured.fwhmPixels) else { return nil }
        self.plane = plane
        let cone = try Cone(
            centre: plane.centre, radiusDegrees: min(180, plane.radiusDegrees + 0.02),
            epoch: ReferenceStars.Opened.epoch(mjd: version.midpoint),
            limit: max(2 * PreparedFrame.mostStars, 4 * table.count))
        stars = try catalogue.tiles.stars(in: cone)
        matched = MatchedStars(table, stars.map { ($0.position, $0.star.positionErrorMas(at: cone.epoch)) }, on: plane)
    }
}

/// A frame's detections on a plane around their middle [arcsec]: x to the east, y to the north, zenithal equidistant.
struct FramePlane {
    let centre: SkyPosition
    /// Of the cone that holds all detections [deg].
    let radiusDegrees: Double
    let seeingPixels: Double
    /// Rows of the table that have a place on the sky.
    let rows: [Int]
    let places: [(x: Double, y: Double)]
    /// Pixels to arcsec, by least squares; nil where the detections lie on a line.
    let map: PixelTransform?

    /// - Returns: nil below three detections with a place on the sky.
    init?(_ table: DetectionTable, seeingPixels: Double?) throws {
        let rows = (0..<table.count).filter { (0...360).contains(table.ra[$0]) && (-90...90).contains(table.dec[$0]) }
        guard rows.count >= 3 else { return nil }
        let positions = try rows.map { try SkyPosition(raDegrees: table.ra[$0], decDegrees: table.dec[$0]) }
        self.rows = rows
        self.seeingPixels = seeingPixels.map { $0.isFinite ? $0 : 3 } ?? 3
        centre = try Self.middle(positions)
        places = positions.map { [centre] in Self.place(of: $0, around: centre) }
        radiusDegrees = positions.map { [centre] in $0.separationDegrees(from: centre) }.max() ?? 0
        map = Self.fit(rows.map { (table.x[$0], table.y[$0]) }, places)
    }

    func place(of position: SkyPosition) -> (x: Double, y: Double) { Self.place(of: position, around: centre) }

    private static func place(of position: SkyPosition, around centre: SkyPosition) -> (x: Double, y: Double) {
        let offset = centre.offset(to: position)
        let angle = offset.positionAngleDegrees * .pi / 180
        return (3600 * offset.separationDegrees * sin(angle), 3600 * offset.separationDegrees * cos(angle))
    }

    /// Of at least one position.
    static func middle(_ positions: [SkyPosition]) throws -> SkyPosition {
        var (x, y, z) = (0.0, 0.0, 0.0)
        for position in positions {
            let (ra, dec) = (position.raDegrees * .pi / 180, position.decDegrees * .pi / 180)
            (x, y, z) = (x + cos(dec) * cos(ra), y + cos(dec) * sin(ra), z + sin(dec))
        }
        let ra = atan2(y, x) * 180 / .pi
        return try SkyPosition(
            raDegrees: ra < 0 ? min(ra + 360, 360.nextDown) : ra, decDegrees: atan2(z, hypot(x, y)) * 180 / .pi)
    }

    private static func fit(_ pixels: [(x: Double, y: Double)], _ places: [(x: Double, y: Double)]) -> PixelTransform? {
        let count = Double(pixels.count)
        let mean = { (values: [Double]) in values.reduce(0, +) / count }
        let (px, py) = (mean(pixels.map(\.x)), mean(pixels.map(\.y)))
        let (sx, sy) = (mean(places.map(\.x)), mean(places.map(\.y)))
        var (xx, xy, yy) = (0.0, 0.0, 0.0)
        var (ax, ay, bx, by) = (0.0, 0.0, 0.0, 0.0)
        for (pixel, place) in zip(pixels, places) {
            let (x, y) = (pixel.x - px, pixel.y - py)
            (xx, xy, yy) = (xx + x * x, xy + x * y, yy + y * y)
            (ax, ay) = (ax + x * (place.x - sx), ay + y * (place.x - sx))
            (bx, by) = (bx + x * (place.y - sy), by + y * (place.y - sy))
        }
        let determinant = xx * yy - xy * xy
        guard determinant > 1e-6 * xx * yy, determinant.isFinite else { return nil }
        let (a, b) = ((yy * ax - xy * ay) / determinant, (xx * ay - xy * ax) / determinant)
        let (c, d) = ((yy * bx - xy * by) / determinant, (xx * by - xy * bx) / determinant)
        guard abs(a * d - b * c) > 0 else { return nil }
        return PixelTransform(xx: a, xy: b, x0: sx - a * px - b * py, yx: c, yy: d, y0: sy - c * px - d * py)
    }
}
