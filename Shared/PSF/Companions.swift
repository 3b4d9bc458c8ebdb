internal import CKernels

extension PixelPlanes {
    /// Peaks that the fits have left on starlight: stars hidden in the images of others.
    ///
    /// A peak is the largest of its 3 x 3 pixels, whose sum is above `threshold` of its standard deviation, with a
    /// tenth of the starlight fitted there at least; at its barycentre. Only where there is starlight: stars in the
    /// open are the detection's.
    func hiddenPeaks(threshold: Float) -> [(x: Double, y: Double)] {
        var peaks: [(x: Double, y: Double)] = []
        guard width > 2, height > 2 else { return peaks }
        withData { data, variance in
            for row in 1..<(height - 1) {
                for i in (row * width + 1)..<(row * width + width - 1) {
                    let (value, light) = (residual[i], data[i] - residual[i])
                    guard value > 0.1 * light, variance[i] > 0, light * light > variance[i],
                        value * value > variance[i] + photonNoise * light, isPeak(i)
                    else { continue }
                    let patch = patch(i, data)
                    guard patch.sum > 0, patch.sum * patch.sum > threshold * threshold * patch.variance
                    else { continue }
                    peaks.append((Double(i % width) + patch.x, Double(row) + patch.y))
                }
            }
        }
        return peaks
    }

    /// Sum, variance and barycentre of the residual in 3 x 3 pixels; no finite variance where one cannot be used.
    private func patch(
        _ i: Int, _ data: UnsafePointer<Float>
    ) -> (sum: Float, variance: Float, x: Double, y: Double) {
        var (sum, variance, positive, x, y) = (Float(0), Float(0), Float(0), Float(0), Float(0))
        for dy in -1...1 {
            for dx in -1...1 {
                let j = i + dy * width + dx
                let usable = usableVariance(j)
                variance += usable > 0 ? usable + photonNoise * max(data[j] - residual[j], 0) : .infinity
                sum += residual[j]
                positive += max(residual[j], 0)
                x += max(residual[j], 0) * Float(dx)
                y += max(residual[j], 0) * Float(dy)
            }
        }
        return (sum, variance, Double(x / positive), Double(y / positive))
    }

    private func isPeak(_ i: Int) -> Bool {
        let value = residual[i]
        let above = i - width
        let below = i + width
        return value > residual[i - 1] && value >= residual[i + 1] && value > residual[above]
            && value >= residual[below]
            && value > residual[above - 1] && value > residual[above + 1] && value >= residual[below - 1]
            && value >= residual[below + 1]
    }
}
