@main
struct Alerter {
    static func main() {}
}
