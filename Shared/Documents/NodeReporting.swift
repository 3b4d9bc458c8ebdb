/// A single value that can say what it is before it is read, so that looking leaves no problem behind.
public protocol NodeReporting {
    var holdsText: Bool { get }
}
