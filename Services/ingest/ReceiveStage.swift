internal import DropFolder
internal import Events
internal import Foundation
internal import FrameStore
internal import Hashing
internal import Instruments
internal import Pipeline

/// Takes in one file: hash, store, inspect, envelope, publish, wait for the broker, and only then move the file away.
/// Every step can be done twice: a crash in between costs time, not the frame.
struct ReceiveStage {
    let store: FrameStore
    let sink: any Sink
    let documents: [String: InstrumentDocument]
    /// Inspects in this process or, for a file that crashed it before, in a child.
    let inspect: (_ path: String, _ name: String, _ document: InstrumentDocument) throws -> Inspection
    let now: () -> String

    /// What became of a file.
    enum Outcome: Equatable {
        case accepted(String)
        case rejected(RejectionCode, String)
        case duplicate(String)
    }

    /// - Throws: `Unavailable` for store and broker, `MissingDocument`, `UnreadableFile`, `ChangedFile`, `ShelfError`;
    ///   the file
    ///   is then where it was.
    func receive(_ file: DroppedFile) throws -> Outcome {
        guard let document = documents[file.folder.label] else { throw MissingDocument(instrument: file.folder.label) }
        let (sha256, bytes) = try store.digest(ofUserFile: file.path)
        let raw = try keep(file, sha256: sha256, bytes: bytes)
        let frameID = String(sha256.prefix(32))
        let known = try knownFrames(sha256)
        if let first = known.first {
            if first.origin == place(of: file) {
                try sink.publish(known.map(\.message))
                return try finish(file, .accepted(frameID))
            }
            if let split = try takeAsChannels(file, known: first, raw: raw, document) { return split }
            return try repeated(
                file, frameID: Self.frameID(first) ?? frameID, reason: "the same bytes as \(originalName(first))")
        }
        do {
            let inspection = try inspect(store.path(of: raw.url), file.name, document)
            return try accept(file, frameID: frameID, raw: raw, inspection)
        } catch let rejection as Rejection {
            return try reject(file, frameID: frameID, raw: raw, rejection, again: knownEnvelope(sha256) != nil)
        }
    }

    private func keep(_ file: DroppedFile, sha256: String, bytes: Int) throws -> StoredFile {
        let name = StoreNames.raw(sha256: sha256)
        if try store.contains(name) { return StoredFile(url: "frames:" + name, sha256: sha256, bytes: bytes) }
        return try store.copy(fileAt: file.path, as: name, sha256: sha256)
    }

    // MARK: The three ends

    private func accept(
        _ file: DroppedFile, frameID: String, raw: StoredFile, _ inspection: Inspection
    ) throws -> Outcome {
        let content = StoreNames.content(sha256: inspection.contentSHA256)
        if try store.contains(content) {
            let other = String(decoding: try store.read(content), as: UTF8.self)
            if other != frameID, let known = try frameReceived(ofFile: other) {
                return try repeated(
                    file, frameID: known, reason: "the same pixels and DATE-OBS as frame \(known)")
            }
        }
        try store.write(content, data: Data(frameID.utf8))
        let frames = inspection.received(raw, originalName: file.name)
        try sink.publish(try keep(frames, origin: place(of: file)))
        return try finish(file, .accepted(frameID))
    }

    /// Writes what the store must know of frames: first all shelves, then the envelopes that they are found by.
    ///
    /// - Returns: what is to be said of them.
    func keep(_ frames: [FrameReceived], origin: String?) throws -> [Message] {
        for frame in frames { try store.write(Self.shelf(of: frame), data: EventCodec.json(frame), durable: true) }
        return try frames.map { frame in
            try envelope(
                frame, frameID: frame.frameID, origin: origin,
                name: StoreNames.envelope(raw: frame.raw, exposure: frame.exposure))
        }
    }

    /// Where the calibrator finds a frame of a night.
    static func shelf(of frame: FrameReceived) -> String {
        let isCalibration = frame.exposure.kind != .light
        let night = StoreNames.night(frame.night, instrument: frame.instrument.id, calibration: isCalibration)
        return "\(night)/\(frame.frameID)"
    }

    private func reject(
        _ file: DroppedFile, frameID: String, raw: StoredFile, _ rejection: Rejection, again: Bool
    ) throws -> Outcome {
        let rejected = FrameRejected(
            frameID: frameID, originalName: file.name, instrument: file.folder.label, raw: raw, stage: "ingest",
            code: rejection.code.rawValue, reason: rejection.reason)
        let envelope = StoreNames.envelope(sha256: raw.sha256)
        if again, let known = try knownEnvelope(raw.sha256), known.origin != place(of: file) {
            try announceDuplicate(
                file, frameID: frameID, reason: "the same bytes as \(originalName(known)), rejected too")
        } else {
            try announce(rejected, frameID: frameID, file: file, envelope: envelope)
        }
        return try finish(file, .rejected(rejection.code, rejection.reason))
    }

