internal import CFITSIO
public import Imaging

/// One column of a table: numbers with a name, a unit and a sentence of what they are.
public struct FITSColumn: Sendable, Equatable {
    public enum Values: Sendable, Equatable {
        case double([Double])
        case float([Float])
        case int32([Int32])
        case int64([Int64])
    }

    public let name: String
    /// As the FITS standard spells units ("pix", "deg", "electron"); empty for none.
    public let unit: String
    /// Written as TCOMMn.
    public let description: String
    public let values: Values
    /// TNULLn of a column of whole numbers that was read: it stands for "not known". Not written.
    public let null: Int64?

    public init(name: String, unit: String = "", description: String = "", values: Values) {
        self.init(name: name, unit: unit, description: description, values: values, null: nil)
    }

    init(name: String, unit: String, description: String, values: Values, null: Int64?) {
        self.name = name
        self.unit = unit
        self.description = description
        self.values = values
        self.null = null
    }

    public var count: Int {
        switch values {
        case .double(let values): values.count
        case .float(let values): values.count
        case .int32(let values): values.count
        case .int64(let values): values.count
        }
    }
}

/// One column of texts, written behind the numbers.
public struct FITSTextColumn: Sendable, Equatable {
    public let name: String
    /// Written as TCOMMn.
    public let description: String
    /// ASCII without line ends; what is longer than `width` bytes is cut.
    public let values: [String]

    public init(name: String, description: String = "", values: [String]) {
        self.name = name
        self.description = description
        self.values = values
    }

    /// Bytes of the longest value, at least 1.
    var width: Int { max(1, values.map(\.utf8.count).max() ?? 1) }
}

/// A binary table of scalar numeric columns and of texts, all of equal length.
public struct FITSTable: Sendable, Equatable {
    /// EXTNAME.
    public let name: String
    public let columns: [FITSColumn]
    public let texts: [FITSTextColumn]
    public let header: Header
    /// Columns of the file that hold neither scalar numbers nor texts (arrays, logicals) and were passed over.
    public let unreadColumns: [String]

    public init(name: String, columns: [FITSColumn], header: Header = Header()) {
        precondition(Set(columns.map(\.count)).count <= 1, "the columns of a table have equal lengths")
        self.init(name: name, columns: columns, texts: [], header: header, unreadColumns: [])
    }

    public init(name: String, columns: [FITSColumn], texts: [FITSTextColumn], header: Header = Header()) {
        precondition(
            Set(columns.map(\.count) + texts.map(\.values.count)).count <= 1, "the columns have equal lengths")
        self.init(name: name, columns: columns, texts: texts, header: header, unreadColumns: [])
    }

    init(name: String, columns: [FITSColumn], texts: [FITSTextColumn], header: Header, unreadColumns: [String]) {
        self.name = name
        self.columns = columns
        self.texts = texts
        self.header = header
        self.unreadColumns = unreadColumns
    }

    /// The first column of that name, without regard to case.
    public subscript(name: String) -> FITSColumn? {
        columns.first { $0.name.uppercased() == name.uppercased() }
    }

    /// Writes the table as the first extension of a new file, under a temporary name first. Same input, same bytes.
    public func write(to path: String) throws(FITSError) {
        var output = try FITSOutput(writing: path)
        try output.beginImage(type: BYTE_IMG, width: 0, height: 0, name: nil, header: Header())
        let comments = (columns.map(\.description) + texts.map(\.description)).enumerated().compactMap { index, text in
            text.isEmpty ? nil : HeaderCard(keyword: "TCOMM\(index + 1)", value: .string(text))
        }
        let kept = header.cards.filter { !Self.describesColumn($0.keyword.uppercased()) }
        try output.beginTable(
            rowCount: columns.first?.count ?? texts.first?.values.count ?? 0,
            names: columns.map(\.name) + texts.map(\.name),
            formats: columns.map(\.format) + texts.map { "\($0.width)A" },
            units: columns.map(\.unit) + texts.map { _ in "" }, name: name, header: Header(comments + kept))
        for (index, column) in columns.enumerated() {
            switch column.values {
            case .double(let values): try output.write(column: index, values: values, type: TDOUBLE)
            case .float(let values): try output.write(column: index, values: values, type: TFLOAT)
            case .int32(let values): try output.write(column: index, values: values, type: TINT)
            case .int64(let values): try output.write(column: index, values: values, type: TLONGLONG)
            }
        }
        for (index, column) in texts.enumerated() {
            try output.write(column: columns.count + index, texts: column.values)
        }
        try output.finish()
    }

    /// TTYPE3, TFORM3, TUNIT3, TCOMM3 and their kin.
    static func describesColumn(_ keyword: String) -> Bool {
        let stem = keyword.prefix { !$0.isNumber }
        let kinds: Set<Substring> = ["TTYPE", "TFORM", "TUNIT", "TCOMM", "TSCAL", "TZERO", "TNULL", "TDIM", "TDISP"]
        return kinds.contains(stem) && stem.count < keyword.count
    }
}

extension FITSColumn {
    fileprivate var format: String {
        switch values {
        case .double: "1D"
        case .float: "1E"
        case .int32: "1J"
        case .int64: "1K"
        }
    }
}
