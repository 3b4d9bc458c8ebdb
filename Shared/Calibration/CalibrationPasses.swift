internal import CKernels
public import Imaging

/// The passes over the pixels of which calibrating a light consists, one by one, so that a benchmark can compare each
/// with the bandwidth of the memory; with nothing but the noise model in the variance.
public struct CalibrationPasses {
    private let raw: Image<ADU>
    private let kernel: SignalKernel
    private let noise: NoiseModel
    private let meshSpacing: Int
    private var signal: Image<Electron>
    private var mask: Mask
    private var sky: Mesh
    private var variance: Image<ElectronSquared>

    /// - Throws: `darkNotScalable`, `masterNotReadable`. The masters have the shape of `raw`.
    public init(
        _ light: LightCalibration, raw: Image<ADU>, exposureSeconds: Double
    ) throws(CalibrationError) {
        self.raw = raw
        let pedestal = try LightPedestal(
            bias: light.masters.bias, dark: light.masters.dark, exposureSeconds: exposureSeconds,
            tolerance: light.tolerance)
        kernel = SignalKernel(
            pedestal: pedestal, flat: light.masters.flat, gain: light.detector.gain ?? 1,
            saturation: light.detector.saturationADU.map { Float($0) } ?? .infinity, lowestFlat: light.lowestFlat,
            threads: light.threads)
        noise = NoiseModel(
            pedestal: pedestal, flat: light.masters.flat, gain: light.detector.gain ?? 1,
            readNoise: light.detector.readNoiseElectrons ?? 0,
            parts: NoiseModel.Parts(hasModel: true, hasSky: true, hasScatter: false),
            roundingVariance: light.detector.roundingVariance, threads: light.threads)
        meshSpacing = light.meshSpacing
        (signal, mask) = try kernel.apply(to: raw)
        sky = Mesh(of: signal, spacing: meshSpacing, skipping: mask, threads: light.threads)
        variance = try noise.variance(of: sky, width: raw.width, height: raw.height, mask: mask)
    }

    /// Reads raw frame and masters, writes signal and mask.
    public mutating func measureSignal() throws(CalibrationError) { (signal, mask) = try kernel.apply(to: raw) }
    /// Reads every second row of signal and mask.
    public mutating func measureBackground() {
        sky = Mesh(of: signal, spacing: meshSpacing, skipping: mask, threads: kernel.threads)
    }
    /// Reads flat, dark, errors and mask, writes the variance.
    public mutating func measureVariance() throws(CalibrationError) {
        variance = try noise.variance(of: sky, width: raw.width, height: raw.height, mask: mask)
    }

    /// Read and written by each pass [bytes]; what is only there because a cache line is written is not counted.
    public var signalBytes: Int { kernel.bytesPerPixel * raw.pixels.count }
    public var backgroundBytes: Int { 3 * raw.pixels.count }
    public var varianceBytes: Int { noise.bytesPerPixel * raw.pixels.count }
}

/// a[i] = b[i] + s * c[i] over planes of Float: the usual measure of a machine's memory bandwidth.
///
/// - Source: McCalpin 1995, STREAM.
public struct Triad {
    private var target: [Float]
    private let first: [Float]
    private let second: [Float]

    public init(count: Int) {
        target = [Float](repeating: 0, count: count)
        first = [Float](repeating: 1, count: count)
        second = [Float](repeating: 2, count: count)
    }

    public mutating func run() {
        let count = target.count
        target.withUnsafeMutableBufferPointer { kernel_triad($0.baseAddress!, first, second, 3, count) }
    }

    /// Read and written by one run.
    public var bytes: Int { 12 * target.count }
}
