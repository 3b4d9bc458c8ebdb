internal import Foundation
internal import Synchronization

/// Carries TCP connections from one address of this machine to a port on loopback: how other hosts reach the embedded
/// broker, which listens on loopback alone. Two threads a connection; ends with the process.
final class Forwarder: Sendable {
    private let listener: Int32
    private let port: UInt16
    private let accepted = Atomic<Int>(0)
    /// `address:port` that it listens on.
    let address: String

    var connections: Int { accepted.load(ordering: .relaxed) }

    /// - Parameter address: `10.0.0.1:9092`, `0.0.0.0:9092`; port 0 lets the system choose one.
    init(listeningOn address: String, to port: UInt16) throws(ForwarderError) {
        self.port = port
        listener = try Self.listener(on: address)
        var bound = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &bound) { [listener] pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(listener, $0, &size) }
        }
        self.address = "\(address.prefix { $0 != ":" }):\(UInt16(bigEndian: bound.sin_port))"
        Thread.detachNewThread { [self] in acceptAll() }
    }

    /// A socket that listens at `address`; the caller closes it.
    static func listener(on address: String) throws(ForwarderError) -> Int32 {
        let parts = address.split(separator: ":")
        guard parts.count == 2, let number = UInt16(parts[1]), var place = ipv4(String(parts[0]), number) else {
            throw ForwarderError(description: "'\(address)' is not of the form IPv4 address:port")
        }
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard withAddress(&place, { bind(listener, $0, $1) }) == 0, listen(listener, 64) == 0 else {
            let reason = String(cString: strerror(errno))
            Foundation.close(listener)
            throw ForwarderError(description: "cannot listen on \(address): \(reason)")
        }
        return listener
    }

    private func acceptAll() {
        while true {
            let outer = accept(listener, nil, nil)
            if outer < 0 && (errno == EINTR || errno == ECONNABORTED) { continue }
            if outer < 0 {
                // Out of descriptors for the moment: those who wait stay in the queue.
                usleep(100_000)
                continue
            }
            accepted.add(1, ordering: .relaxed)
            connect(outer)
        }
    }

    private func connect(_ outer: Int32) {
        let inner = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard var place = ipv4("127.0.0.1", port), withAddress(&place, { Foundation.connect(inner, $0, $1) }) == 0
        else {
            Foundation.close(inner)
            Foundation.close(outer)
            return
        }
        var yes: Int32 = 1
        for end in [inner, outer] {
            setsockopt(end, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        }
        let pair = SocketPair(inner, outer)
        Thread.detachNewThread { pair.copy(from: inner, to: outer) }
        Thread.detachNewThread { pair.copy(from: outer, to: inner) }
    }
}

/// The forwarder cannot do what it was asked for.
struct ForwarderError: Error, CustomStringConvertible {
    let description: String
}

/// Two sockets, closed when both directions have ended.
private final class SocketPair: Sendable {
    private let first: Int32
    private let second: Int32

    init(_ first: Int32, _ second: Int32) {
        self.first = first
        self.second = second
    }

    deinit {
        close(first)
        close(second)
    }

    /// Copies until either end closes, then ends both directions.
    func copy(from source: Int32, to target: Int32) {
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(source, &buffer, buffer.count, 0)
            if count < 0 && errno == EINTR { continue }
            guard count > 0, sendAll(buffer, count, to: target) else { break }
        }
        shutdown(first, Int32(SHUT_RDWR))
        shutdown(second, Int32(SHUT_RDWR))
    }

    private func sendAll(_ buffer: [UInt8], _ count: Int, to target: Int32) -> Bool {
        var sent = 0
        while sent < count {
            let part = buffer.withUnsafeBytes { bytes in
                send(target, bytes.baseAddress?.advanced(by: sent), count - sent, Int32(MSG_NOSIGNAL))
            }
            if part < 0 && errno == EINTR { continue }
            if part <= 0 { return false }
            sent += part
        }
        return true
    }
}

private func ipv4(_ address: String, _ port: UInt16) -> sockaddr_in? {
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_port = port.bigEndian
    return inet_pton(AF_INET, address, &place.sin_addr) == 1 ? place : nil
}

private func withAddress(
    _ place: inout sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
) -> Int32 {
    withUnsafePointer(to: &place) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
}

/// Remembers over which address the brokers were reached, for brokers that say they are at 127.0.0.1.
///
/// The embedded broker advertises the loopback address it listens on. A client that reached it over a forwarder at
/// another address goes on over that one. Brokers of a real cluster advertise addresses that lead to them; nothing
/// changes for those.
final class Gateway: Sendable {
    private let reached = Mutex<sockaddr_in?>(nil)

    /// Connects `socket`, to the gateway where the address is 127.0.0.1 and there is one. Returns 0, also for a
    /// connection under way, or an `errno`.
    func connect(_ socket: Int32, _ address: UnsafePointer<sockaddr>, _ size: Int32) -> Int32 {
        guard address.pointee.sa_family == sa_family_t(AF_INET) else {
            return status(Foundation.connect(socket, address, socklen_t(size)))
        }
        var target = UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in.self)
        let isLoopback = target.sin_addr.s_addr == UInt32(0x7F00_0001).bigEndian
        reached.withLock { known in
            if !isLoopback { known = target } else if let known { target = known }
        }
        return withAddress(&target) { status(Foundation.connect(socket, $0, $1)) }
    }

    private func status(_ result: Int32) -> Int32 {
        result == 0 || errno == EINPROGRESS ? 0 : errno
    }
}
