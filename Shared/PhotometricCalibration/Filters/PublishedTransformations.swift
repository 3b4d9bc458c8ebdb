extension MagnitudeTransformation {
    /// Every transformation that is known, those to be preferred first for each pair of systems.
    public static let published = gaia + panSTARRS + lupton + jordi

    /// Transformations to a band from what a catalogue has, the preferred first.
    public static func leading(to target: PhotometricBand, from bands: Set<PhotometricBand>) -> [Self] {
        published.filter { $0.target == target && $0.inputs.isSubset(of: bands) }
    }

    private static func johnson(_ name: String) -> PhotometricBand { .init(.johnsonCousins, name) }
    private static func sdss(_ name: String) -> PhotometricBand { .init(.sdss, name) }
    private static func ps1(_ name: String) -> PhotometricBand { .init(.panSTARRS, name) }

    /// Gaia DR3 G, BP and RP (Vega) to Johnson-Cousins, SDSS and 2MASS, polynomials in BP - RP.
    ///
    /// Scatter of JHK and ranges of B, I and z are in the tables of the source, but were not at hand.
    ///
    /// - Source: Riello et al. 2021, A&A 649, A3, appendix C; Gaia DR3 documentation, section 5.5.1 (B, z).
    static let gaia: [Self] = {
        let source = "Riello et al. 2021, A&A 649, A3; Gaia DR3 documentation 5.5.1"
        // G - X
        let rows: [(PhotometricBand, [Double], ClosedRange<Double>?, Double?)] = [
            (johnson("B"), [0.01448, -0.6874, -0.3604, 0.06718, -0.006061], nil, 0.0633),
            (johnson("V"), [-0.02704, 0.01424, -0.2156, 0.01426], -0.5...5.0, 0.03017),
            (johnson("R"), [-0.02275, 0.3961, -0.1243, -0.01396, 0.003775], 0.0...4.0, 0.03167),
            (johnson("I"), [0.01753, 0.76, -0.0991], nil, 0.03765),
            (sdss("g"), [0.2199, -0.6365, -0.1548, 0.0064], 0.3...3.0, 0.0745),
            (sdss("r"), [-0.09837, 0.08592, 0.1907, -0.1701, 0.02263], 0.0...3.0, 0.03776),
            (sdss("i"), [-0.293, 0.6404, -0.09609, -0.002104], 0.5...2.0, 0.04092),
            (sdss("z"), [-0.4619, 0.8992, -0.08271, 0.005029], nil, 0.041161),
            (.init(.twoMASS, "J"), [0.01798, 1.389, -0.09338], -0.5...2.5, nil),
            (.init(.twoMASS, "H"), [-0.1048, 2.011, -0.1758], -0.5...2.5, nil),
            (.init(.twoMASS, "K"), [-0.0981, 2.089, -0.1579], -0.5...2.5, nil),
        ]
        return rows.map { target, coefficients, range, scatter in
            Self(
                target, from: .init(.gaia, "G"), .init(.gaia, "BP"), .init(.gaia, "RP"), coefficients.map { -$0 },
                range: range, scatter: scatter, source: source)
        }
    }()

    /// Pan-STARRS grizy (AB) to Johnson-Cousins (Vega) and SDSS (AB), quadratic in g - r of Pan-STARRS.
    ///
    /// Scatter of the four to SDSS and the ranges of colour were not at hand.
    ///
    /// - Source: Tonry et al. 2012, ApJ 750, 99, table 6 (A0, A1, A2).
    static let panSTARRS: [Self] = {
        let rows: [(PhotometricBand, String, [Double], Double?)] = [
            (johnson("B"), "g", [0.212, 0.556, 0.034], 0.032), (johnson("V"), "r", [0.005, 0.462, 0.013], 0.012),
            (johnson("R"), "r", [-0.137, -0.108, -0.029], 0.015), (johnson("I"), "i", [-0.366, -0.136, -0.018], 0.017),
            (sdss("g"), "g", [0.013, 0.145, 0.019], nil), (sdss("r"), "r", [-0.001, 0.004, 0.007], nil),
            (sdss("i"), "i", [-0.005, 0.011, 0.010], nil), (sdss("z"), "z", [0.013, -0.039, -0.012], nil),
        ]
        return rows.map { target, base, coefficients, scatter in
            Self(
                target, from: ps1(base), ps1("g"), ps1("r"), coefficients, scatter: scatter,
                source: "Tonry et al. 2012, ApJ 750, 99, table 6")
        }
    }()

    /// SDSS ugriz (AB, as measured) to Johnson-Cousins (Vega), for stars; no range of colour is published.
    ///
    /// - Source: Lupton 2005, www.sdss.org/dr12/algorithms/sdssubvritransform.
    static let lupton: [Self] = {
        let rows: [(String, String, String, String, [Double], Double)] = [
            ("B", "g", "g", "r", [0.2271, 0.3130], 0.0107), ("B", "u", "u", "g", [0.1313, -0.8116], 0.0095),
            ("V", "g", "g", "r", [-0.0038, -0.5784], 0.0054), ("V", "g", "u", "g", [0.0885, -0.2906], 0.0129),
            ("R", "r", "r", "i", [-0.1439, -0.2936], 0.0072), ("R", "r", "g", "r", [-0.0971, -0.1837], 0.0106),
            ("I", "r", "r", "i", [-0.3820, -1.2444], 0.0078), ("I", "i", "i", "z", [-0.3974, -0.3780], 0.0063),
        ]
        return rows.map { target, base, blue, red, coefficients, scatter in
            Self(
                johnson(target), from: sdss(base), sdss(blue), sdss(red), coefficients, scatter: scatter,
                source: "Lupton 2005, sdss.org, SDSS to UBVRI")
        }
    }()

    /// Johnson-Cousins (Vega) to SDSS (AB, as measured); scatter and ranges, except where r bends, were not at hand.
    ///
    ///     g - V = 0.630 (B-V) - 0.124              u - g = 0.750 (U-B) + 0.770 (B-V) + 0.720
    ///     r - R = 0.267 (V-R) + 0.088  V-R <= 0.93;   0.77 (V-R) - 0.37  above
    ///     i - I = 0.247 (R-I) + 0.329              r - i = 1.007 (R-I) - 0.236,   r - z = 1.584 (R-I) - 0.386
    ///
    /// z here is i less the difference of the last two.
    ///
    /// - Source: Jordi, Grebel & Ammon 2006, A&A 460, 339, table 3 and equations 1 to 8.
    static let jordi: [Self] = {
        let source = "Jordi, Grebel & Ammon 2006, A&A 460, 339"
        let (u, b, v) = (johnson("U"), johnson("B"), johnson("V"))
        let (r, i) = (johnson("R"), johnson("I"))
        let ultraviolet = [
            Term(coefficient: 0.720 - 0.124, power: 0, blue: b, red: v),
            Term(coefficient: 0.770 + 0.630, power: 1, blue: b, red: v),
            Term(coefficient: 0.750, power: 1, blue: u, red: b),
        ]
        let infrared = [0.329 + 0.386 - 0.236, 0.247 - (1.584 - 1.007)]
        return [
            Self(sdss("u"), from: v, terms: ultraviolet, scatter: nil, source: source),
            Self(sdss("g"), from: v, b, v, [-0.124, 0.630], scatter: nil, source: source),
            Self(sdss("r"), from: r, v, r, [0.088, 0.267], range: -1...0.93, scatter: nil, source: source),
            Self(sdss("r"), from: r, v, r, [-0.37, 0.77], range: 0.93...3, scatter: nil, source: source),
            Self(sdss("i"), from: i, r, i, [0.329, 0.247], scatter: nil, source: source),
            Self(sdss("z"), from: i, r, i, infrared, scatter: nil, source: source),
        ]
    }()
}
