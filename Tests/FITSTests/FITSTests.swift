// FITSTests
