internal import Foundation
internal import ReferenceCatalogue

extension Data {
    /// A number at an offset, little-endian as is every machine this runs on.
    func value<Number: BitwiseCopyable>(at offset: Int) -> Number {
        withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Number.self) }
    }

    /// ASCII up to the first zero; other bytes become "?".
    func text(at offset: Int) -> String {
        let name = self[offset..<offset + CatalogueDescription.maximumBandNameLength].prefix { $0 != 0 }
        return String(decoding: name.map { (33...126).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
    }
}

extension Data {
    mutating func append<Number: BitwiseCopyable>(number: Number) {
        Swift.withUnsafeBytes(of: number) { append(contentsOf: $0) }
    }

    /// Zeros up to an offset.
    mutating func pad(to offset: Int) {
        precondition(offset >= count, "what is written does not reach back")
        append(Data(count: offset - count))
    }
}
