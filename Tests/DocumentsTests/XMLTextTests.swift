import Documents
import Testing

@Suite struct XMLTextTests {
    @Test("text means itself inside elements and attributes; what XML does not have is replaced")
    func escaped() {
        #expect(XMLText.escaped(#"<b a='1' c="2">&amp;"#) == "&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;amp;")
        #expect(
            XMLText.escaped("a\u{1}b\u{FFFF}c\u{FFFE}\u{1FFFE}d\u{85}")
                == "a\u{FFFD}b\u{FFFD}c\u{FFFD}\u{FFFD}d\u{FFFD}")
        #expect(XMLText.escaped("line\n\ttab \u{1F52D} é") == "line\n\ttab \u{1F52D} é")
        #expect(XMLText.escaped("") == "")
    }
}
