internal import CFITSIO

/// Why a FITS file could not be read or written: which file, what was being done, and what cfitsio said.
public struct FITSError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Reason: String, Sendable, CaseIterable {
        /// There is no such file, it is not a regular file, or it may not be read.
        case cannotRead
        /// The file or its folder may not be written, or the disk is full.
        case cannotWrite
        /// Empty, or the bytes are not FITS.
        case notFITS
        /// The file ends before the last byte its headers promise.
        case truncated
        /// FITS, but no header-data unit holds an image of two dimensions.
        case noImage
        /// The first image has more than two dimensions: a cube.
        case notTwoDimensional
        /// The image has an axis of length zero.
        case emptyImage
        /// More pixels than `FITSFile.maximumPixelCount`.
        case tooLarge
        /// The file breaks the FITS rules in a way that makes it unreadable.
        case corrupt
        /// An extension or column that was asked for by name is not there, or is of another type or shape.
        case missing
    }

    public let file: String
    /// What was being done, as a verb phrase: "read pixels".
    public let action: String
    public let reason: Reason
    /// What is wrong, in words; empty when the library's messages say it all.
    public let detail: String
    /// cfitsio's status code; 0 when the finding is our own.
    public let libraryStatus: Int
    /// cfitsio's text for the status, followed by its message stack.
    public let libraryMessages: [String]

    /// True when the same file may well be readable or writable later: the fault lies in the machine, not in the file.
    public var isEnvironmental: Bool { reason == .cannotRead || reason == .cannotWrite }

    public var description: String {
        let said =
            libraryMessages.isEmpty ? "" : " [cfitsio \(libraryStatus): \(libraryMessages.joined(separator: "; "))]"
        let why = detail.isEmpty ? reason.rawValue : "\(reason.rawValue): \(detail)"
        return "FITS file '\(file)': could not \(action): \(why)\(said)"
    }

    init(file: String, action: String, reason: Reason, detail: String) {
        self.file = file
        self.action = action
        self.reason = reason
        self.detail = detail
        self.libraryStatus = 0
        self.libraryMessages = []
    }

    /// Takes the library's message stack with it, so that the next error does not inherit it.
    init(file: String, action: String, status: Int32, reason: Reason? = nil, detail: String = "") {
        self.file = file
        self.action = action
        self.reason = reason ?? Self.reason(for: status)
        self.detail = detail
        self.libraryStatus = Int(status)
        self.libraryMessages = Self.drainMessages(status)
    }

    /// Throws when `status` is an error.
    static func check(_ status: Int32, file: String, action: String) throws(FITSError) {
        guard status != 0 else { return }
        throw FITSError(file: file, action: action, status: status)
    }

    private static func reason(for status: Int32) -> Reason {
        switch status {
        case END_OF_FILE, READ_ERROR, NO_END: .truncated
        case FILE_NOT_CREATED, WRITE_ERROR, FILE_NOT_CLOSED, READONLY_FILE: .cannotWrite
        case FILE_NOT_OPENED: .cannotRead
        case MEMORY_ALLOCATION: .tooLarge
        case UNKNOWN_REC, NO_SIMPLE: .notFITS
        case COL_NOT_FOUND, BAD_HDU_NUM, NOT_TABLE: .missing
        default: .corrupt
        }
    }

    private static func drainMessages(_ status: Int32) -> [String] {
        var line = [CChar](repeating: 0, count: Int(FLEN_ERRMSG))
        ffgerr(status, &line)
        var messages = [text(line)]
        while messages.count < 20, ffgmsg(&line) != 0 {
            messages.append(text(line))
        }
        ffcmsg()
        return messages
    }

    private static func text(_ line: [CChar]) -> String {
        let bytes = line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return CardText.decode(bytes[...])
    }
}
