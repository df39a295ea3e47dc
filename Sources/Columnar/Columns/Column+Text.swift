extension Column {
  /// The value of a row as text, numbers as `NumberText.shortest` writes them; nil where the row has none. O(length).
  public func text(at row: Int) -> String? {
    if isMissing(row) { return nil }
    switch values {
    case .float64(let b): return b[row].isNaN ? nil : NumberText.shortest(b[row])
    case .float32(let b): return b[row].isNaN ? nil : NumberText.shortest(b[row])
    case .int64(let b): return "\(b[row])"
    case .int32(let b): return "\(b[row])"
    case .int16(let b): return "\(b[row])"
    case .int8(let b): return "\(b[row])"
    case .uint64(let b): return "\(b[row])"
    case .uint32(let b): return "\(b[row])"
    case .uint16(let b): return "\(b[row])"
    case .uint8(let b): return "\(b[row])"
    case .bool(let bits): return bits[row] ? "true" : "false"
    case .text(let text): return text[row]
    case .category(let codes, let levels): return codes[row] < 0 ? nil : levels[Int(codes[row])]
    }
  }
}
