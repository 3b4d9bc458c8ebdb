internal import Foundation

/// What a library's error about a file means, as the system says it: "Permission denied".
func systemWords(_ error: any Error) -> String {
    let error = error as NSError
    if error.domain == NSPOSIXErrorDomain { return words(ofSystem: Int32(truncatingIfNeeded: error.code)) }
    if let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError, cause.domain == NSPOSIXErrorDomain {
        return words(ofSystem: Int32(truncatingIfNeeded: cause.code))
    }
    switch CocoaError.Code(rawValue: error.code) {
    case .fileNoSuchFile, .fileReadNoSuchFile: return words(ofSystem: ENOENT)
    case .fileReadNoPermission, .fileWriteNoPermission: return words(ofSystem: EACCES)
    case .fileWriteFileExists: return words(ofSystem: EEXIST)
    case .fileWriteOutOfSpace: return words(ofSystem: ENOSPC)
    case .fileWriteVolumeReadOnly: return words(ofSystem: EROFS)
    case .fileWriteInvalidFileName, .fileReadInvalidFileName: return words(ofSystem: EINVAL)
    default: return error.localizedDescription
    }
}

private func words(ofSystem code: Int32) -> String { String(cString: strerror(code)) }

/// The bytes of a text that somebody gives: of a file or a pipe, and not more of it than memory can hold.
///
/// - Throws: `FrameError` with `what` cannot be read, and why.
func givenText(_ path: String, what: String, most: Int = 1 << 30) throws(FrameError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
        throw FrameError(path, "\(what) cannot be read: \(words(ofSystem: errno))")
    }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 20)
    while true {
        let count = read(descriptor, &piece, piece.count)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw FrameError(path, "\(what) cannot be read: \(words(ofSystem: errno))") }
        if count == 0 { return bytes }
        guard !piece[..<count].contains(0) else { throw FrameError(path, "\(what) cannot be read: this is no text") }
        bytes += piece[..<count]
        guard bytes.count <= most else {
            throw FrameError(path, "\(what) cannot be read: this has more than \(most) bytes")
        }
    }
}
