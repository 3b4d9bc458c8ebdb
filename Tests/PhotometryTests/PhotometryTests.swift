// PhotometryTests
