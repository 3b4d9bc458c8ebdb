internal import CatalogueTiles
internal import Events
internal import Foundation
internal import Imaging
internal import PhotometricCalibration
internal import ReferenceCatalogue
internal import Sky

/// Why a frame has no zero point.
struct NoCalibration: Error, Equatable, CustomStringConvertible {
    enum Code: String {
        case noWorldCoordinates, catalogueUnavailable, filterNotInCatalogue, noZeroPoint
    }

    let code: Code
    let description: String

    init(_ code: Code, _ text: String) {
        self.code = code
        description = text
    }
}

/// A measured frame with those of its stars that the catalogue knows.
struct PreparedFrame {
    struct Star {
        let id: String
        let x: Double
        let y: Double
        let aperture: Measured
        /// nil where no star image was fitted.
        let psf: Measured?
        let isExcluded: Bool
        let isSaturated: Bool
        let magnitudes: [PhotometricBand: Measured]
    }

    let version: FrameVersion
    /// Brightest first.
    let stars: [Star]
    let airmass: Double?
    let matchScatterArcsec: Double
    let bands: CatalogueBands
    /// How faint the frame goes, in fluxes of the aperture and of the star image; empty for tables without optimal
    /// fluxes.
    let depths: [FluxKind: FrameDepth]

    /// More stars than these add nothing to a zero point.
    static let mostStars = 1000
    /// Flags of detections whose flux is not the star's alone, or not all of it.
    private static let unusable: SourceFlags = [
        .edge, .masked, .apertureTruncated, .noData, .negative, .sharp, .cosmicRay, .trail, .mostlyFilled, .nonLinear,
        .onExtendedLight,
    ]
    /// Other stars near, the worst last: left out where `enoughStars` others remain. Where all touch, as with short
    /// focal lengths, the fit weighs those that are off.
    private static let crowded: [SourceFlags] = [[.blended, .neighbour], .neighbour, []]
    private static let enoughStars = 20
    private static let unfit: CatalogueFlags = [.variable, .double, .extended, .poorPhotometry]

    /// - Throws: `NoCalibration` for a frame that is nowhere on the sky, `CatalogueError`.
    init(_ version: FrameVersion, _ table: DetectionTable, _ catalogue: ReferenceStars.Opened) throws {
        self.version = version
        bands = catalogue.bands
        depths = Self.depths(table)
        guard let frame = try CatalogueStarsOfFrame(table, version, catalogue) else {
            throw NoCalibration(
                .noWorldCoordinates, "no zero point, because fewer than 3 detections have a place on the sky")
        }
        let (found, matched) = (frame.stars, frame.matched)
        matchScatterArcsec = matched.scatterArcsec
        airmass = try Self.airmass(of: version, towards: frame.plane.centre)
        let pairs = matched.pairs.sorted { $0.detection < $1.detection }.prefix(Self.mostStars)
        let unwanted = Self.unwanted(pairs.map { SourceFlags(rawValue: UInt32(bitPattern: table.flags[$0.detection])) })
        stars = pairs.map { [bands] in Self.star($0, table, found[$0.star].star, bands, unwanted) }
    }

    private static func depths(_ table: DetectionTable) -> [FluxKind: FrameDepth] {
        guard !table.fluxOptimal.isEmpty, !table.fluxOptimalError.isEmpty else { return [:] }
        let unwanted = unusable.union(crowded[0]).union(.saturated)
        let clean = (0..<table.count).filter {
            SourceFlags(rawValue: UInt32(bitPattern: table.flags[$0])).isDisjoint(with: unwanted)
        }
        let optimal = clean.map { Measured(table.fluxOptimal[$0], error: table.fluxOptimalError[$0]) }
        var depths: [FluxKind: FrameDepth] = [:]
        depths[.aperture] = FrameDepth(
            optimal: optimal, fluxes: clean.map { Measured(table.flux[$0], error: table.fluxError[$0]) })
        if !table.fluxPSF.isEmpty {
            depths[.psf] = FrameDepth(
                optimal: optimal, fluxes: clean.map { Measured(table.fluxPSF[$0], error: table.fluxPSFError[$0]) })
        }
        return depths
    }

    /// The flags that exclude a star of this frame.
    private static func unwanted(_ flags: [SourceFlags]) -> SourceFlags {
        let crowding = crowded.first { crowding in
            flags.count { $0.isDisjoint(with: unusable.union(crowding).union(.saturated)) } >= enoughStars
        }
        return unusable.union(crowding ?? [])
    }

    private static func star(
        _ pair: MatchedStars.Pair, _ table: DetectionTable, _ star: CatalogueStar, _ bands: CatalogueBands,
        _ unwanted: SourceFlags
    ) -> Star {
        let row = pair.detection
        let flags = SourceFlags(rawValue: UInt32(bitPattern: table.flags[row]))
        let psf = table.fluxPSF.isEmpty || !table.fluxPSF[row].isFinite || flags.contains(.psfFailed)
        return Star(
            id: String(star.identifier), x: table.x[row], y: table.y[row],
            aperture: Measured(table.flux[row], error: table.fluxError[row]),
            psf: psf ? nil : Measured(table.fluxPSF[row], error: table.fluxPSFError[row]),
            isExcluded: !flags.isDisjoint(with: unwanted) || !star.flags.isDisjoint(with: unfit),
            isSaturated: flags.contains(.saturated), magnitudes: bands.magnitudes(of: star))
    }

    private static func airmass(of version: FrameVersion, towards centre: SkyPosition) throws -> Double? {
        guard let place = version.instrument.site else { return nil }
        do {
            let site = try Site(
                latitudeDegrees: place.latitudeDegrees, longitudeDegrees: place.longitudeDegrees,
                elevationMeters: place.elevationMeters)
            return centre.horizontal(at: try UTCInstant(mjd: version.midpoint), from: site).airmass
        } catch {
            // Ingest has checked site and time; without them there is no airmass.
            return nil
        }
    }

    /// Kinds of flux that the frame has.
    var fluxKinds: [FluxKind] { stars.contains { $0.psf != nil } ? [.aperture, .psf] : [.aperture] }

    func frame(_ kind: FluxKind) -> CalibrationFrame {
        let exposure = version.exposure
        return CalibrationFrame(
            id: version.frameID, exposureSeconds: exposure.exposureSeconds, width: exposure.width,
            height: exposure.height, fluxKind: kind)
    }

    /// The stars with their magnitudes in one band; those the catalogue does not give it for are counted as such.
    func stars(in band: PhotometricBand, _ kind: FluxKind) -> [CalibrationStar] {
        stars.map { star in
            let none = Measured(.nan, error: .nan)
            return CalibrationStar(
                id: star.id, flux: kind == .psf ? star.psf ?? none : star.aperture, x: star.x, y: star.y,
                magnitude: bands.magnitude(in: band, star.magnitudes) ?? none, colour: bands.colour(star.magnitudes),
                colourCovariance: bands.covariance(of: band, star.magnitudes), isExcluded: star.isExcluded,
                isSaturated: star.isSaturated)
        }
    }
}
