/// Fields that are not given take the values of `InstrumentDocument(id:revision:)`.
extension InstrumentDocument {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func given<Value: Decodable>(_ key: CodingKeys, _ type: Value.Type = Value.self) throws -> Value? {
            try container.decodeIfPresent(Value.self, forKey: key)
        }
        self.init(id: try container.decode(String.self, forKey: .id))
        name = try given(.name)
        revision = try given(.revision) ?? revision
        software = try given(.software, TextOrList.self)?.texts ?? software
        match = try given(.match)
        keywords = try given(.keywords) ?? keywords
        imageTypes = try given(.imageTypes) ?? imageTypes
        kindFromFileName = try given(.kindFromFileName) ?? []
        filterFromFileName = try given(.filterFromFileName) ?? []
        objectFromFileName = try given(.objectFromFileName) ?? []
        filters = try given(.filters) ?? filters
        defaults = try given(.defaults) ?? defaults
        gain = try given(.gain) ?? gain
        readNoiseElectrons = try given(.readNoiseElectrons)
        readNoiseADU = try given(.readNoiseADU)
        saturationADU = try given(.saturationADU)
        pixelScaleArcsec = try given(.pixelScaleArcsec)
        binning = try given(.binning)
        bayer = try given(.bayer)
        exposureUnit = try given(.exposureUnit)
        time = try given(.time) ?? time
        site = try given(.site)
        longitudeSign = try given(.longitudeSign)
        pointingUnits = try given(.pointingUnits)
        temperatureUnit = try given(.temperatureUnit)
        temperatureMissingValue = try given(.temperatureMissingValue)
        telescope = try given(.telescope)
        acceptance = try given(.acceptance) ?? acceptance
        photometry = try given(.photometry) ?? photometry
        trim = try given(.trim)
        (overscan, crosstalk) = (try given(.overscan), try given(.crosstalk))
        (linearity, rowNoise) = (try given(.linearity), try given(.rowNoise))
        (bleeding, dark) = (try given(.bleeding), try given(.dark))
        cosmicRays = try given(.cosmicRays)
    }

    /// The fields of a document, for those who compare them with the schema.
    public static var fieldNames: [String] { CodingKeys.allCases.map(\.rawValue) }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case id, name, revision, software, match, keywords, imageTypes
        case kindFromFileName, filterFromFileName, objectFromFileName, filters, defaults
        case gain, readNoiseElectrons, readNoiseADU, saturationADU, pixelScaleArcsec, binning, bayer, exposureUnit, time
        case site, longitudeSign, pointingUnits, temperatureUnit, temperatureMissingValue
        case telescope, acceptance, photometry, trim
        case overscan, crosstalk, linearity, rowNoise, bleeding, dark, cosmicRays
    }
}
