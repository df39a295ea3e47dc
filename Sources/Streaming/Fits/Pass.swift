public import Columnar
import Synchronization

/// Several fits that share one reading of the rows.
///
/// ```swift
/// var pass = Pass()
/// let means = pass.add(meanFit)
/// let grams = pass.add(gramFit)
/// let models = try pass.run(over: dataset, with: engine)
/// let estimates = try models[means]
/// ```
public struct Pass {
  /// Where a fit's model is found after the pass.
  public struct Ticket<Model>: Sendable {
    let index: Int
  }

  /// The models of a pass that has run. A fit that cannot be finished throws when its model is asked for, so one
  /// impossible analysis does not hide the others.
  public struct Models {
    let lanes: [any Lane]
    let dataset: Dataset

    public subscript<Model>(ticket: Ticket<Model>) -> Model {
      get throws(ImmerseError) {
        let finished = try dataset.locatingErrors { () throws(ImmerseError) in try lanes[ticket.index].finish() }
        guard let model = finished as? Model else { throw ImmerseError(.failure, "a ticket of another pass") }
        return model
      }
    }
  }

  private var fits: [any Fit] = []

  public init() {}

  public mutating func add<F: Fit>(_ fit: F) -> Ticket<F.Model> {
    fits.append(fit)
    return Ticket(index: fits.count - 1)
  }

  /// The columns the pass reads.
  public var columns: [ColumnRequest] { fits.flatMap(\.columns).merged }

  /// Reads every row once.
  ///
  /// - Throws: the error of the earliest row that a fit refuses, or `cancelled`.
  public func run(over dataset: Dataset, with engine: Engine) throws(ImmerseError) -> Models {
    if let record = dataset.record {
      return Models(lanes: try fits.map { f throws(ImmerseError) in try f.makeLane(record) }, dataset: dataset)
    }
    let ranges = Engine.lanes(chunks: dataset.chunkCount)
    let columns = columns
    let tree = MergeTree<[any Lane]>(lanes: ranges.count) { (whole, parts) throws(ImmerseError) in
      for (lane, part) in zip(whole, parts) { try lane.merge(part) }
      return whole
    }
    let done = Atomic<Int>(0)
    let fits = fits
    try parallelForEach(ranges.count, threads: engine.threads) { (index: Int) throws(ImmerseError) in
      let own = fits.map { $0.makeLane() }
      for chunk in ranges[index] {
        try engine.checkCancellation()
        try dataset.locatingErrors { () throws(ImmerseError) in
          let batch = try dataset.chunk(chunk, columns)
          for lane in own { try lane.absorb(batch) }
        }
        engine.progress?(done.add(1, ordering: .relaxed).newValue, dataset.chunkCount)
      }
      try dataset.locatingErrors { () throws(ImmerseError) in try tree.add(own, ofLane: index) }
    }
    return Models(lanes: tree.root ?? fits.map { $0.makeLane() }, dataset: dataset)
  }
}

extension Dataset {
  /// The model of a single fit: a pass of its own.
  ///
  /// - Throws: what the fit or the source throws.
  public func fit<F: Fit>(_ fit: F, with engine: Engine) throws(ImmerseError) -> F.Model {
    var pass = Pass()
    let ticket = pass.add(fit)
    return try pass.run(over: self, with: engine)[ticket]
  }

  /// What a fit gathers from the rows, not finished: a part to be merged with others.
  ///
  /// - Throws: what the fit or the source throws.
  public func gather<F: Fit>(_ fit: F, with engine: Engine) throws(ImmerseError) -> F.Partial {
    var pass = Pass()
    let ticket = pass.add(fit)
    guard let lane = try pass.run(over: self, with: engine).lanes[ticket.index] as? LaneOf<F> else {
      throw ImmerseError(.failure, "a lane of another fit")
    }
    return lane.partial
  }
}

/// A partial whose type is known only to its fit.
protocol Lane: AnyObject, Sendable {
  func absorb(_ batch: Batch) throws(ImmerseError)
  func merge(_ other: any Lane) throws(ImmerseError)
  func finish() throws(ImmerseError) -> Any
}

/// Used by one thread at a time: by the worker that fills it, then by the one that merges.
private final class LaneOf<F: Fit>: Lane, @unchecked Sendable {
  private let fit: F
  private(set) var partial: F.Partial

  init(_ fit: F, _ partial: F.Partial) {
    self.fit = fit
    self.partial = partial
  }

  func absorb(_ batch: Batch) throws(ImmerseError) { try partial.absorb(batch) }

  func merge(_ other: any Lane) throws(ImmerseError) {
    guard let other = other as? LaneOf<F> else {
      throw ImmerseError(.failure, "lanes of different fits cannot be merged")
    }
    try partial.merge(other.partial)
  }

  func finish() throws(ImmerseError) -> Any { try fit.finish(partial) }
}

extension Fit {
  fileprivate func makeLane() -> any Lane { LaneOf(self, makePartial()) }

  fileprivate func makeLane(_ record: PassRecord) throws(ImmerseError) -> any Lane {
    LaneOf(self, try record.partial(of: self))
  }
}
