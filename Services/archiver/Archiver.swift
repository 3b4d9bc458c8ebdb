@main
struct Archiver {
    static func main() {}
}
