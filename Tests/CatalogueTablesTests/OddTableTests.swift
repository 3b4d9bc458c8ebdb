import CatalogueTables
import Foundation
import Testing

@Suite("tables that are none")
struct OddTableTests {
    @Test(
        "a folder, nothing, and a name that cannot be are told in words",
        arguments: [
            ("/", "it is a folder"), ("/nonexistent", "No such file"), ("", "No such file"), ("/dev/null/x", "Not a"),
        ])
    func places(path: String, reason: String) {
        let error = #expect(throws: TableError.self) { try TableFormat.of(path) }
        #expect(error?.reason.contains(reason) == true, "\(String(describing: error))")
        #expect(error?.description.hasPrefix(path.isEmpty ? "''" : path) == true)
    }
}
