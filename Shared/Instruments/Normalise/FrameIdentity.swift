internal import Imaging

// What kind of frame, of what, through what.
extension HeaderReading {
    mutating func kind() throws(HeaderRejection) -> FrameKind {
        let byName = document.kindFromFileName.first { Glob($0.pattern).matches(fileName) }?.kind
        let written = firstText(.kind)
        let byHeader = written.flatMap { rules.kind(spelt: $0.text) }
        if let written, HeaderRules.plainSpelling(written.text).hasPrefix("master") {
            note(.combined, "\(written.keyword) is '\(written.text)'")
        }
        if let byName {
            if let byHeader, byHeader != byName, let written {
                note(
                    .kindContradicted,
                    "\(written.keyword) '\(written.text)' says \(byHeader.rawValue), "
                        + "the file name says \(byName.rawValue)"
                )
            }
            return byName
        }
        if let byHeader { return byHeader }
        if let written {
            throw HeaderRejection(
                .kindUnknown, "\(written.keyword) '\(written.text.prefix(40))' is no kind of frame that is known here")
        }
        let looked = rules.keywords(.kind).joined(separator: ", ")
        guard let assumed = rules.defaultKind else {
            throw HeaderRejection(.kindMissing, "none of \(looked) is in the header, and the instrument has no default")
        }
        note(.kindAssumed, "none of \(looked) is in the header: taken as \(assumed.rawValue)")
        return assumed
    }

    mutating func object(of kind: FrameKind) -> String? {
        let found =
            firstText(.object)?.text ?? document.objectFromFileName.first { Glob($0.pattern).matches(fileName) }?.object
            ?? document.defaults.object
        if found == nil, kind == .light { note(.objectMissing, "none of \(rules.keywords(.object)) names an object") }
        return found?.collapsingBlanks()
    }

    /// Bias and dark frames have none, whatever stood in the beam.
    mutating func filter(of kind: FrameKind) -> String? {
        guard kind == .light || kind == .flat else { return nil }
        let found =
            firstText(.filter)?.text ?? document.filterFromFileName.first { Glob($0.pattern).matches(fileName) }?.filter
            ?? document.defaults.filter
        guard let found else {
            note(.filterMissing, "none of \(rules.keywords(.filter)) names a filter")
            return nil
        }
        let spelling = found.collapsingBlanks()
        return document.filters.first { $0.key.lowercased() == spelling.lowercased() }?.value ?? spelling
    }

    mutating func stackCount() -> Int? {
        if header["COMBINED"] == .logical(true) { note(.combined, "COMBINED is T") }
        guard let found = firstNumber(.stackCount, where: { $0 >= 0 && $0 < 1e9 }), found.value > 1 else { return nil }
        let count = Int(found.value)
        note(.combined, "\(found.keyword) says that \(count) exposures were combined")
        return count
    }

    /// CALSTAT letters (MaxIm DL) and the keywords that ccdproc and IRAF leave behind.
    mutating func appliedSteps() -> AppliedSteps {
        var steps: AppliedSteps = []
        let status = header.text("CALSTAT")?.uppercased() ?? ""
        let traces: [(AppliedSteps, Character, [String])] = [
            (.bias, "B", ["SUBBIAS", "ZEROCOR"]), (.dark, "D", ["SUBDARK", "DARKCOR"]),
            (.flat, "F", ["DIVFLAT", "FLATCOR"]),
        ]
        for (step, letter, keywords) in traces
        where status.contains(letter) || keywords.contains(where: { header.text($0) != nil }) {
            steps.insert(step)
        }
        if !steps.isEmpty {
            let names = zip(["bias", "dark", "flat"], [AppliedSteps.bias, .dark, .flat]).filter { steps.contains($0.1) }
            note(
                .alreadyCalibrated, "the header says that these were applied: \(names.map(\.0).joined(separator: ", "))"
            )
        }
        return steps
    }
}
