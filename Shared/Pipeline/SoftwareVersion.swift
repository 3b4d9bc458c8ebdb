/// The version of all of Nightjar. Part of every recipe: a new version makes new measurements, it never overwrites.
public enum SoftwareVersion {
    public static let current = "0.1.0"
}
