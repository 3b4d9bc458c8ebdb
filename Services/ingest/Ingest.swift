@main
struct Ingest {
    static func main() {}
}
