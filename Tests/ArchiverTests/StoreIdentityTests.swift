import Foundation
import FrameStore
import Pipeline
import PostgresStore
import TestKit
import Testing

@testable import archiver

@Suite("Which frame store the record belongs to")
struct StoreIdentityTests {
    private func emptied(_ bench: Bench) throws -> FrameStore {
        for name in try FileManager.default.contentsOfDirectory(atPath: bench.store.root) {
            try FileManager.default.removeItem(atPath: bench.store.root + "/" + name)
        }
        return try FrameStore(bench.store.root)
    }

    @Test("a new store is marked and remembered, and is itself at every start from then on")
    func first() throws {
        try withBench { bench in
            let identity = StoreIdentity(database: bench.database)
            let marked = try identity.checked(bench.store, accepting: nil)
            let known = try #require(try marked.identity())
            #expect(known.count == 32)
            for _ in 0..<2 { _ = try identity.checked(FrameStore(bench.store.root), accepting: nil) }
            #expect(try bench.count("archive.frame_store") == 1)
            #expect(try FrameStore(marked: bench.store.root, waitingSeconds: 0).identity() == known)
        }
    }

    @Test("an empty folder in its place is refused with the setting and with how to accept it, and left empty")
    func unmounted() throws {
        try withBench { bench in
            let identity = StoreIdentity(database: bench.database)
            let known = try #require(try identity.checked(bench.store, accepting: nil).identity())
            let empty = try emptied(bench)
            for wrong in [nil, "yes"] {
                let error = #expect(throws: InvalidSettings.self) { _ = try identity.checked(empty, accepting: wrong) }
                let text = error?.problems.first ?? ""
                #expect(text.hasPrefix("NIGHTJAR_FRAME_STORE is '\(bench.store.root)'; it has no nightjar-store.json"))
                #expect(text.hasSuffix("set NIGHTJAR_ACCEPT_STORE=\(known)") && text.contains("is its disk mounted?"))
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: bench.store.root).isEmpty)
            let accepted = try identity.checked(empty, accepting: known)
            #expect(try accepted.identity() != known)
            // The setting may stay: it is about the store that is gone.
            for setting in [known, nil] { _ = try identity.checked(FrameStore(bench.store.root), accepting: setting) }
            #expect(try bench.count("archive.frame_store") == 2)
        }
    }

    @Test("another store in its place is refused by its name; a store that is older than its marker is taken as it is")
    func others() throws {
        try withBench { bench in
            try bench.store.write("raw/00/old", data: Data())
            let known = try #require(
                try StoreIdentity(database: bench.database).checked(bench.store, accepting: nil).identity())
            try withBench { other in
                let otherMark = try #require(
                    try StoreIdentity(database: other.database).checked(other.store, accepting: nil).identity())
                let error = #expect(throws: InvalidSettings.self) {
                    _ = try StoreIdentity(database: bench.database).checked(other.store, accepting: nil)
                }
                let text = error?.problems.first ?? ""
                #expect(text.contains("it is the frame store \(otherMark)") && text.contains(known))
            }
        }
    }
}
