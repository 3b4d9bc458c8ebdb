import Foundation
import Testing

/// A host of its own on this machine: a network namespace with one address, and with nothing but loopback and a cable
/// to the other host in it.
final class Host {
    let name: String
    let address: String

    private init(name: String, address: String) {
        self.name = name
        self.address = address
    }

    /// Two hosts on one cable; both are gone afterwards.
    static func pair(_ body: (_ main: Host, _ other: Host) throws -> Void) throws {
        let main = Host(name: "nightjar-\(getpid())-a", address: "10.77.0.1")
        let other = Host(name: "nightjar-\(getpid())-b", address: "10.77.0.2")
        defer { for host in [main, other] { host.remove() } }
        for host in [main, other] { try ip("netns", "add", host.name) }
        try ip("-n", main.name, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", other.name)
        for host in [main, other] {
            try ip("-n", host.name, "address", "add", host.address + "/24", "dev", "cable")
            for link in ["lo", "cable"] { try ip("-n", host.name, "link", "set", link, "up") }
        }
        try body(main, other)
    }

    private func remove() {
        do {
            try Self.ip("netns", "delete", name)
        } catch {
            print("network namespace \(name) stays behind: \(error)")
        }
    }

    private static func ip(_ arguments: String...) throws {
        let ended = try Program("/usr/sbin/ip", arguments).run()
        guard ended.status == 0 else { throw ProgramFailed("ip \(arguments.joined(separator: " ")): \(ended.output)") }
    }

    /// Why this machine cannot have hosts of its own; nil when it can.
    static var obstacle: String? {
        guard getuid() == 0 else { return "network namespaces and mounts need root" }
        do {
            let probe = "nightjar-\(getpid())-probe"
            try ip("netns", "add", probe)
            defer { do { try ip("netns", "delete", probe) } catch { print("\(probe) stays behind: \(error)") } }
            try ip("-n", probe, "link", "add", "cable", "type", "veth", "peer", "name", "end")
            return nil
        } catch {
            return "no network namespace can be made here: \(error)"
        }
    }

    /// The same program, run on this host.
    func running(_ program: Program) -> Program {
        program.after("/usr/sbin/ip", ["netns", "exec", name])
    }
}
