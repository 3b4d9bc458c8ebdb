import Events
import FITS
import Foundation
import FrameStore
import Hashing
import Pipeline
import TestKit
import Testing

private func withStore(_ body: (FrameStore, URL) throws -> Void) throws {
    try withFolder { folder in
        let root = folder.appending(path: "store")
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
        try body(try FrameStore("file://\(root.path)/"), folder)
    }
}

/// What is in the store, temporary files too.
private func everything(in store: FrameStore) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: store.root).sorted().filter { name in
        var isFolder = ObjCBool(false)
        return FileManager.default.fileExists(atPath: store.root + "/" + name, isDirectory: &isFolder)
            && !isFolder.boolValue
    }
}

@Suite("Frame store")
struct FrameStoreTests {
    @Test("what is written is read back, with its address, hash and size; the location may be a URL or a path")
    func roundTrip() throws {
        try withStore { store, _ in
            let data = Data((0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
            let file = try store.write("a/b/c.bin", data: data, durable: true)
            #expect(file == StoredFile(url: "frames:a/b/c.bin", sha256: SHA256.hex(of: data), bytes: 100_000))
            #expect(try store.read("a/b/c.bin") == data)
            #expect(try FrameStore(store.root).contains("a/b/c.bin"))
            #expect(try store.path(of: file.url) == store.root + "/a/b/c.bin")
            #expect(try store.list("a/b") == ["a/b/c.bin"])
            #expect(try store.list("nothing/here") == [])
            #expect(try store.write("empty", data: Data()).bytes == 0)
            #expect(try store.read("empty").isEmpty)
        }
    }

    @Test("a store without its marker is away for services: at the start, and when the disk goes while they work")
    func marker() throws {
        try withStore { store, _ in
            let error = #expect(throws: Unavailable.self) {
                _ = try FrameStore(marked: store.root, waitingSeconds: 0.1)
            }
            #expect(error?.reason.contains("has no nightjar-store.json: is the right disk mounted?") == true)
            let (marked, identity) = try store.marked()
            #expect(identity.count == 32 && identity.allSatisfy(\.isHexDigit))
            #expect(try marked.marked().identity == identity)
            let opened = try FrameStore(marked: store.root, waitingSeconds: 0)
            #expect(try !opened.contains("raw/00/a") && opened.list("raw/00").isEmpty)
            try FileManager.default.removeItem(atPath: store.root + "/" + FrameStore.markerName)
            #expect(throws: Unavailable.self) { _ = try opened.contains("raw/00/a") }
            #expect(throws: Unavailable.self) { _ = try opened.read("raw/00/a") }
            #expect(throws: Unavailable.self) { _ = try opened.list("raw/00") }
            #expect(throws: Unavailable.self) { _ = try opened.write("raw/00/a", data: Data()) }
            #expect(try everything(in: store).isEmpty)
        }
    }

    @Test("an object is not there until it is whole: a reader sees all of it or nothing, and nothing of a failed one")
    func temporaryName() throws {
        struct Failure: Error {}
        try withStore { store, _ in
            try store.write("a/object") { path in
                #expect(path != store.root + "/a/object")
                try Data("half".utf8).write(to: URL(filePath: path))
                #expect(try !store.contains("a/object"))
                #expect(try store.list("a") == [])
            }
            #expect(throws: Failure.self) {
                try store.write("a/object") { path in
                    try Data("other".utf8).write(to: URL(filePath: path))
                    throw Failure()
                }
            }
            #expect(try store.read("a/object") == Data("half".utf8))
            #expect(try everything(in: store) == ["a/object"])
        }
    }

