internal import Foundation
internal import ReferenceCatalogue
internal import Sky

/// One star as `nightjar catalog cone` prints it.
struct CatalogueRow: Encodable {
    private let identifier: Int64
    private let raDegrees: Double
    private let decDegrees: Double
    private let positionErrorMas: Float?
    private let separationDegrees: Double
    private let magnitudes: [String: Float]
    private let magnitudeErrors: [String: Float]
    private let flags: [String]
    private let bands: [String]

    private enum CodingKeys: String, CodingKey {
        case identifier, raDegrees, decDegrees, positionErrorMas, separationDegrees, magnitudes, magnitudeErrors, flags
    }

    init(
        _ star: CatalogueStar, at position: SkyPosition, epoch: Double, separationFrom centre: SkyPosition,
        bands: [String]
    ) {
        identifier = star.identifier
        (raDegrees, decDegrees) = (position.raDegrees, position.decDegrees)
        positionErrorMas = Self.known(star.positionErrorMas(at: epoch))
        separationDegrees = position.separationDegrees(from: centre)
        magnitudes = Self.known(star.magnitudes, bands)
        magnitudeErrors = Self.known(star.magnitudeErrors, bands)
        flags = CatalogueFlags.registry.filter { star.flags.contains($0.flag) }.map(\.name)
        self.bands = bands
    }

    /// The names of the columns of `line`.
    static func heading(_ bands: [String]) -> String {
        let columns = bands.flatMap { ["mag_\($0)", "mag_\($0)_err"] }
        let names = ["identifier", "ra_deg", "dec_deg", "position_err_mas", "separation_deg"] + columns + ["flags"]
        return names.joined(separator: ",")
    }

    /// As CSV; an empty field is not known.
    var line: String {
        let place = [
            String(identifier), String(format: "%.7f", raDegrees), String(format: "%.7f", decDegrees),
            positionErrorMas.map { String(format: "%.3g", $0) } ?? "", String(format: "%.6f", separationDegrees),
        ]
        let columns = bands.flatMap { band in
            [magnitudes[band], magnitudeErrors[band]].map { $0.map { String(format: "%.4g", $0) } ?? "" }
        }
        return (place + columns + [flags.joined(separator: ";")]).joined(separator: ",")
    }

    private static func known(_ value: Float) -> Float? { value.isFinite ? value : nil }

    private static func known(_ values: [Float], _ bands: [String]) -> [String: Float] {
        Dictionary(zip(bands, values).filter { $1.isFinite }.map { ($0, $1) }) { first, _ in first }
    }
}
