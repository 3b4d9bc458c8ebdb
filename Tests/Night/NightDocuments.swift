import Foundation
import Simulation
import Sky

/// The setup folder of the simulated night, as an observer would have written it.
struct NightDocuments {
    let field: FieldOfTest
    /// First light of the camera without world coordinates: pixel positions belong to it.
    let anchor: SimulatedFrame

    func write(to folder: URL) throws {
        for camera in field.night.cameras {
            try write(instrument(camera.instrument), folder, "instruments/\(camera.instrument.name)")
        }
        try write(
            target(SmallNight.novaTarget, star: field.novaID, forced: "always"), folder,
            "targets/\(SmallNight.novaTarget)")
        try write(
            target(SmallNight.steadyTarget, star: field.steadyID, forced: "whenMissing"), folder,
            "targets/\(SmallNight.steadyTarget)")
        var lonely = target(SmallNight.lonelyTarget, star: field.lonelyID, forced: "whenMissing")
        lonely["comparisonStars"] = nil
        try write(lonely, folder, "targets/\(SmallNight.lonelyTarget)")
        try write(eruption, folder, "rules/eruption")
        try write(fading, folder, "rules/fading")
    }

    private func write(_ document: [String: Any], _ folder: URL, _ name: String) throws {
        let file = folder.appending(path: name + ".json")
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try JSONSerialization.data(withJSONObject: document, options: [.sortedKeys, .prettyPrinted]).write(to: file)
    }

    private func instrument(_ camera: SimulatedInstrument) -> [String: Any] {
        [
            "id": camera.name, "match": ["camera": [camera.name]], "saturationADU": camera.saturationADU,
            "pixelScaleArcsec": camera.pixelScaleArcseconds,
        ]
    }

    private func target(_ id: String, star: Int, forced: String) -> [String: Any] {
        let comparisons = field.comparisonIDs.enumerated().map { index, star -> [String: Any] in
            var comparison = place(star)
            comparison["id"] = "C\(index + 1)"
            let magnitude: [String: Any] = [
                "magnitude": field.star(star)?.magnitude ?? 0, "error": 0.01, "system": "Vega", "source": "simulation",
            ]
            comparison["magnitudes"] = ["V": magnitude, "R": magnitude]
            return comparison
        }
        var document = place(star)
        document["id"] = id
        document["objectNames"] = [field.night.objectName]
        document["comparisonStars"] = comparisons
        document["forcedPhotometry"] = forced
        return document
    }

    /// Sky, and pixels as people read them off a picture: to the nearest one.
    private func place(_ star: Int) -> [String: Any] {
        var place: [String: Any] = [:]
        if let position = field.star(star)?.position {
            place["ra"] = position.raDegrees
            place["dec"] = position.decDegrees
        }
        if let row = anchor.truth.first(where: { $0.starID == star }) {
            place["pixel"] = ["frame": anchor.fileName, "x": row.x.rounded(), "y": row.y.rounded()]
        }
        return place
    }

    private var eruption: [String: Any] {
        let threshold: [String: Any] = ["magnitude": 14.5, "sigma": 3]
        let confirmation: [String: Any] = ["points": 2, "outOf": 3]
        return [
            "id": "eruption", "name": "The nova has erupted", "revision": 1, "target": SmallNight.novaTarget,
            "kind": ["brighterThan": threshold], "confirmation": confirmation,
        ]
    }

    /// Must stay quiet.
    private var fading: [String: Any] {
        let threshold: [String: Any] = ["magnitude": 15, "sigma": 3]
        return [
            "id": "fading", "name": "The steady star has faded", "revision": 1, "target": SmallNight.steadyTarget,
            "kind": ["fainterThan": threshold],
        ]
    }
}