    @Test(
        "names that lead elsewhere or hold anything but letters, digits and -_.+/ are refused",
        arguments: [
            "../a", "a/../../b", "a/..", "/etc/passwd", "a//b", "a/./b", "", ".", "..", "a b", "ä", "a\nb", "a\0b",
            "a/",
            "frames:a", "a\\b", "~",
        ])
    func refused(_ name: String) throws {
        try withStore { store, _ in
            #expect(throws: MissingObject.self) { try store.write(name, data: Data("x".utf8)) }
            #expect(throws: MissingObject.self) { _ = try store.read(name) }
            #expect(throws: MissingObject.self) { _ = try store.contains(name) }
            #expect(throws: MissingObject.self) { _ = try store.openFITS("frames:" + name) }
            #expect(throws: MissingObject.self) { _ = try store.path(of: "file:///etc/passwd") }
            let left = try everything(in: store)
            #expect(left.isEmpty)
        }
    }

    @Test("any text becomes one step of a name, and different texts different steps")
    func steps() throws {
        let texts = ["", "..", ".", "a/b", "a+b", "a b", "ü", "+", "a", "+2f", "2025-01-01", "a\0"]
        let steps = texts.map(FrameStore.step)
        #expect(Set(steps).count == texts.count)
        try withStore { store, _ in
            for step in steps { try store.write("x/\(step)", data: Data()) }
            #expect(try store.list("x").count == texts.count)
        }
    }

    @Test("an object that is missing is named; one that is no FITS or was cut says so")
    func missing() throws {
        try withStore { store, _ in
            let error = #expect(throws: MissingObject.self) { _ = try store.read("a/b") }
            #expect("\(error as Any)".contains("frames:a/b"))
            #expect(throws: MissingObject.self) { _ = try store.openFITS("frames:a/b.fits") }
            let text = try store.write("text.fits", data: Data("no FITS".utf8))
            do {
                _ = try store.openFITS(text.url)
                Issue.record("text was opened as FITS")
            } catch let error as FITSError {
                #expect(error.reason == .notFITS)
            }
        }
    }
}

@Suite("Frame store: users' files")
struct CopyTests {
    @Test("a copy is the file, byte for byte, and leaves the file alone")
    func copied() throws {
        try withStore { store, folder in
            let bytes = Data((0..<3_000_001).map { UInt8(truncatingIfNeeded: $0 >> 3) })
            let source = folder.appending(path: "light [1]\n.fits").path
            try bytes.write(to: URL(filePath: source))
            let facts = try store.digest(ofUserFile: source)
            #expect(facts.sha256 == SHA256.hex(of: bytes) && facts.bytes == bytes.count)
            let stored = try store.copy(fileAt: source, as: StoreNames.raw(sha256: facts.sha256), sha256: facts.sha256)
            #expect(stored.sha256 == facts.sha256)
            #expect(try store.read(StoreNames.raw(sha256: facts.sha256)) == bytes)
            #expect(try Data(contentsOf: URL(filePath: source)) == bytes)
        }
    }

    @Test("a file that changed since it was hashed is not stored under that hash")
    func changed() throws {
        try withStore { store, folder in
            let source = folder.appending(path: "growing.fits")
            try Data("first".utf8).write(to: source)
            let hash = try store.digest(ofUserFile: source.path).sha256
            try Data("first and more".utf8).write(to: source)
            let error = #expect(throws: ChangedFile.self) {
                try store.copy(fileAt: source.path, as: StoreNames.raw(sha256: hash), sha256: hash)
            }
            #expect("\(error as Any)".contains("growing.fits"))
            #expect(try everything(in: store).isEmpty)
        }
    }

    @Test("a file that is gone, a folder and one without permission are named, and are not the store's fault")
    func unreadable() throws {
        try withStore { store, folder in
            let hash = String(repeating: "0", count: 64)
            let closed = folder.appending(path: "closed.fits")
            try Data("x".utf8).write(to: closed)
            _ = chmod(closed.path, 0)
            for name in ["gone.fits", "store", "closed.fits"] {
                let path = folder.appending(path: name).path
                let ran: Void? = try withoutRootRights {
                    let error = #expect(throws: UnreadableFile.self) { _ = try store.digest(ofUserFile: path) }
                    #expect("\(error as Any)".contains(name))
                }
                guard ran != nil else { continue }
                _ = chmod(store.root, 0o777)
                try withoutRootRights {
                    #expect(throws: UnreadableFile.self) { try store.copy(fileAt: path, as: "a", sha256: hash) }
                }
            }
        }
    }
}

