internal import Imaging

/// Which source each pixel of a frame belongs to.
struct Separation {
    /// 1 + index of the source; 0 for none.
    var labels: [Int32]
    /// For each source, whether its group holds others.
    var isBlended: [Bool] = []
    /// Groups that hold sources: the index of the first and their number.
    var parts: [(group: Int, first: Int, count: Int)] = []

    init(
        _ footprints: Footprints, _ frame: MeasurableFrame, _ parameters: DetectionParameters, smoothing: Double
    ) {
        labels = [Int32](planeOf: frame.residual.count) { [count = frame.residual.count] labels in
            labels.initialize(repeating: 0, count: count)
        }
        let threshold = Float(parameters.threshold)
        labels.withUnsafeMutableBufferPointer { labels in
            guard let labels = labels.baseAddress else { return }
            for (index, group) in footprints.groups.enumerated()
            where group.peakValue >= threshold && group.area >= parameters.minimumArea {
                let first = isBlended.count + 1
                guard group.peaks.count > 1 else {
                    for run in footprints.runs(of: group) {
                        (labels + Int(run.y) * frame.width + Int(run.start)).update(
                            repeating: Int32(first), count: run.pixels.count)
                    }
                    isBlended.append(false)
                    parts.append((index, first - 1, 1))
                    continue
                }
                let peak = Int(footprints.peakPixels[group.peaks.lowerBound])
                let noise = parameters.gainKnown ? frame.variance[peak].squareRoot() * Float(smoothing) : 0
                let rules = PeakTree.Rules(
                    threshold: threshold, contrast: Float(parameters.deblendContrast),
                    noisePerRatio: noise > 0 ? 1 / noise : 0)
                let count = PeakTree.separate(group, of: footprints, rules, labels: labels, first: first)
                isBlended.append(contentsOf: repeatElement(count > 1, count: count))
                parts.append((index, first - 1, count))
            }
        }
    }
}
