internal import CFITSIO
internal import Imaging

extension FITSFile {
    /// Reads the scalar numeric columns of the binary table with this EXTNAME, or of the first one.
    ///
    /// Bytes and short integers become `int32`. A null of an integer column with TNULL reads as that integer.
    ///
    /// - Throws: `missing` when there is no such table, `truncated` when the file ends before its last row.
    public mutating func readTable(named name: String? = nil) throws(FITSError) -> FITSTable {
        let header = try moveToTable(named: name)
        return try readTable(header.text("EXTNAME") ?? "", header)
    }

    /// Goes to the binary table with this EXTNAME, or to the first one.
    mutating func moveToTable(named name: String?) throws(FITSError) -> Header {
        for unit in 1...Self.maximumUnitCount {
            guard try move(toUnit: unit) else { break }
            try requireAllBytes(unit: unit)
            var status: Int32 = 0
            var kind: Int32 = 0
            ffghdt(handle, &kind, &status)
            try FITSError.check(status, file: path, action: "read the kind of unit \(unit)")
            guard kind == BINARY_TBL else { continue }
            let header = Header(try readCards())
            let found = header.text("EXTNAME") ?? ""
            if name == nil || name?.uppercased() == found.uppercased() { return header }
        }
        let wanted = name.map { "no binary table is named \($0)" } ?? "there is no binary table"
        throw FITSError(file: path, action: "find a table", reason: .missing, detail: wanted)
    }

    private func readTable(_ name: String, _ header: Header) throws(FITSError) -> FITSTable {
        var (columnCount, rowCount): (Int32, LONGLONG) = (0, 0)
        var status: Int32 = 0
        ffgncl(handle, &columnCount, &status)
        ffgnrwll(handle, &rowCount, &status)
        try FITSError.check(status, file: path, action: "read the table's shape")
        var columns: [FITSColumn] = []
        var unread: [String] = []
        for number in 1...max(1, Int(columnCount)) where columnCount > 0 {
            let title = header.text("TTYPE\(number)") ?? "column \(number)"
            guard let values = try readColumn(number, rowCount: Int(rowCount)) else {
                unread.append(title)
                continue
            }
            columns.append(
                FITSColumn(
                    name: title, unit: header.text("TUNIT\(number)") ?? "",
                    description: header.text("TCOMM\(number)") ?? "", values: values))
        }
        let kept = header.cards.filter {
            !Self.structural.contains($0.keyword) && !FITSTable.describesColumn($0.keyword)
        }
        return FITSTable(name: name, columns: columns, header: Header(kept), unreadColumns: unread)
    }

    private func readColumn(_ number: Int, rowCount: Int) throws(FITSError) -> FITSColumn.Values? {
        var (type, repeatCount, width): (Int32, LONGLONG, LONGLONG) = (0, 0, 0)
        var status: Int32 = 0
        ffgtclll(handle, Int32(number), &type, &repeatCount, &width, &status)
        try FITSError.check(status, file: path, action: "read the type of column \(number)")
        guard repeatCount == 1 else { return nil }
        switch type {
        case TDOUBLE: return .double(try readValues(number, rowCount, TDOUBLE, 0))
        case TFLOAT: return .float(try readValues(number, rowCount, TFLOAT, 0))
        case TBYTE, TSHORT, TLONG, TINT: return .int32(try readValues(number, rowCount, TINT, 0))
        case TLONGLONG: return .int64(try readValues(number, rowCount, TLONGLONG, 0))
        default: return nil
        }
    }

    private func readValues<Element>(
        _ number: Int, _ rowCount: Int, _ type: Int32, _ zero: Element
    ) throws(FITSError) -> [Element] {
        guard rowCount > 0 else { return [] }
        var values = [Element](repeating: zero, count: rowCount)
        var status: Int32 = 0
        var hasNulls: Int32 = 0
        values.withUnsafeMutableBufferPointer { buffer in
            let start = UnsafeMutableRawPointer(buffer.baseAddress)
            _ = ffgcv(handle, type, Int32(number), 1, 1, LONGLONG(rowCount), nil, start, &hasNulls, &status)
        }
        try FITSError.check(status, file: path, action: "read column \(number)")
        return values
    }
}
