internal import Astrometry
internal import Documents
internal import FITS
internal import Foundation
internal import Imaging
internal import PhotometricCalibration
internal import Photometry
internal import ReferenceCatalogue
internal import Sky

/// The zero point of a measured frame from the comparison stars of a sequence, and its check star: `nightjar measure
/// --sequence`.
struct SequenceZeroPoint {
    struct Summary: Encodable {
        struct Check: Encodable {
            let id: String
            let magnitude: Double
            let magnitudeError: Double
            let catalogueMagnitude: Double
            let residual: Double
            let residualError: Double

            init(_ check: CheckStar) {
                id = check.id
                (magnitude, magnitudeError) = (check.measured.value, check.measured.error)
                catalogueMagnitude = check.published.value
                (residual, residualError) = (check.residual.value, check.residual.error)
            }

            var text: String {
                let name = "check star \(id): "
                let numbers = (magnitude, magnitudeError, catalogueMagnitude, residual, residualError)
                return name
                    + String(
                        format: "%.3f +- %.3f mag, %.3f in the sequence, off by %+.3f +- %.3f", numbers.0, numbers.1,
                        numbers.2, numbers.3, numbers.4)
            }
        }

        let sequence: String
        let band: String
        let system: String
        let fluxKind: String
        let zeroPoint: Double
        let zeroPointError: Double
        let intrinsicScatterMagnitudes: Double
        let stars: Int
        let check: Check?

        init(_ found: SequenceCalibration) {
            sequence = found.sequenceID
            (band, system) = (found.band.id, found.band.magnitudeSystem.rawValue)
            fluxKind = found.solution.fluxKind.rawValue
            (zeroPoint, zeroPointError) = (found.solution.zeroPoint.value, found.solution.zeroPoint.error)
            intrinsicScatterMagnitudes = found.solution.intrinsicScatter.value
            stars = found.solution.counts.usable
            check = found.check.map { Check($0) }
        }

        var text: String {
            let numbers = String(format: "%@ zero point %.3f +- %.3f mag", fluxKind, zeroPoint, zeroPointError)
            return "sequence \(sequence): \(numbers), \(band) (\(system)) of \(stars) stars"
                + (check.map { "; \($0.text)" } ?? "")
        }
    }

    /// Colour B - V to which zero points belong, about that of the Sun.
    private static let pivotColour = 0.65
    private static let unusable: SourceFlags = [.edge, .noData, .apertureTruncated]

    /// Stars of a sequence that say nothing, each by its id.
    struct Unseen: Encodable {
        var offFrame: [String] = []
        /// No source was measured at their places.
        var notMeasured: [String] = []
        /// At the edge, or with pixels without data.
        var incomplete: [String] = []

        var texts: [String] {
            [
                ("off the frame", offFrame), ("not measured", notMeasured),
                ("cut by the edge or without data", incomplete),
            ]
            .filter { !$0.1.isEmpty }.map { "\($0.0): \($0.1.joined(separator: ", "))".printable }
        }
    }

    let sequence: ComparisonSequence
    let band: PhotometricBand
    private(set) var unseen = Unseen()
    /// Rows of the sequence's stars, by their ids.
    private let rows: [String: Photometry.Measurement]
    private let colours: [String: Measured]

    /// - Parameter header: with the frame's world coordinates.
    /// - Throws: `FrameError` for a filter that the sequence has no magnitudes for, or a frame without coordinates.
    init(
        _ sequence: ComparisonSequence, _ rows: [Photometry.Measurement], header: Header,
        frame: CatalogueZeroPoint.Frame, fwhmPixels: Double?, path: String
    ) throws {
        let filter = frame.filter
        self.sequence = sequence
        guard let band = sequence.band(ofFilter: filter) else {
            throw FrameError(path, "sequence \(sequence.id) has no magnitudes for filter \(filter ?? "none")")
        }
        self.band = band
        let placed: [Placed]
        do {
            placed = try Self.places(of: sequence, header).filter { star in
                (-0.5...Double(frame.width) - 0.5).contains(star.x)
                    && (-0.5...Double(frame.height) - 0.5).contains(star.y)
            }
        } catch {
            throw FrameError(path, "the stars of sequence \(sequence.id) cannot be placed: \(error)")
        }
        let found = match(
            placed.map { ($0.x, $0.y) }, to: rows.map { ($0.x, $0.y) }, radius: max(2, 0.75 * (fwhmPixels ?? 0)))
        var matched: [String: Photometry.Measurement] = [:]
        for (star, index) in zip(placed, found) {
            guard let index else {
                unseen.notMeasured.append(star.id)
                continue
            }
            guard rows[index].flags.isDisjoint(with: Self.unusable) else {
                unseen.incomplete.append(star.id)
                continue
            }
            matched[star.id] = rows[index]
        }
        let ids = Set(placed.map(\.id))
        unseen.offFrame = sequence.stars.map(\.id).filter { !ids.contains($0) }
        self.rows = matched
        colours = Self.colours(sequence)
    }

