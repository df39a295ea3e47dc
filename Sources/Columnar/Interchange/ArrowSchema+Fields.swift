public import CImmerse

/// A column of an Arrow schema.
public struct ArrowFieldDescription: Sendable {
  public let name: String
  let format: ArrowFormat
  /// The format of the values that the codes of a dictionary-coded column stand for.
  let dictionary: ArrowFormat?
  /// Whether the order of the dictionary means something.
  let isOrdered: Bool

  /// The type of the column.
  ///
  /// - Throws: `badData` where columns do not have such a type.
  public func type() throws(ImmerseError) -> DataType {
    if let dictionary {
      guard format.isInteger, dictionary.isText else { throw unsupported("a dictionary of values that are not text") }
      return .category
    }
    guard let type = format.type else {
      guard case .other(let text) = format else { throw unsupported("an unknown type") }
      throw unsupported(text.hasPrefix("+") ? "a nested type" : "the Arrow type \"\(text)\"")
    }
    return type
  }

  private func unsupported(_ what: String) -> ImmerseError {
    ImmerseError(
      .badData, "has \(what), which is not read", variable: name,
      remedy: "leave the column out, or convert it to numbers or text")
  }
}

extension ArrowSchema {
  /// The columns of the schema of a table. O(columns).
  ///
  /// - Throws: `badData` where the schema is not that of a struct of named columns, or names one twice.
  public func fields() throws(ImmerseError) -> [ArrowFieldDescription] {
    guard let format, String(cString: format) == "+s", n_children >= 0, n_children == 0 || children != nil else {
      throw ImmerseError(.badData, "the rows are not a table: their Arrow schema is no struct of columns")
    }
    var fields: [ArrowFieldDescription] = []
    var names: Set<String> = []
    for index in 0..<Int(n_children) {
      guard let child = children[index], let format = child.pointee.format else { throw .brokenArrow }
      let name = child.pointee.name.map { String(cString: $0) } ?? ""
      guard names.insert(name).inserted else {
        throw ImmerseError(.badData, "two columns have this name", variable: name, remedy: "rename one of them")
      }
      var dictionary: ArrowFormat?
      if let values = child.pointee.dictionary {
        guard let format = values.pointee.format else { throw .brokenArrow }
        dictionary = ArrowFormat(String(cString: format))
      }
      fields.append(
        ArrowFieldDescription(
          name: name, format: ArrowFormat(String(cString: format)), dictionary: dictionary,
          isOrdered: child.pointee.flags & Int64(ARROW_FLAG_DICTIONARY_ORDERED) != 0))
    }
    return fields
  }
}

extension ImmerseError {
  static var brokenArrow: ImmerseError {
    ImmerseError(
      .badData, "the Arrow data contradict their own schema",
      remedy: "the program that made them is at fault; write them to a file with it and read that")
  }
}
