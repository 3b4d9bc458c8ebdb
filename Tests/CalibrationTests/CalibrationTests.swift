// CalibrationTests
