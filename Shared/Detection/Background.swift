internal import CSEP
public import Imaging

/// The sky of a frame: a smooth level and its local scatter, from a mesh of tiles.
///
/// Each tile's level is its clipped mode (2.5 median - 1.5 mean, or the median where the tile is skewed), each tile's
/// scatter its clipped standard deviation; both are median-filtered over neighbouring tiles and interpolated by bicubic
/// splines. Masked pixels do not count.
///
/// - Source: Bertin & Arnouts 1996, A&AS 117, 393, section 3, as in libsep.
public struct Background: Sendable {
    /// [e-/px]
    public let level: Image<Electron>
    /// Scatter of single pixels [e-].
    public let rms: Image<Electron>
    /// Median over the mesh [e-/px]; NaN when the frame has no good pixel.
    public let globalLevel: Double
    /// Median over the mesh [e-].
    public let globalRMS: Double
    /// Side of a tile [px].
    public let tileSize: Int

    /// - Parameters:
    ///   - frame: its sky need not be flat; NaN and masked pixels are left out.
    ///   - tileSize: side of a tile [px]; large against a star, small against the sky's structure.
    ///   - filterSize: width of the median filter [tiles].
    public static func estimate(_ frame: CalibratedFrame, tileSize: Int = 64, filterSize: Int = 3) -> Background {
        estimate(frame, excluded: frame.excludedPixels(), tileSize: tileSize, filterSize: filterSize)
    }

    static func estimate(
        _ frame: CalibratedFrame, excluded: [UInt8], tileSize: Int, filterSize: Int
    ) -> Background {
        precondition(tileSize > 0 && filterSize > 0, "a background mesh needs tiles and a filter")
        guard excluded.contains(0) else { return empty(frame, tileSize: tileSize) }
        var pixels = frame.signal.pixels
        if excluded.contains(1) {
            for index in pixels.indices where excluded[index] != 0 { pixels[index] = 0 }
        }
        return mesh(pixels, excluded, frame, tileSize, filterSize) ?? empty(frame, tileSize: tileSize)
    }

    private static func empty(_ frame: CalibratedFrame, tileSize: Int) -> Background {
        let blank = Image<Electron>(width: frame.signal.width, height: frame.signal.height)
        return Background(level: blank, rms: blank, globalLevel: .nan, globalRMS: .nan, tileSize: tileSize)
    }

    private static func mesh(
        _ pixels: [Float], _ excluded: [UInt8], _ frame: CalibratedFrame, _ tileSize: Int, _ filterSize: Int
    ) -> Background? {
        var level = Image<Electron>(width: frame.signal.width, height: frame.signal.height)
        var rms = level
        return withSEPImage(pixels, excluded: excluded, width: level.width, height: level.height) { image in
            var mesh: UnsafeMutablePointer<sep_bkg>?
            let (side, filter) = (Int32(clamping: tileSize), Int32(clamping: filterSize))
            guard sep_background(&image, side, side, filter, filter, 0, &mesh) == 0, let mesh else { return nil }
            defer { sep_bkg_free(mesh) }
            guard sep_bkg_array(mesh, &level.pixels, SEP_TFLOAT) == 0,
                sep_bkg_rmsarray(mesh, &rms.pixels, SEP_TFLOAT) == 0
            else { return nil }
            let (globalLevel, globalRMS) = (Double(sep_bkg_global(mesh)), Double(sep_bkg_globalrms(mesh)))
            // libsep marks tiles without enough good pixels by -1e30; when all are, there is no sky.
            guard globalLevel > -1e29, globalLevel.isFinite, level.pixels.allSatisfy(\.isFinite) else { return nil }
            return Background(
                level: level, rms: rms, globalLevel: globalLevel, globalRMS: globalRMS, tileSize: tileSize)
        }
    }
}

extension CalibratedFrame {
    /// 1 for each pixel that carries no measurement: no data, bad, low flat, NaN or beyond 10^12 electrons, or without
    /// a finite positive variance.
    /// Saturated pixels stay: they show where bright stars are.
    package func excludedPixels() -> [UInt8] {
        let bad = PixelFlags([.noData, .bad, .lowFlat]).rawValue
        let count = mask.bits.count
        return [UInt8](unsafeUninitializedCapacity: count) { excluded, used in
            used = count
            mask.bits.withUnsafeBufferPointer { bits in
                signal.pixels.withUnsafeBufferPointer { signal in
                    variance.pixels.withUnsafeBufferPointer { variance in
                        for index in 0..<count {
                            // Without short cuts, so that the loop runs on vectors.
                            var faults: UInt8 = bits[index] & bad == 0 ? 0 : 1
                            faults |= abs(signal[index]) < 1e12 ? 0 : 1
                            faults |= variance[index] > 0 ? 0 : 1
                            faults |= variance[index] < 1e24 ? 0 : 1
                            excluded[index] = faults
                        }
                    }
                }
            }
        }
    }
}
