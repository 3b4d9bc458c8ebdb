import Association
import Events
import Foundation
import Imaging
import PortableNumbers
import PostgresStore
import Sky
import TestKit
import Testing

@testable import archiver

/// How fast a frame finds its objects among a million. Not among the usual tests:
///
///     NIGHTJAR_BENCH_OBJECTS=1000000 swift test -c release -Xswiftc -enable-testing --filter ObjectBenchmark
@Suite("Speed of objects", .enabled(if: ProcessInfo.processInfo.environment["NIGHTJAR_BENCH_OBJECTS"] != nil))
struct ObjectBenchmark {
    private let total = Int(ProcessInfo.processInfo.environment["NIGHTJAR_BENCH_OBJECTS"] ?? "") ?? 1_000_000
    /// Of the square of sky that holds the objects [deg].
    private let side = 10.0

    @Test("detections per second of one core, client and server together")
    func speed() throws {
        try withBench { bench in
            var words = SplitMix64(seed: 1)
            let stage = ObjectStage(archive: bench.archive, frames: bench.measure.frames)
            let stars = try fill(bench, stage, &words)
            try bench.database.execute("vacuum analyze")
            let perFrame = total / Int(side * side)
            print("\(total) objects, frames of 1 square degree with about \(perFrame) stars")
            for (turn, name) in ["first points", "second points", "third points"].enumerated() {
                let clock = CoreClock(try serverProcess(bench))
                for number in 0..<10 {
                    let version = try bench.skyFrame(100 * turn + number)
                    let frame = try observe(stars, field: number, &words)
                    clock.start()
                    try bench.database.transaction {
                        let sky = try stage.sky(around: frame, limits: frame.limits)
                        clock.lap("read objects")
                        let outcomes = associate(frame.placed, with: sky.objects, limits: frame.limits)
                        let born = sky.born(by: frame, outcomes)
                        clock.lap("associate")
                        try stage.record.add(born.new, frameID: version.frameID)
                        clock.lap("write new objects")
                        let added = try stage.write(
                            frame, of: version, objects: born.identifiers, outcomes: outcomes)
                        clock.lap("write measurements")
                        try stage.statistics.replace(nil, by: added)
                        clock.lap("read and write statistics")
                    }
                    clock.lap("commit")
                    clock.detections += frame.rows.count
                }
                print("\(name): \(clock.report)")
            }
            try inSQL(bench, stars, &words)
            try explain(bench, try observe(stars, field: 3, &words))
        }
    }

    /// The same association as joins: the cells around each detection, 6 arcsec wide, and the nearest in each.
    private func inSQL(_ bench: Bench, _ stars: [SkyPosition], _ words: inout SplitMix64) throws {
        let clock = CoreClock(try serverProcess(bench))
        let shift = Int64(2 * (SkyCell.maximumOrder - 15))
        try bench.database.execute(
            "create temporary table seen (number int, ra float8, dec float8, variance float8, lower int8, upper int8)")
        try bench.database.execute("set jit = off")
        for number in 0..<10 {
            let frame = try observe(stars, field: number, &words)
            clock.start()
            var rows: [(Int, Int64)] = []
            for (index, place) in frame.placed.enumerated() {
                for cell in SkyCell.cells(order: 15, within: 2.0 / 3600, of: place.position) {
                    rows.append((index, cell.number))
                }
            }
            clock.lap("name cells")
            try bench.database.execute("truncate seen")
            try bench.database.copy(
                into: "seen", columns: ["number", "ra", "dec", "variance", "lower", "upper"], rows: rows
            ) { entry, row in
                let place = frame.placed[entry.0]
                row.int32(Int32(entry.0))
                row.float64(place.position.raDegrees)
                row.float64(place.position.decDegrees)
                row.float64(place.covariance.eastEast)
                row.int64(Int(entry.1 << shift))
                row.int64(Int((entry.1 + 1) << shift))
            }
            clock.lap("copy")
            let found = try bench.database.execute(Self.joinSQL)
            clock.lap("join")
            clock.detections += frame.rows.count
            #expect(found.count > frame.rows.count / 2)
        }
        print("as joins in SQL, nothing written: \(clock.report)")
    }

    private static let joinSQL = """
        select distinct on (number) number, object_id, chi from (
            select s.number, o.object_id, ((power(cos(radians(s.dec)) * (o.ra_deg - s.ra
                    - 360 * round((o.ra_deg - s.ra) / 360)), 2) + power(o.dec_deg - s.dec, 2)) * 12960000)
                / (s.variance + o.east_east_arcsec2) as chi
            from seen s cross join lateral (
                select * from archive.object o where o.object_id >= s.lower and o.object_id < s.upper) as o) as pair
        where chi < 18.42 order by number, chi
        """

