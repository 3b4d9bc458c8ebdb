internal import Foundation
internal import FrameSolving
internal import PlateSolving

/// Stars from a CSV file instead of a frame: columns `x`, `y` (0-based pixel centres), a flux or a magnitude, and
/// `x_err`, `y_err` where they are known, as `nightjar measure` writes them.
enum StarList {
    fileprivate static let fluxes = ["flux", "flux_aperture", "flux_auto", "flux_psf"]
    fileprivate static let magnitudes = ["mag", "mag_aperture", "magnitude"]
    private static let mostPixels = 1 << 24

    /// - Throws: `FrameError` with the line at fault.
    static func read(_ path: String) throws -> [DetectedStar] {
        try parse(try givenText(path, what: "the stars (a CSV file with columns x, y and flux)"), path: path)
    }

    static func parse(_ text: String, path: String) throws -> [DetectedStar] {
        try parse(Array(text.utf8), path: path)
    }

    static func parse(_ bytes: [UInt8], path: String) throws -> [DetectedStar] {
        guard !bytes.contains(0) else {
            throw FrameError(path, "this is no text: --stars wants a CSV file with columns x, y and flux")
        }
        // Its end stops the reading of a last number.
        return try (bytes + [0]).withUnsafeBufferPointer { try parse(StarLines($0), path: path) }
    }

    private static func parse(_ lines: consuming StarLines, path: String) throws -> [DetectedStar] {
        var columns: StarColumns?
        var stars: [DetectedStar] = []
        while lines.next() {
            if lines.isEmptyOrComment { continue }
            guard let known = columns else {
                columns = try StarColumns(lines.words, path)
                continue
            }
            guard let star = known.star(lines) else {
                throw FrameError(
                    path, "line \(lines.number): '\(lines.start)' does not give x and y as numbers")
            }
            stars.append(star)
        }
        guard !stars.isEmpty else {
            let has = columns == nil ? "nothing" : "a heading, and no star"
            throw FrameError(path, "there is \(has) in it: give columns x, y and flux, and a line for each star")
        }
        return stars
    }

    /// `--size W,H`.
    static func size(_ text: String) throws -> PlateSolving.FrameSize {
        let words = text.split(
            omittingEmptySubsequences: false, whereSeparator: { $0 == "," || $0 == "x" }
        ).map { Int($0) ?? 0 }
        guard words.count == 2, words.allSatisfy({ $0 > 0 && $0 <= mostPixels }) else {
            throw UsageError(
                "--size \(text.printable): give width and height [px], each from 1 to \(mostPixels), as in 2048,2048")
        }
        return PlateSolving.FrameSize(width: words[0], height: words[1])
    }
}

/// Which field of a line is what.
private struct StarColumns {
    let x: Int
    let y: Int
    let errors: (x: Int?, y: Int?)
    let flux: Int?
    let magnitude: Int?

    init(_ words: [String], _ path: String) throws {
        let names = words.map { $0.lowercased() }
        func place(_ wanted: [String]) -> Int? { wanted.lazy.compactMap { names.firstIndex(of: $0) }.first }
        let told = "the columns are \(names.joined(separator: ", ").printable.prefix(200))"
        guard let x = place(["x"]), let y = place(["y"]) else {
            throw FrameError(path, "\(told); x and y are needed")
        }
        (self.x, self.y) = (x, y)
        errors = (place(["x_err"]), place(["y_err"]))
        (flux, magnitude) = (place(StarList.fluxes), place(StarList.magnitudes))
        guard flux != nil || magnitude != nil else { throw FrameError(path, "\(told); flux or mag is needed") }
    }

    func star(_ line: borrowing StarLines) -> DetectedStar? {
        let (x, y) = (line.value(x), line.value(y))
        guard x.isFinite, y.isFinite else { return nil }
        let light = flux == nil ? pow(10, -0.4 * line.value(magnitude)) : line.value(flux)
        return DetectedStar(
            x: x, y: y, xErrorPixels: line.value(errors.x), yErrorPixels: line.value(errors.y), flux: light)
    }
}

/// The lines of a CSV text one after another, each taken apart where it lies: lists have tens of thousands.
private struct StarLines: ~Copyable {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var place: Int
    private var line: Range<Int>
    /// Of the present line, without blanks and quotes around them.
    private var fields: [Range<Int>] = []
    /// Of the present line, from 1.
    private(set) var number = 0

    /// - Parameter bytes: end with a zero, and have no other.
    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
        place = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        line = 0..<0
    }

    /// Whether there is one more.
    mutating func next() -> Bool {
        guard place < bytes.count - 1 else { return false }
        number += 1
        let start = place
        fields.removeAll(keepingCapacity: true)
        var field = start
        while true {
            let byte = bytes[place]
            let isEnd = byte == 0 || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
            if isEnd || byte == UInt8(ascii: ",") {
                fields.append(trimmed(field, place))
                field = place + 1
            }
            if isEnd { break }
            place += 1
        }
        line = start..<place
        // Both bytes of a line end as Windows writes it are one.
        if bytes[place] == UInt8(ascii: "\r"), bytes[place + 1] == UInt8(ascii: "\n") { place += 1 }
        place += 1
        return true
    }

    private func trimmed(_ start: Int, _ end: Int) -> Range<Int> {
        let isPadding = { (byte: UInt8) in
            byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\"")
        }
        var (low, high) = (start, end)
        while low < high, isPadding(bytes[low]) { low += 1 }
        while high > low, isPadding(bytes[high - 1]) { high -= 1 }
        return low..<high
    }

    var isEmptyOrComment: Bool {
        if let first = fields.first, !first.isEmpty, bytes[first.lowerBound] == UInt8(ascii: "#") { return true }
        return fields.allSatisfy(\.isEmpty)
    }

    var words: [String] { fields.map { String(decoding: bytes[$0], as: UTF8.self) } }

    /// What the line begins with, for people.
    var start: String { String(decoding: bytes[line].prefix(60), as: UTF8.self).printable }

    /// A field as a number; NaN for one that is none or is not there.
    func value(_ column: Int?) -> Double {
        guard let column, column < fields.count, let base = bytes.baseAddress else { return .nan }
        let field = fields[column]
        // Blanks that strtod would pass over are no part of a number.
        guard !field.isEmpty, bytes[field.lowerBound] > UInt8(ascii: " ") else { return .nan }
        var end: UnsafeMutablePointer<CChar>?
        let number = UnsafeRawPointer(base + field.lowerBound).withMemoryRebound(to: CChar.self, capacity: 1) {
            (start: $0, value: strtod($0, &end))
        }
        guard let end, UnsafePointer(end) - number.start == field.count else { return .nan }
        return number.value
    }
}
