public import Columnar
public import ImmerseStats
public import Streaming

extension Codebook {
  /// What a source says of its variables, those of which it says nothing too.
  ///
  /// - Throws: what the source throws where it does not know its types.
  public init(of source: any Source, title: String? = nil) throws(ImmerseError) {
    let types = try source.types(of: source.columnNames)
    self.init(
      title: title ?? source.name,
      variables: source.columnNames.map { name in
        var metadata = source.metadata(of: name) ?? VariableMetadata()
        if metadata.measure == nil, metadata.answerLabels.isEmpty, types[name]?.isNumeric == true {
          metadata.measure = .scale
        }
        return Variable(name: name, metadata: metadata, isText: types[name]?.isNumeric == false)
      })
  }

  /// The codebook as a YAML file, which `init(file:)` reads.
  public var yaml: String {
    var text = ""
    if let title { text += "title: \(Self.quoted(title))\n\n" }
    text += variables.isEmpty ? "variables: []\n" : "variables:\n"
    for variable in variables {
      let metadata = variable.metadata
      text += "  - name: \(Self.quoted(variable.name))\n"
      if let label = metadata.label { text += "    label: \(Self.quoted(label))\n" }
      if let measure = metadata.measure { text += "    type: \(measure == .scale ? "number" : measure.rawValue)\n" }
      if !metadata.valueLabels.isEmpty {
        text += "    values:\n"
        for value in metadata.valueLabels {
          text += "      \(Self.quoted(value.code.description)): \(Self.quoted(value.label))\n"
        }
      }
      if !metadata.missing.isEmpty {
        text += "    missing_codes: [\(metadata.missing.map { Self.quoted("\($0)") }.joined(separator: ", "))]\n"
      }
      if let scale = variable.scale { text += "    scale: \(Self.quoted(scale))\n" }
      if let isReversed = variable.isReversed { text += "    reversed: \(isReversed)\n" }
      if let missing = variable.missing { text += "    missing: \(Self.quoted(missing))\n" }
    }
    if !scales.isEmpty { text += "\nscales:\n" }
    for scale in scales {
      text += "  - name: \(Self.quoted(scale.name))\n"
      if let label = scale.label { text += "    label: \(Self.quoted(label))\n" }
      text += "    items: [\(scale.items.map(Self.quoted).joined(separator: ", "))]\n"
    }
    return text
  }

  /// A scalar of YAML, between double quotes unless it is a plain word or a number.
  private static func quoted(_ text: String) -> String {
    let isWord = text.utf8.enumerated().allSatisfy { position, byte in
      UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
        || position > 0 && (byte == UInt8(ascii: "_") || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte)
    }
    let words: Set = ["y", "n", "yes", "no", "true", "false", "on", "off", "null", "nan", "inf"]
    if isWord, !text.isEmpty, !words.contains(text.lowercased()) { return text }
    if NumberText.number(text).map({ NumberText.shortest($0) }) == text { return text }
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\t": quoted += "\\t"
      case _ where scalar.value < 0x20 || scalar.value == 0x7f || (0x80..<0xa0).contains(scalar.value):
        let digits = String(scalar.value, radix: 16)
        quoted += "\\x" + String(repeating: "0", count: 2 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }

  /// The codebook as an instance of DDI-Codebook 2.5: the study's title, and the variables with labels, categories and
  /// missing codes.
  ///
  /// - Parameter rows: The number of cases, where it is known.
  public func ddi(rows: Int? = nil) -> String {
    var xml = XMLText()
    xml.open(
      "codeBook",
      [
        ("xmlns", "ddi:codebook:2_5"), ("version", "2.5"), ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
        (
          "xsi:schemaLocation",
          "ddi:codebook:2_5 http://www.ddialliance.org/Specification/DDI-Codebook/2.5/XMLSchema/codebook.xsd"
        ),
      ])
    xml.open("stdyDscr")
    xml.open("citation")
    xml.open("titlStmt")
    xml.element("titl", title ?? "")
    for name in ["titlStmt", "citation", "stdyDscr"] { xml.close(name) }
    if let rows {
      xml.open("fileDscr", [("ID", "F1")])
      xml.open("fileTxt")
      xml.open("dimensns")
      xml.element("caseQnty", "\(rows)")
      xml.element("varQnty", "\(variables.count)")
      for name in ["dimensns", "fileTxt", "fileDscr"] { xml.close(name) }
    }
    xml.open("dataDscr")
    for (index, variable) in variables.enumerated() { xml.write(variable, number: index + 1, hasFile: rows != nil) }
    xml.close("dataDscr")
    xml.close("codeBook")
    return xml.text
  }
}

/// An XML document, written from front to back.
private struct XMLText {
  private(set) var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
  private var depth = 0

  private mutating func line(_ content: String) {
    text += String(repeating: "  ", count: depth) + content + "\n"
  }

  private func tag(_ name: String, _ attributes: [(String, String)]) -> String {
    name + attributes.map { " \($0.0)=\"\(escaped($0.1))\"" }.joined()
  }

  mutating func open(_ name: String, _ attributes: [(String, String)] = []) {
    line("<\(tag(name, attributes))>")
    depth += 1
  }

  mutating func close(_ name: String) {
    depth -= 1
    line("</\(name)>")
  }

  mutating func element(_ name: String, _ content: String, _ attributes: [(String, String)] = []) {
    line("<\(tag(name, attributes))>\(escaped(content))</\(name)>")
  }

  mutating func empty(_ name: String, _ attributes: [(String, String)]) { line("<\(tag(name, attributes))/>") }

  mutating func write(_ variable: Codebook.Variable, number: Int, hasFile: Bool) {
    let metadata = variable.metadata
    var attributes = [("ID", "V\(number)"), ("name", variable.name)]
    if hasFile { attributes.append(("files", "F1")) }
    switch metadata.measure {
    case .scale: attributes.append(("intrvl", "contin"))
    case .nominal: attributes += [("intrvl", "discrete"), ("nature", "nominal")]
    case .ordinal: attributes += [("intrvl", "discrete"), ("nature", "ordinal")]
    case nil: break
    }
    open("var", attributes)
    if let label = metadata.label { element("labl", label) }
    let ranges = metadata.missing.compactMap { if case .range(let low, let high) = $0 { (low, high) } else { nil } }
    let codes = metadata.missing.compactMap { if case .code(let code) = $0 { code } else { nil } }
    if !metadata.missing.isEmpty {
      open("invalrng")
      for code in codes { empty("item", [("VALUE", "\(code)")]) }
      for (low, high) in ranges {
        var bounds: [(String, String)] = []
        if low.isFinite { bounds.append(("min", NumberText.shortest(low))) }
        if high.isFinite { bounds.append(("max", NumberText.shortest(high))) }
        empty("range", bounds)
      }
      close("invalrng")
    }
    for value in metadata.valueLabels {
      open("catgry", metadata.isMissing(value.code) ? [("missing", "Y")] : [])
      element("catValu", "\(value.code)")
      element("labl", value.label)
      close("catgry")
    }
    empty("varFormat", [("type", variable.isText == true ? "character" : "numeric")])
    close("var")
  }

  /// Text as XML allows it: five characters by name, control characters left out.
  private func escaped(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "\n", "\t": escaped += " "
      case _ where scalar.value < 0x20 || scalar.value == 0xfffe || scalar.value == 0xffff: break
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
