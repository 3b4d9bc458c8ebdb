internal import Events
internal import Foundation

extension Worker {
    /// Handles one message in this process and decides its fate by what was thrown. The only place where that is
    /// decided.
    func outcome(of delivery: Delivery) -> Outcome {
        let start = clock.elapsed()
        do {
            let handled = try routes.handle(delivery.message, service: service)
            switch handled {
            case .outputs(let outputs, let trace): return .done(try messages(outputs, trace, since: start))
            case .rejected(let event, let rejection, let trace):
                return .rejected(try messages([Outgoing(event)], trace, since: start), reason: rejection.description)
            }
        } catch let error as Unavailable {
            return .unavailable(reason: error.reason)
        } catch let error as Rejection {
            return .unusable(error: error.description)
        } catch let error as MalformedEvent {
            return .unusable(error: error.description)
        } catch let error as UnknownTopic {
            return .unusable(error: error.description)
        } catch {
            return .failed(error: "\(error)")
        }
    }

    private func messages(_ outputs: [Outgoing], _ trace: Trace, since start: Double) throws -> [Message] {
        let milliseconds = Int(((clock.elapsed() - start) * 1000).rounded())
        let onward = trace.adding(stage: service, milliseconds: milliseconds)
        let time = iso8601(clock.now())
        return try outputs.map { try $0.message(source: service, trace: onward, time: time) }
    }

    func trace(of delivery: Delivery) -> Trace {
        Trace(
            parent: delivery.message.header("traceparent"), timings: delivery.message.header("nightjar_timings") ?? "")
    }

    /// - Parameter shortened: leaves the bytes out, for a bus that refuses a letter of that size; the place still names
    ///   them.
    func deadLetter(_ delivery: Delivery, error: String, attempts: Int, shortened: Bool) -> Outgoing {
        let message = delivery.message
        let note = " (the message's \(message.value.count) bytes are left out: too large for the bus)"
        return Outgoing(
            MessageDeadLettered(
                service: service, originalTopic: message.topic, originalPartition: delivery.partition,
                originalOffset: delivery.offset, originalKey: message.key, originalHeaders: message.headers,
                originalValueBase64: shortened ? "" : message.value.base64EncodedString(),
                error: shortened ? String(error.prefix(1000)) + note : error, attempts: attempts,
                frameID: frameID(in: message.value),
                sequence: message.header("nightjar_replay").flatMap { Int($0) } ?? 0))
    }

    private func frameID(in value: Data) -> String? {
        struct Probe: Decodable {
            struct Frame: Decodable { let frameID: String }
            let frameID: String?
            let frame: Frame?
        }
        do {
            let probe = try JSONDecoder().decode(Probe.self, from: value)
            return probe.frameID ?? probe.frame?.frameID
        } catch {
            // A letter about something that is no JSON, or of another shape, names no frame.
            return nil
        }
    }

    /// The child's side: the one message in, its outcome out.
    func runAsChild(_ path: String) {
        SingleMessage.limitThisProcess(options.environment)
        do {
            let result = outcome(of: try SingleMessage.delivery(at: path))
            try SingleMessage.write(result, to: SingleMessage.outcomePath(of: path))
        } catch {
            log.error("child process cannot hand over", ["file": path, "error": "\(error)"])
        }
    }
}
