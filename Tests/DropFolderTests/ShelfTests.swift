import Foundation
import Testing

@testable import DropFolder

/// A folder of its own, deleted afterwards.
func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "drop-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer {
        do { try FileManager.default.removeItem(at: folder) } catch { print("cannot remove \(folder.path): \(error)") }
    }
    try body(folder)
}

func drop(_ text: String, as name: String, in folder: URL) throws -> DroppedFile {
    let file = folder.appending(path: name)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
    return DroppedFile(
        folder: WatchedFolder(path: folder.path, label: "test"), relativePath: name,
        state: try #require(FileState(of: file.path)))
}

func names(below folder: URL) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { path in
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: folder.path + "/" + path, isDirectory: &isFolder)
            && !isFolder.boolValue
    }.sorted()
}

func text(_ name: String, in folder: URL) throws -> String {
    try String(contentsOf: folder.appending(path: name), encoding: .utf8)
}

@Suite("Shelf")
struct ShelfTests {
    @Test("files of one name are numbered, and none is overwritten, nor is a note")
    func numbered() throws {
        try withFolder { folder in
            for number in 0..<3 {
                let file = try drop("\(number)", as: "night/a.tar.gz", in: folder)
                try Shelf.rejected.take(file, note: Data("note \(number)".utf8))
            }
            #expect(
                try names(below: folder) == [
                    "rejected/night/a.tar.gz", "rejected/night/a.tar.gz.reason.json", "rejected/night/a~1.tar.gz",
                    "rejected/night/a~1.tar.gz.reason.json", "rejected/night/a~2.tar.gz",
                    "rejected/night/a~2.tar.gz.reason.json",
                ])
            #expect(try text("rejected/night/a~1.tar.gz", in: folder) == "1")
            #expect(try text("rejected/night/a~1.tar.gz.reason.json", in: folder) == "note 1")
        }
    }

    @Test("a note whose file somebody took away keeps its name to itself")
    func orphanedNote() throws {
        try withFolder { folder in
            try Shelf.rejected.take(try drop("old", as: "a.csv", in: folder), note: Data("old".utf8))
            try FileManager.default.removeItem(at: folder.appending(path: "rejected/a.csv"))
            let place = try Shelf.rejected.take(try drop("new", as: "a.csv", in: folder), note: Data("new".utf8))
            #expect(place == folder.path + "/rejected/a~1.csv")
            #expect(try text("rejected/a.csv.reason.json", in: folder) == "old")
        }
    }

    @Test("a move that a crash cut short is completed where it had begun", arguments: [false, true])
    func completed(noteWasWritten: Bool) throws {
        try withFolder { folder in
            try Shelf.accepted.take(try drop("other", as: "a.csv", in: folder))
            let file = try drop("mine", as: "a.csv", in: folder)
            #expect(link(file.path, folder.path + "/accepted/a~1.csv") == 0)
            if noteWasWritten {
                try Data("note".utf8).write(to: folder.appending(path: "accepted/a~1.csv.reason.json"))
            }
            try Shelf.accepted.take(file, note: Data("note".utf8))
            #expect(
                try names(below: folder) == ["accepted/a.csv", "accepted/a~1.csv", "accepted/a~1.csv.reason.json"])
            #expect(try text("accepted/a~1.csv", in: folder) == "mine")
            #expect(try text("accepted/a~1.csv.reason.json", in: folder) == "note")
        }
    }

    @Test("a name as long as a file system allows still gets its note")
    func longName() throws {
        try withFolder { folder in
            let name = String(repeating: "é", count: 125) + ".csv"
            try Shelf.rejected.take(try drop("x", as: name, in: folder), note: Data("why".utf8))
            let all = try names(below: folder)
            #expect(all.count == 2 && all.contains("rejected/" + name))
            #expect(try all.contains { try $0.hasSuffix(".reason.json") && text($0, in: folder) == "why" })
        }
    }
}

@Suite("Folder watch")
struct FolderWatchTests {
    @Test("a file is still once it has not changed for the settling time, counted from its last change")
    func settles() throws {
        try withFolder { folder in
            _ = try drop("1", as: "b/x y.csv", in: folder)
            var watch = FolderWatch(folders: [WatchedFolder(path: folder.path, label: "l")]) { $0.hasSuffix(".csv") }
            #expect(watch.look(now: 0, settleSeconds: 2).still.isEmpty)
            #expect(watch.look(now: 1.9, settleSeconds: 2).still.isEmpty)
            _ = try drop("12", as: "b/x y.csv", in: folder)
            #expect(watch.look(now: 2.1, settleSeconds: 2).still.isEmpty)
            #expect(watch.look(now: 4, settleSeconds: 2).still.isEmpty)
            let look = watch.look(now: 4.2, settleSeconds: 2)
            #expect(look.still.map(\.file.relativePath) == ["b/x y.csv"])
            #expect(look.still.first?.file.folder.label == "l")
        }
    }

    @Test("shelves, hidden files, links and pipes are not taken in; other names are told, as are unreadable ones")
    func leftAlone() throws {
        try withFolder { folder in
            for name in ["accepted/a.csv", "rejected/a.csv", ".hidden.csv", "notes.pdf", "sub/accepted/b.csv"] {
                _ = try drop("x", as: name, in: folder)
            }
            #expect(symlink("notes.pdf", folder.path + "/link.csv") == 0)
            #expect(mkfifo(folder.path + "/pipe.csv", 0o600) == 0)
            var latin = Array((folder.path + "/caf").utf8CString.dropLast()) + [CChar(bitPattern: 0xE9)]
            latin += Array(".csv".utf8CString)
            close(open(latin, O_CREAT | O_WRONLY, 0o600))
            var watch = FolderWatch(
                folders: [
                    WatchedFolder(path: folder.path, label: "l"), WatchedFolder(path: folder.path + "/no", label: "n"),
                ]) { $0.hasSuffix(".csv") }
            let look = watch.look(now: 0, settleSeconds: 0)
            #expect(look.still.map(\.file.relativePath) == ["sub/accepted/b.csv"])
            #expect(look.ignored == [folder.path + "/notes.pdf"])
            #expect(
                look.unreadable.map(\.reason).sorted() == [
                    "No such file or directory", "it is a symbolic link, and links are not followed",
                    "it is neither a file nor a folder", "its name begins with a dot", "its name is not UTF-8",
                ])
        }
    }
}
