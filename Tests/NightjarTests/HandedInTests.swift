import Foundation
import Testing

@testable import nightjar

@Suite struct HandedInTests {
    private func withFolder(_ body: (URL) throws -> Void) throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "nightjar-handin-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
        defer {
            do { try FileManager.default.removeItem(at: root) } catch { Issue.record("\(error)") }
        }
        try body(root)
    }

    private func arguments(_ words: [String]) throws -> Arguments {
        try Arguments(words, options: submitCommand.options)
    }

    private func prepare(_ root: URL) throws -> DataFolder {
        let data = DataFolder(root.appending(path: "data").path)
        try data.make()
        for id in ["cam", "other"] {
            try Data("{\"id\": \"\(id)\"}".utf8).write(to: data.instruments.appending(path: "\(id).json"))
        }
        return data
    }

    private func copies(_ data: DataFolder) throws -> [String] {
        let walk = FileManager.default.enumerator(atPath: data.inbox.path)
        return (walk?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix(".fits") }.sorted()
    }

    @Test("files of one name, and one file handed in twice, never meet in the inbox; the originals stay as they are")
    func collisions() throws {
        try withFolder { root in
            let data = try prepare(root)
            for folder in ["a", "b"] {
                let place = root.appending(path: folder)
                try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
                try Data("not FITS \(folder)".utf8).write(to: place.appending(path: "light.fits"))
            }
            let paths = ["a", "b"].map { root.appending(path: $0).path }
            let words = paths + ["--instrument", "cam", "--data", data.root.path, "--json"]
            #expect(try submitCommand.run(arguments(words)) == 0)
            #expect(try copies(data).count == 2)
            usleep(2000)
            #expect(try submitCommand.run(arguments(words)) == 0)
            #expect(try copies(data).count == 4)
            #expect(try Data(contentsOf: root.appending(path: "a/light.fits")) == Data("not FITS a".utf8))
        }
    }

    @Test("instruments that are paths or unknown, hidden files and other names are refused before anything is copied")
    func hostile() throws {
        try withFolder { root in
            let data = try prepare(root)
            for name in ["x.fits", ".hidden.fits", "x.txt"] {
                try Data("x".utf8).write(to: root.appending(path: name))
            }
            let file = root.appending(path: "x.fits").path
            for instrument in ["../cam", "..", "", "/etc", "cam/../other", "Cam"] {
                #expect(throws: UsageError.self) {
                    try submitCommand.run(arguments([file, "--instrument", instrument, "--data", data.root.path]))
                }
            }
            for name in [".hidden.fits", "x.txt", "missing.fits"] {
                #expect(throws: UsageError.self) {
                    let path = root.appending(path: name).path
                    return try submitCommand.run(arguments([path, "--instrument", "cam", "--data", data.root.path]))
                }
            }
            #expect(try copies(data).isEmpty)
        }
    }

    @Test("photometry keeps its name unless it is taken, and the same file is handed in once")
    func photometry() throws {
        try withFolder { root in
            let file = root.appending(path: "aavso.txt")
            let folder = root.appending(path: "harvest")
            try Data("one".utf8).write(to: file)
            #expect(try HandIn.copy(file, into: folder)?.lastPathComponent == "aavso.txt")
            #expect(try HandIn.copy(file, into: folder) == nil)
            try Data("two".utf8).write(to: file)
            #expect(try HandIn.copy(file, into: folder)?.lastPathComponent == "aavso~2.txt")
            #expect(try Data(contentsOf: folder.appending(path: "aavso.txt")) == Data("one".utf8))
        }
    }
}
