import Columnar

/// A column of a Parquet file.
struct ParquetColumn {
  let name: String
  /// The position among the columns that hold values, in which the parts of nested columns count.
  let leaf: Int
  let storage: ParquetStorage
  let type: ParquetType
  /// Whether values may be missing, so that pages begin with levels that say which are.
  let isOptional: Bool

  /// - Throws: `badData` where the values are of a type that is not read.
  func dataType() throws(ImmerseError) -> DataType {
    if let dataType = type.dataType { return dataType }
    if case .nested(let words) = type {
      throw ImmerseError(
        .badData, "the column is nested (Parquet \(words))", variable: name,
        remedy: "flatten it, or write the file without it")
    }
    guard case .other(let words) = type else { throw .damagedParquet }
    throw ImmerseError(
      .badData, "the column is of a type that is not read (Parquet \(words))", variable: name,
      remedy: "leave it out, or write it as text or numbers")
  }
}

/// The tree of a file's columns, of which only the outermost are told apart here.
struct ParquetSchema {
  private(set) var columns: [ParquetColumn] = []
  private(set) var leafCount = 0

  private struct Element {
    var name = ""
    var storage: ParquetStorage?
    /// 0 required, 1 optional, 2 repeated.
    var repetition = 0
    var children = 0
    var annotation = ParquetAnnotation.none
    var nesting: String?
    var scale = 0
  }

  private init() {}

  /// Reads the list of elements, in which each is followed by those inside it.
  ///
  /// - Throws: `badData` where the list is no tree.
  init(_ thrift: inout ThriftReader) throws(ImmerseError) {
    var elements: [Element] = []
    try thrift.list { (element) throws(ImmerseError) in elements.append(try Self.element(&element)) }
    guard let root = elements.first else { throw .damagedParquet }
    var position = 1
    for _ in 0..<root.children {
      guard position < elements.count else { throw .damagedParquet }
      let top = elements[position]
      let leaf = leafCount
      // All elements inside this one are passed over.
      var inside = 1
      while inside > 0 {
        guard position < elements.count else { throw .damagedParquet }
        let element = elements[position]
        guard element.children <= elements.count else { throw .damagedParquet }
        inside += element.children - 1
        if element.storage != nil { leafCount += 1 }
        position += 1
      }
      columns.append(try Self.column(top, leaf: leaf))
    }
    guard position == elements.count else { throw .damagedParquet }
  }

  private static func column(_ element: Element, leaf: Int) throws(ImmerseError) -> ParquetColumn {
    var type = ParquetType.nested(element.nesting ?? "struct")
    if let storage = element.storage {
      guard element.children == 0 else { throw .damagedParquet }
      type =
        element.repetition == 2
        ? .nested("repeated") : element.annotation.type(of: storage, scale: element.scale)
    }
    return ParquetColumn(
      name: element.name, leaf: leaf, storage: element.storage ?? .bytes, type: type,
      isOptional: element.repetition == 1)
  }

  private static func element(_ thrift: inout ThriftReader) throws(ImmerseError) -> Element {
    var element = Element()
    var (number, width, converted): (Int?, Int, Int?) = (nil, 0, nil)
    var hasName = false
    try thrift.fields { (field, value) throws(ImmerseError) in
      switch field {
      case 1: number = try value.integer()
      case 2: width = try value.size()
      case 3: element.repetition = try value.integer()
      case 4:
        element.name = try value.string()
        hasName = true
      case 5: element.children = try value.size()
      case 6: converted = try value.integer()
      case 7: element.scale = try value.integer()
      case 10: element.annotation = try ParquetAnnotation(&value, scale: &element.scale)
      default: break
      }
    }
    guard hasName else { throw .damagedParquet }
    if let number { element.storage = try ParquetStorage(number, width: width) }
    if let converted {
      if element.annotation == .none { element.annotation = ParquetAnnotation(converted: converted) }
      element.nesting = [1: "map", 2: "map", 3: "list"][converted]
    }
    return element
  }
}
