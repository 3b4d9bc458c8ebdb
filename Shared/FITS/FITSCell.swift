internal import CFITSIO
public import Imaging

/// A cube of numbers as the one cell of a binary table with one row: how PSFEx stores its models.
public struct FITSCell: Sendable, Equatable {
    /// EXTNAME of the table.
    public let table: String
    /// TTYPE1.
    public let column: String
    /// Lengths of the axes, the fastest one first.
    public let axes: [Int]
    public let values: [Float]
    /// Cards of the table, without those that describe its structure.
    public let header: Header

    public init(table: String, column: String, axes: [Int], values: [Float], header: Header) {
        precondition(!axes.isEmpty && axes.allSatisfy { $0 > 0 }, "a cell has axes")
        precondition(values.count == axes.reduce(1, *), "a cell has its values")
        (self.table, self.column, self.axes, self.values, self.header) = (table, column, axes, values, header)
    }

    /// Writes the table as the first extension of a new file, under a temporary name first. Same input, same bytes.
    public func write(to path: String) throws(FITSError) {
        var output = try FITSOutput(writing: path)
        try output.beginImage(type: BYTE_IMG, width: 0, height: 0, name: nil, header: Header())
        let shape = "(" + axes.map { String($0) }.joined(separator: ", ") + ")"
        let own = [HeaderCard(keyword: "TDIM1", value: .string(shape), comment: "shape of the cell")]
        let kept = header.cards.filter { !FITSTable.describesColumn($0.keyword.uppercased()) }
        try output.beginTable(
            rowCount: 1, names: [column], formats: ["\(values.count)E"], units: [""], name: table,
            header: Header(own + kept))
        try output.write(column: 0, values: values, type: TFLOAT)
        try output.finish()
    }
}

extension FITSFile {
    /// Reads back what `FITSCell.write` wrote, and what PSFEx writes: the first column of the first row.
    ///
    /// - Parameter limit: a cell of more values is refused.
    /// - Throws: `missing` when no table has this name or its first column is no cube of 32-bit floats, `truncated`
    ///   when the file ends before it does.
    public mutating func readCell(ofTable name: String, limit: Int = 100_000_000) throws(FITSError) -> FITSCell {
        let header = try moveToTable(named: name)
        var (type, repeatCount, width, rowCount): (Int32, LONGLONG, LONGLONG, LONGLONG) = (0, 0, 0, 0)
        var axisCount: Int32 = 0
        var axes = [LONGLONG](repeating: 0, count: 9)
        var status: Int32 = 0
        ffgtclll(handle, 1, &type, &repeatCount, &width, &status)
        ffgnrwll(handle, &rowCount, &status)
        ffgtdmll(handle, 1, 9, &axisCount, &axes, &status)
        try FITSError.check(status, file: path, action: "read the shape of table \(name)")
        let shape = axes.prefix(Int(max(axisCount, 0))).map { Int($0) }
        guard type == TFLOAT, rowCount >= 1, repeatCount > 0, repeatCount <= limit, !shape.isEmpty,
            shape.allSatisfy({ (1...limit).contains($0) }),
            shape.reduce(1.0, { $0 * Double($1) }) == Double(repeatCount)
        else {
            throw FITSError(
                file: path, action: "read table \(name)", reason: .missing,
                detail: "its first column is no cube of at most \(limit) 32-bit floats")
        }
        var values = [Float](repeating: 0, count: Int(repeatCount))
        var hasNulls: Int32 = 0
        ffgcv(handle, TFLOAT, 1, 1, 1, repeatCount, nil, &values, &hasNulls, &status)
        try FITSError.check(status, file: path, action: "read table \(name)")
        let kept = header.cards.filter {
            !Self.structural.contains($0.keyword) && !FITSTable.describesColumn($0.keyword)
        }
        return FITSCell(
            table: name, column: header.text("TTYPE1") ?? "", axes: shape, values: values, header: Header(kept))
    }
}
