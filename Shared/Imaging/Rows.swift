internal import Dispatch
internal import Synchronization

/// Runs `body` over ranges that together are `0..<rows`, on up to `threads` threads at once.
///
/// The ranges depend on `rows` and `threads` only in where they are cut, and every row is in exactly one of them: a
/// body that writes nothing but its own rows, and computes each from its inputs alone, gives the same bits for any
/// number of threads. Returns when all rows are done. Ranges are handed out one by one, so that rows of unequal cost do
/// not leave a thread without work.
///
/// - Parameters:
///   - rows: number of rows, >= 0.
///   - threads: 1 runs everything on the calling thread, in order.
///   - body: called on several threads at once; must not touch the same storage from two ranges.
public func parallelRows(_ rows: Int, threads: Int = 1, body: (Range<Int>) -> Void) {
    guard rows > 0 else { return }
    guard threads > 1, rows > 1 else { return body(0..<rows) }
    let pieces = min(rows, threads * 8)
    let next = Atomic(0)
    withoutActuallyEscaping(body) { body in
        // Sound because ranges are disjoint and the body writes its own rows only, as the caller has promised.
        nonisolated(unsafe) let body = body
        DispatchQueue.concurrentPerform(iterations: min(threads, pieces)) { _ in
            while true {
                let piece = next.wrappingAdd(1, ordering: .relaxed).oldValue
                if piece >= pieces { return }
                body((piece * rows / pieces)..<((piece + 1) * rows / pieces))
            }
        }
    }
}

/// The values of `body` for 0, 1, ... count - 1, in this order, computed on up to `threads` threads at once.
///
/// - Parameter body: called on several threads at once; its value depends on the index alone.
public func parallelMap<Value>(_ count: Int, threads: Int = 1, _ body: (Int) -> Value) -> [Value] {
    guard threads > 1, count > 1 else { return (0..<max(count, 0)).map(body) }
    return [Value](unsafeUninitializedCapacity: count) { values, used in
        if let base = values.baseAddress {
            // Sound because every value is written once, by one thread.
            nonisolated(unsafe) let base = base
            parallelRows(count, threads: threads) { range in
                for index in range { (base + index).initialize(to: body(index)) }
            }
        }
        used = count
    }
}
