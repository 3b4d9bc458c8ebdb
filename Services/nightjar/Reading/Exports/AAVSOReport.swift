internal import Events
internal import Foundation
internal import Instruments
internal import PhotometricCalibration
internal import Pipeline

/// A light curve cannot be written in a format, because a field that it must have is not known or not allowed.
struct ExportError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A light curve in the AAVSO Extended File Format, version 1.2.
///
/// One line per measurement: NAME (30), DATE (16, JD UTC of mid-exposure), MAG (8, `<` for fainter than), MERR (6),
/// FILT (5), TRANS, MTYPE, CNAME (20), CMAG (8), KNAME (20), KMAG (8), AMASS (7), GROUP (5), CHART (20), NOTES (100);
/// in brackets the most characters allowed. What is not known is `na`. CMAG and KMAG are to be instrumental beside a
/// single comparison star, and those of a report are not, so that KMAG is given for an ensemble alone. NOTES say what
/// a sequence's check star was measured at and what the chart gives it, as KMAGSTD, KREFMAG and KREFERR.
///
/// MERR is the "photometric uncertainty associated with the variable star magnitude". Observations of many observers
/// are put together by their magnitudes, so that it holds the error of the level too; where that is apart, NOTES say
/// what is the point's own.
///
/// - Source: AAVSO, "AAVSO Extended File Format", version 1.2, release of 2011 July 27 with its updates up to 2021
///   December 2, after which NOTES may have thousands of characters: we keep to the 100 of before.
struct AAVSOReport {
    /// What a report needs beyond the light curve.
    struct Circumstances {
        /// The observer's AAVSO code.
        var observer: String
        /// The star's AAVSO name, designation or unique identifier.
        var star: String?
        /// Code of the filter where ours has no counterpart, such as CV for `clear`.
        var filterCode: String?
        /// CCD (also for CMOS cameras), DSLR or PEP.
        var observationType = "CCD"
        /// Of the AAVSO's Variable Star Plotter, or another name of the sequence; nil: that of the target's sequence.
        var chart: String?
        /// Light curve of a check star, measured on the same frames; nil: the check star of the target's sequence.
        var check: LightCurve?
    }

    let text: String
    let pointCount: Int
    /// Points of others, which they report themselves.
    let foreignCount: Int

    static let columns = [
        "NAME", "DATE", "MAG", "MERR", "FILT", "TRANS", "MTYPE", "CNAME", "CMAG", "KNAME", "KMAG", "AMASS", "GROUP",
        "CHART", "NOTES",
    ]
    /// The most characters of each column.
    static let limits = [30, 16, 8, 6, 5, 3, 3, 20, 8, 20, 8, 7, 5, 20, 100]

    /// - Throws: `ExportError` that names the field, and the point where it is one point's.
    init(_ exported: ExportedCurve, _ circumstances: Circumstances) throws(ExportError) {
        let own = exported.points.filter { $0.source == "nightjar" }
        pointCount = own.count
        foreignCount = exported.points.count - own.count
        let observer = try Self.checked(circumstances.observer, "OBSCODE", limit: 5)
        guard ["CCD", "DSLR", "PEP"].contains(circumstances.observationType) else {
            throw ExportError("OBSTYPE \(circumstances.observationType.printable): give CCD, DSLR or PEP")
        }
        var lines = [
            "#TYPE=EXTENDED", "#OBSCODE=\(observer)", "#SOFTWARE=Nightjar \(Release.version)", "#DELIM=,", "#DATE=JD",
            "#OBSTYPE=\(circumstances.observationType)", "#" + Self.columns.joined(separator: ","),
        ]
        let codes = try Self.filterCodes(of: own, given: circumstances.filterCode)
        let checks = Dictionary(
            (circumstances.check?.points ?? []).map { ("\($0.frameID) \($0.filter)", $0) }, uniquingKeysWith: { $1 })
        let star = circumstances.star ?? exported.document?.name ?? exported.curve.target
        for point in own {
            let comparison = try Self.comparison(of: point, exported)
            let check =
                circumstances.check == nil
                ? point.checkStar.map { CheckStar(name: $0.id, magnitude: $0.magnitude) }
                : checks["\(point.frameID) \(point.filter)"].flatMap { point in
                    point.magnitude.map { CheckStar(name: point.target, magnitude: $0) }
                }
            let fields = [
                star, String(format: "%.6f", point.midpointMJDUTC + 2_400_000.5), Self.magnitude(point),
                Self.error(point), codes[point.filter] ?? "na", "NO",
                point.magnitudeSystem == "differential" ? "DIF" : "STD", comparison, "na", check?.name ?? "na",
                Self.number(comparison == Self.ensemble ? check?.magnitude : nil, "%.3f"),
                Self.number(point.airmass, "%.4f"), "na",
                circumstances.chart ?? Self.chart(of: point, exported) ?? "na",
                Self.notes(point, besides: circumstances.check),
            ]
            lines.append(try Self.line(fields, frame: point.frameID))
        }
        text = lines.joined(separator: "\n") + "\n"
    }

