internal import DropFolder
internal import Events
internal import Foundation
internal import FrameStore
internal import Instruments
internal import Pipeline

// Files whose channels ingest has to take in later than the file.
extension ReceiveStage {
    /// A file that was taken in as one frame, and that its instrument's document calls a mosaic since: handed in again,
    /// it is taken in as its channels, and they supersede the frame. The archiver rejects that frame when it hears of
    /// the first channel, so that no message can be lost between the two.
    ///
    /// Once the frame's own envelope is replaced this is over; a crash before that has it done again.
    ///
    /// - Returns: nil when nothing of it applies: the file is a duplicate.
    func takeAsChannels(
        _ file: DroppedFile, known: Envelope, raw: StoredFile, _ document: InstrumentDocument
    ) throws -> Outcome? {
        let path = try store.path(of: raw.url)
        guard let whole = try Self.frameReceived(known), whole.exposure.bayer == nil,
            whole.instrument.id == document.id, Inspector.isMosaic(path, name: file.name, document: document)
        else { return nil }
        let inspection = try inspect(path, file.name, document)
        let frames = inspection.received(raw, originalName: file.name)
        guard frames.count == FrameName.channels.count else { return nil }
        let superseded = FrameRejected(
            frameID: whole.frameID, originalName: whole.originalName, instrument: whole.instrument.id, raw: raw,
            stage: "ingest", code: RejectionCode.superseded.rawValue,
            reason:
                "\(whole.originalName): taken in anew as its channels \(FrameName.channels.joined(separator: ", ")), "
                + "since revision \(document.revision) of the document of \(document.id) calls it a mosaic")
        let refusal = try message(superseded, frameID: whole.frameID)
        try sink.publish(try keep(frames, origin: place(of: file)) + [refusal])
        try store.remove(Self.shelf(of: whole))
        try store.write(
            StoreNames.envelope(sha256: raw.sha256), data: Envelope(refusal, origin: known.origin).data(), durable: true
        )
        return try finish(file, .accepted(whole.frameID))
    }

    /// Announces the channels that a file lacks: ingest was killed between them, and the file is not in the inbox any
    /// more. Those that are known stay as they are.
    ///
    /// - Returns: the channels that were added.
    /// - Throws: `MissingDocument`; `Rejection` when the file is no mosaic by its document as it is now.
    func complete(_ partial: PartialFile) throws -> [String] {
        guard let document = documents[partial.instrument] else {
            throw MissingDocument(instrument: partial.instrument)
        }
        let inspection = try inspect(store.path(of: partial.raw.url), partial.originalName, document)
        let frames = inspection.received(partial.raw, originalName: partial.originalName)
        guard frames.count == FrameName.channels.count else {
            throw Rejection(.notAccepted, "the document of \(document.id) does not call it a mosaic any more")
        }
        let missing = frames.filter { frame in
            !partial.envelopes.contains { $0.message.header("ce_subject") == frame.frameID }
        }
        try sink.publish(partial.envelopes.map(\.message) + keep(missing, origin: partial.envelopes[0].origin))
        return missing.compactMap(\.exposure.bayer?.channel)
    }

    static func frameReceived(_ envelope: Envelope) throws -> FrameReceived? {
        guard envelope.topic == FrameReceived.type.topic else { return nil }
        return try JSONDecoder().decode(FrameReceived.self, from: Data(envelope.value.utf8))
    }
}

/// A colour camera's file of which the store has the envelopes of some channels and not of all.
struct PartialFile {
    let raw: StoredFile
    let originalName: String
    let instrument: String
    /// At least one.
    let envelopes: [Envelope]

    /// All of a store: a look into each folder of raw files.
    static func all(in store: FrameStore) throws -> [PartialFile] {
        let names = try StoreNames.rawFolders.flatMap { try store.list($0) }
        let present = Set(names)
        return try names.filter { !$0.hasSuffix(".json") }.compactMap { name in
            let sha256 = (name as NSString).lastPathComponent
            let channels = FrameName.channels.map {
                StoreNames.envelope(sha256: FrameName.digest(ofFile: sha256, channel: $0))
            }
            let known = channels.filter(present.contains)
            guard !known.isEmpty, known.count < channels.count else { return nil }
            return try PartialFile(envelopes: known.compactMap { try readable($0, in: store) })
        }
    }

    /// Nil for a damaged one, which is as good as none: it is written anew.
    private static func readable(_ name: String, in store: FrameStore) throws -> Envelope? {
        do {
            return try Envelope(data: store.read(name))
        } catch is DecodingError {
            return nil
        }
    }

    private init?(envelopes: [Envelope]) throws {
        guard let frame = try envelopes.first.flatMap(ReceiveStage.frameReceived) else { return nil }
        raw = frame.raw
        originalName = frame.originalName
        instrument = frame.instrument.id
        self.envelopes = envelopes
    }
}
