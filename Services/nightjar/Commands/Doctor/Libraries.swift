internal import Foundation

/// Versions of the C libraries this executable has loaded, as they say themselves.
enum Libraries {
    static func check() -> Check {
        let found = [
            ("librdkafka", text("rd_kafka_version_str")), ("libpq", number("PQlibVersion").map(postgres)),
            ("cfitsio", cfitsio()), ("cairo", text("cairo_version_string")), ("wcslib", wcslib()),
        ]
        let versions = found.compactMap { name, version in version.map { "\(name) \($0)" } }
        guard !versions.isEmpty else { return .skipped("libraries", "they do not say their versions") }
        let text = versions.joined(separator: ", ")
        if number("fits_is_reentrant") == 0 {
            return .warning("libraries", "\(text); cfitsio is not re-entrant", fix: "install Debian's libcfitsio")
        }
        if let kafka = number("rd_kafka_version"), kafka < 0x0200_0000 {
            return .wrong("libraries", "\(text); librdkafka is too old", fix: "install librdkafka 2.0 or newer")
        }
        return .ok("libraries", text)
    }

    /// Whether the kernel knows of a time service: adjtimex(2), only asked, answers 5 (TIME_ERROR) when not.
    static var clockIsKeptRight: Bool {
        guard let address = symbol("adjtimex") else { return false }
        let call = unsafeBitCast(address, to: (@convention(c) (UnsafeMutablePointer<UInt64>) -> Int32).self)
        // struct timex is 208 bytes; all zero changes nothing.
        var kernel = [UInt64](repeating: 0, count: 64)
        return (0..<5).contains(call(&kernel))
    }

    private static func symbol(_ name: String) -> UnsafeMutableRawPointer? { dlsym(nil, name) }

    private static func text(_ function: String) -> String? {
        symbol(function).flatMap { address in
            let call = unsafeBitCast(address, to: (@convention(c) () -> UnsafePointer<CChar>?).self)
            return call().map { String(cString: $0) }
        }
    }

    private static func number(_ function: String) -> Int32? {
        symbol(function).map { unsafeBitCast($0, to: (@convention(c) () -> Int32).self)() }
    }

    /// 150004 is 15.4.
    private static func postgres(_ version: Int32) -> String { "\(version / 10_000).\(version % 10_000)" }

    private static func cfitsio() -> String? {
        symbol("ffvers").map { address in
            var version: Float = 0
            let call = unsafeBitCast(
                address, to: (@convention(c) (UnsafeMutablePointer<Float>) -> Float).self)
            return String(format: "%.4g", call(&version))
        }
    }

    private static func wcslib() -> String? {
        symbol("wcslib_version").flatMap { address in
            var parts: [Int32] = [0, 0, 0]
            let call = unsafeBitCast(
                address, to: (@convention(c) (UnsafeMutablePointer<Int32>) -> UnsafePointer<CChar>?).self)
            return call(&parts).map { String(cString: $0) }
        }
    }
}
