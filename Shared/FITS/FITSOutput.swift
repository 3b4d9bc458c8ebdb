internal import CFITSIO
internal import Foundation
internal import Imaging

/// A FITS file being written under a temporary name beside its final one. Without `finish` nothing remains of it.
struct FITSOutput: ~Copyable {
    let path: String
    private let temporaryPath: String
    private let handle: UnsafeMutablePointer<fitsfile>
    private var isOpen = true

    init(writing path: String) throws(FITSError) {
        self.path = path
        temporaryPath = FITSFile.literal(path) + ".\(getpid()).part"
        unlink(temporaryPath)
        var opened: UnsafeMutablePointer<fitsfile>?
        var status: Int32 = 0
        ffcmsg()
        ffdkinit(&opened, temporaryPath, &status)
        guard status == 0, let opened else {
            throw FITSError(file: path, action: "create the file", status: status, reason: .cannotWrite)
        }
        handle = opened
    }

    deinit {
        guard isOpen else { return }
        var status: Int32 = 0
        ffclos(handle, &status)
        ffcmsg()
        unlink(temporaryPath)
    }

    /// Appends an image unit of the given cfitsio image type with its cards; call `write` next.
    mutating func beginImage(type: Int32, width: Int, height: Int, name: String?, header: Header) throws(FITSError) {
        var status: Int32 = 0
        var axes = [LONGLONG(width), LONGLONG(height)]
        ffcrimll(handle, type, width == 0 ? 0 : 2, &axes, &status)
        try check(status, "create an image")
        try append(name: name, header: header)
    }

    /// Appends a binary table unit with its cards.
    mutating func beginTable(
        rowCount: Int, names: [String], formats: [String], units: [String], name: String, header: Header
    ) throws(FITSError) {
        var status: Int32 = 0
        withCStrings(names) { types in
            withCStrings(formats) { forms in
                withCStrings(units) { unitTexts in
                    _ = ffcrtb(
                        handle, BINARY_TBL, LONGLONG(rowCount), Int32(names.count), types, forms, unitTexts, nil,
                        &status)
                }
            }
        }
        try check(status, "create a table")
        try append(name: name, header: header)
    }

    /// Writes all pixels of the current image; the type must match the elements.
    mutating func write<Element>(pixels: [Element], type: Int32) throws(FITSError) {
        var status: Int32 = 0
        pixels.withUnsafeBufferPointer { buffer in
            let start = UnsafeMutableRawPointer(mutating: buffer.baseAddress)
            _ = ffppr(handle, type, 1, LONGLONG(buffer.count), start, &status)
        }
        try check(status, "write pixels")
    }

    /// Writes all rows of one column, counted from 0; the type must match the elements.
    mutating func write<Element>(column: Int, values: [Element], type: Int32) throws(FITSError) {
        guard !values.isEmpty else { return }
        var status: Int32 = 0
        values.withUnsafeBufferPointer { buffer in
            let start = UnsafeMutableRawPointer(mutating: buffer.baseAddress)
            _ = ffpcl(handle, type, Int32(column + 1), 1, 1, LONGLONG(buffer.count), start, &status)
        }
        try check(status, "write column \(column + 1)")
    }

    /// Writes all rows of one column of texts, counted from 0.
    mutating func write(column: Int, texts: [String]) throws(FITSError) {
        guard !texts.isEmpty else { return }
        var status: Int32 = 0
        withCStrings(texts) { start in
            _ = ffpcls(handle, Int32(column + 1), 1, 1, LONGLONG(texts.count), start, &status)
        }
        try check(status, "write column \(column + 1)")
    }

    /// Appends all units of another file.
    mutating func copyAll(of source: UnsafeMutablePointer<fitsfile>, at path: String) throws(FITSError) {
        var status: Int32 = 0
        ffcpfl(source, handle, 1, 1, 1, &status)
        try check(status, "copy \(path)")
    }

    /// Changes cards of a unit that is written, counted from 1, and its checksum where it has one.
    mutating func change(unit: Int, removing: Set<String>, adding: [HeaderCard]) throws(FITSError) {
        guard !removing.isEmpty || !adding.isEmpty else { return }
        var status: Int32 = 0
        ffmahd(handle, Int32(unit), nil, &status)
        try check(status, "move to unit \(unit)")
        for keyword in removing.sorted() where !FITSFile.commentary.contains(keyword) {
            while status == 0 { ffdkey(handle, keyword, &status) }
            if status == KEY_NO_EXIST { status = 0 }
            try check(status, "remove \(keyword)")
        }
        for record in adding.flatMap(CardFormat.records(for:)) where status == 0 { ffprec(handle, record, &status) }
        try check(status, "write header cards")
        var hasChecksum = [CChar](repeating: 0, count: Int(FLEN_VALUE))
        ffgkey(handle, "CHECKSUM", &hasChecksum, nil, &status)
        if status == 0 { ffupck(handle, &status) }
        if status == KEY_NO_EXIST { status = 0 }
        ffcmsg()
        try check(status, "write the checksum")
    }

    /// Closes the file and gives it its final name, replacing what was there.
    consuming func finish() throws(FITSError) {
        var status: Int32 = 0
        isOpen = false
        ffclos(handle, &status)
        if status != 0 {
            unlink(temporaryPath)
            throw FITSError(file: path, action: "finish writing", status: status, reason: .cannotWrite)
        }
        guard rename(temporaryPath, FITSFile.literal(path)) == 0 else {
            let why = String(cString: strerror(errno))
            unlink(temporaryPath)
            throw FITSError(file: path, action: "give the file its name", reason: .cannotWrite, detail: why)
        }
    }

    private func append(name: String?, header: Header) throws(FITSError) {
        let named = name.map { [HeaderCard(keyword: "EXTNAME", value: .string($0))] } ?? []
        let copied = header.cards.filter { !FITSFile.structural.contains($0.keyword.uppercased()) }
        var status: Int32 = 0
        for record in (named + copied).flatMap(CardFormat.records(for:)) where status == 0 {
            ffprec(handle, record, &status)
        }
        try check(status, "write header cards")
    }

    private func check(_ status: Int32, _ action: String) throws(FITSError) {
        try FITSError.check(status, file: path, action: action)
    }

    private func withCStrings(_ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> Void)
    {
        var pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) }
        defer {
            for pointer in pointers { free(pointer) }
        }
        pointers.withUnsafeMutableBufferPointer { body($0.baseAddress) }
    }
}
