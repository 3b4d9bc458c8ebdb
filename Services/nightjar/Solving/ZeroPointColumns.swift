internal import FITS
internal import PhotometricCalibration
internal import Photometry
internal import ReferenceCatalogue

extension ZeroPointSolution {
    /// Magnitudes and their errors in place of the instrumental ones; NaN for a flux that has none.
    ///
    /// - Parameters:
    ///   - magnitude: the column's name.
    ///   - by: which stars the zero point is from.
    ///   - colour: of a star, where it is known.
    func columns(
        _ rows: [Photometry.Measurement], magnitude: String, band: PhotometricBand, by stars: String,
        colour: (Photometry.Measurement) -> Measured? = { _ in nil }
    ) -> [FITSColumn] {
        let values = rows.map { row in
            CatalogueZeroPoint.flux(row, fluxKind).flatMap {
                self.magnitude(of: $0, kind: fluxKind, x: row.x, y: row.y, colour: colour(row))
            }
        }
        return [
            FITSColumn(
                name: magnitude, unit: "mag", description: "\(band.id) (\(band.magnitudeSystem.rawValue)), by \(stars)",
                values: .double(values.map { $0?.value ?? .nan })),
            FITSColumn(
                name: magnitude + "_err", unit: "mag", description: "standard error, with that of the zero point",
                values: .double(values.map { $0?.error ?? .nan })),
        ]
    }
}
