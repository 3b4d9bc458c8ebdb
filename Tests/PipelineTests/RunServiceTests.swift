import Events
import Foundation
import Pipeline
import Testing

struct RunServiceTests {
    @Test("a service that cannot use its settings ends with status 78 and one line in its log for each problem")
    func refusedSettings() async throws {
        let result = await #expect(processExitsWith: .exitCode(78), observing: [\.standardErrorContent]) {
            try runService("photometer") { _, _ in
                let settings = Settings(["NIGHTJAR_PSF": "abc", "NIGHTJAR_THREADS": "two"])
                _ = settings.flag("NIGHTJAR_PSF", default: false)
                _ = settings.threads("NIGHTJAR_THREADS")
                try settings.verify()
            }
        }
        let lines = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self).split(separator: "\n")
        #expect(
            lines.contains {
                $0.hasSuffix(" error settings refused: NIGHTJAR_PSF is 'abc'; it must be true or false")
            })
        #expect(
            lines.contains {
                $0.hasSuffix(
                    " error settings refused: NIGHTJAR_THREADS is 'two'; it must be a whole number from 0 to 1024")
            })
    }

    @Test("whatever else keeps it from starting is status 1")
    func otherFailure() async throws {
        struct Broken: Error {}
        await #expect(processExitsWith: .exitCode(1)) {
            try runService("photometer") { _, _ in throw Broken() }
        }
    }

    @Test("a frame store is an absolute path or a file URL; anything else is a wrong setting, not a store that is away")
    func frameStore() throws {
        for place in ["/frames", "file:///frames"] {
            let settings = Settings(["NIGHTJAR_FRAME_STORE": place])
            #expect(settings.frameStore("NIGHTJAR_FRAME_STORE") == place)
            try settings.verify()
        }
        for place in ["frames", "s3://bucket/frames", "file://host/frames", ""] {
            let settings = Settings(["NIGHTJAR_FRAME_STORE": place])
            _ = settings.frameStore("NIGHTJAR_FRAME_STORE")
            let error = #expect(throws: InvalidSettings.self) { try settings.verify() }
            #expect(error?.problems.first?.hasPrefix("NIGHTJAR_FRAME_STORE is ") == true)
        }
    }
}
