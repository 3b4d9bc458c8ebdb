extension DocumentProblem {
    /// What is wrong with a document's id, which names rows, files and topics too; `nil` when nothing is.
    public static func identifier(_ id: String, field: String) -> DocumentProblem? {
        let isSound =
            !id.isEmpty && id.utf8.count <= 100 && id.first != "."
            && id.allSatisfy { letter in
                letter.isASCII && (letter.isLetter || letter.isNumber || "._-".contains(letter))
            }
        let text = "\"\(id.prefix(40))\" must be 1 to 100 letters, digits, '.', '_' or '-', not beginning with '.'"
        return isSound ? nil : DocumentProblem(field: field, text: text)
    }
}
