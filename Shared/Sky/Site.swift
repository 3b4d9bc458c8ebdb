/// A place on Earth, WGS 84.
public struct Site: Sendable, Hashable {
    /// Geodetic latitude [deg], north positive.
    public let latitudeDegrees: Double
    /// Longitude [deg], east positive, -180 <= value < 180.
    public let longitudeDegrees: Double
    /// Height above the ellipsoid [m].
    public let elevationMeters: Double

    /// - Parameters:
    ///   - latitudeDegrees: -90 ... 90.
    ///   - longitudeDegrees: east positive, -180 ... 360.
    ///   - elevationMeters: -500 ... 50,000 (balloons and aircraft included).
    /// - Throws: `SkyError.outOfRange` naming the coordinate.
    public init(latitudeDegrees: Double, longitudeDegrees: Double, elevationMeters: Double) throws(SkyError) {
        guard latitudeDegrees >= -90, latitudeDegrees <= 90 else {
            throw .outOfRange(quantity: "site latitude [deg]", value: latitudeDegrees, allowed: "-90 to 90")
        }
        guard longitudeDegrees >= -180, longitudeDegrees <= 360 else {
            throw .outOfRange(quantity: "site longitude [deg]", value: longitudeDegrees, allowed: "-180 to 360")
        }
        guard elevationMeters >= -500, elevationMeters <= 50_000 else {
            throw .outOfRange(quantity: "site elevation [m]", value: elevationMeters, allowed: "-500 to 50000")
        }
        self.latitudeDegrees = latitudeDegrees
        self.longitudeDegrees = longitudeDegrees >= 180 ? longitudeDegrees - 360 : longitudeDegrees
        self.elevationMeters = elevationMeters
    }
}
