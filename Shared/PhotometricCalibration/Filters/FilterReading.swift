/// What a camera's or an observer's word for a filter means.
public enum FilterReading: Sendable, Hashable {
    case band(PhotometricBand)
    /// The observer leaves it to us, or nothing is said: `chooseBand`.
    case any
    /// A narrow band, a grism, a glass that is in no table.
    case unknown(String)

    /// Reads a name as it stands in FILTER: "SDSS-G", "g'", "gp", "Bessell V", "R_C", "Clear", "TG", "any".
    ///
    /// Single letters mean what their case says: u g r i z are Sloan's, U B V R I Johnson's and Cousins's. Alone, "G"
    /// is the green of a colour set, since no telescope on the ground has Gaia's. Where a system is named, case does
    /// not count.
    public init(cameraName: String?) {
        let name = (cameraName ?? "").split { $0.isWhitespace || "-_./'\"()*+".contains($0) }.joined(separator: "_")
        let plain = name.filter { $0 != "_" }
        if Self.anything.contains(plain.lowercased()) {
            self = .any
        } else if let band = Self.exact[plain] ?? Self.folded[plain.lowercased()] ?? Self.named(plain.lowercased()) {
            self = .band(band)
        } else {
            self = .unknown(cameraName ?? "")
        }
    }

    private static let anything: Set<String> = ["", "any", "unknown", "na", "undefined", "null"]

    /// Names whose case counts.
    private static let exact: [String: PhotometricBand] = {
        var table: [String: PhotometricBand] = [:]
        for name in ["U", "B", "V", "R", "I"] {
            table[name] = .init(.johnsonCousins, name)
            table[name + "c"] = .init(.johnsonCousins, name)
        }
        for name in ["u", "g", "r", "i", "z"] { table[name] = .init(.sdss, name) }
        table["b"] = .init(.johnsonCousins, "B")
        table["v"] = .init(.johnsonCousins, "V")
        table["Z"] = .init(.sdss, "z")
        table["y"] = .init(.panSTARRS, "y")
        table["Y"] = .init(.panSTARRS, "y")
        table["G"] = .init(.oneShotColour, "TG")
        for name in ["J", "H", "K"] { table[name] = .init(.twoMASS, name) }
        table["BP"] = .init(.gaia, "BP")
        table["RP"] = .init(.gaia, "RP")
        // AAVSO's codes.
        for (code, name) in zip(["SU", "SG", "SR", "SI", "SZ"], ["u", "g", "r", "i", "z"]) {
            table[code] = .init(.sdss, name)
        }
        table["ZS"] = .init(.panSTARRS, "z")
        return table
    }()

    /// Names whose case does not count.
    private static let folded: [String: PhotometricBand] = {
        var table: [String: PhotometricBand] = [:]
        for name in ["up", "gp", "rp", "ip", "zp"] { table[name] = .init(.sdss, String(name.prefix(1))) }
        for name in ["g", "r", "i", "z", "y"] { table["\(name)p1"] = .init(.panSTARRS, name) }
        table["zs"] = .init(.panSTARRS, "z")
        table["rc"] = .init(.johnsonCousins, "R")
        table["ic"] = .init(.johnsonCousins, "I")
        table["rj"] = .init(.johnsonCousins, "R")
        table["ij"] = .init(.johnsonCousins, "I")
        table["ks"] = .init(.twoMASS, "K")
        table["gbp"] = .init(.gaia, "BP")
        table["grp"] = .init(.gaia, "RP")
        let clear = [
            "clear", "c", "none", "nofilter", "open", "empty", "air", "unfiltered", "white", "l", "lum", "luminance",
            "lrgb", "lp", "uvir", "uvircut", "ircut", "cv", "cr", "notpresent", "blank", "w",
        ]
        for name in clear { table[name] = .init(.clear, "clear") }
        let colours = [("TR", ["tr", "red"]), ("TG", ["tg", "green"]), ("TB", ["tb", "blue"])]
        for (band, names) in colours { for name in names { table[name] = .init(.oneShotColour, band) } }
        return table
    }()

    private static let systems: [(word: String, system: PhotometricBand.System)] = [
        ("johnsoncousins", .johnsonCousins), ("bessell", .johnsonCousins), ("bessel", .johnsonCousins),
        ("johnson", .johnsonCousins), ("cousins", .johnsonCousins), ("kron", .johnsonCousins),
        ("panstarrs", .panSTARRS), ("ps1", .panSTARRS), ("sdss", .sdss), ("sloan", .sdss), ("gaia", .gaia),
        ("2mass", .twoMASS), ("mko", .twoMASS), ("astrodon", .johnsonCousins),
    ]

    /// A system's word before or behind the name of a band: "sdssg", "vjohnson", "bessellrc".
    private static func named(_ plain: String) -> PhotometricBand? {
        for (word, system) in systems where plain.contains(word) {
            var rest = plain
            for other in systems.map(\.word) + ["filter", "band"] {
                if let range = rest.firstRange(of: other) { rest.removeSubrange(range) }
            }
            if system == .johnsonCousins, rest.count == 2, "cj".contains(rest.suffix(1)) { rest.removeLast() }
            if system == .sdss || system == .panSTARRS, rest.count == 2, rest.hasSuffix("p") { rest.removeLast() }
            if rest == "ks" { rest = "k" }
            if let found = PhotometricBand.all.first(where: { $0.system == system && $0.name.lowercased() == rest }) {
                return found
            }
        }
        return nil
    }
}
