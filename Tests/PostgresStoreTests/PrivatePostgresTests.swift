import Foundation
import Pipeline
import PostgresStore
import TestKit
import Testing

@Suite(.serialized) struct PrivatePostgresTests {
    private func one(_ address: String) throws -> Int {
        try Database(address).execute("SELECT 1 AS one")[0].int("one")
    }

    @Test("data survive a stop and a kill -9, the address stays, and nothing listens on the network")
    func restarts() throws {
        try withFolder { folder in
            let postgres = PrivatePostgres(directory: folder, durable: true)
            let address = try postgres.start()
            let database = try Database(address)
            #expect(try database.execute("SHOW listen_addresses")[0].text("listen_addresses") == "")
            #expect(try database.execute("SHOW data_checksums")[0].text("data_checksums") == "on")
            #expect(try database.execute("SHOW fsync")[0].text("fsync") == "on")
            try database.execute("CREATE TABLE t AS SELECT 42 AS n")
            #expect(try postgres.start() == address)
            #expect(try postgres.address == address)

            let first = try #require(postgres.processIdentifier)
            kill(first, SIGKILL)
            #expect(postgres.wait(seconds: 10) == .signalled(SIGKILL))
            #expect(postgres.processIdentifier == nil)
            #expect(try postgres.start() == address)
            #expect(try database.transaction { try database.execute("SELECT n FROM t")[0].int("n") } == 42)

            postgres.stop()
            #expect(throws: Unavailable.self) { try database.execute("SELECT 1") }
            #expect(try PrivatePostgres(directory: folder).start().isEmpty == false)
        }
    }

    @Test("a server left over from a dead parent is stopped, and a pid that now is another program's does not matter")
    func leftovers() throws {
        try withFolder { folder in
            let first = PrivatePostgres(directory: folder, durable: false)
            try first.start()
            let left = try #require(first.processIdentifier)
            let second = PrivatePostgres(directory: folder, durable: false)
            #expect(try one(second.start()) == 1)
            #expect(second.processIdentifier != left && first.wait(seconds: 1) != nil)
            kill(try #require(second.processIdentifier), SIGKILL)
            second.wait(seconds: 10)
            let file = folder.appending(path: "cluster/postmaster.pid")
            var lines = try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n")
            lines[0] = "\(getpid())"
            let handle = try FileHandle(forWritingTo: file)
            try handle.truncate(atOffset: 0)
            try handle.write(contentsOf: Data(lines.joined(separator: "\n").utf8))
            try handle.close()
            #expect(try one(second.start()) == 1)
            second.stop()
        }
    }

    @Test("a folder that PostgreSQL's user cannot enter, and one with a long and odd path, work all the same")
    func awkwardFolders() throws {
        try withFolder { folder in
            chmod(folder.path, 0o700)
            let closed = PrivatePostgres(directory: folder.appending(path: "data"), durable: false)
            #expect(try one(closed.start()) == 1)
            if geteuid() == 0 { #expect(closed.note?.contains("cannot enter") == true) }
            try closed.destroy()
            #expect(try FileManager.default.contentsOfDirectory(atPath: closed.directory.path) == [])
        }
        try withFolder { folder in
            let name = "it's a long, \"odd\" and ünusual name " + String(repeating: "x", count: 80)
            let long = PrivatePostgres(directory: folder.appending(path: name), durable: false)
            #expect(try one(long.start()) == 1)
            try long.destroy()
        }
    }

    @Test("a server that cannot start says what its log says")
    func brokenCluster() throws {
        try withFolder { folder in
            let postgres = PrivatePostgres(directory: folder, durable: false)
            try postgres.start()
            postgres.stop()
            let settings = folder.appending(path: "cluster/postgresql.conf")
            let handle = try FileHandle(forWritingTo: settings)
            try handle.seekToEnd()
            try handle.write(contentsOf: Data("\nnonsense_setting = 1\n".utf8))
            try handle.close()
            let error = #expect(throws: PrivatePostgresError.self) { try postgres.start() }
            #expect(error?.reason.contains("nonsense_setting") == true)
            try Data("9\n".utf8).write(to: folder.appending(path: "cluster/PG_VERSION"))
            let version = #expect(throws: PrivatePostgresError.self) { try postgres.start() }
            #expect(version?.reason.contains("install the package postgresql-9") == true)
        }
    }

    @Test("the server stops when its parent is killed with -9")
    func parentKilled() async throws {
        let folder = "/tmp/nightjar-test-\(UUID().uuidString.prefix(8))"
        await #expect(processExitsWith: .signal(SIGKILL)) { [folder = folder as String] in
            try PrivatePostgres(directory: URL(filePath: folder), durable: false).start()
            kill(getpid(), SIGKILL)
        }
        let pidFile = folder + "/cluster/postmaster.pid"
        for _ in 0..<100 where FileManager.default.fileExists(atPath: pidFile) { usleep(100_000) }
        #expect(FileManager.default.fileExists(atPath: folder + "/cluster/PG_VERSION"))
        #expect(!FileManager.default.fileExists(atPath: pidFile))
        try FileManager.default.removeItem(atPath: folder)
    }
}
