public import Columnar

/// The fit verb: a reduction of rows to a small frozen model.
///
/// A fit is the recipe: it knows what was asked and which levels are frozen, holds no rows, and can be used by many
/// threads or processes at once.
public protocol Fit<Model>: Sendable {
  associatedtype Partial: Streaming.Partial
  associatedtype Model

  /// The columns it reads, as numbers or categories.
  var columns: [ColumnRequest] { get }

  /// What was asked, to the last setting that changes the partial; partials of different signatures do not merge.
  var signature: String { get }

  func makePartial() -> Partial

  /// - Throws: `badData` where the rows do not allow the analysis, `failure` where its numbers do not.
  func finish(_ partial: Partial) throws(ImmerseError) -> Model
}

/// What a fit has gathered from some of the rows.
///
/// Merging the partials of two parts gives the partial of the whole, up to rounding; the order of merging is fixed by
/// the caller.
public protocol Partial: Sendable {
  /// - Throws: `badData` where a row contradicts the request.
  mutating func absorb(_ batch: Batch) throws(ImmerseError)

  mutating func merge(_ other: Self) throws(ImmerseError)

  /// Writes the partial's content; `read` restores it into an empty partial of the same fit.
  func write(to blob: inout BlobWriter)

  /// - Throws: `badData` where the bytes are not those of such a partial.
  mutating func read(from blob: inout BlobReader) throws(ImmerseError)
}
