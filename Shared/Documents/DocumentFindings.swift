/// Thrown inside one reading after a problem has been written down, to leave the value that cannot be made.
struct ValueAbandoned: Error {}

/// What a reading has found so far. One reading, one thread.
final class DocumentFindings {
    private var problems: [DocumentProblem] = []
    private var unknownFields: [UnknownField] = []

    private struct UnknownField {
        let container: String
        let key: String
        let known: KnownKeys
    }

    /// The keys a type has asked for in one object: what may be suggested for a misspelt one.
    final class KnownKeys {
        var names: [String] = []
    }

    func add(_ field: String, _ text: String) {
        problems.append(DocumentProblem(field: field, text: text))
    }

    func addUnknown(key: String, in container: String, known: KnownKeys) {
        unknownFields.append(UnknownField(container: container, key: key, known: known))
    }

    /// Every problem, unknown fields last, each in the order of the document.
    var all: [DocumentProblem] {
        problems
            + unknownFields.map { unknown in
                let suggestion = nearestChoice(to: unknown.key, among: unknown.known.names)
                let hint = suggestion.map { "; did you mean \"\($0)\"?" } ?? ""
                let field = unknown.container.isEmpty ? unknown.key : "\(unknown.container).\(unknown.key)"
                return DocumentProblem(field: field, text: "unknown field\(hint)")
            }
    }

    /// The value, or nothing after its problems have been written down.
    func attempt<Value>(at path: String, _ body: () throws -> Value) -> Value? {
        do {
            return try body()
        } catch is ValueAbandoned {
            return nil
        } catch DecodingError.dataCorrupted(let context) {
            add(path, context.debugDescription)
        } catch {
            add(path, "cannot be read: \(error)")
        }
        return nil
    }
}
