internal import Foundation

/// Where one machine's system keeps everything: `--data DIR`.
struct DataFolder {
    let root: URL

    init(_ path: String) {
        root = URL(fileURLWithPath: path).standardizedFileURL
    }

    var frames: URL { root.appending(path: "frames") }
    var inbox: URL { root.appending(path: "inbox") }
    var harvest: URL { root.appending(path: "harvest") }
    var instruments: URL { root.appending(path: "instruments") }
    var attempts: URL { root.appending(path: "attempts") }
    var brokerAddress: URL { root.appending(path: "broker.port") }
    var postgres: URL { root.appending(path: "postgres") }

    func make() throws {
        for folder in [frames, inbox, harvest, instruments, attempts] {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
    }
}
