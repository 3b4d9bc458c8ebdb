import Events
import Foundation
import PostgresStore
import Testing

@testable import archiver
@testable import nightjar

@Suite("What services wait for, in the ledger")
struct WaitingLedgerTests {
    private func beat(_ instance: String, _ state: String, sequence: Int = 1) -> ServiceHeartbeat {
        ServiceHeartbeat(
            service: "photometer", instance: instance, sequence: sequence, version: "1", state: state, handled: 3)
    }

    @Test("while frames are pending it names who waits and for what, not who is gone or works again")
    func named() throws {
        try withBench { bench in
            let record = Record(bench.database)
            try bench.hear(bench.received(1))
            try bench.hear(beat("host-1", "running"))
            try bench.hear(beat("host-2", "waiting: reference catalogue: /cat/0/12.tile: this tile is missing"))
            try bench.hear(beat("host-3", "waiting: frame store away"))
            try bench.database.execute(
                "update archive.heartbeat set arrived_at = now() - interval '2 minutes' where instance = 'host-3'")
            let ledger = try Ledger(record)
            #expect(ledger.waiting?.map(\.instance) == ["host-2"] && !ledger.addsUp)
            #expect(
                ledger.text.contains(
                    "photometer host-2 is waiting: reference catalogue: /cat/0/12.tile: this tile is missing"))
            try bench.hear(beat("host-2", "running", sequence: 2))
            #expect(try Ledger(record).waiting == nil)
        }
    }
}
