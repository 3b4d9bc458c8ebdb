internal import Association
internal import Events
internal import Foundation
internal import PostgresStore
internal import Sky

/// Makes a night's new objects again from its final frames in order of mid-exposure, so that which detections are one
/// object does not depend on the order of arrival.
///
/// An object keeps its identifier: what is found again around the first detection of one is that one. Objects that
/// nothing is left of say into which they were merged. Objects that other nights have seen as well, and those of a
/// catalogue, stay where they are.
struct NightObjects {
    private let stage: ObjectStage
    private let versions: [FrameVersion]
    /// Objects that only this night has shown.
    private let provisional: Set<Int64>
    private var database: Database { stage.archive.database }
    /// Identifiers that are given, of provisional objects or new ones.
    private var claimed: Set<Int64> = []
    private var made: [MadeObject] = []
    private var grid = PositionGrid(radiusArcsec: AssociationLimits().separationArcsec)
    private var sky: NightSky
    private var place: [Int64: Int] = [:]
    private var successors: [Int64: Int64] = [:]

    /// - Parameter versions: the final ones of a night, in order.
    init(_ versions: [FrameVersion], stage: ObjectStage) throws {
        self.stage = stage
        self.versions = versions
        let rows = try stage.archive.database.executeBinary(
            """
            select o.object_id from archive.object o
            where o.born_frame_id = any($1) and o.catalogue is null and not exists (
                select from archive.object_measurement m join archive.object_frame f on f.version = m.version
                where m.object_id = o.object_id and f.valid_until is null and f.frame_id <> all($1))
            """, [.texts(versions.map(\.frameID))])
        provisional = Set(try (0..<rows.count).map { try rows.int64($0, 0) })
        sky = NightSky(record: stage.record, without: provisional)
    }

    /// - Parameter detections: of a frame version.
    mutating func close(_ detections: (FrameVersion) throws -> DetectionTable) throws {
        for version in versions where version.measured.hasWorldCoordinates {
            let table = try detections(version)
            try tell(version, FrameDetections(version, table, zeroPoint: stage.zeroPoint(version, table)))
        }
        try write()
    }

    private mutating func tell(_ version: FrameVersion, _ frame: FrameDetections) throws {
        let current = try stage.believed.believed(version.frameID)
        let before = try current.flatMap { current in
            current.recipe == version.recipe ? try stage.believed.shown(by: current.version) : nil
        }
        let shown = try frameSky(frame)
        let outcomes = associate(frame.placed, with: shown.objects, limits: frame.limits)
        let (claimed, provisional, sky) = (claimed, provisional, sky)
        let given = { (index: Int, named: Set<Int64>) -> Int64? in
            before?[frame.rows[index].number].map(\.object).flatMap {
                provisional.contains($0) && !claimed.contains($0) && !named.contains($0) ? $0 : nil
            }
        }
        let born = shown.born(by: frame, outcomes, given: given) { sky.isTaken($0) || claimed.contains($0) }
        for new in born.new { try take(new, version, frame.year) }
        for (index, object) in born.identifiers.enumerated() {
            if let object, let place = place[object] { made[place].add(frame.placed[index]) }
            if let object, let former = before?[frame.rows[index].number]?.object, successors[former] == nil {
                successors[former] = object
            }
        }
        try believeIfChanged(version, frame, born.identifiers, outcomes, before, current)
    }

    /// What may be seen on a frame: objects of the record, those that the night has made, stars of the catalogue.
    private mutating func frameSky(_ frame: FrameDetections) throws -> FrameSky {
        let stars = try stage.references(frame.placed.map(\.position), frame.year)
        let positions = frame.positions(with: stars)
        let near = try sky.near(positions, of: frame)
        let shown = FrameSky(
            near: near, others: grid.numbers(near: positions).map { made[$0].object },
            stars: stars.without(sky.stars), year: frame.year, limits: frame.limits)
        for star in shown.adopted {
            try stage.record.adopt(star)
            sky.add(star, year: frame.year)
        }
        return shown
    }

    /// An object that the night makes, or a star of the catalogue that it shows for the first time.
    private mutating func take(_ new: NewObject, _ version: FrameVersion, _ year: Double) throws {
        claimed.insert(new.object.identifier)
        guard new.catalogue == nil else {
            try stage.record.add([new], frameID: version.frameID)
            sky.add(new, year: year)
            return
        }
        place[new.object.identifier] = made.count
        made.append(MadeObject(new.object, frameID: version.frameID))
        grid.append(new.object.position)
    }

