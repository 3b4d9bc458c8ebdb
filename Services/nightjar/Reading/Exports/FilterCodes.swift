internal import Events
internal import Foundation

extension AAVSOReport {
    /// The AAVSO's filter codes and the system of their magnitudes.
    static let codes: [String: String] = {
        let vega = ["U", "B", "V", "R", "I", "J", "H", "K", "TB", "TG", "TR", "CV", "CR", "MA", "MB", "MI"]
        let absolute = ["SU", "SG", "SR", "SI", "SZ", "ZS", "Y"]
        let either = ["STU", "STV", "STB", "STY", "STHBW", "STHBN", "HA", "HAC", "O"]
        return Dictionary(
            uniqueKeysWithValues: vega.map { ($0, "Vega") } + absolute.map { ($0, "AB") } + either.map { ($0, "") })
    }()

    /// Spellings of filters that mean one code.
    private static let spellings = [
        "Rc": "R", "RC": "R", "Ic": "I", "IC": "I", "u": "SU", "g": "SG", "r": "SR", "i": "SI", "z": "SZ", "y": "Y",
        "u'": "SU", "g'": "SG", "r'": "SR", "i'": "SI", "z'": "SZ", "up": "SU", "gp": "SG", "rp": "SR", "ip": "SI",
        "zp": "SZ", "zs": "ZS", "Ha": "HA", "Halpha": "HA", "H-alpha": "HA",
    ]

    static func code(of filter: String) -> String? {
        spellings[filter] ?? (codes[filter] != nil ? filter : nil)
    }

    /// - Throws: where a filter has no code, or its magnitudes are not in the system that its code means.
    static func filterCodes(
        of points: [PhotometryMeasured], given: String?
    ) throws(ExportError) -> [String: String] {
        let filters = Set(points.map(\.filter)).sorted()
        if let given {
            guard codes[given] != nil else {
                throw ExportError("FILT \(given.printable): is none of \(codes.keys.sorted().joined(separator: " "))")
            }
            guard filters.count <= 1 else {
                throw ExportError(
                    "FILT: one code for \(filters.joined(separator: ", ").printable): choose one with --filter")
            }
        }
        var result: [String: String] = [:]
        for filter in filters {
            guard let code = given ?? code(of: filter) else {
                throw ExportError(
                    "FILT: filter \(filter.printable) has no AAVSO code; name one with --filter-code, such as CV for "
                        + "an unfiltered camera with V magnitudes of the comparison stars")
            }
            let wanted = codes[code] ?? ""
            let systems = Set(points.filter { $0.filter == filter }.map(\.magnitudeSystem)).subtracting(["differential"]
            )
            if let wrong = systems.sorted().first(where: { $0 != wanted }), !wanted.isEmpty {
                throw ExportError(
                    "MAG: filter \(filter.printable) is in \(wrong.printable) magnitudes, \(code) is \(wanted)")
            }
            result[filter] = code
        }
        return result
    }
}
