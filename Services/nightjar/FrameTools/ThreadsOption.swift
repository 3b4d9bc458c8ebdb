internal import Foundation

/// `--threads N`: what a command computes on; results are the same bits for any number.
enum ThreadsOption {
    static let option = Option("threads", "N", "computes on N threads; 0: on all processors (default: 1)")

    /// - Throws: `UsageError` for anything but a count.
    static func read(_ arguments: Arguments) throws -> Int {
        let wanted = try arguments.integer("threads", in: 0...1024) ?? 1
        return wanted > 0 ? wanted : ProcessInfo.processInfo.activeProcessorCount
    }
}
