@main
struct Calibrator {
    static func main() {}
}
