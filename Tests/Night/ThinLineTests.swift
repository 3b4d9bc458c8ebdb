import Events
import Foundation
import Pipeline
import PostgresStore
import Testing

@testable import nightjar

extension NightTests {
    @Suite(.serialized) struct ThinLine {
        private static let services = ["ingest", "calibrator", "photometer-1", "archiver", "alerter", "harvester"]

        @Test("one light goes through six processes to a row in PostgreSQL and a line in the ledger")
        func oneLight() throws {
            let night = try NightTests.night
            try NightSystem.run(night, name: "thin-line") { system in
                let light = try #require(night.lights.first)
                try system.hand([light])
                try system.wait(for: "point of the light curve") {
                    try system.record.database.execute("select count(*) as points from archive.point")[0]
                        .int("points") == SmallNight.targets.count
                }
                let pids = system.supervisor.pids()
                let six = try Self.services.map { try #require(pids[$0]) }
                #expect(Set(six).count == 6 && !six.contains(getpid()))
                for (service, pid) in zip(Self.services, six) {
                    let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/exe")
                    #expect(URL(filePath: program).lastPathComponent == String(service.prefix { $0 != "-" }))
                }
                try system.closeNights(files: 1)
                let ledger = try system.ledger()
                #expect(ledger.addsUp && ledger.files == 1 && ledger.measured == 1)
                #expect(ledger.frames.map(\.originalName) == [light.name] && ledger.frames[0].fate == "measured")
                try expectTrail(try BusCapture(system), of: ledger.frames[0].frameID)
            }
        }

        /// Each station of the frame was said on the bus, by the service it belongs to, in one trace.
        private func expectTrail(_ capture: BusCapture, of frameID: String) throws {
            let stations: [(EventType, String)] = [
                (FrameReceived.type, "ingest"), (FrameCalibrated.type, "calibrator"),
                (FrameMeasured.type, "photometer"),
                (PhotometryMeasured.type, "archiver"),
            ]
            let traces = try stations.map { type, service in
                let message = try #require(capture.deliveries.first { $0.message.topic == type.topic }).message
                #expect(message.header("ce_source") == "nightjar/\(service)")
                #expect(String(decoding: message.value, as: UTF8.self).contains(frameID))
                return try #require(message.header("traceparent")).split(separator: "-")[1]
            }
            #expect(Set(traces).count == 1)
            for type in [MeasurementRequested.type, MeasurementMade.type, NightClosed.type, LedgerReconciled.type] {
                #expect(capture.count(type) >= 1, "\(type.topic)")
            }
        }
    }

    @Suite(.serialized) struct Quiet {
        @Test("a night without trouble: in = out, every light has its points, the eruption is alerted and nothing else")
        func night() throws {
            let (night, run) = (try NightTests.night, try NightTests.undisturbed)
            #expect(run.ledger.addsUp && run.ledger.files == night.frames.count)
            #expect(run.ledger.measured == night.lights.count && run.ledger.calibration == night.calibration.count)
            #expect(run.result.points.count == SmallNight.targets.count * night.lights.count)
            #expect(
                run.result.alerts.map { $0.split(separator: " ").prefix(3).joined(separator: " ") } == [
                    "eruption nova R", "eruption nova V",
                ])
            let alerts = try run.capture.events(AlertRaised.self).filter { $0.alertType == .initial }
            #expect(!alerts.isEmpty && alerts.allSatisfy { $0.midpointMJDUTC ?? 0 > night.eruptionMJD })
        }

        @Test(
            "every event of a night validates against its schema",
            .enabled(if: Program.hasPythonTools, "the Python tools are missing: run 'make setup'"))
        func schemas() throws {
            let run = try NightTests.undisturbed
            #expect(run.eventsJudged.status == 0, "\(run.eventsJudged.output)")
            let expected = EventType.all.filter {
                ![PhotometryHarvested.type, FrameDuplicated.type, FrameRejected.type, MessageDeadLettered.type]
                    .contains($0)
            }
            for type in expected { #expect(run.capture.count(type) > 0, "nothing on \(type.topic)") }
        }

        @Test("kcat reads the alerts, with the headers of CloudEvents")
        func kcat() throws {
            let (status, output) = try NightTests.undisturbed.kcat
            #expect(status == 0, "\(output)")
            let lines = output.split(separator: "\n")
            #expect(lines.count >= 4 && lines.count.isMultiple(of: 2), "\(output)")
            let headers = String(lines.first ?? "")
            for header in [
                "ce_specversion=1.0", "ce_type=nightjar.alert.raised", "ce_source=nightjar/alerter", "ce_id=",
                "ce_time=",
                "ce_subject=", "ce_dataschema=schemas/alert.raised/v1.schema.json", "content-type=application/json",
            ] { #expect(headers.contains(header), "\(headers)") }
            let alert = try JSONDecoder().decode(AlertRaised.self, from: Data((lines.last ?? "").utf8))
            #expect(alert.rule == "eruption" && alert.target == SmallNight.novaTarget)
        }

        @Test("calibrator and photometer do not link the database's library; the archiver does")
        func linked() throws {
            let linked = try NightTests.undisturbed.linked
            for worker in ["calibrator", "photometer"] {
                let libraries = try #require(linked[worker])
                #expect(libraries.contains("librdkafka") && !libraries.contains("libpq"), "\(worker): \(libraries)")
            }
            #expect(try #require(linked["archiver"]).contains("libpq"))
        }
    }
}
