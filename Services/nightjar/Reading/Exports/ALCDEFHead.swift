internal import Events
internal import Foundation

/// Lines about object and observers that all blocks of an ALCDEF report share.
///
/// - Source: as for `ALCDEFReport`: lengths and values of section 5.
struct ALCDEFHead {
    /// Keyword, equals sign and value [1.1].
    static let longestLine = 255
    /// Of all OBSERVERS values together; each line counts three more.
    private static let mostObservers = 1024
    private static let largestNumber = 4_294_967_295

    let lines: [String]

    /// - Throws: `ExportError` that names the field.
    init(_ circumstances: ALCDEFReport.Circumstances) throws(ExportError) {
        let name = try Self.checked(circumstances.objectName, "OBJECTNAME", limit: 30)
        let number = circumstances.objectNumber
        guard (0...Self.largestNumber).contains(number) else {
            throw ExportError("OBJECTNUMBER \(number): give 0 for none, or up to \(Self.largestNumber)")
        }
        var lines = [
            "REVISEDDATA=\(circumstances.isRevised ? "TRUE" : "FALSE")", "OBJECTNUMBER=\(number)", "OBJECTNAME=\(name)",
        ]
        if number == 0 {
            // What has no number goes by its designation, in both places.
            guard name.wholeMatch(of: Self.designation) != nil else {
                throw ExportError(
                    "OBJECTNAME \(name): an asteroid without a number goes by its designation, such as 1999 CZ1; give "
                        + "it by --object-name")
            }
            lines.append("MPCDESIG=\(name)")
        }
        lines.append("CONTACTNAME=" + (try Self.checked(circumstances.contactName, "CONTACTNAME", limit: 80)))
        lines.append("CONTACTINFO=" + (try Self.checked(circumstances.contact, "CONTACTINFO", limit: 120)))
        self.lines = lines + (try Self.observers(circumstances.observers))
    }

    /// Provisional designations, and those of the Palomar-Leiden and Trojan surveys. Safe to share: a regex is a value
    /// that matching does not change, and it captures nothing.
    nonisolated(unsafe) private static let designation =
        /(?:A\d{3}|[1-9]\d{3}) [A-HJ-Y][A-HJ-Z]\d*|\d{4} (?:P-L|T-[123])/

    /// As many lines as the names need, cut between names.
    private static func observers(_ text: String) throws(ExportError) -> [String] {
        _ = try checked(text, "OBSERVERS", limit: mostObservers)
        let names = text.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        let room = longestLine - "OBSERVERS=".utf8.count
        var values: [String] = []
        for name in names {
            guard name.utf8.count <= room else {
                throw ExportError(
                    "OBSERVERS \(name): has \(name.utf8.count) characters, \(room) are allowed for a name")
            }
            if let last = values.last, last.utf8.count + 2 + name.utf8.count <= room {
                values[values.count - 1] = last + "; " + name
            } else {
                values.append(name)
            }
        }
        guard !values.isEmpty else { throw ExportError("OBSERVERS \(text): give names, 'Smith, A.; Jones, B.'") }
        let total = values.reduce(0) { $0 + $1.utf8.count + 3 }
        guard total <= mostObservers else {
            throw ExportError("OBSERVERS: has \(total) characters with 3 for each line, \(mostObservers) are allowed")
        }
        return values.map { "OBSERVERS=" + $0 }
    }

    /// - Throws: for a text that is empty, longer than allowed, or not one line of printable ASCII.
    private static func checked(_ field: String, _ name: String, limit: Int) throws(ExportError) -> String {
        let text = field.trimmingCharacters(in: .whitespaces)
        guard !text.isEmpty, text.unicodeScalars.allSatisfy({ (32..<127).contains($0.value) }) else {
            throw ExportError("\(name) \(text.printable): give one line of printable ASCII")
        }
        guard text.utf8.count <= limit else {
            throw ExportError("\(name) \(text): has \(text.utf8.count) characters, \(limit) are allowed")
        }
        return text
    }
}

/// Codes of the filter that was used and of the band that the magnitudes are in.
struct ALCDEFBands {
    /// FILTER.
    let filter: String
    /// MAGBAND, which is the comparison stars': of an unfiltered camera it is another than its filter.
    let magnitudes: String

    /// Codes of bands, each with the system of its magnitudes [5, MAGBAND].
    private static let systems = [
        "B": "Vega", "V": "Vega", "R": "Vega", "I": "Vega", "SU": "AB", "SG": "AB", "SR": "AB", "SI": "AB", "SZ": "AB",
    ]
    private static let codes = ["B", "V", "R", "I", "SU", "SG", "SR", "SI", "SZ"]
    private static let unfiltered: Set = ["clear", "Clear", "C", "L", "none", "None", "CV", "CR", "Luminance"]

    /// - Parameter given: the band that the observer says the magnitudes are in.
    /// - Throws: `ExportError` for a filter or band that the format has not.
    init(of point: PhotometryMeasured, given: String?) throws(ExportError) {
        let known = Self.codes.joined(separator: ", ")
        if Self.unfiltered.contains(point.filter) {
            filter = "C"
        } else {
            guard let code = AAVSOReport.code(of: point.filter), Self.systems[code] != nil else {
                throw ExportError(
                    "FILTER: filter \(point.filter.printable) has no ALCDEF code, which are \(known) and C for none")
            }
            filter = code
        }
        guard given == nil || Self.systems[given ?? ""] != nil else {
            throw ExportError("MAGBAND \((given ?? "").printable): give one of \(known)")
        }
        let calibrated = try Self.code(ofBand: point.band, known)
        if let given, let calibrated, given != calibrated {
            throw ExportError("MAGBAND \(given): the magnitudes are in \((point.band ?? "").printable)")
        }
        let named = ["CV": "V", "CR": "R"][point.filter] ?? (filter == "C" ? nil : filter)
        guard let band = calibrated ?? given ?? named else {
            throw ExportError(
                "MAGBAND: filter \(point.filter.printable) does not say which band the comparison stars' magnitudes "
                    + "are in; give it by --magnitude-band, such as V")
        }
        magnitudes = band
        let system = Self.systems[band] ?? ""
        guard point.magnitudeSystem == "differential" || point.magnitudeSystem == system else {
            throw ExportError(
                "MAGBAND \(band): is in \(system) magnitudes, these are \(point.magnitudeSystem.printable)")
        }
    }

    /// Of a band that a reference catalogue gave.
    private static func code(ofBand band: String?, _ known: String) throws(ExportError) -> String? {
        guard let band else { return nil }
        let parts = band.split(separator: " ").map(String.init)
        if parts.count == 2, parts[0] == "Johnson-Cousins", systems[parts[1]] == "Vega" { return parts[1] }
        if parts.count == 2, parts[0] == "SDSS", systems["S" + parts[1].uppercased()] == "AB" {
            return "S" + parts[1].uppercased()
        }
        throw ExportError("MAGBAND: the magnitudes are in \(band.printable), and the format has \(known)")
    }
}
