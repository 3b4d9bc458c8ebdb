internal import Foundation
internal import Pipeline

@main
struct Harvester {
    static func main() throws {
        try runService("harvester") { _, stop in
            while !stop.isRaised { Thread.sleep(forTimeInterval: 0.2) }
        }
    }
}
