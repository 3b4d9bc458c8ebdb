internal import Foundation
internal import PostgresStore
internal import Sky

/// Which target a name in a file means: names are compared without case, blanks and underscores.
///
/// A target's id counts before its name and its OBJECT spellings, a target in use before one that was removed, and of
/// several with one spelling the first in order of their ids. A name that nobody gave to a target gets an id made of
/// its letters.
struct TargetNames {
    /// One target as the archive has it.
    struct Known {
        var id: String
        var names: [String]
        var position: SkyPosition?
    }

    struct Match: Equatable {
        var id: String
        var position: SkyPosition?
        /// Whether the archive has the target.
        var isKnown: Bool
    }

    private var matches: [String: Match] = [:]

    /// - Parameter targets: in order of preference.
    init(_ targets: [Known]) {
        for names in [{ [$0.id] }, \.names] as [(Known) -> [String]] {
            for target in targets {
                let match = Match(id: target.id, position: target.position, isKnown: true)
                for key in names(target).map(Self.key) where !key.isEmpty && matches[key] == nil {
                    matches[key] = match
                }
            }
        }
    }

    /// The archive's targets; none while the archiver has not made its table.
    init(in database: Database) throws {
        guard try database.execute("select to_regclass('archive.target') is not null as ready")[0].bool("ready") else {
            self.init([])
            return
        }
        let rows = try database.execute(
            """
            select target, document->>'name' as name, ra_deg, dec_deg,
                case jsonb_typeof(document->'objectNames') when 'array' then document->'objectNames'
                    when 'string' then jsonb_build_array(document->'objectNames') else '[]'::jsonb end as object_names
            from archive.target order by removed, target
            """)
        self.init(
            try rows.map { row in
                let spellings = try JSONDecoder().decode([String].self, from: row.data("object_names"))
                var position: SkyPosition?
                if let ra = try row.optionalDouble("ra_deg"), let dec = try row.optionalDouble("dec_deg") {
                    position = try SkyPosition(raDegrees: ra, decDegrees: dec)
                }
                let name = try row.optionalText("name").map { [$0] } ?? []
                return Known(id: try row.text("target"), names: name + spellings, position: position)
            })
    }

    subscript(name: String) -> Match {
        let key = Self.key(name)
        return matches[key] ?? Match(id: Self.safeID(key), position: nil, isKnown: false)
    }

    private static func key(_ name: String) -> String {
        name.lowercased().filter { !$0.isWhitespace && $0 != "_" }
    }

    /// Letters, digits, `-` and inner `.` as they are; any other byte as `_` and two hexadecimal digits, so that two
    /// names never share an id: `2mass j1234+5678` is `2massj1234_2b5678`.
    private static func safeID(_ key: String) -> String {
        var id = ""
        for byte in key.utf8 {
            let isPlain = (97...122).contains(byte) || (48...57).contains(byte)
            let isInner = !id.isEmpty && (byte == UInt8(ascii: "-") || byte == UInt8(ascii: "."))
            if isPlain || isInner {
                id.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                id += "_" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        return id
    }
}
