internal import Foundation
internal import PhotometricCalibration
internal import PostgresStore
internal import Sky

/// What a closed night says of one instrument and filter: colour term, extinction and level. They vary slowly, so that
/// the next night begins with them.
struct NightState: Codable, Equatable {
    let colourTerm: ColourTermState
    /// nil: too few frames with an airmass.
    let level: TransparencyReference.NightLevel?
    /// First-order extinction [mag/airmass]; nil: the night does not tell.
    let extinction: Measured?
    /// Intrinsic scatter of the stars of fields seen so far; nil: of nights that did not say.
    var scatter: ScatterState?
}

/// Which state: colour terms are of an instrument, its filter, a band and a colour.
struct StateKey: Equatable {
    let instrument: String
    let filter: String
    let band: PhotometricBand
    let bands: CatalogueBands

    var colourName: String { bands.colour?.name ?? "-" }

    /// What is taken for known before the first night.
    var unknown: ColourTermState {
        bands.colour.map { .unknown(pivotColour: $0.pivot) } ?? .none(pivotColour: 0)
    }
}

/// States of closed nights in the record.
struct CalibrationState {
    let archive: Archive
    private var database: Database { archive.database }

    init(archive: Archive) {
        self.archive = archive
    }

    /// States of the nights before one, in order of the nights.
    func nights(before night: String, _ key: StateKey) throws -> [NightState] {
        try database.execute(
            """
            select state from archive.calibration_state
            where instrument = $1 and filter = $2 and band = $3 and colour = $4 and night < $5 order by night
            """,
            [.text(key.instrument), .text(key.filter), .text(key.band.id), .text(key.colourName), .text(night)]
        ).map { try $0.payload(NightState.self, "state") }
    }

    /// Replaces what was said of a night.
    func keep(_ state: NightState, night: String, _ key: StateKey) throws {
        try database.execute(
            """
            insert into archive.calibration_state (instrument, filter, band, colour, night, state)
            values ($1, $2, $3, $4, $5, $6)
            on conflict (instrument, filter, band, colour, night) do update set state = excluded.state
            """,
            [
                .text(key.instrument), .text(key.filter), .text(key.band.id), .text(key.colourName), .text(night),
                try .payload(state),
            ])
    }
}

extension [NightState] {
    /// The colour term that a night begins with.
    func colourTerm(_ key: StateKey) -> ColourTermState { last?.colourTerm ?? key.unknown }

    /// The intrinsic scatters that a night begins with.
    var scatter: ScatterState { last?.scatter ?? ScatterState() }

    /// The best nights so far and this one.
    func reference(_ band: PhotometricBand, with own: TransparencyReference.NightLevel?) -> TransparencyReference {
        var reference = TransparencyReference(extinction: band.typicalExtinction)
        for level in compactMap(\.level) + [own].compactMap({ $0 }) { reference = reference.updated(with: level) }
        return reference
    }
}

extension TransparencyReference {
    /// The level of a night, named by its date.
    func level(of frames: [AirmassZeroPoint], date: String) throws -> NightLevel? {
        level(of: frames, night: Int(try ObservingNight(date: date, at: nil).startMJD))
    }
}

extension PhotometricBand {
    /// Round numbers of a site on a hill [mag/airmass], for the cloud monitor alone: zero points hold the extinction of
    /// their own frame.
    var typicalExtinction: Measured {
        let coefficient =
            switch name {
            case "U", "u": 0.5
            case "B", "BP": 0.25
            case "g": 0.2
            case "V": 0.15
            case "G": 0.14
            case "R", "RP", "r": 0.1
            case "I", "i", "z", "y": 0.06
            default: 0.08
            }
        return Measured(coefficient, error: 0.05)
    }
}
