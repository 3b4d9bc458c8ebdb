internal import Imaging
internal import Instruments

/// The masters of a command for each channel that its frames have: read once, when the first frame needs them.
struct ChannelMasters {
    /// Masters that cannot be used are not the fault of the frame that needs them first.
    struct Unusable: Error {
        let cause: any Error
    }

    private let arguments: Arguments
    private let frames: Int
    private var read: [BayerChannel?: MasterFiles] = [:]

    /// - Parameter frames: that the command was given.
    init(_ arguments: Arguments, frames: Int) { (self.arguments, self.frames) = (arguments, frames) }

    /// - Throws: `Unusable`.
    mutating func of(_ document: InstrumentDocument) throws -> MasterFiles {
        if let masters = read[document.channel] { return masters }
        let masters: MasterFiles
        do {
            masters = try MasterFiles(arguments, document: document, holding: .forFrames(frames))
        } catch {
            throw Unusable(cause: error)
        }
        for warning in masters.warnings { Terminal.complain("nightjar: \(warning)") }
        read[document.channel] = masters
        return masters
    }

    /// Keeps none any longer.
    mutating func letGo() { read = [:] }
}
