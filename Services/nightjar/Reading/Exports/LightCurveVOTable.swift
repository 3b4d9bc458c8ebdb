internal import Documents
internal import Foundation
internal import Instruments
internal import Pipeline

extension LightCurveTable {
    /// The table as VOTable 1.4, with the frames of its times (TIMESYS) and of the target's position (COOSYS).
    ///
    /// A number that is not known is NaN, as an empty cell.
    ///
    /// - Source: IVOA Recommendation VOTable Format Definition 1.4.
    func votable(_ exported: ExportedCurve) -> String {
        let target = exported.curve.target
        let heading = [
            #"<?xml version="1.0" encoding="UTF-8"?>"#,
            #"<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3""#
                + #" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance""#
                + #" xsi:schemaLocation="http://www.ivoa.net/xml/VOTable/v1.3"#
                + #" http://www.ivoa.net/xml/VOTable/votable-1.4.xsd">"#,
            #"<RESOURCE type="results">"#,
            "<DESCRIPTION>Light curve by Nightjar \(Release.version)</DESCRIPTION>",
            #"<INFO name="QUERY_STATUS" value="OK"/>"#,
            #"<COOSYS ID="icrs" system="ICRS"/>"#,
            #"<TIMESYS ID="bjd_tdb" refposition="BARYCENTER" timescale="TDB" timeorigin="JD-origin"/>"#,
            #"<TIMESYS ID="mjd_utc" refposition="TOPOCENTER" timescale="UTC" timeorigin="MJD-origin"/>"#,
            #"<TABLE name="\#(XMLText.escaped(target))" nrows="\#(count)">"#,
            "<DESCRIPTION>Light curve of \(XMLText.escaped(exported.document?.name ?? target))</DESCRIPTION>",
        ]
        let lines = heading + Self.position(exported) + columns.map(field) + ["<DATA><TABLEDATA>"] + rows
        return (lines + ["</TABLEDATA></DATA>", "</TABLE>", "</RESOURCE>", "</VOTABLE>"]).joined(separator: "\n") + "\n"
    }

    private static func position(_ exported: ExportedCurve) -> [String] {
        guard let ra = exported.raDegrees, let dec = exported.decDegrees else { return [] }
        return [("ra", ra), ("dec", dec)].map { name, value in
            #"<PARAM name="\#(name)" datatype="double" unit="deg" ucd="pos.eq.\#(name);meta.main" ref="icrs""#
                + #" value="\#(value)"/>"#
        }
    }

    private func field(_ column: Column) -> String {
        let unit = column.unit.isEmpty ? "" : #" unit="\#(column.unit)""#
        let reference =
            switch column.frame {
            case .barycentricTDB: #" ref="bjd_tdb""#
            case .topocentricUTC: #" ref="mjd_utc""#
            case nil: ""
            }
        let type =
            switch column.values {
            case .numbers: #"datatype="double""#
            case .integers: #"datatype="long""#
            case .texts: #"datatype="unicodeChar" arraysize="*""#
            case .booleans: #"datatype="boolean""#
            }
        return #"<FIELD name="\#(column.name)" \#(type)\#(unit) ucd="\#(column.ucd)"\#(reference)>"#
            + "<DESCRIPTION>\(XMLText.escaped(column.description))</DESCRIPTION></FIELD>"
    }

    private var rows: [String] {
        (0..<count).map { row in
            "<TR>" + columns.map { "<TD>\(XMLText.escaped($0.values.text(row)))</TD>" }.joined() + "</TR>"
        }
    }
}

extension LightCurveTable.Values {
    /// A cell as text; empty for a number that is not known.
    func text(_ row: Int) -> String {
        switch self {
        case .numbers(let values, let decimals):
            values[row].flatMap { $0.isFinite ? String(format: "%.\(decimals)f", $0) : nil } ?? ""
        case .integers(let values): String(values[row])
        case .texts(let values): values[row]
        case .booleans(let values): values[row] ? "true" : "false"
        }
    }
}
