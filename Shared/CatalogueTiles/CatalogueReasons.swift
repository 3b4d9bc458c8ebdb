internal import Foundation

extension CatalogueError {
    /// Runs what touches a file; what it throws names the file.
    static func naming<Result>(_ file: String, _ body: () throws -> Result) throws(CatalogueError) -> Result {
        do {
            return try body()
        } catch {
            throw CatalogueError(file: file, reason: words(for: error))
        }
    }

    /// What a library's error means, as the system or the document says it: "Permission denied".
    static func words(for error: any Error) -> String {
        switch error {
        case let error as CatalogueError: return error.description
        case let error as DecodingError: return words(for: error)
        case let error as CocoaError:
            let cause = error.userInfo[NSUnderlyingErrorKey]
            if let system = cause as? POSIXError { return words(ofSystem: system.code.rawValue) }
            if let system = cause as? NSError, system.domain == NSPOSIXErrorDomain {
                return words(ofSystem: Int32(truncatingIfNeeded: system.code))
            }
            return words(for: error.code) ?? error.localizedDescription
        default: return "\(error)"
        }
    }

    private static func words(ofSystem code: Int32) -> String { String(cString: strerror(code)) }

    private static func words(for code: CocoaError.Code) -> String? {
        switch code {
        case .fileNoSuchFile, .fileReadNoSuchFile: "there is no such file"
        case .fileReadNoPermission, .fileWriteNoPermission: words(ofSystem: EACCES)
        case .fileWriteFileExists: "it is there already"
        case .fileWriteOutOfSpace: words(ofSystem: ENOSPC)
        case .fileWriteVolumeReadOnly: words(ofSystem: EROFS)
        default: nil
        }
    }

    private static func words(for error: DecodingError) -> String {
        func place(_ path: [any CodingKey]) -> String {
            path.isEmpty ? "the document" : path.map(\.stringValue).joined(separator: ".")
        }
        switch error {
        case .keyNotFound(let key, let context): return "\(place(context.codingPath + [key])) is missing"
        case .valueNotFound(_, let context): return "\(place(context.codingPath)) is null"
        case .typeMismatch(_, let context): return "\(place(context.codingPath)) is of another kind than it should be"
        case .dataCorrupted(let context) where context.codingPath.isEmpty: return "it is not JSON"
        case .dataCorrupted(let context): return "\(place(context.codingPath)): \(context.debugDescription)"
        @unknown default: return "\(error)"
        }
    }
}
