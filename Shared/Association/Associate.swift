internal import Sky

/// Brings the detections of one frame and objects together.
///
///     chi^2 = d^T (C_detection + C_object)^-1 d       d: difference of positions in the tangent plane
///
/// Of all pairs within the limits the one with the smallest chi^2 is taken first, then the next whose detection and
/// object are both free, and so on: each object has one detection, each detection one object. A detection that is left
/// over is a new object, unless the frame could not have resolved it from another detection.
///
/// A position or covariance that is not finite takes part in nothing: its detection is a `duplicate` of nothing and no
/// new object either; callers leave such detections out.
/// - Parameters:
///   - detections: of one frame, the brightest first: of two at the same place the first one counts.
///   - objects: moved to the frame's epoch.
/// - Returns: an outcome for each detection. It does not depend on the order of the objects, nor on that of the
///   detections but for exact ties and for which of two duplicates counts.
public func associate(
    _ detections: [PlacedDetection], with objects: [SkyObject], limits: AssociationLimits = AssociationLimits()
) -> [AssociationOutcome] {
    var outcomes = [AssociationOutcome](
        repeating: AssociationOutcome(object: nil, chiSquared: 0, flags: []), count: detections.count)
    guard !detections.isEmpty else { return outcomes }
    let order = DeclinationOrder(detections.map(\.position))
    let pairs = candidates(detections, order, objects, limits)
    var takenBy = [Int32](repeating: -1, count: objects.count)
    var fitting = [Int32](repeating: 0, count: objects.count)
    for pair in pairs {
        let (detection, object) = (Int(pair.detection), Int(pair.object))
        fitting[object] += 1
        if outcomes[detection].object == nil, takenBy[object] < 0 {
            takenBy[object] = pair.detection
            outcomes[detection].object = object
            outcomes[detection].chiSquared = pair.chiSquared
        }
    }
    for pair in pairs {
        let (detection, object) = (Int(pair.detection), Int(pair.object))
        let own = outcomes[detection].object
        if own != object { outcomes[detection].flags.insert(own == nil ? .contested : .ambiguous) }
        if own == object, fitting[object] > 1 { outcomes[detection].flags.insert(.contested) }
    }
    markDuplicates(&outcomes, order, resolution: limits.resolutionArcsec)
    return outcomes
}

/// All pairs within the limits, the nearest first.
private func candidates(
    _ detections: [PlacedDetection], _ order: DeclinationOrder, _ objects: [SkyObject], _ limits: AssociationLimits
) -> [CandidatePair] {
    let known = DeclinationOrder(objects.map(\.position))
    let widest = (largest(detections.map(\.covariance)) + largest(objects.map(\.covariance))) * limits.chiSquared
    let radius = min(limits.separationArcsec, widest.squareRoot())
    var pairs: [CandidatePair] = []
    pairs.reserveCapacity(detections.count + detections.count / 4)
    order.pairs(with: known, within: radius) { place, candidate in
        let (detection, object) = (order.index[place], known.index[candidate])
        let chiSquared = PositionCovariance.chiSquared(
            of: order.axes[place], detections[Int(detection)].covariance, and: known.axes[candidate],
            objects[Int(object)].covariance)
        // NaN is not within any limit.
        guard chiSquared <= limits.chiSquared else { return }
        pairs.append(CandidatePair(chiSquared: chiSquared, detection: detection, object: object))
    }
    return pairs.sorted {
        ($0.chiSquared, $0.detection, objects[Int($0.object)].identifier)
            < ($1.chiSquared, $1.detection, objects[Int($1.object)].identifier)
    }
}

private func largest(_ covariances: [PositionCovariance]) -> Double {
    covariances.reduce(0) { $1.trace > $0 ? $1.trace : $0 }
}

/// Of detections that the frame cannot have resolved only one is an object: one that has an object already, else the
/// first.
private func markDuplicates(_ outcomes: inout [AssociationOutcome], _ order: DeclinationOrder, resolution: Double) {
    guard resolution > 0, outcomes.contains(where: \.isNew) else { return }
    var neighbours: [Int32: [Int32]] = [:]
    order.pairs(with: order, within: resolution) { place, other in
        let (one, another) = (order.index[place], order.index[other])
        if one != another, outcomes[Int(one)].object == nil { neighbours[one, default: []].append(another) }
    }
    for detection in neighbours.keys.sorted() {
        let counted = (neighbours[detection] ?? []).contains { other in
            outcomes[Int(other)].object != nil
                || (other < detection && !outcomes[Int(other)].flags.contains(.duplicate))
        }
        if counted { outcomes[Int(detection)].flags = .duplicate }
    }
}
