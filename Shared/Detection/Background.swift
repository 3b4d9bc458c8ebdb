public import Imaging

/// The sky of a frame: a smooth level and its local scatter, from a mesh of tiles without sources.
///
/// A first mesh takes each tile's clipped mode. On it sources are searched, on blocks of 2 x 2 pixels; they and their
/// wings are masked, and the second mesh takes the clipped mean of what is left: modes of a field full of stars lie
/// high by what the stars' wings and the faint ones add. Both meshes are median-filtered over neighbouring tiles and
/// interpolated by bicubic splines. Excluded pixels do not count.
///
/// - Source: Bertin & Arnouts 1996, A&AS 117, 393, section 3 (mesh, mode, median filter, spline).
public struct Background: Sendable {
    /// [e-/px]
    public let level: MeshSurface
    /// Scatter of single pixels [e-].
    public let rms: MeshSurface
    /// Median over the mesh [e-/px]; NaN when the frame has no good pixel.
    public let globalLevel: Double
    /// Median over the mesh [e-].
    public let globalRMS: Double
    /// Side of a tile [px].
    public let tileSize: Int

    /// - Parameters:
    ///   - frame: its sky need not be flat; NaN and masked pixels are left out.
    ///   - tileSize: side of a tile [px]; large against a star, small against the sky's structure.
    ///   - filterSize: width of the median filter [tiles].
    public static func estimate(_ frame: CalibratedFrame, tileSize: Int = 64, filterSize: Int = 3) -> Background {
        precondition(tileSize > 0 && filterSize > 0, "a background mesh needs tiles and a filter")
        return FirstLook.take(frame, tileSize: tileSize, filterSize: filterSize).look.background
    }

    init(_ mesh: SkyMesh, _ frame: CalibratedFrame, tileSize: Int) {
        let (width, height) = (frame.signal.width, frame.signal.height)
        level = mesh.surface(mesh.level, width: width, height: height)
        rms = mesh.surface(mesh.pixelScatter, width: width, height: height)
        globalLevel = SkyMesh.typical(mesh.level)
        globalRMS = SkyMesh.typical(mesh.pixelScatter)
        self.tileSize = tileSize
    }

    /// The part over some of the frame's pixels.
    func window(columns: Range<Int>, rows: Range<Int>) -> Background {
        Background(self, columns: columns, rows: rows)
    }

    private init(_ background: Background, columns: Range<Int>, rows: Range<Int>) {
        level = background.level.window(columns: columns, rows: rows)
        rms = background.rms.window(columns: columns, rows: rows)
        (globalLevel, globalRMS, tileSize) = (background.globalLevel, background.globalRMS, background.tileSize)
    }

    /// Of a frame that shows no sky.
    init(noneOf frame: CalibratedFrame, tileSize: Int) {
        level = MeshSurface(
            width: frame.signal.width, height: frame.signal.height, columns: 1, rows: 1, values: [0])
        (rms, globalLevel, globalRMS) = (level, .nan, .nan)
        self.tileSize = tileSize
    }
}
