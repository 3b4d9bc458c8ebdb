internal import CKernels
internal import Imaging

/// Fills the new grid row by row.
struct Resampler {
    private let settings: ResamplingSettings
    private let bordered: BorderedFrame
    private let phases: [Float]
    private let width: Int
    private let height: Int
    private var places: PlaceRow
    private var output: CalibratedFrame
    private var filled = 0
    private var noise: NoiseSample

    init(_ frame: CalibratedFrame, width: Int, height: Int, settings: ResamplingSettings) {
        (self.settings, self.width, self.height) = (settings, width, height)
        bordered = BorderedFrame(frame, excluded: settings.excluded)
        phases = settings.kernel.phaseTable()
        places = PlaceRow(width: width)
        output = CalibratedFrame(
            signal: Image(width: width, height: height), variance: Image(width: width, height: height),
            mask: Mask(width: width, height: height))
        noise = NoiseSample(
            phases: phases, frameWidth: frame.signal.width, frameHeight: frame.signal.height)
    }

    mutating func fillRow(_ y: Int, by map: PixelMap) {
        map.fill(&places, y: y)
        if settings.kernel == .nearest { places.roundToPixels() }
        if y % 8 == 0 { noise.add(places) }
        if !settings.conservesFlux { places.forgetArea() }
        filled += sumRow(y)
    }

    func result() -> ResampledFrame {
        ResampledFrame(frame: output, coverage: Double(filled) / Double(width * height), noise: noise.result)
    }

    /// - Returns: the number of pixels that have a value.
    private mutating func sumRow(_ y: Int) -> Int {
        let (start, width, places, settings) = (y * width, width, places, settings)
        return bordered.withKernelFrame { frame in
            output.signal.pixels.withUnsafeMutableBufferPointer { signal in
                output.variance.pixels.withUnsafeMutableBufferPointer { variance in
                    output.mask.bits.withUnsafeMutableBufferPointer { bits in
                        places.withKernelPlaces { kernelPlaces in
                            kernelPlaces.signal = signal.baseAddress! + start
                            kernelPlaces.variance = variance.baseAddress! + start
                            kernelPlaces.flags = bits.baseAddress! + start
                            return kernel_resample_row(
                                frame, phases, &kernelPlaces, width,
                                max(settings.minimumWeight, .leastNormalMagnitude), PixelFlags.noData.rawValue)
                        }
                    }
                }
            }
        }
    }
}

/// The places of one row of the new grid in the frame.
struct PlaceRow {
    var x: [Double]
    var y: [Double]
    /// Area of each new pixel in the frame [px^2].
    var area: [Float]

    init(width: Int) {
        x = [Double](repeating: 0, count: width)
        y = x
        area = [Float](repeating: 1, count: width)
    }

    mutating func roundToPixels() {
        for i in x.indices {
            x[i] = (x[i] + 0.5).rounded(.down)
            y[i] = (y[i] + 0.5).rounded(.down)
        }
    }

    mutating func forgetArea() {
        for i in area.indices { area[i] = 1 }
    }

    func withKernelPlaces<Result>(_ body: (inout kernel_resample_places) -> Result) -> Result {
        x.withUnsafeBufferPointer { x in
            y.withUnsafeBufferPointer { y in
                area.withUnsafeBufferPointer { area in
                    var places = kernel_resample_places()
                    (places.x, places.y, places.factor) = (x.baseAddress, y.baseAddress, area.baseAddress)
                    return body(&places)
                }
            }
        }
    }
}

/// What resampling does to white noise, from every eighth place of the rows that are added.
struct NoiseSample {
    /// Sum of the squared weights of each phase.
    private let squares: [Double]
    private var count = 0
    private var sum = 0.0
    private var area = 0.0
    private let frame: (width: Double, height: Double)

    init(phases: [Float], frameWidth: Int, frameHeight: Int) {
        let taps = Int(KERNEL_RESAMPLE_TAPS)
        squares = (0...Int(KERNEL_RESAMPLE_PHASES)).map { phase in
            phases[(phase * taps)..<(phase * taps + taps)].reduce(0) { $0 + Double($1) * Double($1) }
        }
        frame = (Double(frameWidth), Double(frameHeight))
    }

    /// Places whose kernel lies inside the frame.
    mutating func add(_ row: PlaceRow) {
        for i in stride(from: 0, to: row.x.count, by: 8) {
            let (x, y) = (row.x[i], row.y[i])
            guard x >= 2, x < frame.width - 3, y >= 2, y < frame.height - 3 else { continue }
            count += 1
            sum += squares[phase(x)] * squares[phase(y)]
            area += Double(row.area[i])
        }
    }

    private func phase(_ place: Double) -> Int {
        Int(((place - place.rounded(.down)) * Double(KERNEL_RESAMPLE_PHASES)).rounded())
    }

    var result: ResampledNoise {
        let ratio = sum / Double(count)
        let factor = 1 / (area / Double(count) * ratio).squareRoot()
        return ResampledNoise(varianceRatio: ratio, correlationFactor: factor)
    }
}
