import Columnar
import LinearAlgebra

/// The auxiliary variables x that margins give totals of, for every cell of the cross-classification.
///
/// Term k of a row is c v_a where the row's cell meets the conditions of margin k, else 0; a is the margin's number, v_0 = 1,
/// and c = 1 unless cells are clusters, whose terms are means. Only the terms that a cell meets are listed.
struct Auxiliaries: Sendable {
  struct Entry: Sendable {
    private let packedTerm: Int32
    private let packedValue: Int32
    let coefficient: Double

    init(term: Int, value: Int, coefficient: Double = 1) {
      packedTerm = Int32(truncatingIfNeeded: term)
      packedValue = Int32(truncatingIfNeeded: value)
      self.coefficient = coefficient
    }

    var term: Int { Int(packedTerm) }
    /// Which number of the row: 0 for the 1 of every row.
    var value: Int { Int(packedValue) }
  }

  let margins: [Margin]
  /// The domain of every cell and term; 0 where there is only one.
  let domainOfCell: [Int]
  let domainOfTerm: [Int]
  let domainNames: [String]
  /// By cell, where its entries begin; one more than there are cells.
  private let offsets: [Int]
  private let entries: [Entry]

  /// One look-up for each cell and variable of the margins.
  ///
  /// - Throws: `badData` where a margin has no rows, or rows have a category without a total.
  init(
    _ margins: [Margin], by: String?, numbers: [String], classes: CellKeys, keys: [UInt64]
  ) throws(ImmerseError) {
    self.margins = margins
    var shapes: [Shape] = []
    var shapeOfVariable: [String: Int] = [:]
    for (term, margin) in margins.enumerated() {
      let name = margin.variable + "/" + margin.conditions.map(\.column).joined(separator: ":")
      let known = shapeOfVariable[name]
      let position = known ?? shapes.count
      if known == nil {
        shapeOfVariable[name] = position
        shapes.append(try Shape(margin, by: by, numbers: numbers, classes: classes))
      }
      try shapes[position].add(margin, term: term, by: by, classes: classes)
    }
    let domain = by.flatMap { classes.columns.firstIndex(of: $0) }
    domainNames = domain.map { classes.levels[$0].names } ?? [""]
    let hasIntercept = Set(margins.filter { $0.conditions.isEmpty && $0.counts }.map(\.domain))
    var offsets = [0]
    var entries: [Entry] = []
    var domainOfCell: [Int] = []
    var isMet = [Bool](repeating: false, count: margins.count)
    var codes = [Int](repeating: 0, count: classes.columns.count)
    for key in keys {
      classes.levels.decode(key, into: &codes)
      let own = domain.map { codes[$0] } ?? 0
      domainOfCell.append(own)
      for shape in shapes {
        if let term = shape.term(of: codes) {
          entries.append(Entry(term: term, value: shape.value))
          isMet[term] = true
        } else if !hasIntercept.contains(by == nil ? nil : domainNames[own]) {
          throw ImmerseError(
            .badData, "the data have categories for which the margins give no total", variable: shape.variable,
            remedy: "give every category a total, in every domain")
        }
      }
      offsets.append(entries.count)
    }
    if let term = isMet.firstIndex(of: false) { throw Auxiliaries.emptyMargin(margins[term], classes) }
    self.offsets = offsets
    self.entries = entries
    self.domainOfCell = domainOfCell
    domainOfTerm = margins.map { margin in
      domain.flatMap { classes.levels[$0].code(of: margin.domain ?? "").map { Int($0) } } ?? 0
    }
  }

  /// The same margins for other cells, whose terms are given.
  init(_ other: Auxiliaries, cells: [[Entry]], domains: [Int]) {
    margins = other.margins
    domainOfTerm = other.domainOfTerm
    domainNames = other.domainNames
    domainOfCell = domains
    entries = cells.flatMap { $0 }
    offsets = cells.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
  }

  /// One class for every cell, which is counted.
  init(classes: [Int], margins: [Margin]) {
    self.margins = margins
    domainOfTerm = margins.map { _ in 0 }
    domainNames = [""]
    domainOfCell = classes.map { _ in 0 }
    entries = classes.map { Entry(term: $0, value: 0) }
    offsets = Array(0...classes.count)
  }

  var cellCount: Int { offsets.count - 1 }

  func entries(ofCell cell: Int) -> ArraySlice<Entry> { entries[offsets[cell]..<offsets[cell + 1]] }

