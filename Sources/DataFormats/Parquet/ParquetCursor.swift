import Columnar
import Streaming
import Synchronization

/// A Parquet file, and where the pages of its columns lie, found as they are needed.
final class ParquetFile: Sendable {
  /// The pages of a column in one group of rows.
  struct Pages: Sendable {
    var dictionary: ParquetPage?
    var data: [ParquetPage] = []
    /// The row of the group at which each page begins.
    var starts: [Int] = []
  }

  private struct Place: Hashable {
    var group: Int
    var leaf: Int
  }

  let footer: ParquetFooter
  /// The row at which each group begins, and after them the number of rows.
  let starts: [Int]
  private let bytes: Buffer<UInt8>
  private let known = Mutex<[Place: Pages]>([:])

  init(_ bytes: Buffer<UInt8>) throws(ImmerseError) {
    self.bytes = bytes
    footer = try ParquetFooter(bytes)
    starts = footer.groups.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.rowCount) }
  }

  /// O(pages), the first time.
  ///
  /// - Throws: `badData` where the pages are damaged or hold another number of rows than the group.
  func pages(_ group: Int, _ column: ParquetColumn) throws(ImmerseError) -> Pages {
    let place = Place(group: group, leaf: column.leaf)
    if let pages = known.withLock({ $0[place] }) { return pages }
    let (rows, chunk) = (footer.groups[group].rowCount, footer.groups[group].chunks[column.leaf])
    let bytes = bytes.slice(chunk.start..<chunk.start + chunk.length)
    var pages = Pages()
    var (position, row) = (0, 0)
    while row < rows {
      let page = try ParquetPage(bytes, at: &position)
      switch page.kind {
      case .data:
        // Pages without rows would make any number of pages of nothing.
        guard page.count <= rows - row else { throw .damagedParquet }
        if page.count == 0 { continue }
        pages.data.append(page)
        pages.starts.append(row)
        row += page.count
      case .dictionary: pages.dictionary = page
      case .other: break
      }
    }
    known.withLock { $0[place] = pages }
    return pages
  }
}

/// A place in a column of a Parquet file, from which values are read in the order of the rows.
struct ParquetCursor {
  let column: ParquetColumn
  private let file: ParquetFile
  /// The row that is read next.
  private(set) var row: Int
  /// The group of rows of the open page, and the row after the page.
  private var group = -1
  private var pageEnd = 0
  private var levels: RunDecoder?
  private var values = ParquetValues.plain(Buffer([]), position: 0)
  private(set) var dictionary: ParquetDictionary?
  /// The memory of the open page and the dictionary, where they had to be expanded.
  private(set) var expandedBytes = 0

  init(_ file: ParquetFile, _ column: ParquetColumn) {
    self.file = file
    self.column = column
    row = 0
  }

  /// Whether another row lies in the same page ahead, so that what lies between is only passed over.
  func canReach(_ row: Int) -> Bool { row >= self.row && (row < pageEnd || row == self.row) }

  /// Goes to a row. O(values of a page).
  ///
  /// - Throws: `badData` where the pages are damaged.
  mutating func seek(_ target: Int) throws(ImmerseError) {
    if target == row { return }
    if target < row || target >= pageEnd { try open(at: target) }
    while row < target {
      let rows = min(target - row, chunkRows)
      let present = try ParquetPresence(count: rows).fill(0, rows, from: &levels)
      try values.skip(present, of: column.storage, dictionary)
      row += rows
    }
  }

  /// Opens the page that holds a row, at its beginning.
  private mutating func open(at row: Int) throws(ImmerseError) {
    guard let group = file.starts.lastIndex(where: { $0 <= row }), group < file.footer.groups.count else {
      throw .damagedParquet
    }
    let pages = try file.pages(group, column)
    let codec = file.footer.groups[group].chunks[column.leaf].codec
    if group != self.group {
      dictionary = try pages.dictionary.map { (page) throws(ImmerseError) in
        try ParquetDictionary(
          page.content(codec, isOptional: false).values, count: page.count, of: column.storage)
      }
      self.group = group
    }
    guard let number = pages.starts.lastIndex(where: { $0 <= row - file.starts[group] }) else {
      throw .damagedParquet
    }
    let page = pages.data[number]
    let content = try page.content(codec, isOptional: column.isOptional)
    levels = try content.levels.map { (bytes) throws(ImmerseError) in try RunDecoder(bytes, width: 1) }
    values = try ParquetValues(
      content.values, encoding: page.encoding, of: column.storage, count: page.count)
    expandedBytes = codec == 0 ? 0 : content.values.count + (dictionary?.bytes.count ?? 0)
    self.row = file.starts[group] + pages.starts[number]
    pageEnd = self.row + page.count
  }

  /// Reads the next rows page by page: `read` is handed the values, how many rows there are and how many of them have a
  /// value, and the place of the first of them.
  ///
  /// - Throws: `badData` where the pages are damaged.
  @inline(__always)
  mutating func read(
    _ count: Int, _ presence: ParquetPresence,
    _ read: (inout ParquetValues, ParquetDictionary?, ParquetRun) throws(ImmerseError) -> Void
  ) throws(ImmerseError) {
    let end = row + count
    var place = 0
    while row < end {
      if row >= pageEnd { try open(at: row) }
      let rows = min(pageEnd, end) - row
      let present = try presence.fill(place, rows, from: &levels)
      try read(&values, dictionary, ParquetRun(place: place, rows: rows, present: present))
      row += rows
      place += rows
    }
  }
}

/// Rows of one page, among those that are read.
struct ParquetRun {
  let place: Int
  let rows: Int
  let present: Int
}

/// Which of the rows that are read have a value.
final class ParquetPresence {
  private let flags: ColumnMemory<Bool>
  private let count: Int
  private(set) var missing = 0

  init(count: Int) {
    flags = ColumnMemory(count: count)
    self.count = count
  }

  /// How many of the next rows of a page have a value.
  fileprivate func fill(_ place: Int, _ rows: Int, from levels: inout RunDecoder?) throws(ImmerseError) -> Int {
    let present = try levels?.readFlags(rows, into: flags.base + place)
    if present == nil { (flags.base + place).update(repeating: true, count: rows) }
    missing += rows - (present ?? rows)
    return present ?? rows
  }

  @inline(__always) subscript(row: Int) -> Bool { flags.base[row] }

  /// nil where every row has a value.
  var bitmap: Bitmap? { missing == 0 ? nil : Bitmap(validity: count) { flags.base[$0] } }

  /// Moves values that lie end to end to the rows that have one.
  func spread<T>(_ run: ParquetRun, _ values: UnsafeMutablePointer<T>, missing: T) {
    if run.present == run.rows { return }
    let flags = flags.base + run.place
    var source = run.present
    for row in stride(from: run.rows - 1, through: 0, by: -1) {
      if flags[row] {
        source -= 1
        values[row] = values[source]
      } else {
        values[row] = missing
      }
    }
  }
}
