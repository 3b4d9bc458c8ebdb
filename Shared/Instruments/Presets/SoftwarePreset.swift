internal import Imaging

/// How one acquisition program writes its headers: what differs from the usual.
public struct SoftwarePreset: Sendable, Identifiable {
    /// The name that instrument documents use in `software`.
    public let id: String
    /// The program, and what its headers mean that is not obvious.
    public let text: String
    /// A header is this program's when the value of the keyword fits the pattern (`*`, `?`, without case).
    var signatures: [(keyword: String, pattern: String)] = []
    var keywords: [HeaderFact: [String]] = [:]
    var dateKeywords: [String]?
    var timestamp: Timestamp?
    /// The comment of the date keyword says which moment is meant.
    var timestampComments: [(pattern: String, timestamp: Timestamp)] = []
    var defaultKind: FrameKind?
    var longitudeSign: LongitudeSign?
    var pointingUnits: PointingUnits?
    var temperatureUnit: TemperatureUnit?
    var temperatureMissingValue: Double?

    func wrote(_ header: Header) -> Bool {
        signatures.contains { signature in
            header.text(signature.keyword).map { Glob(signature.pattern).matches($0) } ?? false
        }
    }

    /// The presets that wrote a header, in the order of `all`; none when it is nobody's we know.
    static func recognised(in header: Header) -> [SoftwarePreset] { all.filter { $0.wrote(header) } }

    public static func named(_ id: String) -> SoftwarePreset? { all.first { $0.id == id } }
}

/// The usual: what SBFITSEXT, the FITS standard and most programs agree on. Every preset falls back to it.
enum UsualHeader {
    static let keywords: [HeaderFact: [String]] = [
        .kind: ["IMAGETYP", "FRAMETYP", "FRAME", "OBSTYPE", "CALFRAME"],
        .object: ["OBJECT", "OBJNAME", "TARGET"],
        .filter: ["FILTER", "FILTER1", "FILTER2", "FILTER3", "FILTNAM", "FILT-1"],
        .exposure: ["EXPTIME", "EXPOSURE", "XPOSURE", "EXP", "EXP_TIME", "ITIME"],
        .binningX: ["XBINNING", "CCDXBIN", "XBIN", "BINX", "BINNING", "CCDSUM"],
        .binningY: ["YBINNING", "CCDYBIN", "YBIN", "BINY", "BINNING", "CCDSUM"],
        .temperature: ["CCD-TEMP", "CCDTEMP", "DET-TEMP", "CAMTEMP", "TEMPERAT"],
        .setTemperature: ["SET-TEMP", "SETTEMP", "CCDSTEMP"],
        .gain: ["EGAIN"],
        .readNoise: ["RDNOISE", "READNOIS", "RON"],
        .saturation: ["SATURATE", "SATLEVEL"],
        .latitude: ["SITELAT", "LAT-OBS", "OBSGEO-B", "LATITUDE", "OBSLAT", "GEOLAT"],
        .longitude: ["SITELONG", "LONG-OBS", "OBSGEO-L", "LONGITUD", "OBSLONG", "GEOLONG"],
        .elevation: ["SITEELEV", "ALT-OBS", "OBSGEO-H", "ELEVATIO", "OBSALT"],
        .rightAscension: ["OBJCTRA", "RA", "OBJRA", "TELRA", "RA_OBJ", "CRVAL1"],
        .declination: ["OBJCTDEC", "DEC", "OBJDEC", "TELDEC", "DEC_OBJ", "CRVAL2"],
        .airmass: ["AIRMASS", "SECZ", "AMASS"],
        .pixelScale: ["PIXSCALE", "SECPIX", "SCALE", "IM_SCALE", "PIXSCAL1"],
        .pixelSize: ["XPIXSZ"],
        .focalLength: ["FOCALLEN"],
        .camera: ["INSTRUME", "CAMERA", "DETECTOR"],
        .telescope: ["TELESCOP"],
        .aperture: ["APTDIA"],
        .bayerPattern: ["BAYERPAT", "COLORTYP", "CFAIMAGE"],
        .pedestal: ["PEDESTAL"],
        .stackCount: ["STACKCNT", "NCOMBINE", "SNAPSHOT", "NUMFRAME"],
    ]

    /// DATE-OBS outranks MJD-OBS, which many programs round to a minute or two.
    static let dateKeywords = [
        "DATE-OBS", "DATE_OBS", "DATEOBS", "DATE-BEG", "DATE-AVG", "UT-OBS", "DATE-END", "MJD-OBS", "MJD-BEG",
        "MJD-AVG",
        "MJD-END", "MJD", "JD", "JD-OBS",
    ]

    static let timeKeywords = ["TIME-OBS", "TIME_OBS", "UT", "UTC", "UTC-OBS", "UT-OBS", "UTSTART", "UT-START"]

    /// IMAGETYP spellings in lower case, letters and digits only.
    static let kinds: [String: FrameKind] = [
        "light": .light, "lights": .light, "lightframe": .light, "object": .light, "science": .light, "target": .light,
        "standard": .light, "expose": .light, "masterlight": .light, "sci": .light,
        "bias": .bias, "biasframe": .bias, "zero": .bias, "masterbias": .bias, "offset": .bias,
        "dark": .dark, "darks": .dark, "darkframe": .dark, "masterdark": .dark, "darkflat": .dark, "flatdark": .dark,
        "masterdarkflat": .dark, "masterflatdark": .dark,
        "flat": .flat, "flats": .flat, "flatfield": .flat, "flatframe": .flat, "skyflat": .flat, "domeflat": .flat,
        "twilightflat": .flat, "twilight": .flat, "masterflat": .flat,
    ]

    /// Texts that programs write when they know nothing, in lower case.
    static let placeholders: Set<String> = ["", "none", "unknown", "n/a", "na", "null", "undefined", "-", "--"]
}
