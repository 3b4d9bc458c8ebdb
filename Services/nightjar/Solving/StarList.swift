internal import Foundation
internal import FrameSolving
internal import PlateSolving

/// Stars from a CSV file instead of a frame: columns `x`, `y` (0-based pixel centres), a flux or a magnitude, and
/// `x_err`, `y_err` where they are known, as `nightjar measure` writes them.
enum StarList {
    private static let fluxes = ["flux", "flux_aperture", "flux_auto", "flux_psf"]
    private static let magnitudes = ["mag", "mag_aperture", "magnitude"]

    /// - Throws: `FrameError` with the line at fault.
    static func read(_ path: String) throws -> [DetectedStar] {
        let text: String
        do {
            text = String(
                decoding: try FileHandle(forReadingFrom: URL(fileURLWithPath: path)).readToEnd() ?? Data(),
                as: UTF8.self)
        } catch {
            throw FrameError(path, "the stars cannot be read: \(error.localizedDescription)")
        }
        return try parse(text, path: path)
    }

    static func parse(_ text: String, path: String) throws -> [DetectedStar] {
        var columns: Columns?
        var stars: [DetectedStar] = []
        for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
                .map { $0.trimmingCharacters(in: CharacterSet(charactersIn: " \t\r\"")) }
            if fields.allSatisfy(\.isEmpty) || fields[0].hasPrefix("#") { continue }
            guard let known = columns else {
                columns = try Columns(fields, path)
                continue
            }
            guard let star = known.star(fields) else {
                throw FrameError(path, "line \(number + 1): '\(line.prefix(60))' does not give x and y as numbers")
            }
            stars.append(star)
        }
        guard columns != nil else { throw FrameError(path, "there is no line in it: give columns x, y and flux") }
        return stars
    }

    /// `--size W,H`.
    static func size(_ text: String) throws -> PlateSolving.FrameSize {
        let words = text.split(whereSeparator: { $0 == "," || $0 == "x" }).map { Int($0) ?? 0 }
        guard words.count == 2, words.allSatisfy({ $0 > 0 && $0 <= 1 << 24 }) else {
            throw UsageError("--size \(text): give width and height [px], as in 2048,2048")
        }
        return PlateSolving.FrameSize(width: words[0], height: words[1])
    }

    private struct Columns {
        let x: Int
        let y: Int
        let errors: (x: Int?, y: Int?)
        let flux: Int?
        let magnitude: Int?

        init(_ names: [String], _ path: String) throws {
            let names = names.map { $0.lowercased() }
            func place(_ wanted: [String]) -> Int? { wanted.lazy.compactMap { names.firstIndex(of: $0) }.first }
            guard let x = place(["x"]), let y = place(["y"]) else {
                throw FrameError(path, "the columns are \(names.joined(separator: ", ")); x and y are needed")
            }
            (self.x, self.y) = (x, y)
            errors = (place(["x_err"]), place(["y_err"]))
            (flux, magnitude) = (place(StarList.fluxes), place(StarList.magnitudes))
            guard flux != nil || magnitude != nil else {
                throw FrameError(path, "the columns are \(names.joined(separator: ", ")); flux or mag is needed")
            }
        }

        func star(_ fields: [String]) -> DetectedStar? {
            func number(_ place: Int?) -> Double {
                place.flatMap { fields.indices.contains($0) ? Double(fields[$0]) : nil } ?? .nan
            }
            guard number(x).isFinite, number(y).isFinite else { return nil }
            let light = flux != nil ? number(flux) : pow(10, -0.4 * number(magnitude))
            return DetectedStar(
                x: number(x), y: number(y), xErrorPixels: number(errors.x), yErrorPixels: number(errors.y),
                flux: light)
        }
    }
}
