@main
struct Photometer {
    static func main() {}
}