    private func explain(_ bench: Bench, _ frame: FrameDetections) throws {
        let footprint = SkyFootprint(around: frame.placed.map(\.position), marginArcsec: 30)
        try bench.database.execute("set jit = off")
        let plan = try bench.database.execute(
            "explain (analyze, buffers) " + ObjectRecord.nearSQL("not o.wanders"),
            [
                .ints(footprint.ranges.map { Int($0.lowerBound) }), .ints(footprint.ranges.map { Int($0.upperBound) }),
            ])
        print("\(footprint.ranges.count) ranges of cells")
        for row in plan { print(try row.text("QUERY PLAN")) }
    }

    /// Objects anywhere in the square, in the order of their cells, as if seen frame by frame.
    private func fill(_ bench: Bench, _ stage: ObjectStage, _ words: inout SplitMix64) throws -> [SkyPosition] {
        var taken: Set<Int64> = []
        var stars: [SkyPosition] = []
        var new: [NewObject] = []
        for _ in 0..<total {
            let place = try SkyPosition(
                raDegrees: side * (words.uniform() - 0.5) + 360, decDegrees: side * (words.uniform() - 0.5))
            let identifier = ObjectIdentifier.identifier(at: place) { taken.contains($0) }
            taken.insert(identifier)
            stars.append(place)
            new.append(
                NewObject(
                    object: SkyObject(
                        identifier: identifier, position: place, covariance: PositionCovariance(errorArcsec: 0.1),
                        epoch: 2026)))
        }
        let start = Date()
        try bench.database.transaction { try stage.record.add(new, frameID: "0") }
        print("\(total) objects added in \(Date().timeIntervalSince(start)) s")
        return stars
    }

    /// The stars of one square degree, where they are seen with errors of 0.2 arcsec, and a few that are new.
    private func observe(
        _ stars: [SkyPosition], field: Int, _ words: inout SplitMix64
    ) throws -> FrameDetections {
        let ra = Double(field % 5) - 2.5
        let dec = Double(field / 5) - 1
        var placed: [PlacedDetection] = []
        for star in stars {
            let east = star.raDegrees > 180 ? star.raDegrees - 360 : star.raDegrees
            guard east >= ra, east < ra + 1, star.decDegrees >= dec, star.decDegrees < dec + 1 else { continue }
            let (error, variance) = (0.2, PositionCovariance(errorArcsec: 0.2))
            let isNew = words.uniform() < 0.02
            placed.append(
                PlacedDetection(
                    position: try SkyPosition(
                        raDegrees: star.raDegrees + (isNew ? 0.003 : error / 3600 * words.gaussian()),
                        decDegrees: star.decDegrees + error / 3600 * words.gaussian()), covariance: variance))
        }
        let rows = placed.indices.map { index in
            FrameDetections.Row(
                number: index, flux: 1000, fluxError: 30, magnitude: 15 + 0.03 * words.gaussian(),
                magnitudeError: 0.03, flags: [])
        }
        return FrameDetections(rows: rows, placed: placed, resolutionArcsec: 0.7, zeroPoint: nil, year: 2026)
    }

    private func serverProcess(_ bench: Bench) throws -> Int {
        try bench.database.execute("select pg_backend_pid() as pid").single("pid")
    }
}

/// CPU seconds of this thread and of one server process, by step.
private final class CoreClock {
    private let server: Int
    private var steps: [(name: String, client: Double, server: Double)] = []
    private var last = (client: 0.0, server: 0.0)
    var detections = 0

    init(_ server: Int) { self.server = server }

    func start() { last = now() }

    func lap(_ name: String) {
        let time = now()
        let place = steps.firstIndex { $0.name == name }
        let (client, server) = (time.client - last.client, time.server - last.server)
        if let place {
            steps[place].client += client
            steps[place].server += server
        } else {
            steps.append((name, client, server))
        }
        last = time
    }

    private func now() -> (client: Double, server: Double) {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return (Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec), serverSeconds)
    }

    /// From the scheduler's account in nanoseconds.
    private var serverSeconds: Double {
        do {
            let text = try String(contentsOfFile: "/proc/\(server)/schedstat", encoding: .utf8)
            return (Double(text.split(separator: " ").first ?? "") ?? 0) * 1e-9
        } catch {
            return .nan
        }
    }

    var report: String {
        func micro(_ seconds: Double) -> String { String(format: "%.2f", 1e6 * seconds / Double(detections)) }
        let sum = steps.reduce(0) { $0 + $1.client + $1.server }
        let parts = steps.map { "\n    \($0.name): \(micro($0.client)) + \(micro($0.server))" }.joined()
        return String(format: "%.0f detections/s", Double(detections) / sum) + ", microseconds of client + server each:"
            + parts
    }
}
