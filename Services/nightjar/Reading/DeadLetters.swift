internal import Events
internal import Foundation
internal import PostgresStore

/// A message that could not be handled, as the record has it.
struct DeadLetter: Encodable, Equatable {
    let id: String
    let arrivedAt: String
    let service: String
    let topic: String
    let frameID: String?
    let frameName: String?
    /// The frame's fate now: `deadLettered` until a replay has worked.
    let frameFate: String?
    let attempts: Int
    let replays: Int
    let error: String
    let letter: MessageDeadLettered

    init(_ row: Row) throws {
        id = try row.text("event_id")
        arrivedAt = try row.text("arrived")
        service = try row.text("service")
        topic = try row.text("topic")
        frameID = try row.optionalText("frame_id")
        frameName = try row.optionalText("original_name")
        frameFate = try row.optionalText("fate")
        attempts = try row.int("attempts")
        replays = try row.int("replays")
        error = try row.text("error")
        letter = try JSONDecoder().decode(MessageDeadLettered.self, from: row.data("letter"))
    }

    /// Whether it still asks for something: its frame has no better fate, or nobody has sent its message again.
    var isOpen: Bool { frameFate == "deadLettered" || replays == 0 }

    /// The same for every letter about one message.
    var messageIdentity: String {
        let eventID = letter.originalHeaders.first { $0.name == "ce_id" }?.value
        return "\(topic)|\(eventID ?? id)"
    }

    /// The message's own bytes; nil when they were too large for the letter.
    var value: Data? {
        let isLeftOut = letter.originalValueBase64.isEmpty && letter.error.contains("are left out")
        return isLeftOut ? nil : Data(base64Encoded: letter.originalValueBase64)
    }

    /// The original message once more: topic, key, headers and bytes are its own; one more header counts the replay.
    var message: Message? {
        value.map { value in
            let headers = letter.originalHeaders.filter { $0.name != Self.replayHeader }
            return Message(
                topic: letter.originalTopic, key: letter.originalKey,
                headers: headers + [Message.Header(Self.replayHeader, String(letter.sequence + replays + 1))],
                value: value)
        }
    }

    /// Read by the workers: a second letter about the same message is then another event.
    private static let replayHeader = "nightjar_replay"
}

/// The dead letters of the record.
struct DeadLetters {
    let record: Record
    private var database: Database { record.database }

    /// The newest last.
    func all() throws -> [DeadLetter] { try letters("true", []) }

    /// - Parameter id: a letter's id or the beginning of one.
    func letter(_ id: String) throws -> DeadLetter {
        let found = try letters("starts_with(d.event_id, $1)", [.text(id)])
        guard let letter = found.first, !id.isEmpty else {
            throw SystemError("there is no dead letter '\(id.printable)'; nightjar deadletter list shows what there is")
        }
        guard found.count == 1 else {
            throw SystemError("'\(id.printable)' begins \(found.count) dead letters; give more of the id")
        }
        return letter
    }

    private func letters(_ condition: String, _ parameters: [SQLValue]) throws -> [DeadLetter] {
        try database.execute(
            """
            select d.*, to_char(d.arrived_at, 'YYYY-MM-DD HH24:MI:SS') as arrived, f.original_name, f.fate
            from archive.dead_letter d left join archive.frame f using (frame_id)
            where \(condition) order by d.arrived_at, d.event_id
            """, parameters
        ).map(DeadLetter.init)
    }

    /// The newest letter about each message, where it is open.
    func open() throws -> [DeadLetter] {
        let letters = try all()
        let newest = Dictionary(letters.map { ($0.messageIdentity, $0.id) }, uniquingKeysWith: { $1 })
        return letters.filter { newest[$0.messageIdentity] == $0.id && $0.isOpen }
    }

    /// Sends the original message again, through the archiver's outbox: in one transaction with the count of replays,
    /// and with the frame's fate, which is open again until the message has been handled. A frame whose message is too
    /// large for its letter is announced again by the sweep.
    func replay(_ letter: DeadLetter) throws {
        let message = letter.message
        guard message != nil || letter.frameID != nil else {
            throw SystemError(
                "dead letter \(letter.id) does not hold its message: it was too large; "
                    + "it was at \(letter.letter.originalTopic)/\(letter.letter.originalPartition), "
                    + "offset \(letter.letter.originalOffset)")
        }
        try database.transaction {
            if let message { try Outbox(schema: "archive").add(message, in: database) }
            try database.execute(
                "update archive.dead_letter set replays = replays + 1 where event_id = $1", [.text(letter.id)])
            guard let frameID = letter.frameID else { return }
            try database.execute(
                """
                update archive.frame set fate = null, reason = null, reason_code = null, ended_by = null,
                    stage = 'received', stage_since = now(), announcements = 0
                where frame_id = $1 and fate = 'deadLettered' and received is not null
                """, [.text(frameID)])
        }
    }

    /// Frame id to fate; `pending` while there is none.
    func fates(of frames: [String]) throws -> [String: String] {
        let rows = try database.execute(
            "select frame_id, coalesce(fate, 'pending') as fate from archive.frame where frame_id = any($1)",
            [.texts(frames)])
        return Dictionary(
            try rows.map { (try $0.text("frame_id"), try $0.text("fate")) }, uniquingKeysWith: { first, _ in first })
    }
}
