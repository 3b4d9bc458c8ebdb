internal import Events
internal import Foundation
internal import Hashing

/// No message holds more points, nor more bytes of them.
private let mostPoints = 500
private let mostBytes = 400_000

/// Events for points, target by target, in order of time.
///
/// - Parameter source: what the file was: `aavso`, `csv`.
func batches(of points: [(target: String, point: HarvestedPoint)], source: String) throws -> [PhotometryHarvested] {
    var events: [PhotometryHarvested] = []
    for (target, group) in Dictionary(grouping: points, by: \.target).sorted(by: { $0.key < $1.key }) {
        var batch: [HarvestedPoint] = []
        var bytes = 0
        for point in group.map(\.point).sorted(by: isEarlier) {
            let size = try EventCodec.json(point).count
            if batch.count == mostPoints || (bytes + size > mostBytes && !batch.isEmpty) {
                events.append(try event(target, source, batch))
                (batch, bytes) = ([], 0)
            }
            batch.append(point)
            bytes += size + 1
        }
        if !batch.isEmpty { events.append(try event(target, source, batch)) }
    }
    return events
}

private func isEarlier(_ left: HarvestedPoint, _ right: HarvestedPoint) -> Bool {
    (left.midpointMJDUTC, left.pointID) < (right.midpointMJDUTC, right.pointID)
}

private func event(_ target: String, _ source: String, _ points: [HarvestedPoint]) throws -> PhotometryHarvested {
    let content = Data("\(target)|\(source)|".utf8) + (try EventCodec.json(points))
    return PhotometryHarvested(
        target: target, source: source, batchID: String(SHA256.hex(of: content).prefix(32)), points: points)
}
