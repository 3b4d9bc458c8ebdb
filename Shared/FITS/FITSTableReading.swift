internal import CFITSIO
internal import Imaging

extension FITSFile {
    /// Reads the scalar numeric columns and the texts of the binary table with this EXTNAME, or of the first one.
    ///
    /// Bytes and short integers become `int32`. A null of an integer column with TNULL reads as that integer, which is
    /// the column's `null`. Texts end at their first NUL byte, and have no blanks at their ends.
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
        var texts: [FITSTextColumn] = []
        var unread: [String] = []
        for number in 1...max(1, Int(columnCount)) where columnCount > 0 {
            let title = header.text("TTYPE\(number)") ?? "column \(number)"
            let description = header.text("TCOMM\(number)") ?? ""
            if let values = try readColumn(number, rowCount: Int(rowCount)) {
                columns.append(
                    FITSColumn(
                        name: title, unit: header.text("TUNIT\(number)") ?? "", description: description,
                        values: values, null: null(header, number)))
            } else if let values = try readTexts(number, rowCount: Int(rowCount)) {
                texts.append(FITSTextColumn(name: title, description: description, values: values))
            } else {
                unread.append(title)
            }
        }
        let kept = header.cards.filter {
            !Self.structural.contains($0.keyword) && !FITSTable.describesColumn($0.keyword)
        }
        return FITSTable(
            name: name, columns: columns, texts: texts, header: Header(kept), unreadColumns: unread)
    }

    /// TNULLn is of the stored numbers, to which TZEROn is added.
    private func null(_ header: Header, _ number: Int) -> Int64? {
        let zero = header.number("TZERO\(number)").flatMap { Int64(exactly: $0) } ?? 0
        return header.number("TNULL\(number)").flatMap { Int64(exactly: $0) }.map { $0 &+ zero }
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

    /// Longest text of a table that is read, in bytes.
    private static let maximumTextWidth = 4096
    private static let textRowsAtOnce = 4096

    /// - Returns: `nil` where the column does not hold one text in each row.
    private func readTexts(_ number: Int, rowCount: Int) throws(FITSError) -> [String]? {
        var (type, repeatCount, width): (Int32, LONGLONG, LONGLONG) = (0, 0, 0)
        var status: Int32 = 0
        ffgtclll(handle, Int32(number), &type, &repeatCount, &width, &status)
        try FITSError.check(status, file: path, action: "read the type of column \(number)")
        guard type == TSTRING, repeatCount == width, (1...LONGLONG(Self.maximumTextWidth)).contains(width) else {
            return nil
        }
        let room = Int(width) + 1
        var texts: [String] = []
        texts.reserveCapacity(rowCount)
        var bytes = [CChar](repeating: 0, count: room * min(max(rowCount, 1), Self.textRowsAtOnce))
        for first in stride(from: 0, to: rowCount, by: Self.textRowsAtOnce) {
            let count = min(Self.textRowsAtOnce, rowCount - first)
            bytes.withUnsafeMutableBufferPointer { buffer in
                var starts = (0..<count).map { row in buffer.baseAddress.map { $0 + row * room } }
                var hasNulls: Int32 = 0
                _ = ffgcvs(
                    handle, Int32(number), LONGLONG(first + 1), 1, LONGLONG(count), nil, &starts, &hasNulls, &status)
            }
            try FITSError.check(status, file: path, action: "read column \(number)")
            for row in 0..<count {
                let own = bytes[row * room..<(row + 1) * room].prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
                let end = own.lastIndex { $0 != UInt8(ascii: " ") }.map { $0 + 1 } ?? 0
                texts.append(String(decoding: own[..<end], as: UTF8.self))
            }
        }
        return texts
    }
}
