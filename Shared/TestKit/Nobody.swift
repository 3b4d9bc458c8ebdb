internal import Foundation

/// Runs the body with the file rights of the user `nobody`: permission checks do not bite for root.
///
/// Only the calling thread's rights change (Linux, setfsuid(2)), so the body must not wait for other threads.
///
/// - Returns: nil, with one line that says so, where root's rights cannot be given up.
@discardableResult
public func withoutRootRights<Value>(_ body: () throws -> Value) throws -> Value? {
    guard geteuid() == 0 else { return try body() }
    typealias Function = @convention(c) (UInt32) -> Int32
    guard let user = dlsym(nil, "setfsuid").map({ unsafeBitCast($0, to: Function.self) }),
        let group = dlsym(nil, "setfsgid").map({ unsafeBitCast($0, to: Function.self) })
    else {
        print("skipped: root cannot be kept from reading here")
        return nil
    }
    _ = group(65_534)
    _ = user(65_534)
    defer {
        _ = user(0)
        _ = group(0)
    }
    guard user(.max) == 65_534 else {
        print("skipped: root cannot be kept from reading here")
        return nil
    }
    return try body()
}
