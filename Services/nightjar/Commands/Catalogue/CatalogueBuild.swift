internal import CatalogueTables
internal import CatalogueTiles
internal import Documents
internal import Foundation
internal import ReferenceCatalogue

/// `nightjar catalog build`: tables of stars become tiles.
struct CatalogueBuild {
    private let tables: [String]
    private let map: ColumnMap
    private let out: String
    private let format: TableFormat?
    private let order: Int?
    private let printsJSON: Bool

    init(_ arguments: Arguments, tables: [String]) throws {
        guard !tables.isEmpty else { throw UsageError("no table given: nightjar catalog build TABLE... --columns MAP") }
        self.tables = tables
        let file = try arguments.required("columns")
        var isFolder: ObjCBool = false
        guard !FileManager.default.fileExists(atPath: file, isDirectory: &isFolder) || !isFolder.boolValue else {
            throw UsageError("--columns \(file.printable): it is a folder; examples/catalogs has documents")
        }
        let bytes: Data
        do {
            bytes = Data(try givenText(file, what: "the document", most: SubmittedDocument.mostBytes))
        } catch {
            throw UsageError("--columns \(file.printable): \(error.text)")
        }
        map = try decodeDocument(ColumnMap.self, from: bytes, name: file)
        out = try arguments.required("out")
        format = try arguments.text("format").map { text in
            guard let format = TableFormat(rawValue: text) else {
                throw UsageError("--format \(text.printable): give csv, fits or votable")
            }
            return format
        }
        order = try arguments.integer("order", in: 0...CatalogueDescription.maximumOrder)
        printsJSON = arguments.has("json")
    }

    /// Rows that were no stars, by reason, with the place of the first one.
    private struct LeftOut: Encodable {
        let reason: String
        var rows: Int
        let first: String
    }

    private struct Summary: Encodable {
        let catalogue: String
        let stars: Int
        let tiles: Int
        let order: Int
        let leftOut: [LeftOut]
    }

    func run() throws -> Int32 {
        let builder = try CatalogueBuilder(
            path: out, id: map.id, title: map.title, source: map.source, bands: map.catalogueBands, order: order)
        do {
            let (leftOut, description) = try build(builder)
            try report(
                Summary(
                    catalogue: out, stars: description.starCount, tiles: description.tiles.count,
                    order: description.order, leftOut: leftOut))
            return 0
        } catch {
            try builder.abandon()
            throw error
        }
    }

    private func build(_ builder: CatalogueBuilder) throws -> ([LeftOut], CatalogueDescription) {
        let reader = StarReader(map)
        var leftOut: [String: LeftOut] = [:]
        var (starCount, rowCount) = (0, 0)
        for (index, table) in tables.enumerated() {
            var rows = try (format ?? TableFormat.of(table)).rows(
                table, columns: map.columnNames, layout: map.layout)
            while let row = try rows.next() {
                rowCount += 1
                do {
                    try builder.add(try reader.star(row, row: rowCount))
                    starCount += 1
                } catch let error as StarReader.Problem {
                    let first = LeftOut(reason: error.description, rows: 0, first: "\(table), \(rows.place)")
                    leftOut[error.description, default: first].rows += 1
                }
                if rowCount.isMultiple(of: 500_000) { Terminal.complain("\(rowCount) rows, \(starCount) stars") }
            }
            if tables.count > 1 { Terminal.complain("\(table): table \(index + 1) of \(tables.count) is read") }
        }
        return (leftOut.values.sorted { $0.reason < $1.reason }, try builder.finish())
    }

    private func report(_ summary: Summary) throws {
        for entry in summary.leftOut {
            Terminal.complain("left out: \(entry.rows) rows, \(entry.reason) (first: \(entry.first))".printable)
        }
        if printsJSON {
            Terminal.write(String(decoding: try prettyJSON(summary), as: UTF8.self))
        } else {
            let tiles = "\(summary.tiles) tiles of order \(summary.order)"
            Terminal.say("\(summary.catalogue): \(summary.stars) stars in \(tiles)".printable)
        }
    }
}
