import Columnar
import DataFormats
import Foundation
import ImmerseStats
import Streaming
import Studies
import TestSupport
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite("Codebooks")
struct CodebookTests {
  let spss = TestFiles.golden("statistical/rows.sav").path

  @Test("what a file says survives YAML, and gives a text table its labels and missing codes")
  func roundTrip() throws {
    try TestFiles.withTemporaryFolder { folder in
      let source = try DataFile.open(spss)
      let file = folder.appending(path: "codebook.yaml").path
      try OutputFile.write(Array(try Codebook(of: source).yaml.utf8), to: file)
      let read = try InputFiles().codebook(file)
      #expect(read.variables.map(\.name) == source.columnNames)
      for name in ["id", "age", "bel1", "escs"] {
        var expected = try #require(source.metadata(of: name))
        expected.format = nil
        #expect(read.metadata[name] == expected, "\(name)")
      }
      // The codes as they stand, as another program would export them.
      let table = folder.appending(path: "raw.csv").path
      try OutputFile.write(Array("id,bel1\na,1\nb,97\nc,4\nd,\n".utf8), to: table)
      let coded = try DataFile.open(table, options: DataFile.Options(labels: true, codebook: read.metadata))
      let batch = try coded.rows(0..<4, [.number("bel1"), .category("bel1.na")])
      #expect(try batch.numbers("bel1").array.map { $0.isNaN ? nil : $0 } == [1, nil, 4, nil])
      let reasons = try batch.categories("bel1.na")
      #expect((0..<4).map { reasons[$0] } == [nil, "not applicable", nil, nil])
      let groups = try coded.rows(0..<4, [.category("bel1")]).categories("bel1")
      #expect((0..<4).map { groups[$0] } == ["strongly agree", nil, "strongly disagree", nil])
    }
  }

  @Test("texts that YAML would read as something else")
  func quoting() throws {
    let labels = [
      "yes", "a: b", "#1", "\"quoted\"", "", "007", "1.50", "-", "tab\there", "käse", "null", "back\\slash",
    ]
    let metadata = VariableMetadata(
      label: "x: y", valueLabels: labels.enumerated().map { .init(.text("k\($0.offset)"), $0.element) })
    let yaml = Codebook(title: "- t", variables: [.init(name: "no", metadata: metadata)]).yaml
    try TestFiles.withTemporaryFolder { folder in
      let file = folder.appending(path: "c.yaml").path
      try OutputFile.write(Array(yaml.utf8), to: file)
      let read = try InputFiles().codebook(file)
      #expect(read.title == "- t" && read.variables[0].name == "no")
      #expect(read.variables[0].metadata.label == "x: y")
      for (index, label) in labels.enumerated() {
        #expect(read.variables[0].metadata.label(of: .text("k\(index)")) == label)
      }
    }
  }

  @Test("the codebook of the bundled study is read")
  func bundled() throws {
    let book = try InputFiles().codebook(TestFiles.dataset("immerse/codebook.yaml").path)
    #expect(book.metadata["country"]?.label(of: .text("IE")) == "Ireland")
    #expect(book.metadata["female"]?.isLabelled == true)
    #expect(book.scales.contains { $0.name == "belonging" && $0.items.count == 6 })
  }

  @Test("DDI is well-formed XML with the variables and their categories")
  func ddi() throws {
    let xml = try Codebook(of: try DataFile.open(spss), title: "A & B <test>").ddi(rows: 40)
    let parser = XMLParser(data: Data(xml.utf8))
    let counter = Counter()
    parser.delegate = counter
    #expect(parser.parse())
    #expect(counter.elements["var"] == 6 && counter.elements["catgry"] == 8 && counter.elements["invalrng"] == 2)
    #expect(counter.missing == 4)
  }

  private final class Counter: NSObject, XMLParserDelegate {
    var elements: [String: Int] = [:]
    var missing = 0

    func parser(
      _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
      attributes: [String: String]
    ) {
      elements[name, default: 0] += 1
      if attributes["missing"] == "Y" { missing += 1 }
    }
  }

  /// The order in which DDI-Codebook 2.5 lets the elements of each element stand, of those that are written; from the
  /// standard's field-level documentation (dataDscrType, varType, invalrngType, catgryType, fileTxtType, dimensnsType).
  private static let order: [String: [String]] = [
    "codeBook": ["docDscr", "stdyDscr", "fileDscr", "dataDscr", "otherMat"], "stdyDscr": ["citation"],
    "citation": ["titlStmt"], "titlStmt": ["titl"], "fileDscr": ["fileTxt"],
    "fileTxt": ["fileName", "fileCitation", "fileCont", "fileStrc", "dimensns"], "dimensns": ["caseQnty", "varQnty"],
    "dataDscr": ["varGrp", "nCubeGrp", "var"],
    "var": ["labl", "qstn", "valrng", "invalrng", "universe", "sumStat", "txt", "catgry", "concept", "varFormat"],
    "invalrng": ["item", "range"], "catgry": ["catValu", "labl", "txt", "catStat"],
  ]
  private static let attributes: [String: Set<String>] = [
    "var": ["ID", "name", "files", "intrvl", "nature"], "item": ["VALUE"], "range": ["min", "max"],
    "catgry": ["missing"], "varFormat": ["type"], "fileDscr": ["ID"],
  ]

