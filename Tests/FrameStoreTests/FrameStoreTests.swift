// FrameStoreTests
