internal import Calibration
internal import Events
internal import FITS
internal import FrameStore
internal import Imaging

/// A master fringe as somebody has handed it in: a raw file of the store.
enum HandedFringe {
    /// The master that it becomes, under the store's own id. It is judged again, as ingest did: what lies in a store
    /// may come from anywhere.
    ///
    /// - Throws: `UnreadableMember` when it cannot be read or used; `Unavailable`.
    static func master(_ frame: FrameReceived, id: String, in store: FrameStore) throws -> Master<Relative> {
        do {
            var file = try store.openFITS(frame.raw.url)
            let planes = try file.readMaster(of: Relative.self)
            var facts = try FinishedFringe.facts(
                planes.header, width: planes.image.width, height: planes.image.height,
                instrument: frame.instrument.id)
            let announced = frame.exposure
            guard announced.width == planes.image.width, announced.height == planes.image.height else {
                throw UnreadableMember(
                    frameID: frame.frameID,
                    reason:
                        "\(frame.originalName): \(planes.image.width) x \(planes.image.height) pixels, announced as "
                        + "\(announced.width) x \(announced.height)")
            }
            facts.id = id
            facts.inputIDs = [frame.frameID]
            (facts.filter, facts.night) = (announced.filter, frame.night)
            facts.instrumentRevision = frame.instrument.revision
            facts.flags.insert(.externalMaster)
            return try FinishedFringe.checked(
                Master(facts: facts, image: planes.image, error: planes.error, mask: planes.mask)
            ).master
        } catch let error as UnusableFringe {
            throw UnreadableMember(
                frameID: frame.frameID, reason: "\(frame.originalName): not a master fringe that can be used: \(error)")
        } catch let error as FITSError where !error.isEnvironmental {
            throw UnreadableMember(frameID: frame.frameID, reason: "\(frame.originalName): \(error)")
        } catch let error as MissingObject {
            throw UnreadableMember(frameID: frame.frameID, reason: "\(frame.originalName): \(error)")
        }
    }
}
