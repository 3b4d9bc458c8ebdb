internal import Association
internal import Foundation
internal import PostgresStore
internal import Sky

/// Objects in the record around one frame.
struct NearObjects {
    var objects: [SkyObject] = []
    /// Identifiers that are in use there, of objects that were merged into others as well.
    var taken: Set<Int64> = []
    /// Those that are stars of a catalogue.
    var catalogued: [Int64] = []
}

/// The part of the record that tells which objects there are.
struct ObjectRecord {
    let archive: Archive
    private var database: Database { archive.database }

    init(archive: Archive) {
        self.archive = archive
    }

    /// How far an object may be from its identifier's cell, unless it is among those that wander [arcsec].
    static let reachArcsec = 20.0
    /// When it may not be farther away than that. No object that does not wander moves faster than `reachArcsec` in
    /// half of it: from any epoch one end is at least that far.
    static let years = 1990.0...2060.0

    /// One archiver at a time makes objects in a part of the sky; until the end of the transaction.
    func lock(_ footprint: SkyFootprint) throws {
        try database.execute(
            "select pg_advisory_xact_lock(742, region::int) from unnest($1::int8[]) as region",
            [.ints(footprint.regions.map { Int($0) })])
    }

    /// How far an object that is in no catalogue may be from its identifier's cell, unless it wanders [arcsec]: what
    /// its place moves when it becomes better known.
    static let driftArcsec = 2.0

    /// Which objects of a part of the sky.
    enum Kind: String {
        case nameless = "not o.wanders and o.catalogue is null"
        case catalogued = "not o.wanders and o.catalogue is not null"
        case wandering = "o.wanders"
    }

    /// The cells where an object must be named to be seen at these positions, for each kind.
    ///
    /// - Parameter year: Julian year.
    func places(
        _ positions: [SkyPosition], year: Double, separationArcsec: Double
    ) throws -> [(kind: Kind, footprint: SkyFootprint)] {
        let half = 0.5 * (Self.years.upperBound - Self.years.lowerBound)
        let beyond = max(0, Self.years.lowerBound - year, year - Self.years.upperBound)
        let reach = Self.reachArcsec * (1 + beyond / half)
        let frame = SkyFootprint(around: positions, marginArcsec: separationArcsec + reach)
        let near = SkyFootprint(
            near: positions, marginArcsec: separationArcsec + Self.driftArcsec, in: frame)
        let farthest = try database.execute(
            """
            select max((coalesce(sqrt(pm_ra_mas_yr ^ 2 + pm_dec_mas_yr ^ 2), 0) + coalesce(pm_err_mas_yr, 0))
                * abs($1 - epoch_year)) / 1000 as arcsec
            from archive.object where wanders
            """, [.double(year)])[0]
        let wide = try farthest.optionalDouble("arcsec").map {
            SkyFootprint(around: positions, marginArcsec: separationArcsec + Self.reachArcsec + $0)
        }
        return [(.catalogued, frame), (.nameless, near)] + (wide.map { [(.wandering, $0)] } ?? [])
    }

    /// The objects around a frame; nobody else makes any there until the end of the transaction.
    ///
    /// - Parameter year: Julian year.
    func near(_ positions: [SkyPosition], year: Double, separationArcsec: Double) throws -> NearObjects {
        let places = try places(positions, year: year, separationArcsec: separationArcsec)
        try lock(places[0].footprint)
        var found = NearObjects()
        for place in places { try read(place.footprint.ranges, place.kind, into: &found) }
        for index in found.objects.indices { found.objects[index] = found.objects[index].moved(to: year) }
        return found
    }

    /// Objects whose identifiers lie in ranges of cells: one scan of the primary key for each range.
    static func nearSQL(_ kind: Kind) -> String {
        """
        select o.object_id, o.ra_deg, o.dec_deg, o.east_east_arcsec2, o.east_north_arcsec2, o.north_north_arcsec2,
            o.epoch_year, o.pm_ra_mas_yr, o.pm_dec_mas_yr, o.pm_err_mas_yr, o.parallax_mas, o.merged_into,
            o.catalogue_id
        from unnest($1::int8[], $2::int8[]) as part (lower, upper) cross join lateral (
            select * from archive.object o
            where o.object_id >= part.lower and o.object_id < part.upper and \(kind.rawValue)) as o
        """
    }

    /// Objects in ranges of cells, each at its own epoch.
    func read(_ ranges: [Range<Int64>], _ kind: Kind, into found: inout NearObjects) throws {
        guard !ranges.isEmpty else { return }
        // The planner takes ranges for much wider than they are, and to compile a plan takes longer than to run it.
        try database.execute("set local jit = off")
        let rows = try database.executeBinary(
            Self.nearSQL(kind),
            [.ints(ranges.map { Int($0.lowerBound) }), .ints(ranges.map { Int($0.upperBound) })])
        found.objects.reserveCapacity(found.objects.count + rows.count)
        found.taken.reserveCapacity(found.taken.count + rows.count)
        for row in 0..<rows.count {
            let identifier = try rows.int64(row, 0)
            found.taken.insert(identifier)
            if !rows.isNull(row, 12) { found.catalogued.append(identifier) }
            guard rows.isNull(row, 11) else { continue }
            found.objects.append(try Self.object(rows, row, identifier))
        }
    }