  @Test("DDI has the elements of the standard in their order, with its attributes and values")
  func ddiStructure() throws {
    let range = VariableMetadata(
      label: "<b>\u{1}\u{ffff}", valueLabels: [.init(.number(1), "a & b"), .init(.number(99), "x")],
      missing: [.range(-.infinity, -1), .code(.number(99))], measure: .ordinal)
    for book in [
      try Codebook(of: try DataFile.open(spss)), Codebook(variables: [.init(name: "q", metadata: range)]),
    ] {
      let document = try XMLDocument(data: Data(book.ddi(rows: 40).utf8))
      let root = try #require(document.rootElement())
      #expect(
        root.name == "codeBook" && root.attributes?.contains { $0.name == "version" && $0.stringValue == "2.5" } == true
      )
      check(root)
      let names = Set(try document.nodes(forXPath: "//*[local-name()='fileDscr']/@ID").compactMap(\.stringValue))
      for file in try document.nodes(forXPath: "//@files") { #expect(names.contains(file.stringValue ?? "")) }
    }
  }

  private func check(_ element: XMLElement) {
    let name = element.name ?? ""
    let children = (element.children ?? []).compactMap { ($0 as? XMLElement) }
    let order = Self.order[name] ?? []
    let places = children.map { order.firstIndex(of: $0.name ?? "") ?? -1 }
    #expect(!places.contains(-1) && places == places.sorted(), "\(name): \(children.compactMap(\.name))")
    let own = Set((element.attributes ?? []).compactMap(\.name))
    if name != "codeBook" { #expect(own.isSubset(of: Self.attributes[name] ?? []), "\(name): \(own)") }
    let allowed = [
      "type": ["numeric", "character"], "intrvl": ["contin", "discrete"], "nature": ["nominal", "ordinal"],
      "missing": ["Y", "N"],
    ]
    for attribute in element.attributes ?? [] {
      guard let values = allowed[attribute.name ?? ""] else { continue }
      #expect(values.contains(attribute.stringValue ?? ""))
    }
    for child in children { check(child) }
  }

  @Test("an inspection shows bounds that ten values lie at or beyond, and nothing of fewer than twenty")
  func bounds() throws {
    let engine = Engine(threads: 2)
    func row(_ values: [Double]) throws -> JSONValue {
      try Inspection.inspect(Table([("x", Column(values))]), engine: engine).rows[0]
    }
    let few = try row((0..<19).map { Double($0) })
    #expect(few["low"] == .null && few["high"] == .null && few["histogram"] == .null)
    // The smallest and the largest value are those of single rows; codes are those of many.
    var values = (0..<200_000).map { Double($0 &* 7_919 % 200_000) }
    values[5] = .nan
    values[6] = 1e9
    let present = values.filter { !$0.isNaN }.sorted()
    let many = try row(values)
    #expect(many["low"] == .number(present[9]) && many["high"] == .number(present[present.count - 10]))
    let codes = try row((0..<100).map { Double($0 % 4 + 1) })
    #expect(codes["low"] == .number(1) && codes["high"] == .number(4))
  }

  @Test("an inspection counts the reasons, and weighted moments are those of repeated rows")
  func inspection() throws {
    let weights = [2.0, 1, 3]
    let table = Table([("x", Column([1, 4, 9])), ("w", Column(weights))])
    let repeated = Table([("x", Column([1, 1, 4, 9, 9, 9]))])
    let engine = Engine(threads: 2)
    let own = try Inspection.inspect(table, weights: "w", engine: engine).rows[0]
    let plain = try Inspection.inspect(repeated, engine: engine).rows[0]
    #expect(own["weighted_mean"] == plain["mean"])
    guard case .number(let weighted)? = own["weighted_std_dev"], case .number(let sample)? = plain["std_dev"] else {
      Issue.record("no standard deviations")
      return
    }
    // The divisors are the sum of the weights, and one less than the number of rows.
    #expect(abs(weighted - sample * (5.0 / 6).squareRoot()) < 1e-12)
    let spss = try Inspection.inspect(try DataFile.open(spss), engine: engine)
    let reasons = spss.sections.first { $0.key == "missing_by_reason" }
    guard case .array(let rows)? = reasons?.value else {
      Issue.record("no reasons")
      return
    }
    #expect(rows.first { $0["reason"] == "97" }?["n"] == .integer(5))
  }
}
