import Sky

/// One moment, position and site with what astropy 8.0.2 says of them: `Time.tai`, `Time.tdb` with
/// `light_travel_time`, barycentric and heliocentric, with the site; `AltAz` without pressure; `get_body` of Sun and
/// Moon from the site; all with its built-in ephemeris, UT1 = UTC and no polar motion.
struct PeerRow: Sendable {
    let time: String
    /// Right ascension, declination [deg].
    let position: [Double]
    /// Latitude, longitude [deg], elevation [m].
    let place: [Double]
    /// MJD.
    let tai, bjd: Double
    /// Heliocentric light time [s].
    let light: Double
    /// [deg]
    let altitude, azimuth, sun, moon, separation: Double
    let lit: Double

    init(
        _ time: String, _ position: [Double], _ place: [Double], tai: Double, bjd: Double, light: Double,
        altitude: Double, azimuth: Double, sun: Double, moon: Double, separation: Double, lit: Double
    ) {
        (self.time, self.position, self.place) = (time, position, place)
        (self.tai, self.bjd, self.light) = (tai, bjd, light)
        (self.altitude, self.azimuth, self.sun, self.moon) = (altitude, azimuth, sun, moon)
        (self.separation, self.lit) = (separation, lit)
    }
}

/// Leap seconds from 1990 to 2017 and the moments beside them, an eclipse of the Sun, and years up to 2060; both poles,
/// Mauna Kea, the Dead Sea, a balloon at 40 km, longitude 180.
let peerRows: [PeerRow] = [
    PeerRow(
        "1990-12-31T23:59:59.999", [31.04283, 46.68783], [90.0, 0.0, 0.0], tai: 48257.00028934028,
        bjd: 48257.003510594746, light: 245.558305,
        altitude: 46.650486, azimuth: 249.241673, sun: -23.062781, moon: 23.193079, separation: 62.330024, lit: 0.999176
    ),
    PeerRow(
        "1990-12-31T23:59:60.500", [0.0, 0.0], [-90.0, 0.0, 2835.0], tai: 48257.00029513889, bjd: 48256.99967033115,
        light: -86.742180,
        altitude: 0.048831, azimuth: 259.736751, sun: 23.058223, moon: -25.046581, separation: 103.253111, lit: 0.998890
    ),
    PeerRow(
        "1991-01-01T00:00:00.001", [270.0, 66.5607], [19.8283, -155.4783, 4205.0], tai: 48257.0003009375,
        bjd: 48257.000673358554, light: 0.022939,
        altitude: 38.238222, azimuth: 343.248947, sun: 41.258816, moon: -42.611501, separation: 89.286759, lit: 0.998996
    ),
    PeerRow(
        "1995-12-31T23:59:60.999", [180.0, -89.9], [31.5, 35.5, -430.0], tai: 50083.00034721065, bjd: 50082.9984786097,
        light: -192.130967,
        altitude: -31.411598, azimuth: 179.892513, sun: -58.146660, moon: 6.298026, separation: 104.544894,
        lit: 0.794352),
    PeerRow(
        "1998-12-31T12:00:00.000", [123.456, 21.0], [-77.85, 166.67, 40000.0], tai: 51178.50035879629,
        bjd: 51178.50604554024, light: 456.875709,
        altitude: -11.160237, azimuth: 34.994591, sun: 11.276495, moon: -7.209848, separation: 43.542230,
        lit: 0.963042),
    PeerRow(
        "2005-12-31T23:59:60.250", [31.04283, 46.68783], [0.0, 180.0, 0.0], tai: 53736.00037326389,
        bjd: 53736.00359733511, light: 244.593973,
        altitude: -13.978181, azimuth: 41.388899, sun: 66.953140, moon: 59.618654, separation: 112.957365, lit: 0.013386
    ),
    PeerRow(
        "2012-06-30T23:59:60.750", [0.0, 0.0], [-30.24, -70.74, 2663.0], tai: 56109.000402199075,
        bjd: 56109.00171978088, light: 82.831649,
        altitude: -49.420049, azimuth: 132.718034, sun: -26.556896, moon: 60.670002, separation: 118.596005,
        lit: 0.894522),
    PeerRow(
        "2015-07-01T00:00:00.000", [270.0, 66.5607], [90.0, 0.0, 0.0], tai: 57204.00041666667, bjd: 57204.00078868915,
        light: 0.034669,
        altitude: 66.564246, azimuth: 188.719178, sun: 23.135542, moon: -19.309759, separation: 85.974141, lit: 0.983844
    ),
    PeerRow(
        "2016-12-31T23:59:59.500", [180.0, -89.9], [-90.0, 0.0, 2835.0], tai: 57754.00041087963,
        bjd: 57753.998556303115, light: -191.706494,
        altitude: 89.987590, azimuth: 96.728777, sun: 22.996703, moon: 14.435063, separation: 75.570410, lit: 0.073817),
    PeerRow(
        "2016-12-31T23:59:60.000", [123.456, 21.0], [19.8283, -155.4783, 4205.0], tai: 57754.00041666667,
        bjd: 57754.00611855131, light: 459.646028,
        altitude: -49.194989, azimuth: 2.359597, sun: 41.344540, moon: 53.326912, separation: 169.112900,
        lit: 0.072189),
    PeerRow(
        "2017-01-01T00:00:00.000", [31.04283, 46.68783], [31.5, 35.5, -430.0], tai: 57754.00042824074,
        bjd: 57754.003644250886, light: 243.521351,
        altitude: 13.258946, azimuth: 317.184613, sun: -58.200962, moon: -73.919028, separation: 93.068775,
        lit: 0.072200),
    PeerRow(
        "2020-02-29T06:30:00.123", [0.0, 0.0], [-77.85, 166.67, 40000.0], tai: 58908.27126299769, bjd: 58908.2662389176,
        light: -464.125468,
        altitude: 5.478322, azimuth: 297.032646, sun: 9.470226, moon: -0.987859, separation: 41.468374, lit: 0.262873),
    PeerRow(
        "2024-04-08T18:18:00.000", [270.0, 66.5607], [0.0, 180.0, 0.0], tai: 60408.76292824074, bjd: 60408.76330216976,
        light: 0.019686,
        altitude: 21.650950, azimuth: 350.774745, sun: 4.053742, moon: 3.196613, separation: 90.029389, lit: 0.000064),
    PeerRow(
        "2026-11-21T22:00:00.000", [180.0, -89.9], [-30.24, -70.74, 2663.0], tai: 61365.91709490741,
        bjd: 61365.91552379455, light: -168.879799,
        altitude: 30.272029, azimuth: 179.962105, sun: 15.956019, moon: 17.618870, separation: 103.350302, lit: 0.904273
    ),
    PeerRow(
        "2033-03-20T07:22:35.000", [123.456, 21.0], [90.0, 0.0, 0.0], tai: 63676.30777777778, bjd: 63676.31116114252,
        light: 259.173307,
        altitude: 20.894557, azimuth: 344.846949, sun: -0.002402, moon: -15.434383, separation: 105.003943,
        lit: 0.844842),
    PeerRow(
        "2041-08-01T00:00:00.000", [31.04283, 46.68783], [-90.0, 0.0, 2835.0], tai: 66732.00042824075,
        bjd: 66732.00016375635, light: -57.535662,
        altitude: -46.882649, azimuth: 81.722232, sun: -17.968857, moon: -7.320435, separation: 116.572468,
        lit: 0.135812),
    PeerRow(
        "2050-06-21T15:32:00.000", [0.0, 0.0], [19.8283, -155.4783, 4205.0], tai: 69978.64765046297,
        bjd: 69978.64800950488, light: -1.986312,
        altitude: 66.622208, azimuth: 145.178704, sun: -3.371943, moon: -30.504038, separation: 117.065558,
        lit: 0.058152),
    PeerRow(
        "2059-12-31T23:59:59.999", [270.0, 66.5607], [31.5, 35.5, -430.0], tai: 73459.00042822916,
        bjd: 73459.0008011527, light: -0.060419,
        altitude: 14.093360, azimuth: 17.143403, sun: -58.145522, moon: -28.462736, separation: 92.039719, lit: 0.077895
    ),
    PeerRow(
        "2060-01-01T00:00:00.000", [180.0, -89.9], [-77.85, 166.67, 40000.0], tai: 73459.00042824075,
        bjd: 73458.99859094335, light: -192.309002,
        altitude: 77.834877, azimuth: 178.924800, sun: 34.772657, moon: 33.708977, separation: 67.549958,
        lit: 0.082446),
    PeerRow(
        "1990-01-01T00:00:00.000", [123.456, 21.0], [0.0, 180.0, 0.0], tai: 47892.000289351854, bjd: 47892.00598216531,
        light: 459.407708,
        altitude: -59.273771, azimuth: 314.616554, sun: 66.942864, moon: 40.086013, separation: 153.613100,
        lit: 0.158975),
]
