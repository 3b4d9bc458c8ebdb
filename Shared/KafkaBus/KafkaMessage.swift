internal import CRdKafka
internal import Events
internal import Foundation
internal import Pipeline

/// Our message out of librdkafka's. A missing key is empty, a null header value is empty, of headers with one name the
/// last counts, and bytes that are not UTF-8 become replacement characters: nobody can stop a service by what they
/// send.
func delivery(_ received: UnsafePointer<rd_kafka_message_t>) -> Delivery {
    let message = received.pointee
    let topic = message.rkt.flatMap { rd_kafka_topic_name($0) }.map { String(cString: $0) } ?? ""
    let key = UnsafeRawBufferPointer(start: message.key, count: message.key_len)
    let value = message.payload.map { Data(bytes: $0, count: message.len) } ?? Data()
    return Delivery(
        message: Message(
            topic: topic, key: String(decoding: key, as: UTF8.self), headers: headers(received), value: value),
        partition: Int(message.partition), offset: Int(message.offset))
}

private func headers(_ received: UnsafePointer<rd_kafka_message_t>) -> [Message.Header] {
    var list: OpaquePointer?
    guard rd_kafka_message_headers(received, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else { return [] }
    var result: [Message.Header] = []
    var name: UnsafePointer<CChar>?
    var value: UnsafeRawPointer?
    var size = 0
    var index = 0
    while rd_kafka_header_get_all(list, index, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR {
        index += 1
        guard let name else { continue }
        let text = String(decoding: UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : size), as: UTF8.self)
        let header = Message.Header(String(cString: name), text)
        if let twin = result.firstIndex(where: { $0.name == header.name }) {
            result[twin] = header
        } else {
            result.append(header)
        }
    }
    return result
}

extension OpaquePointer {
    /// Queues one message with this producer; the opaque of its report is `index` + 1, never null.
    func produce(_ message: Message, index: Int) -> rd_kafka_resp_err_t {
        let key = Array(message.key.utf8)
        let list = rd_kafka_headers_new(message.headers.count)
        for header in message.headers {
            let value = Array(header.value.utf8)
            rd_kafka_header_add(list, header.name, -1, value, value.count)
        }
        let error = message.topic.withCString { topic in
            message.value.withUnsafeBytes { value in
                key.withUnsafeBytes { key in
                    queue(topic, key: key, value: value, headers: list, index: index)
                }
            }
        }
        if error != RD_KAFKA_RESP_ERR_NO_ERROR { rd_kafka_headers_destroy(list) }
        return error
    }

    /// `rd_kafka_produceva`, because Swift does not see the variadic `rd_kafka_producev`. Takes the headers when it
    /// succeeds.
    private func queue(
        _ topic: UnsafePointer<CChar>, key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer,
        headers: OpaquePointer?,
        index: Int
    ) -> rd_kafka_resp_err_t {
        var fields = [rd_kafka_vu_t](repeating: rd_kafka_vu_t(), count: 6)
        fields[0].vtype = RD_KAFKA_VTYPE_TOPIC
        fields[0].u.cstr = topic
        fields[1].vtype = RD_KAFKA_VTYPE_KEY
        fields[1].u.mem.ptr = UnsafeMutableRawPointer(mutating: key.baseAddress)
        fields[1].u.mem.size = key.count
        fields[2].vtype = RD_KAFKA_VTYPE_VALUE
        fields[2].u.mem.ptr = UnsafeMutableRawPointer(mutating: value.baseAddress)
        fields[2].u.mem.size = value.count
        fields[3].vtype = RD_KAFKA_VTYPE_HEADERS
        fields[3].u.headers = headers
        fields[4].vtype = RD_KAFKA_VTYPE_MSGFLAGS
        fields[4].u.i = RD_KAFKA_MSG_F_COPY
        fields[5].vtype = RD_KAFKA_VTYPE_OPAQUE
        fields[5].u.ptr = UnsafeMutableRawPointer(bitPattern: index + 1)
        guard let error = rd_kafka_produceva(self, &fields, fields.count) else { return RD_KAFKA_RESP_ERR_NO_ERROR }
        defer { rd_kafka_error_destroy(error) }
        return rd_kafka_error_code(error)
    }
}
