// LightCurvesTests