    private static func line(_ fields: [String], frame: String) throws(ExportError) -> String {
        var checkedFields: [String] = []
        for (index, field) in fields.enumerated() {
            do {
                checkedFields.append(try checked(field, columns[index], limit: limits[index]))
            } catch {
                throw ExportError("\(error) (frame \(frame))")
            }
        }
        return checkedFields.joined(separator: ",")
    }

    /// - Throws: for a text that is empty, longer than allowed, or has characters that a field cannot have.
    private static func checked(_ field: String, _ name: String, limit: Int) throws(ExportError) -> String {
        let text = field.trimmingCharacters(in: .whitespaces)
        guard !text.isEmpty else { throw ExportError("\(name) is empty") }
        guard text.unicodeScalars.allSatisfy({ (32..<127).contains($0.value) && $0 != "," }) else {
            throw ExportError("\(name) \(text.printable): only printable ASCII without commas is allowed")
        }
        guard text.utf8.count <= limit else {
            throw ExportError("\(name) \(text.printable): has \(text.utf8.count) characters, \(limit) are allowed")
        }
        return text
    }

    private static func magnitude(_ point: PhotometryMeasured) -> String {
        point.magnitude.map { String(format: "%.3f", $0) } ?? "<" + number(point.limitMagnitude, "%.2f")
    }

    private static func error(_ point: PhotometryMeasured) -> String {
        guard point.magnitude != nil, let error = point.wholeError, error < 99.99 else { return "na" }
        return String(format: error < 9.9999 ? "%.4f" : "%.3f", max(0.0001, error))
    }

    private static func number(_ value: Double?, _ format: String) -> String {
        value.map { String(format: format, $0) } ?? "na"
    }

    private static func notes(_ point: PhotometryMeasured, besides check: LightCurve?) -> String {
        var notes: [String] = []
        if point.magnitude == nil, let sigma = point.limitSigma {
            notes.append(String(format: "%.1f sigma limit", sigma))
        }
        if point.magnitude != nil, point.levelError != nil, let own = point.magnitudeError {
            notes.append(String(format: "own error %.4f", own))
        }
        if point.flags != 0 { notes.append("flags \(point.flags)") }
        if point.provisional { notes.append("provisional") }
        let text = notes.joined(separator: "; ") + (check == nil ? checkNotes(point) : "")
        return text.isEmpty ? "na" : text
    }

    private static let ensemble = "ENSEMBLE"

    /// The one comparison star, or ENSEMBLE.
    private static func comparison(
        of point: PhotometryMeasured, _ exported: ExportedCurve
    ) throws(ExportError) -> String {
        let sequence = exported.sequence?.comparisonStars.map(\.id)
        let stars = sequence ?? exported.document?.comparisonStars.map(\.id) ?? []
        guard point.magnitudeSystem == "differential", stars.count != 1 else {
            return stars.count == 1 ? stars[0] : ensemble
        }
        throw ExportError(
            "MTYPE: the magnitudes are differential to several stars, which this format has not: give the comparison "
                + "stars of the target's document known magnitudes")
    }
}

extension PhotometryMeasured {
    /// The point's own error and that of the level together [mag].
    var wholeError: Double? {
        magnitudeError.map { ($0 * $0 + (levelError ?? 0) * (levelError ?? 0)).squareRoot() }
    }
}