    /// The stars of catalogues that these objects are.
    func inCatalogues(_ objects: [Int64]) throws -> Set<FrameSky.CatalogueKey> {
        guard !objects.isEmpty else { return [] }
        let rows = try database.execute(
            "select catalogue, catalogue_id from archive.object where object_id = any($1::int8[])",
            [.ints(objects.map { Int($0) })])
        return Set(
            try rows.map { FrameSky.CatalogueKey((try $0.text("catalogue"), Int64(try $0.int("catalogue_id")))) })
    }

    private static func object(_ rows: BinaryRows, _ row: Int, _ identifier: Int64) throws -> SkyObject {
        var motion: ProperMotion?
        if let ra = try rows.optionalDouble(row, 7), let dec = try rows.optionalDouble(row, 8) {
            motion = try ProperMotion(
                raMasPerYear: ra, decMasPerYear: dec, parallaxMas: try rows.optionalDouble(row, 10) ?? 0)
        }
        return SkyObject(
            identifier: identifier,
            position: try SkyPosition(raDegrees: try rows.double(row, 1), decDegrees: try rows.double(row, 2)),
            covariance: PositionCovariance(
                eastEast: try rows.double(row, 3), eastNorth: try rows.double(row, 4),
                northNorth: try rows.double(row, 5)),
            epoch: try rows.double(row, 6), motion: motion,
            motionErrorMasPerYear: try rows.optionalDouble(row, 9) ?? 0)
    }

    /// An object turns out to be a star of a catalogue: it keeps its identifier, and takes the star's place and motion.
    func adopt(_ star: NewObject) throws {
        guard let catalogue = star.catalogue else { return }
        let object = star.object
        try database.execute(
            """
            update archive.object set catalogue = $2, catalogue_id = $3, ra_deg = $4, dec_deg = $5,
                east_east_arcsec2 = $6, east_north_arcsec2 = $7, north_north_arcsec2 = $8, pm_ra_mas_yr = $9,
                pm_dec_mas_yr = $10, pm_err_mas_yr = $11, parallax_mas = $12, wanders = $13
            where object_id = $1 and catalogue is null
                and not exists (select from archive.object where catalogue = $2 and catalogue_id = $3)
            """,
            [
                .int(Int(object.identifier)), .text(catalogue.name), .int(Int(catalogue.number)),
                .double(object.position.raDegrees), .double(object.position.decDegrees),
                .double(object.covariance.eastEast), .double(object.covariance.eastNorth),
                .double(object.covariance.northNorth), SQLValue(object.motion?.raMasPerYear),
                SQLValue(object.motion?.decMasPerYear),
                object.motion == nil ? .null : .double(object.motionErrorMasPerYear),
                SQLValue(object.motion?.parallaxMas),
                .bool(object.wanders(beyond: Self.reachArcsec, during: Self.years)),
            ])
    }

    /// Whether an object is to be looked for farther from its identifier's cell than others.
    static func wanders(_ object: SkyObject, isCatalogued: Bool) -> Bool {
        if isCatalogued { return object.wanders(beyond: reachArcsec, during: years) }
        guard let cell = SkyCell(order: SkyCell.maximumOrder, number: object.identifier) else { return true }
        return 3600 * cell.centre.separationDegrees(from: object.position) > driftArcsec
    }

    /// Adds objects that a frame has shown for the first time.
    func add(_ objects: [NewObject], frameID: String) throws {
        guard !objects.isEmpty else { return }
        let columns = [
            "object_id", "ra_deg", "dec_deg", "east_east_arcsec2", "east_north_arcsec2", "north_north_arcsec2",
            "epoch_year", "pm_ra_mas_yr", "pm_dec_mas_yr", "pm_err_mas_yr", "parallax_mas", "catalogue", "catalogue_id",
            "wanders", "born_frame_id",
        ]
        let ordered = objects.sorted { $0.object.identifier < $1.object.identifier }
        try database.copy(into: "archive.object", columns: columns, rows: ordered) { new, row in
            let object = new.object
            row.int64(Int(object.identifier))
            row.float64(object.position.raDegrees)
            row.float64(object.position.decDegrees)
            row.float64(object.covariance.eastEast)
            row.float64(object.covariance.eastNorth)
            row.float64(object.covariance.northNorth)
            row.float64(object.epoch)
            row.float64(object.motion?.raMasPerYear)
            row.float64(object.motion?.decMasPerYear)
            row.float64(object.motion == nil ? nil : object.motionErrorMasPerYear)
            row.float64(object.motion?.parallaxMas)
            row.text(new.catalogue?.name)
            row.int64(new.catalogue.map { Int($0.number) })
            row.bool(Self.wanders(object, isCatalogued: new.catalogue != nil))
            row.text(frameID)
        }
    }
}

/// An object that is not in the record yet.
struct NewObject {
    var object: SkyObject
    /// The star of a reference catalogue that it is.
    var catalogue: (name: String, number: Int64)?
}
