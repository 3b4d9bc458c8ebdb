/// What a CSV column means, with the names it goes by: those of our own light curves first.
enum CSVColumn: String, CaseIterable {
    case target, filter, magnitudeSystem, mjdUTC, jdUTC, hjdUTC, bjdTDB, magnitude, magnitudeError, levelError,
        limitMagnitude, limitSigma
    case airmass, observer, source, instrument, comparison, notes

    var names: [String] {
        switch self {
        case .target: ["target", "name", "object", "star", "star_name", "starid", "target_name"]
        case .filter: ["filter", "filt", "band", "passband"]
        case .magnitudeSystem: ["mag_system", "magsys", "system", "photometric_system"]
        case .mjdUTC: ["mid_mjd_utc", "mjd_utc", "mjd"]
        case .jdUTC: ["jd", "jd_utc", "julian_date", "mid_jd_utc"]
        case .hjdUTC: ["hjd", "hjd_utc"]
        case .bjdTDB: ["mid_bjd_tdb", "bjd_tdb", "bjd"]
        case .magnitude: ["mag", "magnitude"]
        case .magnitudeError:
            [
                "mag_err", "magerr", "err", "error", "mag_error", "merr", "magnitude_error", "uncertainty", "uncert",
                "sigma",
            ]
        case .levelError: ["level_err", "mag_err_sys", "mag_syserr", "mag_sys_err"]
        case .limitMagnitude: ["limit_mag", "limiting_mag", "limit", "upper_limit", "maglim"]
        case .limitSigma: ["limit_sigma", "limiting_mag_sigma"]
        case .airmass: ["airmass", "amass"]
        case .observer: ["observer", "obscode", "observer_code", "obs_code"]
        case .source: ["source", "software", "survey", "broker"]
        case .instrument: ["instrument", "telescope", "facility", "camera"]
        case .comparison: ["comparison", "comp", "cname", "comp_star_1"]
        case .notes: ["notes", "comment", "comments"]
        }
    }

    /// A heading without case, units in brackets and separators: `Mag Err [mag]` is `mag_err`.
    static func normalised(_ heading: String) -> String {
        let bare = heading.split(whereSeparator: { "[(".contains($0) }).first.map(String.init) ?? ""
        return bare.trimmed.lowercased().map { $0 == " " || $0 == "-" || $0 == "." ? "_" : String($0) }.joined()
    }
}

/// Which field of a line holds which column.
struct CSVHeader {
    let delimiter: Character
    private let positions: [CSVColumn: Int]
    let count: Int

    /// The header a line is, by the delimiter that makes most sense of it.
    ///
    /// - Returns: `nil` when the line names no magnitude or no time.
    init?(_ line: String) {
        let text = line.first == "#" ? String(line.dropFirst()) : line
        let candidates = [",", "\t", ";", "|"].compactMap {
            (delimiter: Character) -> (Character, [CSVColumn: Int], Int)? in
            guard let fields = text.fields(by: delimiter) else { return nil }
            return (delimiter, Self.positions(fields), fields.count)
        }
        guard let best = candidates.max(by: { $0.1.count < $1.1.count }) else { return nil }
        (delimiter, positions, count) = best
        guard isEnough else { return nil }
    }

    /// That of a table whose columns have names.
    init?(headings: [String]) {
        (delimiter, positions, count) = (",", Self.positions(headings), headings.count)
        guard isEnough else { return nil }
    }

    /// Whether a time and a brightness are named.
    private var isEnough: Bool {
        let times: [CSVColumn] = [.mjdUTC, .jdUTC, .hjdUTC, .bjdTDB]
        return (has(.magnitude) || has(.limitMagnitude)) && times.contains(where: has)
    }

    func has(_ column: CSVColumn) -> Bool { positions[column] != nil }

    /// The field's text, empty where the line has no such column.
    func text(_ column: CSVColumn, in fields: [String]) -> String {
        guard let position = positions[column], position < fields.count else { return "" }
        return fields[position]
    }

    private static func positions(_ fields: [String]) -> [CSVColumn: Int] {
        let headings = fields.map(CSVColumn.normalised)
        var result: [CSVColumn: Int] = [:]
        for column in CSVColumn.allCases {
            result[column] = column.names.lazy.compactMap { headings.firstIndex(of: $0) }.first
        }
        return result
    }
}
