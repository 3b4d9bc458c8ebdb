internal import CKernels

extension PixelPlanes {
    /// Peaks that the fits have left near stars and on their light, where hidden stars may be: whether they are stars
    /// is for the fit to say.
    ///
    /// A peak is the largest of its 3 x 3 pixels, whose sum is twice its standard deviation, with a twentieth of the
    /// starlight fitted there at least; at its barycentre. Only where there is starlight of a twentieth of the noise:
    /// stars in the open are the detection's.
    func hiddenPeaks() -> [(x: Double, y: Double)] {
        var peaks: [(x: Double, y: Double)] = []
        guard width > 2, height > 2 else { return peaks }
        var columns = [Int32](repeating: 0, count: width)
        withData { data, variance in
            for row in 1..<(height - 1) {
                let start = row * width
                let count = kernel_psf_peaks(
                    data + start, residual + start, variance + start, photonNoise, width, &columns)
                for column in columns.prefix(count) {
                    if let place = barycentre(start + Int(column)) {
                        peaks.append((Double(column) + place.x, Double(row) + place.y))
                    }
                }
            }
        }
        return peaks
    }

    /// Barycentre of the positive residual in 3 x 3 pixels; nil where one of them cannot be used.
    private func barycentre(_ i: Int) -> (x: Double, y: Double)? {
        var (positive, x, y) = (Float(0), Float(0), Float(0))
        for dy in -1...1 {
            for dx in -1...1 {
                let j = i + dy * width + dx
                guard usableVariance(j) > 0 else { return nil }
                positive += max(residual[j], 0)
                x += max(residual[j], 0) * Float(dx)
                y += max(residual[j], 0) * Float(dy)
            }
        }
        return (Double(x / positive), Double(y / positive))
    }
}
