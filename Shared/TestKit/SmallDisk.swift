public import Foundation

/// A file system in memory with little room, mounted while the body runs: what a full disk does, done to one folder.
///
/// - Returns: nil, with one line that says so, where this process may not mount one.
@discardableResult
public func withSmallDisk<Value>(kilobytes: Int, _ body: (SmallDisk) throws -> Value) throws -> Value? {
    try withFolder { folder in
        let options = "size=\(kilobytes)k,mode=755"
        guard geteuid() == 0, try runProgram(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder.path]) == 0 else {
            print("skipped: a full disk needs the right to mount a tmpfs")
            return nil
        }
        defer {
            do {
                if try runProgram(["umount", folder.path]) != 0 { print("cannot unmount \(folder.path)") }
            } catch {
                print("cannot unmount \(folder.path): \(error)")
            }
        }
        return try body(SmallDisk(folder: folder))
    }
}

public struct SmallDisk {
    public let folder: URL
    private var ballast: URL { folder.appending(path: "ballast") }

    /// Takes all room but `kilobytes`.
    public func fill(leaving kilobytes: Int = 0) throws {
        var facts = statvfs()
        guard statvfs(folder.path, &facts) == 0 else { throw POSIXError(.EIO) }
        let free = Int(facts.f_bavail) * Int(facts.f_frsize) - kilobytes * 1024
        guard free > 0 else { return }
        try Data(count: free).write(to: ballast)
    }

    public func makeRoom() throws {
        try FileManager.default.removeItem(at: ballast)
    }
}

/// Runs a program of the system and returns its exit status.
public func runProgram(_ arguments: [String]) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = arguments
    process.environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
}