    private typealias Placed = (id: String, x: Double, y: Double)

    private static func places(of sequence: ComparisonSequence, _ header: Header) throws -> [Placed] {
        let world = try WorldCoordinates(header)
        var places: [Placed] = []
        for star in sequence.stars {
            let sky = try SkyPosition(raDegrees: star.raDegrees, decDegrees: star.decDegrees)
            if let place = world.pixel(of: sky) { places.append((star.id, place.x, place.y)) }
        }
        return places
    }

    /// B - V of stars that have both.
    private static func colours(_ sequence: ComparisonSequence) -> [String: Measured] {
        guard let blue = PhotometricBand(system: .johnsonCousins, name: "B"),
            let visual = PhotometricBand(system: .johnsonCousins, name: "V")
        else { return [:] }
        var colours: [String: Measured] = [:]
        for star in sequence.stars {
            guard let b = sequence.magnitude(of: star, in: blue), let v = sequence.magnitude(of: star, in: visual)
            else { continue }
            let error = b.error.isFinite && v.error.isFinite ? hypot(b.error, v.error) : 0.05
            colours[star.id] = Measured(b.value - v.value, error: error)
        }
        return colours
    }

    /// - Throws: `NoZeroPoint`.
    func calibration(_ frame: CatalogueZeroPoint.Frame, kind: FluxKind) throws -> SequenceCalibration {
        let shown = rows.sorted { $0.key < $1.key }.compactMap { id, row in
            CatalogueZeroPoint.flux(row, kind).map {
                SequenceMeasurement(
                    starID: id, flux: $0, x: row.x, y: row.y, isSaturated: row.flags.contains(.saturated),
                    colour: colours[id])
            }
        }
        let facts = CalibrationFrame(
            id: frame.id, exposureSeconds: frame.exposureSeconds, width: frame.width, height: frame.height,
            fluxKind: kind)
        return try calibrate(
            shown, by: sequence, band: band, frame: facts, colourTerm: .unknown(pivotColour: Self.pivotColour))
    }
}

extension ComparisonSequence {
    /// Reads a document; every problem in it is named.
    init(path: String) throws {
        guard case .sequence(let sequence) = try SubmittedDocument(.sequence, path: path).content else {
            throw UsageError("\(path.printable): this is no sequence")
        }
        self = sequence
    }
}

extension FrameMeasurer {
    /// What a sequence says of a frame.
    struct SequenceSummary: Encodable {
        var zeroPoints: [SequenceZeroPoint.Summary] = []
        var unseen: SequenceZeroPoint.Unseen?
        /// Why there is none.
        var noZeroPoint: String?

        /// For people, one line.
        var text: String {
            (zeroPoints.map(\.text) + [noZeroPoint].compactMap { $0 } + (unseen?.texts ?? [])).joined(separator: "; ")
        }
    }

    /// Puts the magnitudes of a table on the scale of the sequence; without one, on that of the catalogue.
    func calibrate(
        _ table: inout FITSTable, _ summary: inout Summary, _ rows: [Photometry.Measurement],
        _ place: MeasuredSky.Place?, _ loaded: LoadedFrame, _ path: String
    ) {
        if let place { summary.sky = calibrate(&table, rows, place, loaded, path) }
        guard let sequence else { return }
        summary.sequence = calibrate(
            &table, rows, by: sequence, header: place?.header ?? loaded.header, fwhmPixels: summary.fwhmPixels, loaded,
            path)
    }

    /// Puts the magnitudes of a table on the scale of a sequence.
    ///
    /// - Parameter header: with the frame's world coordinates.
    private func calibrate(
        _ table: inout FITSTable, _ rows: [Photometry.Measurement], by sequence: ComparisonSequence, header: Header,
        fwhmPixels: Double?, _ loaded: LoadedFrame, _ path: String
    ) -> SequenceSummary {
        var summary = SequenceSummary()
        var columns = table.columns
        let frame = CatalogueZeroPoint.Frame(path, loaded)
        do {
            let zero = try SequenceZeroPoint(
                sequence, rows, header: header, frame: frame, fwhmPixels: fwhmPixels, path: path)
            summary.unseen = zero.unseen
            for (kind, magnitude) in [(FluxKind.aperture, "mag_aperture"), (.psf, "mag_psf")] {
                guard kind == .aperture || starImage != nil else { continue }
                let found = try zero.calibration(frame, kind: kind)
                summary.zeroPoints.append(SequenceZeroPoint.Summary(found))
                let made = found.solution.columns(
                    rows, magnitude: magnitude, band: zero.band, by: "sequence \(sequence.id)")
                columns = columns.map { column in made.first { $0.name == column.name } ?? column }
            }
        } catch {
            let why = error as? NoZeroPoint
            summary.noZeroPoint =
                why == .noStars
                ? "no zero point, because no comparison star of sequence \(sequence.id) was measured on the frame"
                : why?.description ?? "no zero point: \(error)"
        }
        table = FITSTable(name: table.name, columns: columns, texts: table.texts, header: table.header)
        return summary
    }
}
