internal import Events
internal import FITS
internal import FrameStore
internal import Imaging

/// A frame's detections as the photometer left them in the store, with the header that holds the world coordinates.
struct DetectionTable {
    let x, y, ra, dec, flux, fluxError, fwhm, peak: [Double]
    let flags: [Int32]
    let header: Header
    /// Empty where the table has none.
    private let xErrors, yErrors: [Double]
    /// By the frame's star image; empty where none was fitted.
    let fluxPSF, fluxPSFError: [Double]
    /// All light of a star by optimal weights; empty where the table has none.
    let fluxOptimal, fluxOptimalError: [Double]

    var count: Int { x.count }

    init(_ file: StoredFile, in store: FrameStore) throws {
        var fits = try store.openFITS(file.url)
        let table = try fits.readTable(named: "DETECTIONS")
        func doubles(_ name: String) throws -> [Double] {
            switch table[name]?.values {
            case .double(let values): return values
            case .float(let values): return values.map { Double($0) }
            default: throw MissingColumn(file: file.url, column: name)
            }
        }
        x = try doubles("x")
        y = try doubles("y")
        ra = try doubles("ra_deg")
        dec = try doubles("dec_deg")
        flux = try doubles("flux_aperture")
        fluxError = try doubles("flux_aperture_err")
        fwhm = try doubles("fwhm_px")
        peak = try doubles("peak")
        guard case .int32(let values) = table["flags"]?.values else {
            throw MissingColumn(file: file.url, column: "flags")
        }
        flags = values
        header = table.header
        func given(_ name: String) throws -> [Double] { table[name] == nil ? [] : try doubles(name) }
        (xErrors, yErrors) = (try given("x_err"), try given("y_err"))
        (fluxPSF, fluxPSFError) = (try given("flux_psf"), try given("flux_psf_err"))
        (fluxOptimal, fluxOptimalError) = (try given("flux_optimal"), try given("flux_optimal_err"))
    }

    /// Standard errors of a place [px]; 0 where they are not known.
    func xError(_ row: Int) -> Double { xErrors.isEmpty || !xErrors[row].isFinite ? 0 : xErrors[row] }
    func yError(_ row: Int) -> Double { yErrors.isEmpty || !yErrors[row].isFinite ? 0 : yErrors[row] }
}

struct MissingColumn: Error, CustomStringConvertible {
    let file: String
    let column: String
    var description: String { "\(file): the table of detections has no column '\(column)'" }
}
