internal import Astrometry
internal import Events
internal import Foundation
internal import Hashing
internal import Instruments
internal import PostgresStore

/// Flux of one star of a target's plan on one frame.
struct StarFlux: Equatable {
    let star: String
    let x: Double?
    let y: Double?
    /// Absent where nothing could be measured; the flags say why.
    let flux: Double?
    let fluxError: Double?
    let flags: UInt32
    let forced: Bool
}

/// Takes the fluxes of a target's stars from a frame's detections, and asks for forced photometry where there is none.
struct StarFluxes {
    let archive: Archive
    let frames: FrameRecord
    private var database: Database { archive.database }

    init(archive: Archive, frames: FrameRecord) {
        self.archive = archive
        self.frames = frames
    }

    /// Records what the detections give and requests the rest, inside a transaction.
    ///
    /// - Parameter closing: the places are final: fluxes taken at other, provisional places are replaced.
    /// - Returns: whether all fluxes are known now.
    func fill(
        _ target: RecordedTarget, at places: [StarPlace], on frame: FrameVersion, closing: Bool = false
    ) throws -> Bool {
        if try !closing && isComplete(target, stars: places.count, on: frame) { return true }
        let radius = target.document.photometry?.apertureRadiusPixels
        let force =
            target.document.forcedPhotometry == .always
            || (radius != nil && radius != frame.measured.apertureRadiusPixels)
        let detected = force ? [:] : try match(target, places, on: frame)
        let missing = places.filter { detected[$0.star] == nil && (force || target.isAlwaysMeasured($0.star)) }
        let reach = radius ?? frame.measured.apertureRadiusPixels
        let request = missing.isEmpty ? nil : request(missing, target, frame, radius: reach)
        if closing { try forget(target, on: frame, besides: request?.requestID) }
        for (_, flux) in detected.sorted(by: { $0.key < $1.key }) {
            try save(flux, target, frame, request: nil)
        }
        guard let request else { return true }
        try ask(request, target, frame)
        return try isComplete(target, stars: detected.count + missing.count, on: frame)
    }

    /// Forgets what was measured or asked for at places that are not the final ones; an answer still on its way finds
    /// nobody who asked.
    func forget(_ target: RecordedTarget, on frame: FrameVersion, besides request: String? = nil) throws {
        let key: [SQLValue] = [
            .text(frame.frameID), .text(frame.recipe), .text(target.id), .int(target.revision), SQLValue(request),
        ]
        for table in ["star_flux", "request"] {
            try database.execute(
                """
                delete from archive.\(table)
                where frame_id = $1 and recipe = $2 and target = $3 and target_revision = $4
                    and (request_id is null or request_id is distinct from $5)
                """, key)
        }
    }

    /// The nearest detection to each place, each detection once.
    private func match(
        _ target: RecordedTarget, _ places: [StarPlace], on frame: FrameVersion
    ) throws -> [String: StarFlux] {
        let detections = try frames.detections(of: frame)
        let radius = matchRadius(of: target, on: frame)
        let found = Astrometry.match(
            places.map { ($0.x, $0.y) }, to: detections.map { ($0.x, $0.y) }, radius: radius)
        var fluxes: [String: StarFlux] = [:]
        for (place, index) in zip(places, found) {
            guard let index else { continue }
            let star = detections[index]
            fluxes[place.star] = StarFlux(
                star: place.star, x: star.x, y: star.y, flux: star.flux, fluxError: star.fluxError, flags: star.flags,
                forced: false)
        }
        return fluxes
    }

    /// The document's radius, else two pixels or three quarters of the seeing.
    private func matchRadius(of target: RecordedTarget, on frame: FrameVersion) -> Double {
        if let pixels = target.document.matchRadiusPixels { return pixels }
        if let arcsec = target.document.matchRadiusArcsec, let scale = frame.instrument.pixelScaleArcsec {
            return arcsec / scale
        }
        return max(2, 0.75 * (frame.measured.fwhmPixels ?? 0))
    }

    // MARK: Requests

    private func request(
        _ places: [StarPlace], _ target: RecordedTarget, _ frame: FrameVersion, radius: Double
    ) -> MeasurementRequested {
        let positions = places.map { RequestedPosition(star: $0.star, x: $0.x, y: $0.y) }
        let facts = "\(frame.frameID)|\(frame.recipe)|\(target.id)|\(target.revision)|\(radius)|"
        let listed = positions.map { "\($0.star),\($0.x),\($0.y)" }.joined(separator: ";")
        let id = String(SHA256.hex(of: Data((facts + listed).utf8)).prefix(32))
        return MeasurementRequested(
            requestID: id, frame: frame.measured.frame, field: frame.field, apertureRadiusPixels: radius,
            positions: positions)
    }

