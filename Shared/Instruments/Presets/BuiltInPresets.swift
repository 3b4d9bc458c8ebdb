extension SoftwarePreset {
    /// Every built-in preset. Where two recognise one header, the earlier one outranks.
    public static let all: [SoftwarePreset] = [
        sgp, maximDL, apt, sharpCap, nina, dwarf, seestar, asiair, astroPixelProcessor, microObservatory, sbfits,
    ]

    /// Nothing but the usual keywords.
    static let sbfits = SoftwarePreset(
        id: "sbfits", text: "the FITS standard and SBFITSEXT 1.0; every other preset falls back to it")

    static let sgp = SoftwarePreset(
        id: "sgp", text: "Sequence Generator Pro: GAIN is a setting, EGAIN is e-/ADU, RA in degrees, DATE-OBS in UTC",
        signatures: [("CREATOR", "Sequence Generator Pro*"), ("SWCREATE", "Sequence Generator Pro*")])

    static let maximDL = SoftwarePreset(
        id: "maximdl",
        text: "MaxIm DL: IMAGETYP 'Light Frame', sexagesimal site and pointing, PEDESTAL to be added back",
        signatures: [("SWCREATE", "MaxIm*"), ("SWCREATE", "Diffraction*")])

    static let apt = SoftwarePreset(
        id: "apt", text: "Astro Photography Tool: GAIN is a setting, EGAIN is e-/ADU",
        signatures: [("SWCREATE", "Astro Photography Tool*"), ("SWCREATE", "APT*")])

    static let sharpCap = SoftwarePreset(
        id: "sharpcap",
        text:
            "SharpCap: the comment of DATE-OBS says start, middle or (older versions, 'Frame Grabbed') end; "
            + "often no IMAGETYP",
        signatures: [("SWCREATE", "SharpCap*")],
        timestampComments: [("*frame grabbed*", .end), ("*frame end*", .end), ("*mid*", .middle), ("*start*", .start)],
        defaultKind: .light)

    static let nina = SoftwarePreset(
        id: "nina",
        text: "N.I.N.A.: GAIN is a setting, EGAIN is e-/ADU, OBJCTRA and OBJCTDEC are zero when no target is set",
        signatures: [("SWCREATE", "N.I.N.A.*"), ("SWCREATE", "NINA*")])

    static let dwarf = SoftwarePreset(
        id: "dwarf",
        text: "DWARF: EXP, BINNING '2*2', RA in hours, RA and DEC zero when unknown, no IMAGETYP, GAIN is a setting",
        signatures: [("ORIGIN", "DWARFLAB*"), ("TELESCOP", "DWARF*"), ("INSTRUME", "DWARF*")],
        keywords: [.exposure: ["EXP", "EXPTIME", "EXPOSURE"]],
        defaultKind: .light, pointingUnits: .hours)

    static let seestar = SoftwarePreset(
        id: "seestar", text: "ZWO Seestar: GAIN is a setting, stacks say STACKCNT, EXPTIME is that of one exposure",
        signatures: [("CREATOR", "*Seestar*"), ("INSTRUME", "Seestar*")])

    static let asiair = SoftwarePreset(
        id: "asiair", text: "ZWO ASIAIR: GAIN is a setting, RA in degrees",
        signatures: [("CREATOR", "*ASIAIR*"), ("SWCREATE", "*ASIAIR*"), ("PROGRAM", "*ASIAIR*")])

    static let astroPixelProcessor = SoftwarePreset(
        id: "app", text: "Astro Pixel Processor: masters say CALFRAME, stacks say INTEGRAT; neither carries a time",
        signatures: [("SOFTWARE", "Astro Pixel Processor*")],
        keywords: [.kind: ["CALFRAME", "IMAGETYP"]])

    static let microObservatory = SoftwarePreset(
        id: "microobservatory",
        text:
            "MicroObservatory: DATE-OBS is local with its offset, longitude positive west, "
            + "kelvin with -1 for none, no IMAGETYP",
        signatures: [("CREATOR", "MicroObservatory*"), ("REFERENC", "*microobservatory.org*")],
        defaultKind: .light, longitudeSign: .westPositive, temperatureUnit: .kelvin, temperatureMissingValue: -1)
}
