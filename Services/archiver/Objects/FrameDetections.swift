internal import Association
internal import Astrometry
internal import Events
internal import Foundation
internal import Imaging
internal import PhotometricCalibration
internal import PostgresStore
internal import Sky

/// What turns a frame's fluxes into calibrated magnitudes: its own zero point, by the function that puts light curves
/// of targets on the catalogue's scale, too (`CatalogueLevel`).
struct ObjectZeroPoint: Equatable {
    let solution: ZeroPointSolution
    /// Band and system, for example `V Vega`: magnitudes of one system make one light curve.
    let system: String
    /// Of detections that are stars of the catalogue, by number; all others have the field's mean colour.
    var colours: [Int: Measured] = [:]
    /// Of every star [mag].
    var scintillation = 0.0

    /// Magnitude of a source of one electron per second, of the pivot colour, in the frame's middle.
    var magnitude: Double { solution.zeroPoint.value }
    /// Independent from frame to frame [mag].
    var error: Double { solution.errorParts?.own ?? 0 }
    /// What the points of a star in the frame's middle have in common, its colour not known [mag].
    var levelError: Double {
        let (width, height) = (Double(solution.position.width), Double(solution.position.height))
        let middle = solution.zeroPoint(x: 0.5 * (width - 1), y: 0.5 * (height - 1), colour: nil)
        return hypot(middle.commonError, solution.scatterOfStars.common)
    }

    func calibrated(_ flux: Measured, number: Int, x: Double, y: Double) -> CalibratedMagnitude? {
        let colour = colours[number]
        guard var found = solution.calibrated(flux, kind: solution.fluxKind, x: x, y: y, colour: colour) else {
            return nil
        }
        // What stars were seen to scatter from frame to frame holds their scintillation.
        let seen = solution.scatterOfStars.own
        let more = max(0, scintillation * scintillation - seen * seen)
        found.ownError = (found.ownError * found.ownError + more).squareRoot()
        return found
    }
}

/// The detections of one frame version that have a place on the sky.
struct FrameDetections {
    /// One of them, with its number among the frame's detections.
    struct Row {
        let number: Int
        let flux: Double
        let fluxError: Double
        let magnitude: Double?
        /// Its own noise and the frame's share in the zero point's error: independent from point to point.
        let magnitudeError: Double?
        /// What the points of its light curve have in common; nil without a zero point.
        var levelError: Double?
        let flags: SourceFlags
    }

    let rows: [Row]
    let placed: [PlacedDetection]
    let resolutionArcsec: Double
    let zeroPoint: ObjectZeroPoint?
    /// Julian year of mid-exposure.
    let year: Double

    init(
        rows: [Row], placed: [PlacedDetection], resolutionArcsec: Double, zeroPoint: ObjectZeroPoint?, year: Double
    ) {
        self.rows = rows
        self.placed = placed
        self.resolutionArcsec = resolutionArcsec
        self.zeroPoint = zeroPoint
        self.year = year
    }

    /// - Parameter zeroPoint: nil for instrumental magnitudes, -2.5 log10(electrons per second).
    init(_ version: FrameVersion, _ table: DetectionTable, zeroPoint: ObjectZeroPoint?) throws {
        let scale = PixelScale(version, table)
        let seconds = max(version.exposure.exposureSeconds, 1e-9)
        var rows: [Row] = []
        var placed: [PlacedDetection] = []
        rows.reserveCapacity(table.count)
        placed.reserveCapacity(table.count)
        for number in 0..<table.count where table.ra[number].isFinite && table.dec[number].isFinite {
            let covariance = scale.covariance(number, table)
            guard covariance.isUsable else { continue }
            placed.append(
                PlacedDetection(
                    position: try SkyPosition(raDegrees: table.ra[number], decDegrees: table.dec[number]),
                    covariance: covariance))
            rows.append(Self.row(number, table, seconds, zeroPoint))
        }
        self.rows = rows
        self.placed = placed
        self.zeroPoint = zeroPoint
        resolutionArcsec = scale.arcsecPerPixel * max(0.5, 0.3 * (version.measured.fwhmPixels ?? 0))
        year = 2000 + (version.midpoint - 51_544.5) / 365.25
    }

