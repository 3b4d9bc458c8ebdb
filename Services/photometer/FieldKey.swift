internal import Events
internal import Foundation

/// What an instrument looks at: instrument and OBJECT; where there is no OBJECT, instrument and pointing rounded to
/// half the frame. Frames of one key that do not show the same stars are told apart by registration.
enum FieldKey {
    static func key(_ frame: FrameCalibrated) -> String {
        let exposure = frame.exposure
        if let object = exposure.object {
            let name = object.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
            if !name.isEmpty { return "\(frame.instrument.id)/\(name)" }
        }
        guard let ra = exposure.raDegrees, let dec = exposure.decDegrees, abs(ra) <= 720, abs(dec) <= 90 else {
            return "\(frame.instrument.id)/-"
        }
        let known = frame.instrument.pixelScaleArcsec.flatMap { (1e-4...1e5).contains($0) ? $0 : nil }
        let scale = known ?? 3600 * 0.5 / Double(max(exposure.width, exposure.height))
        let cell = 0.5 * Double(min(exposure.width, exposure.height)) * scale / 3600
        let row = (dec / cell).rounded()
        let column = (ra * cos(row * cell * .pi / 180) / cell).rounded()
        return "\(frame.instrument.id)/\(Int(column))x\(Int(row))@\(String(format: "%.4f", cell))"
    }
}
