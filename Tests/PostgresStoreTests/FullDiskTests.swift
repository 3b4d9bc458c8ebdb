import Foundation
import Pipeline
import PostgresStore
import TestKit
import Testing

@Suite struct FullDiskTests {
    private func run(_ arguments: [String]) throws -> Bool {
        let program = Program(
            "/usr/bin/env", arguments, environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"],
            log: URL(filePath: "/dev/null"))
        return try ChildProcess(program).wait(seconds: 20) == .exited(0)
    }

    @Test("on a full disk writing is Unavailable, nothing is lost, and writing works again when there is room")
    func fullDisk() throws {
        try withFolder { folder in
            guard geteuid() == 0, try run(["mount", "-t", "tmpfs", "-o", "size=160m,mode=755", "tmpfs", folder.path])
            else {
                return print("skipped: a full disk needs the right to mount a tmpfs")
            }
            defer {
                do { #expect(try run(["umount", folder.path])) } catch { print("cannot unmount: \(error)") }
            }
            let postgres = PrivatePostgres(directory: folder, durable: false)
            let database = try Database(try postgres.start())
            defer { postgres.stop() }
            try database.execute("CREATE TABLE t (n int8, filler text)")
            try database.execute("INSERT INTO t VALUES (1, 'kept')")
            let ballast = folder.appending(path: "ballast")
            #expect(FileManager.default.createFile(atPath: ballast.path, contents: Data(count: 60 << 20)))

            let filler = String(repeating: "x", count: 1000)
            #expect(throws: Unavailable.self) {
                try database.copy(into: "t", columns: ["n", "filler"], rows: 0..<200_000) { number, row in
                    row.int64(number)
                    row.text(filler)
                }
            }
            try FileManager.default.removeItem(at: ballast)
            do {
                try postgres.start()
            } catch is PrivatePostgresError {
                try postgres.start()  // recovery had met the full disk and given up
            }
            let count = try database.transaction {
                try database.execute("INSERT INTO t VALUES (2, 'new')")
                return try database.execute("SELECT count(*) AS n FROM t")[0].int("n")
            }
            #expect(count == 2)
        }
    }
}
