import Events
import Foundation
import FrameStore
import Pipeline
import TestKit
import Testing

@testable import calibrator

/// Gives an object an age [s], as if it had been written so long ago.
private func age(_ name: String, by seconds: Double, in store: FrameStore) throws {
    let date = Date(timeIntervalSinceNow: -seconds)
    try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: store.root + "/" + name)
}

private func planes(_ store: FrameStore) throws -> [String] {
    try store.list("calibrated").flatMap { try store.list($0) }.filter { $0.hasSuffix(".fits") }
}

/// Writes planes of a megabyte for a frame, measured or not, so many seconds ago; gives their name.
private func put(_ store: FrameStore, _ frame: String, secondsAgo: Double, isMeasured: Bool) throws -> String {
    let name = StoreNames.calibrated(frameID: frame, recipe: "aa")
    try store.write(name, data: Data(count: 1_000_000))
    try store.write(StoreNames.event(of: name), data: Data("{}".utf8))
    try age(name, by: secondsAgo, in: store)
    if isMeasured { try store.write(StoreNames.detections(frameID: frame, recipe: "bb"), data: Data(count: 1)) }
    return name
}

@Suite("calibrated planes are a cache with a limit")
struct PlaneCacheTests {
    @Test("the oldest measured planes go until nine tenths are left; events, new and unmeasured planes stay")
    func oldestFirst() throws {
        try withFolder { folder in
            let store = try FrameStore(folder.path)
            let waiting = try put(store, "a0", secondsAgo: 9000, isMeasured: false)
            let old = try (1...6).map {
                try put(store, "a\($0)", secondsAgo: 8000 - 100 * Double($0), isMeasured: true)
            }
            let abandoned = try put(store, "b0", secondsAgo: 200_000, isMeasured: false)
            let fresh = try put(store, "c0", secondsAgo: 0, isMeasured: true)
            let cache = PlaneCache(store: store, limitBytes: 6_000_000)
            try cache.added(bytes: 1_000_000)
            // 9 MB down to 5.4 MB: the abandoned one and the three oldest measured ones.
            #expect(try Set(planes(store)) == Set([waiting, fresh] + old[3...]))
            let all = [waiting, fresh, abandoned] + old
            #expect(try all.allSatisfy { try store.contains(StoreNames.event(of: $0)) })
            try cache.added(bytes: 900_000)
            #expect(try planes(store).count == 5)
        }
    }

    @Test("planes in flight are kept even when they are more than the limit; no limit keeps all")
    func inFlight() throws {
        try withFolder { folder in
            let store = try FrameStore(folder.path)
            for index in 0..<5 { _ = try put(store, "a\(index)", secondsAgo: 20, isMeasured: true) }
            for index in 0..<5 { _ = try put(store, "b\(index)", secondsAgo: 5000, isMeasured: false) }
            try PlaneCache(store: store, limitBytes: 1).added(bytes: 1)
            try PlaneCache(store: store, limitBytes: 0).added(bytes: 1)
            #expect(try planes(store).count == 10)
        }
    }

    @Test("planes measured again need a table that is newer than they are")
    func measuredBefore() throws {
        try withFolder { folder in
            let store = try FrameStore(folder.path)
            let name = try put(store, "a0", secondsAgo: 2000, isMeasured: true)
            try age(StoreNames.detections(frameID: "a0", recipe: "bb"), by: 3000, in: store)
            _ = try put(store, "b0", secondsAgo: 0, isMeasured: true)
            try PlaneCache(store: store, limitBytes: 1).added(bytes: 1)
            #expect(try planes(store).contains(name))
        }
    }

    @Test("planes computed again for a frame that was measured before go like any others")
    func computedAgain() throws {
        try withFolder { folder in
            let store = try FrameStore(folder.path)
            let name = try put(store, "a0", secondsAgo: 2000, isMeasured: true)
            try age(StoreNames.event(of: name), by: 5000, in: store)
            try age(StoreNames.detections(frameID: "a0", recipe: "bb"), by: 4000, in: store)
            let fresh = try put(store, "b0", secondsAgo: 0, isMeasured: true)
            try PlaneCache(store: store, limitBytes: 1).added(bytes: 1)
            #expect(try planes(store) == [fresh])
            // The same event said again keeps its age; another one does not.
            let event = StoreNames.event(of: name)
            let written = try store.object(event)?.written
            let cache = PlaneCache(store: store, limitBytes: 1)
            try cache.announce(Data("{}".utf8), of: name)
            #expect(try store.object(event)?.written == written)
            try cache.announce(Data("{ }".utf8), of: name)
            #expect(try store.object(event)?.written != written)
        }
    }

    @Test("removed planes are computed again on demand with the same bytes, not at the night's end once measured")
    func recomputed() throws {
        try withBench { bench in
            let light = try bench.light()
            let first = try #require(bench.calibrate(light).payloads(FrameCalibrated.self).first)
            let name = String(first.calibrated.url.dropFirst("frames:".count))
            let bytes = try bench.store.read(name)
            try bench.store.write(
                StoreNames.detections(frameID: light.frameID, recipe: "bb"), data: Data(count: 1))
            try bench.store.remove(name)
            try bench.store.remove(name)
            #expect(try bench.close().payloads(FrameCalibrated.self).isEmpty)
            let again = try #require(bench.calibrate(light).payloads(FrameCalibrated.self).first)
            #expect(again.calibrated == first.calibrated)
            #expect(try bench.store.read(name) == bytes)
        }
    }
}
