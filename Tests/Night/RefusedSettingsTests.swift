import Foundation
import Testing

@testable import nightjar

extension NightTests {
    @Suite(.serialized) struct Refused {
        @Test("a service that refuses a setting ends the whole run, with the setting, its value and what is allowed")
        func settings() throws {
            let night = try NightTests.night
            let error = #expect(throws: (any Error).self) {
                try NightSystem.run(night, name: "refused", settings: ["NIGHTJAR_PSF": "abc"]) { system in
                    try Waiting(patienceSeconds: 60, check: system.supervisor.check).until("refusal", total: 1) {
                        (0, false, "")
                    }
                }
            }
            let text = error.map { "\($0)" } ?? ""
            #expect(text.contains("the settings cannot be used, so everything was stopped"))
            #expect(text.contains("NIGHTJAR_PSF is 'abc'; it must be true or false"), "\(text)")
        }
    }
}
