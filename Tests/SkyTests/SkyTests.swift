// SkyTests