  /// The cells of every term.
  var cellsByTerm: [[Int]] {
    var cells = margins.map { _ in [Int]() }
    for cell in 0..<cellCount {
      for entry in entries(ofCell: cell) { cells[entry.term].append(cell) }
    }
    return cells
  }

  /// Σ d x' over cells, from the first row of their products (Σ d v_a).
  func totals(_ products: [Double], perCell width: Int) -> [Double] {
    var totals = [Double](repeating: 0, count: margins.count)
    for cell in 0..<cellCount {
      for entry in entries(ofCell: cell) {
        totals[entry.term] += entry.coefficient * products[cell * width + entry.value]
      }
    }
    return totals
  }

  /// Σ d x x' over cells, from their products Σ d v_a v_b.
  func gram(_ products: [Double], numbers: Int) -> Matrix {
    let width = (numbers + 1) * (numbers + 2) / 2
    var gram = Matrix(rows: margins.count, columns: margins.count)
    for cell in 0..<cellCount {
      let own = entries(ofCell: cell)
      for one in own {
        for other in own {
          let (a, b) = (min(one.value, other.value), max(one.value, other.value))
          let product = products[cell * width + a * (2 * numbers + 3 - a) / 2 + b - a]
          gram[one.term, other.term] += one.coefficient * other.coefficient * product
        }
      }
    }
    return gram
  }

  static func emptyMargin(_ margin: Margin, _ classes: CellKeys) -> ImmerseError {
    ImmerseError(
      .badData,
      "no row\(margin.domain.map { " of \($0)" } ?? "") has the category \"\(margin.category)\" that the "
        + "margins give a total for", variable: margin.variable,
      remedy: "correct the margins, or merge the category with another")
  }
}

/// The margins of one variable: from the codes of its columns to its terms.
private struct Shape {
  let variable: String
  let value: Int
  private let columns: [Int]
  private let widths: [Int]
  /// By combination of codes, where there are not too many for a table; −1 for none.
  private var table: [Int32]
  private var terms: [Int: Int] = [:]

  init(_ margin: Margin, by: String?, numbers: [String], classes: CellKeys) throws(ImmerseError) {
    variable = margin.variable
    value = margin.numbers.first.flatMap { numbers.firstIndex(of: $0) }.map { $0 + 1 } ?? 0
    var columns: [Int] = []
    for name in margin.conditions.map(\.column) + (by.map { [$0] } ?? []) {
      guard let column = classes.columns.firstIndex(of: name) else {
        throw ImmerseError(.failure, "the cells do not tell the column apart", variable: name)
      }
      columns.append(column)
    }
    self.columns = columns
    let widths = columns.map { max(classes.levels[$0].count, 1) }
    self.widths = widths
    let combinations = widths.reduce(1.0) { $0 * Double($1) }
    table = Array(repeating: -1, count: combinations <= 65_536 ? Int(combinations) : 0)
  }

  mutating func add(_ margin: Margin, term: Int, by: String?, classes: CellKeys) throws(ImmerseError) {
    var key = 0
    let names = margin.conditions.map(\.category) + (by == nil ? [] : [margin.domain ?? ""])
    for (index, name) in names.enumerated() {
      guard let code = classes.levels[columns[index]].code(of: name) else {
        var error = Auxiliaries.emptyMargin(margin, classes)
        error.variable = classes.columns[columns[index]]
        if index == margin.conditions.count {
          error.problem = "no row has the value \"\(name)\" that the margins name as a domain"
        }
        throw error
      }
      key = key &* widths[index] &+ Int(code)
    }
    if table.indices.contains(key) { table[key] = Int32(truncatingIfNeeded: term) } else { terms[key] = term }
  }

  func term(of codes: [Int]) -> Int? {
    var key = 0
    for (index, column) in columns.enumerated() { key = key &* widths[index] &+ codes[column] }
    if table.indices.contains(key) { return table[key] < 0 ? nil : Int(table[key]) }
    return terms[key]
  }
}

extension [Margin] {
  /// The columns that classify rows: the domain first, then every condition's in order of first mention.
  func classifiers(by: String?) -> [String] {
    var columns = by.map { [$0] } ?? []
    for margin in self {
      for condition in margin.conditions where !columns.contains(condition.column) { columns.append(condition.column) }
    }
    return columns
  }

  /// The columns whose numbers are added up.
  var numbers: [String] {
    var columns: [String] = []
    for margin in self {
      for column in margin.numbers where !columns.contains(column) { columns.append(column) }
    }
    return columns
  }
}
