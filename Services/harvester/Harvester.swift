@main
struct Harvester {
    static func main() {}
}