    private func believeIfChanged(
        _ version: FrameVersion, _ frame: FrameDetections, _ objects: [Int64?], _ outcomes: [AssociationOutcome],
        _ before: [Int: ObjectFrames.Shown]?, _ current: ObjectFrames.Believed?
    ) throws {
        var now: [Int: ObjectFrames.Shown] = [:]
        for (index, object) in objects.enumerated() {
            now[frame.rows[index].number] = object.map {
                ObjectFrames.Shown(object: $0, flags: outcomes[index].flags)
            }
        }
        let sameZeroPoint =
            current?.zeroPoint == frame.zeroPoint?.magnitude && current?.zeroPointError == frame.zeroPoint?.error
            && current?.levelError == frame.zeroPoint?.levelError
        guard now != before || !sameZeroPoint else { return }
        try stage.believe(frame, of: version, objects: objects, outcomes: outcomes, insteadOf: current)
    }

    /// New objects, and the places of those that were known already.
    private func write() throws {
        let new = made.filter { !provisional.contains($0.object.identifier) }
        for frameID in Set(new.map(\.frameID)).sorted() {
            try stage.record.add(
                new.filter { $0.frameID == frameID }.map { NewObject(object: $0.mean) }, frameID: frameID)
        }
        try replace(made.map(\.mean).filter { provisional.contains($0.identifier) })
        try merge(
            provisional.subtracting(claimed).sorted().map { (object: $0, into: successors[$0] ?? $0) })
    }

    /// The places of objects that are in the record already.
    private func replace(_ objects: [SkyObject]) throws {
        let columns = [
            "object_id", "ra_deg", "dec_deg", "east_east_arcsec2", "east_north_arcsec2", "north_north_arcsec2",
            "epoch_year", "wanders",
        ]
        try database.execute(
            """
            create temporary table placed_object on commit drop as
            select \(columns.joined(separator: ", ")) from archive.object limit 0
            """)
        try database.copy(into: "placed_object", columns: columns, rows: objects) { object, row in
            row.int64(Int(object.identifier))
            row.float64(object.position.raDegrees)
            row.float64(object.position.decDegrees)
            row.float64(object.covariance.eastEast)
            row.float64(object.covariance.eastNorth)
            row.float64(object.covariance.northNorth)
            row.float64(object.epoch)
            row.bool(ObjectRecord.wanders(object, isCatalogued: false))
        }
        let set = columns.dropFirst().map { "\($0) = p.\($0)" }.joined(separator: ", ")
        try database.execute(
            """
            update archive.object o set \(set), merged_into = null from placed_object p
            where o.object_id = p.object_id and (o.ra_deg, o.dec_deg, o.east_east_arcsec2, o.merged_into)
                is distinct from (p.ra_deg, p.dec_deg, p.east_east_arcsec2, null::int8)
            """)
        try database.execute("drop table placed_object")
    }

    /// Objects that nothing is left of.
    private func merge(_ gone: [(object: Int64, into: Int64)]) throws {
        try database.execute(
            """
            update archive.object o set merged_into = g.successor
            from unnest($1::int8[], $2::int8[]) as g (object_id, successor)
            where o.object_id = g.object_id and o.merged_into is distinct from g.successor
            """, [.ints(gone.map { Int($0.object) }), .ints(gone.map { Int($0.into) })])
    }
}

/// An object as the frames of a night make it.
private struct MadeObject {
    /// As it was first seen: what its detections are compared with.
    let object: SkyObject
    let frameID: String
    private var weight = 0.0
    private var east = 0.0
    private var north = 0.0
    private var sum = PositionCovariance(eastEast: 0, eastNorth: 0, northNorth: 0)

    init(_ object: SkyObject, frameID: String) {
        self.object = object
        self.frameID = frameID
    }

    /// Weighted by 1 / error^2.
    mutating func add(_ detection: PlacedDetection) {
        let error = detection.covariance.errorArcsec
        let own = 1 / (error * error)
        let offset = object.position.offset(to: detection.position)
        let angle = offset.positionAngleDegrees * (.pi / 180)
        east += own * offset.separationDegrees * sin(angle)
        north += own * offset.separationDegrees * cos(angle)
        sum.eastEast += own * own * detection.covariance.eastEast
        sum.eastNorth += own * own * detection.covariance.eastNorth
        sum.northNorth += own * own * detection.covariance.northNorth
        weight += own
    }

    /// Where its detections are on average, with that mean's error.
    var mean: SkyObject {
        guard weight > 0 else { return object }
        let (x, y) = (east / weight, north / weight)
        var mean = object
        mean.position = object.position.displaced(
            separationDegrees: hypot(x, y), positionAngleDegrees: atan2(x, y) * (180 / .pi))
        mean.covariance = PositionCovariance(
            eastEast: sum.eastEast / (weight * weight), eastNorth: sum.eastNorth / (weight * weight),
            northNorth: sum.northNorth / (weight * weight))
        return mean
    }
}