    private static func row(
        _ number: Int, _ table: DetectionTable, _ seconds: Double, _ zeroPoint: ObjectZeroPoint?
    ) -> Row {
        let (flux, error) = (table.flux[number], table.fluxError[number])
        let isMeasured = flux > 0 && flux.isFinite && error >= 0 && error.isFinite
        let flags = SourceFlags(rawValue: UInt32(truncatingIfNeeded: table.flags[number]))
        if let zeroPoint {
            let found =
                isMeasured
                ? zeroPoint.calibrated(
                    Measured(flux, error: error), number: number, x: table.x[number], y: table.y[number]) : nil
            return Row(
                number: number, flux: flux, fluxError: error, magnitude: found?.value, magnitudeError: found?.ownError,
                levelError: found?.commonError, flags: flags)
        }
        return Row(
            number: number, flux: flux, fluxError: error,
            magnitude: isMeasured ? -2.5 * log10(flux / seconds) : nil,
            magnitudeError: isMeasured ? 2.5 / log(10) * error / flux : nil, flags: flags)
    }
}

extension FrameDetections.Row {
    /// Flags with which a flux is not that of the star, or not all of it.
    private static let spoilt: SourceFlags = [
        .saturated, .apertureTruncated, .noData, .negative, .cosmicRay, .trail, .mostlyFilled, .nonLinear,
        .onExtendedLight,
    ]

    /// Whether the magnitude is one of those that statistics are made of, given how sure its object is.
    func counts(_ association: AssociationFlags) -> Bool {
        guard let magnitude, let magnitudeError, magnitude.isFinite else { return false }
        return magnitudeError >= 1e-9 && magnitudeError < 10 && flags.isDisjoint(with: Self.spoilt)
            && !association.contains(.ambiguous)
    }
}

/// How errors in pixels become errors on the sky.
private struct PixelScale {
    let arcsecPerPixel: Double
    /// Offsets east and north of one pixel along x and along y [arcsec].
    private var alongX: (east: Double, north: Double)
    private var alongY: (east: Double, north: Double)

    /// The error of the frame's world coordinates: of the solution, else of what headers are usually off by.
    private let shared: PositionCovariance
    /// Where nothing says more [px].
    private static let sharedErrorPixels = 0.25

    /// From the frame's world coordinates at its centre; else the instrument's scale, east to the left.
    init(_ version: FrameVersion, _ table: DetectionTable) {
        let assumed = version.instrument.pixelScaleArcsec ?? 1
        let (x, y) = (0.5 * Double(version.exposure.width), 0.5 * Double(version.exposure.height))
        (alongX, alongY) = Self.axes(table.header, x, y) ?? ((-assumed, 0), (0, assumed))
        arcsecPerPixel = abs(alongX.east * alongY.north - alongX.north * alongY.east).squareRoot()
        if let found = version.measured.solution?.centreCovarianceArcsec2, found.count == 3 {
            shared = PositionCovariance(eastEast: found[0], eastNorth: found[1], northNorth: found[2])
        } else {
            shared = PositionCovariance(errorArcsec: Self.sharedErrorPixels * arcsecPerPixel)
        }
    }

    private typealias Axis = (east: Double, north: Double)

    /// nil for a header that does not explain its positions.
    private static func axes(_ header: Header, _ x: Double, _ y: Double) -> (Axis, Axis)? {
        do {
            let world = try WorldCoordinates(header)
            guard let centre = world.position(x: x, y: y), let right = world.position(x: x + 1, y: y),
                let up = world.position(x: x, y: y + 1)
            else { return nil }
            let (alongX, alongY) = (offset(centre, right), offset(centre, up))
            return alongX.east * alongY.north != alongX.north * alongY.east ? (alongX, alongY) : nil
        } catch {
            return nil
        }
    }

    private static func offset(_ from: SkyPosition, _ to: SkyPosition) -> (east: Double, north: Double) {
        let offset = from.offset(to: to)
        let (length, angle) = (offset.separationDegrees * 3600, offset.positionAngleDegrees * (.pi / 180))
        return (length * sin(angle), length * cos(angle))
    }

    /// J diag(e_x^2, e_y^2) J^T and the error of the frame's coordinates. Where the table knows no errors of its
    /// centroids, those of a Gaussian star image in noise: FWHM / (2.355 S/N).
    func covariance(_ number: Int, _ table: DetectionTable) -> PositionCovariance {
        let fwhm = table.fwhm[number].isFinite ? table.fwhm[number] : 3
        let noise = max(table.fluxError[number] / max(table.flux[number], 1e-30), 1e-6)
        let expected = min(fwhm / 2.355 * noise, fwhm)
        let xx = square(table.xError(number), expected)
        let yy = square(table.yError(number), expected)
        return PositionCovariance(
            eastEast: alongX.east * alongX.east * xx + alongY.east * alongY.east * yy,
            eastNorth: alongX.east * alongX.north * xx + alongY.east * alongY.north * yy,
            northNorth: alongX.north * alongX.north * xx + alongY.north * alongY.north * yy)
            + shared
    }

    private func square(_ error: Double, _ expected: Double) -> Double {
        error > 0 ? error * error : expected * expected
    }
}
