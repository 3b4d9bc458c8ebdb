internal import CRdKafka
internal import Foundation
public import Pipeline
internal import Synchronization

/// How to reach the brokers: the same for sources, sinks and administration.
public struct KafkaConnection: Sendable {
    /// `host:port,host:port`
    public let brokers: String
    /// librdkafka properties such as `security.protocol` or `sasl.username`; the values are never printed.
    public let options: [(key: String, value: Secret)]
    let log: Log

    public init(brokers: String, options: [(key: String, value: Secret)] = [], log: Log) {
        self.brokers = brokers
        self.options = options
        self.log = log
    }

    public init(_ settings: BusSettings, log: Log) {
        self.init(brokers: settings.brokers, options: settings.kafkaOptions, log: log)
    }

    /// Makes a configuration out of ours and the user's properties; the user's win.
    ///
    /// - Throws: `KafkaSettingError` naming the property that librdkafka does not take.
    func configuration(_ properties: KeyValuePairs<String, String>) throws(KafkaSettingError) -> KafkaConfiguration {
        let configuration = KafkaConfiguration()
        try configuration.set("bootstrap.servers", brokers)
        for (name, value) in properties { try configuration.set(name, value) }
        for (name, value) in options { try configuration.set(name, value.revealed) }
        return configuration
    }

    func unavailable(_ doing: String, _ said: String) -> Unavailable {
        Unavailable("Kafka at \(brokers): \(doing): \(said)")
    }
}

/// A librdkafka property that cannot be used.
public struct KafkaSettingError: SettingsError, Sendable, CustomStringConvertible {
    public let property: String
    public let reason: String
    public var problems: [String] { ["NIGHTJAR_KAFKA_OPTIONS: \(self)"] }
    public var description: String { "Kafka property '\(property)': \(reason)" }
}

/// Owns an `rd_kafka_conf_t`; clients are made from copies, so that one can be made anew after a fatal error.
final class KafkaConfiguration {
    private let handle: OpaquePointer

    init() {
        handle = rd_kafka_conf_new()
    }

    deinit {
        rd_kafka_conf_destroy(handle)
    }

    func set(_ name: String, _ value: String) throws(KafkaSettingError) {
        var text = [CChar](repeating: 0, count: 512)
        guard rd_kafka_conf_set(handle, name, value, &text, text.count) == RD_KAFKA_CONF_OK else {
            // librdkafka's text may hold the value; only whether the name is known may be told.
            let known = rd_kafka_conf_set(handle, name, nil, nil, 0) != RD_KAFKA_CONF_UNKNOWN
            throw KafkaSettingError(property: name, reason: known ? "its value is not accepted" : "no such property")
        }
    }

    /// A client with the properties set so far.
    ///
    /// - Parameter context: handed to callbacks; must live as long as the client.
    func client(
        _ type: rd_kafka_type_t, connection: KafkaConnection, context: KafkaContext
    ) throws(Unavailable) -> OpaquePointer {
        let copy = rd_kafka_conf_dup(handle)
        rd_kafka_conf_set_opaque(copy, Unmanaged.passUnretained(context).toOpaque())
        rd_kafka_conf_set_log_cb(copy) { client, level, facility, text in
            guard let client, let opaque = rd_kafka_opaque(client), let text else { return }
            let context = Unmanaged<KafkaContext>.fromOpaque(opaque).takeUnretainedValue()
            context.log(level: level, facility: facility.map { String(cString: $0) } ?? "", String(cString: text))
        }
        rd_kafka_conf_set_error_cb(copy) { _, error, reason, opaque in
            guard let opaque else { return }
            let context = Unmanaged<KafkaContext>.fromOpaque(opaque).takeUnretainedValue()
            context.failed(rd_kafka_resp_err_t(rawValue: error), reason.map { String(cString: $0) } ?? "")
        }
        rd_kafka_conf_set_connect_cb(copy) { socket, address, size, _, opaque in
            guard let opaque, let address else { return EINVAL }
            let context = Unmanaged<KafkaContext>.fromOpaque(opaque).takeUnretainedValue()
            return context.gateway.connect(socket, address, size)
        }
        if type == RD_KAFKA_CONSUMER { context.leaderWaits(copy) }
        if type == RD_KAFKA_PRODUCER {
            rd_kafka_conf_set_dr_msg_cb(copy) { _, message, opaque in
                guard let opaque, let message else { return }
                let context = Unmanaged<KafkaContext>.fromOpaque(opaque).takeUnretainedValue()
                context.report?(Int(bitPattern: message.pointee._private) - 1, message.pointee.err)
            }
        }
        var text = [CChar](repeating: 0, count: 512)
        guard let client = rd_kafka_new(type, copy, &text, text.count) else {
            rd_kafka_conf_destroy(copy)
            throw connection.unavailable("starting a client", string(text))
        }
        return client
    }
}

/// What callbacks of one client need.
final class KafkaContext {
    private let log: Log
    let gateway = Gateway()
    /// The thread whose connection has just been told that it has joined a group, or 0.
    let joinedBy = Atomic<UInt>(0)
    /// Delivery report of the message with this index; called by the thread that polls.
    var report: ((Int, rd_kafka_resp_err_t) -> Void)?

    /// What the brokers said when the last of them went away; nil while there is one. Read and set by the thread that
    /// polls.
    var lost: String?
    private var lastReason = ""

    init(log: Log) {
        self.log = log
    }

    /// Called by the thread that polls.
    func failed(_ error: rd_kafka_resp_err_t, _ reason: String) {
        switch error {
        case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN: lost = lastReason.isEmpty ? reason : lastReason
        case RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__RESOLVE, RD_KAFKA_RESP_ERR__AUTHENTICATION,
            RD_KAFKA_RESP_ERR__SSL:
            lastReason = reason
        default: log.warning("Kafka client", ["said": reason])
        }
    }

    /// Called by librdkafka's threads; `Log` is sendable and nothing else is touched.
    func log(level: Int32, facility: String, _ text: String) {
        switch level {
        case ...4: log.warning("librdkafka", ["facility": facility, "said": text])
        case 5, 6: log.info("librdkafka", ["facility": facility, "said": text])
        default: log.debug("librdkafka", ["facility": facility, "said": text])
        }
    }
}

func string(_ buffer: [CChar]) -> String {
    String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

func describe(_ error: rd_kafka_resp_err_t) -> String {
    "\(String(cString: rd_kafka_err2str(error))) (\(String(cString: rd_kafka_err2name(error))))"
}
