import CImmerse
import Columnar
import Testing

/// Batches go out through the C interface and come in again; broken arrays are refused.
@Suite struct InterchangeTests {
  private static let batch = Batch(
    [
      ("n", Column([1.5, .nan, -3])),
      ("i", Column(.int64(Buffer([7, 8, 9])), validity: Bitmap(count: 3) { $0 != 1 })),
      ("t", Column(["a", nil, "日本"])),
      ("c", Column(.category(Buffer<Int32>([1, -1, 0]), Levels(["x", "y"])))),
      ("b", Column(.bool(Bitmap(count: 3) { $0 == 2 }))),
    ], rowCount: 3)
  private static let fields = zip(batch.names, batch.columns).map { Field($0, $1.type) }

  private func exported(_ batches: [Batch]) -> ArrowArrayStream {
    var stream = ArrowArrayStream()
    ArrowExport.write(batches, fields: Self.fields, to: &stream)
    return stream
  }

  @Test func batchesSurviveTheRoundTrip() throws {
    var stream = exported([Self.batch, Self.batch.slice(1..<3)])
    let (fields, batches) = try ArrowRecords.reading(&stream)
    #expect(stream.release == nil)
    #expect(fields.map(\.name) == ["n", "i", "t", "c", "b"])
    #expect(try fields.map { try $0.type() } == [.float64, .int64, .text, .category, .bool])
    #expect(batches.map(\.rowCount) == [3, 2])
    for (records, original) in zip(batches, [Self.batch, Self.batch.slice(1..<3)]) {
      for (index, name) in original.names.enumerated() {
        let column = try records.column(at: index, rows: 0..<records.rowCount)
        let (back, before) = (column.categories, try #require(original[name]).categories)
        #expect((0..<records.rowCount).map { back[$0] } == (0..<records.rowCount).map { before[$0] }, "\(name)")
      }
    }
    // A part of a batch.
    #expect(try batches[0].column(at: 2, rows: 2..<3).categories[0] == "日本")
    #expect(try batches[0].column(at: 3, rows: 1..<2).categories[0] == nil)
  }

  @Test func namesTheTypeItDoesNotRead() throws {
    var stream = exported([Self.batch])
    var schema = ArrowSchema()
    _ = stream.get_schema(&stream, &schema)
    let fields = try "+l".withCString { format in
      schema.children[0]?.pointee.format = format
      return try schema.fields()
    }
    let error = #expect(throws: ImmerseError.self) { try fields[0].type() }
    #expect(error?.description.contains("variable \"n\": has a nested type") == true)
    schema.release(&schema)
    stream.release(&stream)
  }

  /// One field of an array each that a producer could get wrong.
  static let damages: [(name: String, damage: @Sendable (UnsafeMutablePointer<ArrowArray>) -> Void)] = [
    ("negative length", { $0.pointee.length = -1 }),
    ("negative offset", { $0.pointee.offset = -8 }),
    ("huge offset", { $0.pointee.offset = Int64.max - 1 }),
    ("fewer rows than the table", { $0.pointee.length = 2 }),
    ("more missing values than rows", { $0.pointee.null_count = 9 }),
    ("missing values below minus one", { $0.pointee.null_count = -2 }),
    ("too few buffers", { $0.pointee.n_buffers = 1 }),
    ("no buffers", { $0.pointee.buffers = nil }),
    ("no values", { $0.pointee.buffers[1] = nil }),
    ("children of a flat column", { $0.pointee.n_children = 1 }),
  ]

  @Test(arguments: damages.map(\.name), [0, 2, 3])
  func brokenColumnsAreRefused(_ name: String, _ column: Int) throws {
    var stream = exported([Self.batch])
    var (schema, array) = (ArrowSchema(), ArrowArray())
    _ = stream.get_schema(&stream, &schema)
    _ = stream.get_next(&stream, &array)
    let fields = try schema.fields()
    let child = try #require(array.children[column])
    let sound = child.pointee
    try #require(Self.damages.first { $0.name == name }).damage(child)
    do {
      let records = try ArrowRecords(moving: &array, fields: fields)
      #expect(array.release == nil)
      #expect(throws: ImmerseError.self) { try records.column(at: column, rows: 0..<3) }
      child.pointee = sound
    }
    schema.release(&schema)
    stream.release(&stream)
  }

  @Test func textThatIsNoTextIsRefused() throws {
    for damage in 0..<3 {
      var stream = exported([Self.batch])
      var (schema, array) = (ArrowSchema(), ArrowArray())
      _ = stream.get_schema(&stream, &schema)
      _ = stream.get_next(&stream, &array)
      let child = try #require(array.children[2])
      var offsets: [Int32] = damage == 0 ? [0, 5, 3, 7] : damage == 1 ? [-1, 0, 1, 1] : [0, 1, 2, 7]
      var bytes: [UInt8] = damage == 2 ? [97, 0xe6, 0x97, 0xa5, 0xff, 0xfe, 0x80] : Array(repeating: 97, count: 7)
      let sound = (child.pointee.buffers[1], child.pointee.buffers[2])
      try offsets.withUnsafeMutableBytes { offsets in
        try bytes.withUnsafeMutableBytes { bytes in
          child.pointee.buffers[1] = UnsafeRawPointer(offsets.baseAddress)
          child.pointee.buffers[2] = UnsafeRawPointer(bytes.baseAddress)
          let records = try ArrowRecords(moving: &array, fields: try schema.fields())
          #expect(throws: ImmerseError.self) { try records.column(at: 2, rows: 0..<3) }
          (child.pointee.buffers[1], child.pointee.buffers[2]) = sound
        }
      }
      schema.release(&schema)
      stream.release(&stream)
    }
  }

  @Test func codesOutsideTheDictionaryAreRefused() throws {
    let bad = Batch([("c", Column(.category(Buffer<Int32>([0, 5]), Levels(["x"]))))], rowCount: 2)
    var stream = ArrowArrayStream()
    ArrowExport.write([bad], fields: [Field("c", .category)], to: &stream)
    let (_, batches) = try ArrowRecords.reading(&stream)
    #expect(throws: ImmerseError.self) { try batches[0].column(at: 0, rows: 0..<2) }
  }

  @Test func aReleasedStreamIsRefused() {
    var stream = ArrowArrayStream()
    #expect(throws: ImmerseError.self) { try ArrowRecords.reading(&stream) }
  }
}
