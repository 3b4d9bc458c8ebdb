/// The element of rank count / 2, by Hoare's selection: a median in linear time. `values` is not empty and is
/// reordered.
///
/// Numbers that are not finite end up anywhere and do no harm.
func medianBySelection(_ values: inout [Double]) -> Double {
    let rank = values.count / 2
    return values.withUnsafeMutableBufferPointer { values in
        var (low, high) = (0, values.count - 1)
        while low < high {
            let pivot = middle(values[low], values[(low + high) / 2], values[high])
            var (left, right) = (low, high)
            while left <= right {
                // The pivot or what was swapped stops both: NaN compares false.
                while values[left] < pivot { left += 1 }
                while pivot < values[right] { right -= 1 }
                guard left <= right else { break }
                values.swapAt(left, right)
                left += 1
                right -= 1
            }
            if rank <= right {
                high = right
            } else if rank >= left {
                low = left
            } else {
                break
            }
        }
        return values[rank]
    }
}

private func middle(_ a: Double, _ b: Double, _ c: Double) -> Double { max(min(a, b), min(max(a, b), c)) }
