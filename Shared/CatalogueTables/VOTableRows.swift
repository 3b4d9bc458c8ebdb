internal import Foundation
internal import FoundationXML
public import ReferenceCatalogue

/// Rows of the first table of a VOTable: TABLEDATA, BINARY and BINARY2.
///
/// The rows with the wanted columns are held in memory: for more than some ten million stars CSV is the better way.
/// - Source: IVOA VOTable 1.4.
public struct VOTableRows: TableRows {
    private let rows: [[TableField]]
    /// Of the columns that the fields are of.
    public let names: [String]
    private var row = 0

    public var place: String { "row \(row)" }

    /// - Parameter columns: names; nil: all there are.
    /// - Throws: `TableError` for what is no VOTable, breaks off, or has no such column.
    public init(_ path: String, columns: [String]?) throws(TableError) {
        guard let stream = InputStream(fileAtPath: path) else {
            throw TableError(file: path, reason: "it cannot be opened")
        }
        let parser = XMLParser(stream: stream)
        let reading = VOTableReading(file: path, wanted: columns)
        parser.delegate = reading
        let isWhole = parser.parse()
        if let error = reading.error { throw error }
        // A reading that has its table stops the parser, which then calls itself aborted.
        guard isWhole || reading.isFinished else {
            let reason = parser.parserError.map { "\($0.localizedDescription)" } ?? "it is no XML"
            throw TableError(
                file: path, reason: "its XML breaks off or is wrong near line \(parser.lineNumber): \(reason)")
        }
        guard reading.isFinished else {
            throw TableError(
                file: path, reason: "there is no whole table with rows in it: it breaks off, or is no VOTable")
        }
        rows = reading.rows
        names = reading.names
    }

    public mutating func next() throws(TableError) -> [TableField]? {
        guard row < rows.count else { return nil }
        defer { row += 1 }
        return rows[row]
    }
}

/// Collects the rows while the XML goes by.
private final class VOTableReading: NSObject, XMLParserDelegate {
    private let file: String
    private let wanted: [String]?
    private(set) var names: [String] = []
    private(set) var rows: [[TableField]] = []
    private(set) var error: TableError?
    private(set) var isFinished = false
    private var fields: [VOTableField] = []
    private var places: [Int] = []
    private var current: [String] = []
    private var text = ""
    private var format: String?

    init(file: String, wanted: [String]?) {
        self.file = file
        self.wanted = wanted
    }

    func parser(
        _ parser: XMLParser, didStartElement element: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        text = ""
        switch local(element) {
        case "FIELD":
            guard let field = VOTableField(attributes: attributes) else {
                let name = (attributes["name"] ?? "").prefix(60)
                let reason = "FIELD \(name): datatype \(attributes["datatype"] ?? "missing"), arraysize "
                return fail(parser, reason + "\(attributes["arraysize"] ?? "1") cannot be read")
            }
            fields.append(field)
        case "VALUES": if !fields.isEmpty, format == nil { fields[fields.count - 1].null = attributes["null"] }
        case "TABLEDATA", "BINARY", "BINARY2": begin(parser, local(element))
        case "STREAM":
            if let address = attributes["href"] {
                fail(
                    parser, "its rows are in another file (\(address.prefix(80))); fetch the table with its data inside"
                )
            } else if let encoding = attributes["encoding"], encoding != "base64" {
                fail(parser, "STREAM encoding \"\(encoding.prefix(40))\" is not base64")
            }
        case "FITS": fail(parser, "it wraps a FITS table; give that file itself")
        case "TR": current = []
        default: break
        }
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) {
        guard format != nil else { return }
        text += string
    }

    func parser(_ parser: XMLParser, didEndElement element: String, namespaceURI: String?, qualifiedName: String?) {
        switch local(element) {
        case "TD": if format == "TABLEDATA" { current.append(text) }
        case "TR": endRow(parser)
        case "STREAM": readStream(parser)
        case "TABLEDATA", "BINARY", "BINARY2":
            isFinished = error == nil
            parser.abortParsing()
        default: break
        }
        if local(element) != "STREAM" { text = "" }
    }

    private func local(_ element: String) -> String {
        element.split(separator: ":").last.map { $0.uppercased() } ?? ""
    }

    private func fail(_ parser: XMLParser, _ reason: String) {
        if error == nil { error = TableError(file: file, reason: "line \(parser.lineNumber): \(reason)") }
        parser.abortParsing()
    }

    private func begin(_ parser: XMLParser, _ format: String) {
        self.format = format
        do {
            names = wanted ?? fields.map(\.name)
            places = try CatalogueTables.places(of: names, among: fields.map(\.name), in: file)
        } catch {
            self.error = error
            parser.abortParsing()
        }
    }

    private func endRow(_ parser: XMLParser) {
        guard format == "TABLEDATA", error == nil else { return }
        guard current.count == fields.count else {
            return fail(parser, "a row has \(current.count) cells under \(fields.count) fields")
        }
        rows.append(places.map { fields[$0].value(text: current[$0]) })
    }

    private func readStream(_ parser: XMLParser) {
        guard error == nil, let format, format != "TABLEDATA" else { return }
        guard let data = Data(base64Encoded: text, options: .ignoreUnknownCharacters) else {
            return fail(parser, "its stream is no base64")
        }
        let bytes = [UInt8](data)[...]
        let maskLength = format == "BINARY2" ? (fields.count + 7) / 8 : 0
        var position = 0
        while position < bytes.count {
            let mask = bytes[position...].prefix(maskLength)
            position += maskLength
            var values: [TableField] = []
            for field in fields {
                guard position <= bytes.count, let value = field.value(bytes, at: &position) else {
                    return fail(parser, "its stream ends within row \(rows.count + 1)")
                }
                let index = values.count
                let isNull = maskLength > 0 && mask[mask.startIndex + index / 8] & (0x80 >> UInt8(index % 8)) != 0
                values.append(isNull ? .missing : value)
            }
            rows.append(places.map { values[$0] })
        }
    }
}
