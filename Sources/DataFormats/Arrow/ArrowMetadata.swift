import Columnar

/// The FlatBuffers messages of an Arrow file, with the field numbers of Arrow's Message.fbs, Schema.fbs and File.fbs.
enum ArrowMetadata {
  enum Kind: UInt8 {
    case schema = 1
    case dictionary = 2
    case batch = 3
  }

  /// Metadata version 5.
  private static let version = FlatValue.short(4)

  static func message(_ kind: Kind, _ header: FlatValue, bodyLength: Int64) -> FlatValue {
    .table([0: version, 1: .byte(kind.rawValue), 2: header, 3: .long(bodyLength)])
  }

  static func footer(_ schema: FlatValue, dictionaries: [Int64], batches: [Int64]) -> FlatValue {
    .table([
      0: version, 1: schema, 2: .structs(dictionaries, wordsEach: 3), 3: .structs(batches, wordsEach: 3),
    ])
  }

  /// A schema; `properties` are the metadata of columns, by name.
  static func schema(
    _ fields: [Field], isOrdered: [Bool], properties: [String: [(key: String, text: String)]]
  ) -> FlatValue {
    .table([
      1: .tables(
        fields.indices.map {
          field(fields[$0], dictionary: $0, isOrdered: isOrdered[$0], properties[fields[$0].name] ?? [])
        })
    ])
  }

  static func batch(rows: Int, nodes: [Int64], buffers: [Int64], codec: ArrowCodec?) -> FlatValue {
    var values: [Int: FlatValue] = [
      0: .long(Int64(rows)), 1: .structs(nodes, wordsEach: 2), 2: .structs(buffers, wordsEach: 2),
    ]
    if let codec { values[3] = .table([0: .byte(codec.rawValue), 1: .byte(0)]) }
    return .table(values)
  }

  static func dictionary(id: Int, _ batch: FlatValue, isDelta: Bool) -> FlatValue {
    .table([0: .long(Int64(id)), 1: batch, 2: .bool(isDelta)])
  }

  private static func field(
    _ field: Field, dictionary: Int, isOrdered: Bool, _ properties: [(key: String, text: String)]
  ) -> FlatValue {
    let (number, type) = type(field.type)
    var values: [Int: FlatValue] = [
      0: .string(field.name), 1: .bool(true), 2: .byte(number), 3: type, 5: .tables([]),
    ]
    if field.type == .category {
      values[4] = .table([
        0: .long(Int64(dictionary)), 1: integer(32, isSigned: true), 2: .bool(isOrdered),
      ])
    }
    if !properties.isEmpty {
      values[6] = .tables(properties.map { .table([0: .string($0.key), 1: .string($0.text)]) })
    }
    return .table(values)
  }

  private static func type(_ type: DataType) -> (number: UInt8, table: FlatValue) {
    switch type {
    case .int64: (2, integer(64, isSigned: true))
    case .int32: (2, integer(32, isSigned: true))
    case .int16: (2, integer(16, isSigned: true))
    case .int8: (2, integer(8, isSigned: true))
    case .uint64: (2, integer(64, isSigned: false))
    case .uint32: (2, integer(32, isSigned: false))
    case .uint16: (2, integer(16, isSigned: false))
    case .uint8: (2, integer(8, isSigned: false))
    case .float32: (3, .table([0: .short(1)]))
    case .float64: (3, .table([0: .short(2)]))
    case .text, .category: (5, .table([:]))
    case .bool: (6, .table([:]))
    }
  }

  private static func integer(_ bits: Int32, isSigned: Bool) -> FlatValue {
    .table([0: .int(bits), 1: .bool(isSigned)])
  }
}
