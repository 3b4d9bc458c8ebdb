internal import Documents
internal import Foundation
internal import PhotometricCalibration
internal import Sky

/// A chart as the AAVSO's Variable Star Plotter gives it in JSON (`.../vsp/api/chart/X36259AB/?format=json`).
///
/// - Source: AAVSO, "VSP API" (chartid, star, photometry[auid, ra, dec, label, bands[band, mag, error]]); right
///   ascensions in hours, declinations in degrees, sexagesimal.
struct ChartFile {
    private struct Chart: Decodable {
        let chartid: String
        let star: String?
        let photometry: [Entry]
    }

    private struct Entry: Decodable {
        let auid: String
        let ra: String
        let dec: String
        let label: String?
        let bands: [Band]
        let comments: String?
    }

    private struct Band: Decodable {
        let band: String
        let mag: Double?
        let error: Double?
    }

    let sequence: ComparisonSequence
    /// By id of the star; empty where the chart has none.
    let labels: [String: String]
    /// What was left out.
    let remarks: [String]

    /// - Parameters:
    ///   - name: how errors call the file.
    ///   - target: instead of the star's name on the chart.
    ///   - check: label or AUID of the check star; nil for none.
    /// - Throws: `DocumentError` naming the field, `UsageError` for a check star that is not there or not one.
    init(_ bytes: Data, name: String, target: String?, check: String?) throws {
        let chart = try Self.read(bytes, name: name)
        guard let target = target ?? chart.star, !target.isEmpty else {
            throw UsageError("\(name): the chart names no star: give --target")
        }
        guard !chart.photometry.isEmpty else { throw UsageError("\(name): the chart has no comparison star") }
        let checkStar = try check.map { try Self.star(called: $0, in: chart, name: name) }
        var remarks: [String] = []
        var stars: [ComparisonSequence.Star] = []
        for (index, entry) in chart.photometry.enumerated() {
            let magnitudes = Self.magnitudes(entry, &remarks)
            guard !magnitudes.isEmpty || entry.auid == checkStar else {
                remarks.append("\(entry.auid) is left out: it has no magnitude in a band that is known here")
                continue
            }
            let place = try Self.place(entry, field: "photometry[\(index)]", name: name)
            stars.append(
                ComparisonSequence.Star(
                    id: entry.auid, raDegrees: place.raDegrees, decDegrees: place.decDegrees,
                    role: entry.auid == checkStar ? .check : .comparison, magnitudes: magnitudes))
        }
        sequence = ComparisonSequence(
            id: chart.chartid, target: target, source: "AAVSO VSP chart \(chart.chartid)", stars: stars)
        let problems = sequence.problems()
        guard problems.isEmpty else { throw DocumentError(name: name, problems: problems) }
        labels = Dictionary(
            chart.photometry.map { ($0.auid, $0.label ?? "") }, uniquingKeysWith: { first, _ in first })
        self.remarks = remarks
    }

    /// Whether a text is a chart rather than a document.
    static func isChart(_ bytes: Data) -> Bool {
        struct Chart: Decodable { let chartid: String }
        do {
            _ = try JSONDecoder().decode(Chart.self, from: bytes)
            return true
        } catch {
            // Whatever it is, it has no chart's id.
            return false
        }
    }

    private static func read(_ bytes: Data, name: String) throws -> Chart {
        do {
            return try JSONDecoder().decode(Chart.self, from: bytes)
        } catch let error as DecodingError {
            let context: DecodingError.Context =
                switch error {
                case .keyNotFound(let key, let context):
                    DecodingError.Context(codingPath: context.codingPath + [key], debugDescription: "is missing")
                case .valueNotFound(_, let context):
                    DecodingError.Context(codingPath: context.codingPath, debugDescription: "is null")
                case .typeMismatch(_, let context):
                    DecodingError.Context(
                        codingPath: context.codingPath, debugDescription: "is of another kind than it should be")
                case .dataCorrupted(let context):
                    DecodingError.Context(codingPath: context.codingPath, debugDescription: "is not JSON")
                @unknown default: DecodingError.Context(codingPath: [], debugDescription: "\(error)")
                }
            let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
            let text = "\(context.debugDescription); is this a chart of the AAVSO's VSP with format=json?"
            throw DocumentError(
                name: name, problems: [DocumentProblem(field: String(path.drop { $0 == "." }), text: text)])
        }
    }

