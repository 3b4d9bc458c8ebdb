internal import Documents
internal import Foundation
internal import Imaging
internal import Instruments

/// `--instrument DOC`, which several commands understand.
enum InstrumentOption {
    static let option = Option("instrument", "DOC", "instrument document (default: what the header says)")

    static func read(_ arguments: Arguments) throws -> InstrumentDocument {
        guard let path = arguments.text("instrument") else { return .automatic(id: "automatic") }
        guard FileManager.default.isReadableFile(atPath: path) else {
            throw UsageError("--instrument \(path): there is no such file, or it cannot be read")
        }
        return try decodeDocument(
            InstrumentDocument.self, from: Data(contentsOf: URL(fileURLWithPath: path)), name: path)
    }
}

/// Where results go: `--out FILE` for one input, `--out DIR` for one or more.
struct OutputPlace {
    let path: String
    /// The option that named it, without its dashes.
    let option: String
    private let isFolder: Bool

    /// - Throws: `UsageError` when several inputs would go into one file.
    init(_ path: String, inputs files: [String], option: String = "out") throws {
        self.option = option
        let inputs = files.count
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        self.isFolder = path.hasSuffix("/") || (exists && isFolder.boolValue) || (!exists && inputs > 1)
        self.path = path
        guard inputs <= 1 || self.isFolder else {
            throw UsageError("--\(option) \(path): a folder is needed for \(inputs) files")
        }
        for (index, file) in files.enumerated() {
            guard let other = files[..<index].first(where: { Self.stem(of: $0) == Self.stem(of: file) }) else {
                continue
            }
            throw UsageError(
                "\(other) and \(file) have one name: their results would be one file in --\(option) \(path)")
        }
    }

    /// The file for one input; makes the folder that was given, but not the one of a file that was given.
    ///
    /// - Parameters:
    ///   - ending: of the new name, without the dot.
    ///   - channel: one of the channels of the input, whose name becomes part of the file's.
    ///   - asked: the channel that the command names: where it is the only one, `--out FILE` is the file.
    func file(
        for input: String, ending: String, channel: BayerChannel? = nil, asked: BayerChannel? = nil
    ) throws -> String {
        let ending = channel.map { "\($0.rawValue).\(ending)" } ?? ending
        guard isFolder else {
            let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
            guard FileManager.default.fileExists(atPath: folder) else {
                throw UsageError("--\(option) \(path.printable): there is no folder \(folder.printable)")
            }
            return Self.path(path, of: channel, asked: asked)
        }
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw FrameError(path, "this folder cannot be made: \(systemWords(error))")
        }
        return URL(fileURLWithPath: path).appending(path: "\(Self.stem(of: input)).\(ending)").path
    }

    static func path(_ path: String, of channel: BayerChannel?, asked: BayerChannel?) -> String {
        guard let channel, channel != asked else { return path }
        return Self.path(path, of: channel)
    }

    /// `bias.fits` becomes `bias.TG.fits`.
    static func path(_ path: String, of channel: BayerChannel) -> String {
        let name = fileName(path)
        let stem = stem(of: path)
        let ending = stem == name ? (name as NSString).pathExtension : String(name.dropFirst(stem.count + 1))
        let bare = stem == name ? (name as NSString).deletingPathExtension : stem
        let own = "\(bare).\(channel.rawValue)" + (ending.isEmpty ? "" : ".\(ending)")
        return String(path.dropLast(name.count)) + own
    }

    /// A file's name without folder and endings.
    private static func stem(of input: String) -> String {
        var name = fileName(input)
        for packed in [".gz", ".fz"] where name.lowercased().hasSuffix(packed) { name.removeLast(packed.count) }
        for plain in [".fits", ".fit", ".fts"] where name.lowercased().hasSuffix(plain) { name.removeLast(plain.count) }
        return name
    }

    /// - Throws: `UsageError` when an output would replace an input, or something that is no file.
    static func requireDistinct(_ output: String, from inputs: [String], option: String = "out") throws {
        var facts = stat()
        guard stat(output, &facts) != 0 || facts.st_mode & S_IFMT == S_IFREG else {
            throw UsageError("--\(option) \(output): this is there already and is not a regular file")
        }
        let place = URL(fileURLWithPath: output).resolvingSymlinksInPath().path
        if inputs.contains(where: { URL(fileURLWithPath: $0).resolvingSymlinksInPath().path == place }) {
            throw UsageError("--\(option) \(output): this would replace an input file")
        }
    }
}
