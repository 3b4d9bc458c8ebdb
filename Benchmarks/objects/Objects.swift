internal import Association
internal import Foundation
internal import PostgresStore

/// How fast the archiver finds and writes the objects of frames, among very many: its own code and a PostgreSQL of its
/// own, timed step by step in CPU seconds of this thread and of the server's process for it.
///
///     objects OBJECTS FOLDER
///
/// Prints JSON; FOLDER gets the lists of each frame of the last round, for others to associate: `<n>.detections` and
/// `<n>.objects` (right ascension and declination in turn [deg]), `<n>.matches` (an object's number or -1, 64 bits
/// each), little endian.
@main
struct Objects {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, let total = Int(arguments[1]), total >= 10_000 else {
            FileHandle.standardError.write(Data("usage: objects OBJECTS FOLDER\n".utf8))
            exit(2)
        }
        let folder = URL(fileURLWithPath: arguments[2])
        let place = URL(fileURLWithPath: "/tmp/nightjar-objects-\(getpid())")
        let server = PrivatePostgres(directory: place, durable: false)
        let database = try Database(try server.start())
        let result = Result { try measure(total, database, folder) }
        try server.destroy()
        try FileManager.default.removeItem(at: place)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        print(String(decoding: try encoder.encode(try result.get()), as: UTF8.self))
    }

    /// Of one round of frames.
    struct Round: Encodable {
        let name: String
        let detections: Int
        /// By step, of client and server.
        var clientSeconds: [String: Double] = [:]
        var serverSeconds: [String: Double] = [:]
    }

    private static let rounds = ["first points", "second points", "third points"]
    private static let frames = 10

    private static func measure(_ total: Int, _ database: Database, _ folder: URL) throws -> [Round] {
        try Migrations(schema: ArchiveSchema.name, ArchiveSchema.migrations).apply(to: database)
        let archive = Archive(database: database) { "2026-01-01T00:00:00.000Z" }
        let stage = ObjectStage(archive: archive, frames: FrameRecord(archive: archive))
        var sky = SimulatedSky()
        try database.transaction { try stage.record.add(sky.fill(total), frameID: "0") }
        try database.execute("vacuum analyze")
        let server = try database.execute("select pg_backend_pid() as pid").single("pid")
        return try rounds.enumerated().map { turn, name in
            let clock = CoreClock(server: server)
            var detections = 0
            for number in 0..<frames {
                let version = sky.version(turn * frames + number)
                try stage.frames.add(version)
                let frame = try sky.observe(field: number, version)
                detections += frame.rows.count
                let lists = try tell(frame, of: version, to: stage, clock)
                if turn == rounds.count - 1 { try lists.write(to: folder, number) }
            }
            clock.start()
            try database.transaction { try stage.statistics.settle(openNights: true) }
            clock.lap("statistics")
            return Round(
                name: name, detections: detections, clientSeconds: clock.client, serverSeconds: clock.server)
        }
    }

    /// What `ObjectStage.add` does with a frame that is new, step by step.
    private static func tell(
        _ frame: FrameDetections, of version: FrameVersion, to stage: ObjectStage, _ clock: CoreClock
    ) throws -> FrameLists {
        clock.start()
        var lists = FrameLists()
        try stage.archive.database.transaction {
            let current = try stage.believed.believed(version.frameID)
            let (sky, taken) = try stage.sky(around: frame)
            clock.lap("read objects")
            let outcomes = associate(frame.placed, with: sky.objects, limits: frame.limits)
            clock.lap("associate")
            let born = sky.born(by: frame, outcomes) { taken.contains($0) }
            try stage.record.add(born.new, frameID: version.frameID)
            try stage.believe(
                frame, of: version, objects: born.identifiers, outcomes: outcomes, insteadOf: current)
            lists = FrameLists(
                detections: frame.placed.map(\.position), objects: sky.objects.map(\.position),
                matches: outcomes.map { $0.object ?? -1 })
        }
        clock.lap("write")
        return lists
    }
}
