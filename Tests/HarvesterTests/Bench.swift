import DropFolder
import Events
import Foundation
import Pipeline
import PostgresStore
import TestKit
import Testing

@testable import archiver
@testable import harvester

/// One private PostgreSQL for the whole test run, in /tmp, stopped and deleted when the process exits.
enum Cluster {
    static let postgres: PrivatePostgres = {
        // Not the temporary folder of the session, which PostgreSQL's user might not be able to enter.
        let directory = URL(filePath: "/tmp/nightjar-harvest-\(getpid())")
        atexit {
            do {
                try Cluster.postgres.destroy()
                try FileManager.default.removeItem(at: Cluster.postgres.directory)
            } catch {
                print("cannot remove \(Cluster.postgres.directory.path): \(error)")
            }
        }
        return PrivatePostgres(directory: directory, durable: false)
    }()

    private static let started = Result { try postgres.start() }

    /// A connection to a new and empty database.
    static func newDatabase() throws -> Database {
        let address = try started.get()
        let name = "h" + UUID().uuidString.lowercased().filter { $0 != "-" }
        try Database(address).execute("CREATE DATABASE \(name)")
        return try Database(address.replacing("dbname=nightjar", with: "dbname=\(name)"))
    }
}

/// A harvester and an archiver with a database, a folder and a bus in memory.
final class Bench {
    let database: Database
    let folder: URL
    let bus = InMemoryBus()
    let clock = Pipeline.Clock(now: { 1_750_000_000 }, elapsed: { 0 })

    var stage: harvester.HarvestStage { HarvestStage(database: database, sink: bus.sink(), clock: clock) }

    init(archive: Bool = true) throws {
        database = try Cluster.newDatabase()
        folder = URL(filePath: "/tmp/nightjar-harvest-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Migrations(schema: HarvestSchema.name, HarvestSchema.migrations).apply(to: database)
        if archive { try Migrations(schema: ArchiveSchema.name, ArchiveSchema.migrations).apply(to: database) }
    }

    deinit {
        do { try FileManager.default.removeItem(at: folder) } catch { print("cannot remove \(folder.path): \(error)") }
    }

    func addTarget(_ document: String, ra: Double? = nil, dec: Double? = nil) throws {
        try database.execute(
            """
            insert into archive.target (target, revision, document, ra_deg, dec_deg)
            values ($1::jsonb->>'id', 1, $1::jsonb, $2, $3)
            """, [.json(Data(document.utf8)), SQLValue(ra), SQLValue(dec)])
    }

    func drop(_ text: String, as name: String) throws -> DroppedFile { try drop(Data(text.utf8), as: name) }

    func drop(_ bytes: Data, as name: String) throws -> DroppedFile {
        let file = folder.appending(path: name)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try bytes.write(to: file)
        return DroppedFile(
            folder: WatchedFolder(path: folder.path, label: "harvest"), relativePath: name,
            state: try #require(FileState(of: file.path)))
    }

    /// Drops a file and takes it in.
    @discardableResult
    func harvest(_ text: String, as name: String) throws -> FileReport { try stage.takeIn(try drop(text, as: name)) }

    var events: [PhotometryHarvested] {
        get throws { try bus.events(PhotometryHarvested.self).map(\.payload) }
    }

    /// Hands everything on the bus to the archiver's stage.
    func archive() throws {
        let record = Archive(database: database, now: { "2026-01-01T00:00:00.000Z" })
        for event in try bus.events(PhotometryHarvested.self) {
            _ = try archiver.HarvestStage(archive: record).harvested(event)
        }
    }

    /// Rows of the light curves, as text.
    func rows() throws -> [String] {
        try database.execute(
            """
            select concat_ws('|', target, filter, mag_system, round(mid_mjd_utc::numeric, 4), round(mag::numeric, 3),
                '<' || round(limit_mag::numeric, 2), instrument) as row
            from archive.light_curve order by target, mid_mjd_utc, filter
            """
        ).map { try $0.text("row") }
    }

    func count(_ table: String) throws -> Int {
        try database.execute("select count(*) as n from \(table)")[0].int("n")
    }

    /// Files below the folder.
    func names() throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter {
            FileState(of: folder.path + "/" + $0) != nil
        }.sorted()
    }

    func note(_ path: String) throws -> FileReport {
        try JSONDecoder().decode(
            FileReport.self, from: Data(contentsOf: folder.appending(path: path + ".reason.json")))
    }
}

/// The same four points as AAVSO Extended and as CSV.
enum Samples {
    static let aavso = """
        #TYPE=EXTENDED
        #OBSCODE=XYZ
        #SOFTWARE=AIJ 5.2
        #DELIM=,
        #DATE=JD
        RS Oph,2459434.41234,4.812,0.005,V,NO,STD,000-BCT-1,9.1,000-BCT-2,9.5,1.21,na,X26,first
        RS Oph,2459434.41334,4.91,0.006,B,NO,STD,000-BCT-1,9.1,na,na,na,na,X26,na
        RS Oph,2459435.50000,<13.1,na,V,NO,STD,na,na,na,na,na,na,X26,na
        RS Oph,2459436.50000,0.312,0.01,SR,NO,DIF,000-BCT-1,na,na,na,na,na,X26,na

        """

    static let csv = """
        target,mjd_utc,filter,mag,mag_err,mag_system,observer
        rs_oph,59433.912342,V,4.8123,0.0052,Vega,xyz
        RSOPH,59433.91334,B,4.910,0.006,Vega,XYZ
        rs oph,59435.0,V,<13.1,,Vega,XYZ
        RS_Oph,59436.0000001,r,0.312,0.01,differential,

        """
}
