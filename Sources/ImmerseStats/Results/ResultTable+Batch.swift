public import Columnar

extension ResultTable {
  /// The table as columns: whole numbers, numbers or truth values where every value of a column is one, else text.
  public var batch: Batch {
    var batch = Batch([], rowCount: rows.count)
    for (index, name) in columns.enumerated() { batch.set(name, ResultTable.column(rows.map { $0[index] })) }
    return batch
  }

  private static func column(_ values: [JSONValue]) -> Column {
    let present = Bitmap(count: values.count) { values[$0] != .null }
    let validity = present.unsetCount == 0 ? nil : present
    var (areIntegers, areNumbers, areBools) = (true, true, true)
    for value in values {
      switch value {
      case .null: break
      case .integer: areBools = false
      case .number: (areIntegers, areBools) = (false, false)
      case .bool: (areIntegers, areNumbers) = (false, false)
      default: (areIntegers, areNumbers, areBools) = (false, false, false)
      }
    }
    // A column of nothing but missing values is one of numbers.
    if areNumbers && (!areIntegers || present.unsetCount == values.count) {
      return Column(
        values.map { value in
          switch value {
          case .number(let number): number
          case .integer(let integer): Double(integer)
          default: .nan
          }
        })
    }
    if areIntegers {
      let integers = values.map { if case .integer(let integer) = $0 { Int64(integer) } else { Int64(0) } }
      return Column(.int64(Buffer(integers)), validity: validity)
    }
    if areBools { return Column(.bool(Bitmap(count: values.count) { values[$0] == .bool(true) }), validity: validity) }
    return Column(
      values.map { value -> String? in
        switch value {
        case .null: nil
        case .string(let text): text
        default: value.compactText
        }
      })
  }
}
