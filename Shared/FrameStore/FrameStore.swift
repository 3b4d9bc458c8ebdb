// FrameStore
