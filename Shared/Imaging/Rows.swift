internal import Dispatch
internal import Synchronization

/// Runs `body` over ranges that together are `0..<rows`, on up to `threads` threads at once.
///
/// The ranges depend on `rows` and `threads` only in where they are cut, and every row is in exactly one of them: a
/// body that writes nothing but its own rows, and computes each from its inputs alone, gives the same bits for any
/// number of threads. Returns when all rows are done. Ranges are handed out one by one, long ones first,
/// so that rows of unequal cost do not leave a thread without work at the end.
///
/// - Parameters:
///   - rows: number of rows, >= 0.
///   - threads: 1 runs everything on the calling thread, in order.
///   - body: called on several threads at once; must not touch the same storage from two ranges.
public func parallelRows(_ rows: Int, threads: Int = 1, body: (Range<Int>) -> Void) {
    guard rows > 0 else { return }
    guard threads > 1, rows > 1 else { return body(0..<rows) }
    let next = Atomic(0)
    withoutActuallyEscaping(body) { body in
        // Sound because ranges are disjoint and the body writes its own rows only, as the caller has promised.
        nonisolated(unsafe) let body = body
        DispatchQueue.concurrentPerform(iterations: min(threads, rows)) { _ in
            while let range = takeRange(rows, next, threads: threads) { body(range) }
        }
    }
}

/// A third of what one thread has left to do, but not less than a thirty-second of what it had in the beginning.
private func takeRange(_ rows: Int, _ next: borrowing Atomic<Int>, threads: Int) -> Range<Int>? {
    let shortest = max(1, rows / (32 * threads))
    var start = next.load(ordering: .relaxed)
    while start < rows {
        let end = min(rows, start + max(shortest, (rows - start) / (3 * threads)))
        let (taken, found) = next.compareExchange(expected: start, desired: end, ordering: .relaxed)
        if taken { return start..<end }
        start = found
    }
    return nil
}

/// The values of `body` for 0, 1, ... count - 1, in this order, computed on up to `threads` threads at once.
///
/// - Parameter body: called on several threads at once; its value depends on the index alone.
public func parallelMap<Value>(_ count: Int, threads: Int = 1, _ body: (Int) -> Value) -> [Value] {
    guard count > 0 else { return [] }
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

/// What two bodies make that have nothing to do with each other, at the same time where there are two threads.
public func parallelBoth<First, Second>(
    threads: Int = 1, _ first: () -> First, _ second: () -> Second
) -> (First, Second) {
    guard threads > 1 else { return (first(), second()) }
    var (one, other): (First?, Second?)
    parallelRows(2, threads: threads) { range in
        for body in range {
            if body == 0 { one = first() } else { other = second() }
        }
    }
    return (one!, other!)
}
