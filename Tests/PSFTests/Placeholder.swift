import Testing
@testable import PSF
