internal import Foundation
internal import FrameSolving
internal import Imaging
internal import PlateSolving
internal import Sky

/// What the command line says of where frames lie.
struct SolvingHints {
    static let options = [
        Option("near", "RA,DEC", "where the frame's centre is: degrees, or hours with colons (default: the header's)"),
        Option("radius", "DEG", "how far from there it may be (default: 1)"),
        Option("scale", "LOW,HIGH", "least and greatest pixel scale [arcsec/px] (default: the header's, or 0.2,60)"),
    ]

    let near: SkyPosition?
    let radiusDegrees: Double
    let scale: ScaleEstimate?

    init(_ arguments: Arguments) throws {
        near = try arguments.text("near").map { try Self.position($0) }
        radiusDegrees = try arguments.number("radius", in: 0.001...60) ?? 1
        scale = try arguments.text("scale").map { try Self.scale($0) }
    }

    /// Pixel scales that can be searched [arcsec/px].
    private static let scales = 0.001...30_000

    private static func position(_ text: String) throws -> SkyPosition {
        let words = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard words.count == 2 else { throw UsageError("--near \(text.printable): give RA,DEC, as in 31.04,46.69") }
        do { return try SkyPosition(givenRA: words[0], dec: words[1]) } catch { throw UsageError("--near: \(error)") }
    }

    private static func scale(_ text: String) throws -> ScaleEstimate {
        let words = text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) ?? .nan }
        guard words.count == 2, words.allSatisfy(scales.contains), words[0] <= words[1] else {
            throw UsageError(
                "--scale \(text.printable): give the least and the greatest scale [arcsec/px], as in 0.8,1.2,"
                    + " from \(scales.lowerBound) to \(Int(scales.upperBound))")
        }
        return ScaleEstimate(range: words[0]...words[1], isCertain: true, origin: "--scale")
    }

    /// - Parameters:
    ///   - ra: of the header [deg].
    ///   - arcsecPerPixel: of the instrument's document or the header.
    func filled(
        ra: Double?, dec: Double?, arcsecPerPixel: Double?
    ) -> (pointing: PointingEstimate?, scale: ScaleEstimate?) {
        let scale = self.scale ?? ScaleEstimate(arcsecPerPixel: arcsecPerPixel)
        if let near {
            let pointing = PointingEstimate(centre: near, uncertaintyDegrees: radiusDegrees, origin: "--near")
            return (pointing, scale)
        }
        return (PointingEstimate(ra: ra, dec: dec, uncertaintyDegrees: radiusDegrees), scale)
    }
}

/// `--distortion` and `--order`.
struct DistortionOptions {
    static let options = [
        Option("distortion", "tan|sip|tpv", "how distortion is written (default: sip; tan fits none)"),
        Option("order", "N", "of the distortion, 1 to 5 (default: the one of 1 to 4 that the stars support best)"),
    ]

    let orders: ClosedRange<Int>
    let writesTPV: Bool

    init(_ arguments: Arguments) throws {
        let name = arguments.text("distortion") ?? "sip"
        guard ["tan", "sip", "tpv"].contains(name) else {
            throw UsageError("--distortion \(name): give tan, sip or tpv")
        }
        let order = try arguments.integer("order", in: 1...5)
        if name == "tan", let order, order > 1 {
            throw UsageError("--distortion tan has no order \(order): give sip or tpv")
        }
        writesTPV = name == "tpv"
        orders = name == "tan" ? 1...1 : order.map { $0...$0 } ?? 1...4
    }
}
