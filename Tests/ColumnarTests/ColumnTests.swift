import Columnar
import TestSupport
import Testing

/// A column of every type with the values 1, 2, 0, 1, the third marked as missing where `isMasked`.
func everyType(isMasked: Bool) -> [Column] {
  let validity = isMasked ? Bitmap(count: 4) { $0 != 2 } : nil
  func integers<T: FixedWidthInteger & BitwiseCopyable & Sendable>(_ type: T.Type) -> Buffer<T> {
    Buffer([1, 2, 0, 1])
  }
  return [
    Column(.float64(Buffer([1, 2, 0, 1])), validity: validity),
    Column(.float32(Buffer([1, 2, 0, 1])), validity: validity),
    Column(.int64(integers(Int64.self)), validity: validity), Column(.int32(integers(Int32.self)), validity: validity),
    Column(.int16(integers(Int16.self)), validity: validity), Column(.int8(integers(Int8.self)), validity: validity),
    Column(.uint64(integers(UInt64.self)), validity: validity),
    Column(.uint32(integers(UInt32.self)), validity: validity),
    Column(.uint16(integers(UInt16.self)), validity: validity),
    Column(.uint8(integers(UInt8.self)), validity: validity),
    Column(.bool(Bitmap(count: 4) { $0 != 2 }), validity: validity),
    Column(.text(TextBuffer(["1", "2", "0", "1"])), validity: validity),
    Column(.category(Buffer([0, 2, 1, 0]), Levels(["1", "0", "2"])), validity: validity),
  ]
}

func texts(_ categories: Categories) -> [String?] {
  categories.codes.array.map { $0 < 0 ? nil : categories.levels[Int($0)] }
}

/// NaN as nil, so that lists compare.
func present(_ numbers: Buffer<Double>?) -> [Double?]? {
  numbers?.array.map { $0.isNaN ? nil : $0 }
}

@Suite struct ColumnTests {
  @Test func everyTypeIsTested() {
    #expect(Set(everyType(isMasked: false).map(\.type)) == Set(DataType.allCases))
  }

  @Test(arguments: [false, true]) func numbersOfEveryType(isMasked: Bool) {
    for column in everyType(isMasked: isMasked) {
      let expected: [Double?]? =
        switch column.type {
        case .text: nil
        case .bool: [1, 1, isMasked ? nil : 0, 1]
        default: [1, 2, isMasked ? nil : 0, 1]
        }
      #expect(present(column.numbers) == expected, "\(column.type)")
      #expect(column.type.isNumeric == (column.type != .text && column.type != .category))
      #expect(present(column.slice(1..<4).numbers) == expected.map { Array($0[1..<4]) }, "\(column.type)")
    }
  }

  @Test(arguments: [false, true]) func categoriesOfEveryType(isMasked: Bool) {
    for column in everyType(isMasked: isMasked) {
      let expected: [String?] =
        column.type == .bool
        ? ["true", "true", isMasked ? nil : "false", "true"] : ["1", "2", isMasked ? nil : "0", "1"]
      let categories = column.categories
      #expect(texts(categories) == expected, "\(column.type)")
      #expect(texts(column.slice(1..<4).categories) == Array(expected[1..<4]), "\(column.type)")
      if column.type != .category {
        #expect(categories.levels.names == Set(expected.compactMap(\.self)).sorted(), "\(column.type)")
      }
    }
  }

  @Test(arguments: [false, true]) func gatheringEveryType(isMasked: Bool) {
    for column in everyType(isMasked: isMasked) {
      let all = texts(column.categories)
      for positions: [Int32] in [[3, 1, 1], [2, -1, 0], [], [-1, -1]] {
        let gathered = column.gathering(Buffer(positions))
        #expect(gathered.type == column.type)
        #expect(texts(gathered.categories) == positions.map { $0 < 0 ? nil : all[Int($0)] }, "\(column.type)")
        let part = column.slice(1..<4).gathering(Buffer(positions.map { $0 > 0 ? $0 - 1 : -1 }))
        #expect(texts(part.categories) == positions.map { $0 <= 0 ? nil : all[Int($0)] }, "\(column.type)")
      }
    }
  }

  @Test func sharedWhereNothingIsConverted() {
    let column = Column([1, .nan, 3])
    let isShared = column.numbers?.withUnsafeBufferPointer { numbers in
      if case .float64(let values) = column.values {
        values.withUnsafeBufferPointer { $0.baseAddress == numbers.baseAddress }
      } else {
        false
      }
    }
    #expect(isShared == true)
    let category = Column(.category(Buffer([0, -1]), Levels(["a"])))
    #expect(category.categories.levels === category.categories.levels)
  }

  @Test func missingValues() {
    #expect(present(Column([1, .nan]).numbers) == [1, nil])
    #expect(texts(Column([1, .nan, -0.0, 0]).categories) == ["1", nil, "0", "0"])
    #expect(texts(Column(["a", nil, ""]).categories) == ["a", nil, ""])
    #expect(present(Column(.category(Buffer([0, -1]), Levels(["1.5"]))).numbers) == [1.5, nil])
    #expect(Column(.category(Buffer([0, -1]), Levels(["1.5", "x"]))).numbers == nil)
    #expect(Column(.category(Buffer([0]), Levels(["nan"]))).numbers == nil)
    #expect(present(Column(.category(Buffer([-1, -1]), Levels([]))).numbers) == [nil, nil])
  }

  @Test func recodingToOtherLevels() {
    let categories = Categories(codes: Buffer([0, 1, -1, 2, 0]), levels: Levels(["a", "b", "c"]))
    let other = Levels(["c", "x", "a"])
    #expect(categories.recoded(to: other).codes.array == [2, -1, -1, 0, 2])
    #expect(categories.recoded(to: other).levels === other)
    #expect(categories.recoded(to: categories.levels).codes.array == [0, 1, -1, 2, 0])
    #expect(categories.recoded(to: Levels([])).codes.array == [-1, -1, -1, -1, -1])
  }
}

@Suite struct BatchTests {
  private let batch = Batch([("a", Column([1, 2, 3])), ("b", Column(["x", nil, "z"]))], rowCount: 3, firstRow: 10)

  @Test func columnsByName() throws {
    #expect(try batch.numbers("a").array == [1, 2, 3])
    #expect(texts(try batch.categories("b")) == ["x", nil, "z"])
    #expect(batch["c"] == nil)
    let text = #expect(throws: ImmerseError.self) { _ = try batch.numbers("b") }
    #expect(text?.kind == .badData)
    #expect(text?.variable == "b")
    let absent = #expect(throws: ImmerseError.self) { _ = try batch.categories("c") }
    #expect(absent?.variable == "c")
  }

  @Test func settingAddsOrReplaces() throws {
    var changed = batch
    changed.set("c", Column([7, 8, 9]))
    changed.set("a", Column([4, 5, 6]))
    #expect(changed.names == ["a", "b", "c"])
    #expect(try changed.numbers("a").array == [4, 5, 6])
    #expect(try batch.numbers("a").array == [1, 2, 3])
  }

  @Test func slicesKnowTheirFirstRow() throws {
    let slice = batch.slice(1..<3)
    #expect(slice.firstRow == 11)
    #expect(slice.rowCount == 2)
    #expect(try slice.numbers("a").array == [2, 3])
    let gathered = batch.gathering(Buffer([2, 0]))
    #expect(gathered.rowCount == 2)
    #expect(texts(try gathered.categories("b")) == ["z", "x"])
  }
}