    private func ask(_ request: MeasurementRequested, _ target: RecordedTarget, _ frame: FrameVersion) throws {
        let added = try database.execute(
            """
            insert into archive.request (request_id, frame_id, recipe, target, target_revision, requested)
            values ($1, $2, $3, $4, $5, $6) on conflict do nothing
            """,
            [
                .text(request.requestID), .text(frame.frameID), .text(frame.recipe), .text(target.id),
                .int(target.revision), .payload(request),
            ])
        if added.affected == 1 { try archive.announce(request, trace: Trace(startingAt: frame.frameID)) }
    }

    /// Records the answer to a request.
    ///
    /// - Returns: which target on which frame it was about; nil when nobody asks, or not any more.
    func answer(_ made: MeasurementMade) throws -> (target: String, revision: Int, frame: FrameVersion)? {
        let rows = try database.execute(
            """
            update archive.request set answered = true where request_id = $1 and not answered
            returning frame_id, recipe, target, target_revision
            """, [.text(made.requestID)])
        guard let row = rows.first else { return nil }
        let (frameID, recipe) = (try row.text("frame_id"), try row.text("recipe"))
        let (target, revision) = (try row.text("target"), try row.int("target_revision"))
        let versions = try database.execute(
            "select measured from archive.frame_version where frame_id = $1 and recipe = $2",
            [.text(frameID), .text(recipe)])
        guard let frame = try versions.first.map(FrameVersion.init) else { return nil }
        for star in made.measurements {
            let flux = StarFlux(
                star: star.star, x: star.x, y: star.y, flux: star.fluxElectrons, fluxError: star.fluxErrorElectrons,
                flags: star.flags, forced: true)
            try save(flux, target: target, revision: revision, frame, request: made.requestID)
        }
        return (target, revision, frame)
    }

    // MARK: Rows

    private func save(_ flux: StarFlux, _ target: RecordedTarget, _ frame: FrameVersion, request: String?) throws {
        try save(flux, target: target.id, revision: target.revision, frame, request: request)
    }

    private func save(
        _ flux: StarFlux, target: String, revision: Int, _ frame: FrameVersion, request: String?
    ) throws {
        try database.execute(
            """
            insert into archive.star_flux (frame_id, recipe, target, target_revision, star, x, y, flux_electrons,
                flux_error_electrons, flags, forced, request_id)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict do nothing
            """,
            [
                .text(frame.frameID), .text(frame.recipe), .text(target), .int(revision), .text(flux.star),
                SQLValue(flux.x), SQLValue(flux.y), SQLValue(flux.flux), SQLValue(flux.fluxError),
                .int(Int(flux.flags)), .bool(flux.forced), SQLValue(request),
            ])
    }

    private func isComplete(_ target: RecordedTarget, stars: Int, on frame: FrameVersion) throws -> Bool {
        try database.execute(
            """
            select count(*) as known from archive.star_flux
            where frame_id = $1 and recipe = $2 and target = $3 and target_revision = $4
            """, [.text(frame.frameID), .text(frame.recipe), .text(target.id), .int(target.revision)]
        ).single("known") >= stars
    }

    /// Fluxes of one target by frame, for the frame versions given; frames without any are left out.
    func fluxes(of target: RecordedTarget, on versions: [FrameVersion]) throws -> [String: [StarFlux]] {
        let wanted = Dictionary(versions.map { ($0.frameID, $0.recipe) }, uniquingKeysWith: { first, _ in first })
        let rows = try database.execute(
            """
            select frame_id, recipe, star, x, y, flux_electrons, flux_error_electrons, flags, forced
            from archive.star_flux
            where target = $1 and target_revision = $2 and frame_id = any($3) order by frame_id, star
            """, [.text(target.id), .int(target.revision), .texts(wanted.keys.sorted())])
        var fluxes: [String: [StarFlux]] = [:]
        for row in rows {
            let frameID = try row.text("frame_id")
            guard try row.text("recipe") == wanted[frameID] else { continue }
            fluxes[frameID, default: []].append(
                StarFlux(
                    star: try row.text("star"), x: try row.optionalDouble("x"), y: try row.optionalDouble("y"),
                    flux: try row.optionalDouble("flux_electrons"),
                    fluxError: try row.optionalDouble("flux_error_electrons"), flags: UInt32(try row.int("flags")),
                    forced: try row.bool("forced")))
        }
        return fluxes
    }

    /// Whether forced photometry of these frames is still awaited.
    func openRequests(on versions: [FrameVersion]) throws -> Int {
        try database.execute(
            "select count(*) as open from archive.request where not answered and (frame_id || recipe) = any($1)",
            [.texts(versions.map { $0.frameID + $0.recipe })]
        ).single("open")
    }
}
