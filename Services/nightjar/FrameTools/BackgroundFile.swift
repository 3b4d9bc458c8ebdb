internal import Detection
internal import FITS
internal import Imaging

/// What `nightjar measure --background` writes.
enum BackgroundFile {
    static func write(_ background: Background, _ header: Header, to place: String) throws {
        func image(_ surface: MeshSurface) -> Image<Electron> {
            Image(width: surface.width, height: surface.height, pixels: surface.plane())
        }
        try FITSWriter.write(
            background: image(background.level), rms: image(background.rms), header: header, to: place)
    }
}
