internal import Pipeline

/// Runs what a command does with each of its files: one that fails is told, and does not keep the others from being
/// tried.
///
/// - Returns: whether none failed.
/// - Throws: what concerns all of them: mistakes of the command's words, masters that cannot be used.
func tryEach(_ files: [String], _ body: (_ file: String) throws -> Void) throws -> Bool {
    var isWell = true
    for file in files {
        do {
            try body(file)
        } catch let error as UsageError {
            throw error
        } catch let masters as ChannelMasters.Unusable {
            throw masters.cause
        } catch {
            isWell = false
            Terminal.complain("nightjar: \(error)")
        }
    }
    return isWell
}

/// What `--json` prints of frames.
struct FrameReports<Frame: Encodable>: Encodable {
    let version: String
    let frames: [Frame]

    init(_ frames: [Frame]) {
        (version, self.frames) = (Release.version, frames)
    }
}

extension Terminal {
    static func sayJSON(_ value: some Encodable) throws {
        say(String(decoding: try prettyJSON(value).dropLast(), as: UTF8.self))
    }
}
