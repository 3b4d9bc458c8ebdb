internal import Foundation

/// Finds the number that keeps JSON from being read: a fraction where a whole number is meant, or one out of range.
/// `JSONDecoder` calls such bytes "not valid JSON" and names no field.
enum MisfitNumber {
    /// Larger values are not searched: it takes one reading for each number of theirs.
    private static let largestSearched = 100_000

    /// - Returns: what is wrong, with the field where it is the only one; nil when the bytes are no JSON.
    static func explain<Payload: Decodable>(_ type: Payload.Type, _ bytes: Data) -> String? {
        do {
            let value = try JSONSerialization.jsonObject(with: bytes)
            guard bytes.count <= largestSearched else { return "a number does not fit its field" }
            for (field, mended) in variants(of: value, at: "") where isReadable(type, mended) {
                return "field '\(field)': the number does not fit"
            }
            return "a number does not fit its field"
        } catch {
            return nil
        }
    }

    private static func isReadable<Payload: Decodable>(_ type: Payload.Type, _ value: Any) -> Bool {
        do {
            _ = try JSONDecoder().decode(type, from: JSONSerialization.data(withJSONObject: value))
            return true
        } catch {
            return false
        }
    }

    /// The value with one of its suspicious numbers replaced by 1, for each of them.
    private static func variants(of value: Any, at path: String) -> [(path: String, value: Any)] {
        switch value {
        case let number as NSNumber:
            let double = number.doubleValue
            return double == double.rounded() && abs(double) < 4e9 && double >= 0 ? [] : [(path, 1)]
        case let list as [Any]:
            return list.enumerated().flatMap { index, element in
                variants(of: element, at: "\(path)[\(index)]").map { field, mended in
                    var copy = list
                    copy[index] = mended
                    return (field, copy)
                }
            }
        case let object as [String: Any]:
            return object.sorted { $0.key < $1.key }.flatMap { key, element in
                variants(of: element, at: path.isEmpty ? key : "\(path).\(key)").map { field, mended in
                    var copy = object
                    copy[key] = mended
                    return (field, copy)
                }
            }
        default: return []
        }
    }
}
