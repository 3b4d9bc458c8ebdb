// AstrometryTests
