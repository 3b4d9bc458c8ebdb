import AlertRules
import Foundation
import Instruments
import Simulation
import Testing

@testable import nightjar

@Suite struct DemoDocumentsTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private func documents(seed: UInt64, withNova: Bool = true) throws -> DemoDocuments {
        let (night, targets) = try SimulatedNight.demo(seed: seed, withNova: withNova, lightCount: DemoRun.lightCount)
        return try DemoDocuments(night: night, targets: targets)
    }

    @Test("examples/demo holds the documents that the demonstration uses")
    func examples() throws {
        let example = try SetupFolder(Self.root.appending(path: "examples/demo").path)
        let used = try documents(seed: 1)
        #expect(example.instruments.map(\.document) == used.instruments)
        #expect(example.targets == used.targets)
        #expect(example.rules == used.rules.sorted { $0.id < $1.id })
    }

    @Test("documents are those of every night: nothing in them knows what will happen")
    func everyNight() throws {
        let first = try documents(seed: 1)
        for seed in [2, 3, 17] as [UInt64] {
            let other = try documents(seed: seed, withNova: seed != 3)
            #expect(other.instruments == first.instruments && other.targets == first.targets)
            #expect(other.rules == first.rules)
        }
    }

    @Test("what is written is read back as it was, by the strict reader")
    func written() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "demo-\(UUID().uuidString)")
        defer { remove(folder) }
        let used = try documents(seed: 1)
        try used.write(to: folder)
        let back = try SetupFolder(folder.path)
        #expect(back.instruments.map(\.document) == used.instruments && back.targets == used.targets)
        #expect(back.rules == used.rules.sorted { $0.id < $1.id })
    }

    @Test("each frame is recognised as its camera's by the documents alone")
    func recognised() throws {
        let used = try documents(seed: 1)
        for (name, other) in [("demo-a", "demo-b"), ("demo-b", "demo-a")] {
            let document = try #require(used.instruments.first { $0.id == name })
            #expect(document.recognises(camera: name, telescope: nil, fileName: "x.fits"))
            #expect(!document.recognises(camera: other, telescope: nil, fileName: "x.fits"))
        }
    }

    @Test("the existing folder is never written to: the usual one is numbered, a given one refused")
    func folder() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "demo-\(UUID().uuidString)")
        defer { remove(folder) }
        #expect(try DemoFolder.choose(folder.path).path == folder.path)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        #expect(try DemoFolder.choose(folder.path).path == folder.path)
        try Data("mine".utf8).write(to: folder.appending(path: "notes.txt"))
        #expect(throws: UsageError.self) { try DemoFolder.choose(folder.path) }
        #expect(throws: UsageError.self) { try DemoFolder.choose(folder.appending(path: "notes.txt").path) }
        let usual = folder.appending(path: DemoFolder.usual)
        #expect(try DemoFolder.choose(nil, in: folder) == usual)
        try FileManager.default.createDirectory(at: usual, withIntermediateDirectories: true)
        try Data("mine".utf8).write(to: usual.appending(path: "report.html"))
        #expect(try DemoFolder.choose(nil, in: folder).lastPathComponent == "nightjar-demo-2")
    }

    private func remove(_ folder: URL) {
        do {
            try FileManager.default.removeItem(at: folder)
        } catch {
            Issue.record("\(folder.path) could not be removed: \(error)")
        }
    }
}
