internal import Foundation
internal import Hashing

/// What frames are called: after the bytes of their files.
public enum FrameName {
    /// Channels of a colour camera's file, in the order in which they are announced: AAVSO's names of such filters.
    public static let channels = ["TR", "TG", "TB"]

    /// The digest that a frame is named after: that of its file, or of the file's id, a bar and the channel.
    ///
    /// - Parameter file: SHA-256 of the file's bytes, or its first 32 digits.
    /// - Returns: for one channel 64 hexadecimal digits; for a file that is one frame `file`.
    public static func digest(ofFile file: String, channel: String?) -> String {
        guard let channel else { return file }
        return SHA256.hex(of: Data("\(file.prefix(32))|\(channel)".utf8))
    }

    /// The id of a frame: the first 32 digits of its digest.
    public static func id(ofFile file: String, channel: String? = nil) -> String {
        String(digest(ofFile: file, channel: channel).prefix(32))
    }

    /// The ids of the three channels that a file would have, were it a colour camera's.
    public static func channelIDs(ofFile file: String) -> [String] { channels.map { id(ofFile: file, channel: $0) } }
}
