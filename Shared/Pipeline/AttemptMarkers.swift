internal import Events
public import Foundation
internal import Hashing

/// Counts the attempts at a message where a crash cannot take the count with it.
public protocol AttemptMarkers: AnyObject {
    /// Counts one more attempt and returns the count, this one included. Called before the message is handled.
    func mark(_ delivery: Delivery, service: String) throws(Unavailable) -> Int

    /// Takes one attempt back: it ended for a reason that is not the message's.
    func unmark(_ delivery: Delivery, service: String) throws(Unavailable)

    /// Forgets the message. A marker that stays behind is harmless: the next attempt at the same event counts on.
    func clear(_ delivery: Delivery, service: String) throws(Unavailable)
}

extension Delivery {
    /// Tells messages apart: the event's id, else the place on the bus and the bytes.
    func identity(service: String) -> String {
        let text =
            message.eventID.map { "id|\($0)" }
            ?? "place|\(message.topic)|\(partition)|\(offset)|\(SHA256.hex(of: message.value))"
        return SHA256.hex(of: Data("\(service)|\(message.topic)|\(text)".utf8))
    }
}

/// One small file per message under way, in a directory that outlives the process.
public final class FileAttemptMarkers: AttemptMarkers {
    private let directory: URL

    /// - Parameter directory: made when it is missing; workers of one host may share it.
    public init(directory: URL) {
        self.directory = directory
    }

    public func mark(_ delivery: Delivery, service: String) throws(Unavailable) -> Int {
        let count = try count(delivery, service) + 1
        try write(count, delivery, service)
        return count
    }

    public func unmark(_ delivery: Delivery, service: String) throws(Unavailable) {
        let count = try count(delivery, service) - 1
        if count > 0 { try write(count, delivery, service) } else { try clear(delivery, service: service) }
    }

    public func clear(_ delivery: Delivery, service: String) throws(Unavailable) {
        let file = file(delivery, service)
        guard unlink(file.path) != 0, errno != ENOENT else { return }
        throw Unavailable("attempt marker \(file.path): \(String(cString: strerror(errno)))")
    }

    private func file(_ delivery: Delivery, _ service: String) -> URL {
        directory.appending(path: "\(delivery.identity(service: service).prefix(32)).attempts")
    }

    private func count(_ delivery: Delivery, _ service: String) throws(Unavailable) -> Int {
        let file = file(delivery, service)
        guard FileManager.default.fileExists(atPath: file.path) else { return 0 }
        do {
            // An empty or garbled marker is one whose writing was cut short: that attempt was begun.
            let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
            return Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 1
        } catch {
            throw Unavailable("attempt marker \(file.path): \(error)")
        }
    }

    private func write(_ count: Int, _ delivery: Delivery, _ service: String) throws(Unavailable) {
        let file = file(delivery, service)
        do {
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            try Data("\(count)\n".utf8).write(to: file, options: .atomic)
        } catch {
            throw Unavailable("attempt marker \(file.path): \(error)")
        }
    }
}

/// Markers that live as long as this object: for tests, and for tools that run once.
public final class MemoryAttemptMarkers: AttemptMarkers {
    private var counts: [String: Int] = [:]

    public init() {}

    public func mark(_ delivery: Delivery, service: String) throws(Unavailable) -> Int {
        counts[delivery.identity(service: service), default: 0] += 1
        return counts[delivery.identity(service: service), default: 0]
    }

    public func unmark(_ delivery: Delivery, service: String) throws(Unavailable) {
        let identity = delivery.identity(service: service)
        counts[identity] = max(0, counts[identity, default: 0] - 1)
    }

    public func clear(_ delivery: Delivery, service: String) throws(Unavailable) {
        counts[delivery.identity(service: service)] = nil
    }
}