@Suite("Frame store: disks that are away, full or closed")
struct AwayTests {
    @Test("a store that is away is waited for: never a missing object, never a new folder in its place")
    func away() throws {
        try withStore { store, folder in
            try store.write("a/b", data: Data("x".utf8))
            try FileManager.default.moveItem(atPath: store.root, toPath: folder.path + "/unmounted")
            let source = folder.appending(path: "file").path
            try Data("x".utf8).write(to: URL(filePath: source))
            let calls: [() throws -> Void] = [
                { _ = try store.read("a/b") }, { _ = try store.contains("a/b") }, { _ = try store.list("a") },
                { _ = try store.openFITS("frames:a/b") }, { try store.write("a/c", data: Data()) },
                { _ = try store.copy(fileAt: source, as: "a/d", sha256: SHA256.hex(of: Data("x".utf8))) },
                { _ = try FrameStore(store.root) },
            ]
            for call in calls {
                let error = #expect(throws: Unavailable.self) { try call() }
                #expect(error?.reason.contains(store.root) == true)
            }
            #expect(!FileManager.default.fileExists(atPath: store.root))
            try FileManager.default.moveItem(atPath: folder.path + "/unmounted", toPath: store.root)
            #expect(try store.read("a/b") == Data("x".utf8))
        }
    }

    @Test("a location that is relative or a file is refused with what to write instead")
    func location() throws {
        #expect(throws: Unavailable.self) { _ = try FrameStore("frames") }
        try withFolder { folder in
            try Data().write(to: folder.appending(path: "file"))
            #expect(throws: Unavailable.self) { _ = try FrameStore(folder.path + "/file") }
        }
    }

    @Test("what may not be read or written is waited for")
    func closed() throws {
        try withStore { store, _ in
            try store.write("a/b", data: Data("x".utf8))
            try store.write("c/d", data: Data("x".utf8))
            _ = chmod(store.root + "/a/b", 0)
            _ = chmod(store.root + "/c", 0)
            try withoutRootRights {
                #expect(throws: Unavailable.self) { _ = try store.read("a/b") }
                #expect(throws: Unavailable.self) { _ = try store.openFITS("frames:a/b") }
                #expect(throws: Unavailable.self) { _ = try store.contains("c/d") }
                #expect(throws: Unavailable.self) { _ = try store.list("c") }
                #expect(throws: Unavailable.self) { try store.write("e/f", data: Data()) }
                #expect(throws: Unavailable.self) { try store.write("a/g", data: Data()) }
            }
            _ = chmod(store.root + "/c", 0o755)
        }
    }

    @Test("on a full disk writing is waited for, leaves nothing behind, and works when there is room")
    func full() throws {
        try withSmallDisk(kilobytes: 1024) { disk in
            let store = try FrameStore(disk.folder.path)
            try store.write("kept", data: Data("kept".utf8))
            try disk.fill(leaving: 16)
            let large = Data(count: 300_000)
            let source = disk.folder.deletingLastPathComponent().appending(path: "source-\(UUID().uuidString)")
            try large.write(to: source)
            defer { unlink(source.path) }
            let header = FITSTable(
                name: "T", columns: [FITSColumn(name: "x", values: .double([Double](repeating: 1, count: 50_000)))])
            let calls: [() throws -> Void] = [
                { try store.write("a/large", data: large) },
                { try store.copy(fileAt: source.path, as: "a/copy", sha256: SHA256.hex(of: large)) },
                { try store.write("a/table.fits") { try header.write(to: $0) } },
            ]
            for call in calls {
                let error = #expect(throws: Unavailable.self) { try call() }
                #expect(error?.reason.contains(disk.folder.path) == true)
            }
            #expect(try everything(in: store).filter { $0 != "ballast" } == ["kept"])
            try disk.makeRoom()
            for call in calls { try call() }
            #expect(try store.list("a") == ["a/copy", "a/large", "a/table.fits"])
        }
    }
}