    private func repeated(_ file: DroppedFile, frameID: String, reason: String) throws -> Outcome {
        try announceDuplicate(file, frameID: frameID, reason: reason)
        return try finish(file, .duplicate(reason))
    }

    /// - Throws: `ChangedFile` when the file is not the one any more that was taken in: what it is now comes by itself.
    func finish(_ file: DroppedFile, _ outcome: Outcome) throws -> Outcome {
        guard FileState(of: file.path) == file.state else { throw ChangedFile(path: file.path) }
        guard case .rejected(let code, let reason) = outcome else {
            try Shelf.accepted.take(file)
            return outcome
        }
        let note = RejectionNote(file: file.name, code: code.rawValue, meaning: code.text, reason: reason)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try Shelf.rejected.take(file, note: encoder.encode(note))
        return outcome
    }

    // MARK: Announcements

    /// Where and in which state a file was dropped: tells a second look at one file from a second file.
    func place(of file: DroppedFile) -> String {
        SHA256.hex(of: Data("\(file.path)|\(file.state.bytes)|\(file.state.changed)".utf8))
    }

    private func announce<Payload: EventPayload>(
        _ payload: Payload, frameID: String, file: DroppedFile, envelope: String
    ) throws {
        try sink.publish([try self.envelope(payload, frameID: frameID, origin: place(of: file), name: envelope)])
    }

    /// Writes an envelope.
    private func envelope<Payload: EventPayload>(
        _ payload: Payload, frameID: String, origin: String?, name: String
    ) throws -> Message {
        let message = try message(payload, frameID: frameID)
        try store.write(name, data: Envelope(message, origin: origin).data(), durable: true)
        return message
    }

    func message<Payload: EventPayload>(_ payload: Payload, frameID: String) throws -> Message {
        try EventCodec.encode(payload, source: "ingest", trace: Trace(startingAt: frameID), time: now())
    }

    private func announceDuplicate(_ file: DroppedFile, frameID: String, reason: String) throws {
        let id = String(place(of: file).prefix(32))
        let duplicate = FrameDuplicated(
            duplicateID: id, frameID: frameID, originalName: file.name, instrument: file.folder.label,
            reason: reason)
        try announce(duplicate, frameID: frameID, file: file, envelope: StoreNames.duplicate(id: id))
    }

    private func knownEnvelope(_ sha256: String) throws -> Envelope? {
        let name = StoreNames.envelope(sha256: sha256)
        return try store.contains(name) ? Envelope(data: store.read(name)) : nil
    }

    /// What was announced of a file that was taken in: one frame, or all channels of a mosaic. Empty where ingest died
    /// before the last channel's envelope was written: then all is done again, with the same bytes.
    private func knownFrames(_ sha256: String) throws -> [Envelope] {
        if let own = try knownEnvelope(sha256), own.topic == FrameReceived.type.topic { return [own] }
        let channels = try FrameName.channels.compactMap {
            try knownEnvelope(FrameName.digest(ofFile: sha256, channel: $0))
        }
        return channels.count == FrameName.channels.count ? channels : []
    }

    /// The frame, or the first channel, that was announced of a file; nil for one that ingest died over: it has its
    /// pixels in the index and no envelope.
    private func frameReceived(ofFile id: String) throws -> String? {
        let channels = FrameName.channels.map { FrameName.digest(ofFile: id, channel: $0) }
        if try channels.allSatisfy({ try store.contains(StoreNames.envelope(sha256: $0)) }) {
            return String(channels[0].prefix(32))
        }
        let isReceived = try store.list("raw/\(id.prefix(2))").contains { name in
            guard name.hasSuffix(".json"), (name as NSString).lastPathComponent.hasPrefix(id) else { return false }
            return try Envelope(data: store.read(name)).topic == FrameReceived.type.topic
        }
        return isReceived ? id : nil
    }

    private static func frameID(_ envelope: Envelope) -> String? {
        envelope.message.header("ce_subject")
    }

    private func originalName(_ envelope: Envelope) -> String {
        struct Named: Decodable { let originalName: String }
        do {
            return try JSONDecoder().decode(Named.self, from: Data(envelope.value.utf8)).originalName
        } catch {
            return "a frame of the store"
        }
    }
}

/// Files of an instrument without a document wait until there is one.
struct MissingDocument: Error, CustomStringConvertible {
    let instrument: String
    var description: String { "there is no document for instrument '\(instrument)'" }
}

/// Lies beside a rejected file.
struct RejectionNote: Codable {
    let file: String
    let code: String
    let meaning: String
    let reason: String
}
