public import Columnar

/// Pass 0 as a fit of its own, for rows that lie in several processes.
public struct ProfileFit: Fit {
  public let columns: [ColumnRequest]

  public init(columns: [ColumnRequest]) { self.columns = columns }

  public var signature: String { "profile \(columns.map { "\($0.name) \($0.kind)" })" }

  public func makePartial() -> Partial { Partial(columns: columns) }

  public func finish(_ partial: Partial) throws(ImmerseError) -> Profile {
    guard let gathered = partial.gathered else {
      throw ImmerseError(.badData, "there are no rows", remedy: "hand over at least one part that has rows")
    }
    return gathered.profile(sourceRows: gathered.rowCount)
  }

  public struct Partial: Streaming.Partial {
    private let columns: [ColumnRequest]
    /// Whether each `automatic` column is a number or a category is known with the first rows.
    private var resolved: [ColumnRequest] = []
    private(set) var gathered: ProfilePartial?

    fileprivate init(columns: [ColumnRequest]) { self.columns = columns }

    public mutating func absorb(_ batch: Batch) throws(ImmerseError) {
      if batch.rowCount == 0 { return }
      try open(
        columns.map { request in
          guard request.kind == .automatic else { return request }
          return ColumnRequest(request.name, batch[request.name]?.type == .category ? .category : .number)
        })
      try gathered?.absorb(batch)
    }

    private mutating func open(_ requests: [ColumnRequest]) throws(ImmerseError) {
      guard gathered != nil else {
        resolved = requests
        gathered = ProfilePartial(requests)
        return
      }
      if let different = zip(resolved, requests).first(where: { $0 != $1 }) {
        throw ImmerseError(
          .badData, "holds numbers in some parts of the rows and text in others", variable: different.0.name,
          remedy: "give it one type before the rows are divided")
      }
    }

    public mutating func merge(_ other: Partial) throws(ImmerseError) {
      guard let theirs = other.gathered else { return }
      try open(other.resolved)
      try gathered?.merge(theirs)
    }

    public func write(to blob: inout BlobWriter) {
      blob.write(resolved.map { $0.kind == .category ? 1 : 0 })
      gathered?.write(to: &blob)
    }

    public mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
      let kinds = try blob.integers()
      if kinds.isEmpty { return }
      guard kinds.count == columns.count else { throw .brokenPartial }
      resolved = zip(columns, kinds).map { ColumnRequest($0.name, $1 == 1 ? .category : .number) }
      var partial = ProfilePartial(resolved)
      try partial.read(from: &blob)
      gathered = partial
    }
  }
}