    /// The AUID of the star with a label or an AUID.
    private static func star(called word: String, in chart: Chart, name: String) throws(UsageError) -> String {
        let found = chart.photometry.filter { $0.auid == word || $0.label == word }
        guard let star = found.first, found.count == 1 else {
            let choice = (found.isEmpty ? chart.photometry : found).map { "\($0.auid) (\($0.label ?? "no label"))" }
            throw UsageError(
                "--check \(word.printable): \(found.isEmpty ? "no star" : "more than one star") of \(name) has this "
                    + "label or AUID; there are \(choice.joined(separator: ", ").printable)")
        }
        return star.auid
    }

    private static func magnitudes(
        _ entry: Entry, _ remarks: inout [String]
    ) -> [String: ComparisonSequence.SequenceMagnitude] {
        var magnitudes: [String: ComparisonSequence.SequenceMagnitude] = [:]
        var names: [PhotometricBand: String] = [:]
        var disputed: Set<String> = []
        for band in entry.bands {
            guard let magnitude = band.mag else {
                remarks.append("\(entry.auid): band \(band.band) is left out: it has no magnitude")
                continue
            }
            guard case .band(let known) = FilterReading(cameraName: band.band) else {
                remarks.append("\(entry.auid): band \(band.band) is left out: it is not known here")
                continue
            }
            // The plotter writes 0 where it knows no error.
            let error = band.error.flatMap { $0 > 0 ? $0 : nil }
            let entered = ComparisonSequence.SequenceMagnitude(magnitude: magnitude, error: error)
            if let name = names[known], let other = magnitudes[name], other != entered {
                let pair = "\(name) \(other.magnitude) and \(band.band) \(magnitude)"
                remarks.append("\(entry.auid): band \(band.band) is left out: it is given twice (\(pair))")
                disputed.insert(name)
            } else if names[known] == nil {
                (names[known], magnitudes[band.band]) = (band.band, entered)
            }
        }
        return magnitudes.filter { !disputed.contains($0.key) }
    }

    private static func place(_ entry: Entry, field: String, name: String) throws(DocumentError) -> SkyPosition {
        do {
            return try SkyPosition(ra: entry.ra, dec: entry.dec)
        } catch {
            throw DocumentError(name: name, problems: [DocumentProblem(field: field, text: "\(error)")])
        }
    }

    // MARK: As a document

    private struct Written: Encodable {
        struct Star: Encodable {
            let comment: String?
            let id: String
            let raDegrees: Double
            let decDegrees: Double
            let role: ComparisonSequence.Role
            let magnitudes: [String: ComparisonSequence.SequenceMagnitude]
        }

        let id: String
        let revision: Int
        let target: String
        let source: String
        let stars: [Star]
    }

    /// The sequence's document, with labels as comments; places to a tenth of a milliarcsecond.
    func document() throws -> Data {
        func rounded(_ degrees: Double) -> Double { (degrees * 1e8).rounded() / 1e8 }
        return try prettyJSON(
            Written(
                id: sequence.id, revision: sequence.revision, target: sequence.target, source: sequence.source,
                stars: sequence.stars.map { star in
                    Written.Star(
                        comment: labels[star.id].flatMap { $0.isEmpty ? nil : "label \($0)" }, id: star.id,
                        raDegrees: rounded(star.raDegrees), decDegrees: rounded(star.decDegrees), role: star.role,
                        magnitudes: star.magnitudes)
                }))
    }
}
