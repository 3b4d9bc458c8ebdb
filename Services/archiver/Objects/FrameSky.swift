internal import Association
internal import Sky

/// What may be seen on one frame: objects of the record, and stars of a catalogue that no frame has shown yet.
struct FrameSky {
    struct CatalogueKey: Hashable {
        let name: String
        let number: Int64

        init(_ entry: (name: String, number: Int64)) {
            (name, number) = (entry.name, entry.number)
        }
    }

    /// At the frame's epoch; first those of the record.
    let objects: [SkyObject]
    /// Objects of the record that turn out to be stars of the catalogue, each at the epoch that the object had.
    let adopted: [NewObject]
    /// Those behind the record's, as the catalogue has them.
    private let stars: [NewObject]
    private let recorded: Int

    /// - Parameters:
    ///   - others: objects that are in the record otherwise, or not at all.
    ///   - stars: of a catalogue, at its own epoch, none of which is an object yet. One that lies within the limits of
    ///     an object of the record that is no star of a catalogue is that object.
    init(near: NearObjects, others: [SkyObject], stars: [NewObject], year: Double, limits: AssociationLimits) {
        let catalogued = Set(near.catalogued)
        let nameless = near.objects.indices.filter { !catalogued.contains(near.objects[$0].identifier) }
        let moved = stars.map { $0.object.moved(to: year) }
        let known = associate(
            moved.map { PlacedDetection(position: $0.position, covariance: $0.covariance) },
            with: nameless.map { near.objects[$0] },
            limits: AssociationLimits(chiSquared: limits.chiSquared, separationArcsec: limits.separationArcsec))
        var recorded = near.objects
        var adopted: [NewObject] = []
        for (star, outcome) in zip(stars, known) {
            guard let place = outcome.object.map({ nameless[$0] }) else { continue }
            var named = star
            named.object = star.object.moved(to: near.objects[place].epoch)
            named.object.identifier = near.objects[place].identifier
            adopted.append(named)
            recorded[place] = named.object.moved(to: year)
        }
        let unseen = stars.indices.filter { known[$0].object == nil }
        self.adopted = adopted
        self.stars = unseen.map { stars[$0] }
        self.recorded = recorded.count + others.count
        objects = recorded + others + unseen.map { moved[$0] }
    }

    /// Identifiers for a frame's detections, and the objects that have to be made for them.
    ///
    /// A star of the catalogue is named by where the catalogue has it, any other by where it was seen: brighter ones
    /// first.
    ///
    /// - Parameters:
    ///   - isTaken: whether an identifier is in use.
    ///   - given: the identifier that a detection's new object has already, if it is not in the set of those that were
    ///     named before it.
    func born(
        by frame: FrameDetections, _ outcomes: [AssociationOutcome],
        given: (Int, Set<Int64>) -> Int64? = { _, _ in nil }, isTaken: (Int64) -> Bool
    ) -> (identifiers: [Int64?], new: [NewObject]) {
        var named: Set<Int64> = []
        var new: [NewObject] = []
        let identifiers = outcomes.enumerated().map { index, outcome -> Int64? in
            if let object = outcome.object, object < recorded { return objects[object].identifier }
            guard outcome.object != nil || outcome.isNew else { return nil }
            var made =
                outcome.object.map { stars[$0 - recorded] }
                ?? NewObject(
                    object: SkyObject(
                        identifier: 0, position: frame.placed[index].position,
                        covariance: frame.placed[index].covariance, epoch: frame.year))
            let former = outcome.object == nil ? given(index, named) : nil
            made.object.identifier =
                former
                ?? ObjectIdentifier.identifier(at: made.object.position) { isTaken($0) || named.contains($0) }
            named.insert(made.object.identifier)
            new.append(made)
            return made.object.identifier
        }
        return (identifiers, new)
    }
}
