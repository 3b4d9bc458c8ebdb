/// Text inside the markup of XML 1.0, HTML and SVG.
public enum XMLText {
    /// Text that means itself inside elements and quoted attributes; characters that XML does not have, and control
    /// characters, become U+FFFD.
    public static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\n", "\t": result.unicodeScalars.append(scalar)
            default:
                let isControl =
                    scalar.value < 32 || (127...159).contains(scalar.value) || scalar.value & 0xFFFE == 0xFFFE
                result.unicodeScalars.append(isControl ? "\u{FFFD}" : scalar)
            }
        }
        return result
    }
}
