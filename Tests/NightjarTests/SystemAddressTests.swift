import Foundation
import Testing

@testable import nightjar

@Suite struct SystemAddressTests {
    private func address(_ words: [String], _ environment: [String: String] = [:]) throws -> SystemAddress {
        let options = [SystemAddress.dataOption, SystemAddress.databaseOption, SystemAddress.brokersOption]
        return try SystemAddress(Arguments(words, options: options), environment: environment)
    }

    private func withFolder(_ body: (DataFolder) throws -> Void) throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "nightjar-address-\(UUID().uuidString)")
        defer {
            do { try FileManager.default.removeItem(at: root) } catch { Issue.record("\(error)") }
        }
        let data = DataFolder(root.path)
        try data.make()
        try body(data)
    }

    @Test("an option outranks --data, which outranks the environment")
    func order() throws {
        try withFolder { data in
            try Data("127.0.0.1:4242\n".utf8).write(to: data.brokerAddress)
            let environment = ["NIGHTJAR_BROKERS": "env:1", "NIGHTJAR_DATA": data.root.path]
            #expect(
                try address(["--brokers", "opt:1", "--data", data.root.path], environment).brokers()?.value == "opt:1")
            let own = try address(["--data", data.root.path], environment).brokers()
            #expect(own?.value == "127.0.0.1:4242" && own?.isEmbedded == true)
            #expect(try address([], environment).brokers()?.origin == "NIGHTJAR_BROKERS")
            let folder = try address([], ["NIGHTJAR_DATA": data.root.path])
            #expect(folder.data.root.path == data.root.path)
            #expect(try folder.brokers()?.value == "127.0.0.1:4242")
        }
    }

    @Test("of --data and --database the record has one place")
    func onePlace() throws {
        let options = [SystemAddress.dataOption, SystemAddress.databaseOption]
        let both = try Arguments(["--data", "/nowhere", "--database", "postgresql://localhost/x"], options: options)
        #expect(throws: UsageError.self) { try SystemAddress.record(both) }
    }

    @Test("what `up` was told of others' parts is found by the other commands, and only its owner can read it")
    func external() throws {
        try withFolder { data in
            let parts = ExternalParts(database: "postgresql://u:secret@db/n", brokers: "kafka:9092")
            try parts.write(to: data)
            #expect(try ExternalParts(of: data) == parts)
            let found = try address(["--data", data.root.path])
            #expect(try found.database()?.value == "postgresql://u:secret@db/n")
            #expect(try found.brokers()?.isEmbedded == false)
            let attributes = try FileManager.default.attributesOfItem(atPath: ExternalParts.file(in: data).path)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            try ExternalParts().write(to: data)
            #expect(try found.database() == nil)
        }
    }

    @Test("without a running system the message says how to start one")
    func notRunning() throws {
        try withFolder { data in
            let found = try address(["--data", data.root.path])
            #expect(found.holder() == nil)
            #expect { try found.record() } throws: { "\($0)".contains("nightjar up --data \(data.root.path)") }
            #expect { try found.connection() } throws: { "\($0)".contains("nightjar up --data") }
        }
    }

    @Test("brokers are host:port, in a list", arguments: ["a:1", "a:9092,b:9093", "[::1]:9092", "127.0.0.1:65535"])
    func brokers(text: String) throws {
        try SystemAddress.checkBrokers(text, origin: "--brokers")
    }

    @Test(
        "other spellings are refused by name of the setting",
        arguments: [
            "", "a", "a:", ":1", "a:0x1", "a:70000", "a:1,", "http://a", "a:-1",
        ])
    func wrongBrokers(text: String) {
        #expect { try SystemAddress.checkBrokers(text, origin: "--brokers") } throws: {
            "\($0)".hasPrefix("--brokers: ")
        }
    }
}
